"""Transfers that people and other programs made: remembered on the payment, and the marker of a payment adopted with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.namespace import Namespace
from backend.domain.settlement import Position, TransferRecord
from backend.services.reads import Payment
from backend.services.settlement.adoption import Adoption
from backend.services.settlement.hand_transfers import remember, remember_found, remember_on
from backend.services.settlement.positions import View
from tests.conftest import NOW
from tests.unit.given import OURS, PURCHASE, Line, charge, intent, made, pages, payment, transfer

HOUR = 3_600
BY_HAND: dict[str, Any] = {
    "id": "tr_9",
    "transfer_group": None,
    "source_transaction": None,
    "metadata": {"for": "pi_1"},
}
# Nineteen ids of 25 characters, with their commas: 493 characters; one more of six is 500, of seven 501.
MANY = ",".join(f"tr_{number:022d}" for number in range(19))


def written(on: Line) -> list[dict[str, str]]:
    """The fields of every write."""
    return [sent for sent in on.sent if sent]


def theirs() -> Payment:
    """A paid payment that the Node backend sold."""
    return replace(payment(paid=charge()), purchase=replace(payment().purchase, ours=False))


def position(held: int = 0, captured: int = 4725, count: int = 0) -> Position:
    """The money of a payment: what the coach holds of so many transfers."""
    records = [TransferRecord(f"tr_{number}", held // count, 0, 0) for number in range(count)]
    return Position(captured, 0, 0, payment().purchase.rate, records)


def view(paid: Payment, *transfers: Any, held: int = 0, captured: int = 4725) -> View:
    """A payment with its transfers."""
    return View(paid, position(held, captured, len(transfers)), "acct_1", transfers, True)


# A transfer that an event tells of.


def test_a_transfer_by_hand_is_written_onto_the_payment_that_it_names() -> None:
    """In one read and one write, and it is logged."""
    on = Line(pi_1=intent(latest_charge=charge().to_dict()))
    with capture_logs() as logs:
        remember(on.client, BY_HAND, "pi_1")

    assert written(on) == [{"metadata[alsoPaidBy]": "tr_9"}]
    assert on.asked == ["pi_1", "pi_1"]
    told = {"event": "transfer.remembered", "log_level": "info", "payment": "pi_1", "transfer": "tr_9"}
    assert logs == [told]


@pytest.mark.parametrize("changes", [{"metadata": OURS}, {"source_transaction": "ch_1"}], ids=["marked", "sourced"])
def test_a_transfer_that_the_payment_leads_to_costs_no_read(changes: dict[str, Any]) -> None:
    """It is our own, or made from the payment's charge."""
    on = Line()

    remember(on.client, {**BY_HAND, **changes}, "pi_1")

    assert on.asked == []
    assert not remember_on(on.client, {**BY_HAND, **changes}, payment())


@pytest.mark.parametrize(
    "read",
    [(404, "resource_missing"), made("payment_intent", "pi_1", metadata={}), intent({"fee": "", "clips": "x"})],
    ids=["none", "a stranger's", "damaged"],
)
def test_a_payment_that_cannot_be_read_as_ours_gets_no_transfer(read: Any) -> None:
    """A damaged one is held by name, and mended by a person first."""
    on = Line(pi_1=read)

    remember(on.client, BY_HAND, "pi_1")

    assert on.asked == ["pi_1"]


def test_a_transfer_without_metadata_is_by_hand() -> None:
    """Stripe may leave the field empty."""
    on = Line(pi_1=intent())

    assert remember_on(on.client, {**BY_HAND, "metadata": None}, payment())


def test_a_payment_of_the_node_backend_gets_no_transfer() -> None:
    """It is left as it is until it is adopted."""
    on = Line()

    assert not remember_on(on.client, BY_HAND, theirs())
    assert on.asked == []


def test_a_transfer_of_the_payments_group_is_not_written() -> None:
    """The group leads to it."""
    on = Line(pi_1=intent())

    assert not remember_on(on.client, {**BY_HAND, "transfer_group": "g"}, payment())
    assert remember_on(on.client, {**BY_HAND, "transfer_group": "another"}, payment())
    assert len(on.asked) == 1


def test_a_transfer_is_written_once_and_after_the_others() -> None:
    """The ids are separated by commas."""
    on = Line(pi_1=intent())

    assert not remember_on(on.client, BY_HAND, payment({"alsoPaidBy": "tr_1,tr_9"}))
    assert remember_on(on.client, BY_HAND, payment({"alsoPaidBy": "tr_1,tr_2"}))
    assert written(on) == [{"metadata[alsoPaidBy]": "tr_1,tr_2,tr_9"}]


@pytest.mark.parametrize(("name", "fits"), [("tr_999", True), ("tr_9999", False)])
def test_an_id_for_which_a_value_has_no_room_is_left_out(name: str, fits: bool) -> None:
    """Stripe keeps 500 characters of a value."""
    on = Line(pi_1=intent())

    assert remember_on(on.client, {**BY_HAND, "id": name}, payment({"alsoPaidBy": MANY})) is fits
    assert len(on.asked) == fits


# Transfers that a look finds.


def found(name: str = "tr_9", **fields: Any) -> Any:
    """A transfer by hand as Stripe lists it."""
    return transfer(name, 100, **{"metadata": {"for": "pi_1"}, "source_transaction": None, **fields})


