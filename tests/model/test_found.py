"""Faults that the search found in the real service, shown through the real service."""

from __future__ import annotations

from tests.builders import Marketplace
from tests.money.workers import Meanwhile


def test_an_inquiry_that_escalates_before_the_transfer_is_seen_in_the_same_settle(market: Marketplace) -> None:
    """An inquiry marks the charge as disputed and takes nothing. It becomes a chargeback after the disputes were read
    and before the transfer leaves: the charge that comes with the transfer says "disputed" as before, so only another
    look can tell that the coach must give the money back.
    """
    market.ready_coach()
    payment = market.paid()
    opened = market.control("POST", "/disputes", {"charge": market.charge(payment), "inquiry": True})
    payment_lists_charge_disputes = 5

    def escalate() -> None:
        assert market.control("POST", f"/disputes/{opened.json['id']}/lose").status_code == 200

    with market.line.watched(Meanwhile(payment_lists_charge_disputes, escalate)):
        settlement = market.settle(payment)

    assert [(sent.amount, sent.amount_reversed) for sent in market.transfers(payment)] == [(4252, 4252)]
    assert (settlement.state, settlement.moved) == ("settled", 0)
