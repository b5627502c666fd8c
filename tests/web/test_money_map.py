"""The money map: who holds what at each moment, drawn; every cent somewhere, and never what should be for what is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.money import FeeRate
from backend.domain.money_life import Move, Movement, Place, life
from backend.web.money_map import ROW, pictures
from tests.builders import Marketplace

_DAY = 86_400
_RATE = FeeRate.from_percent("10")


@st.composite
def movements(draw: st.DrawFn) -> list[Movement]:
    """Any life: a payment, Stripe's fee, and what people, banks and this backend do with it in any order."""
    charged = draw(st.integers(50, 99_999_999))
    told = [
        Movement(0, Move.PAID, charged, "ch_1"),
        Movement(0, Move.STRIPE_FEE, draw(st.integers(0, charged)), "txn_1"),
    ]
    for second in range(1, draw(st.integers(1, 12))):
        told.append(_next(draw, second, told))
    return told


def _next(draw: st.DrawFn, second: int, told: list[Movement]) -> Movement:
    sent = [one for one in told if one.move == Move.SENT]
    moves = [Move.REFUNDED, Move.DISPUTED, Move.SENT, *([Move.TAKEN_BACK, Move.AVAILABLE, Move.LISTED] if sent else [])]
    move = draw(st.sampled_from(moves))
    if move == Move.SENT:
        return Movement(second, move, draw(st.integers(1, 99_999_999)), f"tr_{second}", f"tr_{second}")
    if move not in (Move.TAKEN_BACK, Move.AVAILABLE, Move.LISTED):
        return Movement(second, move, draw(st.integers(1, 99_999_999)), f"re_{second}")
    of = draw(st.sampled_from(sent))
    back = sum(one.amount for one in told if one.move == Move.TAKEN_BACK and one.transfer_id == of.transfer_id)
    left = of.amount - back
    amount = draw(st.integers(0, left)) if move == Move.TAKEN_BACK else of.amount
    return Movement(second, move, amount, f"x_{second}", of.transfer_id)


@given(movements())
def test_at_every_moment_every_cent_is_somewhere(told: list[Movement]) -> None:
    """The bands add up to what was paid in, by the player and, where more went out, by the platform."""
    for moment in life(told, _RATE):
        assert sum(one.amount for one in moment.holdings) == moment.charged + moment.advanced
        assert all(one.amount > 0 for one in moment.holdings)


@given(movements())
def test_a_band_of_the_coach_is_what_the_coach_was_sent_and_did_not_give_back(told: list[Movement]) -> None:
    """Whatever should be there: the share only divides it into what is due and what is owed back."""
    last = life(told, _RATE)[-1]
    held = sum(one.amount for one in told if one.move == Move.SENT)
    held -= sum(one.amount for one in told if one.move == Move.TAKEN_BACK)
    refunded = sum(one.amount for one in told if one.move == Move.REFUNDED)
    disputed = sum(one.amount for one in told if one.move == Move.DISPUTED)
    kept = max(0, told[0].amount - refunded - disputed)
    share = kept - (kept + 5) // 10

    of_coach = dict.fromkeys((Place.COACH_PENDING, Place.COACH, Place.COACH_PAID_OUT, Place.OWED_BACK), 0)
    for one in last.holdings:
        if one.place in of_coach:
            of_coach[one.place] += one.amount

    assert sum(of_coach.values()) == held
    assert of_coach[Place.OWED_BACK] == max(0, held - share)


@given(movements())
def test_the_bands_stay_within_the_drawing(told: list[Movement]) -> None:
    """Each in its row, none too thin to be seen; both sides are equally high."""
    for drawn in pictures(life(told, _RATE), "cad"):
        for row, band in enumerate(drawn.bands):
            assert row * ROW <= band.y
            assert band.y + band.height <= (row + 1) * ROW
            assert band.height >= 6
        assert abs(sum(one.height for one in drawn.sources) - sum(band.height for band in drawn.bands)) <= 0.2


def _page(market: Marketplace, payment: str, status: int = 200, query: str = "") -> str:
    answer = market.http.get(f"/money/{payment}{query}")
    assert answer.status_code == status
    text: str = answer.text
    return text


def _moments(page: str) -> Iterator[tuple[bool, dict[str, str], str]]:
    """Each moment of a page: whether it is shown, its bands with their amounts, and what it says."""
    for hidden, figure in re.findall(
        r'<figure class="moment" data-moment="\d+"( hidden)?>(.*?)</figure>', page, re.DOTALL
    ):
        bands = re.findall(r'<li><span>(.*?)</span> <b class="amount">(.*?)</b>', figure)
        said = re.findall(r'<span class="said">(.*?)</span>', figure)[0]
        yield not hidden, dict(bands), said


def _now(market: Marketplace, payment: str) -> dict[str, str]:
    """The bands of the moment that is shown."""
    shown = [bands for is_shown, bands, _ in _moments(_page(market, payment)) if is_shown]
    assert len(shown) == 1
    return shown[0]


