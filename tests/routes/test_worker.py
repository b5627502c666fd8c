"""The production server's worker when it is replaced: whoever was let in is answered."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import gevent
import gevent.socket
import pytest
from gevent.pool import Pool
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


def test_a_worker_that_goes_lets_in_who_waits_at_its_listener(worker: Worker, listeners: list[socket.socket]) -> None:
    """The kernel would reset them: they are answered, and whoever comes later is refused."""
    listener = gevent.socket.socket(fileno=listeners[0].detach())
    address, room = listener.getsockname(), Pool(10)
    worker.sockets = [listener]
    worker.remember_listeners()
    server = worker.server_class(listener, spawn=room, application=None, environ={})
    with ExitStack() as stack:
        waiting = [stack.enter_context(gevent.socket.create_connection(address, PATIENCE_SECONDS)) for _ in range(3)]

        server.close()
        for client in waiting:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        assert [client.recv(4_096)[:12] for client in waiting] == [b"HTTP/1.1 200"] * 3
        with pytest.raises(ConnectionRefusedError):
            gevent.socket.create_connection(address, PATIENCE_SECONDS)
    room.join(PATIENCE_SECONDS)


def test_a_worker_that_is_full_lets_nobody_in_when_it_goes(worker: Worker, listeners: list[socket.socket]) -> None:
    """Nobody waits for a place in a process that ends."""
    listener = gevent.socket.socket(fileno=listeners[0].detach())
    server = worker.server_class(listener, spawn=Pool(1), application=None, environ={})
    server.pool.spawn(gevent.sleep, PATIENCE_SECONDS)
    with gevent.socket.create_connection(listener.getsockname(), PATIENCE_SECONDS) as client:
        server.close()

        with pytest.raises(ConnectionResetError):
            client.recv(1)
    server.pool.kill()
