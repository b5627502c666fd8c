"""The return pages: what they show is the payment's, whatever their address says."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import Any

import pytest
import stripe

from backend.domain.decline_advice import ADVICE
from backend.services.purchases.receipts import State
from backend.web.pages import TEXTS
from tests.builders import Marketplace
from tests.web.return_pages import PAGES, look


def _unpaid(market: Marketplace, intent: Any) -> None:
    """Left alone."""


def _paid(market: Marketplace, intent: Any) -> None:
    market.pay(intent)


def _refunded(market: Marketplace, intent: Any) -> None:
    market.pay(intent)
    assert market.refund(intent["id"]).status_code == 200


def _unfinished(market: Marketplace, intent: Any) -> None:
    market.pay(intent, "pm_card_authenticationRequired")


def _canceled(market: Marketplace, intent: Any) -> None:
    market.stripe.v1.payment_intents.cancel(intent["id"])


STORIES = {
    State.NOT_PAID: _unpaid,
    State.PAID: _paid,
    State.REFUNDED: _refunded,
    State.UNFINISHED: _unfinished,
    State.DECLINED: Marketplace.decline,
    State.CANCELED: _canceled,
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("state", STORIES)
def test_the_page_tells_the_payments_true_state(market: Marketplace, path: str, state: State) -> None:
    """Both pages the same, though the address says that it succeeded."""
    intent = market.buy()
    STORIES[state](market, intent)

    page = look(market, intent, path)

    assert page.status_code == 200
    assert TEXTS[state][0] in page.text
    assert ("Clips left" in page.text) is (state is State.PAID)


def test_a_paid_page_shows_the_session(market: Marketplace) -> None:
    """The one that confirm answers: clips, expiry, coach and amount."""
    intent = market.buy(coachName="Dana Reyes")
    market.pay(intent)

    page = look(market, intent).text

    for shown in ("Dana Reyes", "47.25 CAD", "<dd>5</dd>", "5 November 2026, 15:00 UTC"):
        assert shown in page


def test_a_paid_page_says_what_was_bought_how_and_who_charged_it(market: Marketplace) -> None:
    """The clips, the card, the name on its statement, the receipt's address, and the refund terms."""
    terms = "Half of it back within a week."
    market.http = market.another_backend(replace(market.settings, refund_terms=terms)).test_client()
    intent = market.buy(customerEmail="pat@example.com")
    market.pay(intent, "pm_card_mastercard")

    page = look(market, intent).text

    for shown in ("5 clips, badminton", "Mastercard\u00a0••••\u00a04444", "SANDBOX", "pat@example.com", terms):
        assert shown in page


@pytest.mark.parametrize("amount", [4725, 1000])
def test_a_refund_says_where_it_goes_and_when_it_arrives(market: Marketplace, amount: int) -> None:
    """All of it or a part: to the card that paid, in five to ten business days from Monday 2 November 2026."""
    intent = market.buy()
    market.pay(intent)
    market.refund(intent["id"], amount=amount)

    page = look(market, intent).text

    assert "Visa\u00a0••••\u00a04242" in page
    assert "between 9 and 16 November 2026" in page


@pytest.mark.parametrize("card", ["pm_card_pendingRefund", "pm_card_visa"])
def test_a_refund_that_stripe_has_not_sent_yet_promises_no_day_too_soon(market: Marketplace, card: str) -> None:
    """A pending refund says that it waits; one that was sent does not."""
    intent = market.buy()
    market.pay(intent, card)
    market.refund(intent["id"], amount=1000)

    assert ("has not left yet" in look(market, intent).text) is (card == "pm_card_pendingRefund")


def test_a_refund_that_came_back_is_said(market: Marketplace) -> None:
    """The player does not have the money, and is told to ask."""
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    market.refund(intent["id"])
    market.clock.advance(3_600)
    market.deliver()

    page = look(market, intent).text

    assert "A refund of 47.25 CAD did not arrive" in page
    assert "between" not in page


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedStolenCard", "generic_decline"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
    ],
)
def test_a_declined_page_says_what_to_do(market: Marketplace, card: str, code: str) -> None:
    """By the reason that the bank gave, and not by one that would warn a thief."""
    intent = market.buy()
    with pytest.raises(stripe.CardError):
        market.pay(intent, card)

    assert ADVICE[code] in unescape(look(market, intent).text)


@pytest.mark.parametrize("path", PAGES)
def test_who_landed_without_a_payment_has_a_way_back(market: Marketplace, path: str) -> None:
    """In development to the coaches; in production the way back is the app."""
    assert 'href="/"' in market.http.get(path).text.split("<main")[1]
    market.go_live()
    assert "href=" not in market.http.get(path).text.split("<main")[1]


def test_a_part_given_back_is_said(market: Marketplace) -> None:
    """And the session stays open."""
    intent = market.buy()
    market.pay(intent)
    market.refund(intent["id"], amount=1000)

    page = look(market, intent).text

    assert "10.00 CAD" in page
    assert "Clips left" in page
