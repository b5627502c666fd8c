"""The sources of a sweep: the platform's books, and beside them what has no line in the books, has it early or loses it.

Each source is its own boat: one that fails is reported by its name, and the others are looked at all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import stripe
import structlog

from backend.domain.days import DAY
from backend.domain.membership import named_before
from backend.domain.metadata import SETTLEMENT
from backend.domain.sessions import INSTANT_METHODS
from backend.domain.states import MoneyState
from backend.services.errors import UnreadablePayment
from backend.services.reads import NOT_REFUNDED, PAGE, Payment, get_or_none, id_of, metadata_of, purchase_of
from backend.services.reconcile.books import EXPAND, Books, Traces
from backend.services.reconcile.findings import Case, Findings, Unread
from backend.services.reconcile.joins import PROCESSING, Judgement, Verdict, judge, was_paid_lately
from backend.services.reconcile.kept_shares import DEBIT_SECONDS, KEPT, KeptShares
from backend.services.reconcile.mark import LOOK_BACK_SECONDS, Mark, read_mark
from backend.services.reconcile.pace import Pace
from backend.services.write_outcome import answered_at
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

# A refund that waits for the customer is canceled after 45 days; others end sooner.
_REFUND_SECONDS = 90 * DAY
_FINAL = NOT_REFUNDED | {"succeeded"}
# One query for both: Search joins conditions by OR, and answers 20 questions a second.
_WAITS = f'status:"{PROCESSING}" OR -metadata["{SETTLEMENT}"]:null'


class Sources:
    """Reads them. ``kept_days``: for how many days shares are kept by today's catalogue."""

    def __init__(
        self, client: stripe.StripeClient, pace: Pace, adopt: bool = False, kept_days: frozenset[int] = frozenset()
    ) -> None:
        self._client = client
        self._namespace = namespace_of(client)
        self._pace = pace
        self._adopt = adopt
        self._kept = KeptShares(client, self._namespace, kept_days)
        self._books = Books()
        self._read = Findings()

    def find(self, since_seconds: int | None = None) -> Findings:
        """Everything to look at. ``since_seconds``: how far back, instead of from the mark."""
        read = self._read
        read.attempt("mark", self._mark)
        if read.mark.at is None:
            read.attempt("time", self._ask_the_time)
        at = read.mark.at
        if since_seconds is None and self._adopt:
            since_seconds = LOOK_BACK_SECONDS  # earlier sweeps have passed by the Node backend's payments
        read.since = read.mark.start if since_seconds is None or at is None else at - since_seconds
        read.attempt("carried", self._carried)
        read.attempt("window", self._window)
        read.attempt("refunds", self._refunds)
        read.attempt("renamed", self._renamed)
        read.attempt(KEPT, self._due)
        self._books.join_transfers(self._client, lambda: self._pace.wait(1))
        self._take(self._books, lambda _judgement: True)
        read.attempt("search", self._search)
        read.attempt("debits", self._early_debits)
        return read

    def _mark(self) -> None:
        self._pace.wait(1)
        self._read.mark = read_mark(self._client)

    def _ask_the_time(self) -> None:
        """Ask for the time if the answer about the mark bore no ``Date``, or there was none: this machine's decides nothing."""
        newest = self._client.v1.balance_transactions.list({"limit": 1})
        mark = self._read.mark
        self._read.mark = Mark(mark.until, mark.again, mark.carried, answered_at(newest), mark.keys, mark.exists)

    def _carried(self) -> None:
        for one in self._read.mark.carried:
            self._in_its_own_boat(one, self._again)

    def _in_its_own_boat(self, one: str, read: Callable[[str], None]) -> None:
        """Read one of many: one that fails is carried on, by its id."""
        try:
            read(one)
        except Exception as error:  # noqa: BLE001  (as above)
            log.warning("sweep.unread", id=one, kind=type(error).__name__)
            self._read.unread.append(Unread(one, type(error).__name__))
            self._read.unjoined.append(one)

    def _again(self, one: str) -> None:
        """Look at what an earlier sweep could not finish: a payment, a refund, a transfer, or a line of the books."""
        if one.startswith("pi_"):
            traces = self._books.payments[one]
            traces.needs_look = True
            return
        self._pace.wait(1)
        if one.startswith(("re_", "pyr_")):
            refund = get_or_none(lambda: self._client.v1.refunds.retrieve(one, {"expand": ["payment_intent"]}))
            if refund is not None:
                self._take_refund(refund, carried=True)
        elif one.startswith("tr_"):
            transfer = get_or_none(lambda: self._client.v1.transfers.retrieve(one))
            if transfer is not None:
                self._books.add_transfer(transfer)
        else:
            expand = [path.removeprefix("data.") for path in EXPAND]
            entry = get_or_none(lambda: self._client.v1.balance_transactions.retrieve(one, {"expand": expand}))
            if entry is not None:
                self._books.add(entry)

    def _window(self) -> None:
        """The books since the mark."""
        created: dict[str, Any] = {} if self._read.since is None else {"created": {"gte": self._read.since}}
        params: Any = {**created, "limit": PAGE, "expand": EXPAND}
        for page in self._pace.pages(lambda: self._client.v1.balance_transactions.list(params)):
            if self._read.until is None:
                self._read.until = answered_at(page)
            for entry in page.data:
                self._books.add(entry)
        self._read.whole = True

    def _renamed(self) -> None:
        """Transfers whose metadata changed since the mark: no line of the books says that one names another payment now."""
        created: dict[str, Any] = {} if self._read.since is None else {"created": {"gte": self._read.since}}
        params: Any = {**created, "type": "transfer.updated", "limit": PAGE}
        transfers = set()
        for page in self._pace.pages(lambda: self._client.v1.events.list(params)):
            for event in page.data:
                transfers.add(event.data.object.id)
                for payment_id in named_before(event.data.to_dict().get("previous_attributes")):
                    self._books.payments[payment_id].needs_look = True
        for transfer_id in sorted(transfers):
            self._in_its_own_boat(transfer_id, self._again)

    def _refunds(self) -> None:
        """Refunds since the mark, those included that have no line in the books yet.

        Those that had not come to their end when they were last seen are carried by id, so older ones are listed
        only where nothing is remembered.
        """
        for refund in self._refunds_since(self._refunds_start()):
            self._take_refund(refund)

    def _refunds_start(self) -> int | None:
        mark, since = self._read.mark, self._read.since
        if mark.until is not None and mark.again is None:
            return since
        return None if since is None or mark.at is None else min(since, mark.at - _REFUND_SECONDS)

    def _refunds_since(self, start: int | None) -> Iterator[Any]:
        created: dict[str, Any] = {} if start is None else {"created": {"gte": start}}
        params: Any = {**created, "limit": PAGE, "expand": ["data.payment_intent"]}
        for page in self._pace.pages(lambda: self._client.v1.refunds.list(params)):
            yield from page.data

    def _take_refund(self, refund: Any, carried: bool = False) -> None:
        """One of the window, one that has not come to its end, and one that had not the last time; no other."""
        final = refund.status in _FINAL
        since = self._read.since
        failed_unseen = self._read.mark.until is None and refund.status in NOT_REFUNDED
        if final and not carried and not failed_unseen and since is not None and refund.created < since:
            return
        self._books.add_refund(refund, undone=carried or not final or failed_unseen)
        if not final and self._is_ours(refund.payment_intent):
            self._read.pending.add(refund.id)

    def _early_debits(self) -> None:
        """Bank debits that were booked before the window, when they began, and have succeeded since.

        Their transfers are listed only where there are such. One that balances and was seen before is not told again.
        One that was under way when it was last seen is carried by id, so this second look is for what was forgotten:
        by the first sweep of a day, and wherever more had to be carried than fits.
        """
        since = self._read.since
        if since is None or not self._is_second_look_due(since):
            return
        start = since - DEBIT_SECONDS
        books = Books()
        created = {"gte": start, "lt": since}
        params: Any = {"type": "payment", "created": created, "limit": PAGE, "expand": EXPAND}
        for page in self._pace.pages(lambda: self._client.v1.balance_transactions.list(params)):
            for entry in page.data:
                books.add(entry)
        books.keep_only(self._may_have_come_late)
        if any(traces.intent.status == "succeeded" for traces in books.payments.values()):
            self._add_what_followed(books, start)
        self._take(books, lambda judgement: was_paid_lately(judgement, since))

    def _is_second_look_due(self, since: int) -> bool:
        """True for the first sweep of a day (of UTC) after an earlier one, for one that carries too much, where Search is
        down, and for a time that somebody asked for. A first sweep of all looks further back than any debit takes.
        """
        until, mark = self._read.until, self._read.mark
        search_is_down = any(unread.name == "search" for unread in self._read.unread)
        if since != mark.start or mark.again is not None or search_is_down:
            return True
        return mark.until is not None and (until is None or since // DAY != until // DAY)

    def _add_what_followed(self, books: Books, start: int) -> None:
        """The refunds and transfers since the debits began. Those of other payments are not looked at here."""
        known = set(books.payments)
        for refund in self._refunds_since(start):
            if id_of(refund.payment_intent) in known:
                books.add_refund(refund)
        params: Any = {"created": {"gte": start}, "limit": PAGE}
        for page in self._pace.pages(lambda: self._client.v1.transfers.list(params)):
            for transfer in page.data:
                if books.knows(transfer):
                    books.add_transfer(transfer)
        books.join_transfers(self._client, lambda: self._pace.wait(1))
        books.keep_only(self._may_have_come_late)

    def _search(self) -> None:
        """Payments whose money is on the way, and those that wait, of any age. Search lags behind by a minute or more."""
        self._pace.wait(1)
        query: Any = {"query": _WAITS, "limit": PAGE, "expand": ["data.latest_charge"]}
        for intent in self._client.v1.payment_intents.search(query).auto_paging_iter():
            if self._namespace.is_anothers(metadata_of(intent)):
                self._read.anothers.add(intent.id)
                continue
            if intent.status == PROCESSING and self._is_ours(intent):
                self._read.pending.add(intent.id)
            if (
                metadata_of(intent).get(SETTLEMENT) not in (None, MoneyState.MANUAL)
                and intent.id not in self._read.cases
                and not self._keep(self._kept.unreleased(intent, self._read.until))
            ):
                case = Case(intent.id, Traces(intent), Judgement(Verdict.SETTLE), intent.created)
                self._read.cases[intent.id] = case

    def _due(self) -> None:
        """The charges of so many days ago, for each number of days that shares were ever kept for."""
        self._pace.wait(1)
        for days in sorted(self._kept.numbers()):
            for first in self._kept.walks(days, self._read.since, self._read.until):
                for page in self._pace.pages(first):
                    for entry in page.data:
                        self._books.add_kept(entry, self._kept.is_of_one)

    def _take(self, books: Books, tells: Callable[[Judgement], bool]) -> None:
        """Judge each payment of some books."""
        read = self._read
        for payment_id, traces in books.payments.items():
            if payment_id not in read.cases:
                self._in_its_own_boat(payment_id, partial(self._judge, traces, tells))
        read.unread += [Unread(one, why) for one, why in books.unjoined.items()]
        read.unjoined += books.unjoined

    def _judge(self, traces: Traces, tells: Callable[[Judgement], bool], payment_id: str) -> None:
        judgement = judge(traces, self._adopt, self._read.until, self._namespace)
        self._keep(judgement.payment if judgement.kept else None)
        if judgement.verdict == Verdict.PENDING:
            self._read.pending.add(payment_id)
        elif judgement.verdict == Verdict.ANOTHERS:
            self._read.anothers.add(payment_id)
        elif judgement.verdict == Verdict.SETTLE or (judgement.verdict == Verdict.TELL and tells(judgement)):
            created = traces.intent.created if traces.intent is not None else 0
            self._read.cases[payment_id] = Case(payment_id, traces, judgement, created)

    def _keep(self, payment: Payment | None) -> bool:
        """Count a payment whose share is not released yet. False for None."""
        if payment is not None:
            self._read.kept[payment.id] = payment
        return payment is not None

    def _may_have_come_late(self, traces: Traces) -> bool:
        """True for a payment of ours whose money takes days, unless it failed: that has a line of its own."""
        if not (self._is_ours(traces.intent) and traces.intent.status in (PROCESSING, "succeeded")):
            return False
        details = [charge.payment_method_details for charge in traces.charges.values()]
        return not any(one is not None and one.type in INSTANT_METHODS for one in details)

    def _is_ours(self, intent: Any) -> bool:
        """True if the intent sold coaching, even if its record is damaged."""
        if intent is None or isinstance(intent, str):
            return False
        try:
            purchase = purchase_of(intent, self._namespace)
        except UnreadablePayment:
            return True
        return purchase is not None and purchase.ours
