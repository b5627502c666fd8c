"""The logs of the servers in front: no address that follows a question mark reaches one, whatever goes wrong."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.processes import GUNICORN, backend_process, free_port_pair
from tests.ship.machines import make_certificate, nginx_server

pytestmark = pytest.mark.needs("nginx")

SECRET = "pi_3Qx7aB9cD1eF2gH3_secret_9cD1eF2gH3iJ4kL5mN6oP7qR8"
QUERY = f"payment_intent_client_secret={SECRET}&payment_intent=pi_3Qx7aB9cD1eF2gH3"
PAGE = f"/payment-success?{QUERY}"
REFERER = f"https://localhost{PAGE}"
_PATIENCE_SECONDS = 40


@contextmanager
def upstream(answer: bytes) -> Iterator[int]:
    """An instance that answers every request with these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    line.recv(65_536)
                    line.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE_SECONDS)


class Front:
    """An nginx with the example's configuration, in front of one kind of instance."""

    def __init__(self, folder: Path, instance: int) -> None:
        ports = free_port_pair()
        self.folder, self.instance, self.http, self.https = folder, instance, ports, ports + 1
        make_certificate(folder)

    def status(self, method: str, path: str, **given: object) -> int:
        """The status of one request from a browser that came from the return page."""
        url = f"https://localhost:{self.https}{path}"
        headers = {"Referer": REFERER}
        certificate = str(self.folder / "certificate.pem")
        return requests.request(method, url, headers=headers, verify=certificate, timeout=30, **given).status_code  # type: ignore[arg-type]

    def raw(self, sent: bytes) -> bytes:
        """Everything that is answered to these bytes, until the line is closed."""
        context = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        with (
            socket.create_connection(("127.0.0.1", self.https), _PATIENCE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as line,
        ):
            line.sendall(sent)
            received = b""
            while chunk := line.recv(4096):
                received += chunk
            return received

    def logs(self) -> str:
        """All that nginx wrote: to its standard error, and to files."""
        return "".join(path.read_text(errors="replace") for path in self.folder.rglob("*.log"))


@contextmanager
def front(folder: Path, instance: int) -> Iterator[Front]:
    """An nginx with that configuration, running."""
    made = Front(folder, instance)
    with nginx_server([instance, instance], folder, made.http, made.https):
        yield made


def _told(logs: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in logs.splitlines() if line.startswith("{")]


def _keeps_the_secret(logs: str) -> bool:
    return not any(part in logs for part in ("secret", "9cD1eF2gH3", "payment_intent", "Referer", "referrer"))


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"", 502),
        (b"HTTP/1.1 200 OK\r\nBad\x00name: 1\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 60_000 + b"\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", 0),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500),
    ],
    ids=["hangs up", "a broken header", "a long header", "half an answer", "fails"],
)
def test_an_instance_that_fails_leaves_no_query_in_nginxs_logs(tmp_path: Path, answer: bytes, status: int) -> None:
    """Nor the Referer; what the operator needs is told: the page, the status, and which instance it was."""
    with upstream(answer) as instance, front(tmp_path, instance) as nginx:
        if status:
            assert nginx.status("GET", PAGE) == status
        else:
            with pytest.raises(requests.RequestException):
                nginx.status("GET", PAGE)

    assert _keeps_the_secret(nginx.logs()), nginx.logs()
    lines = _told(nginx.logs())
    assert [line["path"] for line in lines] == (["/payment-success"] if status else [])
    assert all(f"127.0.0.1:{instance}" in str(line["upstream"]) and line["status"] == status for line in lines)


def test_an_instance_that_is_away_leaves_no_query_in_nginxs_logs(tmp_path: Path) -> None:
    """Refused connections, then nobody left to ask; a secret in the path is not told either."""
    instance = free_port_pair()
    with front(tmp_path, instance) as nginx:
        paths = [PAGE, PAGE.replace("?", "%3F"), f"/api/payments/intent/{SECRET}?{QUERY}", PAGE]
        assert [nginx.status("GET", path) for path in paths] == [502] * 4

    assert _keeps_the_secret(nginx.logs()), nginx.logs()
    assert [line["path"] for line in _told(nginx.logs())] == ["/payment-success", "other", "other", "/payment-success"]


