"""Accounts v2: made from JSON, with configurations instead of a type. The v1 API shows the same accounts."""

from typing import Any

from ...calls.routing import Call, Route
from ...state import accounts_v2
from ...state.account_fields import account_fields
from ...state.accounts_v2 import CAPABILITIES, account_object, configurations, is_v2
from ...state.connect import request_capabilities, tell_account
from ...state.countries import CURRENCY_OF
from ...state.platform_rules import refuse_capabilities, refuse_v2_account
from ...state.store import Row, clone
from ...wire import errors
from ...wire.limits import Feature
from . import common

REFUSED = ("account_token",)
# Both collectors, for an account with the Express dashboard.
EXPRESS_DASHBOARD = "account_controller_express_dash_without_application_losses_or_fees"
APPLICATION = ("application", "application_express")


def create(call: Call) -> dict[str, Any]:
    """POST /v2/core/accounts"""
    params, world = call.params, call.world
    refuse_v2_account(world)
    country = _country(params)
    wanted = _wanted(params.get("configuration") or {})
    _check(params, wanted)
    refuse_capabilities(world, country, wanted, v2=True)
    fields = account_fields(world.ids.new("acct"), country, world.now())
    fields["type"] = "none"
    fields["controller"] |= {"fees": {"payer": "application"}}
    fields["external_accounts"]["total_count"] = None
    row = Row("accounts", world.platform, fields, onboarded=False, linked=False, v2={})
    _write(call, row)
    world.search.note(world.store.add(row))
    request_capabilities(world, row, {name: {"requested": True} for name in wanted})
    accounts_v2.tell_made(world, row)
    return account_object(row, params.get("include"))


def retrieve(call: Call) -> dict[str, Any]:
    """GET /v2/core/accounts/{id}: those made under /v1 too."""
    return account_object(_account(call), call.params.get("include"))


def update(call: Call) -> dict[str, Any]:
    """POST /v2/core/accounts/{id}"""
    row, world = _account(call), call.world
    if not is_v2(row):
        raise errors.unsupported(Feature.V1_ACCOUNTS_UPDATED_AS_V2)
    before = clone(row)
    wanted = _wanted(call.params.get("configuration") or {})
    refuse_capabilities(world, row["country"], {*wanted, *row["capabilities"]}, v2=True)
    _write(call, row)
    request_capabilities(world, row, {name: {"requested": True} for name in wanted})
    world.changed(row)
    tell_account(world, row, {name: value for name, value in before.items() if row.get(name) != value})
    accounts_v2.tell(world, row, before)
    return account_object(row, call.params.get("include"))


def list_(call: Call) -> dict[str, Any]:
    """GET /v2/core/accounts: without includes, and closed ones only when asked for."""
    asked, world = set(call.params.get("applied_configurations") or ()), call.world
    closed = bool(call.params.get("closed", False))
    rows = world.store.of(world.platform, "closed_accounts" if closed else "accounts")
    found = [row for row in rows if asked <= set(configurations(row))]
    return common.page(call, found[::-1], account_object)


def close(call: Call) -> dict[str, Any]:
    """POST /v2/core/accounts/{id}/close: all of its configurations have to be named."""
    row, world = _account(call), call.world
    if set(call.params.get("applied_configurations") or ()) != set(configurations(row)):
        raise errors.invalid(
            "All configurations of the account must be passed in applied_configurations to close it.",
            "applied_configurations",
        )
    row.hidden["closed"] = True
    accounts_v2.tell_closed(world, row)
    world.store.remove(row)
    world.store.add(Row("closed_accounts", world.platform, {**row, "id": row["id"]}, **row.hidden))
    return account_object(row)


def _account(call: Call) -> Row:
    world, given = call.world, call.ids["id"]
    row = world.get("accounts", world.platform, given)
    if row is None and call.path.count("/") == 4:  # a closed one can be read, and nothing else
        row = world.get("closed_accounts", world.platform, given)
    if row is None:
        raise common.not_found("account", given)
    return row


