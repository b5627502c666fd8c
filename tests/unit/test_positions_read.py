"""One payment's money read whole, the ledger that shows it, and the release of one that waits for an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.domain.settlement import Position, TransferRecord
from backend.services.reads import Payment
from backend.services.settlement.positions import PositionReader, View
from tests.conftest import NOW
from tests.unit.given import Line, charge, intent, pages, payment, refund
from tests.unit.positions_given import answered, dispute, with_charge
from tests.unit.registry_given import ACCOUNTS, ID, NONE, account, product, registry


def paid(at: int | None = NOW, **fields: Any) -> Payment:
    """The payment, paid by its charge, read at that time."""
    return replace(payment(paid=charge(**fields)), at=at)


def read(on: Line, one: Payment | None = None, **how: Any) -> View | None:
    """The money of a payment."""
    return PositionReader(on.client_of_v1, registry(on)).read(one or paid(), "acct_1", **how)


# The position.


def test_the_charge_that_comes_with_the_list_is_believed() -> None:
    """The payment is not read again."""
    on = Line(transfers=[pages(), pages(with_charge(amount_captured=4000))])

    view = read(on)

    assert view is not None
    records = [TransferRecord("tr_1", 4252, 0, 0, 0, frozenset(["0"]))]
    assert view.position == Position(4000, 0, 0, payment().purchase.rate, records)
    assert (view.payment.at, view.destination, view.listed) == (NOW, "acct_1", True)
    assert ([one.id for one in view.transfers], view.refunds, view.disputes) == (["tr_1"], (), ())
    assert on.asked == ["transfers", "transfers"]


def test_without_it_the_payment_is_read_again_after_the_list() -> None:
    """Its time stays that of the first reading: what was to come true by then is in the list."""
    on = Line({"Date": "Mon, 02 Nov 2026 16:00:00 GMT"}, transfers=[pages()] * 2, pi_1=answered(amount_captured=4000))

    view = read(on)

    assert view is not None
    assert (view.position.captured, view.payment.at) == (4000, NOW)
    assert on.asked == ["transfers", "transfers", "pi_1"]


def test_a_payment_that_was_read_before_the_last_write_is_read_again() -> None:
    """Even if the charge comes with the list."""
    on = Line(transfers=[pages(), pages(with_charge())], pi_1=answered(amount_captured=4000))

    view = read(on, stale=True)

    assert view is not None
    assert view.position.captured == 4000


def test_transfers_that_are_taken_to_be_none_are_not_listed() -> None:
    """Nor is the payment read again."""
    on = Line()

    view = read(on, listed=False)

    assert view is not None
    assert (view.listed, view.transfers, view.position.captured, on.asked) == (False, (), 4725, [])


@pytest.mark.parametrize("again", [NONE, intent(latest_charge=None, status="processing")], ids=["gone", "unpaid"])
def test_a_payment_that_is_not_paid_any_more_has_no_position(again: Any) -> None:
    """It was read again, and there is nothing."""
    assert read(Line(transfers=[pages()] * 2, pi_1=again)) is None


def test_every_account_of_the_coach_is_looked_at_where_a_payment_is_adopted() -> None:
    """Not only the payee."""
    on = Line(transfers=[pages(), pages(), pages(with_charge())], accounts=pages(account()))

    assert read(on, adopting=True) is not None
    assert on.asked[0] == "accounts"


@pytest.mark.parametrize(("refunded", "charged", "asked"), [(False, 0, 0), (True, 0, 1), (False, 500, 1)])
def test_refunds_are_read_where_there_may_be_any(refunded: bool, charged: int, asked: int) -> None:
    """One that failed does not count, but is told."""
    given = pages(refund("re_1", 500), refund("re_2", 300, "failed"))
    on = Line(transfers=[pages(), pages(with_charge(amount_refunded=charged))], refunds=given)

    view = read(on, refunded=refunded)

    assert view is not None
    assert view.position.refunded == 500 * asked
    assert [one.id for one in view.refunds] == ["re_1", "re_2"] * asked


@pytest.mark.parametrize(("disputed", "charged", "asked"), [(False, False, 0), (True, False, 1), (False, True, 1)])
def test_disputes_are_read_where_there_may_be_any(disputed: bool, charged: bool, asked: int) -> None:
    """By the charge, in its currency."""
    on = Line(transfers=[pages(), pages(with_charge(disputed=charged))], disputes=pages(dispute()))

    view = read(on, disputed=disputed)

    assert view is not None
    assert view.position.disputed == 4725 * asked
    assert [one.id for one in view.disputes] == ["dp_1"] * asked
    assert on.urls[2:] == ["/v1/disputes?charge=ch_1&limit=100"] * asked


def test_the_account_to_pay_is_the_one_that_was_frozen_or_else_the_registered_one() -> None:
    """The registry is asked only for a payment without one."""
    on = Line(**{ID: product()})
    reader = PositionReader(on.client, registry(on))
    late = replace(paid(), purchase=replace(paid().purchase, coach_account_id=None))

    assert reader.destination(paid()) == "acct_1"
    assert on.asked == []
    assert reader.destination(late) == ACCOUNTS[0]
