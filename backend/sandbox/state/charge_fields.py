"""The charge that an attempt at paying leaves behind: every field, as of success or of failure."""

from typing import Any

from .banks import debited
from .cards import Decline
from .store import Row
from .world import World


def charge_fields(world: World, intent: Row, method: Row, why: Decline | None, pending: bool = False) -> dict[str, Any]:
    """The charge of an attempt. It takes over the intent's metadata as it is now; later changes stay with the intent."""
    amount, paid = intent["amount"], why is None and not pending
    captured = why is None and intent["capture_method"] != "manual"
    charge_id = world.ids.sibling("ch" if method["type"] == "card" else "py", of=intent["id"])
    return blank_charge(charge_id, amount, intent["currency"], world.now()) | {
        "amount_captured": amount if captured else 0,
        "application_fee_amount": intent["application_fee_amount"],
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": world.must(world.platform)["settings"]["payments"]["statement_descriptor"],
        "captured": captured,
        "customer": intent["customer"],
        "description": intent["description"],
        "failure_code": why.code if why else None,
        "failure_message": why.message if why else None,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": intent["on_behalf_of"],
        "outcome": _outcome(why),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _method_used(method, amount),
        "receipt_email": intent["receipt_email"],
        "receipt_url": receipt(charge_id) if paid else None,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending" if pending else "succeeded" if paid else "failed",
        "transfer_data": intent["transfer_data"],
        "transfer_group": intent["transfer_group"],
    }


def new_charge(world: World, intent: Row, method: Row, why: Decline | None = None, pending: bool = False) -> Row:
    """The charge that an attempt leaves behind."""
    fields = charge_fields(world, intent, method, why, pending)
    words = intent.hidden.get("transfer_words", {})
    return world.add("charges", intent.account, fields, transferred=0, **words)


def receipt(charge_id: str) -> str:
    """The address of a paid charge's receipt."""
    return f"https://pay.stripe.com/receipts/payment/{charge_id}"


def blank_charge(charge_id: str, amount: int, currency: str, now: int) -> dict[str, Any]:
    """Every field of a charge, as of one about which nothing more is known."""
    nulls = dict.fromkeys(_NULL)
    return {
        "id": charge_id,
        "object": "charge",
        **nulls,
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": True,
        "created": now,
        "currency": currency,
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "paid": True,
        "radar_options": {},
        "refunded": False,
        "status": "succeeded",
    }


_NULL = (
    "application application_fee application_fee_amount authorization_code balance_transaction "
    "calculated_statement_descriptor customer "
    "description failure_balance_transaction failure_code failure_message on_behalf_of outcome payment_intent "
    "payment_method payment_method_details receipt_email receipt_number receipt_url review shipping source "
    "source_transfer statement_descriptor statement_descriptor_suffix transfer_data transfer_group"
).split()


def _outcome(why: Decline | None) -> dict[str, Any]:
    """The word of the issuer, or of Radar."""
    base: dict[str, Any] = {"advice_code": None, "network_advice_code": None, "network_decline_code": None}
    if why is None:
        verdict: tuple[Any, ...] = (
            "approved_by_network",
            None,
            "normal",
            20,
            "Payment complete.",
            "authorized",
        )
    elif why.blocked:
        message = "Stripe blocked this payment as too risky."
        verdict = ("not_sent_to_network", why.outcome_reason, "highest", 92, message, "blocked")
    else:
        message = "The bank did not return any further details with this decline."
        verdict = ("declined_by_network", why.outcome_reason, "normal", 20, message, "issuer_declined")
    names = ("network_status", "reason", "risk_level", "risk_score", "seller_message", "type")
    return base | dict(zip(names, verdict, strict=True))


def _method_used(method: Row, amount: int) -> dict[str, Any]:
    kind = method["type"]
    return {kind: _card_used(method, amount) if kind == "card" else debited(method[kind]), "type": kind}


def _card_used(method: Row, amount: int) -> dict[str, Any]:
    card = method["card"]
    shown = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "wallet",
    )
    unavailable = {"status": "unavailable"}
    return {
        "amount_authorized": amount,
        "authorization_code": None,
        **{field: card[field] for field in shown},
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": unavailable,
        "installments": None,
        "mandate": None,
        "multicapture": unavailable,
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
    }
