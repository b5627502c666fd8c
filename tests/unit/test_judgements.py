"""The sweep decides about a payment from what the books show, at no call: leave, tell, wait, or settle."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.namespace import Namespace
from backend.services.reconcile.books import Traces
from backend.services.reconcile.joins import Judgement, Verdict, judge, was_paid_lately
from tests.conftest import NOW
from tests.unit.given import PURCHASE, charge, intent, made, refund, transfer


def traces(**changes: Any) -> Traces:
    """A payment that balances: paid, and its share sent."""
    given: dict[str, Any] = {"intent": intent(), "charges": {"ch_1": charge()}, "transfers": {"tr_1": transfer()}}
    return Traces(**{**given, **changes})


def verdict(one: Traces, adopt: bool = False) -> Verdict:
    """The decision, in a deployment without a namespace."""
    return judge(one, adopt, NOW, Namespace("")).verdict


def test_a_paid_payment_whose_share_was_sent_is_told() -> None:
    """With the payment and its money, as settling would have read them."""
    judged = judge(traces(), False, NOW, Namespace(""))

    assert judged.verdict == Verdict.TELL
    assert judged.payment is not None
    assert judged.view is not None
    assert (judged.payment.id, judged.payment.at, judged.payment.charge) == ("pi_1", NOW, charge())
    position = judged.view.position
    assert (position.captured, position.refunded, position.disputed, position.target, position.held) == (
        4725,
        0,
        0,
        4252,
        4252,
    )
    assert (judged.view.payment, judged.view.listed, judged.view.destination) == (judged.payment, True, None)
    assert [one.id for one in judged.view.transfers] == ["tr_1"]


@pytest.mark.parametrize("amount", [4251, 4253])
def test_one_cent_too_little_or_too_much_is_settled(amount: int) -> None:
    """The share is exact."""
    assert verdict(traces(transfers={"tr_1": transfer(amount=amount)})) == Verdict.SETTLE


def test_parts_that_make_up_the_share_balance() -> None:
    """Less what was taken back of them."""
    parts = {"tr_1": transfer(amount=4000), "tr_2": transfer("tr_2", 1252, amount_reversed=1000)}

    assert verdict(traces(transfers=parts)) == Verdict.TELL


def test_a_refund_that_the_charge_shows_lowers_the_share() -> None:
    """And is kept in the view, so that its end is told."""
    one = traces(
        charges={"ch_1": charge(amount_refunded=1000)},
        refunds={"re_1": refund()},
        transfers={"tr_1": transfer(amount_reversed=900)},
    )
    judged = judge(one, False, NOW, Namespace(""))

    assert judged.verdict == Verdict.TELL
    assert judged.view is not None
    assert (judged.view.position.refunded, judged.view.position.target) == (1000, 3352)
    assert [one.id for one in judged.view.refunds] == ["re_1"]


@pytest.mark.parametrize(
    ("shown", "refunds"),
    [(1000, {}), (0, {"re_1": refund()}), (999, {"re_1": refund()}), (1000, {"re_1": refund(status="failed")})],
    ids=["unseen", "not on the charge", "another sum", "it came back"],
)
def test_refunds_that_do_not_make_up_the_charges_sum_are_looked_at(shown: int, refunds: dict[str, Any]) -> None:
    """Such a payment is looked at: what was read is not all there is to know."""
    held = transfer(amount_reversed=900 if shown else 0)
    one = traces(charges={"ch_1": charge(amount_refunded=shown)}, refunds=refunds, transfers={"tr_1": held})

    assert verdict(one) == Verdict.SETTLE


@pytest.mark.parametrize(
    "changes",
    [
        {"needs_look": True},
        {"charges": {}},
        {"charges": {"ch_1": charge(), "ch_2": charge()}},
        {"charges": {"ch_2": charge()}},
        {"charges": {"ch_1": charge(disputed=True)}},
        {"disputes": {"dp_1": made("dispute", "dp_1")}},
        {"intent": intent({"settlement": "held:refused:0.0:1"})},
        {"intent": intent({"settlementMode": "auto"})},
        {"intent": intent({"disputeSeen": "true"})},
        {"intent": intent({"alsoPaidBy": "tr_9"})},
        {"intent": intent({"clips": "many"})},
        {"intent": intent(status="requires_payment_method")},
        {"intent": None},
        {"transfers": {}},
    ],
    ids=[
        "something was undone",
        "no charge",
        "two charges",
        "not its last charge",
        "disputed",
        "a dispute that its charge does not show",
        "noted",
        "a person was here",
        "a dispute was seen",
        "paid by one that is not here",
        "damaged",
        "not paid any more",
        "nobody knows what was sold",
        "nothing sent",
    ],
)
def test_what_the_books_cannot_explain_is_settled(changes: dict[str, Any]) -> None:
    """One look each."""
    assert verdict(traces(**changes)) == Verdict.SETTLE


def test_what_was_also_paid_by_a_transfer_of_the_books_balances() -> None:
    """The payment names it, so later looks find it."""
    by_hand = transfer("tr_9", 1252, source_transaction=None, transfer_group=None, metadata={"for": "pi_1"})
    both = {"tr_1": transfer(amount=3000), "tr_9": by_hand}

    assert verdict(traces(intent=intent({"alsoPaidBy": "tr_9"}), transfers=both)) == Verdict.TELL
    assert verdict(traces(intent=intent({"alsoPaidBy": "tr_8,tr_9"}), transfers=both)) == Verdict.SETTLE


def test_a_payment_that_a_person_settles_is_told_whatever_it_holds() -> None:
    """Its money is not reckoned."""
    judged = judge(traces(intent=intent({"settlementMode": "manual"}), transfers={}), False, NOW, Namespace(""))

    assert (judged.verdict, judged.view) == (Verdict.TELL, None)
    assert judged.payment is not None


def test_a_debit_under_way_is_waited_for_unless_something_was_undone() -> None:
    """Its charge is in the books already, or not."""
    under_way = intent(status="processing")

    assert verdict(traces(intent=under_way, charges={})) == Verdict.PENDING
    assert verdict(traces(intent=under_way)) == Verdict.PENDING
    assert verdict(traces(intent=under_way, needs_look=True)) == Verdict.SETTLE


@pytest.mark.parametrize("metadata", [{}, {"order": "7"}], ids=str)
def test_a_strangers_payment_is_left_alone(metadata: dict[str, str]) -> None:
    """Whatever happened to it, and also where Node payments are adopted."""
    stranger = made("payment_intent", "pi_1", metadata=metadata, status="succeeded")

    assert judge(traces(intent=stranger, needs_look=True), True, NOW, Namespace("")) == Judgement(Verdict.LEAVE)


def test_another_deployments_payment_is_named_as_such() -> None:
    """The report counts them."""
    anothers = intent(Namespace("blue").mark)

    assert judge(traces(intent=anothers), True, NOW, Namespace("green")) == Judgement(Verdict.ANOTHERS)


def node(**changes: Any) -> Traces:
    """A payment of the Node backend, whose share somebody else sent."""
    sold = {key: value for key, value in PURCHASE.items() if key not in ("coachAccountId", "feePercent")}
    by_node = transfer(metadata={})
    given = {
        "intent": made("payment_intent", "pi_1", metadata=sold, status="succeeded"),
        "transfers": {"tr_1": by_node},
    }
    return traces(**{**given, **changes})


def test_a_node_payment_is_settled_where_a_person_adopts() -> None:
    """Otherwise it is left alone."""
    assert (verdict(node()), verdict(node(), adopt=True)) == (Verdict.LEAVE, Verdict.SETTLE)


@pytest.mark.parametrize(
    "changes",
    [
        {"refunds": {"re_1": refund()}},
        {"disputes": {"dp_1": made("dispute", "dp_1")}},
        {"needs_look": True},
        {"transfers": {"tr_1": transfer()}},
    ],
    ids=["refunded", "disputed", "undone", "paid by us"],
)
def test_a_node_payment_that_changed_or_that_we_paid_is_looked_at(changes: dict[str, Any]) -> None:
    """Settling decides whether it is ours by now."""
    assert verdict(node(**changes)) == Verdict.SETTLE


@pytest.mark.parametrize(
    "stray",
    [
        transfer("tr_2", 100, source_transaction=None, transfer_group="other", metadata={"for": "pi_1"}),
        transfer("tr_2", 100, source_transaction=None, transfer_group=None, metadata={"for": "pi_1"}),
        transfer("tr_2", 100, destination="acct_2"),
        transfer("tr_2", 100, currency="usd"),
    ],
    ids=["another group", "no group", "another payee", "another currency"],
)
def test_a_transfer_that_has_to_be_explained_or_remembered_is_looked_at(stray: Any) -> None:
    """Also where the rest makes up the share."""
    assert verdict(traces(transfers={"tr_1": transfer(), "tr_2": stray})) == Verdict.SETTLE


def test_a_hand_made_transfer_of_the_payments_group_is_found_by_later_looks() -> None:
    """So there is nothing to remember; it counts like any other."""
    by_hand = transfer("tr_2", 252, source_transaction=None, metadata={"for": "pi_1"})
    one = traces(transfers={"tr_1": transfer(amount=4000), "tr_2": by_hand})

    assert verdict(one) == Verdict.TELL


def test_a_hand_made_transfer_that_fills_up_the_share_has_to_be_remembered() -> None:
    """Later looks would not find it, and would pay its part again."""
    by_hand = transfer("tr_2", 252, source_transaction=None, transfer_group=None, metadata={"for": "pi_1"})

    assert verdict(traces(transfers={"tr_1": transfer(amount=4000), "tr_2": by_hand})) == Verdict.SETTLE


def test_a_transfer_from_the_charge_is_the_payments_whoever_made_it() -> None:
    """It carries no mark of ours."""
    assert verdict(traces(transfers={"tr_1": transfer(metadata={})})) == Verdict.TELL


@pytest.mark.parametrize(
    ("stray", "said"),
    [
        (transfer(transfer_group="other"), Verdict.TELL),
        (transfer("tr_2", source_transaction="ch_9", metadata={}), Verdict.TELL),
    ],
    ids=["from the charge, in another group", "from another charge"],
)
def test_a_source_says_whose_a_transfer_is(stray: Any, said: Verdict) -> None:
    """Whatever its group, and whatever else was sent to the same coach."""
    assert verdict(traces(transfers={"tr_1": transfer(), stray.id: stray})) == said


def test_a_transfer_of_this_deployment_is_the_payments_whatever_its_source() -> None:
    """A debit that bounced and was paid again has two charges; the mark names the deployment."""
    blue = Namespace("blue")
    marks = {**blue.mark, "paymentIntentId": "pi_1", "coachId": "coach-1", "slot": "0"}
    one = traces(intent=intent(blue.mark), transfers={"tr_1": transfer(source_transaction="ch_0", metadata=marks)})

    assert judge(one, False, NOW, blue).verdict == Verdict.TELL


def judged(**metadata: str) -> Judgement:
    """A balanced payment with this beside its purchase."""
    return judge(traces(intent=intent(metadata)), False, NOW, Namespace(""))


@pytest.mark.parametrize(
    ("paid_at", "lately"), [("100", True), ("101", True), ("99", False), ("", True), ("x", True), ("-5", True)]
)
def test_money_that_came_within_the_window_is_told(paid_at: str, lately: bool) -> None:
    """And money of which nobody noted when it came."""
    assert was_paid_lately(judged(paidAt=paid_at), 100) is lately


def test_a_payment_of_which_nobody_noted_when_it_came_is_told() -> None:
    """A card's money comes at once, and is noted nowhere."""
    assert was_paid_lately(judged(), 100)


def test_a_payment_that_was_not_reckoned_may_have_been_paid_lately() -> None:
    """It is told once more rather than never."""
    assert was_paid_lately(Judgement(Verdict.SETTLE), 100)
