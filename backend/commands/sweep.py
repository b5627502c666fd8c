"""One sweep of ``flask reconcile``: find what does not balance, from Stripe alone, mend it, and tell of it.

Webhooks can be lost, late, or never generated. Settling is safe beside live traffic and does nothing to what
balances, so a sweep may run at any time, anywhere, and as often as one likes.
https://docs.stripe.com/webhooks/handle-irrecoverable-events
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import click
import structlog

from backend.commands.sweep_repair import Mender
from backend.domain.settlement import Reason
from backend.domain.states import MoneyState
from backend.services import Services
from backend.services.coach.registry_repair import RegistrySweep, restore_registry
from backend.services.reads import Payment
from backend.services.reconcile.books import Traces
from backend.services.reconcile.findings import Case, Findings
from backend.services.reconcile.joins import PROCESSING, Judgement, Verdict
from backend.services.reconcile.kept_shares import KEPT
from backend.services.reconcile.mark import write_mark
from backend.services.reconcile.pace import Pace
from backend.services.reconcile.reconcile import ReconcileResult
from backend.services.reconcile.sources import Sources
from backend.services.release import is_due
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SweepOptions:
    """The options of ``flask reconcile``. ``since_seconds``: None from where the last sweep ended."""

    payments: tuple[str, ...] = ()
    since_seconds: int | None = None
    dry_run: bool = False
    adopt: bool = False
    calls_per_second: float = 10.0


@dataclass
class Swept:
    """The results of a sweep. ``carried``: ids that the next one tries first."""

    options: SweepOptions
    findings: Findings = field(default_factory=Findings)
    mended: list[ReconcileResult] = field(default_factory=list)
    looked_at: int = 0
    carried: tuple[str, ...] = ()
    registry: RegistrySweep | None = None


def run_sweep(services: Services, options: SweepOptions, quiet: bool = True) -> Swept:
    """Find, mend, and remember for the next sweep. Raises nothing of one payment's, nor of one source's."""
    swept = Swept(options)
    pace = Pace(options.calls_per_second)
    if options.payments:
        cases = [Case(one, Traces(), Judgement(Verdict.SETTLE)) for one in dict.fromkeys(options.payments)]
    else:
        if not quiet and sys.stderr.isatty():
            click.echo("Reading Stripe's books ...", err=True)
        swept.findings = Sources(services.client, pace, options.adopt, services.kept_days).find(options.since_seconds)
        cases = _in_order(swept.findings)
        swept.findings.attempt("registry", lambda: _restore(services, swept))
    _mend(Mender(services, pace, adopt=options.adopt, dry_run=options.dry_run), cases, swept, quiet)
    if not options.payments:
        swept.carried = _to_carry(swept)
        if not options.dry_run:
            swept.findings.attempt("mark", lambda: _remember(services, swept))
    return swept


def _in_order(findings: Findings) -> list[Case]:
    """First what an earlier sweep could not finish, then the oldest."""
    carried = set(findings.mark.carried)
    return sorted(findings.cases.values(), key=lambda one: (one.payment_id not in carried, one.created, one.payment_id))


def _restore(services: Services, swept: Swept) -> None:
    # An account without a marker may be another deployment's coach of the same id: a person adopts it.
    unmarked = not namespace_of(services.client).name
    swept.registry = restore_registry(services.client, services.registry, swept.options.dry_run, unmarked=unmarked)


def _mend(mender: Mender, cases: list[Case], swept: Swept, quiet: bool) -> None:
    swept.looked_at = len(cases)
    to_settle = sum(not case.balances for case in cases)
    hidden = quiet or not to_settle
    with click.progressbar(mender.mend(cases), length=len(cases), label="Settling", hidden=hidden) as bar:
        swept.mended = [one for one in bar if one.state != MoneyState.BALANCED]


def _to_carry(swept: Swept) -> tuple[str, ...]:
    """The most urgent first: what failed, what could not be joined, then what has not come to its end."""
    failed = [one.payment_id for one in swept.mended if one.state == MoneyState.FAILED]
    ended = {one.payment_id for one in swept.mended if one.state not in (MoneyState.FAILED, MoneyState.NOT_PAID)}
    pending = {one for one in swept.findings.pending if one not in ended}
    pending |= {one.payment_id for one in swept.mended if _is_on_the_way(one)}
    return tuple(dict.fromkeys([*failed, *swept.findings.unjoined, *sorted(pending)]))


def _is_on_the_way(one: ReconcileResult) -> bool:
    payment = one.settlement.payment if one.settlement is not None else None
    if payment is None:
        return False
    return _is_stopped(one, payment) or (one.state == MoneyState.NOT_PAID and payment.intent.status == PROCESSING)


def _is_stopped(one: ReconcileResult, payment: Payment) -> bool:
    """True if a share is due and a dispute keeps it: the end of an inquiry has no line in the books."""
    return one.reason == Reason.UNDELIVERED and is_due(payment, payment.at)


def _remember(services: Services, swept: Swept) -> None:
    """Move the mark to where this sweep began to read, if it has read all since the last one."""
    findings = swept.findings
    mark, since = findings.mark, findings.since
    joins_on = since is None or (mark.start is not None and since <= mark.start)
    until = findings.until if findings.whole and joins_on and findings.until is not None else mark.until
    if until is not None and mark.until is not None:
        until = max(until, mark.until)
    missed = any(unread.name in ("refunds", KEPT) for unread in findings.unread)
    again = since if missed else None if joins_on else mark.again
    write_mark(services.client, mark, until, swept.carried, again, since or 0)
