"""The flask commands: what a person or a cron job asks of the money."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import stripe
from flask import Flask
from flask.cli import FlaskGroup

from backend.commands.coaches import coaches
from backend.commands.current import current_services
from backend.commands.demo import demo
from backend.commands.drill import drill
from backend.commands.ledger_output import UNTOLD, ledger_json, print_ledger, read_ledger, say_untold
from backend.commands.operator_errors import operator_error
from backend.commands.parameters import ACCOUNT_ID, PAYMENT_ID, asks_stripe
from backend.commands.setup import doctor
from backend.commands.statement import statement
from backend.commands.sweep import SweepOptions, run_sweep
from backend.commands.sweep_report import report_of, summary, unfinished, write_metrics
from backend.commands.webhooks import webhooks
from backend.commands.why import why
from backend.domain.states import MoneyState
from backend.services.errors import PaymentsError
from backend.webhooks.news import tell

# Exit codes, for cron and scripts.
DONE, UNFINISHED, OUT_OF_BALANCE = 0, 1, 3

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def attach_commands(app: Flask, create_app: Callable[..., Flask]) -> None:
    """Make the commands known to ``flask``. ``create_app``: the factory, for the drill's own backend."""
    app.extensions["create_app"] = create_app
    for command in (demo, drill, settle, release, ledger, why, statement, reconcile, coaches, doctor, webhooks):
        app.cli.add_command(command)
    _hide_those_of_others()


def _hide_those_of_others() -> None:
    """Leave what Flask and its extensions bring out of ``flask --help``. It still works for whoever knows it."""
    context = click.get_current_context(silent=True)
    group = context.find_root().command if context is not None else None
    if isinstance(group, FlaskGroup):
        for command in group.commands.values():
            command.hidden = True