def test_a_settled_payment_is_with_the_coach_the_platform_and_stripe(market: Marketplace) -> None:
    """Stripe's fee comes out of the platform's part; the coach's money is not available yet."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    assert _now(market, payment) == {
        "In the coach&#39;s balance, not available yet": "42.52 CAD",
        "With the platform": "3.06 CAD",
        "Stripe&#39;s fee": "1.67 CAD",
    }
    assert "It balances: the coach holds the whole share, 42.52 CAD." in _page(market, payment)


def test_once_available_the_coachs_money_is_in_balance_or_bank(market: Marketplace) -> None:
    """Nothing at Stripe says which, until a payout lists it; and a payout that failed lists it no more."""
    account = market.ready_coach()
    payment = str(market.buy()["id"])
    intent = market.stripe.v1.payment_intents.retrieve(payment)
    market.pay({"id": payment, "client_secret": intent.client_secret}, "pm_card_bypassPending")
    market.deliver()
    assert _now(market, payment)["In the coach&#39;s balance or bank"] == "42.52 CAD"

    market.clock.advance(_DAY)
    page = _page(market, payment)
    assert _now(market, payment)["In a payout to the coach&#39;s bank"] == "42.52 CAD"
    assert "arrives on 4 November 2026" in page

    payout = market.stripe.v1.payouts.list({}, {"stripe_account": account}).data[0].id
    market.control("POST", f"/payouts/{payout}/fail")
    assert _now(market, payment)["In the coach&#39;s balance or bank"] == "42.52 CAD"


def test_money_that_waits_is_with_the_platform_and_says_why(market: Marketplace) -> None:
    """It is kept for the coach, in a band of its own."""
    payment = market.paid()
    market.deliver()

    assert _now(market, payment)["Kept for the coach"] == "42.52 CAD"
    assert "42.52 CAD waits for the coach. The coach has not registered yet." in _page(market, payment)


def _cut(market: Marketplace) -> None:
    match = {"method": "POST", "path": "/v1/transfers"}
    market.sandbox.faults.add(match=match, stage="before", effect="close")


def test_what_is_owed_back_is_a_band_of_its_own(market: Marketplace) -> None:
    """The coach has it, although the coach should not; and the platform has paid the player out of its own."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    _cut(market)
    market.refund_in_dashboard(payment, 4725)

    assert _now(market, payment) == {
        "Owed back by the coach": "42.52 CAD",
        "Stripe&#39;s fee": "1.67 CAD",
        "Back with the player": "47.25 CAD",
    }
    assert "The platform paid <b>44.19 CAD</b> of its own" in _page(market, payment)


def test_a_dispute_shows_the_banks_part_and_both_fees(market: Marketplace) -> None:
    """The bank takes the payment, Stripe 15.00 on top; the coach's part has come back."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.dispute(payment)
    market.deliver()

    assert _now(market, payment) == {"Taken by the player&#39;s bank": "47.25 CAD", "Stripe&#39;s fee": "16.67 CAD"}


def test_a_refund_that_failed_is_with_the_platform_again(market: Marketplace) -> None:
    """The picture says so, with the moment at which it came back."""
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_card_refundFail")
    market.deliver()
    market.refund_in_dashboard(intent["id"], 1000)
    market.clock.advance(3_600)
    market.deliver()

    assert "Back with the player" not in _now(market, intent["id"])
    assert "A refund of 10.00 CAD failed" in _page(market, intent["id"])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_moment_has_an_address_that_needs_no_script(market: Marketplace, number: int) -> None:
    """The moment is shown, with what happened then."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    moments = list(_moments(_page(market, payment, query=f"?moment={number}")))

    assert [shown for shown, _, _ in moments].index(True) == number - 1
    assert (
        moments[number - 1][2]
        == ("The player paid 47.25 CAD.", "Stripe took its fee, 1.67 CAD.", "The coach was sent 42.52 CAD.")[number - 1]
    )


@pytest.mark.parametrize("moment", ["0", "99", "x", "٣", "-1", "9" * 50])
def test_a_moment_that_is_none_is_the_nearest_one(market: Marketplace, moment: str) -> None:
    """Whoever typed it."""
    payment = market.paid()

    assert [shown for shown, _, _ in _moments(_page(market, payment, query=f"?moment={moment}"))].count(True) == 1


def test_past_thirty_days_the_money_is_still_told_and_the_page_says_what_is_gone(market: Marketplace) -> None:
    """Stripe keeps objects for ever and events for thirty days."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    before = [said for _, _, said in _moments(_page(market, payment))]
    assert "This purchase is older" not in _page(market, payment)
    market.clock.advance(31 * _DAY)

    page = _page(market, payment)

    assert [said for _, _, said in _moments(page)][: len(before)] == before
    assert "This purchase is older, so its first events are gone; its money is not." in page
    assert "payment_intent.succeeded" not in page


def test_a_declined_payment_has_moved_no_money(market: Marketplace) -> None:
    """The page says so, with the attempt in its story."""
    intent = market.buy()
    market.decline(intent)

    page = _page(market, intent["id"])

    assert "Nothing was charged." in page
    assert "The card was declined." in page


def test_what_cannot_be_told_is_not_drawn(market: Marketplace) -> None:
    """A damaged record is said, with what to do."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": ""}})

    page = _page(market, payment)

    assert "its metadata is damaged" in page
    assert "<figure" not in page


def test_one_payments_story_is_not_anothers(market: Marketplace) -> None:
    """Each page tells of its own payment."""
    first, second = market.paid(), market.paid(packageId=2)
    market.deliver()

    assert "54.00 CAD" not in _page(market, first)
    assert "47.25 CAD" not in _page(market, second)


def test_a_payment_that_is_not_there_is_a_page_that_says_so(market: Marketplace) -> None:
    """404, in words."""
    assert "There is no such payment." in _page(market, "pi_0000000000000000", 404)


@pytest.mark.parametrize("payment", ["x", "pi_%3Cscript%3E"])
def test_what_is_no_payments_id_is_a_page_that_shows_one(market: Marketplace, payment: str) -> None:
    """404; Stripe is not asked."""
    market.forget_calls()

    assert "those look like pi_3PxExample0000001" in _page(market, payment, 404)
    assert market.calls() == []


def test_a_foreign_payment_is_not_shown(market: Marketplace) -> None:
    """Another program of the same Stripe account sold it."""
    foreign = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"}).id

    _page(market, foreign, 404)
