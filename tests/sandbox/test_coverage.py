"""The sandbox is as its coverage page says: endpoints, parameters, events."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import stripe
from markupsafe import escape
from stripe.params._webhook_endpoint_create_params import WebhookEndpointCreateParams

from backend.sandbox import coverage
from backend.sandbox.__main__ import main
from backend.sandbox.calls.routing import Route
from backend.sandbox.facts import FACTS, Fact
from backend.sandbox.resources import ROUTES
from backend.sandbox.sdk_calls import sdk_calls
from backend.sandbox.state.event_types import EVENT_TYPES, V2_EVENT_TYPES
from backend.sandbox.state.switches import BY_NAME
from backend.sandbox.state.thin_events import is_thin_type
from backend.sandbox.wire.faults import ABOUT, LINE, PRESETS
from backend.sandbox.wire.params import parameters
from tests.sandbox.conftest import Platform

SANDBOX = Path(__file__).parents[2] / "backend/sandbox"
# Read for every list by lists.page, and for every call by the API itself.
COMMON = {"created", "ending_before", "expand", "limit", "metadata", "page", "starting_after"}


def _words() -> set[str]:
    """Every word that stands in a string of the sandbox's source."""
    strings = (
        node.value
        for path in SANDBOX.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {word for text in strings if "\n" not in text for word in text.split()}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_every_route_is_the_sdks(route: Route) -> None:
    """Method and path are those that the SDK asks for."""
    (call,) = [call for call in sdk_calls() if call.operation == route.operation]

    assert (route.method, re.sub(r"<\w+>", "{}", route.path)) == (call.method, re.sub(r"{\w+}", "{}", call.path))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_no_parameter_is_taken_in_silence(route: Route) -> None:
    """It is refused, declared to change nothing, or read somewhere."""
    taken = parameters(route.operation)
    declared = {*route.refuses, *route.unused}

    assert declared <= taken
    assert not set(route.refuses) & set(route.unused)
    assert taken - declared - COMMON <= _words()


@pytest.mark.parametrize(
    ("method", "path", "given"),
    [
        ("POST", "/v1/customers", {"validate": "true"}),
        ("POST", "/v1/payment_intents/pi_1", {"allowed_payment_method_types[]": "card"}),
        ("POST", "/v1/payment_intents/pi_1/confirm", {"amount_to_confirm": "5"}),
        ("POST", "/v1/payment_methods", {"type": "ideal", "ideal[bank]": "ing"}),
        ("POST", "/v1/refunds", {"origin": "customer_balance", "currency": "cad"}),
        ("POST", "/v1/transfers", {"source_type": "card", "currency": "cad", "destination": "acct_1"}),
        ("GET", "/v1/customers", {"test_clock": "clock_1"}),
    ],
)
def test_what_is_said_to_be_refused_is_refused(
    platform: Platform, method: str, path: str, given: dict[str, str]
) -> None:
    """Before anything else about the call is looked at."""
    sent: Any = {"data": given} if method == "POST" else {"query_string": given}

    assert (platform.raw(method, path, **sent).json or {})["error"]["code"] == "sandbox_unsupported"


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/v1/subscriptions", "subscriptions.list"),
        ("DELETE", "/v1/subscriptions/sub_1", "subscriptions.cancel"),
        ("POST", "/v1/payment_intents/pi_1/increment_authorization", "payment_intents.increment_authorization"),
        ("GET", "/v1/invoices/search", "invoices.search"),
        ("GET", "/v1/quotes/qt_1/pdf", "quotes.pdf"),
        ("POST", "/v1/checkout/sessions", "checkout.sessions.create"),
        ("POST", "/v2/core/account_tokens", "v2.core.account_tokens.create"),
    ],
)
def test_an_endpoint_of_stripes_that_is_not_served_is_named(
    platform: Platform, method: str, path: str, operation: str
) -> None:
    """With the SDK's name for it, and where it says what is served."""
    error = (platform.raw(method, path, json={} if "/v2/" in path else None).json or {})["error"]

    assert error["code"] == "sandbox_unsupported"
    assert {path, f"({operation}"} <= set(error["message"].split())
    assert "/_sandbox/coverage" in error["message"]


