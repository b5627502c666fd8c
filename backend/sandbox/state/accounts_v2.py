"""Accounts v2: the second face of an account. Every account has both; one made under /v2 keeps what only v2 shows.

The v1 object is the one that is stored. `hidden["v2"]` holds the rest for an account that was made under /v2, and is absent
for one that was made under /v1.
"""

from typing import Any

from .store import Row
from .thin_events import instant
from .world import World

INCLUDES = (
    "configuration.customer",
    "configuration.merchant",
    "configuration.recipient",
    "defaults",
    "future_requirements",
    "identity",
    "requirements",
)
# v2 configuration -> its group of capabilities and the capability there -> the v1 name of the same.
CAPABILITIES = {
    "recipient": ("stripe_balance", "stripe_transfers", "transfers"),
    "merchant": (None, "card_payments", "card_payments"),
}
# A v1 status -> the v2 status and the code of its detail.
_STATUSES = {
    "active": ("active", None),
    "pending": ("pending", "requirements_pending_verification"),
    "inactive": ("restricted", "requirements_past_due"),
}
# The v1 name of what is due -> the v2 name.
_DESCRIPTIONS = {
    "business_profile.mcc": "configuration.merchant.mcc",
    "business_profile.url": "defaults.profile.business_url",
    "business_type": "identity.entity_type",
    "tos_acceptance.date": "identity.attestations.terms_of_service.account.date",
    "tos_acceptance.ip": "identity.attestations.terms_of_service.account.ip",
    "individual.verification.document": "identity.individual.documents.primary_verification",
}
UPDATED = "v2.core.account.updated"
STATUS_UPDATED = "v2.core.account[configuration.{}].capability_status_updated"


def is_v2(row: Row) -> bool:
    """True for an account that was made under /v2."""
    return "v2" in row.hidden


def configurations(row: Row) -> list[str]:
    """The configurations that apply to the account."""
    return [name for name, (_, _, old) in CAPABILITIES.items() if old in row["capabilities"]]


def account_object(row: Row, include: list[str] | None = None) -> dict[str, Any]:
    """The account as v2 shows it: what is not included is null."""
    own, asked = row.hidden.get("v2") or {}, set(include or ())
    shown: dict[str, Any] = {
        "id": row["id"],
        "object": "v2.core.account",
        "applied_configurations": configurations(row),
        "closed": bool(row.hidden.get("closed")),
        "configuration": _configuration(row, asked),
        "contact_email": row["email"],
        "contact_phone": own.get("contact_phone"),
        "created": instant(row["created"]),
        "dashboard": "express",
        "defaults": _defaults(row) if "defaults" in asked else None,
        "display_name": own.get("display_name") or (row["business_profile"] or {}).get("name"),
        "future_requirements": _requirements([]) if "future_requirements" in asked else None,
        "identity": _identity(row) if "identity" in asked else None,
        "livemode": False,
        "metadata": metadata(row),
        "requirements": _requirements(row["requirements"]["past_due"]) if "requirements" in asked else None,
    }
    return shown


def metadata(row: Row) -> dict[str, str]:
    """The metadata, which the v1 object may not show."""
    return {**row.hidden.get("v2", {}).get("metadata", {}), **row["metadata"]}


def tell(world: World, row: Row, before: dict[str, Any]) -> None:
    """Tell of a change as v2 does: of the account, and of each capability with another status."""
    if not is_v2(row):
        return
    _tell(world, row, UPDATED, {})
    for name, (group, capability, old) in CAPABILITIES.items():
        if old in row["capabilities"] and before["capabilities"].get(old) != row["capabilities"][old]:
            named = ".".join(filter(None, (group, capability)))
            _tell(world, row, STATUS_UPDATED.format(name), {"updated_capability": named})


def tell_made(world: World, row: Row) -> None:
    """Tell of a new account."""
    _tell(world, row, "v2.core.account.created", {})


def tell_closed(world: World, row: Row) -> None:
    """Tell that an account was closed."""
    _tell(world, row, "v2.core.account.closed", {})


def _tell(world: World, row: Row, kind: str, data: dict[str, Any]) -> None:
    related = {"id": row["id"], "type": "v2.core.account", "url": f"/v2/core/accounts/{row['id']}"}
    scope = world.switches["v2_account_events_from"]
    scopes = {"@self", "@accounts"} if scope == "both" else {scope}
    world.events.record_v2(kind, related, scopes, **data)


def _configuration(row: Row, asked: set[str]) -> dict[str, Any] | None:
    named = {one.removeprefix("configuration.") for one in asked if one.startswith("configuration.")}
    if not named:
        return None
    applied = configurations(row)
    shown = {name: _capabilities(row, name) if name in applied else None for name in named & set(CAPABILITIES)}
    return {"customer": None, "merchant": None, "recipient": None} | shown


def _capabilities(row: Row, configuration: str) -> dict[str, Any]:
    group, name, old = CAPABILITIES[configuration]
    found: dict[str, Any] = {name: _capability(row["capabilities"][old], row["requirements"]["disabled_reason"])}
    if configuration == "recipient":
        # It is not asked for: it comes by itself.
        found["payouts"] = _capability("active" if row["payouts_enabled"] else "inactive", None)
    return {"applied": True, "capabilities": {group: found} if group else found}


def _capability(status: str, reason: str | None) -> dict[str, Any]:
    if status == "inactive" and reason and reason.startswith("rejected."):
        return {"status": "rejected", "status_details": [{"code": "rejected_other", "resolution": "no_resolution"}]}
    word, code = _STATUSES[status]
    details = [] if code is None else [{"code": code, "resolution": "provide_info"}]
    return {"status": word, "status_details": details}


def _defaults(row: Row) -> dict[str, Any]:
    own = row.hidden.get("v2") or {}
    profile = row["business_profile"] or {}
    return {
        "currency": row["default_currency"],
        "locales": own.get("locales"),
        "profile": {
            "business_url": profile.get("url"),
            "doing_business_as": profile.get("name"),
            "product_description": profile.get("product_description"),
        },
        "responsibilities": {
            "fees_collector": own.get("fees_collector", "application_express"),
            "losses_collector": "application",
            "requirements_collector": "stripe",
        },
    }


def _identity(row: Row) -> dict[str, Any]:
    own = row.hidden.get("v2", {}).get("identity") or {}
    return {
        "attestations": own.get("attestations"),
        "business_details": own.get("business_details"),
        "country": row["country"].lower(),
        "entity_type": row["business_type"],
        "individual": own.get("individual"),
    }


def _requirements(due: list[str]) -> dict[str, Any]:
    entries = [_entry(name) for name in due]
    deadline = {"minimum_deadline": {"status": "past_due", "time": None}} if entries else None
    return {"entries": entries, "summary": deadline}


def _entry(name: str) -> dict[str, Any]:
    capability = "stripe_balance.payouts" if name == "external_account" else "stripe_balance.stripe_transfers"
    restricted = {"capability": capability, "configuration": "recipient", "deadline": {"status": "past_due"}}
    return {
        "awaiting_action_from": "user",
        "description": _DESCRIPTIONS.get(name, name),
        "errors": [],
        "impact": {"restricts_capabilities": [restricted]},
        "minimum_deadline": {"status": "past_due"},
        "reference": None,
        "requested_reasons": [{"code": "routine_onboarding"}],
    }
