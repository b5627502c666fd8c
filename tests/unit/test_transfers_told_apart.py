"""Which of the transfers that were found count, and what their reversals say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.namespace import Namespace
from backend.domain.settlement import Pay, TakeBack, TransferRecord
from backend.services.settlement.transfers import (
    CoachLists,
    Found,
    TransferReader,
    UnclearTransfers,
    create_reversal,
    create_transfer,
    record_of,
)
from tests.conftest import NOW
from tests.unit.given import OURS, Line, charge, intent, made, pages, transfer
from tests.unit.registry_given import ACCOUNTS, ID, NONE, account, product, registry
from tests.unit.transfers_given import OF_PAYEE, by_hand, look, names, paid

GONE = (403, "account_invalid")


# The ones that count.


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"destination": "acct_1"}, True),
        ({"destination": ACCOUNTS[1]}, True),
        ({"destination": "acct_was"}, True),
        ({"destination": ACCOUNTS[2]}, False),
        ({"destination": "acct_gone", "currency": "usd"}, False),
    ],
    ids=["the payee", "the coach's", "a former payee", "a stranger's", "another currency"],
)
def test_a_transfer_by_hand_counts_where_it_went_to_the_coach(fields: dict[str, Any], counts: bool) -> None:
    """To the payee, a former one, or another account of the coach's; otherwise a person has to explain it."""
    others: dict[str, Any] = {ACCOUNTS[1]: account(2), ACCOUNTS[2]: account(3, metadata={"coachId": "coach-2", **OURS})}
    on = Line(transfers=[pages(), pages(by_hand(**fields))], **others)
    one = paid({"coachAccountWas": "acct_was,acct_old"})
    if counts:
        assert names(look(on, one)) == ["tr_9"]
        return
    with capture_logs() as logs, pytest.raises(UnclearTransfers):
        look(on, one)
    assert logs == [{"event": "transfer.unclear", "log_level": "warning", "payment": "pi_1", "transfer": "tr_9"}]


@pytest.mark.parametrize("bound", [True, False])
def test_an_account_that_is_gone_was_the_coachs_if_the_registry_says_so(bound: bool) -> None:
    """Nothing else can tell any more."""
    known: dict[str, Any] = {ACCOUNTS[0]: GONE, ID: product() if bound else NONE}
    on = Line(transfers=[pages(by_hand(destination=ACCOUNTS[0])), pages()], **known)
    try:
        found, raised = look(on), False
    except UnclearTransfers:
        found, raised = Found(), True

    assert (names(found), raised) == (["tr_9"] * bound, not bound)


def test_a_stranger_in_the_group_is_logged_and_one_elsewhere_is_not() -> None:
    """Neither counts."""
    stranger, other = by_hand("tr_8", metadata={"for": "pi_2"}), by_hand("tr_7", metadata={"for": "pi_3"})
    on = Line(transfers=[pages(other), pages(stranger)])
    with capture_logs() as logs:
        assert look(on) == Found()

    assert logs == [{"event": "transfer.stranger", "log_level": "warning", "payment": "pi_1", "transfer": "tr_8"}]


def test_the_charge_comes_with_the_groups_list() -> None:
    """As it was while the transfers were listed."""
    newer = charge(amount_refunded=500).to_dict()
    other = {**newer, "id": "ch_2", "amount_refunded": 1}
    first = transfer("tr_1", source_transaction=other, created=NOW)
    on = Line(transfers=[pages(), pages(transfer("tr_2", source_transaction=newer, created=NOW + 1), first)])

    found = look(on)

    assert (names(found), found.charge.amount_refunded if found.charge else None) == (["tr_1", "tr_2"], 500)


@pytest.mark.parametrize("source", [None, "ch_1"], ids=["none", "an id"])
def test_without_it_the_charge_is_not_known(source: str | None) -> None:
    """It was not expanded, or the transfer has no source."""
    on = Line(transfers=[pages(), pages(transfer(source_transaction=source))])

    assert look(on).charge is None


