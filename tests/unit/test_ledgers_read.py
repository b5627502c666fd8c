"""Ledgers, and releases of payments that wait for an account, from what Stripe answers."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.services.errors import Conflict, Forbidden, NotFound, Undecided
from backend.services.settlement.ledger import Ledger, RefundLine, ledger_of
from backend.services.settlement.releases import Releases
from tests.conftest import NOW
from tests.unit.given import OURS, PURCHASE, TODAY, Line, charge, intent, made, pages, refund, transfer
from tests.unit.positions_given import answered, dispute, with_charge
from tests.unit.registry_given import ACCOUNTS, ID, NONE, account, product, registry

GONE = (403, "account_invalid")


# The ledger.


def ledger(on: Line) -> Ledger:
    """The ledger of the payment."""
    return ledger_of(on.client_of_v1, registry(on), "pi_1")


def in_parts() -> Line:
    """A payment with a note, of which parts were refunded, taken back, and sent by hand."""
    back = {"object": "list", "data": [], "has_more": False, "url": "/v1/x", "total_count": 1}
    source = charge(amount_refunded=725).to_dict()
    ours = transfer("tr_1", 4252, amount_reversed=652, reversals=back, source_transaction=source)
    hand = transfer("tr_2", 100, metadata={"for": "pi_1"}, source_transaction=None)
    strange = made("refund", "re_3", amount=1, status=None)
    return Line(
        TODAY,
        pi_1=intent({"settlement": f"held:refused:0.0:{NOW}"}, latest_charge=charge().to_dict()),
        transfers=[pages(hand), pages(ours)],
        tr_2=hand,
        refunds=pages(refund("re_1", 725), refund("re_2", 300, "failed"), strange),
    )


def test_a_ledger_divides_what_was_charged() -> None:
    """Refunds with their state; transfers by hand are told apart."""
    told = ledger(in_parts())

    lines = (RefundLine("re_1", 725, "succeeded"), RefundLine("re_2", 300, "failed"), RefundLine("re_3", 1, "unknown"))
    assert told == Ledger(
        "pi_1",
        "succeeded",
        "cad",
        charged=4725,
        refunded=726,
        kept=3999,
        fee=400,
        due=3599,
        transferred=4352,
        reversed=652,
        held=3700,
        note=f"held:refused:0.0:{NOW}",
        refunds=lines,
        by_hand=100,
    )
    assert (told.owed, told.balances) == (-101, False)


def test_a_ledger_names_what_is_disputed() -> None:
    """And balances where the coach holds nothing of it."""
    on = Line(
        TODAY,
        pi_1=answered(disputed=True),
        transfers=[pages(), pages()],
        refunds=pages(),
        disputes=pages(dispute()),
    )

    told = ledger(on)

    assert (told.charged, told.disputed, told.kept, told.due, told.held) == (4725, 4725, 0, 0, 0)
    assert (told.note, told.balances) == (None, True)


def test_a_ledger_shows_a_refund_that_failed() -> None:
    """The charge says nothing of it any more."""
    failed = pages(refund("re_1", 725, "failed"))
    on = Line(TODAY, pi_1=answered(), transfers=[pages(), pages(with_charge())], refunds=failed)

    assert ledger(on).refunds == (RefundLine("re_1", 725, "failed"),)


def test_a_ledger_looks_through_every_page_of_the_payees_transfers() -> None:
    """People ask for one payment at a time."""
    other = transfer("tr_9", metadata={"for": "pi_2"}, source_transaction=None)
    many = made("list", "", data=[other.to_dict()] * 100, has_more=True, url="/v1/transfers")
    on = Line(TODAY, pi_1=answered(), transfers=[*[many] * 4, pages(), pages(with_charge())], refunds=pages())

    assert ledger(on).held == 4252


@pytest.mark.parametrize(("marks", "accounts"), [(OURS, 0), ({}, 1)], ids=["ours", "the Node backend's"])
def test_a_ledger_of_a_payment_of_the_node_backend_looks_at_every_account_of_the_coach(
    marks: dict[str, str], accounts: int
) -> None:
    """Nobody knows to which it was paid."""
    sold = made("payment_intent", "pi_1", **{**answered().to_dict(), "metadata": {**PURCHASE, **marks}})
    listed = [*[pages()] * accounts, pages(), pages(with_charge())]
    on = Line(TODAY, pi_1=sold, transfers=listed, accounts=pages(account()), refunds=pages())

    assert ledger(on).held == 4252
    assert on.asked.count("accounts") == accounts


def test_a_transfer_to_a_former_account_of_the_coach_that_is_gone_is_in_the_ledger() -> None:
    """The registry remembers the account."""
    hand = transfer("tr_2", 100, metadata={"for": "pi_1"}, source_transaction=None, destination=ACCOUNTS[0])
    on = Line(TODAY, pi_1=answered(), transfers=[pages(), pages(hand)], refunds=pages())
    on.objects |= {ACCOUNTS[0]: GONE, ID: product()}

    assert ledger(on).by_hand == 100


def test_reversals_that_the_transfers_list_leaves_out_are_read() -> None:
    """Only where something came back."""
    short = transfer("tr_1", amount_reversed=252, source_transaction=charge().to_dict())
    one = made("transfer_reversal", "trr_1", amount=252, created=NOW, metadata={})
    on = Line(TODAY, pi_1=answered(), transfers=[pages(), pages(short)], refunds=pages(), reversals=pages(one))

    assert ledger(on).reversed == 252


def test_a_persons_word_stands_in_the_ledger() -> None:
    """Instead of a note."""
    metadata = {"settlementMode": "manual", "settlement": f"held:refused:0.0:{NOW}"}
    on = Line(TODAY, pi_1=intent(metadata, latest_charge=charge().to_dict()), transfers=[pages()] * 2, refunds=pages())

    assert ledger(on).note == "manual"


@pytest.mark.parametrize("times", [1, 2], ids=["at once", "meanwhile"])
def test_a_payment_that_is_not_paid_has_an_empty_ledger(times: int) -> None:
    """Also one that was paid when it was first read."""
    unpaid = intent(latest_charge=None, status="processing")
    answers = [unpaid] if times == 1 else [answered(), unpaid]
    on = Line(pi_1=answers, transfers=[pages()] * 2)

    status = "processing" if times == 1 else "succeeded"
    assert ledger(on) == Ledger("pi_1", status, "cad")


def test_a_stranger_has_no_ledger() -> None:
    """It was not sold here."""
    with pytest.raises(NotFound, match="no such payment"):
        ledger(Line(pi_1=NONE))


# A release.


def waiting(frozen: str = "", note: str | None = None, **metadata: str) -> Any:
    """A payment that waits, frozen to an account or to none."""
    given = {**PURCHASE, **OURS, **metadata, "coachAccountId": frozen, "settlement": note or ""}
    known = {key: value for key, value in given.items() if value}
    return made("payment_intent", "pi_1", **{**answered().to_dict(), "metadata": known})


def release(on: Line, to: str = ACCOUNTS[0]) -> dict[str, str]:
    """Release the payment to an account; the metadata that was written."""
    Releases(on.client, registry(on)).release("pi_1", to)
    (sent,) = (fields for fields in on.sent if fields)
    return {key.removeprefix("metadata[").removesuffix("]"): value for key, value in sent.items()}


def test_a_payment_without_an_account_is_released_to_the_registered_one() -> None:
    """In four calls, and it is logged."""
    on = Line(TODAY, **{"pi_1": waiting(), ID: product(), ACCOUNTS[0]: account()})
    with capture_logs() as logs:
        assert release(on) == {"coachAccountId": ACCOUNTS[0]}

    assert on.asked == ["pi_1", ID, ACCOUNTS[0], "pi_1"]
    facts = {"payment": "pi_1", "account": ACCOUNTS[0], "was": None, "coach": "coach-1"}
    assert logs == [{"event": "payment.released", "log_level": "info", **facts}]


@pytest.mark.parametrize(
    ("note", "written"),
    [
        (f"held:refused:2.3:{NOW}p:4252", {"settlement": f"held:no_account:2.3:{NOW}p:4252"}),
        (f"held:account_gone:0.0:{NOW}", {}),
    ],
)
def test_a_refusal_waits_for_an_account_from_then_on(note: str, written: dict[str, str]) -> None:
    """Its slot and generation stay, so that others ask under the same key."""
    on = Line(TODAY, **{"pi_1": waiting(note=note), ID: product(), ACCOUNTS[0]: account()})

    assert release(on) == {"coachAccountId": ACCOUNTS[0], **written}


@pytest.mark.parametrize("entry", [NONE, product(account="")], ids=["none", "damaged"])
def test_a_coach_who_has_not_registered_has_no_account_to_release_to(entry: Any) -> None:
    """Nothing is written."""
    on = Line(TODAY, **{"pi_1": waiting(), ID: entry})

    with pytest.raises(Conflict) as raised:
        release(on)

    assert raised.value.message == "The coach has not registered yet, so there is no account to release to."


def test_an_account_that_is_not_the_coachs_is_refused() -> None:
    """The answer names the one that is."""
    on = Line(TODAY, **{"pi_1": waiting(), ID: product()})

    with pytest.raises(Forbidden) as raised:
        release(on, ACCOUNTS[1])

    said = f"The coach is registered with {ACCOUNTS[0]}. See in the Stripe Dashboard that it is the coach's own account"
    assert raised.value.message == f"{said}, and name that one."


def test_an_account_that_is_gone_is_refused() -> None:
    """The answer names the command that mends it."""
    on = Line(TODAY, **{"pi_1": waiting(), ID: product(), ACCOUNTS[0]: GONE})

    with pytest.raises(Conflict) as raised:
        release(on)

    assert raised.value.message == (
        f"{ACCOUNTS[0]} is closed or rejected itself, and nothing can be sent to it. Bind the coach to another account "
        "first: flask coaches rebind coach-1 --to acct_… --why …"
    )


FROZEN = "acct_88888888"


def test_an_account_that_stands_is_not_replaced() -> None:
    """The money is its coach's."""
    on = Line(TODAY, **{"pi_1": waiting(FROZEN), FROZEN: account()})

    with pytest.raises(Conflict) as raised:
        release(on)

    assert raised.value.message == f"The coach had an account at purchase already: {FROZEN}."


