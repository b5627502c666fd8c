"""The requests that settling makes, field by field, and the lines that the log says beside them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from structlog.testing import capture_logs

from backend.domain.states import MoneyState
from backend.services.errors import Undecided
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.news_heard import lines
from tests.money.refunds import with_date
from tests.money.sweeping import HOUR, fund, pay_by_hand
from tests.money.workers import ObservedStripe


class Recorder(ObservedStripe):
    """A line that keeps what was asked. ``dates``: the ``Date`` of the answers to a method and a path's end."""

    def __init__(self, market: Marketplace) -> None:
        super().__init__(market.sandbox)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.dates: dict[tuple[str, str], str | None] = {}
        market.line = self
        market.app = market.another_backend()

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **rest: Any) -> Any:
        """Keep the call's fields, and give its answer the ``Date`` that is set for it."""
        where = urlsplit(url)
        fields = dict(parse_qsl(where.query or str(post_data or ""), keep_blank_values=True))
        self.asked.append((method.upper(), where.path, fields))
        body, status, told = super().request(method, url, headers, post_data, **rest)
        for (verb, ending), date in self.dates.items():
            if verb == method.upper() and where.path.endswith(ending):
                told = with_date(told, date)
        return body, status, told

    def to(self, method: str, ending: str) -> list[dict[str, str]]:
        """The fields of the requests to such paths, in order."""
        return [fields for verb, path, fields in self.asked if verb == method and path.endswith(ending)]


@pytest.fixture
def line(market: Marketplace) -> Recorder:
    """The line of the marketplace's backend."""
    return Recorder(market)


def marks(payment: str, slot: str) -> dict[str, str]:
    """The metadata of a write of ours, as form fields."""
    return {
        "metadata[app]": "coaching-payments",
        "metadata[paymentIntentId]": payment,
        "metadata[coachId]": "coach-1",
        "metadata[slot]": slot,
    }


def test_a_transfer_from_the_charge_says_whose_it_is(market: Marketplace, line: Recorder) -> None:
    """Source, payee, payment, coach and slot; the charge comes back with it; no group, which is the charge's own."""
    account = market.ready_coach()
    payment = market.paid()

    with capture_logs() as logs:
        market.settle(payment)

    source = {"source_transaction": market.charge(payment), "expand[0]": "source_transaction"}
    sent = {"amount": "4252", "currency": "cad", "destination": account, **source, **marks(payment, "0")}
    assert line.to("POST", "/v1/transfers") == [sent]
    transfer = market.transfers(payment)[0].id
    facts = {"transfer": transfer, "destination": account, "payment": payment, "amount": 4252, "currency": "cad"}
    assert lines(logs, "transfer.made") == [facts]


def test_a_transfer_from_the_balance_names_the_group(market: Marketplace, line: Recorder) -> None:
    """The part that the charge has no room for is paid from the platform's own money."""
    account = market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    fund(market)
    market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id)
    line.asked.clear()

    market.settle(payment)

    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    sent = {"amount": "4252", "currency": "cad", "destination": account, "transfer_group": group}
    assert line.to("POST", "/v1/transfers") == [{**sent, **marks(payment, "1")}]


def test_a_reversal_says_what_it_is_for(market: Marketplace, line: Recorder) -> None:
    """Payment and slot, and the amount that is too much; it is logged with both ids."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    market.mature_funds()
    market.refund_in_dashboard(payment, 1_000)

    with capture_logs() as logs:
        market.settle(payment)

    transfer = market.transfers(payment)[0].id
    reversal = market.stripe.v1.transfers.reversals.list(transfer).data[0].id
    given = {key: value for key, value in marks(payment, "0r0").items() if key != "metadata[coachId]"}
    assert line.to("POST", "/reversals") == [{"amount": "900", **given}]
    facts = {"transfer": transfer, "reversal": reversal, "payment": payment, "amount": 900, "currency": "cad"}
    assert lines(logs, "transfer.taken_back") == [facts]


def test_the_look_lists_the_payees_transfers_since_the_charge_and_the_group(
    market: Marketplace, line: Recorder
) -> None:
    """In pages of a hundred; the group with each transfer's charge."""
    account = market.ready_coach()
    payment = market.paid()
    market.clock.advance(2 * HOUR)
    line.asked.clear()

    market.settle(payment)

    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    assert line.to("GET", "/v1/transfers") == [
        {"destination": account, "created[gte]": str(NOW), "limit": "100"},
        {"transfer_group": group, "limit": "100", "expand[0]": "data.source_transaction"},
    ]


