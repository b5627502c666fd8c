"""Bearer tokens: JSON Web Tokens of whoever signs your users in (Supabase, Auth0, Firebase, your own).

https://datatracker.ietf.org/doc/html/rfc8725 says how they are misread: the algorithm is chosen here and never by the
token, an expiry is demanded, and audience and issuer are checked where they are configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt

from backend.config.settings import AuthSettings
from backend.domain.access import Caller, NotSignedIn, Role

# Between the clock that signed and ours.
_LEEWAY_SECONDS = 30
_KEYS_LIVE_SECONDS = 300
_FETCH_SECONDS = 5
_ASK_AGAIN_SECONDS = 30.0
_LONGEST = 8_192


class KeysUnavailable(Exception):
    """The address of the signing keys does not answer, and none of the remembered ones fits."""


class Tokens:
    """Reads tokens as the settings say."""

    def __init__(self, settings: AuthSettings, ask_again_seconds: float = _ASK_AGAIN_SECONDS) -> None:
        self._secret = settings.jwt_secret
        self._keys = _key_client(settings.jwks_url, ask_again_seconds) if settings.jwks_url else None
        self._audience = settings.audience or None
        self._issuer = settings.issuer or None
        self._role_claim = settings.role_claim

    def caller(self, authorization: str | None) -> Caller:
        """Who sent the header; without one, a caller without a subject. Raises ``NotSignedIn``, ``KeysUnavailable``."""
        if authorization is None:
            return Caller()
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
            raise NotSignedIn
        claims = self._claims(token)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise NotSignedIn
        return Caller(subject, _roles(claims, self._role_claim))

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key, algorithms = self._key(token)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=algorithms,
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise KeysUnavailable from error
        except jwt.PyJWTError as error:
            raise NotSignedIn from error
        return claims

    def _key(self, token: str) -> tuple[Any, list[str]]:
        if self._keys is None:
            return self._secret, ["HS256"]
        return self._keys.get_signing_key_from_jwt(token).key, ["RS256", "ES256"]


def _key_client(url: str, ask_again_seconds: float) -> jwt.PyJWKClient:
    # Keys are rotated: a token that names one which is not known has them asked for again, though not at every such token.
    return jwt.PyJWKClient(
        url, lifespan=_KEYS_LIVE_SECONDS, timeout=_FETCH_SECONDS, cooldown_duration=ask_again_seconds
    )


def _roles(claims: Mapping[str, Any], path: str) -> frozenset[Role]:
    """The roles at a claim: its name as it stands (Auth0's are addresses), else a dotted path.

    Who is signed in and has no role that is known here is a player.
    """
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    named = found if isinstance(found, list) else [found]
    known = {role.value: role for role in Role}
    return frozenset(known[name] for name in named if isinstance(name, str) and name in known) or frozenset(
        [Role.PLAYER]
    )
