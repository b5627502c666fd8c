"""A failure in words for the operator at a terminal, who can mend what a client may not even read about."""

from __future__ import annotations

import re

import click
import stripe

from backend.commands.current import current_settings
from backend.http.errors import failure_of
from backend.services.errors import UnreadablePayment
from backend.services.reads import NO_SUCH_PAYMENT
from backend.stripe_client.client import Unanswered
from backend.stripe_client.rate import StripeBusy

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
    if isinstance(error, (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError)):
        return _outage(error)
    return f"Stripe refuses this.{said}" if isinstance(error, stripe.StripeError) else _ours(error)


def _outage(error: stripe.StripeError) -> str:
    if isinstance(error, stripe.APIConnectionError):
        return _no_connection(error)
    if isinstance(error, stripe.RateLimitError):
        return "Stripe has too many calls to answer. Run this again in a minute."
    return f"Stripe gave no proper answer (HTTP {error.http_status}). Run this again in a minute."


def _no_connection(error: stripe.APIConnectionError) -> str:
    settings = current_settings()
    if isinstance(error, Unanswered):
        longer = f"--timeout {max(30, round(error.seconds * 2))}"
        return (
            f"{error} Run this again in a minute, or wait longer with {longer}. Is it down? https://status.stripe.com"
        )
    if settings.uses_sandbox:
        return (
            f"The bundled sandbox does not answer at {settings.stripe_api_base}. Start it in another terminal: make run. "
            "If that runs on another port, name the same here: PORT=4301 flask …"
        )
    where = settings.stripe_api_base or stripe.DEFAULT_API_BASE
    return f"Stripe cannot be reached at {where}. Look at the network and at HTTPS_PROXY, then run this again."


def _ours(error: Exception) -> str:
    """The words of our own failures are made for players and coaches; an operator is told what to do."""
    if isinstance(error, StripeBusy):
        return "The calls of STRIPE_RATE are used up by the backend's other work. Run this again in a minute."
    if isinstance(error, UnreadablePayment):
        return f"The metadata of this payment is damaged. See what is missing with: flask why {error.intent.id}"
    message = failure_of(error).message
    if message == NO_SUCH_PAYMENT:
        return f"{message} Is it of another Stripe account, or of the other mode (test or live) than STRIPE_SECRET_KEY?"
    return message.replace(" Please contact support.", " Look at it with: flask doctor.")
