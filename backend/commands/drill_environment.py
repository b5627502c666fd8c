"""The environment of the drills: a backend, a sandbox of its own, and everybody who uses them, over HTTP."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click
import requests
from flask import Flask
from werkzeug.serving import make_server

from backend.commands.fair_share import Books, Comparison, Terms, compare_money, moved, read_books, read_terms
from backend.config.settings import (
    SANDBOX_CONNECT_WEBHOOK_SECRET,
    SANDBOX_PUBLISHABLE_KEY,
    SANDBOX_SECRET_KEY,
    SANDBOX_WEBHOOK_SECRET,
    Settings,
)
from backend.domain.metadata import SETTLEMENT
from backend.domain.paths import API, STRIPE_WEBHOOK

_TIMEOUT_SECONDS = 30


class DrillEnvironment:
    """A backend and a sandbox of its own, over HTTP; webhooks wait until they are delivered by hand.

    ``comparisons`` is what the drill at hand has looked at so far, ``looks`` the books after each of its steps.
    """

    def __init__(self, stripe: str, sport: str, package_id: int, terms: Terms) -> None:
        self.backend = ""
        self.app: Flask | None = None
        self.terms = terms
        self.comparisons: list[Comparison] = []
        self.looks: list[Books] = []
        self.account = ""
        self._payment = ""
        self._stripe = stripe
        self._order: dict[str, Any] = {"coachName": "Dana", "sport": sport, "packageType": "package"}
        self._order["packageId"] = package_id

    def begin(self, name: str) -> None:
        """Empty Stripe, and take a coach that nobody remembers."""
        self.control("reset")
        self.works_again()
        self._order["coachId"] = name
        self.comparisons = []
        self.looks = []
        self._payment = ""

    def control(self, path: str, **body: Any) -> Any:
        """Ask the sandbox's control path."""
        return _json(requests.post(f"{self._stripe}/_sandbox/{path}", json=body, timeout=_TIMEOUT_SECONDS))

    def stripe(self, path: str, account: str = "", **params: Any) -> Any:
        """Read Stripe itself: the drills believe nobody else."""
        headers = _as_platform() | ({"Stripe-Account": account} if account else {})
        return _json(
            requests.get(f"{self._stripe}/v1/{path}", params=params, headers=headers, timeout=_TIMEOUT_SECONDS)
        )

    # What people do.

    def post(self, path: str, body: Any) -> requests.Response:
        """Send a front end's request to the backend."""
        return requests.post(f"{self.backend}{API}{path}", json=body, timeout=_TIMEOUT_SECONDS)

    def register(self, ready: bool = True) -> None:
        """Register the coach, who completes onboarding if ready."""
        coach = {name: self._order[name] for name in ("coachId", "coachName", "sport")} | {"email": "dana@example.com"}
        self.account = _json(self.post("connect/create-account", coach))["account"]["id"]
        if ready:
            self.control(f"accounts/{self.account}/onboard")

    def buy(self, card: str = "pm_card_visa") -> str:
        """Buy and pay as a player; answers with the payment's id."""
        intent = _json(self.post("payments/create-intent", self._order))["paymentIntent"]
        paid = requests.post(
            f"{self._stripe}/v1/payment_intents/{intent['id']}/confirm",
            headers={"Authorization": f"Bearer {SANDBOX_PUBLISHABLE_KEY}"},
            data={"client_secret": intent["client_secret"], "payment_method": card, "return_url": self.backend},
            timeout=_TIMEOUT_SECONDS,
        )
        _json(paid)
        self._payment = str(intent["id"])
        self._look()
        return self._payment

    def refund(self, payment: str, amount: int | None = None) -> None:
        """Refund the player, as an operator does: all of it, or an amount in minor units."""
        _json(self.post("payments/refund", {"paymentIntentId": payment} | ({"amount": amount} if amount else {})))
        self._look()

    def confirm(self, payment: str) -> str:
        """The session that the front end is given."""
        body = {"paymentIntentId": payment, "sessionData": self._order}
        return str(_json(self.post("payments/confirm", body))["session"]["id"])

    def refund_by_hand(self, payment: str, amount: int) -> None:
        """Refund the player in the Dashboard; the backend is not told."""
        self._dashboard("refunds", payment_intent=payment, amount=amount)

    def transfer_by_hand(self, **params: Any) -> None:
        """Send the coach money in the Dashboard; the backend is not told."""
        self._dashboard("transfers", destination=self.account, currency=self.terms.currency, **params)

    def _dashboard(self, path: str, **data: Any) -> None:
        url = f"{self._stripe}/v1/{path}"
        _json(requests.post(url, data=data, headers=_as_platform(), timeout=_TIMEOUT_SECONDS))

    # What goes wrong, and time.

    def break_stripe(self, path: str, stage: str, effect: Any, times: int = 1) -> None:
        """Have the next writes to a path fail, before or after the work."""
        self.control("faults", match={"method": "POST", "path": path}, stage=stage, effect=effect, times=times)

    def lose_events(self) -> None:
        """Have Stripe generate no event at all."""
        self.control("delivery_rules", match={"type": "*"}, effect="suppress")

    def works_again(self) -> None:
        """End every fault and every loss of events."""
        for path in ("faults", "delivery_rules"):
            _json(requests.delete(f"{self._stripe}/_sandbox/{path}", timeout=_TIMEOUT_SECONDS))

    def deliver(self) -> None:
        """Deliver every webhook that is due."""
        self.control("deliveries")
        self._look()

    def wait(self, seconds: int) -> None:
        """Let time pass; Stripe delivers again what was refused."""
        self.control("clock", advance=seconds)
        self.deliver()

    def sweep(self) -> None:
        """Run ``flask reconcile``, as a cron job does."""
        assert self.app is not None
        with self.app.app_context():
            self.app.test_cli_runner().invoke(args=["reconcile", "--rate", "1000"])
        self.deliver()

    # What Stripe's books say.

    def charge(self, payment: str) -> str:
        """The id of the charge that paid."""
        return str(self.stripe(f"payment_intents/{payment}")["latest_charge"])

    def received(self, payment: str) -> int:
        """The part of the payment that the coach holds, in minor units."""
        return read_books(self.stripe, payment, self.account).received

    def note(self, payment: str) -> str:
        """The note on the payment."""
        return str(self.stripe(f"payment_intents/{payment}")["metadata"].get(SETTLEMENT, ""))

    def expect(self, name: str, right: Any, found: Any, sources: str, currency: str = "") -> None:
        """Compare two values."""
        self.comparisons.append(Comparison(name, right, found, sources, currency))

    def expect_transfers(self, count: int) -> None:
        """Compare how many transfers there are on the whole platform."""
        self.expect("transfers", count, len(self.stripe("transfers", limit=100)["data"]), "the drill; Stripe's list")

    def expect_money(self, payment: str, refunded: int = 0, disputed: int = 0) -> None:
        """Compare the whole money of the one payment there is, in the payment's objects and on both accounts.

        ``refunded`` and ``disputed``: what the drill did, in minor units.
        """
        books, currency = read_books(self.stripe, payment, self.account), self.terms.currency
        self.expect("player has back", refunded, books.refunded, "the drill; Stripe's refunds", currency)
        self.expect("bank took", disputed, books.disputed, "the drill; Stripe's disputes", currency)
        self.comparisons += compare_money(self.terms, books)
        kept = self.terms.price - refunded - disputed
        share = self.terms.share_of(kept)
        sources = f"what is kept and {self.terms.fee_percent}%; balance transactions"
        self.expect("coach's account", share, self._moved(self.account), sources, currency)
        self.expect("platform's account", kept - share, self._moved(""), sources, currency)

    def _look(self) -> None:
        """Note who has what now; nothing before the payment."""
        if self._payment:
            self.looks.append(read_books(self.stripe, self._payment, self.account))

    def _moved(self, account: str) -> int:
        return moved(self.stripe("balance_transactions", account, limit=100)["data"])


