"""The doctor on money that waits, and the watch over the clock."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
import structlog

from backend.config.settings import load_settings
from backend.observability.clock_watch import ClockWatch
from backend.server import create_app
from tests.builders import STRIPE, Marketplace
from tests.conftest import NOW
from tests.money.kept import catalogue_of
from tests.processes import sandbox_server
from tests.routes.doctoring import change, findings
from tests.routes.test_commands import run


def _wait_for(market: Marketplace, note: str, **metadata: str) -> str:
    """A paid payment that carries a note, which Search knows of."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": note, **metadata}})
    market.clock.advance(61)
    return payment


def test_money_that_waits_is_counted_by_reason(staged: Marketplace) -> None:
    """Money that waits is counted by its reason, and a reason that ends by itself is no warning."""
    for note in ("held:no_account:0.0:1", "held:no_account:0.0:1", "held:coach_not_ready:0.0:1:4252", "unknown:0.0:1"):
        _wait_for(staged, note)
    _wait_for(staged, "manual")
    _wait_for(staged, "held:refused:0.0:1:4252", settlementMode="manual")

    code, output = run(staged, "doctor", "--json", "--strict")

    said = {finding["about"]: finding["text"] for finding in json.loads(output)}
    assert code == 0
    assert said["money that waits"] == "payments: 4 (1 coach_not_ready, 2 no_account, 1 unknown)"
    assert not [about for about in said if about.startswith("waits: ")]


@pytest.mark.parametrize(
    ("reason", "level", "remedy"),
    [
        ("settlement_currency", "problem", "bank account"),
        ("account_gone", "warning", "another account"),
        ("transfers_not_allowed", "warning", "Stripe's support"),
        ("refused", "warning", "stripe.refused"),
        ("unclear_transfers", "warning", "paymentIntentId"),
        ("unclear_dispute", "warning", "dispute"),
        ("unreadable", "warning", "metadata"),
    ],
)
def test_what_only_a_person_ends_has_a_line_with_its_remedy(
    staged: Marketplace, reason: str, level: str, remedy: str
) -> None:
    """It names one of the payments, and the command that explains it."""
    payment = _wait_for(staged, f"held:{reason}:0.0:1")

    finding = findings(staged)[f"waits: {reason}"]

    assert (finding["level"], payment in finding["text"], remedy in finding["remedy"]) == (level, True, True), finding
    assert f"flask why {payment}" in finding["remedy"]


def test_only_a_page_of_what_waits_is_read(staged: Marketplace) -> None:
    """A call more for each hundred would make doctor slow where it is needed most; it says that there are more."""
    for _ in range(101):
        intent = staged.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"})
        staged.stripe.v1.payment_intents.update(intent.id, {"metadata": {"settlement": "held:refused:0.0:1"}})
    staged.clock.advance(61)
    staged.forget_calls()

    said = findings(staged)["money that waits"]["text"]

    assert said == "payments: 100 (100 refused); there are more, this is the newest page"
    assert len(staged.calls()) == 7


def test_a_search_that_is_refused_is_said(staged: Marketplace) -> None:
    """Nothing that waits can be seen then: that is no sign that nothing waits."""
    staged.fault(
        "GET", "/v1/payment_intents/search", "before", {"status": 500, "body": {"error": {"type": "api_error"}}}, 9
    )

    finding = findings(staged)["money that waits"]

    assert (finding["level"], "cannot be seen" in finding["text"]) == ("warning", True)


def test_a_restricted_key_is_told_what_cannot_be_tried(staged: Marketplace) -> None:
    """The right to make transfers cannot be tried without one. That does not fail a strict run."""
    finding_before = findings(staged).get("restricted key")
    restricted = Marketplace(now=NOW, stripe_secret_key="rk_test_a1")

    finding = findings(restricted)["restricted key"]

    assert finding_before is None
    assert (finding["level"], "cannot be told" in finding["text"], "Transfers" in finding["remedy"]) == (
        "ok",
        True,
        True,
    )


