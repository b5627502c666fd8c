"""The requests that make a coach's account, and what a refusal of Stripe's says about the next one. Pure.

Stripe has two ways to make an account (``POST /v1/accounts`` and ``POST /v2/core/accounts``). A platform that was opened in
2026 may be refused the first; some platforms and countries may not ask for ``transfers`` alone. Which, Stripe publishes in
no table, so the least is asked for first, and the refusal decides.
https://docs.stripe.com/connect/accounts-v2/account-creation
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from backend.domain import idempotency_keys
from backend.domain.metadata import COACH_ID, COACH_NAME, PLATFORM, SPORT
from backend.domain.namespace import APP_VALUE, Namespace
from backend.domain.requests import NewCoach

Make = Literal["v1", "v2"]
# What an operator may choose: ``auto`` begins with v1, which earlier platforms have, and goes on with v2 where v1 is refused.
ConnectAccounts = Literal["auto", "v1", "v2"]

WAYS: tuple[ConnectAccounts, ...] = get_args(ConnectAccounts)

TRANSFERS, CARD_PAYMENTS = "transfers", "card_payments"
CAPABILITIES = (TRANSFERS, CARD_PAYMENTS)
# Transfers are all that a coach needs. With card payments beside them Stripe asks for more, and a problem of either stops both.
LEAST, BOTH = frozenset([TRANSFERS]), frozenset(CAPABILITIES)
_SETS = (LEAST, BOTH)
# No code is documented for the refusal of v1, so its text is looked at, for words that are addresses rather than prose.
_V1_IS_OVER = ("accounts-v2", "feat_accounts_v1_support", "/v2/core/accounts")
_NEEDS_MORE = "capability_not_available"
# Stripe's words for a platform that has not finished its own set-up.
_PLATFORM_WORDS = ("signed up for Connect", "platform-profile", "responsibilities of managing losses", "platform-setup")
_PLATFORM_CODES = frozenset(["account_creation_liability_unacknowledged"])


@dataclass(frozen=True)
class AccountRequest:
    """One request: the way, the capabilities that are asked for, and the body."""

    make: Make
    capabilities: frozenset[str]
    params: dict[str, Any]

    def key_in(self, namespace: Namespace) -> str:
        """Return the name of the request: equal for equal requests, and never that of another way or another set.

        Requests for both capabilities by v1 were made before there was a choice. Their bytes stay, so that an account whose
        answer was lost then is found now.
        """
        chosen = f"{self.make}:{'+'.join(sorted(self.capabilities))}"
        before = (self.make, self.capabilities) == ("v1", BOTH)
        return idempotency_keys.account(namespace, self.params, "" if before else chosen)


@dataclass(frozen=True)
class AccountTerms:
    """An operator's choice of ways and capabilities. ``capabilities`` None: the least, and more where Stripe asks for it."""

    connect_accounts: ConnectAccounts = "auto"
    capabilities: frozenset[str] | None = None

    @property
    def makes(self) -> tuple[Make, ...]:
        """The ways that may be tried, in their order."""
        return ("v1", "v2") if self.connect_accounts == "auto" else (self.connect_accounts,)

    @property
    def sets(self) -> tuple[frozenset[str], ...]:
        """The sets of capabilities that may be asked for, in their order."""
        return _SETS if self.capabilities is None else (self.capabilities,)

    def first(self) -> tuple[Make, frozenset[str]]:
        """The way and the set to begin with."""
        return self.makes[0], self.sets[0]

    def after(
        self, make: Make, capabilities: frozenset[str], code: str, message: str
    ) -> tuple[Make, frozenset[str]] | None:
        """The way and the set to go on with after a refusal; None where the refusal says nothing of either."""
        if make == "v1" and is_end_of_v1(message):
            return ("v2", self.sets[0]) if "v2" in self.makes else None
        wider = self.sets[self.sets.index(capabilities) + 1 :]
        return (make, wider[0]) if wider and needs_card_payments(code, message) else None


