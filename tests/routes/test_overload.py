"""More than can be done: what has a place is finished, the rest is told to come back, and ``/health`` answers."""

from __future__ import annotations

import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from backend.sandbox import Sandbox
from tests.processes import GUNICORN, backend_process, free_port_pair, sandbox_server
from tests.routes.test_servers import ORDER

PLACES = 2
_PATIENCE_SECONDS = 30


class Shop:
    """One worker with two places, and a Stripe that can be made to stall until it is told to go on."""

    def __init__(self, sandbox: Sandbox, port: int, process: subprocess.Popen[bytes]) -> None:
        self.sandbox = sandbox
        self.port = port
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    def buy(self) -> requests.Response:
        """A purchase."""
        return requests.post(f"{self.url}/api/payments/create-intent", json=ORDER, timeout=_PATIENCE_SECONDS)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Stripe answers nothing, until this ends."""
        self.sandbox.faults.add(match={"path": "/v1/customers"}, stage="before", effect={"delay": 60})
        self.sandbox.faults.add(match={"path": "/v1/products"}, stage="before", effect={"delay": 60})
        self.sandbox.faults.add(match={"path": "/v1/payment_intents"}, stage="before", effect={"delay": 60})
        try:
            yield
        finally:
            self.sandbox.faults.clear()

    def wait_for_calls(self, many: int, before: int) -> None:
        """Until so many further calls have reached Stripe."""
        while len(self.sandbox.requests) - before < many:
            assert self.process.poll() is None


@contextmanager
def shop_open(log: Path, **variables: str) -> Iterator[Shop]:
    """A shop of its own."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        port = free_port_pair()
        settings = {"STRIPE_API_BASE": sandbox.base_url, "WEB_CONCURRENCY": "1", "MAX_IN_FLIGHT": str(PLACES)}
        process = stack.enter_context(backend_process(GUNICORN, port, log, **{**settings, **variables}))
        yield Shop(sandbox, port, process)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Started once."""
    with shop_open(tmp_path_factory.mktemp("logs") / "log") as shop:
        yield shop


def fill(shop: Shop, pool: ThreadPoolExecutor) -> list[Future[requests.Response]]:
    """Purchases that have every place, and wait for Stripe."""
    before = len(shop.sandbox.requests)
    began = [pool.submit(shop.buy) for _ in range(PLACES)]
    shop.wait_for_calls(PLACES, before)
    return began


def test_at_four_times_what_can_be_done_the_rest_is_told_to_come_back(shop: Shop) -> None:
    """503 with Retry-After, in the contract's shape and with CORS; and what had a place is finished."""
    with ThreadPoolExecutor(4 * PLACES) as pool:
        with shop.stalled():
            began = fill(shop, pool)
            refused = [future.result() for future in [pool.submit(shop.buy) for _ in range(3 * PLACES)]]
            assert not any(future.done() for future in began)
        assert [future.result().status_code for future in began] == [200] * PLACES

    assert {answer.status_code for answer in refused} == {503}
    assert {answer.json()["error"] for answer in refused} == {"Payment provider unavailable"}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert shop.buy().status_code == 200


@pytest.mark.parametrize("path", ["/health", "/test", "/openapi.json", "/docs", "/static/js/paymentService.js"])
def test_what_asks_nobody_answers_while_stripe_stalls(shop: Shop, path: str) -> None:
    """While every place waits for Stripe."""
    with ThreadPoolExecutor(PLACES) as pool:
        with shop.stalled():
            began = fill(shop, pool)
            answer = requests.get(shop.url + path, timeout=_PATIENCE_SECONDS)
            assert not any(future.done() for future in began)
        assert [future.result().status_code for future in began] == [200] * PLACES

    assert answer.status_code == 200


def test_a_webhook_without_a_place_is_refused_and_delivered_again(shop: Shop) -> None:
    """A quick 503 rather than a slow 200: Stripe comes back."""
    with ThreadPoolExecutor(PLACES) as pool, shop.stalled():
        fill(shop, pool)
        answer = requests.post(f"{shop.url}/api/webhooks/stripe", data=b"{}", timeout=_PATIENCE_SECONDS)

    assert answer.status_code == 503


def test_places_are_given_back_however_a_request_ends(shop: Shop) -> None:
    """Refused, not found, too large, a line of Stripe's that was cut: none keeps its place."""
    for _ in range(2 * PLACES):
        requests.post(f"{shop.url}/api/payments/create-intent", data=b"{", timeout=_PATIENCE_SECONDS)
        requests.get(f"{shop.url}/api/nowhere", timeout=_PATIENCE_SECONDS)
        requests.post(f"{shop.url}/api/payments/confirm", data=b"x" * 70_000, timeout=_PATIENCE_SECONDS)
        shop.sandbox.faults.add(match={"path": "/v1/payment_intents"}, stage="before", effect="close", times=2)
        shop.buy()
    shop.sandbox.faults.clear()

    assert shop.buy().status_code == 200


