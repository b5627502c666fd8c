"""The town that is attacked: two production servers with two kinds of sign-in on one Stripe, sales, and another sandbox."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from backend.sandbox import Sandbox
from tests.bench.servers import pss, tree
from tests.builders import PRODUCTION_ENVIRONMENT
from tests.chaos.oracle import Sale, StripesBooks
from tests.fuzz.tokens import AUDIENCE, ISSUER, Purse
from tests.fuzz.words import Words
from tests.processes import GUNICORN, ROOT, backend_process, free_port_pair, sandbox_server
from tests.routes.sign_in import ADMIN, EC, RSA, SECRET, bearer, key_server_at_work, public_key

COACHES = 4
METRICS_TOKEN = "metrics-token-of-thirty-characters"
_PATIENCE_SECONDS = 60
_COMMON = {
    **PRODUCTION_ENVIRONMENT,
    "STRIPE_WEBHOOK_SECRET": "whsec_a1",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_b1",
    "METRICS_TOKEN": METRICS_TOKEN,
    "ALLOWED_ORIGINS": "https://app.example.com",
    "AUTH_AUDIENCE": AUDIENCE,
    "AUTH_ISSUER": ISSUER,
    "WEB_CONCURRENCY": "2",
}
# What an honest front end sends to the server that stands behind a proxy.
_PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.1"}


@dataclass
class Town:
    """Ports, logs and processes by name: `secret` and `keys` are backends, `sandbox` is the sandbox that is attacked."""

    stripe: Sandbox
    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[Any]] = field(default_factory=dict)
    words: Words = field(default_factory=Words)
    purse: Purse = field(default_factory=Purse)
    sales: list[Sale] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    books: StripesBooks = field(init=False)

    def __post_init__(self) -> None:
        self.books = StripesBooks(self.stripe.base_url, "sk_test_a1")

    def log(self, name: str) -> Path:
        """The output of a process."""
        return self.folder / f"{name}.log"

    def memory(self) -> dict[str, float]:
        """Megabytes that each process and its children hold, the largest of them."""
        return {name: max(map(pss, tree(process.pid))) for name, process in self.processes.items()}

    def buy(self) -> None:
        """An honest player buys a package of golf and pays; a server that is busy is asked again."""
        number = len(self.sales)
        coach, package = number % COACHES, number % 3 + 1
        order = {"coachId": f"coach-{coach}", "coachName": "D", "sport": "golf", "packageType": "package"}
        headers = {
            **_PROXIED,
            "X-Forwarded-For": f"203.0.{number % 250}.{number // 250}",
            "Idempotency-Key": f"sale-{number:020}",
        }
        placed = self._asked("/api/payments/create-intent", {**order, "packageId": package}, headers)["paymentIntent"]
        paid = {
            "client_secret": placed["client_secret"],
            "payment_method": "pm_card_visa",
            "return_url": "http://x.test",
        }
        address = f"{self.stripe.base_url}/v1/payment_intents/{placed['id']}/confirm"
        answer = requests.post(address, data=paid, headers={"Authorization": "Bearer pk_test_sandbox"}, timeout=30)
        assert answer.ok, answer.text
        self.sales.append(Sale(placed["id"], self.words.accounts[coach], package))
        self.words.payments.append(placed["id"])
        self.words.secrets.append(placed["client_secret"])

    def _asked(self, path: str, body: Any, headers: dict[str, str]) -> Any:
        for _ in range(20):
            answer = requests.post(
                f"http://127.0.0.1:{self.ports['secret']}{path}", json=body, headers=headers, timeout=30
            )
            if answer.ok:
                return answer.json()
            assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), answer.text
        raise AssertionError(f"an honest player got no answer from {path} in twenty tries")

    def settle_in(self, sales: int) -> None:
        """Register the coaches, sell, and learn the words that requests are made of."""
        for number in range(COACHES):
            coach = {"coachId": f"coach-{number}", "coachName": "D", "email": f"c{number}@example.com", "sport": "golf"}
            claims = {**ADMIN, "aud": AUDIENCE, "iss": ISSUER}
            account = self._asked("/api/connect/create-account", coach, {**_PROXIED, **bearer(claims)})["account"]["id"]
            requests.post(f"{self.stripe.base_url}/_sandbox/accounts/{account}/onboard", json={}, timeout=30)
            self.words.accounts.append(account)
        for _ in range(sales):
            self.buy()
        reference = requests.get(f"http://127.0.0.1:{self.ports['keys']}/openapi.json", timeout=30).json()
        self.words.read_reference(reference)
        overview = requests.get(f"http://127.0.0.1:{self.ports['sandbox']}/_sandbox/", timeout=30).json()
        self.words.stripes = [(one["method"], one["path"]) for one in overview["api"]]
        self.words.control_routes = [(one["method"], one["path"]) for one in overview["control"]]
        for account, secret in (("", "whsec_a1"), (self.words.accounts[0], "whsec_b1")):
            self.words.events += [(event, secret) for event in self.books.all("events", account)]


@contextmanager
def town(folder: Path, sales: int) -> Iterator[Town]:
    """A town at work, until the end of the block."""
    with ExitStack() as stack:
        stripe = stack.enter_context(sandbox_server("sk_test_a1"))
        found = Town(stripe, folder)
        keys = stack.enter_context(key_server_at_work())
        keys.say({"keys": [public_key("ec", EC, "ES256"), public_key("rsa", RSA, "RS256")]})
        proxied = {
            "AUTH_MODE": "optional",
            "AUTH_JWT_SECRET": SECRET,
            "TRUSTED_PROXIES": "1",
            "RATELIMIT_ENABLED": "true",
        }
        plain = {"AUTH_MODE": "required", "AUTH_JWKS_URL": keys.address, "FORCE_HTTPS": "false"}
        for name, settings in (("secret", proxied), ("keys", plain)):
            found.ports[name] = free_port_pair()
            found.environment = {**_COMMON, "STRIPE_API_BASE": stripe.base_url, **settings}
            server = backend_process(GUNICORN, found.ports[name], found.log(name), **found.environment)
            found.processes[name] = stack.enter_context(server)
        stripe.add_webhook(f"http://127.0.0.1:{found.ports['secret']}/api/webhooks/stripe", secret="whsec_a1")
        address = f"http://127.0.0.1:{found.ports['keys']}/api/webhooks/stripe"
        stripe.add_webhook(address, secret="whsec_b1", connect=True)
        stack.enter_context(_attacked_sandbox(found))
        found.settle_in(sales)
        yield found


@contextmanager
def _attacked_sandbox(found: Town) -> Iterator[None]:
    """A sandbox that delivers nothing by itself, as a process."""
    words = [sys.executable, "-m", "backend.sandbox", "--port", "0", "--manual"]
    environment = {"PYTHONPATH": str(ROOT)}
    with (
        found.log("sandbox").open("wb") as log,
        subprocess.Popen(
            words, cwd=found.folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found.ports["sandbox"] = int(process.stdout.readline().rpartition(":")[2])
            found.processes["sandbox"] = process
            yield
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)
