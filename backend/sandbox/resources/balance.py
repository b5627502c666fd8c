"""The balance, and the balance transactions it is the sum of."""

from typing import Any

from .. import lists
from ..routing import Call, Route
from ..store import Row


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v1/balance"""
    return call.world.ledger.balance(call.account)


def retrieve_transaction(call: Call) -> Row:
    """GET /v1/balance_transactions/{id}"""
    return call.in_path("balance_transactions", "balance transaction")


def list_transactions(call: Call) -> dict[str, Any]:
    """GET /v1/balance_transactions"""
    params = call.params
    filters = {field: params.get(field) for field in ("currency", "source", "type")}
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
        refuses=("payout",),
    ),
    Route(
        "GET",
        "/v1/balance_transactions/<id>",
        "balance_transactions.retrieve",
        retrieve_transaction,
        "balance_transaction",
    ),
)
