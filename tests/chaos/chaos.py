"""Chaos over real sockets: two gunicorn instances, a Stripe that fails in every way it can, and instances killed.

``make chaos N=10000 SEED=7`` buys N packages while calls fail before and after the work, lines are cut, answers are
halved, keys collide, Stripe throttles, webhooks are lost and doubled, and an instance dies by SIGKILL and comes back:
once while Stripe has made a transfer that nobody has heard of yet, once while Stripe is about to. Then everything works
again, time passes, ``flask reconcile`` runs as it does by default, and every cent is looked for in Stripe's own books.
What is right is worked out in ``oracle.py``, which knows no line of the backend.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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
from tests.builders import key_of
from tests.chaos.oracle import CLIPS, PERCENT, Sale, StripesBooks, check, check_meanwhile
from tests.processes import GUNICORN, backend_process, free_port_pair, kill_all_of, sandbox_server

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


# How long a call to Stripe is held up for the instance that made it to be killed meanwhile.
HELD_UP_SECONDS = 5
# How long no player moves until no transfer can be hoped for any more.
IDLE_SECONDS = 2


@dataclass
class Report:
    """The work that was done. ``gave_up``: requests of front ends that no try of theirs got through."""

    payments: int = 0
    refunds: int = 0
    disputes: int = 0
    gave_up: int = 0
    faults: int = 0
    kills: int = 0
    transfers: int = 0
    reversals: int = 0
    swept: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    seconds: float = 0.0
    cents: int = 0


class Chaos:
    """One run."""

    def __init__(self, sandbox: Sandbox, ports: list[int], seed: int) -> None:
        self.sandbox = sandbox
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.random = random.Random(seed)
        self.report = Report()
        self.books = StripesBooks(sandbox.base_url)
        self.sales: list[Sale] = []
        self._accounts: dict[str, str] = {}
        self._lock = threading.Lock()

    def post(self, path: str, body: Any, key: str | None = None) -> Any:
        """A front end's request, tried again with the same key at the other instance; None if it gave up."""
        headers = {"Idempotency-Key": key_of(key)} if key else {}
        for attempt in range(TRIES):
            try:
                url = self.urls[(hash((path, key)) + attempt) % 2] + path
                answer = requests.post(url, json=body, headers=headers, timeout=30)
            except requests.RequestException:
                continue
            if answer.ok:
                return answer.json()
            # Everything else would be refused for ever, or is a mistake of the backend's.
            assert answer.status_code in (409, 429, 502, 503, 504), answer.text
        with self._lock:
            self.report.gave_up += 1
        return None

    def register(self) -> None:
        """The coaches, while everything still works."""
        for number in range(COACHES):
            coach = {"coachId": f"coach-{number}", "coachName": "D", "email": f"c{number}@example.com", "sport": "golf"}
            account = self.post("/api/connect/create-account", coach)["account"]["id"]
            self._accounts[coach["coachId"]] = account
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
        }
        player = {"customerEmail": f"player{number % 50}@example.com"}
        placed = self.post("/api/payments/create-intent", order | player, f"buy-{number}")
        if placed is None or not self._pay(placed["paymentIntent"]):
            return
        payment = placed["paymentIntent"]["id"]
        sale = Sale(payment, self._accounts[str(order["coachId"])], number % 3 + 1)
        with self._lock:
            self.sales.append(sale)
        self._confirm(order, sale)
        if fate < 0.15:
            sale.asked_back = 1000
            body = {"paymentIntentId": payment, "amount": sale.asked_back}
            sale.told_refunded = self.post("/api/payments/refund", body, f"back-{number}") is not None
        elif fate < 0.2:
            charge = self.books.get(f"payment_intents/{payment}")["latest_charge"]
            opened = requests.post(f"{self.sandbox.base_url}/_sandbox/disputes", json={"charge": charge}, timeout=30)
            sale.disputed = opened.json()["amount"]

    def _confirm(self, order: dict[str, Any], sale: Sale) -> None:
        """Open the session: what was paid for, or no answer at all."""
        answer = self.post("/api/payments/confirm", {"paymentIntentId": sale.payment_id, "sessionData": order})
        if answer is not None:
            assert answer["session"]["clipsRemaining"] == CLIPS[sale.package], answer

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
            if self.books.get(f"payment_intents/{intent['id']}")["status"] == "succeeded":
                return True
        return False

    def sweep(self) -> None:
        """Let time pass beyond every note and key, and have a cron job sweep as it does by default."""
        settings = replace(load_settings({}, env_file=None), stripe_api_base=self.sandbox.base_url)
        app = create_app(settings, clock=self.sandbox.clock.now)
        for _ in range(3):
            self.sandbox.clock.advance(5 * HOUR)
            before = len(self.sandbox.requests)
            swept = app.test_cli_runner().invoke(args=["reconcile", "--json", "--rate", "1000"])
            for one in json.loads(swept.output.splitlines()[-1])["payments"]:
                self.report.swept[one["state"]] += 1
            self.report.calls = len(self.sandbox.requests) - before
        assert swept.exit_code == 0, swept.output  # earlier ones may find answers that only time makes certain

    def caught_transferring(self, stage: str, work: Sequence[Future[None]]) -> bool:
        """Hold up the next transfer, before or after Stripe makes it; True while its caller waits for the answer."""
        match = {"method": "POST", "path": "/v1/transfers$"}
        fault = self.sandbox.faults.add(match=match, stage=stage, effect={"delay": HELD_UP_SECONDS}, times=1)
        idle = 0.0
        while not fault.trigger.fired and idle < IDLE_SECONDS:
            time.sleep(0.005)
            idle += 0.005 * all(future.done() for future in work)
        return bool(fault.trigger.fired)

    def account_for_everything(self) -> None:
        """Compare Stripe's books with what the world did. Raises ``AssertionError`` when a cent is elsewhere."""
        self.report.cents = check(self.books, self.sales)
        self.report.payments = len(self.sales)
        self.report.refunds = sum(sale.told_refunded for sale in self.sales)
        self.report.disputes = sum(sale.disputed > 0 for sale in self.sales)
        transfers = self.books.all("transfers")
        self.report.transfers = len(transfers)
        self.report.reversals = sum(one["reversals"]["total_count"] for one in transfers)


