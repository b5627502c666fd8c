"""``flask drill``: makes the things go wrong that go wrong in payments, and shows that the money is right."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import click
from flask import current_app
from flask.cli import with_appcontext

from backend.commands.drill_cases import DRILLS
from backend.commands.drill_environment import DrillEnvironment, drill_environment
from backend.commands.fair_share import Books, Comparison
from backend.domain.money import format_money


@click.command(short_help="Break payments on purpose, and see that the money is right.")
@click.option("--only", type=click.Choice([drill.__name__ for drill in DRILLS]), help="Run one drill.")
@with_appcontext
def drill(only: str | None) -> None:
    """Make payments go wrong on purpose, on a sandbox of its own, and see that the money is right.

    Each drill buys for real over HTTP, breaks something, lets Stripe deliver again, and then reads Stripe's own
    books. The backend is not asked what is right: that is worked out from the catalogue file, PLATFORM_FEE_PERCENTAGE
    and what the drill did. Nothing outside this machine is spoken to. Takes a few seconds; exit code 1 if a drill
    does not hold. Under each drill stands who had what after the payment, and after each step that changed it.

    \b
    flask drill                          all of them
    flask drill --only refund_in_flight  one of them
    """
    failed = compared = 0
    with drill_environment(current_app.config["SETTINGS"], current_app.extensions["create_app"]) as environment:
        click.echo(f"Each drill breaks one thing. Held: the money is right all the same. {_legend(environment)}\n")
        for play in DRILLS:
            if only in (None, play.__name__):
                wrong = _played(play, environment)
                failed += bool(wrong)
                compared += len(environment.comparisons)
                click.secho(f"  {'FAILED' if wrong else 'held':<8}", fg="red" if wrong else "green", nl=False)
                click.echo(str(play.__doc__))
                click.echo(f"          {_before_and_after(environment.looks)}")
                for sentence in wrong:
                    click.echo(f"          {sentence}")
    if failed:
        click.secho(f"\nThis does not add up: {failed} of the drills failed.", bold=True)
        raise SystemExit(1)
    click.secho(
        "\nEvery drill held: each coach has what the coach should, or the rest is noted as owed back.", bold=True
    )
    click.echo(f"{compared} values were compared with the catalogue file, the percentage and what the drills did.")


def _played(play: Callable[[DrillEnvironment], None], environment: DrillEnvironment) -> list[str]:
    """Run one drill; answers with what is wrong, in sentences."""
    environment.begin(play.__name__)
    try:
        play(environment)
    except click.ClickException as error:
        return [error.message]
    return [_sentence(one) for one in environment.comparisons if not one.holds] or _nothing(environment)


def _legend(environment: DrillEnvironment) -> str:
    currency = environment.terms.currency.upper()
    return f"Below it: who has what after the payment, and after each step that changed it, in {currency}."


def _before_and_after(looks: list[Books]) -> str:
    """Each one's money from the payment on, step by step, where it changed."""
    if not looks:
        return "nothing was paid"
    columns = {
        "coach": [one.received for one in looks],
        "platform": [one.kept - one.sent for one in looks],
        "player has back": [one.refunded for one in looks],
        "bank took": [one.disputed for one in looks],
    }
    shown = {name: amounts for name, amounts in columns.items() if any(amounts) or name in ("coach", "platform")}
    return ", ".join(f"{name} {_changes(amounts, looks[0].currency)}" for name, amounts in shown.items())


def _changes(amounts: list[int], currency: str) -> str:
    return " -> ".join(
        format_money(amount, currency).removesuffix(f" {currency.upper()}") for amount, _ in groupby(amounts)
    )


def _nothing(environment: DrillEnvironment) -> list[str]:
    return [] if environment.comparisons else ["nothing was compared"]


def _sentence(wrong: Comparison) -> str:
    right, found = (format_money(v, wrong.currency) if wrong.currency else str(v) for v in (wrong.right, wrong.found))
    return f"{wrong.name}: {found}, but it should be {right} ({wrong.sources})"
