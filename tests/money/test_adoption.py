"""Payments of the Node backend: ours from the moment at which we move their money, and not before."""

from __future__ import annotations

from structlog.testing import capture_logs

from backend.domain.namespace import UNNAMED
from backend.domain.states import MoneyState
from backend.services import Services
from backend.services.settlement.settle import Settlement
from tests.builders import Marketplace
from tests.money.wide_world import pay_by_hand, with_funds


def adopt(market: Marketplace, payment: str) -> Settlement:
    """Settle a payment of the Node backend, as ``flask reconcile --adopt`` does."""
    services: Services = market.app.extensions["payments"]
    return services.settler.settle(payment, adopt=True)


def marks(market: Marketplace, payment: str) -> dict[str, str]:
    """The metadata that this backend wrote onto a payment of the Node backend."""
    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    ours = ("app", "coachKey", "coachAccountId", "alsoPaidBy")
    return {key: metadata[key] for key in ours if key in metadata}


def test_adopting_writes_the_marker_and_the_payee(market: Marketplace) -> None:
    """So that every trigger knows the payment from then on; it is said in the log."""
    account = market.ready_coach()
    payment = market.node_payment()

    with capture_logs() as logs:
        adopt(market, payment)

    assert marks(market, payment) == {
        "app": "coaching-payments",
        "coachKey": UNNAMED.registry_id("coach-1"),
        "coachAccountId": account,
    }
    adopted = [line for line in logs if line["event"] == "payment.adopted"]
    assert [(line["payment"], line["coach"]) for line in adopted] == [(payment, "coach-1")]


def test_a_payment_that_was_adopted_is_paid_when_its_coach_becomes_ready(market: Marketplace) -> None:
    """It is found by its mark; nobody asks for it again."""
    account = market.register()
    payment = market.node_payment()
    assert adopt(market, payment).state == "held"

    market.onboard(account)
    market.deliver()

    assert (market.held(payment), market.note(payment)) == (4252, None)


def test_a_payment_adopted_without_a_coach_names_no_account(market: Marketplace) -> None:
    """The one who registers later is paid."""
    payment = market.node_payment()
    adopt(market, payment)
    assert "coachAccountId" not in marks(market, payment)

    market.ready_coach()

    assert market.held(payment) == 4252


def test_what_was_sent_by_hand_before_is_kept_on_the_payment(market: Marketplace) -> None:
    """Outside its group; and while the payment is young also what is in the group, so that a late event looks."""
    account = market.ready_coach()
    payment = market.node_payment()
    with_funds(market)
    inside = pay_by_hand(market, account, 1000, source_transaction=market.charge(payment))
    first = pay_by_hand(market, account, 1000, metadata={"for": payment})
    market.clock.advance(1)
    second = pay_by_hand(market, account, 252, metadata={"for": payment})

    settlement = adopt(market, payment)

    assert (settlement.state, settlement.moved) == (MoneyState.SETTLED, 2000)
    assert marks(market, payment)["alsoPaidBy"] == f"{inside},{first},{second}"


def test_a_payment_of_which_nothing_is_left_stays_the_node_backends(market: Marketplace) -> None:
    """It was refunded in full and nothing was sent: there is nothing to adopt."""
    market.ready_coach()
    payment = market.node_payment()
    market.refund_in_dashboard(payment, 4725)

    settlement = adopt(market, payment)

    assert (settlement.state, settlement.moved, marks(market, payment)) == (MoneyState.SETTLED, 0, {})


def test_a_refunded_payment_for_which_node_paid_is_taken_over(market: Marketplace) -> None:
    """The coach has to give it back, so it is ours to follow."""
    account = market.ready_coach()
    payment = market.node_payment()
    pay_by_hand(market, account, source_transaction=market.charge(payment))
    market.refund_in_dashboard(payment, 4725)

    settlement = adopt(market, payment)

    assert (settlement.moved, market.held(payment)) == (-4252, 0)
    assert marks(market, payment)["app"] == "coaching-payments"


def test_a_refunded_payment_that_this_backend_never_paid_is_not_ours(market: Marketplace) -> None:
    """Node's own transfer on it is no reason to touch it; nor is a payment that nobody refunded looked through."""
    account = market.ready_coach()
    payment, untouched = market.node_payment(), market.node_payment()
    pay_by_hand(market, account, source_transaction=market.charge(payment))
    market.refund_in_dashboard(payment, 4725)
    assert market.settle(payment).state == MoneyState.NOT_OURS
    market.forget_calls()

    assert market.settle(untouched).state == MoneyState.NOT_OURS

    assert market.calls() == [f"GET /v1/payment_intents/{untouched}"]
    assert market.held(payment) == 4252


def test_a_disputed_payment_that_an_earlier_version_paid_is_ours(market: Marketplace) -> None:
    """A dispute leaves the charge's refunds at zero."""
    account = market.ready_coach()
    payment = market.node_payment()
    metadata = {"app": "coaching-payments", "paymentIntentId": payment}
    pay_by_hand(market, account, source_transaction=market.charge(payment), metadata=metadata)

    market.dispute(payment)
    market.deliver()

    assert market.held(payment) == 0
    assert marks(market, payment)["app"] == "coaching-payments"
