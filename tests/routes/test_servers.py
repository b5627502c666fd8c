"""The servers that people start: several workers and instances on one Stripe behave as one."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from backend.commands.drill_cases import DRILLS
from backend.sandbox import Sandbox
from tests.processes import GUNICORN, backend_process, command, free_port_pair, sandbox_server

ORDER = {"coachId": "coach-1", "coachName": "Dana", "sport": "golf", "packageType": "package", "packageId": 1}
COACH = {"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "golf"}


class Cluster:
    """Two gunicorn instances of two workers each, on one sandbox; each receives one kind of webhook."""

    def __init__(self, sandbox: Sandbox, ports: list[int]) -> None:
        self.sandbox = sandbox
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.stripe = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base_url})

    def post(self, instance: int, path: str, body: Any) -> requests.Response:
        """A request of a front end to one of the instances."""
        return requests.post(self.urls[instance % 2] + path, json=body, timeout=30)

    def pay(self, intent: Any) -> None:
        """Pay as a browser does."""
        answer = requests.post(
            f"{self.sandbox.base_url}/v1/payment_intents/{intent['id']}/confirm",
            headers={"Authorization": "Bearer pk_test_sandbox"},
            data={
                "client_secret": intent["client_secret"],
                "payment_method": "pm_card_visa",
                "return_url": "http://x.y",
            },
            timeout=30,
        )
        assert answer.ok, answer.text


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Started once: processes are slow to come up."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        ports = [free_port_pair(), free_port_pair()]
        for port in ports:
            variables = {"STRIPE_API_BASE": sandbox.base_url, "WEB_CONCURRENCY": "2"}
            stack.enter_context(backend_process(GUNICORN, port, logs / f"{port}.log", **variables))
        webhook = "http://127.0.0.1:{}/api/webhooks/stripe"
        sandbox.add_webhook(webhook.format(ports[0]), secret="whsec_sandbox")
        sandbox.add_webhook(webhook.format(ports[1]), secret="whsec_sandbox_connect", connect=True)
        yield Cluster(sandbox, ports)


def test_instances_and_workers_agree(cluster: Cluster) -> None:
    """Eight registrations at once make one account; every purchase is paid once; sessions are the same everywhere."""
    with ThreadPoolExecutor(8) as pool:
        registered = list(pool.map(lambda n: cluster.post(n, "/api/connect/create-account", COACH), range(8)))
        accounts = {answer.json()["account"]["id"] for answer in registered if answer.ok}
        assert len(accounts) == 1
        account = accounts.pop()
        requests.post(f"{cluster.sandbox.base_url}/_sandbox/accounts/{account}/onboard", json={}, timeout=30)

        placed = list(pool.map(lambda n: cluster.post(n, "/api/payments/create-intent", ORDER).json(), range(12)))
        intents = [answer["paymentIntent"] for answer in placed]
        list(pool.map(cluster.pay, intents))
        claims = [
            {"paymentIntentId": intent["id"], "coachAccountId": account, "amount": 5400} for intent in intents
        ] * 2
        transfers = list(pool.map(lambda n: cluster.post(n, "/api/connect/transfer", claims[n]), range(24)))
        assert {answer.status_code for answer in transfers} == {200}

        confirms = [{"paymentIntentId": intents[0]["id"], "sessionData": ORDER}] * 8
        sessions = {
            answer.text
            for answer in pool.map(lambda n: cluster.post(n, "/api/payments/confirm", confirms[n]), range(8))
        }
    made = cluster.stripe.v1.transfers.list({"limit": 100}).data
    assert sorted(t.amount for t in made) == [4860] * 12
    assert len(sessions) == 1


def _listeners(port: int) -> int:
    """The number of sockets that listen at a port (Linux: state 0A of proc_net_tcp(5))."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_each_worker_has_one_listener_of_its_own(cluster: Cluster) -> None:
    """A second one would be forgotten when the worker goes, and who waits at it would be reset."""
    assert [_listeners(int(url.rpartition(":")[2])) for url in cluster.urls] == [2, 2]


