"""``flask drill``: makes the things go wrong that go wrong in payments, and shows that the money is right."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click
import requests
from flask import current_app
from flask.cli import with_appcontext
from werkzeug.serving import make_server

from backend.config.settings import (
    SANDBOX_CONNECT_WEBHOOK_SECRET,
    SANDBOX_PUBLISHABLE_KEY,
    SANDBOX_SECRET_KEY,
    SANDBOX_WEBHOOK_SECRET,
    Settings,
)

_TIMEOUT_SECONDS = 30
_HOUR = 3_600
_ORDER = {"coachId": "coach", "coachName": "Dana", "sport": "", "packageType": "package", "packageId": 1}


class Stage:
    """A backend and a sandbox of its own, over HTTP; webhooks wait until they are delivered by hand."""

    def __init__(self, stripe: str, sport: str) -> None:
        self.backend = ""
        self._stripe = stripe
        self._order = {**_ORDER, "sport": sport}
        self._skew = 0
        self.account = ""

    def begin(self, name: str) -> None:
        """An empty Stripe, and a coach that nobody remembers."""
        self.control("reset")
        self._order["coachId"] = name

    def now(self) -> float:
        """The time, as the sandbox has it."""
        return time.time() + self._skew

    def control(self, path: str, **body: Any) -> Any:
        """The sandbox's control path."""
        return _json(requests.post(f"{self._stripe}/_sandbox/{path}", json=body, timeout=_TIMEOUT_SECONDS))

    def stripe(self, path: str, **params: Any) -> Any:
        """Read Stripe itself: the drills believe nobody else."""
        headers = {"Authorization": f"Bearer {SANDBOX_SECRET_KEY}"}
        return _json(
            requests.get(f"{self._stripe}/v1/{path}", params=params, headers=headers, timeout=_TIMEOUT_SECONDS)
        )

    def post(self, path: str, body: Any) -> requests.Response:
        """A front end's request to the backend."""
        return requests.post(f"{self.backend}/api/{path}", json=body, timeout=_TIMEOUT_SECONDS)

    def register(self, ready: bool = True) -> None:
        """The coach registers, and completes onboarding if ready."""
        coach = {name: self._order[name] for name in ("coachId", "coachName", "sport")} | {"email": "dana@example.com"}
        self.account = _json(self.post("connect/create-account", coach))["account"]["id"]
        if ready:
            self.control(f"accounts/{self.account}/onboard")

    def buy(self) -> str:
        """A player buys and pays; answers with the payment's id."""
        intent = _json(self.post("payments/create-intent", self._order))["paymentIntent"]
        paid = requests.post(
            f"{self._stripe}/v1/payment_intents/{intent['id']}/confirm",
            headers={"Authorization": f"Bearer {SANDBOX_PUBLISHABLE_KEY}"},
            data={
                "client_secret": intent["client_secret"],
                "payment_method": "pm_card_visa",
                "return_url": self.backend,
            },
            timeout=_TIMEOUT_SECONDS,
        )
        _json(paid)
        return str(intent["id"])

    def confirm(self, payment: str) -> str:
        """The session that the front end is given."""
        body = {"paymentIntentId": payment, "sessionData": self._order}
        return str(_json(self.post("payments/confirm", body))["session"]["id"])

    def break_stripe(self, path: str, stage: str, effect: Any, times: int = 1) -> None:
        """The next writes to a path fail, before or after the work."""
        self.control("faults", match={"method": "POST", "path": path}, stage=stage, effect=effect, times=times)

    def mend_stripe(self) -> None:
        """Everything works again."""
        _json(requests.delete(f"{self._stripe}/_sandbox/faults", timeout=_TIMEOUT_SECONDS))

    def deliver(self) -> None:
        """Stripe delivers what is due."""
        self.control("deliveries")

    def wait(self, seconds: int) -> None:
        """Time passes, and Stripe delivers again what was refused."""
        self._skew += seconds
        self.control("clock", advance=seconds)
        self.deliver()

    def charge(self, payment: str) -> Any:
        """The charge of a payment."""
        return self.stripe(f"payment_intents/{payment}", **{"expand[]": "latest_charge"})["latest_charge"]

    def transfers(self, payment: str) -> list[Any]:
        """The payment's transfers."""
        found: list[Any] = self.stripe("transfers", transfer_group=self.charge(payment)["transfer_group"])["data"]
        return found

    def held(self, payment: str) -> int:
        """What the coach holds of it, in minor units."""
        return sum(transfer["amount"] - transfer["amount_reversed"] for transfer in self.transfers(payment))

    def note(self, payment: str) -> str:
        """The note on the payment."""
        return str(self.stripe(f"payment_intents/{payment}")["metadata"].get("settlement", ""))

    def share(self, payment: str) -> int:
        """What the coach should hold of what is kept, read off the payment itself."""
        metadata = self.stripe(f"payment_intents/{payment}")["metadata"]
        charge = self.charge(payment)
        kept = 0 if charge["disputed"] else charge["amount"] - charge["amount_refunded"]
        return int(metadata["transferAmount"]) if kept == charge["amount"] else 0


def _json(response: requests.Response) -> Any:
    if not response.ok:
        raise click.ClickException(f"{response.request.method} {response.url}: {response.status_code} {response.text}")
    return response.json()


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
    _json(stage.post("payments/refund", {"paymentIntentId": payment}))
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
    with _stage(current_app.config["SETTINGS"]) as stage:
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


@contextmanager
def _stage(settings: Settings) -> Iterator[Stage]:
    """A sandbox in a process of its own, and a backend of this configuration on it."""
    from backend.server import create_app  # noqa: PLC0415  (the factory attaches this very command)

    # What the backend logs while it is being broken is not what a person wants to read here.
    logging.disable(logging.CRITICAL)
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "backend.sandbox", "--port", "0", "--manual"], stdout=subprocess.PIPE, text=True
    )
    assert sandbox.stdout is not None
    address = sandbox.stdout.readline().split()[-1]
    stage = Stage(address, settings.catalogue.sports[0])
    server = make_server("127.0.0.1", 0, create_app(_on(settings, address), clock=stage.now), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stage.backend = f"http://127.0.0.1:{server.server_port}"
    webhook = f"{stage.backend}/api/webhooks/stripe"
    try:
        stage.control("webhooks", url=webhook, secret=SANDBOX_WEBHOOK_SECRET)
        stage.control("webhooks", url=webhook, secret=SANDBOX_CONNECT_WEBHOOK_SECRET, connect=True)
        yield stage
    finally:
        server.shutdown()
        server.server_close()
        sandbox.terminate()
        sandbox.communicate(timeout=_TIMEOUT_SECONDS)
        logging.disable(logging.NOTSET)


def _on(settings: Settings, address: str) -> Settings:
    """The same configuration, on the sandbox at this address."""
    return replace(
        settings,
        app_env="development",
        stripe_secret_key=SANDBOX_SECRET_KEY,
        stripe_publishable_key=SANDBOX_PUBLISHABLE_KEY,
        stripe_webhook_secrets=(SANDBOX_WEBHOOK_SECRET,),
        stripe_connect_webhook_secrets=(SANDBOX_CONNECT_WEBHOOK_SECRET,),
        stripe_api_base=address,
        ratelimit_enabled=False,
        force_https=False,
    )
