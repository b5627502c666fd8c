"""Account links v2: the way into onboarding, for accounts of either make. `configurations` is no parameter any more."""

from typing import Any

from ...calls.routing import Call, Route
from ...state.thin_events import instant
from ...wire import errors
from .. import account_links
from . import common

ONBOARDING = "account_onboarding"


def create(call: Call) -> dict[str, Any]:
    """POST /v2/core/account_links"""
    params, world = call.params, call.world
    row = world.get("accounts", world.platform, params["account"])
    if row is None or row["id"] == world.platform:
        raise common.not_found("account", params["account"])
    use_case = params["use_case"]
    if use_case["type"] != ONBOARDING:
        # Its owner has a dashboard of Stripe's to do it in.
        raise errors.refused("account_update is not available for accounts with a dashboard hosted by Stripe.")
    asked = use_case.get(ONBOARDING)
    if asked is None:
        raise errors.missing_param(f"use_case.{ONBOARDING}")
    places = {"refresh_url": asked["refresh_url"], "return_url": asked.get("return_url") or asked["refresh_url"]}
    made = account_links.hand_out(world, row, places)
    return {
        "object": "v2.core.account_link",
        "account": row["id"],
        "created": instant(made["created"]),
        "expires_at": instant(made["expires_at"]),
        "livemode": False,
        "url": made["url"],
        "use_case": use_case,
    }


ROUTES = (Route("POST", "/v2/core/account_links", "v2.core.account_links.create", create, "v2.core.account_link"),)
