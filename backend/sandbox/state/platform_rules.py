"""The things that a platform may not do yet: make v1 accounts, make accounts at all, ask for transfers alone.

Each is a switch: which platforms meet which of them no source says, and they differ from platform to platform.
"""

from collections.abc import Collection

from ..wire.errors import StripeError, refused
from .world import World

DOCS = "https://docs.stripe.com/connect/accounts-v2/account-creation"
SWITCH = "https://dashboard.stripe.com/settings/features/feat_accounts_v1_support"
# The countries that a platform in the United States was refused for.
COUNTRIES_THAT_NEED_BOTH = frozenset({"AU", "CA", "DE", "GB", "SG"})


def refuse_v1_account(world: World) -> None:
    """The refusals that are met before the first v1 account. They stay stored under the idempotency key."""
    if world.switches["platform_profile"] == "not_signed_up":
        raise refused(
            "You can only create new accounts if you've signed up for Connect, which you can do at "
            "https://dashboard.stripe.com/connect."
        )
    if world.switches["platform_profile"] == "liability_unacknowledged":
        raise refused(
            "Please review the responsibilities of managing losses for connected accounts at "
            "https://dashboard.stripe.com/settings/connect/platform-profile."
        )
    if world.switches["accounts_v1"] == "refused":
        raise refused(
            "Accounts v1 is no longer recommended for new Connect integrations. Create accounts with "
            f"POST /v2/core/accounts instead: {DOCS}. If your integration needs Accounts v1, turn on Accounts v1 support "
            f"in the Dashboard: {SWITCH}."
        )


def refuse_v2_account(world: World) -> None:
    """The same under /v2."""
    if world.switches["platform_profile"] == "not_signed_up":
        raise refused("You can only create new accounts if you've signed up for Connect.", code="connect_not_enabled")
    if world.switches["platform_profile"] == "liability_unacknowledged":
        raise refused(
            "Please acknowledge the responsibilities of managing losses for connected accounts.",
            code="account_creation_liability_unacknowledged",
        )
    if world.switches["accounts_v2"] == "refused":
        raise StripeError(
            "Accounts v2 is not enabled for your platform. Turn it on at "
            "https://dashboard.stripe.com/settings/connect/platform-setup.",
            code="accounts_v2_access_blocked",
            executed=True,
        )


def refuse_capabilities(world: World, country: str, wanted: Collection[str], v2: bool = False) -> None:
    """Transfers without card payments, where the platform or the country needs both."""
    rule = world.switches["transfers_alone"]
    if "transfers" not in wanted or "card_payments" in wanted or rule == "allowed":
        return
    if rule == "refused_in_some_countries" and country not in COUNTRIES_THAT_NEED_BOTH:
        return
    if v2:
        raise refused(
            "configuration.recipient.capabilities.stripe_balance.stripe_transfers cannot be requested without "
            "configuration.merchant.capabilities.card_payments.",
            code="capability_not_available_without_other_capability"
            + ("_in_country" if rule == "refused_in_some_countries" else ""),
        )
    if rule == "refused_in_some_countries":
        raise refused(
            f"You cannot request the `transfers` capability without the `card_payments` capability for accounts in "
            f"{country}."
        )
    raise refused(
        "Your platform needs approval for accounts to have requested the `transfers` capability without the "
        "`card_payments` capability. If you would like to request `transfers` without `card_payments`, please contact "
        "us via https://support.stripe.com/contact."
    )
