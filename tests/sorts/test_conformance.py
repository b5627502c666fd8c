"""The kit of tests/conformance on a backend that makes accounts by v2 and gets thin events."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.conformance.kit import CASES, Stripe, run
from tests.processes import backend_process, free_port_pair


def test_front_ends_see_no_difference(tmp_path: Path) -> None:
    """Every case of the contract, over real HTTP, with nothing left out."""
    port = free_port_pair()
    variables = {"CONNECT_ACCOUNTS": "v2", "WEBHOOK_PAYLOAD": "thin"}
    with backend_process(["-m", "backend"], port, tmp_path / "log", **variables):
        sandbox = f"http://127.0.0.1:{port + 1}"
        outcomes = list(run(f"http://127.0.0.1:{port}", Stripe(sandbox, "pk_test_sandbox")))
        key = {"Authorization": "Bearer sk_test_sandbox"}
        made = requests.get(f"{sandbox}/v1/accounts", headers=key, timeout=30).json()["data"]
        told = requests.get(f"{sandbox}/v2/core/event_destinations", headers=key, timeout=30).json()["data"]

    assert {account["type"] for account in made} == {"none"}
    assert {destination["event_payload"] for destination in told} == {"thin"}
    assert len(outcomes) == len(CASES)
    assert [(one.name, one.problems, one.skipped) for one in outcomes if one.problems or one.skipped] == []
