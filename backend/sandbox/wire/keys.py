"""API keys: which of them this sandbox takes, and which world each of them opens."""

import re

from . import errors

LIVE = ("sk_live_", "pk_live_", "rk_live_")
# A restricted key may do what a secret one may: what its owner allowed, the sandbox does not know.
TEST = re.compile(r"(sk|rk|pk)_test_[A-Za-z0-9_]{1,247}", re.ASCII)
# What follows these names a world. In small letters, so that it can stand in the name of a host too.
OF_A_WORLD = re.compile(r"(?:sk|rk|pk)_test_sandbox_([a-z0-9]{1,40})", re.ASCII)


class Keys:
    """The keys of one sandbox: the two it was given, or else every test key.

    Raises ValueError for a live one.
    """

    def __init__(self, secret: str | None = None, publishable: str | None = None) -> None:
        for key in filter(None, (secret, publishable)):
            if key.startswith(LIVE):
                raise ValueError(
                    "The sandbox never accepts live keys. Use a key that starts with sk_test_ or pk_test_."
                )
        self._only = frozenset({secret, publishable or "pk_test_sandbox"}) if secret else None
        self._revoked: set[str] = set()
        self.publishable = publishable or "pk_test_sandbox"

    def is_publishable(self, given: str | None) -> bool:
        """True for a publishable key, False for a secret one. Raises 401 for a key that opens nothing."""
        if not given:
            raise errors.no_key()
        if given.startswith(LIVE):
            raise errors.unauthorized(
                "This is a local sandbox of Stripe, and it refuses live keys (sk_live_, pk_live_, rk_live_). Take the "
                "live key out of this environment."
            )
        if given in self._revoked or not self._opens(given):
            raise errors.unauthorized(f"Invalid API Key provided: {redacted(given)}")
        return given.startswith("pk_")

    def revoke(self, key: str) -> None:
        """Refuse a key from now on, as one that was rolled."""
        self._revoked.add(key)

    def dump(self) -> list[str]:
        """The keys that are refused, to be saved."""
        return sorted(self._revoked)

    def load(self, saved: list[str]) -> None:
        """Go on from what was saved."""
        self._revoked = set(saved)

    def clear(self) -> None:
        """Take every key again."""
        self._revoked.clear()

    def _opens(self, given: str) -> bool:
        if self._only and not OF_A_WORLD.fullmatch(given):
            return given in self._only
        return TEST.fullmatch(given) is not None


def world_of(key: str | None) -> str | None:
    """The name of the world that a key opens; None for the one that all other keys share."""
    found = OF_A_WORLD.fullmatch(key or "")
    return found[1] if found else None


def redacted(key: str) -> str:
    """`sk_test_***` and the last four characters, as Stripe shows a wrong key."""
    prefix = "_".join(key.split("_")[:2])[:12]
    return f"{prefix}_{'*' * 8}{key[-4:] if len(key) > 16 else ''}"
