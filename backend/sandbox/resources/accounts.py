"""Connected accounts. Only Express: the platform prefills, Stripe collects the rest, a link leads there."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state import accounts_v2
from ..state.account_fields import account_fields
from ..state.connect import (
    LOCKED,
    part,
    reject,
    request_capabilities,
    tell_account,
)
from ..state.countries import CURRENCY_OF, EMBARGOED, OTHER_COUNTRIES
from ..state.platform_rules import refuse_capabilities, refuse_v1_account
from ..state.schedules import applicable
from ..state.store import Row
from ..wire import errors
from ..wire.limits import Feature
from . import common

EXPRESS = {"fees": "application", "losses": "application", "stripe_dashboard": "express"}
# What onboarding collects.
REFUSED = ("account_token", "documents", "external_account", "groups")
MERGED = ("business_profile", "company", "individual", "settings", "tos_acceptance")


def create(call: Call) -> Row:
    """POST /v1/accounts"""
    params, world = call.params, call.world
    refuse_v1_account(world)
    _check_type(params)
    country = params.get("country", "US")
    _check_country(country)
    capabilities = params.get("capabilities") or {}
    refuse_capabilities(
        world, country, {one for one, given in capabilities.items() if given and given.get("requested")}
    )
    fields = account_fields(world.ids.new("acct"), country, world.now())
    fields["email"] = params.get("email") or None
    fields["business_type"] = params.get("business_type")
    fields["metadata"] = common.new_metadata(params.get("metadata"))
    if "default_currency" in params:
        fields["default_currency"] = params["default_currency"].lower()
    fields |= _changes(fields, params)
    row = world.add("accounts", world.platform, fields, onboarded=False, linked=False)
    request_capabilities(world, row, params.get("capabilities", {}))
    return row


def _check_type(params: dict[str, Any]) -> None:
    kind, controller = params.get("type"), params.get("controller")
    if kind and controller:
        raise errors.invalid("You cannot set both `type` and `controller` on an account.", "type")
    if not (kind == "express" or _is_express(controller)):
        raise errors.unsupported(Feature.OTHER_ACCOUNTS, "type" if kind else "controller")


def _check_country(country: str) -> None:
    if country in CURRENCY_OF:
        return
    if country in OTHER_COUNTRIES:
        raise errors.unsupported(Feature.OTHER_COUNTRIES, "country")
    if country in EMBARGOED:
        raise errors.invalid(f"{country} is not currently supported by Stripe.", "country", "country_unsupported")
    raise errors.invalid(
        f"Country '{country}' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or "
        "'GB'.",
        "country",
        "country_unsupported",
    )


def _is_express(controller: dict[str, Any] | None) -> bool:
    if not controller:
        return False
    given = {
        "fees": controller.get("fees", {}).get("payer"),
        "losses": controller.get("losses", {}).get("payments"),
        "stripe_dashboard": controller.get("stripe_dashboard", {}).get("type"),
    }
    return given == EXPRESS and controller.get("requirement_collection", "stripe") == "stripe"


def retrieve(call: Call) -> Row:
    """GET /v1/accounts/{id}"""
    return _account(call)


def retrieve_current(call: Call) -> Row:
    """GET /v1/account: the account that the key, or the Stripe-Account header, acts as."""
    return call.world.must(call.account)


def update(call: Call) -> Row:
    """POST /v1/accounts/{id}"""
    row, params = _account(call), call.params
    _check_permissions(row, params)
    changes = _changes(row, params)
    before = common.amend(row, params, "email", "business_type")
    before |= {field: row[field] for field in changes if field in row}
    row.update(changes)
    if "default_currency" in params:
        row["default_currency"] = params["default_currency"].lower()
    request_capabilities(call.world, row, params.get("capabilities", {}))
    call.world.changed(row)
    tell_account(call.world, row, before)
    accounts_v2.tell(call.world, row, row)
    call.world.payouts.expect(row["id"])
    return row


def _check_permissions(row: Row, params: dict[str, Any]) -> None:
    """Once a link exists, who somebody is lies between them and Stripe (docs/stripe.md 4.3)."""
    locked = [f"'{param}'" for param in LOCKED if param in params]
    if not row.hidden.get("linked") or not locked:
        return
    plural = "s" if len(locked) > 1 else ""
    raise errors.StripeError(
        f"This application does not have the required permissions for the parameter{plural} {','.join(locked)} on "
        f"account '{row['id']}'.",
        status=403,
    )


def delete(call: Call) -> dict[str, Any]:
    """DELETE /v1/accounts/{id}"""
    row = _account(call)
    if row["id"] == call.world.platform:
        raise errors.refused("You cannot delete your own account.")
    if accounts_v2.is_v2(row) and not call.world.switches["v1_deletes_v2_accounts"]:
        raise errors.refused(
            "This account was created with Accounts v2. Close it with POST /v2/core/accounts/{id}/close."
        )
    part(call.world, row, tell=call.world.switches["deleted_account_tells"])
    return common.deleted(row["id"], "account")


def reject_(call: Call) -> Row:
    """POST /v1/accounts/{id}/reject: transfers and payouts end; `fraud` is no reason any more (docs/stripe.md 4.7)."""
    row = _account(call)
    if row["id"] == call.world.platform:
        raise errors.refused("You cannot reject your own account.")
    reject(call.world, row, call.params["reason"], call.params.get("payouts_action", "pause"))
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/accounts: by `created` only; neither email nor metadata can be looked up."""
    all_of_them = call.world.switches["v1_lists_v2_accounts"]
    rows, where = call.rows("accounts"), lambda row: all_of_them or not accounts_v2.is_v2(row)
    return lists.page(rows, call.params, call.path, "account", where=where)


