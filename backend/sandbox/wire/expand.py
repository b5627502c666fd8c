"""`expand[]`: which ids may be replaced by the objects they name, and doing it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .errors import invalid

if TYPE_CHECKING:
    from ..state.world import World

MAX_DEPTH = 4
# Object type -> field -> type of the object there. A type of "*" is polymorphic: whatever the id turns out to be.
EXPANDABLE: dict[str, dict[str, str]] = {
    "payment_intent": {
        "latest_charge": "charge",
        "customer": "customer",
        "payment_method": "payment_method",
        "on_behalf_of": "account",
        "application": "application",
        "review": "review",
        "source": "source",
        "payment_record": "payment_record",
    },
    "charge": {
        "balance_transaction": "balance_transaction",
        "customer": "customer",
        "payment_intent": "payment_intent",
        "refunds": "refund",
        "source_transfer": "transfer",
        "transfer": "transfer",
        "on_behalf_of": "account",
        "application": "application",
        "application_fee": "application_fee",
        "failure_balance_transaction": "balance_transaction",
        "review": "review",
    },
    "transfer": {
        "balance_transaction": "balance_transaction",
        "destination": "account",
        "destination_payment": "charge",
        "source_transaction": "charge",
    },
    "transfer_reversal": {
        "balance_transaction": "balance_transaction",
        "destination_payment_refund": "refund",
        "source_refund": "refund",
        "transfer": "transfer",
    },
    "refund": {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "customer": "customer",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
        "source_transfer_reversal": "transfer_reversal",
        "transfer_reversal": "transfer_reversal",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "radar.early_fraud_warning": {"charge": "charge", "payment_intent": "payment_intent"},
    "customer": {
        "default_source": "source",
        "sources": "source",
        "subscriptions": "subscription",
        "test_clock": "*",
    },
    "payment_method": {"customer": "customer"},
    "balance_transaction": {"source": "*"},
    "payout": {
        "balance_transaction": "balance_transaction",
        "destination": "bank_account",
        "failure_balance_transaction": "balance_transaction",
        "original_payout": "payout",
        "reversed_by": "payout",
        "application_fee": "application_fee",
    },
    "product": {"default_price": "price", "tax_code": "tax_code"},
    "account": {"individual": "person"},
    "capability": {"account": "account"},
    "bank_account": {"account": "account"},
}
# Lists that are not part of an object until asked for.
INCLUDABLE = {("charge", "refunds"), ("customer", "sources"), ("customer", "subscriptions")}


def check_expand(paths: Iterable[str], kind: str, shape: str) -> None:
    """Refuse what cannot be expanded, before anything is done. `shape` is `object`, `list` or `search`."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_DEPTH:
            raise invalid(f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}", "expand")
        if shape == "search" and path == "total_count":
            continue
        if shape != "object":
            _check_list(path, steps)
            steps = steps[1:]
        _check_steps(path, steps, kind)


def _check_list(path: str, steps: list[str]) -> None:
    if steps[0] != "data" or len(steps) == 1:
        hint = f" You may want to try expanding 'data.{path}' instead." if steps[0] != "data" else ""
        raise invalid(f"This property cannot be expanded ({path}).{hint}", "expand")


def _check_steps(path: str, steps: list[str], kind: str) -> None:
    in_list = False
    for step in steps:
        if in_list and step == "data":
            in_list = False
            continue
        if kind != "*" and step not in EXPANDABLE.get(kind, {}):
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        in_list = (kind, step) in INCLUDABLE
        kind = EXPANDABLE.get(kind, {}).get(step, "*")


def expanded(world: "World", body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """`body` with the paths expanded; what is stored stays untouched."""
    for path in paths:
        body = _expand(world, body, path.split("."))
    return body


def _expand(world: "World", body: dict[str, Any], steps: list[str]) -> dict[str, Any]:
    step, rest = steps[0], steps[1:]
    if step == "data" and isinstance(body.get("data"), list):
        return body | {"data": [_expand(world, item, rest) if rest else item for item in body["data"]]}
    value = _value(world, body, step)
    if isinstance(value, dict) and rest:
        value = _expand(world, value, rest)
    return body if value is None else {**body, step: value}


def _value(world: "World", body: dict[str, Any], step: str) -> Any:
    kind = body.get("object", "")
    if (kind, step) in INCLUDABLE and not body.get(step):
        return _included(world, body, step)
    value = body.get(step)
    # Behind a "*" a path may name what another kind of object has: there it stays as it is.
    if isinstance(value, str) and step in EXPANDABLE.get(kind, {}):
        return world.store.anywhere(value) or value
    return value


def _included(world: "World", body: dict[str, Any], step: str) -> dict[str, Any]:
    data: list[Any] = []
    if step == "refunds":
        owner = world.must(body["id"]).account
        data = world.store.of(owner, "refunds").find(charge=body["id"])[::-1]
    url = f"/v1/{body['object']}s/{body['id']}/{step}"
    # At most the ten newest ride along (docs/stripe.md 3.2).
    return {
        "object": "list",
        "data": data[:10],
        "has_more": len(data) > 10,
        "total_count": len(data),
        "url": url,
    }
