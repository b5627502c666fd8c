"""The documented test cards, one by one, and what happens to a payment afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from backend.sandbox.state.cards import CARDS, luhn
from tests.sandbox.conftest import Platform


@pytest.mark.parametrize(
    "card", [card for card in CARDS if card.decline and not card.authenticate], ids=lambda card: card.last4
)
def test_declining_cards_decline_as_documented(platform: Platform, card: Any) -> None:
    """Code, decline code, message and param on the error; the code on the charge."""
    with pytest.raises(stripe.CardError) as declined:
        platform.paid(card=card.tokens[0])

    error: Any = declined.value.error
    charge = platform.v1.charges.retrieve(error.charge)
    told = (error.code, getattr(error, "decline_code", None), error.message, getattr(error, "param", None))
    assert told == (card.decline.code, card.decline.decline_code, card.decline.message, card.decline.param)
    assert (charge.failure_code, charge.status) == (card.decline.code, "failed")
    assert error.doc_url.endswith(card.decline.code.replace("_", "-"))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.last4)
def test_card_numbers_are_valid(card: Any) -> None:
    """By their check digit."""
    assert luhn(card.number)


def test_a_decline_is_told_by_two_events(platform: Platform) -> None:
    """Of the charge, and of the payment with its error."""
    with pytest.raises(stripe.CardError):
        platform.paid(card="pm_card_visa_chargeDeclined")
    newest = platform.v1.events.list({"limit": 2}).data

    assert [event.type for event in newest] == ["payment_intent.payment_failed", "charge.failed"]
    failed: Any = newest[0].data.object
    assert failed.last_payment_error.decline_code == "generic_decline"


@pytest.mark.parametrize("token", ["pm_card_authenticationRequired", "pm_card_threeDSecure2Required"])
def test_an_absent_player_cannot_authenticate(platform: Platform, token: str) -> None:
    """Off session, a card that wants 3-D Secure is declined."""
    with pytest.raises(stripe.CardError) as declined:
        platform.paid(card=token, off_session=True)

    assert declined.value.error.decline_code == "authentication_required"


def test_a_challenge_is_void_once_another_card_has_paid(platform: Platform) -> None:
    """Its page cannot charge the player a second time."""
    intent = platform.paid(card="pm_card_authenticationRequired")
    page = intent.next_action.use_stripe_sdk.stripe_js
    never: Any = {"payment_method": "pm_card_visa", "return_url": "http://shop.test"}
    platform.v1.payment_intents.confirm(intent.id, never)

    answer = platform.raw("POST", page.removeprefix("http://stripe.test"), key=None, data={"outcome": "authorise"})

    assert answer.status_code == 404
    assert len(platform.v1.charges.list({"payment_intent": intent.id}).data) == 1


def test_a_challenge_leads_back_to_the_shop(platform: Platform) -> None:
    """With the intent, its secret and the outcome in the address."""
    intent = platform.paid(card="pm_card_authenticationRequired", return_url="http://shop.test/done?a=1")
    url = intent.next_action.redirect_to_url.url
    answer = platform.raw("POST", url.removeprefix("http://stripe.test"), key=None, data={"outcome": "authorise"})

    assert answer.status_code == 303
    assert answer.headers["Location"] == (
        f"http://shop.test/done?a=1&payment_intent={intent.id}"
        f"&payment_intent_client_secret={intent.client_secret}&redirect_status=succeeded"
    )


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("pm_card_threeDSecureRequiredChargeDeclined", "generic_decline"),
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "insufficient_funds"),
    ],
)
def test_a_card_may_be_declined_after_its_challenge(platform: Platform, token: str, reason: str) -> None:
    """Authentication is no promise of money: the outcome is a failed charge, and nothing in the balance."""
    intent = platform.paid(card=token)
    assert intent.status == "requires_action"
    platform.control(f"/payment_intents/{intent.id}/authenticate")

    after: Any = platform.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (after.status, after.last_payment_error.decline_code) == ("requires_payment_method", reason)
    assert (after.latest_charge.status, platform.funds()) == ("failed", (0, 0))


def test_a_challenge_that_is_optional_is_made_when_asked_for(platform: Platform) -> None:
    """By the platform, in payment_method_options."""
    options: Any = {"card": {"request_three_d_secure": "challenge"}}

    assert platform.paid(card="pm_card_threeDSecureOptional").status == "succeeded"
    asked = platform.paid(card="pm_card_threeDSecureOptional", payment_method_options=options)
    assert asked.status == "requires_action"


def test_a_test_card_that_is_not_imitated_is_named(platform: Platform) -> None:
    """It is not said to be missing: Stripe has it."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.paid(card="pm_card_riskLevelElevated")

    assert (refusal.value.code, refusal.value.param) == ("sandbox_unsupported", "payment_method")


