"""The steps that PaymentIntents and SetupIntents have in common."""

from typing import Any

from ..calls.routing import Call
from ..state import methods
from ..state.store import Row
from ..wire import errors

# Stripe.js says more than the API reference does.
BROWSER = frozenset(
    {
        "client_secret",
        "client_attribution_metadata",
        "expected_payment_method_type",
        "guid",
        "muid",
        "sid",
        "payment_user_agent",
        "referrer",
        "time_on_page",
        "_stripe_version",
    }
)
NEEDS_RETURN_URL = (
    "This {} is configured to accept payment methods enabled in your Dashboard. Because some of these payment "
    "methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept "
    "redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "
    "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
)


def method_of(call: Call) -> Row | None:
    """The payment method that the parameters name or describe."""
    if call.params.get("payment_method"):
        return methods.by_reference(call, call.params["payment_method"])
    if call.params.get("payment_method_data"):
        return methods.from_data(call, call.params["payment_method_data"], "payment_method_data")
    return None


def check_return_url(call: Call, automatic: dict[str, Any] | None, name: str) -> None:
    """Whoever confirms where a method may redirect says where to come back to."""
    if automatic and automatic["allow_redirects"] == "always" and not call.params.get("return_url"):
        raise errors.invalid(NEEDS_RETURN_URL.format(name))


def check_secret(call: Call, row: Row, name: str) -> None:
    """A browser must know the client secret; a server need not, but what it sends must be right."""
    given = call.params.get("client_secret")
    if given is None and call.publishable:
        raise errors.missing_param("client_secret")
    if given is not None and given != row["client_secret"]:
        raise errors.invalid(
            f"The client_secret provided does not match the client_secret associated with the {name}.",
            "client_secret",
            f"{row['object']}_invalid_parameter",
        )