def _warnings(market: Marketplace, seconds: int, calls: int) -> list[str]:
    """The warnings of a backend whose clock is off, while people buy so many times."""
    app = create_app(
        replace(market.settings, stripe_api_base=STRIPE),
        http_client=market.line,
        clock=lambda: market.clock.now() + seconds,
    )
    with structlog.testing.capture_logs() as logs:
        for _ in range(calls):
            assert app.test_client().post("/api/payments/create-intent", json=market.order()).status_code == 200
    return [f"{one['log_level']} {one['seconds']} {one['direction']}" for one in logs if one["event"] == "clock.off"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, []),
        (300, []),
        (-300, []),
        (301, ["warning 301 ahead"]),
        (-301, ["warning 301 behind"]),
        (14_400, ["warning 14400 ahead"]),
    ],
)
def test_a_running_backend_warns_once_of_a_clock_that_is_off(
    market: Marketplace, seconds: int, said: list[str]
) -> None:
    """By the answers that come anyway: many calls, one warning, and not a call more."""
    market.forget_calls()
    assert _warnings(market, 0, 3) == []
    asked = len(market.calls())
    market.forget_calls()

    assert _warnings(market, seconds, 3) == said
    assert len(market.calls()) == asked


def test_the_clock_is_watched_over_a_real_line_too() -> None:
    """As production has it."""
    with sandbox_server(secret_key="sk_test_a1") as sandbox:
        settings = load_settings({}, env_file=None)
        settings = replace(settings, stripe_secret_key="sk_test_a1", stripe_api_base=sandbox.base_url)
        app = create_app(settings, clock=lambda: time.time() - 400)
        with structlog.testing.capture_logs() as logs:
            app.extensions["payments"].client.v1.balance.retrieve()

    assert [one["direction"] for one in logs if one["event"] == "clock.off"] == ["behind"]


def test_an_answer_without_a_date_says_nothing_of_the_clock() -> None:
    """A proxy may have taken it away."""
    watch = ClockWatch(lambda: 1_793_631_600)
    with structlog.testing.capture_logs() as logs:
        for headers in ({}, {"Date": "yesterday"}, {"Date": ""}):
            watch.see(headers)

    assert logs == []


# Shares that are kept until the work is done.


def _sells_kept(market: Marketplace, payouts: str = "manual") -> None:
    """A paid payment whose share is kept, known to Search; the platform is paid out so."""
    change(market, catalogue=catalogue_of("on_delivery:14"))
    market.paid()
    market.reconcile()
    market.clock.advance(61)
    schedule: Any = {"settings": {"payouts": {"schedule": {"interval": payouts}}}}
    market.stripe.v1.accounts.update(market.stripe.v1.accounts.retrieve_current().id, schedule)


def test_without_kept_shares_the_doctor_says_nothing_of_them(staged: Marketplace) -> None:
    """Nothing is kept, and the catalogue keeps nothing."""
    assert "kept shares" not in findings(staged)


def test_kept_shares_are_summed(staged: Marketplace) -> None:
    """By hand the platform's money stays where it is."""
    _sells_kept(staged)

    found = findings(staged)["kept shares"]

    assert (found["level"], found["text"]) == ("ok", "42.52 CAD is kept for coaches; the platform is paid out by hand")


def test_kept_shares_that_payouts_may_take_are_a_problem(staged: Marketplace) -> None:
    """The money would be at the bank on the day on which the coach is to be paid."""
    _sells_kept(staged, payouts="daily")

    found = findings(staged)["kept shares"]

    assert (found["level"], "42.52 CAD" in found["text"], "minimum balance" in found["remedy"]) == (
        "problem",
        True,
        True,
    )


@pytest.mark.parametrize(("minimum", "level"), [(4252, "ok"), (4251, "problem")])
def test_a_minimum_balance_covers_kept_shares_to_the_cent(staged: Marketplace, minimum: int, level: str) -> None:
    """Stripe pays out only what is above it."""
    _sells_kept(staged, payouts="daily")
    payouts = {"minimum_balance_by_currency": {"cad": minimum}}
    body = {"object": "balance_settings", "payments": {"payouts": payouts}}
    staged.fault("GET", "/v1/balance_settings", "before", {"status": 200, "body": body})

    assert findings(staged)["kept shares"]["level"] == level


def test_a_catalogue_that_will_keep_shares_needs_payouts_by_hand(staged: Marketplace) -> None:
    """Said before the first sale."""
    change(staged, catalogue=catalogue_of("after_days:7"))
    schedule: Any = {"settings": {"payouts": {"schedule": {"interval": "weekly", "weekly_anchor": "monday"}}}}
    staged.stripe.v1.accounts.update(staged.stripe.v1.accounts.retrieve_current().id, schedule)

    assert findings(staged)["kept shares"]["level"] == "problem"
