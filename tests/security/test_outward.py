"""The lines that go out of the backend: only to Stripe and the sign-in, over TLS that is checked, and no further."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
import stripe
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug import Request, Response

from backend.config.settings import load_settings
from backend.server import create_app
from backend.stripe_client.client import build_client
from tests.builders import PRODUCTION_ENVIRONMENT, Marketplace
from tests.conftest import NOW
from tests.processes import GUNICORN, backend_process, free_port_pair, served
from tests.routes.test_commands import run
from tests.security.tokens import ADMIN, PLAYER, bearer, with_sign_in
from tests.ship.machines import make_certificate

KEY = rsa.generate_private_key(65_537, 2_048)


class Recorder:
    """A server that notes what it is asked, and answers always the same."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        self.status, self.headers = status, headers
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append((request.path, dict(request.headers)))
        return Response("{}", self.status, self.headers, content_type="application/json")(environ, start_response)


@contextmanager
def _served(app: Recorder, context: ssl.SSLContext | None = None) -> Iterator[str]:
    with served(app, context) as port:
        yield f"{'https' if context else 'http'}://localhost:{port}"


def _context(folder: Path, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if version is not None:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def _stripe_at(address: str) -> stripe.StripeClient:
    return build_client(replace(load_settings({}, env_file=None), stripe_api_base=address))


def test_a_stripe_whose_certificate_nobody_vouches_for_is_not_asked(tmp_path: Path) -> None:
    """Nothing of the request, and so nothing of the key, reaches it."""
    fake = Recorder()
    with _served(fake, _context(tmp_path)) as address, pytest.raises(stripe.APIConnectionError):
        _stripe_at(address).v1.balance.retrieve()

    assert fake.asked == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "asked"), [(ssl.TLSVersion.TLSv1_1, 0), (ssl.TLSVersion.TLSv1_2, 1), (ssl.TLSVersion.TLSv1_3, 1)]
)
def test_only_tls_of_today_is_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion, asked: int
) -> None:
    """Though the certificate is trusted."""
    fake, trusted = Recorder(), str(tmp_path / "certificate.pem")
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, trusted)
    monkeypatch.setattr(stripe, "ca_bundle_path", trusted)
    with _served(fake, _context(tmp_path, version)) as address, suppress(stripe.APIConnectionError):
        _stripe_at(address).v1.balance.retrieve()

    assert len(fake.asked) == asked


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["read", "write"])
def test_a_redirect_is_not_followed(status: int, method: str) -> None:
    """Stripe sends none. Whoever sends one would be told of the customer, and answer in Stripe's name."""
    elsewhere = Recorder()
    with _served(elsewhere) as there, _served(Recorder(status, Location=f"{there}/taken")) as here:
        client = _stripe_at(here).v1
        call: dict[str, Any] = {
            "read": client.balance.retrieve,
            "write": lambda: client.customers.create({"email": "pat@example.com"}),
        }
        with pytest.raises(stripe.StripeError):
            call[method]()

    assert elsewhere.asked == []