def test_hundreds_wait_for_stripe_and_none_is_refused(tmp_path: Path) -> None:
    """A request that waits costs memory and no processor: all that are in flight while Stripe stalls are finished."""
    many = 256
    with ExitStack() as stack:
        shop = stack.enter_context(shop_open(tmp_path / "log", MAX_IN_FLIGHT=""))
        pool = stack.enter_context(ThreadPoolExecutor(many))
        with shop.stalled():
            before = len(shop.sandbox.requests)
            began = [pool.submit(shop.buy) for _ in range(many)]
            shop.wait_for_calls(many, before)
            health = requests.get(f"{shop.url}/health", timeout=_PATIENCE_SECONDS)
        answers = [future.result().status_code for future in began]

    assert health.status_code == 200
    assert answers == [200] * many


def test_large_bodies_that_never_end_hold_no_more_than_their_room(tmp_path: Path) -> None:
    """A hundred unfinished megabytes: most are refused, the worker's memory stays, and whoever buys again gets through."""
    body = b"x" * 900_000
    head = b"POST /api/webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with shop_open(tmp_path / "log") as shop, ExitStack() as stack:
        assert shop.buy().status_code == 200
        before = _resident(shop)
        for _ in range(100):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", shop.port), _PATIENCE_SECONDS))
            with suppress(OSError):  # the server closed it: there is no room
                one.sendall(head + body)
        bought = _buy_at_last(shop)
        grown = _resident(shop) - before

    assert bought.status_code == 200
    assert grown < 60_000_000


def _buy_at_last(shop: Shop) -> requests.Response:
    """A purchase, asked for again while it is told to come back: on a busy machine the bodies take seconds."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        answer = shop.buy()
        if answer.status_code != 503 or time.monotonic() > end:
            return answer


def _resident(shop: Shop) -> int:
    """The bytes that the worker has in memory."""
    (worker,) = Path(f"/proc/{shop.process.pid}/task/{shop.process.pid}/children").read_text().split()
    return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * resource.getpagesize()


SLOW = {
    "nothing": b"",
    "half a head": b"POST /api/payments/create-intent HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "half a body": b"POST /api/payments/create-intent HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
}


@contextmanager
def slow_clients(shop: Shop, sent: bytes, many: int) -> Iterator[list[socket.socket]]:
    """Connections that have sent a part of a request, and nothing since."""
    with ExitStack() as stack:
        sockets = []
        for _ in range(many):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", shop.port), _PATIENCE_SECONDS))
            one.sendall(sent)
            sockets.append(one)
        yield sockets


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_two_hundred_slow_clients_hold_nobody_up(shop: Shop, sent: bytes) -> None:
    """They hold connections, and no place."""
    with slow_clients(shop, sent, 200):
        health = requests.get(f"{shop.url}/health", timeout=_PATIENCE_SECONDS)
        bought = shop.buy()

    assert (health.status_code, bought.status_code) == (200, 200)


def _answer(connection: socket.socket) -> bytes:
    connection.settimeout(_PATIENCE_SECONDS)
    received = b""
    while chunk := connection.recv(4096):
        received += chunk
    return received


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(SLOW["nothing"], b""), (SLOW["half a head"], b""), (SLOW["half a body"], b"HTTP/1.1 408")],
    ids=SLOW,
)
def test_who_is_too_slow_is_cut_off(shop: Shop, sent: bytes, answered: bytes) -> None:
    """Within seconds, so that connections come back too."""
    with slow_clients(shop, sent, 1) as (connection,):
        assert _answer(connection)[:12] == answered


def test_a_deployment_finishes_everything_in_flight(tmp_path: Path) -> None:
    """SIGTERM while every place waits for Stripe: all of it is answered, then the server ends, cleanly."""
    with shop_open(tmp_path / "log", MAX_IN_FLIGHT="8") as shop, ThreadPoolExecutor(8) as pool:
        with shop.stalled():
            before = len(shop.sandbox.requests)
            began = [pool.submit(shop.buy) for _ in range(8)]
            shop.wait_for_calls(8, before)
            shop.process.send_signal(signal.SIGTERM)
            _wait_until(lambda: _refuses(shop))
            assert not any(future.done() for future in began)
        assert [future.result().status_code for future in began] == [200] * 8
        assert shop.process.wait(_PATIENCE_SECONDS) == 0

    assert "Traceback" not in (tmp_path / "log").read_text()


def _refuses(shop: Shop) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", shop.port)) != 0


def _wait_until(true: Callable[[], bool]) -> None:
    while not true():
        # Nothing tells another process that a port is closed but trying it.
        threading.Event().wait(0.05)
