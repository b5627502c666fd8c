"""SetupIntents: a card is saved for later, with the cardholder there to agree."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import methods, setups
from ..state.store import Row
from ..wire import errors
from ..wire.errors import StripeError
from . import common
from .intents import BROWSER, check_return_url, check_secret, method_of
from .payment_intent_fields import automatic_methods, named_types

NAME, TITLE = "setupintent", "SetupIntent"
UNEXPECTED = "setup_intent_unexpected_state"
CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
# Real parameters whose behaviour is not imitated.
REFUSED = ("attach_to_self", "customer_account", "flow_directions", "payment_method_options")
AT_CREATION = (*REFUSED, "confirmation_token", "mandate_data", "payment_method_configuration", "single_use")
TYPES = ("allowed_payment_method_types", "excluded_payment_method_types")
FOR_BROWSERS = (
    "id object automatic_payment_methods cancellation_reason client_secret created description last_setup_error livemode "
    "next_action payment_method payment_method_types status usage"
).split()
_NULL = (
    "allowed_payment_method_types application cancellation_reason customer_account excluded_payment_method_types "
    "flow_directions last_setup_error latest_attempt managed_payments mandate next_action on_behalf_of payment_method "
    "payment_method_configuration_details single_use_mandate"
).split()


def create(call: Call) -> dict[str, Any]:
    """POST /v1/setup_intents"""
    params, world = call.params, call.world
    if params.get("return_url") and not params.get("confirm"):
        raise errors.invalid(
            "The parameter return_url cannot be passed when creating a SetupIntent unless confirm is set to true.",
            "return_url",
        )
    customer = call.in_body("customers", "customer", "customer")
    fields = _fields(call)
    if params.get("confirm"):
        check_return_url(call, fields["automatic_payment_methods"], TITLE)
    method = method_of(call)
    if method:
        methods.check_usable(method, customer["id"] if customer else None)
    row = world.add("setup_intents", call.account, fields)
    if method:
        row.update(payment_method=method["id"], status="requires_confirmation")
    world.emit("setup_intent.created", row)
    if params.get("confirm"):
        _confirm(call, row, method)
    world.changed(row)
    return row


def _fields(call: Call) -> dict[str, Any]:
    params, world = call.params, call.world
    intent_id, named = world.ids.new("seti"), named_types(call)
    three_d_secure = {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
    return {
        "id": intent_id,
        "object": "setup_intent",
        **dict.fromkeys(_NULL),
        **{field: params.get(field) or None for field in TYPES},
        "automatic_payment_methods": None if named else automatic_methods(params),
        "client_secret": f"{intent_id}_secret_{world.ids.text(31)}",
        "created": world.now(),
        "customer": params.get("customer"),
        "description": common.text_or_none(params, "description"),
        "livemode": False,
        "metadata": common.new_metadata(params.get("metadata")),
        "on_behalf_of": params.get("on_behalf_of") or None,
        "payment_method_options": {"card": three_d_secure},
        "payment_method_types": named or ["card"],
        "status": "requires_payment_method",
        "usage": params.get("usage", "off_session"),
    }


def _confirm(call: Call, row: Row, method: Row | None) -> None:
    if method is None and row["payment_method"] is not None:
        method = call.world.must(row["payment_method"])
    if method is None:
        raise errors.refused(
            "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the "
            "SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.",
            UNEXPECTED,
            setup_intent=shown(call, row),
        )
    if method["type"] not in row["payment_method_types"] or "card" not in method.hidden:
        raise errors.refused(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this SetupIntent. It may be set up with: "
            f"{', '.join(row['payment_method_types'])}.",
            param="payment_method",
        )
    return_url = None if call.params.get("use_stripe_sdk") else call.params.get("return_url")
    setups.attempt(call.world, row, method, return_url)


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v1/setup_intents/{id}"""
    row = call.in_path("setup_intents", NAME, "intent")
    check_secret(call, row, TITLE)
    return shown(call, row)


