"""Several machines: two production instances behind nginx, with TLS and a real Redis, as the guide sets them up."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from backend.sandbox import Sandbox
from tests.builders import PRODUCTION_ENVIRONMENT
from tests.processes import GUNICORN, backend_process, free_port_pair, sandbox_server
from tests.routes.test_servers import COACH, ORDER
from tests.ship.machines import make_certificate, nginx_server, redis_server

pytestmark = pytest.mark.needs("Redis", "nginx")

SECRETS = {"STRIPE_WEBHOOK_SECRET": "whsec_a", "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_b"}
LIMIT = 100


class Site:
    """The site as the world sees it: one address, with a certificate."""

    def __init__(
        self, folder: Path, sandbox: Sandbox, instances: list[subprocess.Popen[bytes]], ports: list[int]
    ) -> None:
        self.sandbox = sandbox
        self.instances = instances
        self.http, self.https, self.redis = ports[2], ports[2] + 1, ports[3]
        self.direct = [f"http://127.0.0.1:{port}" for port in ports[:2]]
        self.url = f"https://localhost:{self.https}"
        self.certificate = str(folder / "certificate.pem")
        self.stripe = stripe.StripeClient("sk_test_a1", base_addresses={"api": sandbox.base_url})

    def request(self, method: str, path: str, **given: Any) -> requests.Response:
        """A request from the world."""
        return requests.request(
            method, self.url + path, verify=self.certificate, timeout=30, allow_redirects=False, **given
        )

    def post(self, path: str, body: Any) -> requests.Response:
        """JSON from a front end, which comes back after a proxy's 502 as the services of ours do, with the same key."""
        key = {"Idempotency-Key": secrets.token_hex(16)}
        answer = self.request("POST", path, json=body, headers=key)
        for _ in range(2):
            if answer.status_code == 502:
                answer = self.request("POST", path, json=body, headers=key)
        return answer

    def paid(self) -> str:
        """A payment that was bought here and paid at Stripe."""
        answer = self.post("/api/payments/create-intent", ORDER)
        assert answer.status_code == 200, answer.text
        intent = answer.json()["paymentIntent"]
        paid = requests.post(
            f"{self.sandbox.base_url}/_sandbox/payment_intents/{intent['id']}/pay",
            json={"card": "4242424242424242"},
            timeout=30,
        )
        assert paid.ok, paid.text
        return str(intent["id"])


@pytest.fixture
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """Two instances in production, nginx, Redis and a sandbox; without limits unless a test is about them."""
    limited = getattr(request, "param", False)
    ports = [free_port_pair() for _ in range(4)]
    make_certificate(tmp_path)
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server("sk_test_a1"))
        stack.enter_context(redis_server(ports[3], tmp_path))
        settings = {
            **PRODUCTION_ENVIRONMENT,
            **SECRETS,
            "STRIPE_API_BASE": sandbox.base_url,
            "RATELIMIT_STORAGE_URI": f"redis://127.0.0.1:{ports[3]}",
            "RATELIMIT_ENABLED": str(limited).lower(),
            "TRUSTED_PROXIES": "1",
            "AUTH_MODE": "off",
        }
        instances = [
            stack.enter_context(backend_process(GUNICORN, port, tmp_path / f"{port}.log", **settings))
            for port in ports[:2]
        ]
        stack.enter_context(nginx_server(ports[:2], tmp_path, ports[2], ports[2] + 1))
        # Stripe does not know the certificate: its deliveries come through the instances' own addresses.
        for port, kind in zip(ports, ("whsec_a", "whsec_b"), strict=False):
            webhook = f"http://127.0.0.1:{port}/api/webhooks/stripe"
            sandbox.add_webhook(webhook, secret=kind, connect=kind == "whsec_b")
        yield Site(tmp_path, sandbox, instances, ports)


def _onboarded(site: Site) -> str:
    account = site.post("/api/connect/create-account", COACH).json()["account"]["id"]
    requests.post(f"{site.sandbox.base_url}/_sandbox/accounts/{account}/onboard", json={}, timeout=30)
    return str(account)


