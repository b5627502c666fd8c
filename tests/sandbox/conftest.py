"""A platform on the sandbox, spoken to through the official SDKs: Python's in-process and over a socket, and Node's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
import stripe
from werkzeug.test import Client, TestResponse

from backend.sandbox import Clock, Sandbox
from tests.conftest import NOW
from tests.node_sdk import NodeProcess
from tests.programs import NODE
from tests.sandbox.lines import BASE, InProcess, Line, NodeLine, SocketServer


class Platform:
    """The SDK with the secret key, the SDK with the publishable key, the control path, and a webhook receiver."""

    def __init__(self, line: Line | None = None) -> None:
        self._line = line or InProcess()
        self.clock = Clock(frozen_at=NOW)
        self.received: list[tuple[str, bytes, dict[str, str]]] = []
        self.status = 200
        self.sandbox = Sandbox(clock=self.clock, base_url=BASE, post=self._receive)
        self._line.lead_to(self.sandbox)
        self.v1 = self.client("sk_test_sandbox").v1
        self.browser = self.client("pk_test_sandbox").v1

    def client(self, key: str) -> stripe.StripeClient:
        """The SDK with a key; Node's has the face of Python's."""
        return cast(stripe.StripeClient, self._line.client(key))

    def _receive(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.received.append((url, body, headers))
        return self.status

    def raw(self, method: str, path: str, key: str | None = "sk_test_sandbox", **options: Any) -> TestResponse:
        """A bare HTTP request."""
        headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {key}"} if key else {})}
        return Client(self.sandbox).open(path, method=method, headers=headers, **options)

    def control(self, path: str, **body: Any) -> Any:
        """The control path."""
        response = self.raw("POST", f"/_sandbox{path}", key=None, json=body)
        assert response.status_code == 200, response.text
        return response.json

    def paid(self, amount: int = 10_000, card: str = "pm_card_visa", **params: Any) -> stripe.PaymentIntent:
        """A payment that succeeded, with its charge."""
        given: Any = {
            "amount": amount,
            "currency": "cad",
            "confirm": True,
            "payment_method": card,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "expand": ["latest_charge"],
            **params,
        }
        return self.v1.payment_intents.create(given)

    def coach(self, ready: bool = True) -> str:
        """A connected Express account."""
        account = self.v1.accounts.create(
            {"type": "express", "country": "CA", "capabilities": {"transfers": {"requested": True}}}
        )
        if ready:
            self.control(f"/accounts/{account.id}/onboard")
        return account.id

    def transfer(self, payment: stripe.PaymentIntent | None, destination: str, amount: int, **more: Any) -> Any:
        """A transfer, from a payment's charge or from the balance."""
        source: Any = {"source_transaction": payment.latest_charge.id} if payment else {}
        params: Any = {"amount": amount, "currency": "cad", "destination": destination, **source, **more}
        return self.v1.transfers.create(params)

    def funds(self, account: str | None = None) -> tuple[int, int]:
        """(available, pending) in CAD."""
        options: Any = {"stripe_account": account} if account else {}
        balance = self.v1.balance.retrieve({}, options)
        return (
            sum(entry.amount for entry in balance.available if entry.currency == "cad"),
            sum(entry.amount for entry in balance.pending if entry.currency == "cad"),
        )


@pytest.fixture(scope="session")
def socket_server() -> Iterator[SocketServer]:
    """A server for a whole worker."""
    server = SocketServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def node_line(socket_server: SocketServer) -> Iterator[NodeLine]:
    """A Node process for a whole worker."""
    node = NodeProcess()
    yield NodeLine(socket_server, node)
    node.stop()


@pytest.fixture(params=["python", "python-socket", pytest.param("node", marks=pytest.mark.needs(NODE))])
def platform(request: pytest.FixtureRequest) -> Platform:
    """A fresh one, reached in one of three ways."""
    match request.param:
        case "python":
            line: Line = InProcess()
        case "python-socket":
            line = request.getfixturevalue("socket_server")
        case _:
            line = request.getfixturevalue("node_line")
    return Platform(line)
