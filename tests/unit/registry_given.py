"""Registry entries of a coach, and a registry on a given line."""

from __future__ import annotations

from typing import Any

from backend.domain.metadata import email_hash
from backend.domain.namespace import UNNAMED
from backend.services.coach.registry import Entry, Registry
from tests.unit.given import OURS, Line, made

NONE = (404, "resource_missing")


ID = UNNAMED.registry_id("coach-1")


HASH = email_hash("dana@example.com")


ACCOUNTS = ["acct_11111111", "acct_22222222", "acct_33333333"]


def product(number: int = 1, following: bool = False, **changes: str) -> Any:
    """The entry of that number, as it stands at Stripe. ``following``: its replacement was begun."""
    metadata = {"account": ACCOUNTS[number - 1], "coachId": "coach-1", "emailHash": HASH, **changes}
    if following:
        metadata["next"] = str(number + 1)
    return made("product", ID if number == 1 else f"{ID}_{number}", metadata=metadata)


def entry(number: int = 1, has_next: bool = False, account: str | None = None) -> Entry:
    """The same entry as it is read."""
    return Entry("coach-1", ACCOUNTS[number - 1] if account is None else account, HASH, number, has_next, ID)


def line(**products: Any) -> Line:
    """A line to these entries: ``first``, ``second``, ``third``; ``made``: the answer to a creation."""
    names = {"first": ID, "second": f"{ID}_2", "third": f"{ID}_3", "made": "products"}
    given = {"first": NONE, "second": NONE, "third": NONE, "made": product(), **products}
    return Line(**{names.get(name, name): answer for name, answer in given.items()})


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> float:
        """The seconds."""
        return self.seconds


def registry(on: Line, clock: Clock | None = None, **options: Any) -> Registry:
    """The registry of the deployment without a name."""
    return Registry(on.client, now=(clock or Clock()).now, **options)


def account(number: int = 1, **fields: Any) -> Any:
    """A coach's account that can be paid."""
    able = {"transfers": "active"}
    given = {"type": "express", "metadata": {"coachId": "coach-1", **OURS}, "capabilities": able, "requirements": None}
    return made("account", ACCOUNTS[number - 1], **{**given, "created": 10 * number, "email": None, **fields})
