"""The transfers of one payment: the lists that are asked for, the ones that count, and the two writes that move money."""

from __future__ import annotations

from typing import Any

import pytest

from backend.services.settlement.transfers import (
    CoachLists,
    Found,
    ManyTransfers,
    UnclearTransfers,
)
from tests.conftest import NOW
from tests.unit.given import OURS, Line, made, pages, transfer
from tests.unit.registry_given import ACCOUNTS, NONE, account
from tests.unit.transfers_given import OF_PAYEE, by_hand, look, names, paid

OF_GROUP = "/v1/transfers?transfer_group=g&limit=100&expand[0]=data.source_transaction"


SOLD: dict[str, Any] = {"payment_intent": "pi_1"}


def page(*items: Any, more: bool = False) -> Any:
    """A page of transfers."""
    return made("list", "", data=[one.to_dict() for one in items], has_more=more, url="/v1/transfers")


# The lists.


def test_a_look_lists_the_payees_transfers_since_the_charge_and_then_the_group() -> None:
    """A transfer in both counts once."""
    on = Line(transfers=[pages(transfer()), pages(transfer())])

    assert names(look(on)) == ["tr_1"]
    assert on.urls == [OF_PAYEE, OF_GROUP]


def test_without_a_payee_only_the_group_is_listed() -> None:
    """Nobody is paid yet."""
    on = Line(transfers=[pages()])

    assert look(on, payee=None) == Found()
    assert on.urls == [OF_GROUP]


def test_transfers_come_oldest_first() -> None:
    """Also those of one second, which Stripe lists newest first; and those of different lists among each other."""
    late = by_hand("tr_7", created=NOW + 2)
    early = [transfer("tr_3", created=NOW + 1), transfer("tr_2", created=NOW), transfer("tr_1", created=NOW)]
    on = Line(transfers=[pages(late), pages(*early)], acct_1=account())

    assert names(look(on)) == ["tr_1", "tr_2", "tr_3", "tr_7"]

    hands = [by_hand(name, created=NOW) for name in ("tr_6", "tr_5", "tr_4")]
    on = Line(transfers=[pages(*hands), pages()], acct_1=account())
    assert names(look(on)) == ["tr_4", "tr_5", "tr_6"]


def test_a_transfer_that_the_payment_names_is_read_by_its_id() -> None:
    """Unless a list has it; one that is not there is passed over."""
    known = {"alsoPaidBy": "tr_8,tr_1,tr_7,tr_9"}
    on = Line(
        transfers=[pages(by_hand("tr_8", created=NOW)), pages(transfer(created=NOW + 1))],
        tr_7=NONE,
        tr_9=by_hand(created=NOW + 2),
        acct_1=account(),
    )

    assert names(look(on, paid(known))) == ["tr_8", "tr_1", "tr_9"]
    assert on.asked[:4] == ["transfers", "transfers", "tr_7", "tr_9"]


def test_three_pages_of_a_payees_transfers_are_looked_through() -> None:
    """Past them the sweep looks."""
    others = [by_hand(f"tr_{number}", metadata={"for": "pi_2"}) for number in range(100)]
    on = Line(transfers=[*[page(*others, more=True)] * 2, page(*others), pages()])

    assert look(on) == Found()
    on = Line(transfers=[page(*others, more=True)] * 4)
    with pytest.raises(ManyTransfers):
        look(on)


# The sweep's lists.


def test_a_sweep_lists_each_payee_once() -> None:
    """From the earliest moment that was asked for; later ones are answered from it."""
    lists = CoachLists()
    first, second = transfer("tr_1", created=NOW), transfer("tr_2", created=NOW + 10)
    on = Line(transfers=[pages(second, first), pages(second, first)])

    assert [one.id for one in lists.since(on.client, "acct_1", NOW)] == ["tr_2", "tr_1"]
    assert [one.id for one in lists.since(on.client, "acct_1", NOW + 10)] == ["tr_2"]
    assert [one.id for one in lists.since(on.client, "acct_1", NOW)] == ["tr_2", "tr_1"]
    assert on.urls == [OF_PAYEE]
    lists.since(on.client, "acct_1", NOW - 1)
    assert on.urls[1:] == [f"/v1/transfers?destination=acct_1&created[gte]={NOW - 1}&limit=100"]


