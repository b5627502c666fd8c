"""The words and options that several commands take: ids of Stripe's, and how long Stripe is waited for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

import click
from flask.cli import with_appcontext

from backend.schemas.fields import is_account_id, is_payment_id
from backend.stripe_client.client import patience

# A call of Stripe's takes a second; making an account takes up to five.
_TIMEOUT_SECONDS = 5.0
_NAMES = {
    "pi": "payment",
    "acct": "account",
    "ch": "charge",
    "py": "charge",
    "tr": "transfer",
    "trr": "reversal",
    "re": "refund",
    "pyr": "refund",
    "dp": "dispute",
    "du": "dispute",
    "po": "payout",
    "cus": "customer",
    "evt": "event",
    "session": "session",
}
# Ids by which ``flask why`` finds a payment.
_LEAD_TO_PAYMENTS = frozenset(["charge", "transfer", "reversal", "refund", "dispute", "account", "session"])


class StripeIdType(click.ParamType[str]):
    """An id of Stripe's of one kind. Another id, and what cannot be one, is refused before Stripe is asked."""

    def __init__(self, kind: str, example: str, is_one: Callable[[str], bool]) -> None:
        self.name = f"{kind} id"
        self._kind = kind
        self._example = example
        self._is_one = is_one

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the id, without the space around it."""
        text = str(value).strip()
        if not self._is_one(text):
            self.fail(f"{text!r} is not {_article(self._kind)}'s id: {self._problem(text)}", param, ctx)
        return text

    def _problem(self, text: str) -> str:
        other = kind_of(text)
        if other in (None, self._kind):
            return f"those look like {self._example}."
        found_by = f" The payment is found by: flask why {text}" if other in _LEAD_TO_PAYMENTS else ""
        return f"it is that of {_article(other)}.{found_by}"


def kind_of(text: str) -> str | None:
    """The kind of object that an id of this form has, by its prefix, or None."""
    found = re.match(r"([a-z]+)_", text, re.ASCII)
    return _NAMES.get(found[1]) if found else None


def _article(noun: str | None) -> str:
    return f"an {noun}" if noun in ("account", "event") else f"a {noun}"


PAYMENT_ID = StripeIdType("payment", "pi_3PxExample0000001", is_payment_id)
ACCOUNT_ID = StripeIdType("account", "acct_1PxExample0001", is_account_id)


def asks_stripe(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the application, and ``--timeout``: how long it waits for each answer of Stripe's."""

    def wrapped(*words: Any, timeout: float, **options: Any) -> Any:
        with patience(timeout):
            return command(*words, **options)

    option = click.option(
        "--timeout",
        type=click.FloatRange(0.1, 80),
        default=_TIMEOUT_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for an answer of Stripe's before giving up.",
    )
    return option(with_appcontext(update_wrapper(wrapped, command)))