def _as_platform() -> dict[str, str]:
    return {"Authorization": f"Bearer {SANDBOX_SECRET_KEY}"}


def _json(response: requests.Response) -> Any:
    if not response.ok:
        raise click.ClickException(f"{response.request.method} {response.url}: {response.status_code} {response.text}")
    return response.json()


@contextmanager
def drill_environment(settings: Settings, create_app: Callable[..., Flask]) -> Iterator[DrillEnvironment]:
    """A sandbox in a process of its own, and a backend of this configuration on it."""
    sport, package_id = _first_package(settings)
    written = settings.as_written
    terms = read_terms(written.catalogue, sport, package_id, written.fee_percent, written.currency)
    # What the backend logs while it is being broken is not what a person wants to read here.
    logging.disable(logging.CRITICAL)
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "backend.sandbox", "--port", "0", "--manual"], stdout=subprocess.PIPE, text=True
    )
    assert sandbox.stdout is not None
    address = sandbox.stdout.readline().split()[-1]
    drill = DrillEnvironment(address, sport, package_id, terms)
    drill.app = create_app(_on(settings, address))
    server = make_server("127.0.0.1", 0, drill.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    drill.backend = f"http://127.0.0.1:{server.server_port}"
    webhook = f"{drill.backend}{STRIPE_WEBHOOK}"
    try:
        drill.control("webhooks", url=webhook, secret=SANDBOX_WEBHOOK_SECRET)
        drill.control("webhooks", url=webhook, secret=SANDBOX_CONNECT_WEBHOOK_SECRET, connect=True)
        yield drill
    finally:
        server.shutdown()
        server.server_close()
        sandbox.terminate()
        sandbox.communicate(timeout=_TIMEOUT_SECONDS)
        logging.disable(logging.NOTSET)


def _first_package(settings: Settings) -> tuple[str, int]:
    for offer in settings.catalogue.offers:
        if offer.package_id is not None:
            return offer.sport, offer.package_id
    raise click.ClickException("The drills buy a package, and the catalogue has none.")


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
