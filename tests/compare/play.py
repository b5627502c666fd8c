"""One fixed play against a backend of any version, and the record of it: each answer, and each call to Stripe with its key.

The sandbox has a frozen clock and seeded ids, and webhooks come one after another. So two records of backends that behave
alike are the same, byte by byte.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from backend.sandbox import Sandbox
from backend.sandbox.state.clock import Clock
from tests.processes import backend_process, free_port_pair

_NOW = 1_790_000_000
_SECONDS = 30
_SINCE = re.compile(r'("gte": ")\d+')
_RANDOM_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECRETS = {"STRIPE_WEBHOOK_SECRET": "whsec_compared", "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_compared_connect"}
_KEYED = {"Idempotency-Key": "the-play-of-two-versions-0001"}
_COACH = {"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "badminton", "country": "CA"}
_ORDER = {"coachId": "coach-1", "coachName": "Dana", "sport": "badminton", "packageType": "package", "packageId": 1}


@dataclass
class Play:
    """A play under way. ``record``: lines of JSON and text, in the order of what happened."""

    backend: str
    sandbox: Sandbox
    record: list[str] = field(default_factory=list)
    _seen: int = 0

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request; its answer. The record has both, with the calls to Stripe that were made for it."""
        asked = {} if body is None else {"json": body}
        answer = requests.request(method, self.backend + path, headers=headers, timeout=_SECONDS, **asked)
        told = answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text
        self._write(f"{method} {path}", {"status": answer.status_code, "answer": _timeless(told)})
        return told

    def deliver(self) -> None:
        """Deliver the webhooks that are due, one after another."""
        for delivery in self.sandbox.deliver_due():
            self._write(f"webhook {delivery.event['type']}", {"status": delivery.status})

    def control(self, path: str, body: dict[str, Any]) -> None:
        """Make something happen at Stripe."""
        requests.post(f"{self.sandbox.base_url}/_sandbox{path}", json=body, timeout=_SECONDS).raise_for_status()

    def charge(self, payment_id: str) -> str:
        """The charge of a payment."""
        return str(self.sandbox.world.must(payment_id)["latest_charge"])

    def _write(self, what: str, result: Any) -> None:
        calls = self.sandbox.requests[self._seen :]
        self._seen = len(self.sandbox.requests)
        # Reads are sent side by side; only the order of writes means something.
        reads = sorted(_call(one) for one in calls if one.method == "GET")
        writes = [_call(one) for one in calls if one.method != "GET"]
        answer = json.dumps(result, indent=1, sort_keys=True).splitlines()
        lines = "\n".join([f"# {what}", *answer, *reads, *writes])
        self.record += lines.replace(self.sandbox.base_url, "http://stripe.test").splitlines()


def _call(call: Any) -> str:
    key = _RANDOM_KEY.sub("(the SDK's own)", call.idempotency_key or "")
    told = {"params": call.params, "key": key, "account": call.account, "status": call.status}
    # "Since an hour ago" is by the machine's clock.
    return _SINCE.sub(r"\1-", f"  stripe: {call.method} {call.path} {json.dumps(told, sort_keys=True)}")


def _timeless(told: Any) -> Any:
    return {**told, "timestamp": "-"} if isinstance(told, dict) and "timestamp" in told else told


def play(root: Path, folder: Path, **variables: str) -> list[str]:
    """Play against the backend of a source tree; the record. ``folder``: for its log. ``variables``: its settings."""
    with _backend(root, folder, variables) as (address, sandbox):
        played = Play(address, sandbox)
        for act in (_reference, _coach, _purchase, _refund, _dispute, _refusals):
            act(played)
        return played.record


