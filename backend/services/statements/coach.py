"""One coach's month: by the coach's own transfers and payments, and by what only the platform's month can tell.

Stripe lists transfers by account and finds payments by metadata, but lists neither refunds nor disputes by coach. Those, and
what came back from a coach, are far fewer than sales, so they are read for the whole platform and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import stripe

from backend.domain.days import DAY
from backend.domain.metadata import COACH_ID
from backend.domain.months import Month
from backend.domain.statement import Kind, Line, Statement, in_order
from backend.services.coach.registry import Registry
from backend.services.reads import PAGE, get_or_none, metadata_of
from backend.services.reconcile.pace import Pace
from backend.services.statements.entries import EXPAND, Entries, payout_line
from backend.stripe_client.platform import namespace_of

# A purchase is paid at once, or by a bank debit within three weeks; an abandoned one may be taken up again.
_BEGUN_BEFORE = 35 * DAY
# What Stripe lists by no coach, by the type of its entry in the books.
_BY_TYPE = (
    "refund",
    "payment_refund",
    "refund_failure",
    "adjustment",
    "payment_failure_refund",
    "payment_reversal",
    "transfer_refund",
    "transfer_failure",
    "transfer_cancel",
)
_PAYOUTS = frozenset(["payout", "payout_failure", "payout_cancel"])


class CoachMonth:
    """Reads one coach's month. ``pace`` bounds the calls a second."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, pace: Pace) -> None:
        self._client = client
        self._registry = registry
        self._pace = pace
        self._namespace = namespace_of(client)
        self._entries = Entries(self._namespace)

    def read(self, month: Month, coach_id: str) -> Statement:
        """The statement of one coach. Search lags by a minute; what is older it knows. Raises what Stripe raises.

        Calls: one for each hundred payments and transfers of the coach's, one for each hundred lines of the coach's own
        books, and nine for the platform's month, or more where it has over a hundred refunds, disputes or reversals.
        """
        accounts = self._registry.accounts_of(coach_id)
        lines = [*self._sales(month, coach_id), *self._transfers(month, accounts)]
        others = list(self._from_the_platforms_month(month))
        lines += [line for line in others if self._is_theirs(line, coach_id, accounts)]
        mine = [line for line in self._entries.joined(lines) if self._is_theirs(line, coach_id, accounts)]
        mine += [line for account_id in accounts for line in self._payouts(month, account_id)]
        said = (
            f"Read of the platform's month: its {len(others)} lines of refunds, disputes and money that came back, to find "
            f"those of this coach. Sales were found by Search, among payments begun since {_BEGUN_BEFORE // DAY} days before "
            "the month.",
            *(() if accounts else ("The coach has no account, so there are no transfers and no payouts.",)),
        )
        return Statement(month, coach_id, in_order(mine), said)

    def _is_theirs(self, line: Line, coach_id: str, accounts: list[str]) -> bool:
        if line.kind == Kind.OTHER:
            return False
        return line.sold.coach_id == coach_id or (not line.sold.coach_id and line.account_id in accounts)

    def _sales(self, month: Month, coach_id: str) -> Iterator[Line]:
        """The sales of the month, by the entry that booked each. A payment that was paid in another month has none here."""
        escaped = coach_id.replace("\\", "\\\\").replace('"', '\\"')
        query = f'metadata["{COACH_ID}"]:"{escaped}" AND created>={month.start - _BEGUN_BEFORE} AND created<{month.end}'
        params: Any = {"query": query, "limit": PAGE, "expand": ["data.latest_charge.balance_transaction"]}
        for page in self._pace.pages(lambda: self._client.v1.payment_intents.search(params)):
            for intent in page.data:
                if metadata_of(intent).get(COACH_ID) == coach_id:
                    yield from self._sale(intent, intent.latest_charge, month)

    def _sale(self, intent: Any, charge: Any, month: Month) -> Iterator[Line]:
        self._entries.remember(intent)
        entry = getattr(charge, "balance_transaction", None)
        if entry is None or isinstance(entry, str) or not month.contains(entry.created):
            return
        charge.payment_intent, entry.source = intent, charge
        yield self._entries.line(entry)

    def _transfers(self, month: Month, accounts: list[str]) -> Iterator[Line]:
        """The transfers of the month, and the sales that they were made from, should Search have missed one."""
        expand = [
            "data.balance_transaction",
            "data.source_transaction.balance_transaction",
            "data.source_transaction.payment_intent",
        ]
        for account_id in accounts:
            created = {"gte": month.start, "lt": month.end}
            params: Any = {"destination": account_id, "created": created, "limit": PAGE, "expand": expand}
            for page in self._pace.pages(partial(self._client.v1.transfers.list, params)):
                for transfer in page.data:
                    yield from self._transfer(transfer, month)

    def _transfer(self, transfer: Any, month: Month) -> Iterator[Line]:
        entry, charge = transfer.balance_transaction, transfer.source_transaction
        intent = getattr(charge, "payment_intent", None)
        if intent is not None and not isinstance(intent, str):
            yield from self._sale(intent, charge, month)
        if entry is not None and not isinstance(entry, str):
            entry.source = transfer
            yield self._entries.line(entry)

    def _from_the_platforms_month(self, month: Month) -> Iterator[Line]:
        created = {"gte": month.start, "lt": month.end}
        for entry_type in _BY_TYPE:
            params: Any = {"type": entry_type, "created": created, "limit": PAGE, "expand": EXPAND}
            for page in self._pace.pages(partial(self._client.v1.balance_transactions.list, params)):
                for entry in page.data:
                    yield self._entries.line(entry)

    def _payouts(self, month: Month, account_id: str) -> Iterator[Line]:
        """The payouts of the month, from the coach's own books. An account that is gone shows none."""
        created = {"gte": month.start, "lt": month.end}
        params: Any = {"created": created, "limit": PAGE}
        options: Any = {"stripe_account": account_id}
        first = get_or_none(lambda: self._client.v1.balance_transactions.list(params, options))
        if first is None:
            return
        for page in self._pace.pages(lambda: first):
            for entry in page.data:
                if entry.type in _PAYOUTS:
                    yield payout_line(entry, account_id)