def run(payments: int, seed: int, thin: bool = False, accounts: str = "auto") -> Report:
    """One run, with thin events or snapshots; raises AssertionError when a cent is not where it should be."""
    began = time.monotonic()
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = [free_port_pair(), free_port_pair()]
        variables = {
            "STRIPE_API_BASE": sandbox.base_url,
            "WEB_CONCURRENCY": "2",
            "PLATFORM_FEE_PERCENTAGE": str(PERCENT),
            "CONNECT_ACCOUNTS": accounts,
        }
        first, _second = (
            stack.enter_context(backend_process(GUNICORN, port, logs / f"{port}.log", **variables)) for port in ports
        )
        webhook = "http://127.0.0.1:{}/api/webhooks/stripe"
        sandbox.add_webhook(webhook.format(ports[0]), secret="whsec_sandbox", thin=thin)
        sandbox.add_webhook(webhook.format(ports[1]), secret="whsec_sandbox_connect", connect=True, thin=thin)
        chaos = Chaos(sandbox, ports, seed)
        chaos.register()
        chaos.arm(seed)
        fates = [chaos.random.random() for _ in range(payments)]
        with ThreadPoolExecutor(WORKERS) as pool:
            third = payments // 3
            list(pool.map(chaos.life, range(third), fates[:third]))
            for stage, numbers in (("after", range(third, 2 * third)), ("before", range(2 * third, payments))):
                work = [pool.submit(chaos.life, number, fates[number]) for number in numbers]
                # Platform events go to the first instance, so it is the one that waits for the transfer's answer.
                chaos.report.kills += chaos.caught_transferring(stage, work)
                kill_all_of(first)
                first = stack.enter_context(backend_process(GUNICORN, ports[0], logs / f"{stage}.log", **variables))
                check_meanwhile(chaos.books, list(chaos.sales))
                for future in work:
                    future.result()
        chaos.disarm()
        chaos.sweep()
        chaos.account_for_everything()
    chaos.report.seconds = time.monotonic() - began
    return chaos.report


@click.command()
@click.option("--payments", "-n", default=200, show_default=True, type=click.IntRange(2, 100_000))
@click.option("--seed", default=0, show_default=True, help="Of every choice; the threads' timing stays the machine's.")
@click.option("--thin", is_flag=True, help="Thin events instead of snapshots.")
@click.option(
    "--accounts", default="auto", show_default=True, type=click.Choice(["auto", "v1", "v2"]), help="Their make."
)
def main(payments: int, seed: int, thin: bool, accounts: str) -> None:
    """Buy many packages while everything goes wrong, then account for every cent."""
    click.echo(f"seed={seed} payments={payments}")
    logging.disable(logging.CRITICAL)  # the sweep runs in this process
    try:
        report = run(payments, seed, thin, accounts)
    except AssertionError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(
        f"{report.payments} paid, {report.refunds} refunded, {report.disputes} disputed: {report.transfers} transfers and "
        f"{report.reversals} reversals, through {report.faults} faults and {report.kills} kills while a transfer was "
        f"under way, in {report.seconds:.0f} s; {report.gave_up} requests got no answer. {report.cents} cents, every "
        f"one accounted for. The sweep: {dict(report.swept)}; its last run made {report.calls} calls."
    )


if __name__ == "__main__":
    stripe.enable_telemetry = False
    main()