def young(age: int = 0, at: int | None = NOW, also: str = "") -> Payment:
    """A payment that was paid so many seconds ago."""
    return replace(payment({"alsoPaidBy": also} if also else {}, charge(created=NOW - age)), at=at)


def test_what_a_look_at_a_young_payment_finds_is_written_before_the_rest_is_sent() -> None:
    """Only what was made by hand: our own transfers fill their slots by themselves."""
    on = Line(pi_1=intent())

    remember_found(on.client, view(young(), found("tr_8"), transfer("tr_1"), found("tr_9"), held=300))

    assert written(on) == [{"metadata[alsoPaidBy]": "tr_8,tr_9"}]


@pytest.mark.parametrize(
    ("age", "at", "writes"),
    [(HOUR - 1, NOW, 1), (HOUR, NOW, 0), (2 * HOUR, NOW, 0), (2 * HOUR, None, 1)],
    ids=["young", "an hour", "old", "no time"],
)
def test_only_a_young_payment_needs_it(age: int, at: int | None, writes: int) -> None:
    """An older one is never taken to have no transfers. Without Stripe's time it may be young."""
    on = Line(pi_1=intent())

    remember_found(on.client, view(young(age, at), found(), held=100))

    assert len(on.asked) == writes


@pytest.mark.parametrize(("held", "writes"), [(4251, 1), (4252, 0), (4253, 0)])
def test_only_a_coach_who_is_owed_more_needs_it(held: int, writes: int) -> None:
    """No key is at stake where nothing is sent."""
    on = Line(pi_1=intent())

    remember_found(on.client, view(young(), found(), held=held))

    assert len(on.asked) == writes


def test_nothing_is_written_where_nothing_was_found_or_it_stands_there() -> None:
    """Our own transfers are no news, and neither is a list that was written before."""
    on = Line()

    remember_found(on.client, view(young(), transfer(), held=100))
    remember_found(on.client, view(young(also="tr_1"), found(), held=100))

    assert on.asked == []


# Payments of the Node backend.


@pytest.mark.parametrize(
    ("fields", "reads"),
    [
        ({}, 0),
        ({"amount_refunded": 1}, 1),
        ({"disputed": True}, 1),
        ({"status": "failed"}, 1),
    ],
    ids=["untouched", "refunded", "disputed", "returned"],
)
def test_a_payment_is_looked_at_only_where_something_changed(fields: dict[str, Any], reads: int) -> None:
    """A refund, a dispute or a bounce, and a transfer of this backend's in its group: then it is ours."""
    on = Line(transfers=pages(transfer(metadata={}), transfer(metadata=OURS)))

    assert Adoption(on.client).is_owed_to_us(payment(paid=charge(**fields))) is bool(reads)
    assert on.urls == ["/v1/transfers?transfer_group=g&limit=100"] * reads


def test_money_that_nobody_of_us_moved_makes_a_payment_nobody_of_us_owes() -> None:
    """Nor does an unpaid payment cost a look, nor another deployment's transfer count."""
    on = Line(transfers=pages(transfer(metadata={}), transfer(metadata=Namespace("x").mark)))

    assert not Adoption(on.client).is_owed_to_us(payment(paid=charge(disputed=True)))
    assert not Adoption(on.client).is_owed_to_us(payment())
    assert len(on.asked) == 1


def test_an_adopted_payment_is_marked_with_its_coach_payee_and_transfers() -> None:
    """Those of another group only; and it is logged."""
    on = Line(pi_1=intent())
    with capture_logs() as logs:
        Adoption(on.client).mark(view(young(), transfer(), found("tr_8", transfer_group=None), held=200))

    marks = {"app": "coaching-payments", "coachAccountId": "acct_1", "alsoPaidBy": "tr_8"}
    (sent,) = written(on)
    assert sent == {
        f"metadata[{key}]": value for key, value in {**marks, "coachKey": payment().purchase.coach_key}.items()
    }
    assert logs == [{"event": "payment.adopted", "log_level": "info", "payment": "pi_1", "coach": PURCHASE["coachId"]}]


def test_a_mark_has_no_empty_value() -> None:
    """An empty one would take away what stands there."""
    on = Line(pi_1=intent())

    Adoption(on.client).mark(replace(view(young()), destination=None))

    assert set(written(on)[0]) == {"metadata[app]", "metadata[coachKey]"}


@pytest.mark.parametrize(("transfers", "captured", "writes"), [(0, 0, 0), (1, 0, 1), (0, 4725, 1)])
def test_a_payment_of_which_nothing_is_left_stays_the_node_backends(transfers: int, captured: int, writes: int) -> None:
    """Unless something was sent for it."""
    on = Line(pi_1=intent())

    Adoption(on.client).mark(view(young(), *[found()] * transfers, held=0, captured=captured))

    assert len(on.asked) == writes


def test_a_deployment_with_a_name_knows_its_own_transfers_and_leaves_its_own_mark() -> None:
    """Not those of the deployment without one."""
    theirs_and_ours = [pages(transfer(metadata=OURS)), pages(transfer(metadata=Namespace("north").mark))]
    on = Line(transfers=theirs_and_ours, pi_1=intent())
    adoption = Adoption(on.client_of("north"))
    changed = payment(paid=charge(disputed=True))

    assert [adoption.is_owed_to_us(changed) for _ in range(2)] == [False, True]
    adoption.mark(view(young()))
    assert written(on)[0]["metadata[app]"] == "coaching-payments:north"
