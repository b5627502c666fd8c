"""The stage of the drills: a backend, a sandbox of its own, and everybody who uses them, over HTTP."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click
import requests
from werkzeug.serving import make_server

from backend.config.settings import (
    SANDBOX_CONNECT_WEBHOOK_SECRET,
    SANDBOX_PUBLISHABLE_KEY,
    SANDBOX_SECRET_KEY,
    SANDBOX_WEBHOOK_SECRET,
    Settings,
)
from backend.domain.metadata import SETTLEMENT, TRANSFER_AMOUNT

_TIMEOUT_SECONDS = 30
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

    def refund(self, payment: str) -> None:
        """An operator refunds the player."""
        _json(self.post("payments/refund", {"paymentIntentId": payment}))

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
        return str(self.stripe(f"payment_intents/{payment}")["metadata"].get(SETTLEMENT, ""))

    def share(self, payment: str) -> int:
        """What the coach should hold of what is kept, read off the payment itself."""
        metadata = self.stripe(f"payment_intents/{payment}")["metadata"]
        charge = self.charge(payment)
        kept = 0 if charge["disputed"] else charge["amount"] - charge["amount_refunded"]
        return int(metadata[TRANSFER_AMOUNT]) if kept == charge["amount"] else 0


def _json(response: requests.Response) -> Any:
    if not response.ok:
        raise click.ClickException(f"{response.request.method} {response.url}: {response.status_code} {response.text}")
    return response.json()


@contextmanager
def on_stage(settings: Settings) -> Iterator[Stage]:
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