def _country(params: dict[str, Any]) -> str:
    country: str = ((params.get("identity") or {}).get("country") or "").upper()
    if not country:
        raise errors.invalid("identity.country is required.", "identity.country", "identity_country_required")
    if country not in CURRENCY_OF:
        raise errors.unsupported(Feature.OTHER_COUNTRIES, "identity.country")
    return country


def _wanted(configuration: dict[str, Any]) -> set[str]:
    """The v1 names of the capabilities that are asked for."""
    if configuration.get("customer") is not None:
        raise errors.unsupported(Feature.OTHER_CONFIGURATIONS, "configuration.customer")
    wanted = set()
    for name, given in configuration.items():
        group, capability, old = CAPABILITIES[name]
        capabilities = (given or {}).get("capabilities") or {}
        unknown = set(capabilities) - {group or capability}
        if unknown:
            raise errors.unsupported(Feature.OTHER_CONFIGURATIONS, f"configuration.{name}.capabilities.{min(unknown)}")
        asked = (capabilities.get(group) or {}) if group else capabilities
        if (asked.get(capability) or {}).get("requested"):
            wanted.add(old)
    return wanted


def _check(params: dict[str, Any], wanted: set[str]) -> None:
    if params.get("dashboard") != "express":
        raise errors.unsupported(Feature.OTHER_ACCOUNTS, "dashboard")
    given = (params.get("defaults") or {}).get("responsibilities") or {}
    if given.get("losses_collector") != "application" or given.get("fees_collector") not in APPLICATION:
        raise errors.refused(
            "An account with the express dashboard needs fees_collector and losses_collector to be application.",
            code=EXPRESS_DASHBOARD,
        )
    if "transfers" in wanted and not params.get("contact_email"):
        raise errors.refused("If configuration.recipient is supplied, the Account must have a contact email.")


def _write(call: Call, row: Row) -> None:
    """Put what the parameters say where it belongs: in the v1 object, or beside it."""
    params, own = call.params, dict(row.hidden["v2"])
    identity, defaults = params.get("identity") or {}, params.get("defaults") or {}
    profile = defaults.get("profile") or {}
    own |= {name: params[name] for name in ("contact_phone", "display_name") if name in params}
    own["identity"] = {**(own.get("identity") or {}), **identity}
    own["locales"] = defaults.get("locales", own.get("locales"))
    collector = (defaults.get("responsibilities") or {}).get("fees_collector")
    own["fees_collector"] = collector or own.get("fees_collector", "application")
    if call.world.switches["v1_shows_v2_metadata"]:
        row["metadata"] = common.changed_metadata(row["metadata"], params.get("metadata"))
    else:
        own["metadata"] = common.changed_metadata(own.get("metadata", {}), params.get("metadata"))
    row.hidden["v2"] = own
    if "contact_email" in params:
        row["email"] = params["contact_email"]
    if identity.get("entity_type"):
        row["business_type"] = identity["entity_type"]
    names = {"business_url": "url", "doing_business_as": "name", "product_description": "product_description"}
    row["business_profile"] |= {names[name]: value for name, value in profile.items() if name in names}


ROUTES = (
    Route("POST", "/v2/core/accounts", "v2.core.accounts.create", create, "v2.core.account", refuses=REFUSED),
    Route("GET", "/v2/core/accounts", "v2.core.accounts.list", list_, "v2.core.account", "list"),
    Route("GET", "/v2/core/accounts/<id>", "v2.core.accounts.retrieve", retrieve, "v2.core.account"),
    Route(
        "POST",
        "/v2/core/accounts/<id>",
        "v2.core.accounts.update",
        update,
        "v2.core.account",
        refuses=REFUSED,
        unused=("dashboard",),
    ),
    Route("POST", "/v2/core/accounts/<id>/close", "v2.core.accounts.close", close, "v2.core.account"),
)