def test_bypassing_cards_are_available_at_once(platform: Platform) -> None:
    """Others wait for two midnights."""
    platform.paid(card="pm_card_bypassPending")
    assert platform.funds() == (9_680, 0)
    platform.paid()
    assert platform.funds() == (9_680, 9_680)
    platform.clock.advance(2 * 86_400)

    assert platform.funds() == (19_360, 0)


def test_a_pending_refund_succeeds_later(platform: Platform) -> None:
    """With refund.updated."""
    payment = platform.paid(card="pm_card_pendingRefund")
    refund = platform.v1.refunds.create({"payment_intent": payment.id})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    platform.clock.advance(10)

    assert platform.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_a_failing_refund_gives_the_money_back_to_the_platform(platform: Platform) -> None:
    """It looks fine at first."""
    payment = platform.paid(card="pm_card_refundFail")
    refund = platform.v1.refunds.create({"payment_intent": payment.id, "amount": 4_000})
    assert (refund.status, platform.funds()) == ("succeeded", (0, 5_680))
    platform.clock.advance(10)

    after = platform.v1.refunds.retrieve(refund.id)
    charge: Any = platform.v1.payment_intents.retrieve(payment.id, {"expand": ["latest_charge"]}).latest_charge
    assert (after.status, after.failure_reason) == ("failed", "expired_or_canceled_card")
    assert (charge.amount_refunded, platform.funds()) == (0, (0, 9_680))
    assert platform.v1.events.list({"limit": 1}).data[0].type == "refund.failed"


def test_a_disputing_card_is_disputed_soon_after(platform: Platform) -> None:
    """And the dispute can be answered with the test evidence."""
    payment = platform.paid(card="pm_card_createDispute")
    platform.clock.advance(10)
    (dispute,) = platform.v1.disputes.list({"payment_intent": payment.id}).data
    assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")

    won = platform.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})

    assert won.status == "won"
    assert sum(entry.net for entry in won.balance_transactions) == 0


def test_an_inquiry_moves_no_money_until_it_is_escalated(platform: Platform) -> None:
    """Then it is a dispute like any other."""
    charge: Any = platform.paid(card="pm_card_createDisputeInquiry").latest_charge
    platform.clock.advance(10)
    (inquiry,) = platform.v1.disputes.list({"charge": charge.id}).data
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])

    platform.control(f"/disputes/{inquiry.id}/lose")

    after = platform.v1.disputes.retrieve(inquiry.id)
    assert (after.status, len(after.balance_transactions)) == ("needs_response", 1)


def test_a_saved_card_pays_again_and_an_unsaved_one_does_not(platform: Platform) -> None:
    """Attached to its customer, or good for one payment."""
    customer = platform.v1.customers.create({"payment_method": "pm_card_visa"})
    (saved,) = platform.v1.payment_methods.list({"customer": customer.id}).data
    for _ in range(2):
        assert platform.paid(card=saved.id, customer=customer.id).status == "succeeded"

    unsaved = str(platform.paid().payment_method)
    with pytest.raises(stripe.InvalidRequestError, match="previously used"):
        platform.paid(card=unsaved)


def test_a_declining_card_cannot_be_saved(platform: Platform) -> None:
    """But for the one made for that."""
    customer = platform.v1.customers.create({})
    with pytest.raises(stripe.CardError) as declined:
        platform.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": customer.id})
    assert (declined.value.param, declined.value.http_status) == ("", 402)
    saved = platform.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})

    assert saved.customer == customer.id


def test_a_server_may_not_send_card_numbers(platform: Platform) -> None:
    """Only a browser may."""
    with pytest.raises(stripe.InvalidRequestError, match="generally unsafe"):
        platform.v1.payment_methods.create(
            {"type": "card", "card": {"number": "4242424242424242", "exp_month": 1, "exp_year": 2030}}
        )