def test_an_instance_that_dies_in_the_middle_costs_nobody_anything(site: Site) -> None:
    """Killed amid forty purchases: whatever was paid is paid out once, whole, and its session opens."""
    account = _onboarded(site)

    def buy(number: int) -> str:
        if number == 12:
            site.instances[0].send_signal(signal.SIGKILL)
        return site.paid()

    with ThreadPoolExecutor(4) as pool:
        payments = list(pool.map(buy, range(40)))
    confirmed = [
        site.post("/api/payments/confirm", {"paymentIntentId": payment, "sessionData": ORDER}) for payment in payments
    ]
    # The dead instance's deliveries come again, as its successor would receive them; a manual transfer settles too.
    claims = [{"paymentIntentId": payment, "coachAccountId": account, "amount": 5400} for payment in payments]
    transferred = [site.post("/api/connect/transfer", claim) for claim in claims]

    assert {answer.status_code for answer in confirmed} == {200}
    assert {answer.status_code for answer in transferred} == {200}
    sent = list(site.stripe.v1.transfers.list({"limit": 100}).auto_paging_iter())
    assert sorted(one.amount for one in sent) == [4860] * len(payments)
    assert {one.metadata["paymentIntentId"] for one in sent} == set(payments)


@pytest.mark.parametrize("site", [True], indirect=True)
def test_the_limit_is_one_for_all_instances_and_workers(site: Site) -> None:
    """A hundred requests, wherever they went; a forged address gains nothing; the webhooks are not counted."""
    claims = {"X-Forwarded-For": "203.0.113.{}", "Forwarded": "for=203.0.113.{}", "X-Real-IP": "203.0.113.{}"}
    asked = []
    for number in range(LIMIT + 20):
        forged = {name: said.format(number) for name, said in claims.items()}
        asked.append(site.request("GET", "/api/payments/intent/x", headers=forged).status_code)

    assert asked == [404] * LIMIT + [429] * 20
    assert site.post("/api/webhooks/stripe", {}).status_code == 400
    assert site.request("GET", "/health").status_code == 200


@pytest.mark.parametrize("site", [True], indirect=True)
def test_without_redis_money_still_flows_and_limits_come_back_with_it(site: Site, tmp_path: Path) -> None:
    """Each worker counts for itself meanwhile, and says once that it does."""
    site.request("GET", "/api/payments/intent/x")
    with socket.create_connection(("127.0.0.1", site.redis)) as line:
        line.sendall(b"SHUTDOWN NOSAVE\r\n")
        assert line.recv(100) == b""
    _onboarded(site)
    assert site.paid()
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    with redis_server(site.redis, tmp_path):
        counted = 0
        while not counted:
            site.request("GET", "/api/payments/intent/x")
            with socket.create_connection(("127.0.0.1", site.redis)) as line:
                line.sendall(b"DBSIZE\r\n")
                counted = int(line.recv(100)[1:])

    assert "Rate limit storage unreachable" in logs
    assert "Traceback" not in logs


def test_nginx_decides_what_is_https(site: Site) -> None:
    """Plain HTTP is sent on, a POST as a POST; who says it is HTTPS and is not believed by neither."""
    plain = f"http://127.0.0.1:{site.http}/api/payments/confirm?a=1"
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on", "Forwarded": "proto=https"}

    for headers in ({}, forged):
        redirected = requests.post(plain, headers=headers, json={}, timeout=30, allow_redirects=False)
        assert redirected.status_code == 308
        assert redirected.headers["Location"] == "https://localhost/api/payments/confirm?a=1"
    through = site.request("GET", "/api/payments/intent/x")
    assert (through.status_code, "max-age=31536000" in through.headers["Strict-Transport-Security"]) == (404, True)
    insecure = site.request("GET", "/api/payments/intent/x", headers={"X-Forwarded-Proto": "http"})
    assert insecure.status_code == 404


@pytest.mark.parametrize("path", ["/metrics", "/ready"])
def test_what_is_for_probes_is_not_for_strangers(site: Site, path: str) -> None:
    """nginx answers by itself."""
    answer = site.request("GET", path)

    assert (answer.status_code, "application/json" in answer.headers["Content-Type"]) == (404, False)


def test_a_body_that_is_too_large_never_reaches_an_instance(site: Site) -> None:
    """413."""
    assert site.request("POST", "/api/webhooks/stripe", data=b"x" * 1_100_000).status_code == 413


def test_a_direct_clients_claim_of_https_is_not_believed_without_a_proxy(tmp_path: Path) -> None:
    """The production server itself believes nobody, not even from this machine."""
    port = free_port_pair()
    settings = {**PRODUCTION_ENVIRONMENT, "STRIPE_API_BASE": "http://127.0.0.1:9", "AUTH_MODE": "off"}
    with backend_process(GUNICORN, port, tmp_path / "log", **settings):
        for headers in ({}, {"X-Forwarded-Proto": "https"}, {"X-Forwarded-Ssl": "on"}, {"X-Forwarded-Protocol": "ssl"}):
            url = f"http://127.0.0.1:{port}/api/payments/intent/x"
            assert requests.get(url, headers=headers, timeout=30, allow_redirects=False).status_code == 308