def test_what_nginx_refuses_itself_leaves_no_query_in_its_logs(tmp_path: Path) -> None:
    """Too large, malformed, too long, too slow: each is told by its status alone."""
    head = f"POST {PAGE} HTTP/1.1\r\nHost: localhost\r\nReferer: {REFERER}\r\n".encode()
    refused = {
        "two lengths": (head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        "a broken chunk": (head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        "an unknown encoding": (head + b"Transfer-Encoding: odd\r\n\r\n", b"501"),
        "no host": (f"GET {PAGE} HTTP/1.1\r\nReferer: {REFERER}\r\n\r\n".encode(), b"400"),
        "no protocol": (f"GET {PAGE} nonsense\r\n\r\n".encode(), b"400"),
        "a space in the path": (f"GET /a b{PAGE} HTTP/9.9\r\n\r\n".encode(), b""),
        "a long address": (f"GET {PAGE}&{'a' * 40_000} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), b"414"),
        "a long header": (head + b"X-Long: " + b"a" * 40_000 + b"\r\n\r\n", b"400"),
        "a head that never ends": (head, b""),
        "a body that never comes": (head + b"Content-Length: 10\r\n\r\n", b""),
    }
    with upstream(b"") as instance, front(tmp_path, instance) as nginx:
        assert nginx.status("POST", PAGE, data=b"x" * 1_100_000) == 413
        with ThreadPoolExecutor(len(refused)) as pool:
            answers = dict(zip(refused, pool.map(lambda one: nginx.raw(one[0]), refused.values()), strict=True))

    for name, (_, status) in refused.items():
        assert answers[name].split(b"\r\n")[0].split(b" ")[1:2] == (
            [status] if status else answers[name].split(b" ")[1:2]
        )
    assert _keeps_the_secret(nginx.logs()), nginx.logs()
    told = {line["status"] for line in _told(nginx.logs())}
    assert {413, 400, 501, 414, 408} <= told


def test_the_production_server_writes_no_query_into_its_log(tmp_path: Path) -> None:
    """gunicorn quotes what it cannot read; the app tells the path of what it answers."""
    port, log = free_port_pair(), tmp_path / "log"
    head = f"GET {PAGE} HTTP/1.1\r\nHost: x\r\nReferer: {REFERER}\r\n"
    broken = [
        f"GET {PAGE} HTTP/1.1 {PAGE}\r\nHost: x\r\n\r\n",
        f"GET {PAGE} HTTP/9.9\r\nHost: x\r\n\r\n",
        f"GET{PAGE}\r\n\r\n",
        f"ge?t {PAGE} HTTP/1.1\r\n\r\n",
        f"{head}Content-Length: {SECRET}\r\n\r\n",
        f"{head}Transfer-Encoding: {SECRET}\r\n\r\n",
        f"{head}no colon {QUERY}\r\n\r\n",
        f"{head}Bad Name?{QUERY}: 1\r\n\r\n",
        f"{head}Connection: close\r\n\r\n",
        f"{head.replace('_', '%5F')}Connection: close\r\n\r\n",
    ]
    settings = {"STRIPE_API_BASE": "http://127.0.0.1:9", "WEB_CONCURRENCY": "1"}
    with backend_process(GUNICORN, port, log, **settings):
        for sent in broken:
            with socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS) as line:
                line.sendall(sent.encode())
                line.shutdown(socket.SHUT_WR)
                while line.recv(4096):
                    pass

    text = log.read_text()
    assert "Invalid request from ip=127.0.0.1" in text
    assert "/payment-success" in text
    assert "9cD1eF2gH3" not in text, text