def test_a_transfer_from_another_charge_of_the_payment_counts() -> None:
    """A debit that bounced was paid again: one payment has two charges."""
    before = {**charge().to_dict(), "id": "ch_0"}
    anothers = {**before, "payment_intent": "pi_2"}
    listed = [
        transfer("tr_2", metadata={}, source_transaction=before),
        transfer("tr_1", metadata={}, source_transaction=anothers),
    ]

    assert names(look(Line(transfers=[pages(), pages(*listed)]))) == ["tr_2"]


@pytest.mark.parametrize(("back", "unclear"), [(100, False), (99, True)])
def test_a_transfer_to_a_stranger_that_came_back_whole_needs_no_explanation(back: int, unclear: bool) -> None:
    """A part that stayed does."""
    gone = by_hand(destination=ACCOUNTS[2], amount_reversed=back)
    on = Line(transfers=[pages(gone), pages()], **{ACCOUNTS[2]: account(3, metadata={"coachId": "coach-2", **OURS})})
    try:
        found, raised = look(on), False
    except UnclearTransfers:
        found, raised = Found(), True

    assert (names(found), raised) == ([], unclear)


def test_our_own_transfer_outside_the_group_counts_in_a_sweep_too() -> None:
    """It went where the payment said at the time, and need not be read again."""
    on = Line(transfers=[pages(transfer("tr_5"), by_hand(metadata={"for": "pi_2"})), pages(transfer("tr_1"))])

    assert names(look(on, lists=CoachLists())) == ["tr_5", "tr_1"]
    assert on.asked == ["transfers", "transfers"]


def test_a_deployment_with_a_name_knows_its_own_transfers_and_accounts() -> None:
    """Those of the deployment without one are another's."""
    mark = Namespace("north").mark
    accounts = [account(1), account(2, metadata={"coachId": "coach-1", **mark})]
    own = transfer("tr_2", metadata={**transfer().metadata.to_dict(), **mark}, destination="acct_x")
    hand = by_hand(destination=ACCOUNTS[1])
    on = Line(transfers=[pages(), pages(transfer(source_transaction=None, destination="acct_x"), own, hand)])
    on.objects |= {"accounts": pages(*accounts), ACCOUNTS[1]: accounts[1], "acct_x": account(3, metadata={})}
    reader = TransferReader(on.client_of("north"), registry(on))

    with pytest.raises(UnclearTransfers):
        reader.of(paid(), None, adopting=True)
    assert [url for url in on.urls if "destination" in url] == [OF_PAYEE.replace("acct_1", ACCOUNTS[1])]

    on.objects["transfers"] = [pages(), pages(own, hand)]
    assert names(reader.of(paid(), None, adopting=True)) == ["tr_9", "tr_2"]


# A transfer as settlement needs it.


def reversal(name: str, amount: int, at: int, slot: str | None = None) -> Any:
    """One reversal of a transfer."""
    return made("transfer_reversal", name, amount=amount, created=at, metadata={"slot": slot} if slot else {}).to_dict()


def reversals(*items: Any, count: int | None = None) -> dict[str, Any]:
    """The list inside a transfer."""
    counted = {} if count is None else {"total_count": count}
    return {"object": "list", "data": list(items), "has_more": False, "url": "/v1/x", **counted}


def test_a_transfer_tells_of_its_reversals() -> None:
    """Amount and number come from one answer, and the newest one's time with them."""
    inside = reversals(reversal("trr_2", 100, NOW + 5, "0r1"), reversal("trr_1", 200, NOW + 9, "0r0"), count=2)
    on = Line()

    record = record_of(on.client, transfer(amount_reversed=300, reversals=inside))

    filled = frozenset(["0", "0r0", "0r1"])
    assert record == TransferRecord("tr_1", 4252, 300, 2, NOW + 9, filled)
    assert on.asked == []


