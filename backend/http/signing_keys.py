"""The public keys of whoever signs your users in: a JSON Web Key Set (RFC 7517) at one configured address.

A service that is down, slow or wrong must not stop those whose keys are known, and no stranger may have it asked
often. So the keys are read beside the requests, by one thread at a time and at most every few seconds, and kept while
the service cannot be read.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from backend.domain.access import NotSignedIn

log = structlog.get_logger(__name__)

# A key that its issuer takes back is believed for this long. Read again beside the request that finds them older.
FRESH_SECONDS = 300
# How long keys outlive a service that cannot be read: longer than an outage lasts, and no longer than a key may be
# believed that was taken back meanwhile.
KEPT_SECONDS = 24 * 3600
# A new key may have to wait this long for its first use; a stranger who names unknown ones has us ask no oftener.
_ASK_AGAIN_SECONDS = 30
_ASK_AGAIN_AFTER_FAILURE_SECONDS = 10
# The whole answer. Known issuers take a tenth of a second.
_FETCH_SECONDS = 5.0
# A reading that takes longer is lost: headers that drip are bounded by nothing else.
_LOST_SECONDS = 60
# How long a request waits for a key that is not known. Later ones find it, so nobody is held for the whole answer.
_WAIT_SECONDS = 1.0
# Issuers publish two to five keys, of half a kilobyte each.
_LONGEST_ANSWER = 128 * 1024
_LONGEST_KID = 200
# RFC 7518, 3.3 asks for 2048 bits; above 8192 a verification takes longer than the rest of a request.
_RSA_BITS = range(2_048, 8_193)

# By kid and algorithm: the kind of a key says how it signs, whatever a token says.
Keys = Mapping[tuple[str, str], Any]


class KeysUnavailable(Exception):
    """The keys cannot be read, and none of the remembered ones fits."""


class SigningKeys:
    """The keys at ``url``. ``now``: seconds of a clock that never goes back."""

    def __init__(
        self, url: str, now: Callable[[], float] = time.monotonic, fetch_seconds: float = _FETCH_SECONDS
    ) -> None:
        self._url = url
        self._now = now
        self._fetch_seconds = fetch_seconds
        self._lock = threading.Lock()
        self._keys: Keys = {}
        self._read_at: float | None = None
        self._ask_from = float("-inf")
        self._asked_at = float("-inf")
        self._asking: threading.Event | None = None
        self._failed = False

    def find(self, kid: Any, algorithm: str) -> Any:
        """Return the key of this name that signs so.

        Raises ``NotSignedIn`` when the issuer has none, ``KeysUnavailable`` when that cannot be known now.
        """
        if not isinstance(kid, str) or not 1 <= len(kid) <= _LONGEST_KID:
            raise NotSignedIn
        key = self._known(kid, algorithm)
        if key is None or self._age() > FRESH_SECONDS:
            asking = self._ask()
            if key is None and asking is not None:
                asking.wait(_WAIT_SECONDS)
                key = self._known(kid, algorithm)
        if key is not None:
            return key
        if self._failed or self._asking is not None or self._age() > KEPT_SECONDS:
            raise KeysUnavailable
        raise NotSignedIn

    def _known(self, kid: str, algorithm: str) -> Any:
        return self._keys.get((kid, algorithm)) if self._age() <= KEPT_SECONDS else None

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._now() - self._read_at

    def _ask(self) -> threading.Event | None:
        """Have the keys read, unless that was done lately. Return the end of the reading that is under way, or None."""
        with self._lock:
            now = self._now()
            lost = now - self._asked_at > _LOST_SECONDS
            if (self._asking is None and now >= self._ask_from) or (self._asking is not None and lost):
                self._asking, self._asked_at = threading.Event(), now
                threading.Thread(target=self._read, args=(self._asking,), daemon=True).start()
            return self._asking

    def _read(self, done: threading.Event) -> None:
        keys: Keys = {}
        try:
            keys = usable_keys(_fetch(self._url, self._fetch_seconds))
            if not keys:
                log.error("auth.keys_unusable", note="the answer of AUTH_JWKS_URL holds no key that can be used")
        # URLError is an OSError; RecursionError: json runs out of stack on deep nesting.
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            log.error("auth.keys_unavailable", kind=type(error).__name__)
        finally:
            self._finish(keys, done)

    def _finish(self, keys: Keys, done: threading.Event) -> None:
        """Take over what was read. Where that is nothing, or another reading took its place, what was known stays."""
        with self._lock:
            if self._asking is done:
                self._failed = not keys
                if keys:
                    self._keys, self._read_at = keys, self._now()
                self._ask_from = self._now() + (_ASK_AGAIN_SECONDS if keys else _ASK_AGAIN_AFTER_FAILURE_SECONDS)
                self._asking = None
        done.set()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: whoever answers elsewhere would decide who is signed in."""


def _fetch(url: str, seconds: float) -> Any:
    """Return the JSON at the address. Raises ``OSError``, ``HTTPException``, ``ValueError`` or ``RecursionError``."""
    until = time.monotonic() + seconds
    answer = b""
    with urllib.request.build_opener(_NoRedirects).open(url, timeout=seconds) as response:
        while part := response.read1(16_384):
            answer += part
            if len(answer) > _LONGEST_ANSWER:
                raise ValueError("the answer is too long")
            if time.monotonic() > until:
                raise TimeoutError("the answer does not end")
    return json.loads(answer)


def usable_keys(document: Any) -> Keys:
    """Return the keys of a key set that can verify a token here; others are passed over."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return {}
    found: dict[tuple[str, str], Any] = {}
    for entry in listed:
        algorithm = _algorithm(entry)
        key = None if algorithm is None else _parsed(entry, algorithm)
        if algorithm is not None and key is not None:
            found.setdefault((entry["kid"], algorithm), key)
    return found


def _algorithm(entry: Any) -> str | None:
    """The algorithm that a published key verifies; None for one that is not meant for that."""
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    kinds = {("RSA", None): "RS256", ("EC", "P-256"): "ES256"}
    kind, curve = entry.get("kty"), entry.get("crv") if entry.get("kty") == "EC" else None
    algorithm = kinds.get((kind, curve)) if isinstance(kind, str) and isinstance(curve, str | None) else None
    operations = entry.get("key_ops", ["verify"])
    meant = entry.get("use") in ("sig", None) and isinstance(operations, list) and "verify" in operations
    return algorithm if meant and entry.get("alg") in (algorithm, None) else None


def _parsed(entry: dict[str, Any], algorithm: str) -> Any:
    try:
        key = jwt.PyJWK(entry, algorithm).key
    # The library reads what a stranger wrote: numbers without end, points on no curve, text that is none.
    except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError):
        return None
    # A private key that was published is of another class, and known to others: it is passed over too.
    usable = key.key_size in _RSA_BITS if isinstance(key, RSAPublicKey) else isinstance(key, EllipticCurvePublicKey)
    return key if usable else None
