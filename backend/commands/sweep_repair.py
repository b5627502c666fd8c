"""Mending payments one by one: tell of each, settle it, and go on to the next whatever becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import stripe
import structlog

from backend.domain.states import MoneyState
from backend.services import Services
from backend.services.errors import UnreadablePayment
from backend.services.reads import Payment, read_payment
from backend.services.reconcile.findings import Case
from backend.services.reconcile.pace import Pace
from backend.services.reconcile.reconcile import ReconcileResult, owed
from backend.services.settlement.hand_transfers import remember_on
from backend.services.settlement.settle import Settlement
from backend.services.settlement.transfers import CoachLists
from backend.stripe_client.platform import namespace_of
from backend.stripe_client.rate import SWEEP, stripe_activation
from backend.webhooks.news import Teller

log = structlog.get_logger(__name__)

# Reading a payment and its transfers, a write, and a look after it.
_CALLS_EACH = 4


class Mender:
    """Mends payments. Each payee's transfers are listed once for all of them."""

    def __init__(self, services: Services, pace: Pace, *, adopt: bool, dry_run: bool) -> None:
        self._services = services
        self._client: stripe.StripeClient = services.client
        self._pace = pace
        self._adopt = adopt
        self._dry_run = dry_run
        self._lists = CoachLists()

    def mend(self, cases: Iterable[Case]) -> Iterator[ReconcileResult]:
        """Settle each payment and tell of it, or (in a dry run) say what is owed. One that fails does not stop the rest."""
        for case in cases:
            try:
                yield self._one(case)
            except Exception as error:  # noqa: BLE001  (of whatever class: no payment keeps the sweep from the next)
                log.warning("reconcile.failed", payment=case.payment_id, kind=type(error).__name__)
                yield ReconcileResult(case.payment_id, MoneyState.FAILED, reason=type(error).__name__)

    def _one(self, case: Case) -> ReconcileResult:
        if case.balances:
            balanced = ReconcileResult(case.payment_id, MoneyState.BALANCED)
            return balanced if self._dry_run else self._ended(self._tell(case), balanced)
        self._pace.wait(_CALLS_EACH)
        # Stripe's limits may let a payment wait before its first call, and never between its calls.
        with stripe_activation(SWEEP, "mend"):
            if self._dry_run:
                return owed(self._client, self._services.registry, case.payment_id, self._adopts(case))
            return self._settle(case)

    def _adopts(self, case: Case) -> bool:
        """True if a payment of the Node backend is to be settled too: once we have moved money for it, it is ours."""
        return self._adopt or case.traces.was_paid_by(namespace_of(self._client))

    def _tell(self, case: Case) -> Teller:
        """Tell of a payment whose money is as it should be, at no call."""
        teller, payment, view = Teller(self._services), case.judgement.payment, case.judgement.view
        if payment is not None and not (view is not None and view.position.refunded >= view.position.captured):
            teller.attempt(lambda: teller.session(payment))
        self._tell_what_was_seen(teller, case, payment)
        if view is not None:
            teller.settlement(Settlement(MoneyState.BALANCED, payment, view=view, payment_id=case.payment_id))
        return teller

    def _settle(self, case: Case) -> ReconcileResult:
        """Tell of the session and what was seen, settle, and tell what waits. A subscriber's failure is raised last."""
        teller = Teller(self._services)
        payment = self._read(case)
        if payment is not None:
            teller.attempt(lambda: teller.session(payment))
        ours = payment is not None and payment.purchase.ours
        if ours:
            self._tell_what_was_seen(teller, case, payment)
        settlement = self._services.settler.settle(
            case.payment_id,
            seen=payment,
            adopt=self._adopts(case),
            disputed=bool(case.traces.disputes),
            refunded=bool(case.traces.refunds),
            lists=self._lists,
        )
        teller.settlement(settlement)
        if settlement.state not in (MoneyState.NOT_OURS, MoneyState.NOT_PAID):
            if not ours:
                self._tell_what_was_seen(teller, case, settlement.payment)
            self._tell_more_disputes(teller, case, settlement)
        return self._ended(teller, ReconcileResult.of(settlement))

    def _ended(self, teller: Teller, mended: ReconcileResult) -> ReconcileResult:
        """With a subscriber's failure it is not finished, although its money is."""
        if teller.failure is None:
            return mended
        return replace(mended, state=MoneyState.FAILED, reason=type(teller.failure).__name__)

    def _read(self, case: Case) -> Payment | None:
        """The payment as it is now, with the hand-made transfers that were seen written onto it."""
        try:
            payment = read_payment(self._client, case.payment_id)
            if payment is None:
                return None
            seen = [one.to_dict() for one in case.traces.transfers.values()]
            written = [remember_on(self._client, transfer, payment) for transfer in seen]
            return read_payment(self._client, case.payment_id) if any(written) else payment
        except UnreadablePayment:
            return None  # settling holds it, by name

    def _tell_what_was_seen(self, teller: Teller, case: Case, payment: Payment | None) -> None:
        for refund in case.traces.refunds.values():
            teller.attempt(partial(teller.refund, refund, payment))
        for dispute in case.traces.disputes.values():
            teller.attempt(partial(teller.dispute, dispute))

    def _tell_more_disputes(self, teller: Teller, case: Case, settlement: Settlement) -> None:
        """Of a payment of the window also those that took no money: they have no line in the books."""
        disputes = settlement.view.disputes if settlement.view is not None and case.traces.charges else ()
        for dispute in disputes:
            if dispute.id not in case.traces.disputes:
                teller.attempt(partial(teller.dispute, dispute))
