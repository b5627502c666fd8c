"""The balance, and the balance transactions it is the sum of."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.store import Row
from ..wire import errors


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v1/balance"""
    return call.world.ledger.balance(call.account)


def retrieve_transaction(call: Call) -> Row:
    """GET /v1/balance_transactions/{id}"""
    return call.in_path("balance_transactions", "balance transaction")


def list_transactions(call: Call) -> dict[str, Any]:
    """GET /v1/balance_transactions: by payout, only what an automatic one is made of."""
    params = call.params
    payout = call.in_body("payouts", "payout", "payout")
    if payout is not None and not payout["automatic"]:
        raise errors.refused("Balance transactions can be listed by automatic payouts only.", param="payout")
    filters = {field: params.get(field) for field in ("currency", "payout", "source", "type")}
    return lists.page(call.rows("balance_transactions"), params, call.path, "balance transaction", **filters)


ROUTES = (
    Route("GET", "/v1/balance", "balance.retrieve", retrieve, "balance"),
    Route(
        "GET",
        "/v1/balance_transactions",
        "balance_transactions.list",
        list_transactions,
        "balance_transaction",
        "list",
    ),
    Route(
        "GET",
        "/v1/balance_transactions/<id>",
        "balance_transactions.retrieve",
        retrieve_transaction,
        "balance_transaction",
    ),
)