def test_a_deployment_finishes_the_request_in_flight(cluster: Cluster, tmp_path: Path) -> None:
    """SIGTERM while Stripe is slow: the purchase is answered, then the server ends."""
    port = free_port_pair()
    variables = {"STRIPE_API_BASE": cluster.sandbox.base_url, "WEB_CONCURRENCY": "1"}
    with backend_process(GUNICORN, port, tmp_path / "log", **variables) as server, ThreadPoolExecutor(1) as pool:
        cluster.sandbox.faults.add(match={"path": "/v1/payment_intents"}, stage="before", effect={"delay": 1}, times=1)
        before = len(cluster.sandbox.requests)
        url = f"http://127.0.0.1:{port}/api/payments/create-intent"
        answer = pool.submit(lambda: requests.post(url, json=ORDER, timeout=30))
        while len(cluster.sandbox.requests) == before:
            pass
        server.send_signal(signal.SIGTERM)

        assert answer.result().status_code == 200
        assert server.wait(30) == 0


def test_the_development_server_and_the_demo_work_from_nothing(tmp_path: Path) -> None:
    """``python -m backend`` with no variable set, then ``flask demo``."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        url = f"http://127.0.0.1:{port}"
        demo = command(sys.executable, "-m", "flask", "demo", "--url", url, folder=tmp_path, PORT=str(port))

        assert demo.returncode == 0, demo.stdout + demo.stderr
        assert "Every cent is accounted for." in demo.stdout
        assert "42.52 CAD" in demo.stdout


def test_every_drill_holds(tmp_path: Path) -> None:
    """All of them, as a newcomer runs them."""
    drill = command(sys.executable, "-m", "flask", "drill", folder=tmp_path)

    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert drill.stdout.count("held ") == len(DRILLS)


def test_a_port_in_use_is_said_plainly(tmp_path: Path) -> None:
    """With what to type instead."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        second = command(sys.executable, "-m", "backend", folder=tmp_path, PORT=str(port))

    assert second.returncode == 1
    assert f"Port {port} is in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_two_production_servers_never_share_a_port(tmp_path: Path) -> None:
    """Each would answer some of the requests, with settings of its own."""
    port = free_port_pair()
    with backend_process(GUNICORN, port, tmp_path / "log", STRIPE_API_BASE="http://127.0.0.1:9"):
        second = command(
            sys.executable, *GUNICORN, folder=tmp_path, PORT=str(port), STRIPE_API_BASE="http://127.0.0.1:9"
        )

    assert second.returncode != 0
    assert f"Port {port} is in use" in second.stderr


@pytest.mark.parametrize(
    ("variable", "value"), [("PORT", "http"), ("STRIPE_SECRET_KEY", "oops"), ("APP_ENV", "production")]
)
def test_a_wrong_setting_is_named_at_start(variable: str, value: str, tmp_path: Path) -> None:
    """Without a traceback."""
    started = command(sys.executable, "-m", "backend", folder=tmp_path, **{variable: value})

    assert started.returncode == 1
    assert "Traceback" not in started.stderr
    assert "The configuration is not complete." in started.stderr


@pytest.mark.parametrize(
    "words",
    [["-m", "backend"], ["-m", "flask", "ledger", "pi_1"], GUNICORN],
    ids=["development", "command", "production"],
)
def test_whatever_is_started_with_a_wrong_setting_says_so_in_two_lines(words: list[str], tmp_path: Path) -> None:
    """The two lines name the setting and where to read about it; no traceback, no server."""
    ended = command(sys.executable, *words, folder=tmp_path, APP_ENV="production", STRIPE_SECRET_KEY="sk_test_a")

    assert ended.returncode != 0
    assert ended.stderr.removeprefix("Error: ").splitlines() == [
        "The configuration is not complete. AUTH_MODE: must be set to one of off, optional, required",
        "env.example explains every variable.",
    ]
