"""The forms that settings have: what is accepted, and what is said of anything else."""

from __future__ import annotations

import re

from backend.config.env import SettingsError
from backend.domain.addresses import origin_of
from backend.domain.namespace import DEFAULT, NAME
from backend.domain.text import UnfitText, clean

# A paragraph beside the button; what is longer belongs on a page of its own.
MOST_TERMS = 500
LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
# A scheme, a host, perhaps a port and a path: what a link is put together from.
_ADDRESS = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9._~/%-]*)?", re.ASCII
)


def metrics_token(text: str) -> str:
    """The token that Prometheus sends. Raises ``ValueError``."""
    if not re.fullmatch(r"[\x21-\x7e]{16,200}", text, re.ASCII):
        raise ValueError("must have 16 to 200 visible characters")
    return text


def declines_limit(text: str) -> int:
    """The number of declined cards that stops a purchase; 0 for ``off``. Raises ``ValueError``."""
    if text == "off":
        return 0
    if not re.fullmatch(r"[1-9][0-9]?", text, re.ASCII):
        raise ValueError("must be a whole number from 1 to 99, or off")
    return int(text)


def app_name_of(text: str) -> str:
    """The name that heads every page. Raises ``SettingsError``."""
    if len(text) > 40 or not text.isprintable():
        raise SettingsError("APP_NAME", "must be at most 40 printable characters: it heads every page")
    return text


def refund_terms_of(text: str) -> str:
    """Return what players are told of refunds before they pay; empty if nothing is. Raises ``SettingsError``."""
    try:
        return clean(text, MOST_TERMS) if text else ""
    except UnfitText as unfit:
        form = f"must be one line of at most {MOST_TERMS} characters, without control characters"
        raise SettingsError("REFUND_TERMS", form) from unfit


def base_url(text: str) -> str:
    """An address that links are put together from, without its last slash. Raises ``ValueError``."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match["port"] or 80) <= 65_535:
        raise ValueError("must be an address such as https://api.example.com, without user name or query")
    return text.rstrip("/")


def storage_uri(text: str) -> str:
    """The address of the store in which the limits are counted. Raises ``ValueError``."""
    if not re.fullmatch(r"[a-z0-9+]+://\S*", text, re.ASCII):
        raise ValueError("must be a storage address such as memory:// or redis://localhost:6379")
    return text


def calls_per_second(text: str) -> int:
    """The calls to Stripe that are allowed in a second; 0 for off. Raises ``ValueError``."""
    if text == "off":
        return 0
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text, re.ASCII):
        raise ValueError("must be off, or a whole number of calls a second from 1 to 99999")
    return int(text)


def usual_rate(live: bool) -> int:
    """The calls a second that Stripe allows every account: https://docs.stripe.com/rate-limits."""
    return 100 if live else 25


def sandbox_port(port: int) -> int:
    """The bundled sandbox listens beside the backend, so that one variable moves both."""
    return port + 1 if port < 65_535 else port - 1


def origins(text: str) -> tuple[str, ...]:
    """Exact origins of front ends, as browsers send them, also those of apps. Raises ``ValueError``."""
    # flask-cors would read regular-expression characters as a pattern: only exact origins get through.
    try:
        return tuple(dict.fromkeys(origin_of(part.strip()) for part in text.split(",") if part.strip()))
    except ValueError as error:
        raise ValueError(
            "must be exact origins such as https://app.example.com or capacitor://localhost, separated by commas"
        ) from error


def header_names(text: str) -> tuple[str, ...]:
    """Names of request headers. Raises ``ValueError``."""
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        # https://datatracker.ietf.org/doc/html/rfc9110#name-tokens, less the characters that flask-cors takes for a pattern
        if not re.fullmatch(r"[A-Za-z0-9!#%&'_`|~-]{1,100}", name, re.ASCII):
            raise ValueError("must be names of request headers such as X-App-Version, separated by commas")
    return names


def namespace_name(text: str) -> str:
    """The name of this deployment among those on one Stripe account. Raises ``ValueError``."""
    if not NAME.fullmatch(text) or text == DEFAULT:
        raise ValueError(f"must be 1 to 20 lower-case letters, digits and hyphens, and not {DEFAULT}")
    return text


def earlier_names(text: str) -> tuple[str, ...]:
    """The names that this deployment had before; one without a name is called default. Raises ``ValueError``."""
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(NAME.fullmatch(name) for name in names):
        raise ValueError(f"must be earlier values of APP_NAMESPACE, or {DEFAULT}, separated by commas")
    return tuple(dict.fromkeys(names))


_KEY_PREFIX = re.compile(r"\A(?:[srp]k_(?:test|live)|whsec)_")
# Stripe's own have no underscore after the prefix.
_PLACEHOLDER = re.compile(r"_|\A(.)\1{2,}\Z|placeholder|example|changeme|yourkey|sandbox", re.IGNORECASE)


def is_placeholder(key: str) -> bool:
    """True for a key or secret that was copied out of an example, its kind aside."""
    return bool(_PLACEHOLDER.search(_KEY_PREFIX.sub("", key)))