@pytest.mark.parametrize(("date", "seconds"), [("Mon, 02 Nov 2026 15:00:50 GMT", 50), (None, 0), ("today", 0)])
def test_the_time_of_an_unknown_outcome_is_that_of_the_500(
    market: Marketplace, line: Recorder, date: str | None, seconds: int
) -> None:
    """By its own ``Date``; without one, by that of the payment's reading."""
    market.ready_coach()
    payment = market.paid()
    line.dates["POST", "/v1/transfers"] = date
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "cache": True})

    with capture_logs() as logs, pytest.raises(Undecided):
        market.settle(payment)

    assert market.note(payment) == f"unknown:0.0:{NOW + seconds}p"
    assert lines(logs, "settlement.unknown") == [{"payment": payment, "slot": "0", "generation": 0}]


def test_the_currency_in_which_money_came_is_asked_of_its_charge(market: Marketplace, line: Recorder) -> None:
    """Not of whatever was booked last: that is another payment's."""
    market.ready_coach()
    market.control("POST", "/settlement", {"charges_in": "cad", "settle_in": "usd", "rate": "0.7"})
    payment = market.paid()
    market.deliver()
    market.control("POST", "/settlement", {"charges_in": "cad", "settle_in": "cad", "rate": "1"})
    other = market.paid()
    line.asked.clear()

    market.settle(payment)

    assert (market.note(payment) or "").startswith("held:settlement_currency:")
    assert line.to("GET", "/v1/balance_transactions") == [{"source": market.charge(payment), "limit": "1"}]
    assert market.settle(other).state == MoneyState.SETTLED


def test_a_refusal_is_logged_in_stripes_words(market: Marketplace) -> None:
    """With its code and the payment."""
    market.register()
    payment = market.paid()

    with capture_logs() as logs:
        market.settle(payment)

    (said,) = lines(logs, "stripe.refused")
    assert (said["payment"], said["code"]) == (payment, "insufficient_capabilities_for_transfer")
    assert "capabilities" in said["said"]
    assert lines(logs, "settlement.held") == [{"payment": payment, "reason": "coach_not_ready", "amount": 4252}]


def test_a_stranger_in_the_group_is_logged_and_left_alone(market: Marketplace) -> None:
    """Each look names it; it counts for nothing."""
    account = market.ready_coach()
    payment = market.paid()
    fund(market)
    group = market.stripe.v1.payment_intents.retrieve(payment).transfer_group
    params: Any = {"amount": 100, "currency": "cad", "destination": account, "transfer_group": group}
    stranger = market.stripe.v1.transfers.create(params).id

    with capture_logs() as logs:
        settlement = market.settle(payment)

    assert lines(logs, "transfer.stranger") == [{"payment": payment, "transfer": stranger}]
    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, 4252)


def test_a_strangers_transfer_outside_the_group_is_not_logged(market: Marketplace) -> None:
    """It is another payment's, or a gift: nobody has to know of it."""
    account = market.ready_coach()
    payment = market.paid()
    fund(market)
    pay_by_hand(market, account, 100, paymentIntentId="none")
    market.clock.advance(2 * HOUR)

    with capture_logs() as logs:
        market.settle(payment)

    assert lines(logs, "transfer.stranger") == lines(logs, "transfer.unclear") == []


def test_a_transfer_that_a_person_has_to_explain_is_logged(market: Marketplace) -> None:
    """It names two payments; the payment is held, and the answer names nothing that was sent."""
    account = market.ready_coach()
    first, second = market.paid(), market.paid()
    fund(market)
    both = pay_by_hand(market, account, 100, note=f"{first} {second}").id
    market.clock.advance(2 * HOUR)

    with capture_logs() as logs:
        settlement = market.settle(first)

    assert lines(logs, "transfer.unclear") == [{"payment": first, "transfer": both}]
    assert (market.note(first) or "").startswith("held:unclear_transfers:")
    assert (settlement.state, settlement.transfers) == ("held", ())


def test_a_look_at_a_payment_that_is_settled_writes_nothing(market: Marketplace, line: Recorder) -> None:
    """No note is cleared that is not there, and no transfer is asked for."""
    market.ready_coach()
    payment = market.paid()
    market.settle(payment)
    line.asked.clear()

    settlement = market.settle(payment)

    assert [path for method, path, _ in line.asked if method == "POST"] == []
    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, 0)
    assert [one.id for one in settlement.transfers] == [one.id for one in market.transfers(payment)]


def test_a_note_that_is_not_true_any_more_is_cleared_once(market: Marketplace, line: Recorder) -> None:
    """By one write of one key."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": f"held:no_account:0.0:{NOW}"}})
    market.settle(payment)

    assert line.to("POST", f"/v1/payment_intents/{payment}") == [{"metadata[settlement]": ""}]
    assert market.note(payment) is None
