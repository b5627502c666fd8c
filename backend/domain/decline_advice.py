"""The advice for a player whose payment was declined: what happened, what was charged, what to do now.

Stripe's words say what a bank answered; these say what to do. A reason that would warn a thief (a lost card, a stolen one,
a suspicion of fraud) reads like a refusal without a reason. https://docs.stripe.com/declines/codes
"""

from __future__ import annotations

from collections.abc import Mapping

_NO_REASON = (
    "Your bank did not accept this card, and gives no reason. Nothing was charged. Use another card, or ask your bank."
)
_FUNDS = "There is not enough money on this card. Nothing was charged. Use another card, or pay again once there is."
_EXPIRED = "This card has expired. Nothing was charged. Use another card, or check the date that you typed."
_CODE = "The security code is not this card's. Nothing was charged. Check the digits on the card, and pay again."
_NUMBER = "The card number is not right. Nothing was charged. Check the number, and pay again."
_ADDRESS = "Your bank knows another address for this card. Nothing was charged. Check the postal code, and pay again."
_LATER = "Your bank could not be asked just now. Nothing was charged. Wait a minute, and pay again with the same card."
_LIMIT = "This card has reached a limit of your bank's. Nothing was charged. Use another card, or pay again tomorrow."
_IDENTITY = (
    "Your bank could not confirm that it is you who pays. Nothing was charged. "
    "Pay again and approve it at your bank, or use another card."
)
_NOT_THIS_CARD = "This card cannot pay for this kind of purchase. Nothing was charged. Use another card."
_TWICE = (
    "Your bank had the same payment a moment ago, and refused this one. "
    "Look at your bank's list of payments before you pay again."
)
_TEST_ONLY = "This shop is in test mode and takes test cards only. Nothing was charged. Use a test card."
_REAL_ONLY = "This is a test card, and this shop takes real payments. Nothing was charged. Use another card."

_CODES: Mapping[str, str] = {
    _NO_REASON: "card_declined generic_decline call_issuer do_not_honor do_not_try_again fraudulent lost_card "
    "merchant_blacklist new_account_information_available no_action_taken pickup_card restricted_card "
    "revocation_of_all_authorizations revocation_of_authorization security_violation stolen_card stop_payment_order "
    "testmode_decline",
    _FUNDS: "insufficient_funds",
    _EXPIRED: "expired_card invalid_expiry_month invalid_expiry_year",
    _CODE: "incorrect_cvc invalid_cvc",
    _NUMBER: "incorrect_number invalid_number invalid_account",
    _ADDRESS: "incorrect_address incorrect_zip",
    _LATER: "approve_with_id issuer_not_available processing_error reenter_transaction try_again_later",
    _LIMIT: "card_velocity_exceeded invalid_amount withdrawal_count_limit_exceeded",
    _IDENTITY: "authentication_not_handled authentication_required mobile_device_authentication_required "
    "payment_intent_authentication_failure",
    _NOT_THIS_CARD: "card_not_supported currency_not_supported not_permitted service_not_allowed "
    "transaction_not_allowed",
    _TWICE: "duplicate_transaction",
    _TEST_ONLY: "test_mode_live_card",
    _REAL_ONLY: "live_mode_test_card",
}

# By Stripe's decline code, or its error code where it gives no decline code.
ADVICE: Mapping[str, str] = {code: advice for advice, codes in _CODES.items() for code in codes.split()}


def advice_for(code: str | None, decline_code: str | None) -> str | None:
    """Return the advice for an error of Stripe's; None for one that is no decline.

    A decline code that Stripe adds later reads like a refusal without a reason.
    """
    return ADVICE.get(decline_code or "") or ADVICE.get(code or "")
