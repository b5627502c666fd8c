"""The API's reference is what the API does."""

from __future__ import annotations

import re
import sys
from html import unescape
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from marshmallow import Schema
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.config.settings import DEFAULT_CATALOGUE
from backend.routes.generated_clients import ERRORS
from backend.schemas.meanings import MEANINGS as FIELD_MEANINGS
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.operations import OPERATIONS
from tests.processes import backend_process, command, free_port_pair

MARKET = Marketplace(now=NOW)
ACCOUNT = MARKET.register()
MARKET.onboard(ACCOUNT)
PAYMENT = MARKET.paid()
MARKET.deliver()
DOCUMENT: Any = MARKET.http.get("/openapi.json").json
API = schemathesis.openapi.from_wsgi("/openapi.json", MARKET.app)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Twenty-two operations: more than three thousand cases in all.
CASES = 150


@API.parametrize()
@settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_the_answer_is_one_that_is_documented(case: Any) -> None:
    """No 5xx, no other status, no other shape. Every other case is about a payment and an account that are there."""
    if case.path_parameters and len(repr(case.query)) % 2 == 0:
        known = {"payment_id": PAYMENT, "account_id": ACCOUNT, "coach_id": "coach-1"}
        case.path_parameters = {name: known[name] for name in case.path_parameters}
    if isinstance(case.body, dict) and "paymentIntentId" in case.body and len(repr(case.body)) % 2 == 0:
        case.body["paymentIntentId"] = PAYMENT

    case.call_and_validate(checks=CHECKS)


def test_it_lists_every_route_for_programs_and_no_other() -> None:
    """Pages are for people."""
    pages = {"pages", "docs", "reference", "storefront", "money_pages"}
    prometheus = "status.metrics"  # speaks a format of its own
    served = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in MARKET.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.partition(".")[0] not in pages and rule.endpoint != prometheus
    }

    assert {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods} == served


@pytest.mark.parametrize("name", [name for name, operation in OPERATIONS.items() if operation.body])
def test_every_body_has_an_example_that_is_taken(name: str) -> None:
    """By the schema that reads the request."""
    operation = OPERATIONS[name]
    assert operation.body is not None
    schema: Schema = operation.body()

    assert schema.load(operation.example)


def test_every_call_says_what_it_is_and_how_it_fails() -> None:
    """In words."""
    for path, methods in DOCUMENT["paths"].items():
        for call in methods.values():
            assert call["summary"], path
            assert call["description"], path
            assert all(answer["description"] for answer in call["responses"].values())


def test_the_limits_of_our_own_fields_are_told() -> None:
    """Not only their types."""
    order = DOCUMENT["components"]["schemas"]["CreateIntentRequest"]
    refund = DOCUMENT["components"]["schemas"]["RefundBody"]["properties"]

    assert order["additionalProperties"] is False
    coach = {name: said for name, said in order["properties"]["coachId"].items() if name != "description"}
    assert coach == {"type": "string", "minLength": 1, "maxLength": 500}
    assert refund["amount"]["minimum"] == 1
    assert refund["paymentIntentId"]["pattern"].startswith("^pi_")


def test_people_read_the_same() -> None:
    """On a page without script, with every call and every field."""
    page = MARKET.http.get("/docs")

    assert page.status_code == 200
    assert "<script" not in page.text
    for path, methods in DOCUMENT["paths"].items():
        for method, call in methods.items():
            assert f'id="{call["operationId"]}"' in page.text
            assert f'<span class="badge">{method.upper()}</span> <code>{path}</code>' in page.text
    for field in ("sessionData.packageId", "feeBreakdown.coachAmount", "individual.dob.year", "payouts[].arrival_date"):
        assert f"<code>{field}</code>" in page.text


def test_every_field_and_parameter_has_a_meaning() -> None:
    """For machines, and beside its type on the page."""
    page = unescape(MARKET.http.get("/docs").text)
    schemas = DOCUMENT["components"]["schemas"]
    told = [field for schema in schemas.values() for field in schema.get("properties", {}).values()]
    told += [one for calls in DOCUMENT["paths"].values() for call in calls.values() for one in call["parameters"]]
    assert all(one["description"] for one in told)
    assert f"<td>{schemas['FeeBreakdown']['properties']['coachAmount']['description']}</td>" in page


def test_every_error_is_in_the_list() -> None:
    """With its status."""
    page = MARKET.http.get("/docs").text
    listed = set(re.findall(r"<tr><td><code>([^<]+)</code></td><td>(\d+)</td>", page))
    assert listed == {(error, str(status)) for status, errors in ERRORS.items() for error in errors}


def test_no_meaning_is_left_of_a_field_that_is_gone() -> None:
    """Each one is used by the document."""
    fields = {
        name for schema, body in DOCUMENT["components"]["schemas"].items() for field in body.get("properties", {})
        for name in (field, f"{schema}.{field}")
    }  # fmt: skip
    parameters = {one["name"] for calls in DOCUMENT["paths"].values() for call in calls.values()
                  for one in call["parameters"]}  # fmt: skip
    assert set(FIELD_MEANINGS) <= fields | parameters


def test_the_examples_for_a_shell_work_as_they_are_written(tmp_path: Path) -> None:
    """All of the page's, one after the other, against the bundled sandbox: each is answered with 2xx.

    The package that they buy keeps the coach's share, so that there is something to deliver and to accept.
    """
    port, sold = free_port_pair(), tmp_path / "catalogue.toml"
    kept = DEFAULT_CATALOGUE.read_text().replace("days = 3 }", 'days = 3, release = "on_delivery:14" }')
    sold.write_text(kept)
    with backend_process(["-m", "backend"], port, tmp_path / "log", CATALOGUE_PATH=str(sold)):
        page = requests.get(f"http://127.0.0.1:{port}/docs", timeout=30).text
        shells = [unescape(one) for one in re.findall(r'class="shell"><code>(.*?)</code>', page, re.DOTALL)]
        # The only addition: a refusal fails, and each answer stands in a line of its own.
        strict = 'set -e\ncurl() { command curl --fail-with-body "$@" || { echo "refused: $*" >&2; exit 1; }; echo; }\n'
        done = command("bash", "-c", strict + "\n".join(shells), folder=tmp_path)
    calls = sum(len(methods) for methods in DOCUMENT["paths"].values())
    assert len(shells) == 1 + calls
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr
    assert done.stdout.count("{") >= calls


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_what_was_read_before_is_not_sent_again(path: str) -> None:
    """The same bytes, known by their tag, to HEAD as to GET."""
    first, second = MARKET.http.get(path), MARKET.http.get(path)
    tag = first.headers["ETag"]

    assert (second.data, second.headers["ETag"]) == (first.data, tag)
    assert "no-store" not in first.headers["Cache-Control"]
    assert MARKET.http.head(path).headers["ETag"] == tag
    known = MARKET.http.get(path, headers={"If-None-Match": tag})
    assert (known.status_code, known.data) == (304, b"")


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_the_reference_is_made_once(path: str) -> None:
    """Making it takes forty milliseconds; the second time nothing of it is called."""
    first, second = (_schemas_read(path) for _ in range(2))

    assert second == 0, first


def _schemas_read(path: str) -> int:
    """The number of times that a call has a schema described."""
    count = 0

    def watch(frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal count
        count += event == "call" and frame.f_code.co_name == "document"

    sys.setprofile(watch)
    try:
        MARKET.http.get(path)
    finally:
        sys.setprofile(None)
    return count
