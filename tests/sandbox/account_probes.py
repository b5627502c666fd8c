"""Probes of the switches about accounts of two makes: each looks through the API alone, and answers with the choice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from backend.sandbox.state.accounts_v2 import INCLUDES
from tests.sandbox.conftest import Platform

ACCOUNTS = "/v2/core/accounts"
RECIPIENT = {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}}
MERCHANT = {"merchant": {"capabilities": {"card_payments": {"requested": True}}}}
STATUS = "v2.core.account[configuration.recipient].capability_status_updated"


def _post(platform: Platform, path: str, **body: Any) -> Any:
    return platform.raw("POST", path, json=body)


def _make_v2(platform: Platform, country: str = "us", **more: Any) -> Any:
    return _post(
        platform,
        ACCOUNTS,
        contact_email="dana@example.com",
        dashboard="express",
        identity={"country": country, "entity_type": "individual"},
        defaults={"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
        metadata={"a": "1"},
        **{"configuration": RECIPIENT, **more},
    )


def _made_v2(platform: Platform, **more: Any) -> str:
    return str(_make_v2(platform, **more).json["id"])


def _make_v1(platform: Platform, country: str = "US") -> Any:
    given = {"type": "express", "country": country, "capabilities[transfers][requested]": "true"}
    return platform.raw("POST", "/v1/accounts", data=given)


def _words(answer: Any) -> str:
    return str(answer.json.get("error", {}).get("message", ""))


def _profile(platform: Platform) -> Any:
    said = _words(_make_v1(platform))
    if not said:
        return "complete"
    return "not_signed_up" if "signed up for Connect" in said else "liability_unacknowledged"


def _alone(platform: Platform) -> Any:
    makes: tuple[Callable[..., Any], ...] = (_make_v1, _make_v2)
    statuses = {(make(platform, "US").status_code, make(platform, "CA").status_code) for make in makes}
    outcomes = {(200, 200): "allowed", (400, 400): "refused", (200, 400): "refused_in_some_countries"}
    return outcomes[statuses.pop()] if len(statuses) == 1 else statuses


def _onboarded(platform: Platform, **more: Any) -> Any:
    account_id = _made_v2(platform, **more)
    platform.control(f"/accounts/{account_id}/onboard")
    return platform.v1.accounts.retrieve(account_id)


def _tells(platform: Platform) -> Any:
    account_id = _onboarded(platform).id
    options: Any = {"stripe_account": account_id}
    return any(event.type == "account.updated" for event in platform.v1.events.list({}, options).data)


def _scope(platform: Platform) -> Any:
    for scope in ("@self", "@accounts"):
        where = {"url": f"https://hooks.example.com/{scope[1:]}"}
        body = {"name": scope, "type": "webhook_endpoint", "event_payload": "thin", "webhook_endpoint": where}
        _post(platform, "/v2/core/event_destinations", enabled_events=[STATUS], events_from=[scope], **body)
    _onboarded(platform)
    platform.sandbox.deliver_due()
    heard = {f"@{url.rpartition('/')[2]}" for url, body, _ in platform.received if json.loads(body)["type"] == STATUS}
    return "both" if len(heard) == 2 else heard.pop()


def lived_v2(platform: Platform) -> Iterator[dict[str, Any]]:
    """Yield the answers under /v2 of a platform on which everything has happened once."""
    where = {"url": "https://hooks.example.com"}
    body = {"name": "a", "type": "webhook_endpoint", "event_payload": "thin", "webhook_endpoint": where}
    secret = ["webhook_endpoint.signing_secret"]
    destination = _post(
        platform, "/v2/core/event_destinations", enabled_events=["v1.charge.refunded"], include=secret, **body
    ).json
    yield destination
    platform.raw("POST", f"/v2/core/event_destinations/{destination['id']}/ping")
    account_id = _made_v2(platform, configuration=RECIPIENT | MERCHANT)
    onboarding = {"refresh_url": "https://a.example", "return_url": "https://a.example"}
    use_case = {"type": "account_onboarding", "account_onboarding": onboarding}
    yield _post(platform, "/v2/core/account_links", account=account_id, use_case=use_case).json
    whole = "&".join(f"include[{place}]={one}" for place, one in enumerate(INCLUDES))
    yield platform.raw("GET", f"{ACCOUNTS}/{account_id}?{whole}").json or {}
    platform.control(f"/accounts/{account_id}/onboard")
    yield platform.raw("GET", f"{ACCOUNTS}/{account_id}?{whole}").json or {}
    platform.control(f"/accounts/{account_id}/reject")
    yield platform.raw("GET", f"{ACCOUNTS}/{account_id}?{whole}").json or {}
    # The SDK declares these two in the class of each type of event.
    of_a_type = {"data", "related_object"}
    for event in platform.raw("GET", "/v2/core/events").json["data"]:
        yield {name: value for name, value in event.items() if name not in of_a_type}


ACCOUNTS_V2_PROBES: dict[str, Callable[[Platform], Any]] = {
    "accounts_v1": lambda platform: "refused" if "accounts-v2" in _words(_make_v1(platform)) else "allowed",
    "accounts_v2": lambda platform: "allowed" if _make_v2(platform).status_code == 200 else "refused",
    "card_payments_after_onboarding": lambda platform: (
        _onboarded(platform, configuration=RECIPIENT | MERCHANT).capabilities.card_payments
    ),
    "platform_profile": _profile,
    "transfers_alone": _alone,
    "transfers_enable_charges": lambda platform: _onboarded(platform).charges_enabled,
    "v1_deletes_v2_accounts": lambda platform: (
        platform.raw("DELETE", f"/v1/accounts/{_made_v2(platform)}").status_code == 200
    ),
    "v1_lists_v2_accounts": lambda platform: (
        _made_v2(platform) in [account.id for account in platform.v1.accounts.list({}).data]
    ),
    "v1_shows_v2_metadata": lambda platform: bool(
        platform.v1.accounts.retrieve(_made_v2(platform)).metadata.to_dict().get("a")
    ),
    "v1_tells_of_v2_accounts": _tells,
    "v2_account_events_from": _scope,
}
