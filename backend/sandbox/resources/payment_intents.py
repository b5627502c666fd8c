"""PaymentIntents: create, read, update, confirm, cancel; with a secret key, or in a browser with the client secret."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import attempts, authorizations, debits, methods, payments, search
from ..state.store import Row
from ..wire import errors
from ..wire.errors import StripeError
from . import common
from .destination_charges import changed_destination, check_destination, transfer_words
from .intents import BROWSER, check_return_url, check_secret, method_of
from .payment_intent_checks import UNEXPECTED, check_amount, check_create, check_options
from .payment_intent_fields import FOR_BROWSERS, intent_fields, named_types

NAME, TITLE = "payment_intent", "PaymentIntent"
CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)
# Real parameters whose behaviour is not imitated.
REFUSED = ("amount_details", "hooks", "payment_details")
ONCE = ("customer_account", "payment_method_configuration")
AT_CREATION = (*REFUSED, *ONCE, "confirmation_token", "mandate", "mandate_data")
TYPES = ("allowed_payment_method_types", "excluded_payment_method_types")
AT_CONFIRMATION = (*REFUSED, *TYPES, "amount_to_confirm", "confirmation_token", "mandate")
DESTINED = ("application_fee_amount", "transfer_data")
# Radar judges nobody here. Browsers send mandate_data.
UNUSED = ("radar_options",)
UPDATABLE = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def create(call: Call) -> Row:
    """POST /v1/payment_intents"""
    params, world = call.params, call.world
    check_create(call)
    customer = call.in_body("customers", "customer", "customer")
    confirm = params.get("confirm", False)
    destined = check_destination(call)
    fields = intent_fields(call) | destined
    if confirm:
        check_return_url(call, fields["automatic_payment_methods"], TITLE)
    method = method_of(call)
    if method:
        methods.check_usable(method, customer["id"] if customer else None)
    row = world.add("payment_intents", call.account, fields, transfer_words=transfer_words(params))
    if method:
        row.update(payment_method=method["id"], status="requires_confirmation")
    world.emit("payment_intent.created", row)
    if confirm:
        _confirm(call, row, method)
    world.changed(row)
    return row


def _confirm(call: Call, row: Row, method: Row | None) -> None:
    params = call.params
    if method is None and row["payment_method"] is not None:
        method = call.world.must(row["payment_method"])
    if method is None:
        raise errors.refused(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment "
            "method.",
            UNEXPECTED,
            payment_intent=shown(call, row),
        )
    _remember_wishes(row, params)
    if params.get("error_on_requires_action") and payments.needs_authentication(row, method):
        raise payments.decline(call.world, row, method, payments.AUTHENTICATION_REQUIRED)
    # Who brings Stripe.js is challenged in a frame over the page, and is sent nowhere.
    return_url = None if params.get("use_stripe_sdk") else params.get("return_url")
    attempts.attempt(call.world, row, method, bool(params.get("off_session")), return_url)


def _remember_wishes(row: Row, params: dict[str, Any]) -> None:
    for field in ("capture_method", "setup_future_usage", "receipt_email", "shipping"):
        if params.get(field):
            row[field] = params[field]
    card = (params.get("payment_method_options") or {}).get("card") or {}
    if card.get("request_three_d_secure"):
        row["payment_method_options"]["card"]["request_three_d_secure"] = card["request_three_d_secure"]


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v1/payment_intents/{id}"""
    row = call.in_path("payment_intents", NAME, "intent")
    check_secret(call, row, TITLE)
    return shown(call, row)


def confirm(call: Call) -> dict[str, Any]:
    """POST /v1/payment_intents/{id}/confirm"""
    row = call.in_path("payment_intents", NAME, "intent")
    check_secret(call, row, TITLE)
    check_options(call.params)
    _check_confirmable(call, row)
    if not call.publishable:
        check_return_url(call, row["automatic_payment_methods"], TITLE)
    method = method_of(call)
    if method:
        methods.check_usable(method, row["customer"])
    try:
        _confirm(call, row, method)
    except StripeError as error:
        if call.publishable and "payment_intent" in error.extras:
            error.extras["payment_intent"] = shown(call, row)
        raise
    return shown(call, row)


def _check_confirmable(call: Call, row: Row) -> None:
    status = row["status"]
    if call.publishable and row["confirmation_method"] == "manual":
        raise errors.refused(  # UNCONFIRMED wording
            "This PaymentIntent has confirmation_method manual: it can be confirmed with a secret key only.",
            UNEXPECTED,
            payment_intent=shown(call, row),
        )
    if status == "succeeded":
        message = (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        )
    elif status not in {"requires_payment_method", "requires_confirmation", "requires_action"}:
        message = (
            f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a PaymentIntent with one of "
            "the following statuses may be confirmed: requires_confirmation, requires_action."
        )
    else:
        return
    raise errors.refused(message, UNEXPECTED, payment_intent=shown(call, row))


