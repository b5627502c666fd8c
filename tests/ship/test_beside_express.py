"""Moving from Express, as the guide says: one address, two backends, the real nginx between; and the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug import Request, Response

from tests.conformance.kit import CASES, Stripe, run
from tests.processes import ROOT, backend_process, free_port_pair, served
from tests.ship.machines import make_certificate, nginx_beside_express

pytestmark = pytest.mark.needs("nginx")
GUIDE = (ROOT / "SETUP_GUIDE.md").read_text()


class Express:
    """The backend that was there before: it keeps what it was asked, and answers in its own words."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], int]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        sent = len(request.get_data())
        self.asked.append((request.method, request.path, dict(request.headers), sent))
        at = "2026-11-02T15:00:00.000Z"
        known = {
            "/test": {"message": "Old backend", "timestamp": at, "stripeConfigured": True},
            "/health": {"status": "OK", "timestamp": at, "environment": "old"},
            "/api/conversations": {"by": "express"},
            "/api/upload": {"by": "express", "bytes": sent},
        }
        body = known.get(request.path, {"error": "Not found", "message": "Old backend: no such route."})
        status = 200 if request.path in known else 404
        return Response(json.dumps(body), status, mimetype="application/json")(environ, start_response)


@contextmanager
def express_server() -> Iterator[tuple[Express, int]]:
    """The old backend on a port."""
    old = Express()
    with served(old) as port:
        yield old, port


class Site:
    """One address for both."""

    def __init__(self, folder: Path, old: Express, express: int, payments: int, ports: int) -> None:
        self.folder, self.old, self.express, self.payments, self.ports = folder, old, express, payments, ports
        self.url = f"https://localhost:{ports + 1}"

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        """A request from the world."""
        certificate = str(self.folder / "certificate.pem")
        return requests.request(method, self.url + path, verify=certificate, timeout=30, allow_redirects=False, **given)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The old backend, this one with its sandbox, and nginx in front of both."""
    folder = tmp_path_factory.mktemp("site")
    make_certificate(folder)
    payments, ports = free_port_pair(), free_port_pair()
    with ExitStack() as stack:
        old, express = stack.enter_context(express_server())
        stack.enter_context(backend_process(["-m", "backend"], payments, folder / "log", TRUSTED_PROXIES="1"))
        stack.enter_context(nginx_beside_express(payments, express, folder, ports, ports + 1))
        yield Site(folder, old, express, payments, ports)


def test_the_screens_find_all_that_they_need_at_the_shared_address(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole kit, through nginx; the old backend is asked for nothing that moves money."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(site.folder / "certificate.pem"))
    site.old.asked.clear()

    outcomes = list(run(site.url, Stripe(f"http://127.0.0.1:{site.payments + 1}", "pk_test_sandbox")))

    assert len(outcomes) == len(CASES)
    assert [(one.name, one.problems, one.skipped) for one in outcomes if one.problems or one.skipped] == []
    assert {path for _, path, _, _ in site.old.asked} == {"/test", "/health", "/api/nothing"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/conversations",
        "/api/payments-report",
        "/api/paymentsX",
        "/api/connections",
        "/api/webhooksettings",
        "/payment-success-story",
        "/coach/earnings/archive",
        "/static/app.js",
        "/static/pages.css.map",
        "/",
        "/metrics",
        "/money",
        "/v1/api/payments/refund",
    ],
)
def test_what_is_not_money_is_the_old_backends(site: Site, path: str) -> None:
    """Also what only begins like it."""
    site.old.asked.clear()

    site.ask("GET", path)

    assert [asked[1] for asked in site.old.asked] == [path]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/payments/packages", 200),
        ("/api/payments", 404),
        ("/api/connect/coach/nobody/status", 404),
        ("/api/webhooks/stripe", 405),
        ("/payment-success", 200),
        ("/payment-cancel", 200),
        ("/coach/earnings", 200),
        ("/static/pages.css", 200),
        ("/static/icon.svg", 200),
        ("/static/js/paymentService.js", 200),
    ],
)
def test_money_and_its_pages_are_this_backends(site: Site, path: str, status: int) -> None:
    """With its own answers."""
    site.old.asked.clear()

    answer = site.ask("GET", path)

    assert answer.status_code == status
    assert answer.headers["X-Request-Id"]
    assert site.old.asked == []


def test_a_large_clip_goes_through_and_a_large_body_to_money_does_not(site: Site) -> None:
    """Uploads have no part in payments."""
    clip = b"x" * 5_000_000

    assert site.ask("POST", "/api/upload", data=clip).json()["bytes"] == len(clip)
    assert site.ask("POST", "/api/payments/create-intent", data=clip).status_code == 413


def test_both_are_told_who_asks_and_not_what_the_client_claims(site: Site) -> None:
    """The address and the scheme."""
    site.old.asked.clear()
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http", "Forwarded": "for=203.0.113.7"}

    site.ask("GET", "/api/conversations", headers=forged)

    headers = site.old.asked[0][2]
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == ("127.0.0.1", "https")
    assert "Forwarded" not in headers


def test_a_web_socket_is_opened_at_the_old_backend(site: Site) -> None:
    """Its upgrade is passed on, and nobody else's connection is."""
    site.old.asked.clear()

    site.ask("GET", "/api/conversations", headers={"Upgrade": "websocket", "Connection": "Upgrade"})

    headers = site.old.asked[0][2]
    assert (headers["Upgrade"], headers["Connection"]) == ("websocket", "upgrade")


def test_going_back_is_one_block_less(site: Site, tmp_path: Path) -> None:
    """As the guide says: everything is the old backend's again."""
    make_certificate(tmp_path)
    ports = free_port_pair()

    def go_back(text: str) -> str:
        return re.sub(r"\n        # money:.*# end of money\n", "\n", text, flags=re.DOTALL)

    with nginx_beside_express(site.payments, site.express, tmp_path, ports, ports + 1, go_back):
        site.old.asked.clear()
        url = f"https://localhost:{ports + 1}/api/payments/packages"
        answer = requests.get(url, verify=str(tmp_path / "certificate.pem"), timeout=30)

    assert (answer.status_code, len(site.old.asked)) == (404, 1)


def test_the_guide_names_the_file_and_its_blocks() -> None:
    """So that who follows it finds them."""
    section = GUIDE.split("Moving from Express")[-1]

    assert "deploy/nginx-beside-express.conf" in section
    assert "conformance" in section
    assert "flask coaches adopt" in section