@contextmanager
def _backend(root: Path, folder: Path, variables: dict[str, str]) -> Iterator[tuple[str, Sandbox]]:
    sandbox = Sandbox(clock=Clock(frozen_at=_NOW), post=_post)
    server = sandbox.serve("127.0.0.1", 0)
    sandbox.move_to(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    port = free_port_pair()
    address = f"http://127.0.0.1:{port}"
    hook = f"{address}/api/webhooks/stripe"
    sandbox.add_webhook(hook, secret=_SECRETS["STRIPE_WEBHOOK_SECRET"])
    sandbox.add_webhook(hook, secret=_SECRETS["STRIPE_CONNECT_WEBHOOK_SECRET"], connect=True)
    given = {
        "PYTHONPATH": str(root),
        "STRIPE_API_BASE": sandbox.base_url,
        "APP_URL": "http://localhost:3001",
        **_SECRETS,
        **variables,
    }
    flask = ["-m", "flask", "run", "--port", str(port)]
    try:
        with backend_process(flask, port, folder / "backend.log", **given):
            yield address, sandbox
    finally:
        server.shutdown()
        thread.join(_SECONDS)
        server.server_close()


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Deliver a webhook, signed anew: the backend judges a signature by its machine's clock, and the sandbox's is frozen."""
    secret = _SECRETS["STRIPE_CONNECT_WEBHOOK_SECRET" if "account" in json.loads(body) else "STRIPE_WEBHOOK_SECRET"]
    at = int(time.time())
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    signed = {**headers, "Stripe-Signature": f"t={at},v1={digest}"}
    return requests.post(url, data=body, headers=signed, timeout=_SECONDS).status_code


def _reference(played: Play) -> None:
    """The answers that tell machines and front ends of the API."""
    for path in ("/health", "/test", "/openapi.json", "/api/payments/packages"):
        played.ask("GET", path)


def _coach(played: Play) -> None:
    """A coach registers, is read, changed and onboarded."""
    account = played.ask("POST", "/api/connect/create-account", _COACH)["account"]["id"]
    played.ask("POST", "/api/connect/create-account", _COACH)
    played.ask("GET", f"/api/connect/account/{account}")
    played.ask("POST", f"/api/connect/account/{account}/onboarding-link", {})
    played.ask("GET", "/api/connect/coach/coach-1/status?email=dana@example.com")
    played.deliver()
    played.control(f"/accounts/{account}/onboard", {})
    played.deliver()
    for path in ("", "/balance", "/payouts"):
        played.ask("GET", f"/api/connect/account/{account}{path}")
    played.ask("POST", f"/api/connect/account/{account}/login-link", {})


def _bought(played: Play, key: str, **changes: Any) -> str:
    """A purchase that was paid."""
    order = {**_ORDER, "customerEmail": "pat@example.com", "playerId": "player-1", **changes}
    headers = {"Idempotency-Key": f"the-play-of-two-versions-{key}"}
    payment = str(played.ask("POST", "/api/payments/create-intent", order, **headers)["paymentIntent"]["id"])
    played.control(f"/payment_intents/{payment}/pay", {})
    return payment


def _purchase(played: Play) -> None:
    """Each sort is bought, by a ready coach's player and by one whose coach is not ready."""
    sorts: list[dict[str, Any]] = [
        {"packageId": 1},
        {"packageId": 2},
        {"packageType": "subscription", "packageId": None},
        {"coachId": "coach-2"},
    ]
    for number, changes in enumerate(sorts):
        payment = _bought(played, str(number), **changes)
        played.deliver()
        session = {**_ORDER, **changes}
        played.ask("POST", "/api/payments/confirm", {"paymentIntentId": payment, "sessionData": session})
        played.ask("GET", f"/api/payments/intent/{payment}")
    played.ask("GET", "/api/connect/coach/coach-1/transfers?limit=5")


def _refund(played: Play) -> None:
    """A part with a caller's key, twice; the rest without one."""
    payment = _bought(played, "refunded")
    played.deliver()
    part = {"paymentIntentId": payment, "amount": 1000, "reason": "requested_by_customer"}
    for _ in range(2):
        played.ask("POST", "/api/payments/refund", part, **_KEYED)
    played.ask("POST", "/api/payments/refund", {"paymentIntentId": payment})
    played.deliver()


def _dispute(played: Play) -> None:
    """One is lost to the bank; its coach's share is taken back."""
    payment = _bought(played, "disputed")
    played.deliver()
    played.control("/disputes", {"charge": played.charge(payment)})
    played.deliver()
    played.ask("POST", "/api/payments/refund", {"paymentIntentId": payment})


def _refusals(played: Play) -> None:
    """Bad requests, each answered in its own way."""
    unpaid = played.ask("POST", "/api/payments/create-intent", _ORDER, **_KEYED)["paymentIntent"]["id"]
    for body in ({}, {**_ORDER, "sport": "curling"}, {**_ORDER, "packageId": 9}, {**_ORDER, "more": 1}):
        played.ask("POST", "/api/payments/create-intent", body)
    played.ask("POST", "/api/payments/confirm", {"paymentIntentId": unpaid, "sessionData": _ORDER})
    played.ask("POST", "/api/payments/refund", {"paymentIntentId": unpaid})
    claim = {"paymentIntentId": unpaid, "coachAccountId": "acct_00000000000000", "amount": 4725}
    played.ask("POST", "/api/connect/transfer", claim)
    for path in ("/api/payments/intent/pi_000000000000", "/api/connect/account/acct_00000000000000", "/api/nothing"):
        played.ask("GET", path)