def confirm(call: Call) -> dict[str, Any]:
    """POST /v1/setup_intents/{id}/confirm"""
    row = call.in_path("setup_intents", NAME, "intent")
    check_secret(call, row, TITLE)
    if row["status"] not in CANCELABLE:
        raise errors.refused(
            f"You cannot confirm this SetupIntent because it has a status of {row['status']}.",
            UNEXPECTED,
            setup_intent=shown(call, row),
        )
    if not call.publishable:
        check_return_url(call, row["automatic_payment_methods"], TITLE)
    method = method_of(call)
    if method:
        methods.check_usable(method, row["customer"])
    try:
        _confirm(call, row, method)
    except StripeError as error:
        if call.publishable and "setup_intent" in error.extras:
            error.extras["setup_intent"] = shown(call, row)
        raise
    return shown(call, row)


def update(call: Call) -> Row:
    """POST /v1/setup_intents/{id}"""
    row, params = call.in_path("setup_intents", NAME, "intent"), call.params
    customer, method = call.in_body("customers", "customer", "customer"), method_of(call)
    if row["status"] not in CANCELABLE and (customer or method):
        raise errors.refused(
            f"You cannot update this SetupIntent because it has a status of {row['status']}. Only a SetupIntent with one of "
            f"the following statuses may be updated: {', '.join(CANCELABLE)}.",
            UNEXPECTED,
            setup_intent=dict(row),
        )
    if method:
        methods.check_usable(method, customer["id"] if customer else row["customer"])
        row.update(payment_method=method["id"], status="requires_confirmation")
    if customer:
        row["customer"] = customer["id"]
    common.amend(row, params, "description")
    call.world.changed(row)
    return row


def cancel(call: Call) -> Row:
    """POST /v1/setup_intents/{id}/cancel"""
    row = call.in_path("setup_intents", NAME, "intent")
    if row["status"] not in CANCELABLE:
        raise errors.refused(
            f"You cannot cancel this SetupIntent because it has a status of {row['status']}. Only a SetupIntent with one of "
            f"the following statuses may be canceled: {', '.join(CANCELABLE)}.",
            UNEXPECTED,
            setup_intent=dict(row),
        )
    reason = call.params.get("cancellation_reason")
    row.update(status="canceled", cancellation_reason=reason, next_action=None)
    row.hidden.pop("challenge", None)
    call.world.changed(row)
    call.world.emit("setup_intent.canceled", row)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/setup_intents"""
    filters = {field: call.params.get(field) for field in ("customer", "payment_method")}
    return lists.page(call.rows("setup_intents"), call.params, call.path, NAME, **filters)


def list_attempts(call: Call) -> dict[str, Any]:
    """GET /v1/setup_attempts: of one SetupIntent."""
    intent = call.params["setup_intent"]
    return lists.page(call.rows("setup_attempts"), call.params, call.path, "setup attempt", setup_intent=intent)


def shown(call: Call, row: Row) -> dict[str, Any]:
    """The intent as its caller may see it: a browser gets a subset."""
    return {field: row[field] for field in FOR_BROWSERS} if call.publishable else row


_ONE, _KIND = "/v1/setup_intents/<id>", "setup_intent"
ROUTES = (
    Route("POST", "/v1/setup_intents", "setup_intents.create", create, _KIND, refuses=AT_CREATION),
    Route(
        "GET",
        "/v1/setup_intents",
        "setup_intents.list",
        list_,
        _KIND,
        "list",
        refuses=("attach_to_self", "customer_account"),
    ),
    Route("GET", _ONE, "setup_intents.retrieve", retrieve, _KIND, publishable=True, browser=BROWSER),
    Route(
        "POST",
        _ONE,
        "setup_intents.update",
        update,
        _KIND,
        refuses=(*REFUSED, *TYPES, "payment_method_configuration"),
    ),
    Route(
        "POST",
        f"{_ONE}/confirm",
        "setup_intents.confirm",
        confirm,
        _KIND,
        publishable=True,
        browser=BROWSER,
        refuses=("allowed_payment_method_types", "confirmation_token", "payment_method_options"),
        unused=("mandate_data",),
    ),
    Route("POST", f"{_ONE}/cancel", "setup_intents.cancel", cancel, _KIND),
    Route("GET", "/v1/setup_attempts", "setup_attempts.list", list_attempts, "setup_attempt", "list"),
)
