"""Chaos over real sockets: two gunicorn instances, a Stripe that fails in every way it can, and one instance killed.

``make chaos N=10000 SEED=7`` buys N packages while calls fail before and after the work, lines are cut, answers are
halved, keys collide, Stripe throttles, webhooks are lost and doubled, and an instance dies by SIGKILL and comes back.
Then everything works again, time passes, the sweep runs, and every cent is looked for in Stripe's own books.
"""

from __future__ import annotations

import random
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import requests
import stripe

from backend.config.settings import load_settings
from backend.sandbox import Sandbox
from backend.server import create_app
from backend.services import Services
from backend.services.candidates import unbalanced_since
from backend.services.reconcile import Reconciler
from tests.money.oracle import books_of, check_always, check_at_rest
from tests.processes import GUNICORN, backend_process, free_port_pair, sandbox_server

COACHES = 4
WORKERS = 8
TRIES = 8
HOUR = 3_600
FAULTS: list[tuple[str, Any, float]] = [
    ("before", {"status": 500, "cache": True}, 0.01),
    ("after", {"status": 500, "cache": True}, 0.01),
    ("before", {"status": 500, "cache": False}, 0.02),
    ("before", "close", 0.02),
    ("after", "close", 0.02),
    ("after", "truncate", 0.02),
    ("after", "empty_200", 0.01),
    ("after", "html_502", 0.01),
    ("before", "rate_limit", 0.02),
    ("before", "lock_timeout", 0.02),
    ("before", {"delay": 0.05}, 0.05),
    (
        "before",
        {"status": 409, "code": "idempotency_key_in_use", "message": "There is another request in progress."},
        0.01,
    ),
]


@dataclass
class Report:
    """What happened."""

    payments: int = 0
    refunds: int = 0
    disputes: int = 0
    faults: int = 0
    kills: int = 0
    swept: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    seconds: float = 0.0
    cents: int = 0


class Books:
    """The sandbox seen by the oracle: Stripe's own books, as JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._url = sandbox.base_url
        self._headers = {"Authorization": "Bearer sk_test_sandbox"}

    def get(self, path: str) -> Any:
        """One object or page."""
        return requests.get(f"{self._url}/v1/{path}", headers=self._headers, timeout=30).json()

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(f"{kind}?limit=100" + (f"&starting_after={found[-1]['id']}" if found else ""))
            found += page["data"]
            if not page["has_more"]:
                return found

    def note(self, payment_id: str) -> str | None:
        """The settlement note."""
        note: str | None = self.get(f"payment_intents/{payment_id}")["metadata"].get("settlement")
        return note

    def available(self) -> int:
        """What the platform could transfer now."""
        return sum(entry["amount"] for entry in self.get("balance")["available"] if entry["currency"] == "cad")

    def is_payable(self, _payment_id: str) -> bool:
        """Every coach is onboarded here."""
        return True


class Chaos:
    """One run."""

    def __init__(self, sandbox: Sandbox, ports: list[int], seed: int) -> None:
        self.sandbox = sandbox
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.random = random.Random(seed)
        self.report = Report()
        self._lock = threading.Lock()

    def post(self, path: str, body: Any, key: str | None = None) -> Any:
        """A front end's request, tried again with the same key at the other instance; None if it gave up."""
        headers = {"Idempotency-Key": key} if key else {}
        for attempt in range(TRIES):
            try:
                url = self.urls[(hash((path, key)) + attempt) % 2] + path
                answer = requests.post(url, json=body, headers=headers, timeout=30)
            except requests.RequestException:
                continue
            assert answer.status_code != 500, answer.text
            if answer.ok:
                return answer.json()
        return None

    def register(self) -> None:
        """The coaches, while everything still works."""
        for number in range(COACHES):
            coach = {"coachId": f"coach-{number}", "coachName": "D", "email": f"c{number}@example.com", "sport": "golf"}
            account = self.post("/api/connect/create-account", coach)["account"]["id"]
            requests.post(f"{self.sandbox.base_url}/_sandbox/accounts/{account}/onboard", json={}, timeout=30)

    def arm(self, seed: int) -> None:
        """Everything may fail from now on."""
        for number, (stage, effect, p) in enumerate(FAULTS):
            self.sandbox.faults.add(match={"method": "POST"}, stage=stage, effect=effect, p=p, seed=seed + number)
        rules = self.sandbox.world.events.deliveries.rules
        for number, effect in enumerate(("drop", "duplicate", "twin", "suppress")):
            rules.add(match={"type": "*"}, effect=effect, p=0.05, seed=seed + 100 + number)

    def disarm(self) -> None:
        """Everything works again."""
        self.report.faults = sum(fault["fired"] for fault in self.sandbox.faults.to_json())
        self.report.faults += sum(rule["fired"] for rule in self.sandbox.world.events.deliveries.rules.to_json())
        self.sandbox.faults.clear()
        self.sandbox.world.events.deliveries.rules.clear()

    def life(self, number: int, fate: float) -> None:
        """One player: buys, pays, confirms, and perhaps is refunded or disputes."""
        order = {
            "coachId": f"coach-{number % COACHES}",
            "coachName": "D",
            "sport": "golf",
            "packageType": "package",
            "packageId": number % 3 + 1,
            "customerEmail": f"player{number % 50}@example.com",
        }
        placed = self.post("/api/payments/create-intent", order, f"buy-{number}")
        if placed is None or not self._pay(placed["paymentIntent"]):
            return
        payment = placed["paymentIntent"]["id"]
        with self._lock:
            self.report.payments += 1
        self.post("/api/payments/confirm", {"paymentIntentId": payment, "sessionData": order})
        if fate < 0.15:
            refunded = self.post("/api/payments/refund", {"paymentIntentId": payment, "amount": 1000}, f"back-{number}")
            self.report.refunds += refunded is not None
        elif fate < 0.2:
            charge = Books(self.sandbox).get(f"payment_intents/{payment}")["latest_charge"]
            requests.post(f"{self.sandbox.base_url}/_sandbox/disputes", json={"charge": charge}, timeout=30)
            self.report.disputes += 1

    def _pay(self, intent: Any) -> bool:
        """The browser's confirm; it may be told that it has already succeeded."""
        body = {
            "client_secret": intent["client_secret"],
            "payment_method": "pm_card_visa",
            "return_url": "http://x.test",
        }
        headers = {"Authorization": "Bearer pk_test_sandbox"}
        for _ in range(TRIES):
            try:
                url = f"{self.sandbox.base_url}/v1/payment_intents/{intent['id']}/confirm"
                requests.post(url, data=body, headers=headers, timeout=30)
            except requests.RequestException:
                pass
            if Books(self.sandbox).get(f"payment_intents/{intent['id']}")["status"] == "succeeded":
                return True
        return False

    def sweep(self) -> None:
        """Time passes beyond every note and key, and the sweep runs until there is nothing left to do."""
        settings = replace(load_settings({}, env_file=None), stripe_api_base=self.sandbox.base_url)
        app = create_app(settings, clock=self.sandbox.clock.now)
        services: Services = app.extensions["payments"]
        reconciler = Reconciler(services.client, services.registry, services.settler)
        for _ in range(3):
            self.sandbox.clock.advance(5 * HOUR)
            before = len(self.sandbox.requests)
            found = unbalanced_since(services.client, self.sandbox.clock.now() - 7 * 24 * HOUR)
            for mended in reconciler.mend(found.to_settle):
                self.report.swept[mended.state] += 1
            self.report.calls = len(self.sandbox.requests) - before