def is_end_of_v1(message: str) -> bool:
    """True if Stripe says that this platform makes no accounts by v1."""
    return any(word in message for word in _V1_IS_OVER)


def needs_card_payments(code: str, message: str) -> bool:
    """True if Stripe refuses ``transfers`` for want of ``card_payments``: by a code in v2, by its words in v1."""
    return code.startswith(_NEEDS_MORE) or ("without" in message and {TRANSFERS, CARD_PAYMENTS} <= _quoted(message))


def is_platforms_matter(capabilities: frozenset[str], code: str, message: str) -> bool:
    """True if the refusal is about the platform, or its settings: nothing that a coach sends would help."""
    if is_end_of_v1(message) or code in _PLATFORM_CODES or any(words in message for words in _PLATFORM_WORDS):
        return True
    # Where COACH_CAPABILITIES keeps us from asking for both.
    return capabilities == LEAST and needs_card_payments(code, message)


def account_request(coach: NewCoach, make: Make, capabilities: Iterable[str], namespace: Namespace) -> AccountRequest:
    """The request for one coach's account."""
    wanted = frozenset(capabilities)
    params = _v1_params(coach, wanted, namespace) if make == "v1" else _v2_params(coach, wanted, namespace)
    return AccountRequest(make, wanted, params)


def capability_set(text: str) -> frozenset[str]:
    """The capabilities of a setting such as ``transfers,card_payments``. Raises ``ValueError``."""
    given: Sequence[str] = [part.strip() for part in text.split(",")]
    if frozenset(given) not in _SETS or len(given) != len(set(given)):
        raise ValueError("must be transfers, or transfers,card_payments; empty lets Stripe's answers decide")
    return frozenset(given)


def _quoted(message: str) -> set[str]:
    return {word for word in (TRANSFERS, CARD_PAYMENTS) if f"`{word}`" in message}


def _v1_params(coach: NewCoach, wanted: frozenset[str], namespace: Namespace) -> dict[str, Any]:
    return {
        "type": "express",
        "country": coach.country or "CA",
        "email": coach.email,
        "business_type": coach.business_type or "individual",
        "capabilities": {name: {"requested": True} for name in sorted(wanted)},
        "business_profile": {"name": _display_name(coach), "product_description": _product(coach)},
        "settings": {"payouts": {"schedule": {"interval": "daily"}}},
        "metadata": _metadata(coach, namespace),
    }


def _v2_params(coach: NewCoach, wanted: frozenset[str], namespace: Namespace) -> dict[str, Any]:
    """Payouts are daily without being asked for, and are asked for by nobody: they come with transfers."""
    configuration: dict[str, Any] = {
        "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
    }
    if CARD_PAYMENTS in wanted:
        configuration["merchant"] = {"capabilities": {"card_payments": {"requested": True}}}
    return {
        "contact_email": coach.email,
        "display_name": _display_name(coach),
        # With this dashboard Stripe takes no other collectors.
        "dashboard": "express",
        "identity": {"country": (coach.country or "CA").lower(), "entity_type": coach.business_type or "individual"},
        "defaults": {
            "profile": {"doing_business_as": _display_name(coach), "product_description": _product(coach)},
            "responsibilities": {"fees_collector": "application", "losses_collector": "application"},
        },
        "configuration": configuration,
        "include": ["configuration.recipient", "configuration.merchant"],
        "metadata": _metadata(coach, namespace),
    }


def _display_name(coach: NewCoach) -> str:
    """The name that players and the coach's bank see."""
    return f"{coach.coach_name} - {coach.sport} coaching"


def _product(coach: NewCoach) -> str:
    """The thing that is sold, in words for Stripe."""
    return f"{coach.sport} coaching and clip reviews"


def _metadata(coach: NewCoach, namespace: Namespace) -> dict[str, str]:
    return {
        **namespace.mark,
        PLATFORM: APP_VALUE,
        COACH_ID: coach.coach_id,
        COACH_NAME: coach.coach_name,
        SPORT: coach.sport,
    }
