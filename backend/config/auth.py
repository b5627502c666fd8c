"""The settings of signing in: whose tokens are believed, and what of them does not start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from backend.config.env import SettingsError
from backend.config.validators import LOOPBACK, base_url

AuthMode = Literal["off", "optional", "required"]

# Secrets that stand in the documentation of tools and services: whoever reads them can sign an admin's token.
PUBLISHED_SECRETS = frozenset(
    [
        "a-string-secret-at-least-256-bits-long",  # jwt.io
        "your-super-secret-jwt-token-with-at-least-32-characters-long",  # Supabase, self-hosted
        "super-secret-jwt-token-with-at-least-32-characters-long",  # Supabase, on a developer's machine
    ]
)


@dataclass(frozen=True)
class AuthSettings:
    """The tokens that are believed: HS256 by ``jwt_secret``, or RS256 and ES256 by the keys at ``jwks_url``."""

    mode: AuthMode
    jwt_secret: str = field(repr=False)
    jwks_url: str | None
    audience: str
    issuer: str
    role_claim: str

    @property
    def any_audience(self) -> bool:
        """True if any token that the shared secret signed, whatever it is for, signs in here too."""
        return self.mode != "off" and not self.audience


def shared_secret(text: str) -> str:
    """The shared secret that signs tokens. Raises ``ValueError``."""
    # RFC 7518, 3.2: as long as the hash, or it can be guessed from any token.
    if len(text.encode()) < 32:
        raise ValueError("must have at least 32 characters")
    return text


def keys_url(text: str) -> str:
    """The address of the keys that sign tokens. Raises ``ValueError``."""
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    # Google's has an @ in its path, where it means nothing; before the host it would end a user name.
    address = urlsplit(base_url(f"{scheme}://{host}{slash}{path.replace('@', '-')}"))
    if address.scheme != "https" and address.hostname not in LOOPBACK:
        raise ValueError("must begin with https://: who answers there decides who is signed in")
    return text


def refuse_unsafe_auth(auth: AuthSettings, production: bool) -> None:
    """Refuse settings by which a stranger would be an admin. Raises ``SettingsError``."""
    if auth.mode == "off":
        return
    if bool(auth.jwt_secret) == bool(auth.jwks_url):
        raise SettingsError("AUTH_MODE", "needs AUTH_JWT_SECRET or AUTH_JWKS_URL, and not both")
    for name, value in (("AUTH_AUDIENCE", auth.audience), ("AUTH_ISSUER", auth.issuer)):
        # The same keys sign for all apps of an issuer, and often for all its tenants.
        if auth.jwks_url and not value:
            raise SettingsError(name, "is required with AUTH_JWKS_URL: another app's admin would be one here")
    if production and auth.jwt_secret in PUBLISHED_SECRETS:
        raise SettingsError("AUTH_JWT_SECRET", "is a published example; make one of your own: openssl rand -base64 48")
