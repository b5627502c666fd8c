"""A server on loopback that answers as a test says: with any bytes, late, cut, or not at all."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import stripe

from backend.stripe_client.client import RETRIES, pooled_client

# Answers one request on its line; True: go on with the line.
Script = Callable[["Server", socket.socket, bytes], bool]

BALANCE = b'{"object": "balance", "livemode": false}'


def answer(body: bytes = BALANCE, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def says(*answers: bytes, then_close: bool = False) -> Script:
    """Answers every request with these bytes, and goes on with the line or closes it."""

    def script(_server: Server, line: socket.socket, _request: bytes) -> bool:
        line.sendall(b"".join(answers))
        return not then_close

    return script


@dataclass
class Server:
    """A server, with what was asked of it and over how many lines."""

    port: int = 0
    lines: int = 0
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that follows the script, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    server = Server(listener.getsockname()[1])
    open_lines: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(line: socket.socket) -> None:
        with suppress(OSError):
            if tls is not None:
                line = tls.wrap_socket(line, server_side=True)
            with line:
                while (request := _read(line)) and _recorded(server, request) and script(server, line, request):
                    pass

    def accept() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                server.lines += 1
                open_lines.append(line)
                threads.append(threading.Thread(target=serve, args=(line,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        server.over.set()
        for one in (listener, *open_lines):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        accepting.join(10)
        for thread in threads:
            thread.join(10)


def _recorded(server: Server, request: bytes) -> bool:
    server.requests.append(request)
    return True


def _read(line: socket.socket) -> bytes:
    """One request, or nothing at the end of the line."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = line.recv(65_536)
        if not part:
            return b""
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [part.partition(b":")[2] for part in head.split(b"\r\n") if part.lower().startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]):
        body += line.recv(65_536)
    return head + b"\r\n\r\n" + body


def asking(base: str, idle: int = 8, **options: Any) -> stripe.StripeClient:
    """The official SDK over the backend's own connections. Repeats what failed without a pause."""
    client = pooled_client(base, idle, **options)
    client._sleep_time_seconds = lambda num_retries: 0.0  # type: ignore[method-assign]
    return stripe.StripeClient(
        "sk_test_a1", http_client=client, base_addresses={"api": base}, max_network_retries=RETRIES
    )
