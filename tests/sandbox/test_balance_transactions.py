"""The books: every movement has its type, category, source and time; lists filter and expand them."""

from __future__ import annotations

from typing import Any

from tests.sandbox.conftest import Platform
from tests.sandbox.test_money import DAY, refusal

EXPANDED = ["data.source", "data.source.payment_intent", "data.source.charge"]


def _books(platform: Platform, account: str | None = None, **params: Any) -> list[Any]:
    """The account's movements, oldest first."""
    options: Any = {"stripe_account": account} if account else {}
    given: Any = {"limit": 100, **params}
    return platform.v1.balance_transactions.list(given, options).data[::-1]


def _kinds(entries: list[Any]) -> list[tuple[str, str, int, int]]:
    return [(entry.type, entry.reporting_category, entry.amount, entry.fee) for entry in entries]


def test_every_movement_has_its_type(platform: Platform) -> None:
    """A card payment and all that takes it back are booked under Stripe's types and categories, on both sides."""
    coach, payment = platform.coach(), platform.paid(card="pm_card_bypassPending")
    charge: Any = payment.latest_charge
    transfer = platform.transfer(payment, coach, 9_000)
    platform.v1.transfers.reversals.create(transfer.id, {"amount": 1_000})
    refund = platform.v1.refunds.create({"charge": charge.id, "amount": 2_000})
    platform.control(f"/refunds/{refund.id}/fail")
    dispute = platform.control("/disputes", charge=charge.id)
    platform.control(f"/disputes/{dispute['id']}/win")

    assert _kinds(_books(platform)) == [
        ("charge", "charge", 10_000, 320),
        ("transfer", "transfer", -9_000, 0),
        ("transfer_refund", "transfer_reversal", 1_000, 0),
        ("refund", "refund", -2_000, 0),
        ("refund_failure", "refund_failure", 2_000, 0),
        ("adjustment", "dispute", -10_000, 1_500),
        ("adjustment", "dispute_reversal", 10_000, -1_500),
    ]
    assert _kinds(_books(platform, coach)) == [
        ("payment", "charge", 9_000, 0),
        ("payment_refund", "refund", -1_000, 0),
    ]


def test_every_movement_is_dated_when_it_is_made(platform: Platform) -> None:
    """A refund of last week's payment is a movement of today."""
    payment, start = platform.paid(), platform.clock.now()
    platform.clock.advance(7 * DAY)
    platform.v1.refunds.create({"payment_intent": payment.id})

    assert [entry.created - start for entry in _books(platform)] == [0, 7 * DAY]
    assert [entry.type for entry in _books(platform, created={"gt": start})] == ["refund"]
    assert [entry.type for entry in _books(platform, created={"lte": start})] == ["charge"]


def test_movements_are_found_by_currency_source_and_type(platform: Platform) -> None:
    """Each filter finds its movements alone, and with another only those that satisfy both."""
    first, second = platform.paid(), platform.paid(currency="usd")
    charge: Any = first.latest_charge
    platform.v1.refunds.create({"charge": charge.id, "amount": 100})

    assert _kinds(_books(platform, currency="cad")) == [
        ("charge", "charge", 10_000, 320),
        ("refund", "refund", -100, 0),
    ]
    assert [entry.source for entry in _books(platform, currency="usd")] == [second.latest_charge.id]
    assert [entry.type for entry in _books(platform, source=charge.id)] == ["charge"]
    assert [entry.amount for entry in _books(platform, type="refund", currency="cad")] == [-100]
    assert _books(platform, type="refund", currency="usd") == []


def test_mixed_sources_are_expanded_as_far_as_each_goes(platform: Platform) -> None:
    """A path that a source of another kind lacks leaves it as it is."""
    coach, payment = platform.coach(), platform.paid(metadata={"a": "1"}, card="pm_card_bypassPending")
    charge: Any = payment.latest_charge
    transfer = platform.transfer(payment, coach, 100)
    platform.v1.transfers.reversals.create(transfer.id)
    platform.v1.refunds.create({"charge": charge.id, "amount": 100})
    platform.v1.payouts.create({"amount": 100, "currency": "cad"})
    platform.control("/disputes", charge=charge.id)

    sources = {entry.source.object: entry.source.to_dict() for entry in _books(platform, expand=EXPANDED)}

    assert set(sources) == {"charge", "transfer", "transfer_reversal", "refund", "dispute", "payout"}
    assert {kind for kind, source in sources.items() if "payment_intent" in source} == {"charge", "refund", "dispute"}
    for kind in ("charge", "refund", "dispute"):
        assert sources[kind]["payment_intent"]["metadata"] == {"a": "1"}
    assert sources["refund"]["charge"]["id"] == sources["dispute"]["charge"]["id"] == charge.id
    assert sources["transfer"]["destination"] == coach


def test_only_what_can_be_expanded_is(platform: Platform) -> None:
    """A text that happens to be an id stays a text."""
    payment = platform.paid(description="later")
    platform.v1.payment_intents.update(payment.id, {"description": payment.id})
    charge: Any = payment.latest_charge
    platform.v1.charges.update(charge.id, {"description": payment.id})

    (entry,) = _books(platform, expand=["data.source.description"])

    assert entry.source.description == payment.id


def test_an_automatic_payout_is_the_sum_of_what_it_is_made_of(platform: Platform) -> None:
    """All that became available since the last one; the payout itself is among it."""
    coach = platform.coach()
    for amount in (9_000, 500):
        platform.transfer(platform.paid(), coach, amount)
        platform.clock.advance(5 * DAY)
    second, first = platform.v1.payouts.list({}, {"stripe_account": coach}).data

    assert _kinds(_books(platform, coach, payout=first.id)) == [
        ("payment", "charge", 9_000, 0),
        ("payout", "payout", -9_000, 0),
    ]
    assert [entry.amount for entry in _books(platform, coach, payout=second.id)] == [500, -500]
    assert first.reconciliation_status == "completed"


def test_a_manual_payout_is_made_of_nothing_in_particular(platform: Platform) -> None:
    """Listing by a manual payout is refused, and by one that there is not too."""
    platform.paid(card="pm_card_bypassPending")
    payout = platform.v1.payouts.create({"amount": 100, "currency": "cad"})

    assert refusal(lambda: _books(platform, payout=payout.id)).param == "payout"
    assert refusal(lambda: _books(platform, payout="po_none")).code == "resource_missing"


def test_a_payment_in_another_currency_is_booked_in_the_settlement_currency(platform: Platform) -> None:
    """A bank debit is converted like a card payment; what is sent to a coach is not converted again."""
    platform.control("/settlement", charges_in="eur", settle_in="cad", rate="1.5")
    intent = platform.paid(currency="eur", card="pm_success_de")
    platform.control(f"/payment_intents/{intent.id}/settle")
    coach = platform.coach()
    platform.transfer(intent, coach, 9_000)

    entries = [(entry.type, entry.currency, entry.amount) for entry in _books(platform)]
    assert entries == [("payment", "cad", 15_000), ("transfer", "cad", -9_000)]
    assert [(entry.currency, entry.amount) for entry in _books(platform, coach)] == [("cad", 9_000)]
