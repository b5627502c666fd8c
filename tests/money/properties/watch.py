"""A watch on the backend's line: every transfer and every reversal is judged at the moment at which it is made.

The rule: what the backend sends never lifts what a coach holds above the target of that moment, and what it takes back
never lowers it below. Nothing is sent while a person settles the payment, while its record is damaged, or before a
payment of the Node backend was adopted. The exceptions, each as narrow as it can be said:

- Something about the payment (a refund, a dispute, a transfer by hand, a person's word) changed between the worker's
  look and its write. A look begins with the first read after the worker's last write; in a sweep, which shares its
  lists, with the sweep.
- A transfer that Stripe answered with a stored 500 comes true later, and something changed since it was asked for.
- Rule 2: the first transfer of a payment under one hour old is sent without a look at the transfers, so one made by hand
  within that hour may not be counted. The next look takes it back.
- A refund that waits and that the charge does not count (a switch of the sandbox: Stripe does not say) is known from its
  event, or from the sweep. Until then nothing tells of it; and Stripe itself refunds beside it.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from backend.sandbox import Sandbox
from tests.money.properties.books import Facts, Sale, TrueBooks, is_the_backends
from tests.money.workers import ObservedStripe
from tests.wire import InProcessStripe

_MONEY = ("/v1/transfers", "/reversals", "/v1/refunds")
_FRESH_SECONDS = 3_600


class _Recorded(InProcessStripe):
    """Tells the watch of each call when it has been made, whatever became of its answer."""

    watch: Watch

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> Any:
        """Tell the watch before and after each call."""
        path = url.partition("://")[2].partition("/")[2].partition("?")[0]
        self.watch.begins(method)
        status = 0
        try:
            answer = super().request(method, url, headers, post_data)
            status = answer[1]
            return answer
        finally:
            self.watch.ended(method, f"/{path}", status, post_data)


class WatchedStripe(ObservedStripe, _Recorded):
    """The line of the backends under test."""

    def __init__(self, sandbox: Sandbox, watch: Watch) -> None:
        super().__init__(sandbox)
        self.watch = watch


class Watch:
    """Judges. ``wrong`` collects what must not be; ``excused`` counts the exceptions that were made use of."""

    def __init__(self, books: TrueBooks, sales: dict[str, Sale]) -> None:
        self.wrong: list[str] = []
        self.excused: Counter[str] = Counter()
        self._books = books
        self._sales = sales
        self._seen = {"transfers": 0, "reversals": 0, "refunds": 0}
        self._mine = threading.local()
        self._asked: defaultdict[tuple[str, str], list[Facts]] = defaultdict(list)

    @contextmanager
    def sweeping(self) -> Iterator[None]:
        """Mark this thread as a sweep: its lists are as old as its beginning."""
        self._mine.looks = self._all()
        self._mine.sweeps = True
        try:
            yield
        finally:
            self._mine.sweeps = False
            self._mine.looks = None

    @contextmanager
    def job(self) -> Iterator[None]:
        """Mark that this thread begins something new: it knows nothing yet."""
        self._mine.looks = None
        yield

    def begins(self, method: str) -> None:
        """Before a call: the first read since the last write begins a look."""
        if method.upper() == "GET" and getattr(self._mine, "looks", None) is None:
            self._mine.looks = self._all()

    def ended(self, method: str, path: str, status: int, post_data: Any) -> None:
        """After a call: judge what it moved."""
        if method.upper() != "POST":
            return
        looks = getattr(self._mine, "looks", None) or {}
        for row in self._new("transfers"):
            self._judge_transfer(row, looks)
        for row in self._new("reversals"):
            self._judge_reversal(row, looks)
        for row in self._new("refunds"):
            self._judge_refund(row, looks)
        if path.endswith("/v1/transfers") and status >= 500:
            self._remember_asked(post_data)
        if path.endswith(_MONEY) and not getattr(self._mine, "sweeps", False):
            self._mine.looks = None

    def time_passed(self) -> None:
        """After the clock moved: what is new came true late."""
        for row in self._new("transfers"):
            payment_id = row["metadata"].get("paymentIntentId", "")
            asked = self._asked[payment_id, row["metadata"].get("slot", "")]
            if is_the_backends(row):
                self._judge_late(row, payment_id, asked.pop(0) if asked else None)
        self._new("refunds")
        for row in self._new("reversals"):
            if is_the_backends(row):
                self.excused["a reversal came true late"] += 1

    def _all(self) -> dict[str, Facts]:
        return {payment_id: self._books.facts(sale) for payment_id, sale in self._sales.items()}

    def _new(self, kind: str) -> list[Any]:
        rows = self._books.rows(kind)
        new, self._seen[kind] = rows[self._seen[kind] :], len(rows)
        return new

    def _remember_asked(self, post_data: Any) -> None:
        words = dict(part.partition("=")[::2] for part in str(post_data or "").split("&"))
        payment_id, slot = (
            words.get(f"metadata[{name}]", words.get(f"metadata%5B{name}%5D", ""))
            for name in ("paymentIntentId", "slot")
        )
        if payment_id in self._sales:
            facts = self._books.facts(self._sales[payment_id])
            self._asked[payment_id, slot].append(self._as_told(payment_id, facts))

    def _judge_transfer(self, row: Any, looks: dict[str, Facts]) -> None:
        if not is_the_backends(row):
            return
        payment_id = row["metadata"]["paymentIntentId"]
        sale = self._sales.get(payment_id)
        if sale is None:
            self.wrong.append(f"a transfer for what was never sold: {dict(row)}")
            return
        if self._books.is_unreleased(sale, row["created"]):
            # Nothing ever makes a released share kept again, so no look at it was ever another.
            self.wrong.append(f"sent before its release: {dict(row)} {sale}")
        facts = self._books.facts(sale)
        if facts.target is not None and facts.held <= facts.target and self._may_write(sale, facts):
            return
        if self._has_changed(payment_id, facts, looks):
            self.excused["somebody acted between look and write"] += 1
        elif self._skipped_the_list(row, self._as_told(payment_id, facts), looks.get(payment_id)):
            self.excused["by hand within the first hour"] += 1
        elif self._is_hidden(payment_id, facts):
            self.excused["a refund that waits, and that the charge does not count"] += 1
        else:
            self.wrong.append(f"sent too much: {dict(row)} {facts}, target {facts.target}, held {facts.held}")

    def _judge_reversal(self, row: Any, looks: dict[str, Facts]) -> None:
        if not is_the_backends(row):
            return
        payment_id = row["metadata"]["paymentIntentId"]
        facts = self._books.facts(self._sales[payment_id])
        sale = self._sales[payment_id]
        if facts.target is not None and facts.held >= facts.target and self._may_write(sale, facts):
            return
        if self._has_changed(payment_id, facts, looks):
            self.excused["somebody acted between look and write"] += 1
        else:
            self.wrong.append(f"took too much: {dict(row)} {facts}, target {facts.target}, held {facts.held}")

    def _judge_refund(self, row: Any, looks: dict[str, Facts]) -> None:
        """The backend refunds no more than was captured, whatever Stripe would let it."""
        payment_id = row["payment_intent"]
        if not is_the_backends(row) or payment_id not in self._sales:
            return
        facts = self._books.facts(self._sales[payment_id])
        if facts.refunded <= facts.captured:
            return
        waiting = [one for one in self._books.rows("refunds") if one["payment_intent"] == payment_id]
        uncounted = sum(one["amount"] for one in waiting if one["status"] == "pending" and not one.hidden["counted"])
        if facts.refunded - uncounted <= facts.captured:
            # All that is left, and Stripe says what that is: it may leave out refunds that wait.
            self.excused["a refund beside one that waits, and that the charge does not count"] += 1
        elif self._has_changed(payment_id, replace(facts, refunded=facts.refunded - row["amount"]), looks):
            self.excused["two refunds at once"] += 1
        else:
            self.wrong.append(f"refunded too much: {dict(row)} {facts}")

    def _judge_late(self, row: Any, payment_id: str, asked: Facts | None) -> None:
        facts = self._books.facts(self._sales[payment_id])
        if facts.target is not None and facts.held <= facts.target:
            return
        if asked is not None and (asked.given != facts.given or asked.sent > facts.sent - row["amount"]):
            self.excused["a stored 500 came true after the world had changed"] += 1
        else:
            self.wrong.append(f"came true on top: {dict(row)} {facts}, asked for at {asked}")

    def _may_write(self, sale: Sale, facts: Facts) -> bool:
        return not (facts.manual or facts.damaged) and self._books.is_ours(sale.payment_id)

    def _has_changed(self, payment_id: str, facts: Facts, looks: dict[str, Facts]) -> bool:
        before = looks.get(payment_id)
        return before is not None and before.given != facts.given

    def _is_hidden(self, payment_id: str, facts: Facts) -> bool:
        """True if the whole excess is refunds that the charge says nothing of, and that nothing has told of yet."""
        without = replace(facts, refunded=0).target
        return self._is_untold(payment_id, facts) and without is not None and facts.held <= without

    def _as_told(self, payment_id: str, facts: Facts) -> Facts:
        """The facts without refunds that nothing has told of yet: one may wait where somebody also paid by hand."""
        return replace(facts, refunded=0) if self._is_untold(payment_id, facts) else facts

    def _is_untold(self, payment_id: str, facts: Facts) -> bool:
        charge = self._books.charge(payment_id)
        told = "refundSeen" in self._books.metadata(payment_id)
        return bool(charge is not None and not charge["amount_refunded"] and not told and facts.refunded > 0)

    def _skipped_the_list(self, row: Any, facts: Facts, before: Facts | None) -> bool:
        """Within the first hour: as much as was paid by hand, or beside another worker who has just counted that."""
        charge, target = self._books.row(row["source_transaction"]), facts.target
        fresh = charge is not None and row["created"] - charge["created"] < _FRESH_SECONDS
        if not fresh or row["metadata"].get("slot") != "0" or target is None or not facts.by_hand:
            return False
        crossed = before is not None and before.sent != facts.sent - row["amount"]
        return crossed or facts.held - target <= facts.by_hand
