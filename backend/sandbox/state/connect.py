"""The life of an Express account: created, linked, onboarded, perhaps disabled."""

from typing import TYPE_CHECKING, Any

from ..wire.errors import invalid
from . import accounts_v2
from .account_settings import account_settings
from .store import Row, clone

if TYPE_CHECKING:
    from .world import World

_EURO = "AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK".split()
CURRENCY_OF = {
    "US": "usd",
    "GB": "gbp",
    "CA": "cad",
    "CH": "chf",
    "AU": "aud",
    "NZ": "nzd",
    "JP": "jpy",
    "SE": "sek",
    "NO": "nok",
    "DK": "dkk",
    "PL": "pln",
    "CZ": "czk",
    "HU": "huf",
    "RO": "ron",
    "BG": "bgn",
    "SG": "sgd",
    "HK": "hkd",
    "MX": "mxn",
    "BR": "brl",
    "AE": "aed",
    "GI": "gip",
    "IN": "inr",
    "LI": "chf",
    "MY": "myr",
    "TH": "thb",
    **dict.fromkeys(_EURO, "eur"),
}
# Nobody can have an account there, by the law of the United States.
EMBARGOED = frozenset({"CU", "IR", "KP", "SY"})
# Every other code of ISO 3166-1: Stripe knows these, the sandbox does not.
OTHER_COUNTRIES = frozenset(
    "AD AF AG AI AL AM AO AQ AR AS AW AX AZ BA BB BD BF BH BI BJ BL BM BN BO BQ BS BT BV BW BY BZ CC CD CF CG CI CK CL CM CN "
    "CO CR CV CW CX DJ DM DO DZ EC EG EH ER ET FJ FK FM FO GA GD GE GF GG GH GL GM GN GP GQ GS GT GU GW GY HM HN HT ID IL IM "
    "IO IQ IS JE JM JO KE KG KH KI KM KN KR KW KY KZ LA LB LC LK LR LS LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MU "
    "MV MW MZ NA NC NE NF NG NI NP NR NU OM PA PE PF PG PH PK PM PN PR PS PW PY QA RE RS RU RW SA SB SC SD SH SJ SL SM SN SO "
    "SR SS ST SV SX SZ TC TD TF TG TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW".split()
)
# What Stripe says of an account that it stopped.
REASONS = (
    "action_required.requested_capabilities listed other platform_paused rejected.fraud rejected.incomplete_verification "
    "rejected.listed rejected.other rejected.platform_fraud rejected.platform_other rejected.platform_terms_of_service "
    "rejected.terms_of_service requirements.past_due requirements.pending_verification under_review"
).split()
# What the platform may say when it rejects an account -> how the account's disabled_reason ends.
REJECTIONS = {
    "fraud_payment_method_casher": "fraud",
    "fraud_payment_method_tester": "fraud",
    "fraud_no_intent_to_fulfill": "fraud",
    "fraud_other": "fraud",
    "credit": "other",
    "terms_of_service": "terms_of_service",
    "other": "other",
}
LOCKED = ("business_type", "company", "individual", "tos_acceptance")
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


def request_capabilities(world: "World", row: Row, wanted: dict[str, Any]) -> None:
    """Requested capabilities start inactive or pending, or active on an account that needs nothing more."""
    for name, capability in wanted.items():
        if not isinstance(capability, dict) or not capability.get("requested"):
            row["capabilities"].pop(name, None)
        elif name not in row["capabilities"]:
            row["capabilities"][name] = "active" if row.hidden["onboarded"] else world.behaviours["new_capability"]


