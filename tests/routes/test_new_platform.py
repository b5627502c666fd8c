"""SETUP_GUIDE.md, "A new platform, step by step": a platform that was opened today goes through it, and doctor says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.builders import Marketplace
from tests.conftest import NOW
from tests.processes import ROOT
from tests.routes.doctoring import APP_URL, change, findings
from tests.routes.synced import believe, sync

SECTION = (ROOT / "SETUP_GUIDE.md").read_text().split("### A new platform, step by step")[1].split("\n## ")[0]
_PARTS = re.split(r"^(\d+)\. ", SECTION, flags=re.MULTILINE)[1:]
# The number of each step -> the findings of doctor that stand under it, each with its words.
STEPS = {
    int(number): re.findall(r"- doctor, `([^`]+)`: (.+)", text)
    for number, text in zip(_PARTS[::2], _PARTS[1::2], strict=True)
}


@pytest.fixture
def opened_today() -> Marketplace:
    """A platform that has finished nothing at Stripe, may make v2 accounts only, and has no endpoint."""
    market = Marketplace(now=NOW, stripe_secret_key="sk_test_a1")
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.delete(one.id)
    change(market, app_url=APP_URL)
    believe(market, {})
    market.control("POST", "/behaviour", {"accounts_v1": "refused", "platform_profile": "not_signed_up"})
    return market


def _ask(market: Marketplace) -> int:
    order = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "badminton"}
    return market.post("/api/connect/create-account", order).status_code


def _pay_out_by_hand(market: Marketplace) -> None:
    own = market.stripe.v1.accounts.retrieve_current().id
    market.stripe.v1.accounts.update(own, {"settings": {"payouts": {"schedule": {"interval": "manual"}}}})


def _buy_and_refund(market: Marketplace) -> None:
    payment = market.paid()
    market.deliver()
    assert market.post("/api/payments/refund", {"paymentIntentId": payment}).status_code == 200
    market.deliver()


def test_doctor_says_under_each_step_what_the_guide_says(opened_today: Marketplace, tmp_path: Path) -> None:
    """From the keys to the first coach of v2, who is paid and told of by a thin endpoint."""
    market, file = opened_today, tmp_path / ".env"
    acts: dict[int, Callable[[], Any]] = {
        3: lambda: market.control("POST", "/behaviour", {"platform_profile": "complete"}),
        7: lambda: _pay_out_by_hand(market),
        8: lambda: sync(market, file, url=APP_URL),
        9: market.ready_coach,
        10: lambda: sync(market, file, url=APP_URL),
        11: lambda: _buy_and_refund(market),
    }
    assert list(STEPS) == list(range(1, 13))
    for number, said in STEPS.items():
        acts.get(number, lambda: None)()
        found = findings(market)
        assert {about: found[about]["level"] for about, _ in said} == {about: "ok" for about, _ in said}, number
        assert [words for about, words in said if words not in found[about]["text"]] == [], number


@pytest.mark.parametrize("unfinished", ["not_signed_up", "liability_unacknowledged"])
def test_registering_before_the_profile_is_finished_is_the_platforms_matter(
    opened_today: Marketplace, unfinished: str
) -> None:
    """A 502 and a line in the log; the same coach registers once the profile is finished."""
    opened_today.control("POST", "/behaviour", {"platform_profile": unfinished})
    with capture_logs() as logs:
        status = _ask(opened_today)
    opened_today.control("POST", "/behaviour", {"platform_profile": "complete"})

    assert status == 502
    assert "account.platform_refused" in [one["event"] for one in logs if one["log_level"] == "error"]
    assert _ask(opened_today) == 200


def test_the_steps_name_settings_that_exist() -> None:
    """Each in the example, where its values are told."""
    example = (ROOT / "env.example").read_text()
    named = set(re.findall(r"`([A-Z][A-Z_]{4,})", SECTION))

    assert named
    assert [name for name in named if f"\n{name}=" not in example and f"\n# {name}=" not in example] == []
