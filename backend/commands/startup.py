"""The check before a server starts: a deployment whose namespace was changed must not leave payments behind.

It is no part of the application factory, which makes no call. gunicorn runs it in a process of its own: the workers
have to load the network libraries themselves.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import stripe
import structlog

from backend.config.env import SettingsError
from backend.config.settings import Settings, load_settings
from backend.config.validators import LOOPBACK
from backend.services.operators.deployment import NamespaceChanged, check_namespace
from backend.stripe_client.client import build_client, stripe_budget

log = structlog.get_logger(__name__)

# A server that cannot reach Stripe starts all the same, and soon.
_SECONDS = 5.0


def refuse_changed_namespace(settings: Settings, http_client: stripe.HTTPClient | None = None) -> None:
    """Raise ``SettingsError`` when the namespace was changed and payments of the earlier one are not settled.

    An address of this machine is every developer's, so nothing is remembered for it. Without Stripe there is only a
    warning.
    """
    if urlsplit(settings.app_url).hostname in LOOPBACK:
        return
    try:
        with stripe_budget(_SECONDS):
            check_namespace(build_client(settings, http_client), settings.app_url)
    except NamespaceChanged as changed:
        raise SettingsError("APP_NAMESPACE", str(changed)) from changed
    except stripe.StripeError as error:
        log.warning("namespace.unchecked", kind=type(error).__name__)


def main() -> None:
    """Check by the environment; exit code 1, with the reason on standard error, when the server must not start."""
    try:
        refuse_changed_namespace(load_settings())
    except SettingsError as error:
        raise SystemExit(error.format_message()) from error


if __name__ == "__main__":
    main()