def list_capabilities(call: Call) -> dict[str, Any]:
    """GET /v1/accounts/{id}/capabilities"""
    row = _account(call)
    data = [_capability(row, name) for name in row["capabilities"]]
    return lists.list_object(data, call.path)


def retrieve_capability(call: Call) -> dict[str, Any]:
    """GET /v1/accounts/{id}/capabilities/{name}"""
    row = _account(call)
    if call.ids["name"] not in row["capabilities"]:
        raise errors.missing("capability", call.ids["name"], "capability", status=404)
    return _capability(row, call.ids["name"])


def _capability(row: Row, name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "capability",
        "account": row["id"],
        "future_requirements": row["future_requirements"],
        "requested": True,
        "requested_at": row["created"],
        "requirements": row["requirements"],
        "status": row["capabilities"][name],
    }


def create_login_link(call: Call) -> dict[str, Any]:
    """POST /v1/accounts/{id}/login_links: into the Express dashboard, for those who have finished onboarding."""
    row, world = _account(call), call.world
    if not row["details_submitted"]:
        raise errors.refused("Cannot create a login link for an account that has not completed onboarding.")
    token = world.ids.text(24)
    row.hidden.setdefault("logins", set()).add(token)
    url = f"{world.base_url}/express/{row['id']}/{token}"
    return {"object": "login_link", "created": world.now(), "url": url}


def _account(call: Call) -> Row:
    """The account in the path; that it is there and ours has been checked before."""
    return call.world.must(call.ids["id"])


def _changes(fields: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """The fields of an account that these parameters change. Raises before anything has changed."""
    changes = {name: _merged(fields.get(name) or {}, params[name]) for name in MERGED if name in params}
    payouts = (changes.get("settings") or {}).get("payouts")
    if payouts:
        payouts["schedule"] = applicable(payouts["schedule"])
    return changes


def _merged(before: Any, given: Any) -> Any:
    """Hashes are merged field by field; an empty string unsets."""
    if not isinstance(given, dict) or not isinstance(before, dict):
        return None if given == "" else given
    return {**before, **{key: _merged(before.get(key), value) for key, value in given.items()}}


ROUTES = (
    Route("GET", "/v1/account", "accounts.retrieve_current", retrieve_current, "account"),
    Route("POST", "/v1/accounts", "accounts.create", create, "account", refuses=REFUSED),
    Route("GET", "/v1/accounts", "accounts.list", list_, "account", "list"),
    Route("GET", "/v1/accounts/<id>", "accounts.retrieve", retrieve, "account"),
    Route("POST", "/v1/accounts/<id>", "accounts.update", update, "account", refuses=REFUSED),
    Route("DELETE", "/v1/accounts/<id>", "accounts.delete", delete, "account"),
    Route("POST", "/v1/accounts/<id>/reject", "accounts.reject", reject_, "account"),
    Route(
        "GET",
        "/v1/accounts/<id>/capabilities",
        "accounts.capabilities.list",
        list_capabilities,
        "capability",
        "list",
    ),
    Route(
        "GET",
        "/v1/accounts/<id>/capabilities/<name>",
        "accounts.capabilities.retrieve",
        retrieve_capability,
        "capability",
    ),
    Route(
        "POST",
        "/v1/accounts/<id>/login_links",
        "accounts.login_links.create",
        create_login_link,
        "login_link",
    ),
)
