"""Account links: the way into onboarding. Alive for five minutes, good for one visit."""

from typing import Any

from ..calls.routing import Call, Route
from ..state.store import Row
from ..state.world import World
from ..wire import errors

LIFE_SECONDS = 300


def create(call: Call) -> dict[str, Any]:
    """POST /v1/account_links"""
    params, world = call.params, call.world
    row = world.get("accounts", world.platform, params["account"])
    if row is None or row["id"] == world.platform:
        if world.switches["account_link_unknown_account"] == 403:
            raise errors.account_invalid(params["account"])
        raise errors.missing("account", params["account"], "account")
    if params["type"] != "account_onboarding":
        raise errors.invalid('Valid types for this account are ["account_onboarding"]', "type")
    for param in ("refresh_url", "return_url"):
        if not params.get(param):
            raise errors.missing_param(param)
        if not params[param].startswith(("http://", "https://")):
            raise errors.invalid("Not a valid URL", param, "url_invalid")
    return hand_out(world, row, {param: params[param] for param in ("refresh_url", "return_url")})


def hand_out(world: World, row: Row, places: dict[str, str]) -> dict[str, Any]:
    """A fresh link into the onboarding of an account; `places`: where it leads to afterwards."""
    row.hidden["linked"] = True
    token, now = world.ids.text(24), world.now()
    world.links[token] = {"account": row["id"], "expires_at": now + LIFE_SECONDS, "used": False} | places
    return {
        "object": "account_link",
        "created": now,
        "expires_at": now + LIFE_SECONDS,
        "url": f"{world.base_url}/setup/e/{row['id']}/{token}",
    }


REFUSED = ("collect", "collection_options")
ROUTES = (Route("POST", "/v1/account_links", "account_links.create", create, "account_link", refuses=REFUSED),)
