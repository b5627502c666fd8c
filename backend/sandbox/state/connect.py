"""The life of an Express account: created, linked, onboarded, perhaps disabled."""

from typing import Any

from ..wire.errors import invalid
from . import accounts_v2
from .account_fields import requirements
from .store import Row, clone
from .world import World

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


def request_capabilities(world: World, row: Row, wanted: dict[str, Any]) -> None:
    """Requested capabilities start inactive or pending, or active on an account that needs nothing more."""
    for name, capability in wanted.items():
        if not isinstance(capability, dict) or not capability.get("requested"):
            row["capabilities"].pop(name, None)
        elif name not in row["capabilities"]:
            row["capabilities"][name] = "active" if row.hidden["onboarded"] else world.switches["new_capability"]


def onboard(world: World, row: Row, verification: str = "verified") -> None:
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
    stalled = "card_payments" in row["capabilities"] and world.switches["card_payments_after_onboarding"] == "inactive"
    if stalled:
        row["requirements"] = requirements(["business_profile.url"], "requirements.past_due")
    row.hidden["onboarded"] = verified and not stalled
    row.update(details_submitted=True, charges_enabled=verified and not stalled, payouts_enabled=verified)
    _set_capabilities(world, row, "inactive" if stalled else "active" if verified else "pending", before)


def disable(world: World, row: Row, reason: str = "requirements.past_due", payouts: bool = False) -> None:
    """Stripe stops the account: it can no longer receive transfers or, unless `payouts`, be paid out."""
    if reason not in REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", "reason")
    before = clone(row)
    row.hidden["onboarded"] = False
    due = ["individual.verification.document"] if reason == "requirements.past_due" else []
    row["requirements"] = requirements(due, reason)
    row.update(charges_enabled=False, payouts_enabled=payouts)
    _set_capabilities(world, row, "inactive", before)


def reject(world: World, row: Row, reason: str, payouts_action: str = "pause") -> None:
    """The platform turns an account away; disabled_reason says that the platform did it (docs/stripe.md 4.7)."""
    if reason not in REJECTIONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REJECTIONS)}", "reason")
    payouts = row["payouts_enabled"] and payouts_action == "none"
    disable(world, row, f"rejected.platform_{REJECTIONS[reason]}", payouts)


def part(world: World, row: Row, tell: bool) -> None:
    """The account is no longer the platform's: from now on it looks as if it did not exist."""
    if tell:
        application = {"id": f"ca_{world.platform[5:]}", "object": "application", "name": "Sandbox"}
        world.emit("account.application.deauthorized", Row("applications", row["id"], application))
    world.store.remove(row)


def tell_account(world: World, row: Row, previous: dict[str, Any]) -> None:
    """Tell of a change by account.updated. Whether that tells of accounts made under /v2 no source settles."""
    if not accounts_v2.is_v2(row) or world.switches["v1_tells_of_v2_accounts"]:
        world.emit("account.updated", row, previous, account=row["id"])


def _set_capabilities(world: World, row: Row, status: str, before: dict[str, Any]) -> None:
    row["capabilities"] = dict.fromkeys(row["capabilities"], status)
    if accounts_v2.is_v2(row):
        charges = world.switches["transfers_enable_charges"] or "card_payments" in row["capabilities"]
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


def _bank(world: World, row: Row) -> dict[str, Any]:
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
