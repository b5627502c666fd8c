"""``flask doctor``: every finding is provoked, with its remedy; and it never writes."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stripe
import structlog

from backend.config.settings import load_settings
from backend.observability.clock_watch import ClockWatch
from backend.server import create_app
from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES
from tests.builders import STRIPE, Marketplace
from tests.conftest import NOW
from tests.processes import free_port_pair, sandbox_server
from tests.routes.test_commands import run
from tests.routes.test_webhooks_sync import sync

APP_URL = "https://api.example.com"


@pytest.fixture
def staged(tmp_path: Path) -> Marketplace:
    """Set up as a staging machine should be: endpoints of its own, and a key that is not the bundled sandbox's."""
    market = Marketplace(now=NOW, stripe_secret_key="sk_test_a1")
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.delete(one.id)
    market.stripe.v1.accounts.update(
        market.stripe.v1.accounts.retrieve_current().id,
        {"settings": {"payouts": {"schedule": {"interval": "manual"}}}},
    )
    change(market, app_url=APP_URL, stripe_webhook_secrets=(), stripe_connect_webhook_secrets=())
    sync(market, tmp_path / ".env", url=APP_URL)
    return market


def change(market: Marketplace, **changes: Any) -> None:
    """Restart the backend with other settings."""
    market.settings = replace(market.settings, **changes)
    market.app = market.another_backend()
    market.http = market.app.test_client()


def findings(market: Marketplace, *words: str) -> dict[str, Any]:
    """The doctor's findings, by what they are about."""
    _, output = run(market, "doctor", "--json", *words)
    return {finding["about"]: finding for finding in json.loads(output)}


def test_all_is_well(staged: Marketplace) -> None:
    """Exit code 0, even when it is strict; nothing is written, and Stripe is asked five times at most."""
    staged.forget_calls()

    code, output = run(staged, "doctor", "--strict")

    assert (code, "Problems: 0. Warnings: 0." in output) == (0, True), output
    assert {call.split()[0] for call in staged.calls()} == {"GET"}
    assert len(staged.calls()) == 5


def test_the_bundled_sandbox_is_well(market: Marketplace) -> None:
    """A fresh clone has nothing to mend."""
    assert run(market, "doctor")[0] == 0


def test_endpoints_that_were_made_by_hand_are_well(staged: Marketplace) -> None:
    """As the guide has them."""
    _delete_endpoints(staged)
    made = {}
    for connect, types in ((False, PLATFORM_TYPES), (True, CONNECTED_TYPES)):
        params: Any = {"url": f"{APP_URL}/api/webhooks/stripe", "enabled_events": sorted(types), "connect": connect}
        params["api_version"] = stripe.api_version
        made[connect] = staged.stripe.v1.webhook_endpoints.create(params).secret
    change(staged, stripe_webhook_secrets=(made[False],), stripe_connect_webhook_secrets=(made[True],))

    assert run(staged, "doctor", "--strict")[0] == 0


def _close_the_line(market: Marketplace) -> None:
    market.fault("GET", "/v1/.*", "before", "close", times=100)


def _refuse_the_key(market: Marketplace) -> None:
    market.fault("GET", "/v1/account", "before", {"status": 401, "body": {"error": {"type": "invalid_request_error"}}})


def _restrict_the_key(market: Marketplace) -> None:
    market.fault("GET", "/v1/accounts", "before", {"status": 403, "body": {"error": {"code": "x", "type": "y"}}})


def _have_no_connect(market: Marketplace) -> None:
    market.fault("GET", "/v1/accounts", "before", {"status": 400, "body": {"error": {"type": "invalid_request_error"}}})


def _pay_out_daily(market: Marketplace) -> None:
    account = market.stripe.v1.accounts.retrieve_current().id
    market.stripe.v1.accounts.update(account, {"settings": {"payouts": {"schedule": {"interval": "daily"}}}})


def _change_endpoints(market: Marketplace, **changes: Any) -> None:
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.update(one.id, changes)  # type: ignore[arg-type]


def _delete_endpoints(market: Marketplace) -> None:
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.delete(one.id)


