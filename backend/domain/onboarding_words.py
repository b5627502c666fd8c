"""The state of a coach's onboarding at Stripe in words for the coach, and which way on leads somewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.domain.requirements import reason_in_words, requirements_in_words


class OnboardingState(StrEnum):
    """The states that differ in what a coach can do."""

    NOT_REGISTERED = "not_registered"
    GONE = "gone"  # the account is closed, or no longer the platform's
    REJECTED = "rejected"
    CHECKING = "checking"  # there is nothing for the coach to do
    QUESTIONS = "questions"  # Stripe wants something before it pays
    ASKED = "asked"  # it pays, and wants something more
    READY = "ready"


@dataclass(frozen=True)
class AccountFacts:
    """The parts of an account that tell. ``deadline``: the day until which Stripe waits, in words; empty without one."""

    details_submitted: bool
    transfers_active: bool
    payouts_enabled: bool
    due: Sequence[str] = ()
    disabled_reason: str | None = None
    deadline: str = ""


@dataclass(frozen=True)
class OnboardingWords:
    """The state in a sentence or two, what is asked of the coach, and which buttons lead somewhere.

    ``onboard``: the label of the button that leads to Stripe's questions; empty where it would only bounce.
    """

    state: OnboardingState
    text: str
    asked: tuple[str, ...] = ()
    onboard: str = ""
    has_dashboard: bool = False


NOT_REGISTERED = OnboardingWords(
    OnboardingState.NOT_REGISTERED,
    "You are not registered yet. Register at Stripe, and what players have paid for you is sent to you by itself.",
    onboard="Register at Stripe",
)
GONE = OnboardingWords(
    OnboardingState.GONE,
    "Your account at Stripe is closed, or no longer connected with us. Please contact us, so that we can connect another one. "
    "What players pay for you is kept for you until then.",
)


def onboarding_in_words(facts: AccountFacts) -> OnboardingWords:
    """The state of an account that is there."""
    asked, reason = tuple(requirements_in_words(facts.due)), reason_in_words(facts.disabled_reason)
    dashboard = facts.details_submitted
    if (facts.disabled_reason or "").startswith("rejected"):
        return OnboardingWords(OnboardingState.REJECTED, reason or "")
    if facts.transfers_active and facts.payouts_enabled and not asked:
        text = "You can be paid. Money arrives here by itself."
        return OnboardingWords(OnboardingState.READY, text, has_dashboard=dashboard)
    if facts.transfers_active:
        return OnboardingWords(OnboardingState.ASKED, _asked_more(facts), asked, _label(asked, dashboard), dashboard)
    if dashboard and not asked:
        text = reason or "Stripe is checking your details. There is nothing for you to do."
        return OnboardingWords(OnboardingState.CHECKING, f"{text} Money waits until then.", has_dashboard=True)
    text = "Stripe still has questions. Money waits until they are answered."
    return OnboardingWords(OnboardingState.QUESTIONS, text, asked, "Finish onboarding", dashboard)


def _asked_more(facts: AccountFacts) -> str:
    if not facts.payouts_enabled:
        return "Money reaches your balance at Stripe, and cannot be paid out to your bank yet."
    by = f" by {facts.deadline}" if facts.deadline else ""
    return f"You can be paid. Stripe needs more from you{by}, so that it stays so."


def _label(asked: Sequence[str], submitted: bool) -> str:
    """Empty where nothing is asked of the coach: Stripe's pages would send the coach straight back."""
    return "" if submitted and not asked else "Finish onboarding"