@pytest.mark.parametrize("was", ["", "acct_77777777"])
def test_an_account_that_is_gone_is_replaced_and_kept_on_the_payment(was: str) -> None:
    """Behind those before it."""
    more = {"coachAccountWas": was} if was else {}
    on = Line(TODAY, **{"pi_1": waiting(FROZEN, **more), ID: product(), ACCOUNTS[0]: account(), FROZEN: GONE})
    on.objects |= {"transfers": [pages()] * 2, "refunds": pages()}

    kept = f"{was},{FROZEN}" if was else FROZEN
    with capture_logs() as logs:
        written = release(on)
    assert [line["was"] for line in logs] == [FROZEN]
    assert written == {"coachAccountId": ACCOUNTS[0], "coachAccountWas": kept}


def test_a_payment_whose_last_transfer_may_still_come_is_not_released() -> None:
    """It would be paid twice."""
    on = Line(TODAY, **{"pi_1": waiting(FROZEN, f"unknown:0.0:{NOW}"), FROZEN: GONE})

    with pytest.raises(Undecided) as raised:
        release(on)

    said = "Stripe has not said yet what became of the last transfer of this payment. Settle it in three hours, and"
    assert raised.value.message == f"{said} release it then."


def test_a_payment_of_which_a_gone_account_holds_something_is_not_released() -> None:
    """The answer says how much."""
    on = Line(TODAY, **{"pi_1": waiting(FROZEN), FROZEN: GONE, "transfers": [pages(), pages(with_charge())]})
    on.objects["refunds"] = pages()

    with pytest.raises(Conflict) as raised:
        release(on)

    assert raised.value.message == (
        f"{FROZEN} is gone, but still holds 4252 of this payment, in minor units. Get that back first, or leave the "
        "payment to yourself: flask settle --manual."
    )
