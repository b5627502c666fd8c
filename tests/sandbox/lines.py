"""The ways to a sandbox: in this thread, or over a socket, with the official SDK of Python or of Node."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Protocol

import stripe

from backend.sandbox import Sandbox
from backend.sandbox.server import make_server
from tests.node_sdk import NodeClient, NodeProcess
from tests.wire import InProcessStripe

BASE = "http://stripe.test"


class Line(Protocol):
    """Leads to one sandbox at a time."""

    def lead_to(self, sandbox: Sandbox) -> None: ...

    def client(self, key: str) -> Any: ...


class InProcess:
    """Python's SDK, which calls the WSGI application itself."""

    def lead_to(self, sandbox: Sandbox) -> None:
        """Calls go there from now on."""
        self._sandbox = sandbox

    def client(self, key: str) -> Any:
        """The SDK with a key."""
        return stripe.StripeClient(key, http_client=InProcessStripe(self._sandbox), base_addresses={"api": BASE})


class SocketServer:
    """Python's SDK over a socket: the sandbox's own server, with whichever sandbox stands behind it."""

    def __init__(self) -> None:
        self._sandbox = Sandbox()
        self._server = make_server("127.0.0.1", 0, self, self._sandbox.refuse)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        return self._sandbox(environ, start_response)

    def lead_to(self, sandbox: Sandbox) -> None:
        """Calls go there from now on."""
        self._sandbox = sandbox

    def client(self, key: str) -> Any:
        """The SDK with a key."""
        return stripe.StripeClient(key, base_addresses={"api": f"http://127.0.0.1:{self.port}"})

    def stop(self) -> None:
        """No more calls."""
        self._server.shutdown()
        self._thread.join(30)
        self._server.server_close()


class NodeLine:
    """Node's SDK over the same socket."""

    def __init__(self, socket: SocketServer, node: NodeProcess) -> None:
        self.lead_to = socket.lead_to
        self._port = socket.port
        self._node = node

    def client(self, key: str) -> Any:
        """The SDK with a key."""
        return NodeClient(self._node, key, "127.0.0.1", self._port)
