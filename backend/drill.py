"""``flask drill``: makes the things go wrong that go wrong in payments, and shows that the money is right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import click
from flask import current_app
from flask.cli import with_appcontext

from backend.drill_stage import Stage, on_stage

_HOUR = 3_600


def lost_response(stage: Stage) -> bool:
    """Stripe makes the transfer, and the answer is lost on the way"""
    stage.register()
    payment = stage.buy()
    stage.break_stripe("/v1/transfers", "after", "close", times=2)
    stage.deliver()
    stage.wait(_HOUR)
    return len(stage.transfers(payment)) == 1 and stage.held(payment) == stage.share(payment)


def double_webhook(stage: Stage) -> bool:
    """The same event comes eight times at once, and again three days later"""
    stage.register()
    payment = stage.buy()
    event = stage.stripe("events", type="payment_intent.succeeded")["data"][0]["id"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: stage.control(f"events/{event}/resend"), range(8)))
    stage.deliver()
    stage.wait(72 * _HOUR)
    stage.control(f"events/{event}/resend")
    stage.deliver()
    return len(stage.transfers(payment)) == 1 and stage.held(payment) == stage.share(payment)


def confirm_first(stage: Stage) -> bool:
    """The front end confirms before any webhook comes, and again after"""
    stage.register()
    payment = stage.buy()
    before = stage.confirm(payment)
    stage.deliver()
    return before == stage.confirm(payment) and stage.held(payment) == stage.share(payment)


def crash_in_between(stage: Stage) -> bool:
    """The work stops between the charge and the transfer"""
    stage.register()
    payment = stage.buy()
    stage.break_stripe("/v1/transfers", "before", "close", times=100)
    stage.deliver()
    nothing_yet = stage.held(payment) == 0
    stage.mend_stripe()
    stage.wait(_HOUR)
    return nothing_yet and stage.held(payment) == stage.share(payment)


def coach_not_ready(stage: Stage) -> bool:
    """The coach is paid for before being able to receive money"""
    stage.register(ready=False)
    payment = stage.buy()
    stage.deliver()
    waited = stage.note(payment).startswith("held:coach_not_ready") and bool(stage.confirm(payment))
    stage.control(f"accounts/{stage.account}/onboard")
    stage.deliver()
    return waited and stage.held(payment) == stage.share(payment)


def refund_in_flight(stage: Stage) -> bool:
    """The player is refunded before the coach's transfer has been made"""
    stage.register()
    payment = stage.buy()
    stage.refund(payment)
    stage.deliver()
    return stage.held(payment) == 0


def dispute_after_payout(stage: Stage) -> bool:
    """The bank takes the money back when the coach has long been paid out"""
    stage.register()
    payment = stage.buy()
    stage.deliver()
    stage.wait(120 * _HOUR)
    stage.control("disputes", charge=stage.charge(payment)["id"])
    stage.deliver()
    return stage.note(payment).startswith("held:clawback_pending") and stage.note(payment).endswith(
        f":{stage.held(payment)}"
    )


def stored_500(stage: Stage) -> bool:
    """Stripe answers with a 500, and keeps answering so under the same key"""
    stage.register()
    payment = stage.buy()
    stage.break_stripe("/v1/transfers", "before", {"status": 500, "cache": True})
    stage.deliver()
    waited = stage.note(payment).startswith("unknown:")
    for _ in range(8):
        stage.wait(4 * _HOUR)
    return waited and len(stage.transfers(payment)) == 1 and stage.held(payment) == stage.share(payment)


def throttling(stage: Stage) -> bool:
    """Stripe throttles every write for a while"""
    stage.register()
    payment = stage.buy()
    stage.break_stripe("/v1/transfers", "before", "rate_limit", times=3)
    stage.deliver()
    for _ in range(6):
        stage.wait(4 * _HOUR)
    return len(stage.transfers(payment)) == 1 and stage.held(payment) == stage.share(payment)


DRILLS: list[Callable[[Stage], bool]] = [
    lost_response,
    double_webhook,
    confirm_first,
    crash_in_between,
    coach_not_ready,
    refund_in_flight,
    dispute_after_payout,
    stored_500,
    throttling,
]


@click.command()
@click.option("--only", type=click.Choice([drill.__name__ for drill in DRILLS]), help="Run one drill.")
@with_appcontext
def drill(only: str | None) -> None:
    """Make payments go wrong on purpose, on a sandbox of its own, and see that the money is right.

    Each drill buys for real over HTTP, breaks something, lets Stripe deliver again, and then reads Stripe's own
    books. Nothing outside this machine is spoken to. Takes a few seconds; exit code 1 if a drill does not hold.
    """
    failed = 0
    with on_stage(current_app.config["SETTINGS"]) as stage:
        for play in DRILLS:
            if only in (None, play.__name__):
                stage.begin(play.__name__)
                held = play(stage)
                failed += not held
                click.secho(f"  {'held' if held else 'FAILED':<8}", fg="green" if held else "red", nl=False)
                click.echo(str(play.__doc__))
    if failed:
        raise SystemExit(1)
    click.secho("\nEvery drill held: each coach has exactly what the coach should.", bold=True)
