"""A client that openapi-typescript makes of the reference: strict TypeScript uses it without a cast."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from backend.http.errors import FAILURES, failure_of
from backend.routes.generated_clients import ALL_ERRORS, ERRORS
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.processes import ROOT
from tests.programs import NODE
from tests.routes.test_errors import CASES
from tests.web.test_types import compiled

GENERATOR = ROOT / "tests/node/node_modules/.bin/openapi-typescript"
MARKET = Marketplace(now=NOW)
DOCUMENT: Any = MARKET.http.get("/openapi.json").json


@pytest.mark.needs(NODE)
def test_a_generated_client_needs_no_cast(tmp_path: Path) -> None:
    """The compiler takes what may be left out, finds what is there, and refuses what is wrong."""
    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    words = [str(GENERATOR), "openapi.json", "-o", "api.d.ts"]
    made = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    program = Path(__file__).with_name("generated.ts").read_text()
    (tmp_path / "generated.ts").write_text(program)

    assert compiled(tmp_path, tmp_path / "generated.ts", allowJs=False, checkJs=False) == ""


def test_the_document_says_where_the_api_is() -> None:
    """Generated clients and try-out pages begin there."""
    assert DOCUMENT["servers"] == [{"url": "http://localhost:3001"}]


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=lambda error: type(error).__name__)
def test_every_failure_says_a_word_of_the_list(error: Exception) -> None:
    """Each failure's word is the one of its status."""
    failure = failure_of(error)

    assert failure.error in ERRORS[failure.http_status]


def test_the_list_of_words_is_in_the_document() -> None:
    """For a switch statement, and beside each status for people."""
    schema = DOCUMENT["components"]["schemas"]["ErrorBody"]["properties"]["error"]
    conflict = DOCUMENT["paths"]["/api/payments/refund"]["post"]["responses"]["409"]["description"]

    assert schema["enum"] == list(ALL_ERRORS)
    assert "`error`: Conflict" in conflict
    assert FAILURES


def test_no_schema_has_a_default_and_every_answer_is_whole() -> None:
    """A default makes a generator believe that a field is always sent; what is not required may be undefined."""
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in schemas.items():
        assert all("default" not in inner for inner in schema["properties"].values()), name
    for name in ("CreateIntentResponse", "IntentWithSecret", "SessionResponse", "StatusAccount", "TransfersSummary"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"])
    assert schemas["ErrorBody"]["required"] == ["error", "message"]
    assert schemas["RefundBody"]["properties"]["reason"]["description"] == (
        "duplicate, fraudulent or requested_by_customer. Default: requested_by_customer"
    )
