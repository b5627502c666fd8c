"""Money that is held first and taken later, and payments whose server has the last word."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform

DAY = 86_400


def _held(platform: Platform, **params: Any) -> Any:
    return platform.paid(10_000, capture_method="manual", **params)


def _told(platform: Platform) -> list[str]:
    return [str(event.type) for event in platform.v1.events.list({"limit": 100}).data][::-1]


def test_held_money_is_nobodys(platform: Platform) -> None:
    """The intent waits to be captured, and no balance has moved."""
    intent = _held(platform)
    charge = intent.latest_charge

    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 10_000, 0)
    assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == ("succeeded", True, False, 0)
    assert charge.balance_transaction is None
    assert platform.funds() == (0, 0)
    assert _told(platform) == [
        "payment_intent.created",
        "payment_intent.amount_capturable_updated",
        "charge.succeeded",
    ]


@pytest.mark.parametrize(("taken", "fee"), [(10_000, 320), (6_001, 204), (50, 31)])
def test_what_is_captured_is_booked(platform: Platform, taken: int, fee: int) -> None:
    """All of it or a part; the rest goes back to the card."""
    intent = _held(platform)
    done: Any = platform.v1.payment_intents.capture(
        intent.id, {"amount_to_capture": taken, "expand": ["latest_charge.balance_transaction"]}
    )

    assert (done.status, done.amount, done.amount_received, done.amount_capturable) == ("succeeded", 10_000, taken, 0)
    assert (done.latest_charge.amount_captured, done.latest_charge.amount_refunded) == (taken, 10_000 - taken)
    assert done.latest_charge.balance_transaction.net == taken - fee
    assert platform.funds() == (0, taken - fee)
    assert _told(platform)[-2:] == ["charge.captured", "payment_intent.succeeded"]


def test_only_what_was_captured_can_be_refunded(platform: Platform) -> None:
    """And refunding it all makes the charge refunded."""
    intent = _held(platform)
    platform.v1.payment_intents.capture(intent.id, {"amount_to_capture": 6_000})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        platform.v1.refunds.create({"payment_intent": intent.id, "amount": 6_001})
    platform.v1.refunds.create({"payment_intent": intent.id})

    charge = platform.v1.charges.retrieve(intent.latest_charge.id)
    assert (charge.amount_refunded, charge.refunded) == (10_000, True)


def test_money_is_captured_once(platform: Platform) -> None:
    """And only while it is held."""
    intent = _held(platform)
    platform.v1.payment_intents.capture(intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="it has a status of succeeded") as refusal:
        platform.v1.payment_intents.capture(intent.id)

    assert refusal.value.code == "payment_intent_unexpected_state"


@pytest.mark.parametrize(("amount", "code"), [(10_001, "amount_too_large"), (0, "parameter_invalid_integer")])
def test_no_other_amount_can_be_captured(platform: Platform, amount: int, code: str) -> None:
    """Neither more than is held nor nothing."""
    intent = _held(platform)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        platform.v1.payment_intents.capture(intent.id, {"amount_to_capture": amount})

    assert (refusal.value.code, refusal.value.param) == (code, "amount_to_capture")
    assert platform.v1.payment_intents.retrieve(intent.id).status == "requires_capture"


def test_held_money_can_be_let_go(platform: Platform) -> None:
    """By canceling; the charge shows it as refunded, and no refund is made."""
    intent = _held(platform)
    done = platform.v1.payment_intents.cancel(intent.id)
    charge = platform.v1.charges.retrieve(intent.latest_charge.id)

    assert (done.status, done.amount_capturable, charge.refunded, charge.captured) == ("canceled", 0, True, False)
    assert (platform.funds(), platform.v1.refunds.list({}).data) == ((0, 0), [])


def test_held_money_is_free_again_after_a_week(platform: Platform) -> None:
    """Stripe cancels by itself, and says so."""
    intent = _held(platform)
    platform.clock.advance(7 * DAY)
    done = platform.v1.payment_intents.retrieve(intent.id)

    assert (done.status, done.cancellation_reason) == ("canceled", "automatic")
    assert _told(platform)[-2:] == ["charge.expired", "payment_intent.canceled"]
    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.capture(intent.id)


def test_held_money_cannot_be_refunded(platform: Platform) -> None:
    """There is nothing to give back yet."""
    intent = _held(platform)
    with pytest.raises(stripe.InvalidRequestError, match="has not been captured"):
        platform.v1.refunds.create({"charge": intent.latest_charge.id})


def test_a_captured_part_is_sent_on(platform: Platform) -> None:
    """A destination charge sends what was taken, with the fee that the capture names."""
    coach = platform.coach()
    intent = _held(platform, transfer_data={"destination": coach}, application_fee_amount=1_000)
    platform.v1.payment_intents.capture(intent.id, {"amount_to_capture": 5_000, "application_fee_amount": 400})

    assert sum(platform.funds(coach)) == 4_600


@pytest.mark.parametrize("call", ["update", "confirm"])
def test_the_way_of_capture_can_be_chosen_later(platform: Platform, call: str) -> None:
    """Until the payment is confirmed."""
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    path = f"/v1/payment_intents/{intent.id}"
    confirming = {"payment_method": "pm_card_visa", "return_url": "https://shop.test"}
    manual = {"capture_method": "manual"}
    if call == "update":
        platform.raw("POST", path, data=manual)
    answer = platform.raw("POST", f"{path}/confirm", data=confirming | (manual if call == "confirm" else {})).json

    assert (answer or {})["status"] == "requires_capture"


def _manual(platform: Platform, card: str) -> Any:
    given: Any = {"amount": 500, "currency": "cad", "confirmation_method": "manual", "payment_method": card}
    given |= {"confirm": True, "return_url": "https://shop.test"}
    return platform.v1.payment_intents.create(given)


def test_the_server_has_the_last_word(platform: Platform) -> None:
    """After 3-D Secure the intent waits for it to confirm once more; the bank asks only once."""
    intent = _manual(platform, "pm_card_authenticationRequired")
    assert intent.status == "requires_action"
    platform.control(f"/payment_intents/{intent.id}/authenticate")

    waiting = platform.v1.payment_intents.retrieve(intent.id)
    paid = platform.v1.payment_intents.confirm(intent.id, {"return_url": "https://shop.test"})

    assert (waiting.status, paid.status) == ("requires_confirmation", "succeeded")


def test_a_browser_may_not_confirm_in_its_place(platform: Platform) -> None:
    """With confirmation_method manual."""
    given: Any = {"amount": 500, "currency": "cad", "confirmation_method": "manual"}
    intent = platform.v1.payment_intents.create(given)
    params: Any = {"client_secret": intent.client_secret, "payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError, match="secret key only"):
        platform.browser.payment_intents.confirm(intent.id, params)
