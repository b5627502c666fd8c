"""Customers. Nothing keeps two from having the same email address."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import methods, search
from ..state.store import Row
from ..wire import errors
from . import common

FIELDS = ("address", "description", "email", "name", "phone", "shipping", "business_name", "individual_name")
REFUSED = (
    "balance",
    "cash_balance",
    "source",
    "tax",
    "validate",
)
NO_SETTINGS = dict.fromkeys(("custom_fields", "default_payment_method", "footer", "rendering_options"))
AT_CREATION = ("tax_id_data", "test_clock")


def create(call: Call) -> Row:
    """POST /v1/customers"""
    check_email(call.params)
    params, world = call.params, call.world
    method = methods.to_attach(call, params["payment_method"], None) if params.get("payment_method") else None
    fields = {field: common.text_or_none(params, field) for field in FIELDS}
    row = world.add(
        "customers",
        call.account,
        {
            "id": world.ids.new("cus"),
            "object": "customer",
            **fields,
            "balance": 0,
            "created": world.now(),
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "discount": None,
            "invoice_prefix": params.get("invoice_prefix", world.ids.text(8).upper()),
            "invoice_settings": _invoice_settings(call, NO_SETTINGS, method["customer"] if method else None),
            "livemode": False,
            "metadata": common.new_metadata(params.get("metadata")),
            "next_invoice_sequence": params.get("next_invoice_sequence", 1),
            "preferred_locales": params.get("preferred_locales") or [],
            "tax_exempt": params.get("tax_exempt") or "none",
            "test_clock": None,
        },
    )
    world.emit("customer.created", row)
    if method:
        methods.attach(world, method, row)
    return row


def _invoice_settings(call: Call, before: dict[str, Any], customer: str | None) -> dict[str, Any]:
    """The payment method to charge when none is named; the rest is for invoices, which are not imitated."""
    given = call.params.get("invoice_settings") or {}
    for name in given:
        if name != "default_payment_method":
            raise errors.unsupported_param(f"invoice_settings[{name}]")
    if "default_payment_method" not in given:
        return before
    wanted = given["default_payment_method"] or None
    row = call.world.get("payment_methods", call.account, wanted) if wanted else None
    if wanted and (row is None or row["customer"] != customer):
        raise errors.missing("PaymentMethod", wanted, "invoice_settings[default_payment_method]")
    return {**before, "default_payment_method": wanted}


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v1/customers/{id}: a deleted customer is still there, and says only that."""
    if call.rows("customers").is_removed(call.ids["id"]):
        return common.deleted(call.ids["id"], "customer")
    return call.in_path("customers", "customer")


def update(call: Call) -> Row:
    """POST /v1/customers/{id}"""
    row = call.in_path("customers", "customer")
    check_email(call.params)
    changeable = (*FIELDS, "invoice_prefix", "next_invoice_sequence", "preferred_locales", "tax_exempt")
    settings = _invoice_settings(call, row["invoice_settings"], row["id"])
    before = common.amend(row, call.params, *changeable)
    if settings != row["invoice_settings"]:
        before["invoice_settings"] = {"default_payment_method": row["invoice_settings"]["default_payment_method"]}
        row["invoice_settings"] = settings
    call.world.changed(row)
    if before:
        call.world.emit("customer.updated", row, before)
    return row


def delete(call: Call) -> dict[str, Any]:
    """DELETE /v1/customers/{id}"""
    row = call.in_path("customers", "customer")
    call.world.store.remove(row)
    call.world.emit("customer.deleted", row)
    return common.deleted(row["id"], "customer")


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/customers: the email filter is exact, upper and lower case included."""
    return lists.page(call.rows("customers"), call.params, call.path, "customer", email=call.params.get("email"))


def find(call: Call) -> dict[str, Any]:
    """GET /v1/customers/search"""
    query = search.query_of(call.world.switches, "customers", call.params["query"])
    found = call.world.search.find(call.rows("customers"), call.account, "customers", query)
    return search.result(found, call.params, call.path)


def check_email(params: dict[str, Any], param: str = "email") -> None:
    """Stripe asks for little more than an @ with something on both sides."""
    email = params.get(param)
    if not email:
        return
    name, at, host = email.rpartition("@")
    if not (name and at and host) or " " in email or len(email) > 512:
        raise errors.invalid(f"Invalid email address: {email}", param, "email_invalid")


ROUTES = (
    Route("POST", "/v1/customers", "customers.create", create, "customer", refuses=(*REFUSED, *AT_CREATION)),
    Route("GET", "/v1/customers", "customers.list", list_, "customer", "list", refuses=("test_clock",)),
    Route("GET", "/v1/customers/search", "customers.search", find, "customer", "search"),
    Route("GET", "/v1/customers/<id>", "customers.retrieve", retrieve, "customer"),
    Route("POST", "/v1/customers/<id>", "customers.update", update, "customer", refuses=(*REFUSED, "default_source")),
    Route("DELETE", "/v1/customers/<id>", "customers.delete", delete, "customer"),
)
