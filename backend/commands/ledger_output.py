"""The ledger for people and for machines: its figures, each refund with its state, and what a note means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from backend.domain.days import stamp_minute
from backend.domain.money import format_money
from backend.domain.notes import Reason
from backend.domain.reasons import WORDS
from backend.services import Services
from backend.services.errors import NotFound, UnreadablePayment
from backend.services.operators.why import Explainer
from backend.services.operators.why_ends import NOT_A_PURCHASE, Explanation
from backend.services.reads import NO_SUCH_PAYMENT, NOT_REFUNDED
from backend.services.settlement.ledger import Ledger
from backend.services.settlement.settle import UNCLEAR

# What cannot be told, and why: a person has to look.
UNTOLD: Mapping[type[Exception], Reason] = {**UNCLEAR, UnreadablePayment: Reason.UNREADABLE}
_NOT_TOLD = 1


def read_ledger(services: Services, payment_id: str, as_json: bool) -> tuple[Ledger, Explanation]:
    """The figures of a payment sold here, and the reason for them. Where they cannot be told, that is said, and the command
    ends. Raises ``NotFound``.
    """
    look = Explainer(services.client, services.registry).look(payment_id)
    if look is None or look.explanation.state == NOT_A_PURCHASE:
        raise NotFound(NO_SUCH_PAYMENT)
    found = look.ledger
    if found is None:
        raise SystemExit(say_untold(payment_id, Reason(look.explanation.reason), as_json))
    return found, look.explanation


def ledger_json(found: Ledger, told: Explanation) -> dict[str, Any]:
    """The ledger for machines, with the reason that ``flask why`` gives."""
    return {
        **asdict(found),
        "owed": found.owed,
        "balances": found.balances,
        "meaning": told.meaning or None,
        "remedy": told.next if told.meaning else None,
        "command": (told.command or None) if told.meaning else None,
    }


def print_ledger(found: Ledger, told: Explanation) -> None:
    """The ledger for people, with the reason that ``flask why`` gives."""

    def money(name: str, amount: int, remark: str = "") -> None:
        click.echo(f"  {name:<22}{format_money(amount, found.currency):>16}  {remark}".rstrip())

    click.secho(f"{found.payment_id}  {found.status}", bold=True)
    money("charged", found.charged)
    money("- refunded", found.refunded, _under_way(found))
    money("- disputed", found.disputed)
    money("= kept", found.kept)
    money("  platform fee", found.fee)
    money("  due to the coach", found.due)
    click.echo()
    money("transferred", found.transferred, _by_hand(found))
    money("- reversed", found.reversed)
    money("= the coach holds", found.held)
    _print_refunds(found)
    if found.unreleased:
        until = f" until {stamp_minute(found.kept_until)} at the latest" if found.kept_until is not None else ""
        click.secho(f"{format_money(found.unreleased, found.currency)} is kept for the coach{until}.", fg="yellow")
    _print_reason(found, told)
    if found.balances:
        click.secho("It balances.", fg="green")
    elif found.owed > 0:
        click.secho(f"The coach is owed {format_money(found.owed, found.currency)}.", fg="yellow")
    else:
        click.secho(f"The coach owes {format_money(-found.owed, found.currency)}.", fg="yellow")


def _under_way(found: Ledger) -> str:
    """The part of what is refunded that the player does not have yet."""
    waits = sum(one.amount for one in found.refunds if one.status not in {"succeeded", *NOT_REFUNDED})
    return f"of it {format_money(waits, found.currency)} still under way" if waits else ""


def _by_hand(found: Ledger) -> str:
    return f"of it {format_money(found.by_hand, found.currency)} by hand" if found.by_hand else ""


def _print_refunds(found: Ledger) -> None:
    for one in found.refunds:
        counts = ", not counted: the player does not have it" if one.status in NOT_REFUNDED else ""
        click.echo(f"  {'refund':<22}{format_money(one.amount, found.currency):>16}  {one.id} {one.status}{counts}")


def _print_reason(found: Ledger, told: Explanation) -> None:
    if found.note is not None:
        click.echo(f"  {'note':<22}{found.note}")
    if not told.meaning:
        return
    click.echo(f"  {told.meaning}")
    click.echo(f"  {told.next}")
    if told.command:
        click.echo(f"    {told.command}")


def say_untold(payment_id: str, reason: Reason, as_json: bool) -> int:
    """Say why the money of a payment cannot be told, and what to do; answers with the exit code."""
    words = WORDS[reason]
    command = words.command.format(payment=payment_id)
    if as_json:
        told = {"meaning": words.meaning, "remedy": words.remedy, "command": command}
        click.echo(json.dumps({"payment_id": payment_id, "balances": None, "reason": str(reason), **told}))
    else:
        click.echo(f"{payment_id}: {words.meaning} {words.remedy}", err=True)
        click.echo(f"  flask why {payment_id}", err=True)
    return _NOT_TOLD
