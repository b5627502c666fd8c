"""The production server's worker when it is replaced: whoever was let in is answered."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from backend.http.worker import Worker
from tests.raw_http import PATIENCE_SECONDS

BACKLOG = 100


def _hello(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "5")])
    return [b"hello"]


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)


def _room(listener: socket.socket) -> int:
    """The number of connections that may wait at a listener (Linux: tcpi_sacked, see tcp(7))."""
    return int(struct.unpack_from("I", listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 28)[0])


@pytest.fixture
def listeners() -> Iterator[list[socket.socket]]:
    """The worker's own: one for each address."""
    with _listener() as first, _listener() as second:
        yield [first, second]


@pytest.fixture
def worker(listeners: list[socket.socket]) -> Iterator[Worker]:
    """A worker that is ready to serve."""
    config = Config()
    made = Worker(1, 1, listeners, None, 30, config, Logger(config))
    made.wsgi = _hello
    made.remember_listeners()
    yield made
    made.tmp.close()


def test_a_connection_is_answered_though_its_listener_was_closed_since(
    worker: Worker, listeners: list[socket.socket]
) -> None:
    """A deployment closes the listeners while connections that were accepted wait for their turn."""
    with socket.create_connection(listeners[1].getsockname(), PATIENCE_SECONDS) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        accepted, address = listeners[1].accept()
        listeners[1].close()

        worker.handle(listeners[1], accepted, address)

        assert client.recv(4_096).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("address", [0, 1])
def test_a_worker_that_goes_first_takes_who_waits_at_its_listeners(
    worker: Worker, listeners: list[socket.socket], address: int
) -> None:
    """The kernel would reset them. Nobody may wait there any more: other workers have listeners of their own."""
    with socket.create_connection(listeners[address].getsockname(), PATIENCE_SECONDS):
        worker.handle_exit(None, None)
        gevent.idle()

        assert ([_room(one) for one in listeners], worker.alive) == ([0, 0], True)
        listeners[address].accept()[0].close()
        while worker.alive:
            gevent.sleep(0.01)