def update(call: Call) -> Row:
    """POST /v1/payment_intents/{id}: after success, only what does not touch the payment itself."""
    row, params = call.in_path("payment_intents", NAME, "intent"), call.params
    check_options(params)
    _check_update(call, row)
    customer = call.in_body("customers", "customer", "customer")
    method = method_of(call)
    if method:
        methods.check_usable(method, customer["id"] if customer else row["customer"])
    destined = changed_destination(call, row, params.get("amount", row["amount"]))
    common.amend(row, params, *UPDATABLE, "amount")
    row.update(destined)
    if call.world.switches["charge_follows_metadata"] and row["latest_charge"]:
        charge = call.world.must(row["latest_charge"])
        charge["metadata"] = dict(row["metadata"])
        call.world.changed(charge)
    row["currency"] = params.get("currency", row["currency"]).lower()
    if customer:
        row["customer"] = customer["id"]
    if method:
        row.update(payment_method=method["id"], status="requires_confirmation")
    if call.method_types:
        row.update(payment_method_types=named_types(call), automatic_payment_methods=None)
    row["last_payment_error"] = None
    _remember_wishes(row, params)
    call.world.changed(row)
    return row


def _check_update(call: Call, row: Row) -> None:
    touched = [
        param for param in ("amount", "currency", "payment_method", "customer", *DESTINED) if param in call.params
    ]
    if row["status"] in {"processing", "requires_capture", "succeeded", "canceled"} and touched:
        raise errors.refused(
            f"This PaymentIntent's {touched[0]} could not be updated because it has a status of {row['status']}. You may only "
            f"update the {touched[0]} of a PaymentIntent with one of the following statuses: requires_payment_method, "
            "requires_confirmation, requires_action.",
            UNEXPECTED,
            touched[0],
            payment_intent=shown(call, row),
        )
    check_amount(call.params.get("amount", row["amount"]), call.params.get("currency", row["currency"]))


def cancel(call: Call) -> Row:
    """POST /v1/payment_intents/{id}/cancel"""
    row = call.in_path("payment_intents", NAME, "intent")
    if row["status"] not in CANCELABLE:
        raise errors.refused(
            f"You cannot cancel this PaymentIntent because it has a status of {row['status']}. Only a PaymentIntent with one "
            f"of the following statuses may be canceled: {', '.join(CANCELABLE)}.",
            UNEXPECTED,
            payment_intent=shown(call, row),
        )
    if row["status"] == "processing":
        debits.call_off(call.world, row)
    if row["status"] == "requires_capture":
        authorizations.release(call.world, row)
    reason = call.params.get("cancellation_reason")
    row.update(status="canceled", canceled_at=call.world.now(), cancellation_reason=reason, next_action=None)
    row.hidden.pop("challenge", None)
    call.world.changed(row)
    call.world.emit("payment_intent.canceled", row)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/payment_intents: by customer and time; neither metadata, group nor status can be filtered."""
    customer = call.params.get("customer")
    return lists.page(call.rows("payment_intents"), call.params, call.path, NAME, customer=customer)


def find(call: Call) -> dict[str, Any]:
    """GET /v1/payment_intents/search"""
    query = search.query_of(call.world.switches, "payment_intents", call.params["query"])
    found = call.world.search.find(call.rows("payment_intents"), call.account, "payment_intents", query)
    return search.result(found, call.params, call.path)


def shown(call: Call, row: Row) -> dict[str, Any]:
    """The intent as its caller may see it: a browser gets a subset."""
    return {field: row[field] for field in FOR_BROWSERS} if call.publishable else row


_ONE = "/v1/payment_intents/<id>"
ROUTES = (
    Route("POST", "/v1/payment_intents", "payment_intents.create", create, NAME, refuses=AT_CREATION, unused=UNUSED),
    Route("GET", "/v1/payment_intents", "payment_intents.list", list_, NAME, "list", refuses=("customer_account",)),
    Route("GET", "/v1/payment_intents/search", "payment_intents.search", find, NAME, "search"),
    Route("GET", _ONE, "payment_intents.retrieve", retrieve, NAME, publishable=True, browser=BROWSER),
    Route("POST", _ONE, "payment_intents.update", update, NAME, refuses=(*REFUSED, *ONCE, *TYPES)),
    Route(
        "POST",
        f"{_ONE}/confirm",
        "payment_intents.confirm",
        confirm,
        NAME,
        publishable=True,
        browser=BROWSER,
        refuses=AT_CONFIRMATION,
        unused=(*UNUSED, "mandate_data"),
    ),
    Route("POST", f"{_ONE}/cancel", "payment_intents.cancel", cancel, NAME),
)
