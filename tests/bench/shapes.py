"""The bodies that the canned upstream answers with: recorded from the sandbox, with ``@name@`` where a value goes in."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
import time
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import Any

from tests.builders import Marketplace

COACH = "coach-1"
SECRET = "whsec_a1"
# Placeholders inside a string; every other one stands for a whole JSON value.
_WITHIN_TEXT = ("id", "n")


@dataclass(frozen=True)
class Shapes:
    """``document`` is what the upstream reads; ``event`` is a paid webhook's body, the payment's number as ``@n@``."""

    document: dict[str, Any]
    event: str


def record() -> Shapes:
    """Play one purchase on a sandbox, and keep what Stripe says in it."""
    with redirect_stderr(io.StringIO()):  # the logs of it are nobody's concern
        return _record(Marketplace(now=int(time.time())))


def signed(body: str, stamp: int) -> str:
    """The ``Stripe-Signature`` of a webhook's body at a unix second."""
    digest = hmac.new(SECRET.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def _record(market: Marketplace) -> Shapes:
    account = market.ready_coach(COACH)
    intent = market.buy(COACH, customerEmail="ann@example.com")
    v1 = market.stripe.v1
    fresh = v1.payment_intents.retrieve(intent["id"]).to_dict()
    market.pay(intent)
    event = market.event("payment_intent.succeeded")
    market.send(event)
    paid = v1.payment_intents.retrieve(intent["id"], {"expand": ["latest_charge"]}).to_dict()
    charge = {**paid["latest_charge"], "created": "@created@"}
    transfer = v1.transfers.list({"limit": 1}).data[0].to_dict()
    ids = {paid["id"]: "pi_@n@", charge["id"]: "ch_@n@", paid["transfer_group"]: "purchase_@n@"}
    ids[transfer["id"]] = "tr_@n@"
    bodies: dict[str, Any] = {
        "list": '{"object":"list","data":[@data@],"has_more":false,"url":@path@}',
        "customer": {**v1.customers.retrieve(paid["customer"]).to_dict(), "id": "@id@", "email": "@email@"},
        "intent": _with(fresh, "amount created currency customer description receipt_email transfer_group metadata"),
        "payment": {**paid, "created": "@created@", "latest_charge": charge["id"]},
        "payment_with_charge": {**paid, "created": "@created@", "latest_charge": charge},
        "charge": charge,
        "transfer": _with(transfer, "amount created destination metadata source_transaction"),
        "product": {**v1.products.retrieve(paid["metadata"]["coachKey"]).to_dict(), "id": "@id@"},
        "account": {**v1.accounts.retrieve(account).to_dict(), "id": "@id@"},
        "balance": v1.balance.retrieve().to_dict(),
    }
    document = {
        "account": account,
        "share": transfer["amount"],
        "transferMetadata": json.dumps(transfer["metadata"]),
        "version": event["api_version"],
        "bodies": {name: body if isinstance(body, str) else _text(body, ids) for name, body in bodies.items()},
    }
    return Shapes(document, _text({**event, "id": "evt_@n@", "created": "@created@", "pending_webhooks": 1}, ids))


def _with(body: dict[str, Any], places: str) -> dict[str, Any]:
    return {**body, **{name: f"@{name}@" for name in places.split()}}


def _text(body: dict[str, Any], ids: dict[str, str]) -> str:
    """The body as JSON with placeholders. Indented, as Stripe does it."""
    text = json.dumps(body, indent=2)
    for known, numbered in ids.items():
        text = text.replace(known, numbered)
    return re.sub(r'"@(\w+)@"', lambda match: match[0] if match[1] in _WITHIN_TEXT else f"@{match[1]}@", text)
