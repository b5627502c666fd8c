"""The state of one sandbox: objects, money, time and what happens next, behind one lock."""

import threading
from dataclasses import dataclass
from typing import Any

from ..wire.packing import Packer
from .clock import Clock
from .connect import platform_fields
from .disputes import Disputes
from .events import Events
from .fraud_warnings import FraudWarnings
from .ids import Ids
from .ledger import Ledger
from .payouts import Payouts
from .refunding import Refunding
from .search import SearchIndex
from .store import Row, Store
from .switches import Behaviours
from .tasks import tasks_of
from .timeline import Timeline


@dataclass(frozen=True, slots=True)
class Cause:
    """The API call that makes things happen; null in the events that time alone brings about."""

    request_id: str | None = None
    idempotency_key: str | None = None


class World:
    """Everything a call may touch. Hold `lock` while touching it: each call commits as one."""

    def __init__(self, clock: Clock, base_url: str, seed: int | str) -> None:
        self.clock = clock
        self.base_url = base_url.rstrip("/")
        self.seed = seed
        self.lock = threading.RLock()
        self.timeline = Timeline(clock)
        self.events = Events(self)
        self.reset()

    def reset(self) -> None:
        """Back to an empty platform. Webhook endpoints of the command line or a test stay: see `Events.reset`."""
        self.timeline.clear()
        self.ids = Ids(self.seed)
        self.store = Store()
        self.packer = Packer()
        self.search = SearchIndex(self.timeline, self.packer)
        self.ledger = Ledger(self)
        self.payouts = Payouts(self)
        self.refunds = Refunding(self)
        self.disputes = Disputes(self)
        self.fraud_warnings = FraudWarnings(self)
        self.timeline.tasks.update(tasks_of(self))
        self.behaviours = Behaviours()
        self.cause = Cause()
        # Account links that have been given out, by the token in their URL.
        self.links: dict[str, dict[str, Any]] = {}
        # Visits to onboarding, each with the link that led there: a page that is reloaded is the same visit.
        self.visits: dict[str, dict[str, Any]] = {}
        self.platform = self.ids.new("acct")
        self.add("accounts", "stripe", platform_fields(self.platform, "US", self.now()), onboarded=True)
        self.events.reset()

    def parts(self) -> dict[str, Any]:
        """Whatever has a state to be saved beside the objects: each can ``dump`` it, and ``load`` it."""
        return {
            "clock": self.clock,
            "ids": self.ids,
            "packer": self.packer,
            "timeline": self.timeline,
            "ledger": self.ledger,
            "payouts": self.payouts,
            "refunds": self.refunds,
            "behaviours": self.behaviours,
            "events": self.events,
            "places": self,
        }

    def dump(self) -> dict[str, Any]:
        """The platform's id, and the pages that links lead to, to be saved."""
        return {"platform": self.platform, "links": self.links, "visits": self.visits}

    def load(self, saved: dict[str, Any]) -> None:
        """Go on from what was saved."""
        self.platform, self.links, self.visits = saved["platform"], saved["links"], saved["visits"]

    def now(self) -> int:
        """The present, in unix seconds."""
        return self.timeline.now()

    def add(self, kind: str, account: str, fields: dict[str, Any], **hidden: Any) -> Row:
        """Keep a new object of `account`."""
        row = self.store.add(Row(kind, account, fields, **hidden))
        self.search.note(row)
        return row

    def changed(self, row: Row) -> None:
        """Call after changing an object."""
        self.store.changed(row)
        self.search.note(row)

    def get(self, kind: str, account: str, row_id: object) -> Row | None:
        """The object of that id in that account."""
        return self.store.of(account, kind).get(row_id) if isinstance(row_id, str) else None

    def knows(self, word: str) -> bool:
        """True if a word of an address is an id, or the token of a link, of this world."""
        return self.store.anywhere(word) is not None or word in self.links or word in self.visits

    def must(self, row_id: str) -> Row:
        """The object of an id that another object names."""
        row = self.store.anywhere(row_id)
        if row is None:
            raise LookupError(f"{row_id} is named by an object but is not there")
        return row

    def emit(self, kind: str, row: Row, previous: dict[str, Any] | None = None, account: str | None = None) -> Row:
        """Record an event about `row` in the account it belongs to, and queue its deliveries."""
        return self.events.emit(kind, account or row.account, row, previous)
