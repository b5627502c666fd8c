"""``flask doctor``: every finding is provoked, with its remedy; and it never writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import stripe

from backend.server import create_app
from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES
from tests.builders import STRIPE, Marketplace
from tests.processes import free_port_pair
from tests.routes.doctoring import APP_URL, change, findings
from tests.routes.test_commands import run


def test_all_is_well(staged: Marketplace) -> None:
    """Exit code 0, even when it is strict; nothing is written, and Stripe is asked seven times at most."""
    staged.forget_calls()

    code, output = run(staged, "doctor", "--strict")

    assert (code, "Problems: 0. Warnings: 0." in output) == (0, True), output
    assert {call.split()[0] for call in staged.calls()} == {"GET"}
    assert len(staged.calls()) == 7


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
        (
            lambda m: change(m, app_env="production", stripe_secret_key="sk_live_a1"),
            "sign-in",
            "problem",
            "anybody who reaches the backend may refund, and open coaches' dashboards",
            "AUTH_MODE=required",
        ),
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
