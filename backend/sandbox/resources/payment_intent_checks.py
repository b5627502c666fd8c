"""Checks of a PaymentIntent's parameters: which go together, and which amounts can be charged."""

from typing import Any

from ..calls.routing import Call
from ..state import money
from ..wire import errors
from ..wire.limits import Feature

# What only makes sense when confirming at once (docs/stripe.md 1.2).
WITH_CONFIRM = ("return_url", "off_session", "mandate", "mandate_data", "error_on_requires_action")
UNEXPECTED = "payment_intent_unexpected_state"
# Each is a whole answer to which payment methods there are.
METHOD_CHOICES = ("allowed_payment_method_types", "excluded_payment_method_types", "automatic_payment_methods")


def check_create(call: Call) -> None:
    """Parameters that need each other, exclude each other, or lie behind what is not imitated."""
    params = call.params
    if "automatic_payment_methods" in params and "confirmation_method" in params:
        raise errors.invalid(
            "You may only specify one of these parameters: automatic_payment_methods, confirmation_method."
        )
    named = [param for param in METHOD_CHOICES if param in params]
    if call.method_types and named:
        raise errors.invalid(
            f"You may only specify one of these parameters: {named[0]}, payment_method_types.", "payment_method_types"
        )
    if "allowed_payment_method_types" in named and len(named) > 1:
        raise errors.invalid(f"You may only specify one of these parameters: {', '.join(named)}.", named[1])
    # False is no more than leaving it out.
    alone = [param for param in WITH_CONFIRM if params.get(param) not in (None, False)]
    if alone and not params.get("confirm"):
        raise errors.invalid(
            f"The parameter {alone[0]} cannot be passed when creating a PaymentIntent unless confirm is set to true.",
            alone[0],
        )
    check_amount(params["amount"], params["currency"])
    check_options(params)


def check_options(params: dict[str, Any]) -> None:
    """Values behind which lie features that are not imitated."""
    options = params.get("payment_method_options") or {}
    if set(options) - {"card"} or set(options.get("card") or {}) - {"request_three_d_secure"}:
        raise errors.unsupported(Feature.METHOD_OPTIONS, "payment_method_options")


def check_step(amount: int, currency: str, param: str = "amount") -> None:
    """Some currencies are written with digits that must be 0: króna and shilling with two, dinars and rial with one."""
    step = money.STEP.get(currency, 1)
    if amount % step == 0:
        return
    if step == 100:
        raise errors.invalid(
            f"Invalid amount. Currency {currency.upper()} has become effectively zero-decimal and charged amounts must be "
            "evenly divisible by 100. See https://stripe.com/docs/currencies#special-cases for more information.",
            param,
            "invalid_charge_amount_no_decimal_compatible",
        )
    raise errors.invalid(  # UNCONFIRMED wording of a documented rule
        f"Invalid amount. The last digit of an amount in {currency.upper()} must be 0. See "
        "https://stripe.com/docs/currencies#special-cases for more information.",
        param,
    )


def check_amount(amount: int, currency: str) -> None:
    """Amounts are whole minor units between the currency's minimum and eight digits."""
    if currency.lower() not in money.KNOWN:
        raise errors.invalid(
            f"Invalid currency: {currency}. Stripe currently supports these currencies: usd, eur, gbp, …",
            "currency",
        )
    if amount < 1:
        raise errors.below_one("amount")
    check_step(amount, currency.lower())
    if amount < money.MINIMUM.get(currency.lower(), 1):
        raise errors.invalid(
            "The amount must be greater than or equal to the minimum charge amount allowed for your account and the "
            "currency set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).",
            "amount",
            "amount_too_small",
        )
    if amount > money.AMOUNT_MAX:
        most = money.text(money.AMOUNT_MAX, currency.lower())
        raise errors.invalid(f"Amount must be no more than {most}", "amount", "amount_too_large")
