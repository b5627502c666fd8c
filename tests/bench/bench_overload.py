"""More than the production server can do, on loopback: what is answered, how fast, and whether ``/health`` still is.

An open loop: requests begin at a constant rate whatever becomes of earlier ones, and latency counts from when a request
was due. Stripe is a sandbox that takes 200 milliseconds for the call that makes an intent, and then four seconds.
"""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import requests

from backend.sandbox import Sandbox
from tests.processes import GUNICORN, backend_process, free_port_pair, sandbox_server

_ORDER = {"coachId": "coach-1", "coachName": "Dana", "sport": "golf", "packageType": "package", "packageId": 1}
_WORKERS, _PLACES = 2, 4
_SECONDS = 8


@dataclass
class Outcome:
    """What became of the requests of one round; seconds."""

    paid: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    failed: int = 0
    health: list[float] = field(default_factory=list)


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1_000 if values else float("nan")


def _buy(url: str, due: float, outcome: Outcome) -> None:
    time.sleep(max(0.0, due - time.monotonic()))
    try:
        status = requests.post(f"{url}/api/payments/create-intent", json=_ORDER, timeout=30).status_code
    except requests.RequestException:
        outcome.failed += 1
        return
    taken = time.monotonic() - due
    {200: outcome.paid, 503: outcome.refused}.get(status, []).append(taken)
    outcome.failed += status not in (200, 503)


@contextmanager
def _probed(url: str, outcome: Outcome) -> Iterator[None]:
    """Ask ``/health`` twenty times a second meanwhile, as balancers do."""
    stop = threading.Event()

    def probe() -> None:
        with requests.Session() as session:
            while not stop.wait(0.05):
                began = time.monotonic()
                session.get(f"{url}/health", timeout=30)
                outcome.health.append(time.monotonic() - began)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _round(url: str, rate: float) -> Outcome:
    outcome = Outcome()
    many = int(rate * _SECONDS)
    began = time.monotonic() + 0.2
    with _probed(url, outcome), ThreadPoolExecutor(min(many, 256)) as pool:
        for number in range(many):
            pool.submit(_buy, url, began + number / rate, outcome)
    return outcome


def _print(name: str, rate: float, outcome: Outcome) -> None:
    click.echo(
        f"{name:<26}{rate:>8.1f}{len(outcome.paid) / _SECONDS:>9.1f}{_percentile(outcome.paid, 0.5):>9.0f}"
        f"{_percentile(outcome.paid, 0.99):>9.0f}{len(outcome.refused):>9}{_percentile(outcome.refused, 0.99):>9.0f}"
        f"{outcome.failed:>8}{_percentile(outcome.health, 0.5):>9.1f}{_percentile(outcome.health, 0.99):>9.1f}"
    )


@contextmanager
def _slow_clients(port: int, many: int) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(many):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
            one.sendall(b"POST /api/payments/create-intent HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        yield


def _delay(sandbox: Sandbox, seconds: float) -> None:
    sandbox.faults.clear()
    match = {"method": "POST", "path": "/v1/payment_intents"}
    sandbox.faults.add(match=match, stage="before", effect={"delay": seconds}, times=1_000_000)


@click.command()
def main() -> None:
    """Ask more of the production server than it can do."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        port = free_port_pair()
        url = f"http://127.0.0.1:{port}"
        settings = {
            "STRIPE_API_BASE": sandbox.base_url,
            "WEB_CONCURRENCY": str(_WORKERS),
            "MAX_IN_FLIGHT": str(_PLACES),
        }
        stack.enter_context(backend_process(GUNICORN, port, Path(folder) / "log", **settings))
        places = _WORKERS * _PLACES
        click.echo(f"{_WORKERS} workers of {_PLACES} places; {_SECONDS} seconds a round; milliseconds")
        click.echo(
            f"{'':<26}{'asked/s':>8}{'paid/s':>9}{'p50':>9}{'p99':>9}{'503s':>9}{'p99':>9}{'failed':>8}{'health':>9}{'p99':>9}"
        )
        for share in (0.5, 0.95, 2, 4):
            _delay(sandbox, 0.2)
            rate = places / 0.2 * share
            _print(f"Stripe 200 ms, {share:g} times", rate, _round(url, rate))
        _delay(sandbox, 4)
        _print("Stripe 4 s, 4 times", places, _round(url, places))
        _delay(sandbox, 0.2)
        with _slow_clients(port, 200):
            _print("200 slow clients", places, _round(url, places))


if __name__ == "__main__":
    main()