def onboard(world: "World", row: Row, verification: str = "verified") -> None:
    """The owner has filled in everything. `verification` is `verified`, or `pending` while Stripe still checks."""
    if verification not in {"verified", "pending"}:
        raise invalid("verification must be 'verified' or 'pending'.", "verification")
    before, verified = clone(row), verification == "verified"
    if not row["external_accounts"]["data"]:
        bank = _bank(world, row)
        row["external_accounts"].update(data=[bank], total_count=1)
        world.emit("account.external_account.created", Row("bank_accounts", row["id"], bank))
    row["business_type"] = row["business_type"] or "individual"
    row["tos_acceptance"] = {"date": world.now(), "ip": None, "user_agent": None}
    pending = () if verified else ("individual.verification.document",)
    reason = None if verified else "requirements.pending_verification"
    row["requirements"] = requirements([], reason, pending)
    # With card payments beside transfers, neither is active while the other is not.
    stalled = (
        "card_payments" in row["capabilities"] and world.behaviours["card_payments_after_onboarding"] == "inactive"
    )
    if stalled:
        row["requirements"] = requirements(["business_profile.url"], "requirements.past_due")
    row.hidden["onboarded"] = verified and not stalled
    row.update(details_submitted=True, charges_enabled=verified and not stalled, payouts_enabled=verified)
    _set_capabilities(world, row, "inactive" if stalled else "active" if verified else "pending", before)


def disable(world: "World", row: Row, reason: str = "requirements.past_due", payouts: bool = False) -> None:
    """Stripe stops the account: it can no longer receive transfers or, unless `payouts`, be paid out."""
    if reason not in REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", "reason")
    before = clone(row)
    row.hidden["onboarded"] = False
    due = ["individual.verification.document"] if reason == "requirements.past_due" else []
    row["requirements"] = requirements(due, reason)
    row.update(charges_enabled=False, payouts_enabled=payouts)
    _set_capabilities(world, row, "inactive", before)


def reject(world: "World", row: Row, reason: str, payouts_action: str = "pause") -> None:
    """The platform turns an account away; disabled_reason says that the platform did it (docs/stripe.md 4.7)."""
    if reason not in REJECTIONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REJECTIONS)}", "reason")
    payouts = row["payouts_enabled"] and payouts_action == "none"
    disable(world, row, f"rejected.platform_{REJECTIONS[reason]}", payouts)


def part(world: "World", row: Row, tell: bool) -> None:
    """The account is no longer the platform's: from now on it looks as if it did not exist."""
    if tell:
        application = {"id": f"ca_{world.platform[5:]}", "object": "application", "name": "Sandbox"}
        world.emit("account.application.deauthorized", Row("applications", row["id"], application))
    world.store.remove(row)


def tell_account(world: "World", row: Row, previous: dict[str, Any]) -> None:
    """Tell of a change by account.updated. Whether that tells of accounts made under /v2 no source settles."""
    if not accounts_v2.is_v2(row) or world.behaviours["v1_tells_of_v2_accounts"]:
        world.emit("account.updated", row, previous, account=row["id"])


def _set_capabilities(world: "World", row: Row, status: str, before: dict[str, Any]) -> None:
    row["capabilities"] = dict.fromkeys(row["capabilities"], status)
    if accounts_v2.is_v2(row):
        charges = world.behaviours["transfers_enable_charges"] or "card_payments" in row["capabilities"]
        row["charges_enabled"] = row["charges_enabled"] and charges
        row["external_accounts"]["total_count"] = len(row["external_accounts"]["data"])
    world.changed(row)
    previous = {field: value for field, value in before.items() if row.get(field) != value}
    tell_account(world, row, previous)
    accounts_v2.tell(world, row, before)
    for name, old in before["capabilities"].items():
        if old != status:
            capability = {
                "id": name,
                "object": "capability",
                "account": row["id"],
                "requested": True,
                "status": status,
            }
            detail = {
                "requested_at": row["created"],
                "requirements": row["requirements"],
                "future_requirements": None,
            }
            world.emit("capability.updated", Row("capabilities", row["id"], capability | detail), {"status": old})
    world.payouts.expect(row["id"])


def _bank(world: "World", row: Row) -> dict[str, Any]:
    return {
        "id": world.ids.new("ba"),
        "object": "bank_account",
        "account": row["id"],
        "account_holder_name": None,
        "account_holder_type": None,
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": row["country"],
        "currency": row["default_currency"],
        "default_for_currency": True,
        "fingerprint": world.ids.text(16),
        "future_requirements": None,
        "last4": "6789",
        "metadata": {},
        "requirements": None,
        "routing_number": "110000000",
        "status": "new",
    }
