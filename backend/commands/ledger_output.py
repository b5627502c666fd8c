"""The ledger for people and for machines: its figures, each refund with its state, and what a note means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from backend.domain.money import format_money
from backend.domain.notes import Note, Reason, read_note
from backend.domain.reasons import WORDS, Words, words_of
from backend.domain.states import MoneyState
from backend.services.errors import UnreadablePayment
from backend.services.reads import NOT_REFUNDED
from backend.services.settlement.ledger import Ledger
from backend.services.settlement.settle import UNCLEAR

# What cannot be told, and why: a person has to look.
UNTOLD: Mapping[type[Exception], Reason] = {**UNCLEAR, UnreadablePayment: Reason.UNREADABLE}
_NOT_TOLD = 1


def ledger_json(found: Ledger) -> dict[str, Any]:
    """The ledger for machines."""
    words = _words(found)
    return {
        **asdict(found),
        "owed": found.owed,
        "balances": found.balances,
        "meaning": words.meaning if words else None,
        "remedy": words.remedy if words else None,
        "command": _command(words, found.payment_id) if words else None,
    }


def print_ledger(found: Ledger) -> None:
    """The ledger for people."""

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
    _print_note(found)
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


def _print_note(found: Ledger) -> None:
    words = _words(found)
    if words is None:
        return
    click.echo(f"  {'note':<22}{found.note}")
    click.echo(f"  {words.meaning}")
    click.echo(f"  {words.remedy}")
    command = _command(words, found.payment_id)
    if command:
        click.echo(f"    {command}")


def _words(found: Ledger) -> Words | None:
    if found.note is None:
        return None
    return words_of(Note(MoneyState.MANUAL) if found.note == MoneyState.MANUAL else read_note(found.note))


def _command(words: Words, payment_id: str) -> str:
    return words.command.format(payment=payment_id)


def say_untold(payment_id: str, reason: Reason, as_json: bool) -> int:
    """Say why the money of a payment cannot be told, and what to do; answers with the exit code."""
    words = WORDS[reason]
    command = _command(words, payment_id)
    if as_json:
        told = {"meaning": words.meaning, "remedy": words.remedy, "command": command}
        click.echo(json.dumps({"payment_id": payment_id, "balances": None, "reason": str(reason), **told}))
    else:
        click.echo(f"{payment_id}: {words.meaning} {words.remedy}", err=True)
        click.echo(f"  flask why {payment_id}", err=True)
    return _NOT_TOLD
