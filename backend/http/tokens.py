"""Bearer tokens: JSON Web Tokens of whoever signs your users in (Supabase, Auth0, Firebase, your own).

https://datatracker.ietf.org/doc/html/rfc8725 says how they are misread: the algorithm is chosen here and never by the
token, an expiry is demanded, audience and issuer are checked, and a claim is read only where it has its form.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from marshmallow import ValidationError

from backend.config.auth import AuthSettings
from backend.domain.access import Caller, NotSignedIn, Role
from backend.http.signing_keys import SigningKeys
from backend.schemas.fields import Id

# Between the clock that signed and ours.
_LEEWAY_SECONDS = 30
_LONGEST = 8_192
# Three parts of base64 and nothing else: lenient readers skip commas and spaces, so one token would have many forms.
_BEARER = re.compile(r"bearer +([\w-]+\.[\w-]+\.[\w-]+)", re.ASCII | re.IGNORECASE)
# The end of the year 9999: what is later was written in milliseconds, or by a stranger.
_LATEST = 253_402_300_799
_TIMES = ("exp", "nbf", "iat")
# What is said of a token that is sent to an API: RFC 9068, or nothing special. Others, such as logout+jwt, are no sign-in.
_KINDS = frozenset(["jwt", "at+jwt", "application/at+jwt"])


class Tokens:
    """Reads tokens as the settings say. ``now``: the clock by which published keys are read again."""

    def __init__(self, settings: AuthSettings, now: Callable[[], float] = time.monotonic) -> None:
        self._secret = settings.jwt_secret
        self._keys = SigningKeys(settings.jwks_url, now) if settings.jwks_url else None
        self._audience = settings.audience or None
        self._issuer = settings.issuer or None
        self._role_claim = settings.role_claim

    def caller(self, authorization: str | None) -> Caller:
        """The caller of a header; without one, one without a subject. Raises ``NotSignedIn``, ``KeysUnavailable``."""
        if authorization is None:
            return Caller()
        bearer = _BEARER.fullmatch(authorization.strip()) if len(authorization) <= _LONGEST else None
        if bearer is None:
            raise NotSignedIn
        claims = self._claims(bearer[1])
        _refuse_odd_times(claims)
        return Caller(_subject(claims), _roles(claims, self._role_claim))

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            key, algorithm = self._key(jwt.get_unverified_header(token))
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.PyJWTError as error:
            raise NotSignedIn from error
        return claims

    def _key(self, header: Mapping[str, Any]) -> tuple[Any, str]:
        """The key to verify with, and the algorithm that it is for. Raises ``NotSignedIn``, ``KeysUnavailable``."""
        kind = header.get("typ", "JWT")
        # RFC 7515, 4.1.11: who does not know what a token calls critical must refuse it, and none is known here.
        if "crit" in header or not isinstance(kind, str) or kind.lower() not in _KINDS:
            raise NotSignedIn
        if self._keys is None:
            return self._secret, "HS256"
        algorithm = header.get("alg")
        if algorithm not in ("RS256", "ES256"):
            raise NotSignedIn
        return self._keys.find(header.get("kid"), algorithm), algorithm


def _refuse_odd_times(claims: Mapping[str, Any]) -> None:
    """Take numbers of seconds and nothing else: the library also reads text and ``true``. Raises ``NotSignedIn``."""
    for name in _TIMES:
        seconds = claims.get(name, 0)
        if type(seconds) not in (int, float) or not 0 <= seconds <= _LATEST:
            raise NotSignedIn


def _subject(claims: Mapping[str, Any]) -> str:
    """The bearer's id, under the rules of the ids that bodies hold: it is compared with them. Raises ``NotSignedIn``.

    One that those rules would change, such as by taking off a space, is somebody else's id to whoever signed it.
    """
    subject = claims["sub"]
    try:
        accepted = Id().deserialize(subject)
    except ValidationError as error:
        raise NotSignedIn from error
    if accepted != subject:
        raise NotSignedIn
    return str(subject)


def _roles(claims: Mapping[str, Any], path: str) -> frozenset[Role]:
    """The roles at a claim: its name as it stands (Auth0's are addresses), else a dotted path.

    Who is signed in and has no role that is known here is a player. Raises ``NotSignedIn`` for what is neither text
    nor a list of texts: then another claim is configured than the one that holds the roles.
    """
    found: Any = claims.get(path)
    if found is None:
        found = claims
        for part in path.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    named = found if isinstance(found, list) else [] if found is None else [found]
    if not all(isinstance(name, str) for name in named):
        raise NotSignedIn
    known = {role.value: role for role in Role}
    return frozenset(known[name] for name in named if name in known) or frozenset([Role.PLAYER])
