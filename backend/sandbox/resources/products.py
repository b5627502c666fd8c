"""Products. Their caller-chosen ids are unique in the account: the one durable compare-and-set that Stripe offers."""

import re
from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.store import Row
from ..wire import errors
from . import common

FIELDS = ("description", "package_dimensions", "shippable", "statement_descriptor", "unit_label", "url")
TAX = ("tax_code", "tax_details")
# The charset is not documented; a slash is known to break the path, and everything here is known to work.
OWN_ID = re.compile(r"[A-Za-z0-9_\-.:]{1,255}")


def create(call: Call) -> Row:
    """POST /v1/products"""
    params, world = call.params, call.world
    product_id = params.get("id") or world.ids.new("prod")
    if not OWN_ID.fullmatch(product_id):
        raise errors.invalid("Invalid id: use letters, digits, '_', '-', '.' and ':' only.", "id")
    if _is_taken(call, product_id):
        raise errors.already_exists("Product", world.switches["duplicate_product_status"])
    row = world.add("products", call.account, _fields(product_id, params, world.now()))
    world.emit("product.created", row)
    return row


def _is_taken(call: Call, product_id: str) -> bool:
    rows = call.rows("products")
    remembered = call.world.switches["deleted_product_id"] == "taken"
    return rows.get(product_id) is not None or (remembered and rows.is_removed(product_id))


def _fields(product_id: str, params: dict[str, Any], now: int) -> dict[str, Any]:
    return {
        "id": product_id,
        "object": "product",
        "active": params.get("active", True),
        "created": now,
        "default_price": None,
        **{field: common.text_or_none(params, field) for field in FIELDS},
        "images": params.get("images") or [],
        "livemode": False,
        "marketing_features": params.get("marketing_features") or [],
        "metadata": common.new_metadata(params.get("metadata")),
        "name": params["name"],
        "tax_code": None,
        "tax_details": None,
        "type": params.get("type", "service"),
        "updated": now,
    }


def retrieve(call: Call) -> Row:
    """GET /v1/products/{id}: consistent at once, unlike Search."""
    return call.in_path("products", "product")


def update(call: Call) -> Row:
    """POST /v1/products/{id}"""
    row = call.in_path("products", "product")
    before = common.amend(row, call.params, *FIELDS, "active", "name", "images", "marketing_features")
    row["updated"] = call.world.now()
    call.world.changed(row)
    if before:
        call.world.emit("product.updated", row, before)
    return row


def delete(call: Call) -> dict[str, Any]:
    """DELETE /v1/products/{id}: whether the id is free afterwards, Stripe does not say."""
    row = call.in_path("products", "product")
    call.world.store.remove(row)
    call.world.emit("product.deleted", row)
    return common.deleted(row["id"], "product")


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/products"""
    params = call.params
    wanted = params.get("ids")
    return lists.page(
        call.rows("products"),
        params,
        call.path,
        "product",
        where=lambda row: wanted is None or row["id"] in wanted,
        **{field: params.get(field) for field in ("active", "shippable", "type", "url")},
    )


ROUTES = (
    Route("POST", "/v1/products", "products.create", create, "product", refuses=("default_price_data", *TAX)),
    Route("GET", "/v1/products", "products.list", list_, "product", "list"),
    Route("GET", "/v1/products/<id>", "products.retrieve", retrieve, "product"),
    Route("POST", "/v1/products/<id>", "products.update", update, "product", refuses=("default_price", *TAX)),
    Route("DELETE", "/v1/products/<id>", "products.delete", delete, "product"),
)
