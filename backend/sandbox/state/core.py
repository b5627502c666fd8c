"""The core of a sandbox's state: objects, ids, time and choices. Every other part of the state is given it."""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from ..wire.packing import Packer
from .clock import Clock
from .ids import Ids
from .search import SearchIndex
from .store import Row, Store
from .switches import Switches
from .timeline import Timeline


@dataclass(frozen=True, slots=True)
class Cause:
    """The API call that makes things happen; null in the events that time alone brings about."""

    request_id: str | None = None
    idempotency_key: str | None = None


class Core(ABC):
    """The objects, ids, time and choices that all parts share. Hold `lock` while touching it: each call commits as one."""

    def __init__(self, clock: Clock, seed: int | str) -> None:
        self.clock = clock
        self.seed = seed
        self.lock = threading.RLock()
        self.timeline = Timeline(clock)
        self.clear()

    def clear(self) -> None:
        """Forget every object, task and choice; the platform gets the id that it always has."""
        self.timeline.clear()
        self.ids = Ids(self.seed)
        self.store = Store()
        self.packer = Packer()
        self.search = SearchIndex(self.timeline, self.packer)
        self.switches = Switches()
        self.cause = Cause()
        self.platform = self.ids.new("acct")

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

    def must(self, row_id: str) -> Row:
        """The object of an id that another object names."""
        row = self.store.anywhere(row_id)
        if row is None:
            raise LookupError(f"{row_id} is named by an object but is not there")
        return row

    @abstractmethod
    def emit(self, kind: str, row: Row, previous: dict[str, Any] | None = None, account: str | None = None) -> Row:
        """Record an event about `row` in the account it belongs to, and queue its deliveries."""
