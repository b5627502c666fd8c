"""Moving the sandbox's clock moves Stripe's time and not the receiver's: what it delivers is still believed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import requests

from backend.sandbox.state.clock import Clock
from tests.processes import backend_process, free_port_pair

DAY = 86_400
_PATIENCE_SECONDS = 20


def _until_settled(api: str, payment: str) -> Any:
    """The payment's transfers, once there are some."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    headers = {"Authorization": "Bearer sk_test_sandbox"}
    while time.monotonic() < deadline:
        transfers = requests.get(f"{api}/v1/transfers", headers=headers, timeout=10).json()["data"]
        mine = [one for one in transfers if one["metadata"].get("paymentIntentId") == payment]
        if mine:
            return mine
        time.sleep(0.1)  # nothing tells another process that a webhook was delivered
    return []


@pytest.mark.parametrize("days", [3, -3, 400])
def test_webhooks_are_believed_after_the_clock_was_moved(tmp_path: Path, days: int) -> None:
    """As its dashboard offers, and as payouts need: the coach of a purchase made afterwards is paid."""
    port = free_port_pair()
    backend, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    coach = {"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "golf"}
    order = {"coachId": "coach-1", "coachName": "Dana", "sport": "golf", "packageType": "package", "packageId": 1}
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        account = requests.post(f"{backend}/api/connect/create-account", json=coach, timeout=30).json()["account"]["id"]
        requests.post(f"{sandbox}/_sandbox/accounts/{account}/onboard", json={}, timeout=30)
        moved = requests.post(f"{sandbox}/_sandbox/clock", json={"advance": days * DAY}, timeout=30)
        intent = requests.post(f"{backend}/api/payments/create-intent", json=order, timeout=30).json()["paymentIntent"]
        pay = f"{sandbox}/_sandbox/payment_intents/{intent['id']}/pay"
        requests.post(pay, json={"card": "4000000000000077"}, timeout=30)

        settled = _until_settled(sandbox, intent["id"])

    assert moved.ok
    assert [one["amount"] for one in settled] == [4860]


def test_a_frozen_clock_is_the_receivers_too() -> None:
    """A clock that a test stops is stopped for the receiver too."""
    clock = Clock(frozen_at=1_793_631_600)
    clock.advance(DAY)

    assert clock.receivers_now() == clock.now() == 1_793_631_600 + DAY


def test_a_running_clock_signs_by_the_wall() -> None:
    """However far it was moved."""
    clock = Clock()
    clock.advance(400 * DAY)

    assert abs(clock.receivers_now() - time.time()) <= 2
    assert clock.now() - clock.receivers_now() >= 400 * DAY - 1