def test_an_endpoint_that_stripe_lacks_too_is_unknown(platform: Platform) -> None:
    """As Stripe says it."""
    error = (platform.raw("GET", "/v1/nonsense").json or {})["error"]

    assert error["message"].startswith("Unrecognized request URL (GET: /v1/nonsense)")


def test_every_event_is_one_of_stripes() -> None:
    """A name that an endpoint can be subscribed to, or the one for destination payments that only its pages name."""
    hint: Any = WebhookEndpointCreateParams.__annotations__["enabled_events"]
    known = set(re.findall(r"[a-z_0-9]+(?:\.[a-z_0-9]+)+", str(hint)))

    assert set(EVENT_TYPES) - known <= {"payment.created"}


def test_every_event_of_v2_is_one_of_stripes() -> None:
    """A name that a destination of thin events can be subscribed to."""
    assert [kind for kind in V2_EVENT_TYPES if not is_thin_type(kind)] == []


def test_every_declared_event_is_sent_somewhere() -> None:
    """Its name stands where it is sent."""
    sources = "".join(path.read_text() for path in SANDBOX.rglob("*.py") if path.name != "event_types.py")
    sources = sources.replace('f"payout.{status}"', '"payout.failed" "payout.canceled"')

    assert [kind for kind in EVENT_TYPES if f'"{kind}"' not in sources] == []


def test_no_other_event_is_sent(platform: Platform) -> None:
    """It would be a mistake of ours, and is told at once."""
    with pytest.raises(LookupError, match=r"charge\.created"):
        platform.sandbox.world.events.record("charge.created", platform.sandbox.world.platform, {})


def test_the_sdk_knows_more_than_is_served() -> None:
    """The list that the coverage page is made from is the SDK's own."""
    client = stripe.StripeClient("sk_test_never_sent")

    assert callable(client.v1.subscriptions.list)
    assert {"subscriptions.list", "v2.core.accounts.create"} <= {call.operation for call in sdk_calls()}


def test_the_committed_page_is_what_is_generated() -> None:
    """So that it cannot drift. Mend with: python -m backend.sandbox --coverage"""
    assert coverage.COMMITTED.read_text() == coverage.markdown()


def test_the_page_and_the_data_say_the_same(platform: Platform) -> None:
    """And nothing of the page comes from anywhere else."""
    page = platform.raw("GET", "/_sandbox/coverage", key=None)
    data = platform.raw("GET", "/_sandbox/coverage.json", key=None).json or {}

    assert (page.status_code, data["api_version"]) == (200, stripe.api_version)
    for one in coverage.sections():
        assert escape(one.title) in page.text
        assert [list(row.values()) for row in data[one.name]] == [list(row) for row in one.rows]
    assert len(data["endpoints"]) == len(ROUTES)


@pytest.mark.parametrize("fact", [fact for facts in FACTS.values() for fact in facts], ids=lambda fact: fact.rule)
def test_every_fact_is_kept_by_what_it_names(fact: Fact) -> None:
    """A test that exists, a switch that exists, or a reason."""
    if fact.status == "enforced":
        module, _, test = fact.kept.partition("::")
        assert f"def {test}(" in (Path(__file__).parent / f"{module}.py").read_text()
    elif fact.status == "switchable":
        assert fact.kept in BY_NAME
    else:
        assert len(fact.kept) > len("no: ")


def test_every_switch_is_a_fact() -> None:
    """The open questions stand among the rules they are about."""
    assert {fact.kept for facts in FACTS.values() for fact in facts if fact.status == "switchable"} == set(BY_NAME)


def test_every_fault_is_explained() -> None:
    """Those with a name."""
    assert {name for name in ABOUT if not name.startswith("{")} == {*PRESETS, *LINE}


def test_it_can_be_written_from_the_command_line(tmp_path: Path) -> None:
    """To a file, or where it is committed."""
    main(["--coverage", str(tmp_path / "COVERAGE.md")])

    assert (tmp_path / "COVERAGE.md").read_text() == coverage.markdown()
