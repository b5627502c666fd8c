"""One sweep of ``flask reconcile``: what it mended, what still waits, and both for people and for machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from backend.domain.money import format_money
from backend.domain.settlement import HELD
from backend.news import tell
from backend.services import Services
from backend.services.candidates import unbalanced_since
from backend.services.reconcile import FAILED, Mended, Pace, Reconciler
from backend.services.registry_repair import restore_registry


@dataclass(frozen=True)
class Wish:
    """What a sweep is asked to do; the options of ``flask reconcile``."""

    payments: tuple[str, ...]
    since_seconds: int
    dry_run: bool
    adopt: bool
    calls_per_second: float


def sweep(services: Services, wish: Wish, quiet: bool) -> dict[str, Any]:
    """Find what does not balance, mend it, and report. Raises what Stripe raised while listing."""
    payments, looked_at = list(wish.payments), len(wish.payments)
    report: dict[str, Any] = {}
    if not payments:
        found = unbalanced_since(services.client, services.now() - wish.since_seconds, wish.adopt)
        coaches = restore_registry(services.client, services.registry, wish.dry_run)
        payments, looked_at = found.to_settle, found.looked_at
        report = {
            "coaches_restored": coaches.restored,
            "coaches_contested": coaches.contested,
            "coaches_refused": coaches.refused,
        }
    reconciler = Reconciler(services.client, services.registry, services.settler, Pace(wish.calls_per_second))
    mending = reconciler.mend(payments, adopt=wish.adopt, dry_run=wish.dry_run)
    mended = []
    with click.progressbar(mending, length=len(payments), label="Settling", hidden=quiet or not payments) as bar:
        for one in bar:
            if one.settlement is not None:
                tell(services, one.settlement)
            mended.append(one)
    return {
        "looked_at": looked_at,
        "dry_run": wish.dry_run,
        "finished_at": services.now(),
        "payments": [_line(one) for one in mended],
        "waiting": [] if wish.dry_run else waiting(mended, services.now()),
        **report,
    }


def waiting(mended: Iterable[Mended], now: int) -> list[dict[str, Any]]:
    """What waits, by reason and currency: how many payments, how long the oldest, and how much.

    ``held`` is owed to coaches and ``clawback`` by them, in minor units.
    """
    groups: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(
        lambda: {"payments": 0, "held": 0, "clawback": 0, "oldest_seconds": 0}
    )
    for one in mended:
        settlement = one.settlement
        if settlement is None or settlement.state != HELD or settlement.note is None:
            continue
        group = groups[settlement.note.reason, one.currency]
        group["payments"] += 1
        group["held"] += max(0, settlement.waits)
        group["clawback"] += max(0, -settlement.waits)
        group["oldest_seconds"] = max(group["oldest_seconds"], now - settlement.note.at)
    return [{"reason": reason, "currency": currency, **group} for (reason, currency), group in sorted(groups.items())]


def _line(one: Mended) -> dict[str, Any]:
    return {
        "payment": one.payment_id,
        "state": one.state,
        "moved": one.moved,
        "currency": one.currency,
        "reason": one.reason,
    }


def summary(report: dict[str, Any]) -> str:
    """The report for people."""
    lines = [f"Looked at {report['looked_at']} payments; {len(report['payments'])} did not balance or wait."]
    for one in report["payments"]:
        moved = format_money(one["moved"], one["currency"]) if one["moved"] else "nothing moved"
        lines.append(f"  {one['payment']}  {one['state']:<9} {moved:>16}  {one['reason']}".rstrip())
    for coach in report.get("coaches_restored", ()):
        lines.append(f"  coach {coach}: registry entry restored")
    for coach in report.get("coaches_contested", ()):
        lines.append(f"  coach {coach}: several accounts claim this id; a person has to choose")
    for coach in report.get("coaches_refused", ()):
        lines.append(f"  coach {coach}: Stripe does not take the registry entry back; a person has to look")
    return "\n".join(lines)


def unfinished(report: dict[str, Any]) -> bool:
    """Whether the sweep should be run again."""
    return any(one["state"] == FAILED for one in report["payments"])


def write_metrics(report: dict[str, Any], path: Path) -> None:
    """The report as a text file for Prometheus' node exporter, put in place whole. Raises ``OSError``.

    https://github.com/prometheus/node_exporter#textfile-collector
    """
    registry = CollectorRegistry()
    by = ["reason", "currency"]
    gauges = {
        "payments": Gauge("payments_waiting", "Payments whose money waits.", by, registry=registry),
        "held": Gauge("payments_held_cents", "Owed to coaches and held, in minor units.", by, registry=registry),
        "clawback": Gauge("payments_clawback_pending_cents", "Owed by coaches, in minor units.", by, registry=registry),
        "oldest_seconds": Gauge("payments_oldest_hold_seconds", "Since the oldest was noted.", by, registry=registry),
    }
    for group in report["waiting"]:
        for name, gauge in gauges.items():
            gauge.labels(group["reason"], group["currency"]).set(group[name])
    moved = Gauge(
        "payments_sweep_moved_cents", "Sent by the last sweep, less taken back.", ["currency"], registry=registry
    )
    for one in report["payments"]:
        if one["moved"]:
            moved.labels(one["currency"]).inc(one["moved"])
    failed = sum(one["state"] == FAILED for one in report["payments"])
    for name, text, value in (
        ("payments_sweep_looked_at", "Payments that the last sweep looked at.", report["looked_at"]),
        ("payments_sweep_failed", "Payments that it could not finish.", failed),
        ("payments_sweep_finished_seconds", "When it ended, in unix seconds.", report["finished_at"]),
    ):
        Gauge(name, text, registry=registry).set(value)
    write_to_textfile(str(path), registry)
