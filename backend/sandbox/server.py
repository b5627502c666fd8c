"""The sandbox on a socket. A cut connection is cut: closed without a word, in the middle of an answer if need be."""

import contextlib
import io
import select
import socket
import traceback
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from werkzeug import Response
from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from .wire.errors import StripeError, invalid
from .wire.framing import body_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Server = BaseWSGIServer
# Makes the answer to what is no request of HTTP, and so never reaches the application.
Refuse = Callable[[StripeError], Response]

# Who is silent for so long in the middle of a request is gone.
SILENCE_SECONDS = 60
# What a refused request still sends is read, so that the refusal is not lost with a reset; so much of it at most.
DRAIN_MAX = 16 * 1_048_576
DRAIN_SECONDS = 0.1


class Handler(WSGIRequestHandler):
    """Quiet, and able to hang up.

    A connection stays open for the next request, as at Stripe. Werkzeug's own handler closes each, for it may leave a part
    of a body unread; here all of it is read before the answer.
    """

    timeout = SILENCE_SECONDS
    # Head and body of an answer leave together, at once.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: "ThreadedServer"

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        """Raised by the application: it wants the line cut."""
        self.close_connection = True

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without a Date of the machine's: an answer carries the sandbox's own, and there must be one only."""
        self.send_response_only(code, message)
        self.send_header("Server", self.version_string())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The sandbox keeps its own log of calls."""

    def log_error(self, format: str, *args: object) -> None:
        """Log nothing: what is refused here was answered, and what the application raises is printed by the server."""

    def handle_expect_100(self) -> bool:
        """Nothing yet: who waits is told to go on when the body is read."""
        return True

    def parse_request(self) -> bool:
        """Read the request, its body included. False when it was refused."""
        if not super().parse_request():
            return False
        try:
            self._check_line()
            if self.headers.get("Expect", "").strip().lower() == "100-continue":
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.wfile.flush()
                del self.headers["Expect"]
            self._body = body_of(self.headers, cast(io.BufferedReader, self.rfile))
        except StripeError as error:
            self._refuse(error)
            return False
        return True

    def run_wsgi(self) -> None:
        """Have the application answer. What it raises is printed, and the connection ends."""
        try:
            self._answer()
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:  # noqa: BLE001  (whatever it is, it is a bug of the sandbox's, and is shown)
            traceback.print_exc()
            self._refuse(StripeError("The sandbox has failed: its output says why.", status=500))

    def _answer(self) -> None:
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            head[:] = status, headers
            return self.wfile.write

        body = self.server.app(self.make_environ(), start)
        try:
            self._send(head[0], head[1], body)
        finally:
            if hasattr(body, "close"):
                body.close()  # as WSGI asks: a file is behind some of them

    def _send(self, status: str, headers: list[tuple[str, str]], body: Iterable[bytes]) -> None:
        has_length = any(name.lower() == "content-length" for name, _ in headers)
        if not has_length and self.command != "HEAD" and status[:3] not in ("204", "304"):
            # The end of the connection is then the end of the answer.
            self.close_connection = True
        self.send_response(int(status[:3]))
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for part in body:
            self.wfile.write(part)
        self.wfile.flush()

    def make_environ(self) -> "WSGIEnvironment":
        """The request for the application; what it reads of the body has come in already."""
        environ = super().make_environ()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(self._body), str(len(self._body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return environ

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in Stripe's shape, and as the client's mistake: the standard library counts some as ours."""
        self._refuse(StripeError("Invalid request: it is not well-formed.", status=code if code < 500 else 400))

    def _check_line(self) -> None:
        """Raise for a first line that is no request of HTTP/1."""
        if self.request_version == "HTTP/0.9":
            raise invalid("Invalid request: HTTP/1.1 is needed.")
        if self.path != "*" and not _is_address(self.path):
            raise invalid("Invalid request: the address could not be understood.")

    def _refuse(self, error: StripeError) -> None:
        self.close_connection = True
        # Else nothing but a body would be sent to who named no version, or one that is not known.
        self.request_version = "HTTP/1.1"
        response = self.server.refuse(error)
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.get_data())
        self.wfile.flush()
        self._drain()

    def _drain(self) -> None:
        left = DRAIN_MAX
        while left > 0 and select.select([self.connection], [], [], DRAIN_SECONDS)[0]:
            read = len(self.connection.recv(65_536))
            if not read:
                return
            left -= read


def _is_address(target: str) -> bool:
    """True for a path, or an address with a host."""
    try:
        found = urlsplit(target)
    except ValueError:
        return False
    return bool(found.netloc) or target.startswith("/")


class ThreadedServer(ThreadedWSGIServer):
    """One thread per connection; none of them keeps the process alive."""

    daemon_threads = True
    refuse: Refuse

    def __init__(self, *given: Any) -> None:
        self._lines: set[Any] = set()
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        self._lines.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._lines.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close without waiting for calls that are being delayed, nor for those who hold a connection open."""
        self.block_on_close = False
        super().server_close()
        for line in list(self._lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def make_server(host: str, port: int, app: "WSGIApplication", refuse: Refuse) -> Server:
    """A bound server, ready to `serve_forever`."""
    server = ThreadedServer(host, port, app, Handler)
    server.refuse = refuse
    return server
