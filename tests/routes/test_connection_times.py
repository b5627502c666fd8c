"""Connections to Stripe under time and crowds: bounded calls, and threads that do not meet."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import stripe

from backend.stripe_client.client import stripe_budget
from tests.scripted import Script, Server, answer, asking, says, serving

HELD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

ROOT = Path(__file__).parents[2]


def _silent(server: Server, _line: socket.socket, _request: bytes) -> bool:
    server.over.wait(30)
    return False


def _trickling(server: Server, line: socket.socket, _request: bytes) -> bool:
    line.sendall(HELD.encode() + b"Content-Length: 100000\r\n\r\n")
    while not server.over.wait(0.02):
        line.sendall(b" ")
    return False


@pytest.mark.parametrize("script", [_silent, _trickling])
def test_a_call_takes_no_longer_than_its_request_may(script: Script) -> None:
    """Neither silence nor a byte now and then prolongs it."""
    with serving(script) as server:
        began = time.monotonic()
        with stripe_budget(0.3), pytest.raises(stripe.APIConnectionError):
            asking(server.base).v1.balance.retrieve()

        assert 0.25 < time.monotonic() - began < 3


def test_a_request_without_time_makes_no_call() -> None:
    """Nor does it try again."""
    with serving(says(answer())) as server, stripe_budget(0) as budget, pytest.raises(stripe.APIConnectionError):
        asking(server.base).v1.balance.retrieve()

    assert (server.lines, budget.calls) == (0, 1)


def test_a_connection_on_which_a_call_gave_up_is_not_used_again() -> None:
    """Its answer may still come."""
    held = threading.Event()

    def late(_server: Server, line: socket.socket, request: bytes) -> bool:
        if b"/v1/events" in request:
            held.wait(30)
            line.sendall(answer(b'{"object": "late"}'))
        else:
            line.sendall(answer())
        return True

    with serving(late) as server:
        client = asking(server.base)
        client.v1.balance.retrieve()
        with stripe_budget(0.2), pytest.raises(stripe.APIConnectionError):
            client.v1.events.list()
        held.set()

        assert client.v1.balance.retrieve().object == "balance"


def test_a_host_without_an_address_is_a_failed_connection() -> None:
    """It may come back: DNS is a network too."""
    with pytest.raises(stripe.APIConnectionError) as caught:
        asking("http://stripe.invalid").v1.balance.retrieve()

    assert caught.value.should_retry


def test_a_server_that_is_away_is_a_failed_connection() -> None:
    """Refused at the port."""
    with serving(says(answer())) as server:
        pass
    with pytest.raises(stripe.APIConnectionError) as caught:
        asking(server.base).v1.balance.retrieve()

    assert caught.value.should_retry


@pytest.mark.parametrize("key", ["a\r\nStripe-Account: acct_1", "a\nb", "a\x00", "a\x7f"])
def test_a_header_smuggles_nothing(key: str) -> None:
    """It is refused before anything is sent."""
    with serving(says(answer())) as server, pytest.raises(stripe.APIConnectionError):
        asking(server.base).v1.customers.create({}, {"idempotency_key": key})

    assert server.requests == []


def test_only_stripes_api_is_asked() -> None:
    """The secret key goes nowhere else, whatever host the SDK has for another purpose."""
    with serving(says(answer())) as server:
        client = asking(server.base)
        with pytest.raises(stripe.APIConnectionError):
            client.raw_request("get", "/v1/oauth", base="connect")

    assert server.requests == []


def test_threads_get_their_own_answers() -> None:
    """Thirty-two at once over one client; nobody waits for a connection."""

    def echo(_server: Server, line: socket.socket, request: bytes) -> bool:
        line.sendall(answer(b'{"object": "product", "id": "%s"}' % request.split(b" ")[1].rpartition(b"/")[2]))
        return True

    with serving(echo) as server:
        client = asking(server.base, idle=32)
        asked = [f"prod_{number}" for number in range(400)]
        with ThreadPoolExecutor(32) as pool:
            answered = [product.id for product in pool.map(client.v1.products.retrieve, asked)]

    assert answered == asked
    assert server.lines <= 32


def test_more_calls_than_idle_places_wait_for_nobody_and_few_connections_stay() -> None:
    """Eight at once with two places: all are under way together, two connections are kept."""
    together = threading.Barrier(8, timeout=30)

    def wait(_server: Server, line: socket.socket, _request: bytes) -> bool:
        together.wait()
        line.sendall(answer())
        return True

    with serving(wait) as server:
        client = asking(server.base, idle=2)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: client.v1.balance.retrieve(), range(8)))
            assert server.lines == 8
            list(pool.map(lambda _: client.v1.balance.retrieve(), range(8)))

    assert server.lines == 14


_THOUSAND = """
from gevent import monkey; monkey.patch_all()
import sys; sys.path.insert(0, sys.argv[1])
import gevent
from gevent.event import Event
from gevent.server import StreamServer
from tests.scripted import answer, asking
MANY = 1024
state = {"lines": 0, "waiting": 0, "go": Event()}
def handle(line, _):
    state["lines"] += 1
    while line.recv(65536):
        state["waiting"] += 1
        if state["waiting"] == MANY:
            state["go"].set()
        state["go"].wait()
        line.sendall(answer())
server = StreamServer(("127.0.0.1", 0), handle, backlog=2048)
server.start()
client = asking(f"http://127.0.0.1:{server.server_port}", idle=MANY)
for _ in range(3):
    state.update(waiting=0, go=Event())
    calls = [gevent.spawn(client.v1.balance.retrieve) for _ in range(MANY)]
    gevent.joinall(calls, timeout=60)
    assert [call.value.object for call in calls] == ["balance"] * MANY
print(state["lines"])
"""


def test_a_thousand_greenlets_at_once_keep_their_connections() -> None:
    """1,024 in flight three times over: as many connections are opened, and no more."""
    told = subprocess.run(
        [sys.executable, "-c", _THOUSAND, str(ROOT)], capture_output=True, text=True, timeout=120, check=False
    )

    assert (told.stdout.strip(), told.stderr) == ("1024", "")