def test_signing_keys_are_not_fetched_from_whom_nobody_vouches_for(tmp_path: Path) -> None:
    """Keys behind a certificate that nobody vouches for are not fetched: they would decide who is signed in."""
    fake = Recorder()
    with _served(fake, _context(tmp_path)) as address:
        settings = load_settings({}, env_file=None)
        auth = replace(settings.auth, mode="required", jwks_url=f"{address}/keys", audience="a", issuer="i")
        client = create_app(replace(settings, auth=auth)).test_client()
        token = jwt.encode({**ADMIN, "exp": int(time.time()) + 60}, KEY, "RS256", {"kid": "k"})
        answer = client.get("/api/connect/account/x", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 503
    assert fake.asked == []


def test_a_callers_token_goes_nowhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Stripe is asked with the platform's key alone; the log and the answer do not have it either."""
    market = Marketplace(now=NOW)
    client = market.another_backend(with_sign_in(market.settings)).test_client()
    headers = bearer(PLAYER)
    sent: list[str] = []
    line = market.line.request

    def noted(*given: Any, **named: Any) -> Any:
        sent.append(repr((given, named)))
        return line(*given, **named)

    monkeypatch.setattr(market.line, "request", noted)

    answer = client.post("/api/payments/create-intent", json=market.order(), headers=headers)

    secret = headers["Authorization"].removeprefix("Bearer ")
    assert answer.status_code == 200
    assert sent
    for text in (*sent, answer.text, str(answer.headers), capsys.readouterr().err):
        assert secret not in text


def test_an_address_in_a_body_is_never_asked() -> None:
    """A coach's web page goes to Stripe as text; nothing here opens it."""
    market = Marketplace(now=NOW)
    account = market.register()
    bait = Recorder()
    with _served(bait) as address:
        page = address.replace("localhost", "127.0.0.1") + "/latest/meta-data"
        answers = [
            market.http.put(f"/api/connect/account/{account}", json={"business_profile": {"url": page}}),
            market.http.get("/payment-success", query_string={"next": page, "return_url": page}),
            market.http.get("/health", headers={"X-Forwarded-Host": page, "Referer": page, "Origin": address}),
        ]

    assert [answer.status_code for answer in answers][1:] == [200, 200]
    assert answers[0].status_code in (200, 400)
    assert bait.asked == []


def test_the_server_speaks_tls_itself_where_the_way_to_it_is_not_private(tmp_path: Path) -> None:
    """Started as the guide says for a proxy on another machine; a client that does not know the certificate refuses."""
    port, certificate = free_port_pair(), make_certificate(tmp_path)
    words = [*GUNICORN[:-1], "--certfile", str(certificate), "--keyfile", str(tmp_path / "key.pem"), GUNICORN[-1]]
    settings = {"STRIPE_API_BASE": "http://127.0.0.1:9", "WEB_CONCURRENCY": "1"}
    with backend_process(words, port, tmp_path / "log", **settings):
        known = requests.get(f"https://localhost:{port}/health", verify=str(certificate), timeout=30)
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"https://localhost:{port}/health", timeout=30)
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"http://localhost:{port}/health", timeout=30)

    assert known.json()["status"] == "OK"


@pytest.mark.parametrize(("scheme", "first"), [("rediss", b"\x16"), ("redis", b"*")])
def test_a_redis_on_the_way_to_which_others_listen_is_spoken_to_by_tls(scheme: str, first: bytes) -> None:
    """The first byte on the line is that of a handshake, and a Redis that cannot do it is not asked."""
    with socket.create_server(("127.0.0.1", 0)) as ear:
        ear.settimeout(30)
        uri = f"{scheme}://127.0.0.1:{ear.getsockname()[1]}"
        settings = load_settings(
            {**PRODUCTION_ENVIRONMENT, "FORCE_HTTPS": "false", "RATELIMIT_STORAGE_URI": uri}, env_file=None
        )
        caller = threading.Thread(target=lambda: create_app(settings).test_client().get("/api/connect/account/x"))
        caller.start()
        line, _ = ear.accept()
        with line:
            line.settimeout(30)
            heard = line.recv(1)
        caller.join(30)

    assert heard == first


@pytest.mark.parametrize(("trusted", "level"), [(True, "warning"), (False, "problem")])
def test_doctor_looks_at_the_certificate_as_a_browser_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool, level: str
) -> None:
    """One that nobody vouches for is a problem, and one that ends tomorrow is a warning."""
    market = Marketplace(now=NOW)
    with _served(Recorder(), _context(tmp_path)) as address:
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        market.settings = replace(market.settings, app_url=address)
        market.app = market.another_backend()
        code, output = run(market, "doctor", "--outside", "--strict", "--json")

    (told,) = (one for one in json.loads(output) if one["about"] == "certificate")
    assert (told["level"], code) == (level, 1)
    assert address in told["text"]


def test_doctor_says_when_nobody_is_at_the_address() -> None:
    """Nothing is there, or it is no HTTPS."""
    market = Marketplace(now=NOW)
    for address in ("https://127.0.0.1:1", "http://127.0.0.1:1"):
        market.settings = replace(market.settings, app_url=address)
        market.app = market.another_backend()
        (told,) = (
            one for one in json.loads(run(market, "doctor", "--outside", "--json")[1]) if one["about"] == "certificate"
        )
        assert told["level"] == "problem"
