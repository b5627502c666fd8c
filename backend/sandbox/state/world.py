"""The state of one sandbox: objects, money, time and what happens next, behind one lock."""

from typing import Any

from .account_fields import platform_fields
from .clock import Clock
from .core import Core
from .disputes import Disputes
from .events import Events
from .fraud_warnings import FraudWarnings
from .ledger import Ledger
from .payouts import Payouts
from .refunding import Refunding
from .store import Row


class World(Core):
    """Everything a call may touch: the core, and the parts that work on it."""

    def __init__(self, clock: Clock, base_url: str, seed: int | str) -> None:
        super().__init__(clock, seed)
        self.base_url = base_url.rstrip("/")
        self.events = Events(self)
        self._begin()

    def reset(self) -> None:
        """Back to an empty platform. Webhook endpoints of the command line or a test stay: see `Events.reset`."""
        self.clear()
        self._begin()

    def _begin(self) -> None:
        self.ledger = Ledger(self)
        self.payouts = Payouts(self, self.ledger)
        self.fraud_warnings = FraudWarnings(self)
        self.refunds = Refunding(self, self.ledger, self.fraud_warnings)
        self.disputes = Disputes(self, self.ledger, self.refunds, self.fraud_warnings)
        # They wait for the funds whose entries they make themselves.
        self.ledger.on_funds, self.ledger.on_entry = self.payouts.expect, self.refunds.expect
        # Account links that have been given out, by the token in their URL.
        self.links: dict[str, dict[str, Any]] = {}
        # Visits to onboarding, each with the link that led there: a page that is reloaded is the same visit.
        self.visits: dict[str, dict[str, Any]] = {}
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
            "behaviours": self.switches,
            "events": self.events,
            "places": self,
        }

    def dump(self) -> dict[str, Any]:
        """The platform's id, and the pages that links lead to, to be saved."""
        return {"platform": self.platform, "links": self.links, "visits": self.visits}

    def load(self, saved: dict[str, Any]) -> None:
        """Go on from what was saved."""
        self.platform, self.links, self.visits = saved["platform"], saved["links"], saved["visits"]

    def knows(self, word: str) -> bool:
        """True if a word of an address is an id, or the token of a link, of this world."""
        return self.store.anywhere(word) is not None or word in self.links or word in self.visits

    def emit(self, kind: str, row: Row, previous: dict[str, Any] | None = None, account: str | None = None) -> Row:
        """Record an event about `row` in the account it belongs to, and queue its deliveries."""
        return self.events.emit(kind, account or row.account, row, previous)
