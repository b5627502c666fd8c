"""The fields that an account begins with: a coach's, and the platform's own."""

from typing import Any

from .account_settings import account_settings
from .countries import CURRENCY_OF

DUE = [
    "business_profile.mcc",
    "business_profile.url",
    "business_type",
    "external_account",
    "tos_acceptance.date",
    "tos_acceptance.ip",
]


def account_fields(account: str, country: str, now: int) -> dict[str, Any]:
    """A new Express account, before anything is known about its owner."""
    currency = CURRENCY_OF[country]
    return {
        "id": account,
        "object": "account",
        "business_profile": dict.fromkeys(_PROFILE),
        "business_type": None,
        "capabilities": {},
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": "application_express"},
            "is_controller": True,
            "losses": {"payments": "application"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": "express"},
            "type": "application",
        },
        "country": country,
        "created": now,
        "default_currency": currency,
        "details_submitted": False,
        "email": None,
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "total_count": 0,
            "url": f"/v1/accounts/{account}/external_accounts",
        },
        "future_requirements": requirements([], None),
        "groups": {"payments_pricing": None},
        "metadata": {},
        "payouts_enabled": False,
        "requirements": requirements(DUE, "requirements.past_due"),
        "settings": account_settings(),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "express",
    }


_PROFILE = (
    "annual_revenue",
    "estimated_worker_count",
    "mcc",
    "minority_owned_business_designation",
    "name",
    "product_description",
    "support_address",
    "support_email",
    "support_phone",
    "support_url",
    "url",
)


def platform_fields(account: str, country: str, now: int) -> dict[str, Any]:
    """The platform's own account: active from the start, and paid out only by hand, so that tests find its money."""
    fields = account_fields(account, country, now)
    fields.update(charges_enabled=True, details_submitted=True, payouts_enabled=True, type="standard")
    fields["requirements"] = requirements([], None)
    fields["controller"] = {"type": "account"}
    fields["capabilities"] = {"card_payments": "active", "transfers": "active"}
    fields["settings"]["payouts"]["schedule"] = {"delay_days": 2, "interval": "manual"}
    fields["settings"]["payments"]["statement_descriptor"] = "COACHING SANDBOX"
    return fields


def requirements(due: list[str], disabled_reason: str | None, pending: tuple[str, ...] = ()) -> dict[str, Any]:
    """The requirements hash; what is due is past due, as on every account that was never onboarded."""
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": disabled_reason,
        "errors": [],
        "eventually_due": list(due),
        "past_due": list(due),
        "pending_verification": list(pending),
    }
