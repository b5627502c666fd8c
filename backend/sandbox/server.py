"""The sandbox on a socket. A cut connection is cut: closed without a word, in the middle of an answer if need be."""

from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Server = BaseWSGIServer


class Handler(WSGIRequestHandler):
    """Quiet, and able to hang up."""

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        """Raised by the application: it wants the line cut."""
        self.close_connection = True

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without a Date of the machine's: an answer carries the sandbox's own, and there must be one only."""
        self.send_response_only(code, message)
        self.send_header("Server", self.version_string())

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The sandbox keeps its own log of calls."""


class ThreadedServer(ThreadedWSGIServer):
    """One thread per connection; none of them keeps the process alive."""

    daemon_threads = True

    def server_close(self) -> None:
        """Close without waiting for calls that are being delayed."""
        self.block_on_close = False
        super().server_close()


def make_server(host: str, port: int, app: "WSGIApplication") -> Server:
    """A bound server, ready to `serve_forever`."""
    return ThreadedServer(host, port, app, Handler)
