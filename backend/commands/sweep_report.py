"""The report of a sweep: for machines, for people, and for Prometheus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from backend.commands.sweep import Swept
from backend.domain.days import stamp_minute
from backend.domain.money import format_money
from backend.domain.states import MoneyState
from backend.services.operators.why_words import plain
from backend.services.reads import Payment
from backend.services.reconcile.reconcile import ReconcileResult


def _is_news(one: ReconcileResult) -> bool:
    """True for what was mended, waits or failed. Others need not be read about, unless they were asked for by name."""
    return bool(one.moved) or one.state not in (
        MoneyState.SETTLED,
        MoneyState.NOT_OURS,
        MoneyState.NOT_PAID,
        MoneyState.MANUAL,
    )


def report_of(swept: Swept, now: int) -> dict[str, Any]:
    """The report as JSON has it. ``now``: unix seconds, for those who read it; nothing was decided by it."""
    options, findings = swept.options, swept.findings
    told = [one for one in swept.mended if options.payments or _is_news(one)]
    report: dict[str, Any] = {
        "looked_at": swept.looked_at,
        "anothers": len(findings.anothers),
        "dry_run": options.dry_run,
        "finished_at": now,
        "payments": [_line(one) for one in told],
        "waiting": [] if options.dry_run else waiting(swept.mended, now, findings.kept),
        "carried": list(swept.carried),
        "unread": [{"name": one.name, "error": one.error} for one in findings.unread],
    }
    if not options.payments:
        report |= {"since": findings.since, "until": findings.until}
    if swept.registry is not None:
        report |= {
            "coaches_restored": list(swept.registry.restored),
            "coaches_contested": list(swept.registry.contested),
            "coaches_refused": list(swept.registry.refused),
            "coaches_broken": list(swept.registry.broken),
        }
    return report


def waiting(
    mended: Iterable[ReconcileResult], now: int, kept: Mapping[str, Payment] | None = None
) -> list[dict[str, Any]]:
    """The money that waits, by reason and currency: how many payments, how long the oldest, and how much.

    ``held`` is owed to coaches and ``clawback`` by them, in minor units. ``kept``: shares that are not released yet, which
    were not looked at one by one.
    """
    groups: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(
        lambda: {"payments": 0, "held": 0, "clawback": 0, "oldest_seconds": 0}
    )
    for one in mended:
        settlement = one.settlement
        if settlement is None or settlement.state != MoneyState.HELD or settlement.note is None:
            continue
        read_at = settlement.payment.at if settlement.payment is not None else None
        group = groups[settlement.note.reason or "", one.currency]
        group["payments"] += 1
        group["held"] += max(0, settlement.waits)
        group["clawback"] += max(0, -settlement.waits)
        group["oldest_seconds"] = max(group["oldest_seconds"], (read_at or now) - settlement.note.at)
    for payment in (kept or {}).values():
        if payment.note is None:
            continue
        group = groups[payment.note.reason or "", payment.intent.currency]
        group["payments"] += 1
        group["held"] += payment.note.amount or 0
        group["oldest_seconds"] = max(group["oldest_seconds"], (payment.at or now) - payment.note.at)
    return [{"reason": reason, "currency": currency, **group} for (reason, currency), group in sorted(groups.items())]


def _line(one: ReconcileResult) -> dict[str, Any]:
    return {
        "payment": one.payment_id,
        "state": one.state,
        "moved": one.moved,
        "currency": one.currency,
        "reason": one.reason,
    }


def summary(report: dict[str, Any]) -> str:
    """The report for people."""
    window = _window(report)
    looked, told = report["looked_at"], len(report["payments"])
    payments = "1 payment" if looked == 1 else f"{looked} payments"
    lines = [f"Looked at {payments}{window}; {f'{told} to report:' if told else 'nothing to report.'}"]
    for one in report["payments"]:
        moved = format_money(one["moved"], one["currency"]) if one["moved"] else "nothing moved"
        lines.append(f"  {one['payment']}  {one['state']:<9} {moved:>16}  {one['reason']}".rstrip())
    for group in report["waiting"]:
        amount = format_money(group["held"] + group["clawback"], group["currency"]) if group["currency"] else ""
        lines.append(f"  waiting: {group['payments']} for {group['reason']} {amount}".rstrip())
    if report["anothers"]:
        lines.append(
            f"  another's: {report['anothers']}, sold by another deployment on this Stripe account, left alone"
        )
    if report["carried"]:
        lines.append(f"  for the next sweep: {', '.join(report['carried'])}")
    for one in report["unread"]:
        lines.append(f"  could not be read: {one['name']} ({one['error']})")
    return "\n".join([*lines, *_coaches(report)])


def _window(report: dict[str, Any]) -> str:
    if report.get("until") is None:
        return ""
    since, until = report["since"], report["until"]
    return f" from {stamp_minute(since) if since is not None else 'the beginning'} to {stamp_minute(until)}"


def _coaches(report: dict[str, Any]) -> list[str]:
    said = {
        "coaches_restored": "registry entry restored",
        "coaches_contested": "several accounts claim this id; a person has to choose",
        "coaches_refused": "Stripe does not take the registry entry back; a person has to look",
        "coaches_broken": "the registry entry is damaged or half replaced; see flask coaches adopt",
    }
    return [f"  coach {plain(coach)}: {text}" for name, text in said.items() for coach in report.get(name, ())]


def unfinished(report: dict[str, Any]) -> bool:
    """True if the sweep should be run again: a payment failed, or a source or an object could not be read."""
    return bool(report["unread"]) or any(one["state"] == MoneyState.FAILED for one in report["payments"])


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
    failed = sum(one["state"] == MoneyState.FAILED for one in report["payments"])
    for name, text, value in (
        ("payments_sweep_looked_at", "Payments that the last sweep looked at.", report["looked_at"]),
        ("payments_sweep_failed", "Payments that it could not finish.", failed),
        ("payments_sweep_finished_seconds", "When it ended, in unix seconds.", report["finished_at"]),
    ):
        Gauge(name, text, registry=registry).set(value)
    write_to_textfile(str(path), registry)
