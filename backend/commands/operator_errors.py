"""A failure in words for the operator at a terminal, who can mend what a client may not even read about."""

from __future__ import annotations

import re

import click
import stripe

from backend.http.errors import failure_of

_KEY = re.compile(r"\b(?:sk|rk|pk|whsec)_\S+")


def operator_error(error: Exception) -> click.ClickException:
    """The failure that ends a command. Of Stripe's own words no part of a key is shown."""
    return click.ClickException(words_for_operator(error))


def words_for_operator(error: Exception) -> str:
    """The failure in one sentence or two."""
    said = _KEY.sub("(the key)", " ".join(str(getattr(error, "user_message", None) or "").split()))
    said = f" Stripe says: {said}" if said else ""
    if isinstance(error, stripe.AuthenticationError):
        return f"Stripe does not know STRIPE_SECRET_KEY. Look at it with: flask doctor.{said}"
    if isinstance(error, stripe.PermissionError):
        return f"STRIPE_SECRET_KEY may not do this. Give it that permission in the Stripe Dashboard.{said}"
    if isinstance(error, (stripe.APIConnectionError, stripe.RateLimitError)):
        return "Stripe cannot be reached, or has too much to do. Please try again shortly."
    if isinstance(error, stripe.APIError):
        return f"Stripe gave no proper answer (HTTP {error.http_status}). Please try again shortly."
    if isinstance(error, stripe.StripeError):
        return f"Stripe refuses this.{said}"
    return failure_of(error).message
