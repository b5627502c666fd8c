"""The log tells the story of each payment by its id, and nothing about who paid."""

from __future__ import annotations

import re

import pytest

from tests.builders import Marketplace

# Times, ids of requests and ids of Stripe's: any four digits stand in one of them now and then.
RANDOM = re.compile(
    r"^[0-9T:.-]+Z|\brequest=[0-9a-f]{16}|\b(?:acct|ch|dp|du|evt|pi|re|tr|trr)_[A-Za-z0-9]+", re.MULTILINE
)


# The log's words for what becomes of a payment below.
LIFE = {
    "payment.intent_created",
    "payment.failed",
    "payment.succeeded",
    "transfer.made",
    "payment.confirmed",
    "refund.made",
    "transfer.taken_back",
    "dispute.seen",
}


def test_the_log_of_a_payments_life_names_the_payment_and_nobody(
    capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """Bought, declined, paid, confirmed, transferred, refunded, reversed, disputed; with a Stripe that fails once."""
    market: Marketplace = request.getfixturevalue("market")
    account = market.register(coachName="Canary Coach", email="canary.coach@example.com")
    link = market.post(
        "/api/connect/create-account",
        {"coachId": "coach-1", "coachName": "x", "email": "canary.coach@example.com", "sport": "golf"},
    ).json["onboardingLink"]["url"]
    market.onboard(account)
    market.deliver()
    intent = market.buy(
        coachName="Canary Coach",
        customerEmail="canary.player@example.com",
        customerName="Canary Player",
        playerName="Canary Player",
    )
    market.decline(intent)
    market.pay(intent)
    market.fault("POST", "/v1/transfers", "before", "rate_limit")
    market.deliver()
    market.clock.advance(86_400)
    market.deliver()
    market.confirm(intent["id"], coachName="Canary Coach")
    market.refund(intent["id"], amount=1000)
    market.dispute(intent["id"])
    market.deliver()

    log = capsys.readouterr().err
    assert set(re.findall(rf"\] ([a-z]+\.[a-z_]+) .*{intent['id']}", log)) >= LIFE
    for secret in ("Canary", "canary", intent["client_secret"], link, "sk_test_", "whsec_"):
        assert secret not in log, secret
    assert "4242" not in RANDOM.sub("", log)