def test_a_transfer_of_which_nothing_came_back_costs_no_read() -> None:
    """Also where its list has no count."""
    on = Line()
    plain = TransferRecord("tr_9", 100, 0, 0, 0, frozenset())

    assert record_of(on.client, by_hand(reversals=reversals(count=0))) == plain
    assert record_of(on.client, by_hand(reversals=reversals())) == plain
    assert record_of(on.client, by_hand(reversals=None)) == plain
    assert on.asked == []


@pytest.mark.parametrize(
    ("amount", "inside"),
    [(300, None), (300, {}), (300, {"count": 0})],
    ids=["no list", "no count", "amount without reversals"],
)
def test_reversals_that_contradict_the_amount_are_read(amount: int, inside: dict[str, int] | None) -> None:
    """Of two answers that do not fit together neither is believed."""
    listed = [made("transfer_reversal", "trr_1", amount=200, created=NOW, metadata={"slot": "0r0"})]
    on = Line(reversals=pages(*listed))

    given = transfer(amount_reversed=amount, reversals=None if inside is None else reversals(**inside))

    assert record_of(on.client, given) == TransferRecord("tr_1", 4252, 200, 1, NOW, frozenset(["0", "0r0"]))
    assert on.urls == ["/v1/transfers/tr_1/reversals?limit=100"]


def test_a_count_without_an_amount_is_no_reversal() -> None:
    """The answer was given in between."""
    on = Line()

    record = record_of(on.client, transfer(reversals=reversals(count=1)))

    assert (record.amount_reversed, record.reversal_count, record.reversed_at) == (0, 0, 0)


# The writes.


@pytest.mark.parametrize(("from_charge", "group"), [(True, False), (False, True)])
def test_a_transfer_says_whose_it_is(from_charge: bool, group: bool) -> None:
    """From the charge, which comes back with it; or from the balance, in the payment's group."""
    on = Line(transfers=transfer())

    create_transfer(on.client, paid(), Pay(4252, "3", from_charge), "acct_1", "key-1")

    marks = {"app": "coaching-payments", "paymentIntentId": "pi_1", "coachId": "coach-1", "slot": "3"}
    source = {"source_transaction": "ch_1", "expand[0]": "source_transaction"}
    sent = {"amount": "4252", "currency": "cad", "destination": "acct_1"}
    metadata = {f"metadata[{key}]": value for key, value in marks.items()}
    assert on.sent == [
        {**sent, **metadata, **(source if from_charge else {}), **({"transfer_group": "g"} if group else {})}
    ]
    assert on.keys == ["key-1"]


def test_a_reversal_says_what_it_is_for() -> None:
    """Of the one transfer, under its key."""
    on = Line(reversals=made("transfer_reversal", "trr_1", amount=900))

    create_reversal(on.client, paid(), TakeBack("tr_1", 900, "0r2", 2, 4252), "key-2")

    marks = {"app": "coaching-payments", "paymentIntentId": "pi_1", "slot": "0r2"}
    assert on.sent == [{"amount": "900", **{f"metadata[{key}]": value for key, value in marks.items()}}]
    assert (on.urls, on.keys) == (["/v1/transfers/tr_1/reversals"], ["key-2"])


def test_a_write_for_a_payment_of_an_earlier_name_bears_the_payments_own_mark() -> None:
    """Whoever still runs under the earlier name sends the same bytes."""
    on = Line(transfers=transfer(), reversals=made("transfer_reversal", "trr_1", amount=900))
    client = on.client_of("north", "default")
    earlier, own = paid(), replace(paid(), intent=intent({"app": "coaching-payments:north"}))

    for one in (earlier, own):
        create_transfer(client, one, Pay(4252, "0", True), "acct_1", "key")
        create_reversal(client, one, TakeBack("tr_1", 900, "0r0", 0, 900), "key")

    assert [sent["metadata[app]"] for sent in on.sent] == ["coaching-payments"] * 2 + ["coaching-payments:north"] * 2
