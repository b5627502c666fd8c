"""The PaymentIntent object: as it is at creation, and the part of it that a browser may see."""

from typing import Any

from ..calls.routing import Call
from ..state.banks import debited_in
from ..wire import errors, versions
from ..wire.params import words_of
from . import common

FOR_BROWSERS = (
    "id object amount amount_details automatic_payment_methods canceled_at cancellation_reason capture_method "
    "client_secret confirmation_method created currency description last_payment_error livemode next_action "
    "payment_method payment_method_configuration_details payment_method_types processing receipt_email "
    "setup_future_usage shipping source status"
).split()
_NULL = (
    "allowed_payment_method_types application application_fee_amount canceled_at cancellation_reason customer_account "
    "excluded_payment_method_types last_payment_error latest_charge next_action on_behalf_of payment_details "
    "payment_method payment_record presentment_details processing review source transfer_data hooks managed_payments"
).split()
_GIVEN = (
    "customer",
    "description",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def intent_fields(call: Call) -> dict[str, Any]:
    """A new PaymentIntent. Which payment methods it takes is computed, not asked for (docs/stripe.md 1.1)."""
    world, params = call.world, call.params
    intent_id, named = world.ids.new("pi"), named_types(call)
    card = (params.get("payment_method_options") or {}).get("card") or {}
    types = named or offered_types(params)
    return {
        "id": intent_id,
        "object": "payment_intent",
        **dict.fromkeys(_NULL),
        **{field: common.text_or_none(params, field) for field in _GIVEN},
        "allowed_payment_method_types": params.get("allowed_payment_method_types") or None,
        "excluded_payment_method_types": params.get("excluded_payment_method_types") or None,
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": None if named else automatic_methods(params),
        "capture_method": params.get("capture_method") or _capture_method(call),
        "client_secret": f"{intent_id}_secret_{world.ids.text(25)}",
        "confirmation_method": params.get("confirmation_method", "automatic"),
        "created": world.now(),
        "currency": params["currency"].lower(),
        "livemode": False,
        "metadata": common.new_metadata(params.get("metadata")),
        "payment_method_configuration_details": {"id": f"pmc_{intent_id[3:]}", "parent": None},
        "payment_method_options": _options(types, card.get("request_three_d_secure", "automatic")),
        "payment_method_types": types,
        "status": "requires_payment_method",
    }


def named_types(call: Call) -> list[str] | None:
    """The methods that an older version names, or means: cards alone. None where the Dashboard's settings decide."""
    if call.method_types:
        known = words_of("payment_intents.create", "allowed_payment_method_types")
        unknown = [kind for kind in call.method_types if kind not in known]
        if unknown:
            raise errors.invalid(f'The payment method type "{unknown[0]}" is invalid.', "payment_method_types")
        return call.method_types
    chosen = {"automatic_payment_methods", "allowed_payment_method_types", "excluded_payment_method_types"}
    by_settings = versions.holds(versions.METHODS_BY_SETTINGS, call.version) or chosen & call.params.keys()
    return None if by_settings else ["card"]


def automatic_methods(params: dict[str, Any]) -> dict[str, Any]:
    """The `automatic_payment_methods` of an intent whose methods the Dashboard's settings decide."""
    automatic = params.get("automatic_payment_methods") or {}
    return {"allow_redirects": automatic.get("allow_redirects", "always"), "enabled": True}


def _capture_method(call: Call) -> str:
    return "automatic_async" if versions.holds(versions.ASYNC_CAPTURE, call.version) else "automatic"


def offered_types(params: dict[str, Any]) -> list[str]:
    """card, link in dollars, and the bank debits of the currency. Terminals' cards where they are asked for."""
    currency = params.get("currency", "usd").lower()
    debits = [] if params.get("capture_method") == "manual" else debited_in(currency)
    terminal = [kind for kind in IN_PERSON if kind in (params.get("allowed_payment_method_types") or ())]
    offered = ["card", *terminal, *(["link"] if currency == "usd" else []), *debits]
    allowed, excluded = (
        params.get("allowed_payment_method_types"),
        params.get("excluded_payment_method_types") or [],
    )
    return [kind for kind in offered if kind not in excluded and (not allowed or kind in allowed)]


# Cards at a terminal: a PaymentIntent can wait for one, and no terminal is imitated.
IN_PERSON = ("card_present", "interac_present")


def _options(types: list[str], three_d_secure: str) -> dict[str, Any]:
    card = {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": three_d_secure,
    }
    return {"card": card} | ({"link": {"persistent_token": None}} if "link" in types else {})
