"""The money map: the ledger's figures, drawn; every cent somewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.reasons import WORDS
from backend.domain.settlement import Note, Reason
from backend.domain.states import MoneyState
from backend.services.settlement.ledger import Ledger
from backend.web.money_map import HEIGHT, TOP, bands, explain
from tests.builders import Marketplace


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    """Any state that a payment's money can be in."""
    charged = draw(st.integers(50, 99_999_999))
    refunded = draw(st.integers(0, charged))
    disputed = draw(st.integers(0, charged - refunded))
    kept = charged - refunded - disputed
    fee = draw(st.integers(0, kept))
    held = draw(st.integers(0, charged - fee))
    return Ledger("pi_1", "succeeded", "cad", charged, refunded, disputed, kept, fee, kept - fee, held, 0, held)


@given(ledgers())
def test_the_bands_add_up_to_what_was_charged(ledger: Ledger) -> None:
    """And stay within the drawing, none too thin to be seen."""
    drawn = bands(ledger)

    assert sum(band.amount for band in drawn) == ledger.charged
    assert all(band.amount > 0 and band.height >= 8 for band in drawn)
    assert all(band.y >= TOP and band.y + band.height <= HEIGHT - TOP + 0.2 for band in drawn)


def test_an_unpaid_payment_has_no_bands() -> None:
    """There is nothing to draw."""
    assert bands(Ledger("pi_1", "requires_payment_method", "cad")) == []


def test_every_reason_to_wait_has_words_of_its_own() -> None:
    """So have a person's word, an answer that says nothing, and no note at all."""
    waiting = Ledger("pi_1", "succeeded", "cad", charged=100, kept=100, fee=10, due=90)
    told = {explain(waiting, Note(MoneyState.HELD, reason)) for reason in Reason}

    assert set(WORDS) == set(Reason)
    assert len(told) == len(Reason)
    assert all(text.startswith("It waits: ") for text in told)
    assert "person" in explain(waiting, Note(MoneyState.MANUAL))
    assert "never paid twice" in explain(waiting, Note(MoneyState.UNKNOWN))
    assert "webhook" in explain(waiting, None)


def _page(market: Marketplace, payment: str, status: int = 200) -> str:
    answer = market.http.get(f"/money/{payment}")
    assert answer.status_code == status
    text: str = answer.text
    return text


def test_a_paid_payment_is_followed_to_the_coach(market: Marketplace) -> None:
    """The same figures as ``flask ledger``, and the events that moved them."""
    market.onboard(market.register())
    market.deliver()
    payment = market.paid()
    market.deliver()

    page = _page(market, payment)

    for shown in (
        "It balances",
        "With the coach",
        "42.52 CAD",
        "Platform fee",
        "4.73 CAD",
        "The player paid 47.25 CAD.",
    ):
        assert shown in page
    told = [page.index(text) for text in ("purchase of 47.25", "player paid 47.25", "coach was sent 42.52")]
    assert told == sorted(told)


def test_money_that_waits_says_why(market: Marketplace) -> None:
    """In a sentence, with the amount."""
    payment = market.paid()
    market.deliver()

    page = _page(market, payment)

    assert "The coach is owed 42.52 CAD. It waits: the coach has not registered yet." in page
    assert "Waiting for the coach" in page


def test_refunds_and_disputes_are_bands_of_their_own(market: Marketplace) -> None:
    """The refunded and the disputed amounts each have a band."""
    payment = market.paid()
    market.deliver()
    market.refund(payment, amount=1000)
    market.deliver()
    assert "Back with the player" in _page(market, payment)
    assert "The player has 10.00 CAD back." in _page(market, payment)

    other = market.paid()
    market.dispute(other)
    market.deliver()
    page = _page(market, other)
    assert "Taken back by the bank" in page
    assert "disputes 47.25 CAD" in page


def test_a_declined_payment_has_moved_no_money(market: Marketplace) -> None:
    """And says so, with the attempt in its story."""
    intent = market.buy()
    market.decline(intent)

    page = _page(market, intent["id"])

    assert "Nothing was charged." in page
    assert "The card was declined." in page


def test_one_payments_story_is_not_anothers(market: Marketplace) -> None:
    """Each page tells of its own payment."""
    first, second = market.paid(), market.paid(packageId=2)
    market.deliver()

    assert "54.00 CAD" not in _page(market, first)
    assert "47.25 CAD" not in _page(market, second)


@pytest.mark.parametrize("payment", ["pi_0000000000000000", "x", "pi_%3Cscript%3E"])
def test_a_payment_that_is_not_there_is_a_page_that_says_so(market: Marketplace, payment: str) -> None:
    """404, in words."""
    assert "There is no such payment." in _page(market, payment, 404)


def test_a_foreign_payment_is_not_shown(market: Marketplace) -> None:
    """Nor listed among the purchases."""
    foreign = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"}).id
    ours = market.paid()

    _page(market, foreign, 404)
    listed = market.http.get("/money").text
    assert ours in listed
    assert foreign not in listed


def test_a_damaged_payment_does_not_hide_the_others(market: Marketplace) -> None:
    """The list of the newest has those that can be read."""
    whole, damaged = market.paid(), market.paid()
    market.stripe.v1.payment_intents.update(damaged, {"metadata": {"clips": ""}})

    listed = market.http.get("/money")

    assert (listed.status_code, whole in listed.text, damaged in listed.text) == (200, True, False)