def test_a_sweep_lists_the_accounts_once() -> None:
    """In pages of a hundred."""
    lists = CoachLists()
    on = Line(accounts=pages(account()))

    assert [one.id for one in lists.accounts(on.client_of_v1)] == [one.id for one in lists.accounts(on.client_of_v1)]
    assert on.urls == ["/v1/accounts?limit=100"]


def test_a_sweep_reads_transfers_by_hand_again() -> None:
    """They may have been taken back since they were listed; ours come fresh with the group."""
    ours = transfer("tr_1", created=NOW)
    hands = by_hand("tr_9", created=NOW), by_hand("tr_8", created=NOW, metadata={}, source_transaction="ch_1")
    other = by_hand("tr_7", created=NOW, metadata={"for": "pi_2"})
    on = Line(
        transfers=[pages(ours, *hands, other), pages(ours)],
        tr_9=by_hand("tr_9", created=NOW, amount_reversed=100),
        tr_8=hands[1],
        acct_1=account(),
    )

    found = look(on, lists=CoachLists())

    assert {one.id: one.amount_reversed for one in found.transfers} == {"tr_1": 0, "tr_8": 0, "tr_9": 100}
    assert sorted(on.asked[1:3]) == ["tr_8", "tr_9"]


def test_a_sweep_that_adopts_looks_at_every_account_of_the_coach() -> None:
    """From its own list of accounts."""
    accounts = pages(account(1), account(2, metadata={"coachId": "coach-2", **OURS}), account(3))
    on = Line(transfers=[pages()] * 4, accounts=accounts)

    look(on, lists=CoachLists(), adopting=True)

    payees = [url.split("destination=")[1].split("&")[0] for url in on.urls if "destination" in url]
    assert payees == ["acct_1", ACCOUNTS[0], ACCOUNTS[2]]


# Adopting.


def test_a_look_that_adopts_lists_the_transfers_to_every_account_of_the_coach_once() -> None:
    """Up to ten pages of accounts."""
    accounts = pages(account(1), account(2, metadata={"coachId": "coach-2", **OURS}), account(3))
    on = Line(transfers=[pages()] * 3, accounts=accounts)

    look(on, payee=ACCOUNTS[0], adopting=True)

    payees = [url.split("destination=")[1].split("&")[0] for url in on.urls if "destination" in url]
    assert payees == [ACCOUNTS[0], ACCOUNTS[2]]
    assert on.urls[0] == "/v1/accounts?limit=100"


def test_more_accounts_than_ten_pages_are_left_to_the_sweep() -> None:
    """It lists them all."""
    hundred = [made("account", f"acct_{number}", type="standard", metadata={}) for number in range(100)]
    full = made("list", "", data=[one.to_dict() for one in hundred], has_more=True, url="/v1/accounts")
    on = Line(accounts=[full] * 11)

    with pytest.raises(ManyTransfers):
        look(on, payee=None, adopting=True)
    assert len(on.asked) == 11


@pytest.mark.parametrize(
    ("metadata", "adopting", "unclear"),
    [({}, False, False), ({}, True, True), ({"settlementMode": "auto"}, False, True)],
    ids=["settling", "adopting", "a person was here"],
)
def test_a_transfer_that_says_nothing_may_be_a_persons_payment_of_this_one(
    metadata: dict[str, str], adopting: bool, unclear: bool
) -> None:
    """It counts as one if a person settled the payment once, or nobody knows who paid before."""
    gift = by_hand(metadata={}, transfer_group=None)
    on = Line(transfers=[pages(gift), pages()], accounts=pages())
    try:
        found, raised = look(on, paid(metadata), adopting=adopting), False
    except UnclearTransfers:
        found, raised = Found(), True

    assert (names(found), raised) == ([], unclear)
