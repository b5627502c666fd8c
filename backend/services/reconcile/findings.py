"""The findings of a sweep: the payments to look at, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from backend.services.reads import Payment
from backend.services.reconcile.books import Traces
from backend.services.reconcile.joins import Judgement, Verdict
from backend.services.reconcile.mark import Mark

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Unread:
    """A source, or an object by its id, that could not be read, with the class of the failure."""

    name: str
    error: str


@dataclass(frozen=True)
class Case:
    """One payment that a sweep has to look at."""

    payment_id: str
    traces: Traces
    judgement: Judgement
    created: int = 0

    @property
    def balances(self) -> bool:
        """True if there is nothing to do but to tell."""
        return self.judgement.verdict == Verdict.TELL


@dataclass
class Findings:
    """The findings of a sweep. Times are Stripe's, in unix seconds.

    ``since``: from when the books were read, None for all there are. ``until``: when their first page was.
    ``whole``: every page was. ``pending``: ids of payments and refunds that have not come to their end.
    ``anothers``: ids of payments that another deployment on the same Stripe account sold. ``kept``: payments whose share
    is not released yet, by id.
    """

    mark: Mark = field(default_factory=Mark)
    since: int | None = None
    until: int | None = None
    whole: bool = False
    cases: dict[str, Case] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    anothers: set[str] = field(default_factory=set)
    kept: dict[str, Payment] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    unjoined: list[str] = field(default_factory=list)

    def attempt(self, name: str, read: Callable[[], None]) -> None:
        """Read one source; a failure is noted under its name."""
        try:
            read()
        except Exception as error:  # noqa: BLE001  (of whatever class: no source keeps the sweep from the next)
            log.warning("sweep.unread", source=name, kind=type(error).__name__)
            self.unread.append(Unread(name, type(error).__name__))