class Duration(click.ParamType[int]):
    """``30m``, ``6h``, ``3d``: a number of seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Seconds."""
        match = re.fullmatch(r"([0-9]{1,6})([smhd])", str(value), re.ASCII)
        if match is None or int(match[1]) == 0:
            self.fail(f"{value!r} is not a duration such as 30m, 6h or 3d", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


@click.command(short_help="Settle one payment: the coach holds what the coach should.")
@click.argument("payment", type=PAYMENT_ID)
@click.option("--manual", is_flag=True, help="Leave this payment alone from now on: a person settles it.")
@click.option("--auto", is_flag=True, help="Take --manual back, and settle.")
@click.option("--release", metavar="ACCOUNT", type=ACCOUNT_ID, help="Pay the coach's account of today: acct_…")
@asks_stripe
def settle(payment: str, manual: bool, auto: bool, release: str | None) -> None:
    """Settle one PAYMENT (pi_…): make the coach hold what the coach should.

    Settling is what every webhook does; doing it again changes nothing. After you reversed a transfer on
    purpose, say --manual first, or the next event pays it again.

    In production with AUTH_MODE=off anybody could claim a coach id, so a payment whose coach had no account when
    it was made waits until you have seen that the account is the coach's own, and name it with --release. So does one
    that is frozen to an account which is closed or rejected, once flask coaches rebind has given the coach another.

    \b
    flask settle pi_…                   settle now
    flask settle pi_… --manual          leave it to a person
    flask settle pi_… --auto            back to normal
    flask settle pi_… --release acct_…  the coach is acct_…

    Exit code 0 when the payment was settled or waits with a note, 1 when it could not be.
    """
    if sum((manual, auto, release is not None)) > 1:
        raise click.UsageError("Say only one of --manual, --auto and --release.")
    services = current_services()
    try:
        if manual or auto:
            services.payments.set_mode(payment, manual)
        if release is not None:
            services.releases.release(payment, release)
        settlement = services.settler.settle(payment)
        tell(services, settlement)
        print_ledger(*read_ledger(services, payment, as_json=False))
        if settlement.state == MoneyState.NOT_OURS:
            click.echo("Nothing was settled: the Node backend sold this payment. To settle it too:")
            click.echo(f"  flask reconcile {payment} --adopt")
    except tuple(UNTOLD) as error:
        raise SystemExit(say_untold(payment, UNTOLD[type(error)], as_json=False)) from error
    except (stripe.StripeError, PaymentsError) as error:
        raise operator_error(error) from error


@click.command(short_help="Show where every cent of one payment is.")
@click.argument("payment", type=PAYMENT_ID)
@asks_stripe
def release(payment: str) -> None:
    """Release the share of one PAYMENT (pi_…) now, and pay the coach.

    For a package whose share is kept until the work is delivered, or for some days: an operator says that the coach is to
    be paid at once. It cannot be taken back. An open dispute or inquiry keeps the share all the same.

    \b
    flask release pi_…

    Exit code 0 when it was released, 1 when it could not be.
    """
    services = current_services()
    try:
        released = services.deliveries.release(payment)
        if released.settlement is not None:
            tell(services, released.settlement)
        print_ledger(*read_ledger(services, payment, as_json=False))
    except tuple(UNTOLD) as error:
        raise SystemExit(say_untold(payment, UNTOLD[type(error)], as_json=False)) from error
    except (stripe.StripeError, PaymentsError) as error:
        raise operator_error(error) from error


@click.command()
@click.argument("payment", type=PAYMENT_ID)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@asks_stripe
def ledger(payment: str, as_json: bool) -> None:
    """Show where every cent of one PAYMENT (pi_…) is, from Stripe alone.

    \b
    flask ledger pi_…
    flask ledger pi_… --json

    Exit code 0 when it balances, 3 when it does not, 1 when it cannot be told.
    """
    services = current_services()
    try:
        found, told = read_ledger(services, payment, as_json)
    except (stripe.StripeError, PaymentsError) as error:
        raise operator_error(error) from error
    click.echo(json.dumps(ledger_json(found, told))) if as_json else print_ledger(found, told)
    raise SystemExit(DONE if found.balances else OUT_OF_BALANCE)


@click.command()
@click.argument("payments", nargs=-1, type=PAYMENT_ID)
@click.option("--since", type=Duration(), help="How far back to look, instead of from where the last sweep ended.")
@click.option("--every", type=Duration(), help="Do it again and again, this far apart, until stopped.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--adopt", is_flag=True, help="Settle payments of the Node backend too.")
@click.option(
    "--rate", type=click.FloatRange(0.1, 1000), default=10.0, show_default=True, help="Stripe calls a second."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: one line of JSON a sweep.")
@click.option(
    "--metrics-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what waits here, for a node exporter.",
)
@asks_stripe
def reconcile(
    payments: tuple[str, ...], every: int | None, as_json: bool, metrics_file: Path | None, **wish: Any
) -> None:
    """Find what does not balance, from Stripe alone, and mend it.

    Looks at everything that moved money since the last sweep, at bank debits and refunds on their way, and at whatever
    waits, of any age; or only at the PAYMENTS given. Where the last sweep ended is kept in Stripe, in a Product; the
    first sweep looks back 35 days. It is safe beside live traffic and other sweeps, and a second run changes nothing.
    Run it every hour: webhooks can be lost.

    \b
    flask reconcile                 since the last sweep
    flask reconcile --since 60d     after a very long outage
    flask reconcile --every 1h      as a service
    flask reconcile pi_… --dry-run  what would be done for one payment

    The report says what was looked at, what was mended, what waits and why, what the next sweep tries first, and what
    could not be read. --metrics-file writes what waits for Prometheus after each whole sweep.

    Exit code 0 when done, 1 when something could not be finished or read (run it again), 3 when --dry-run found work.
    """
    asked = SweepOptions(payments, wish["since"], wish["dry_run"], wish["adopt"], wish["rate"])
    with stopped_by_signals() as stop:
        while True:
            code = _sweep(asked, as_json, metrics_file)
            if every is None:
                raise SystemExit(code)
            if stop.wait(every):
                return


def _sweep(options: SweepOptions, as_json: bool, metrics_file: Path | None) -> int:
    services = current_services()
    report = report_of(run_sweep(services, options, quiet=as_json), services.now())
    click.echo(json.dumps(report) if as_json else summary(report))
    if metrics_file is not None and not options.dry_run and not options.payments:
        write_metrics(report, metrics_file)
    if unfinished(report):
        return UNFINISHED
    return OUT_OF_BALANCE if options.dry_run and any(one["moved"] for one in report["payments"]) else DONE


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set: a service ends after the sweep at hand, even as a container's first process,
    to which a signal that nobody handles does nothing.
    """
    stop = threading.Event()
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