def run(payments: int, seed: int) -> Report:
    """One run; raises AssertionError when a cent is not where it should be."""
    began = time.monotonic()
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = [free_port_pair(), free_port_pair()]
        variables = {"STRIPE_API_BASE": sandbox.base_url, "WEB_CONCURRENCY": "2"}
        first, _second = (
            stack.enter_context(backend_process(GUNICORN, port, logs / f"{port}.log", **variables)) for port in ports
        )
        webhook = "http://127.0.0.1:{}/api/webhooks/stripe"
        sandbox.add_webhook(webhook.format(ports[0]), secret="whsec_sandbox")
        sandbox.add_webhook(webhook.format(ports[1]), secret="whsec_sandbox_connect", connect=True)
        chaos = Chaos(sandbox, ports, seed)
        chaos.register()
        chaos.arm(seed)
        fates = [chaos.random.random() for _ in range(payments)]
        with ThreadPoolExecutor(WORKERS) as pool:
            half = payments // 2
            list(pool.map(chaos.life, range(half), fates[:half]))
            rest = [pool.submit(chaos.life, number, fates[number]) for number in range(half, payments)]
            first.send_signal(signal.SIGKILL)
            chaos.report.kills += 1
            stack.enter_context(backend_process(GUNICORN, ports[0], logs / "again.log", **variables))
            for future in rest:
                future.result()
        chaos.disarm()
        chaos.sweep()
        books: Any = Books(sandbox)
        check_always(books)
        check_at_rest(books)
        chaos.report.cents = sum(entry.captured for entry in books_of(books))
    chaos.report.seconds = time.monotonic() - began
    return chaos.report


@click.command()
@click.option("--payments", "-n", default=200, show_default=True, type=click.IntRange(2, 100_000))
@click.option("--seed", default=0, show_default=True, help="Of every choice; the threads' timing stays the machine's.")
def main(payments: int, seed: int) -> None:
    """Buy many packages while everything goes wrong, then account for every cent."""
    click.echo(f"seed={seed} payments={payments}")
    report = run(payments, seed)
    click.echo(
        f"{report.payments} paid, {report.refunds} refunded, {report.disputes} disputed; {report.faults} faults and "
        f"{report.kills} kill in {report.seconds:.0f} s. {report.cents} cents, every one accounted for. "
        f"The sweep: {dict(report.swept)}; its last run made {report.calls} calls."
    )


if __name__ == "__main__":
    stripe.enable_telemetry = False
    main()