@pytest.mark.parametrize(
    ("spoil", "about", "level", "said", "remedy"),
    [
        (_close_the_line, "secret key", "problem", "cannot be reached", "api.stripe.com"),
        (_refuse_the_key, "secret key", "problem", "Stripe refuses: 401", "STRIPE_SECRET_KEY"),
        (_restrict_the_key, "connect", "warning", "may not look", "Connect"),
        (_have_no_connect, "connect", "problem", "Stripe refuses: 400", "platform profile"),
        (_pay_out_daily, "payouts", "warning", "paid out daily", "Weekly"),
        (
            lambda m: _change_endpoints(m, disabled=True),
            "webhooks (platform)",
            "problem",
            "is disabled",
            "webhooks sync",
        ),
        (
            lambda m: _change_endpoints(m, enabled_events=["payout.paid"]),
            "webhooks (connected)",
            "problem",
            "does not listen to account.application.deauthorized",
            f"flask webhooks sync {APP_URL}",
        ),
        (_delete_endpoints, "webhooks (platform)", "warning", "there is none", "stripe listen"),
        (lambda m: change(m, stripe_webhook_secrets=()), "webhook secrets", "problem", "is not set", "webhooks sync"),
        (
            lambda m: change(m, stripe_webhook_secrets=("whsec_other",)),
            "webhooks (platform)",
            "problem",
            "not known here",
            "webhooks sync",
        ),
        (
            lambda m: change(m, stripe_webhook_secrets=m.settings.stripe_connect_webhook_secrets),
            "webhook secrets",
            "problem",
            "the same secret",
            "webhooks sync",
        ),
        (
            lambda m: change(m, stripe_publishable_key=""),
            "publishable key",
            "warning",
            "not set",
            "STRIPE_PUBLISHABLE_KEY",
        ),
        (
            lambda m: change(m, app_url="http://localhost:3001"),
            "return addresses",
            "warning",
            "only this machine",
            "APP_URL",
        ),
        (
            lambda m: change(m, app_env="production"),
            "rate limits",
            "warning",
            "counts by itself",
            "RATELIMIT_STORAGE_URI",
        ),
        (
            lambda m: change(m, ratelimit_storage_uri=f"redis://127.0.0.1:{free_port_pair()}"),
            "rate limits",
            "problem",
            "does not answer",
            "Start it",
        ),
        (lambda m: change(m, app_env="production"), "sign-in", "warning", "nobody is asked", "AUTH_MODE"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    staged: Marketplace, spoil: Any, about: str, level: str, said: str, remedy: str
) -> None:
    """One thing after the other; a problem is exit code 1, and a warning only when it is strict."""
    spoil(staged)

    finding = findings(staged)[about]

    assert (finding["level"], said in finding["text"], remedy in finding["remedy"]) == (level, True, True), finding


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--strict"], 1)])
def test_warnings_fail_a_strict_run_only(staged: Marketplace, words: list[str], code: int) -> None:
    """For CI."""
    _pay_out_daily(staged)

    assert run(staged, "doctor", *words)[0] == code


@pytest.mark.parametrize(
    ("seconds", "level"),
    [
        (0, "ok"),
        (30, "ok"),
        (100, "warning"),
        (-100, "warning"),
        (300, "warning"),
        (301, "problem"),
        (-301, "problem"),
        (14_400, "problem"),
    ],
)
def test_a_clock_that_is_off_is_seen(staged: Marketplace, seconds: int, level: str) -> None:
    """By the date of Stripe's answer."""
    staged.app = create_app(
        replace(staged.settings, stripe_api_base=STRIPE),
        http_client=staged.line,
        clock=lambda: staged.clock.now() + seconds,
    )

    assert findings(staged)["clock"]["level"] == level


def test_a_problem_is_exit_code_1_and_no_secret_is_shown(staged: Marketplace) -> None:
    """In either form."""
    change(staged, stripe_connect_webhook_secrets=("whsec_other",))

    for words in ([], ["--json"]):
        code, output = run(staged, "doctor", *words)
        assert (code, "whsec_" in output, "sk_test" in output) == (1, False, False)


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
    assert len(staged.calls()) == 5


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
