"""Scenarios of test cards: the brand of each, and its decline."""

from __future__ import annotations

from tests.drift.calls import INTENTS, PAID, post, refused
from tests.drift.play import Scenario

_BRANDS = {
    "pm_card_visa": ("visa", "credit", "US"),
    "pm_card_visa_debit": ("visa", "debit", "US"),
    "pm_card_mastercard": ("mastercard", "credit", "US"),
    "pm_card_mastercard_debit": ("mastercard", "debit", "US"),
    "pm_card_mastercard_prepaid": ("mastercard", "prepaid", "US"),
    "pm_card_amex": ("amex", "credit", "US"),
    "pm_card_discover": ("discover", "credit", "US"),
    "pm_card_diners": ("diners", "credit", "US"),
    "pm_card_jcb": ("jcb", "credit", "US"),
    "pm_card_ca": ("visa", "credit", "CA"),
    "pm_card_gb": ("visa", "credit", "GB"),
    "pm_card_fr": ("visa", "credit", "FR"),
    "pm_card_de": ("visa", "credit", "DE"),
    "pm_card_br": ("visa", "credit", "BR"),
    "pm_card_jp": ("visa", "credit", "JP"),
    "pm_card_au": ("visa", "credit", "AU"),
}
_DECLINES = {
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline", None),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds", None),
    "pm_card_visa_chargeDeclinedLostCard": ("card_declined", "lost_card", None),
    "pm_card_visa_chargeDeclinedStolenCard": ("card_declined", "stolen_card", None),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", None, "exp_month"),
    "pm_card_chargeDeclinedIncorrectCvc": ("incorrect_cvc", None, "cvc"),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", None, None),
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": ("card_declined", "card_velocity_exceeded", None),
    "pm_card_radarBlock": ("card_declined", "fraudulent", None),
    "pm_card_chargeCustomerFail": ("card_declined", "generic_decline", None),
}
CARDS = (
    *(
        Scenario(
            f"{token} pays",
            "docs testing; card hash recorded",
            (post(INTENTS, {**PAID, "payment_method": token, "expand[]": "latest_charge"}),),
            {
                "status": 200,
                "latest_charge.payment_method_details.card.brand": brand,
                "latest_charge.payment_method_details.card.funding": funding,
                "latest_charge.payment_method_details.card.country": country,
            },
        )
        for token, (brand, funding, country) in _BRANDS.items()
    ),
    *(
        Scenario(
            f"{token} declines",
            "1.21-1.23",
            (post(INTENTS, {**PAID, "payment_method": token}),),
            refused(code, param, 402) | {"error.decline_code": decline, "error.type": "card_error"},
        )
        for token, (code, decline, param) in _DECLINES.items()
    ),
    *(
        Scenario(
            f"{token} cannot be saved",
            "1.24",
            (post("/v1/customers", {"payment_method": token}),),
            {"status": 402, "error.param": "", "error.code": _DECLINES[token][0]},
        )
        for token in list(_DECLINES)[:8]
    ),
    *(
        Scenario(
            f"{token} asks for authentication",
            "1.12",
            (post(INTENTS, {**PAID, "payment_method": token}),),
            {"status": 200, "next_action.type": "use_stripe_sdk", "latest_charge": None, "amount_received": 0},
        )
        for token in (
            "pm_card_authenticationRequired",
            "pm_card_threeDSecure2Required",
            "pm_card_authenticationRequiredOnSetup",
        )
    ),
    Scenario(
        "off session, a card that wants authentication is declined",
        "1.14",
        (post(INTENTS, {**PAID, "payment_method": "pm_card_authenticationRequired", "off_session": "true"}),),
        refused("authentication_required", None, 402) | {"error.decline_code": "authentication_required"},
    ),
)
