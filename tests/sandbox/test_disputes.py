"""Disputes as they come: several, in part, too large, prevented, appealed, and with money that comes late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Platform


def _charge(platform: Platform, **params: Any) -> str:
    payment = platform.paid(card="pm_card_bypassPending", **params)
    return str(payment.latest_charge.id)


def _open(platform: Platform, charge: str, **given: Any) -> Any:
    return platform.v1.disputes.retrieve(platform.control("/disputes", charge=charge, **given)["id"])


def _again(platform: Platform, dispute: Any) -> Any:
    return platform.v1.disputes.retrieve(dispute.id)


def _moved(dispute: Any) -> list[tuple[int, str]]:
    return [(entry.amount, entry.reporting_category) for entry in dispute.balance_transactions]


def _told(platform: Platform) -> list[str]:
    """The events of disputes, oldest first."""
    events = platform.v1.events.list({"limit": 100, "type": "charge.dispute.*"}).data[::-1]
    return [event.type.removeprefix("charge.dispute.") for event in events]


def test_a_charge_is_disputed_as_often_as_wanted(platform: Platform) -> None:
    """Three disputes of parts take together more than the charge was, each with its fee."""
    charge = _charge(platform)
    before = platform.funds()[0]
    opened = [_open(platform, charge, amount=amount).id for amount in (3_000, 4_000, 20_000)]

    assert [one.id for one in platform.v1.disputes.list({"charge": charge}).data] == opened[::-1]
    assert before - platform.funds()[0] == 27_000 + 3 * 1_500
    platform.control(f"/disputes/{opened[1]}/win")
    assert before - platform.funds()[0] == 23_000 + 2 * 1_500
    assert platform.v1.charges.retrieve(charge).disputed is True


def test_a_dispute_left_to_itself_asks_for_what_is_left(platform: Platform) -> None:
    """Without an amount, a dispute asks for the charge less what was refunded."""
    charge = _charge(platform)
    platform.v1.refunds.create({"charge": charge, "amount": 4_000})

    assert _open(platform, charge).amount == 6_000


def test_what_is_taken_may_differ_from_what_is_shown(platform: Platform) -> None:
    """The balance loses `taken`, whatever the dispute shows; what comes back is what was taken."""
    charge = _charge(platform)
    dispute = _open(platform, charge, amount=7_400, currency="USD", taken=10_250)

    assert (dispute.amount, dispute.currency) == (7_400, "usd")
    assert [(entry.amount, entry.currency) for entry in dispute.balance_transactions] == [(-10_250, "cad")]
    platform.control(f"/disputes/{dispute.id}/win")
    assert _moved(_again(platform, dispute)) == [(-10_250, "dispute"), (10_250, "dispute_reversal")]


@pytest.mark.parametrize(
    "given", [{"amount": -1}, {"taken": -1}, {"currency": "xxx"}, {"case_type": "x"}, {"reason": "x"}]
)
def test_a_dispute_that_makes_no_sense_is_refused(platform: Platform, given: dict[str, Any]) -> None:
    """The refusal names what is wrong, and no dispute is made."""
    answer = platform.raw("POST", "/_sandbox/disputes", key=None, json={"charge": _charge(platform), **given})

    assert (answer.status_code, answer.json["error"]["param"]) == (400, next(iter(given)))
    assert platform.v1.disputes.list({}).data == []


def test_a_failed_charge_cannot_be_disputed(platform: Platform) -> None:
    """A declined charge is refused, for nothing was taken for it."""
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    answer = platform.raw(
        "POST", f"/_sandbox/payment_intents/{intent.id}/pay", key=None, json={"card": "pm_card_visa_chargeDeclined"}
    )
    charge = answer.json["error"]["charge"]

    assert platform.raw("POST", "/_sandbox/disputes", key=None, json={"charge": charge}).status_code == 400


def test_a_card_may_bring_several_disputes(platform: Platform) -> None:
    """The card for that is disputed twice, for the two halves of the amount."""
    payment = platform.paid(9_999, card="pm_card_createMultipleDisputes")
    platform.clock.advance(60)

    disputes = platform.v1.disputes.list({"payment_intent": payment.id}).data
    assert sorted(one.amount for one in disputes) == [4_999, 5_000]


def test_a_block_moves_no_money(platform: Platform) -> None:
    """It was stopped before it became a dispute; the charge can still be refunded."""
    charge = _charge(platform)
    before = platform.funds()
    dispute = _open(platform, charge, case_type="block")

    assert (dispute.status, dispute.payment_method_details.card.case_type) == ("prevented", "block")
    assert (_moved(dispute), platform.funds()) == ([], before)
    assert _told(platform) == ["created"]
    assert platform.v1.refunds.create({"charge": charge}).amount == 10_000


def test_a_resolution_pays_by_a_refund(platform: Platform) -> None:
    """The refund is of no more than is left; the dispute itself moves nothing."""
    charge = _charge(platform)
    platform.v1.refunds.create({"charge": charge, "amount": 4_000})
    dispute = _open(platform, charge, case_type="resolution", amount=10_000)

    assert (dispute.status, _moved(dispute)) == ("prevented", [])
    assert [refund.amount for refund in platform.v1.refunds.list({"charge": charge}).data] == [6_000, 4_000]
    assert platform.v1.charges.retrieve(charge).refunded is True


def test_the_rest_of_a_charge_can_be_refunded_after_a_resolution(platform: Platform) -> None:
    """A resolution that paid a part leaves the rest refundable."""
    charge = _charge(platform)
    _open(platform, charge, case_type="resolution", amount=3_000)

    assert platform.v1.refunds.create({"charge": charge}).amount == 7_000


def test_a_resolution_pays_by_the_dispute(platform: Platform) -> None:
    """The dispute takes the money itself, and there is no refund."""
    platform.control("/behaviour", prevented_pays="dispute")
    charge = _charge(platform)
    dispute = _open(platform, charge, case_type="resolution")

    assert (dispute.status, _moved(dispute)) == ("prevented", [(-10_000, "dispute")])
    assert platform.v1.refunds.list({"charge": charge}).data == []
    assert _told(platform) == ["created", "funds_withdrawn"]


def test_a_lost_dispute_can_be_won_on_appeal(platform: Platform) -> None:
    """The money comes back with the second decision."""
    dispute = _open(platform, _charge(platform))
    platform.control(f"/disputes/{dispute.id}/lose")
    assert platform.control(f"/disputes/{dispute.id}/appeal")["status"] == "appeal_needs_response"
    platform.v1.disputes.update(dispute.id, {"evidence": {"product_description": "Lessons"}})
    assert _again(platform, dispute).status == "appeal_under_review"
    platform.control(f"/disputes/{dispute.id}/win")

    again = _again(platform, dispute)
    assert (again.status, _moved(again)) == ("won", [(-10_000, "dispute"), (10_000, "dispute_reversal")])
    assert _told(platform) == [
        "created",
        "funds_withdrawn",
        "closed",
        "updated",
        "updated",
        "closed",
        "funds_reinstated",
    ]


@pytest.mark.parametrize(("when", "moved"), [("decision", 2), ("opening", 3)])
def test_a_won_dispute_can_be_lost_on_appeal(platform: Platform, when: str, moved: int) -> None:
    """The returned money is taken again, once, at the opening of the appeal or at its decision."""
    platform.control("/behaviour", appeal_moves_funds=when)
    dispute = _open(platform, _charge(platform))
    platform.control(f"/disputes/{dispute.id}/win")
    platform.control(f"/disputes/{dispute.id}/appeal", under_review=True)
    during = _again(platform, dispute)
    platform.control(f"/disputes/{dispute.id}/lose")

    again = _again(platform, dispute)
    assert (during.status, len(_moved(during))) == ("appeal_under_review", moved)
    assert (again.status, sum(amount for amount, _ in _moved(again)), len(_moved(again))) == ("lost", -10_000, 3)


def test_only_a_decided_dispute_is_appealed(platform: Platform) -> None:
    """One that is open is not appealed, nor one that was prevented."""
    for dispute in (_open(platform, _charge(platform)), _open(platform, _charge(platform), case_type="block")):
        assert platform.raw("POST", f"/_sandbox/disputes/{dispute.id}/appeal", key=None).status_code == 400


def test_the_money_of_a_won_dispute_may_come_later(platform: Platform) -> None:
    """The dispute says won an hour before anything is given back."""
    dispute = _open(platform, _charge(platform))
    platform.control(f"/disputes/{dispute.id}/win", lag=3_600)

    now = _again(platform, dispute)
    assert (now.status, _moved(now)) == ("won", [(-10_000, "dispute")])
    platform.clock.advance(3_600)
    assert _moved(_again(platform, dispute))[1:] == [(10_000, "dispute_reversal")]
    assert _told(platform) == ["created", "funds_withdrawn", "closed", "funds_reinstated"]


def test_the_money_of_a_won_dispute_may_come_before(platform: Platform) -> None:
    """The money is back an hour before the dispute says won."""
    dispute = _open(platform, _charge(platform))
    platform.control(f"/disputes/{dispute.id}/win", lag=-3_600)

    now = _again(platform, dispute)
    assert (now.status, len(_moved(now))) == ("needs_response", 2)
    platform.clock.advance(3_600)
    again = _again(platform, dispute)
    assert (again.status, len(_moved(again))) == ("won", 2)
    assert _told(platform) == ["created", "funds_withdrawn", "funds_reinstated", "closed"]
