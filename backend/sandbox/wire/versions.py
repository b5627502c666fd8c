"""Stripe-Version: which rules a request is held to. Answers are shaped as in the newest version, whatever is asked for."""

import re
from datetime import date
from typing import Any, NamedTuple

from .errors import StripeError, invalid

# A date, and since 2024-09-30 the release's name; a preview names the features it tries.
SHAPE = re.compile(r"(\d{4}-\d\d-\d\d)(\.[a-z]+)?(;.*)?", re.ASCII)


class Rule(NamedTuple):
    """A rule that a version brought. `since` is the first version that has it; `before`, what older ones did."""

    since: str
    about: str
    before: str


# Those that a request can run into. What only changes answers is not here: answers are the newest version's.
METHODS_BY_SETTINGS = Rule(
    "2023-08-16",
    "a PaymentIntent takes the methods of the Dashboard, some of which redirect",
    "it took cards alone unless it said otherwise, so confirming needed no return_url",
)
ASYNC_CAPTURE = Rule(
    "2024-04-10",
    "capture_method is automatic_async",
    "it was automatic: the charge had its balance transaction at once",
)
NO_METHOD_TYPES = Rule(
    "2026-09-30",
    "payment_method_types can no longer be written",
    "it named the methods of a PaymentIntent or SetupIntent",
)
RULES = (METHODS_BY_SETTINGS, ASYNC_CAPTURE, NO_METHOD_TYPES)


def date_of(version: str) -> str:
    """The date of a version, for comparison. Raises 400 for what is no version of Stripe's."""
    found = SHAPE.fullmatch(version)
    day = found[1] if found else ""
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise unknown(version) from error
    return day


def unknown(version: str) -> StripeError:
    """The refusal of a version that never was."""
    return invalid(f"Invalid Stripe API version: {version}")


def holds(rule: Rule, day: str) -> bool:
    """True if a version of that date has the rule."""
    return day >= rule.since


def take_method_types(params: dict[str, Any], day: str) -> Any:
    """Take `payment_method_types` out of the parameters where the version still has it; None where there is none."""
    return None if holds(NO_METHOD_TYPES, day) else params.pop("payment_method_types", None)
