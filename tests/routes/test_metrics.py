"""Metrics are guarded, right with several workers, and without an id in any label."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from backend.observability.metrics import operation_of
from tests.builders import Marketplace
from tests.processes import GUNICORN, backend_process, free_port_pair, sandbox_server
from tests.routes.test_servers import COACH, ORDER, Cluster

TOKEN = "a-token-for-prometheus"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Reading = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> Reading:
    """Every sample, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(reading: Reading, name: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    return sum(value for (known, its), value in reading.items() if known == name and its >= labels.items())


@pytest.fixture
def watched(market: Marketplace) -> Callable[[], Reading]:
    """Reads the metrics of a marketplace; what other tests of this process counted is in them too."""
    market.settings = market.settings.__class__(**{**market.settings.__dict__, "metrics_token": TOKEN})
    market.app = market.another_backend()
    market.http = market.app.test_client()
    return lambda: parse(market.http.get("/metrics", headers=BEARER).text)


def test_without_a_token_there_are_no_metrics(market: Marketplace) -> None:
    """A 404, as for any other address."""
    assert market.http.get("/metrics").status_code == 404


@pytest.mark.parametrize("header", [None, "Bearer wrong", TOKEN, "Bearer ", f"Basic {TOKEN}", "Bearer \xff"])
def test_whoever_has_not_the_token_reads_nothing(
    market: Marketplace, watched: Callable[[], Reading], header: str | None
) -> None:
    """401."""
    answer = market.http.get("/metrics", headers={"Authorization": header} if header is not None else {})

    assert (answer.status_code, answer.json["error"]) == (401, "Unauthorized")


def test_the_money_is_counted_in_cents(market: Marketplace, watched: Callable[[], Reading]) -> None:
    """A purchase, a redelivery that moves nothing, and a refund that takes a part back."""
    market.ready_coach()
    before = watched()
    payment = market.paid()
    market.deliver()
    market.settle(payment)
    market.refund(payment, amount=1000)
    market.deliver()
    after = watched()

    def more(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert more("payments_intents_total", currency="cad") == 1
    assert (more("payments_transfers_total"), more("payments_transferred_cents_total", currency="cad")) == (1, 4252)
    assert (more("payments_refunded_cents_total"), more("payments_taken_back_cents_total")) == (1000, 900)
    assert more("payments_settlements_total", state="settled") >= 3


def test_webhooks_are_counted_by_their_outcome(market: Marketplace, watched: Callable[[], Reading]) -> None:
    """Handled, ignored and failed; a type that nobody listens to has no name of its own; and how late they came."""
    market.ready_coach()
    before = watched()
    market.paid()
    market.fault("POST", "/v1/transfers", "before", "rate_limit")
    market.clock.advance(120)
    market.deliver()
    after = watched()

    def more(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert more("payments_webhooks_total", type="payment_intent.succeeded", outcome="failed") == 1
    assert more("payments_webhooks_total", type="other", outcome="ignored") >= 1
    assert more("payments_webhook_lag_seconds_bucket", le="60.0") == 0
    assert more("payments_webhook_lag_seconds_bucket", le="300.0") > 0
    assert not total(after, "payments_webhooks_total", type="charge.succeeded")


@pytest.mark.parametrize(
    ("method", "url", "operation"),
    [
        ("POST", "https://api.stripe.com/v1/payment_intents", "POST /v1/payment_intents"),
        ("GET", "http://x/v1/payment_intents/pi_3Px?expand[]=a", "GET /v1/payment_intents/{id}"),
        ("POST", "http://x/v1/transfers/tr_1P/reversals", "POST /v1/transfers/{id}/reversals"),
        ("GET", "http://x/v1/payment_intents/search", "GET /v1/payment_intents/search"),
        ("GET", "http://x/v1/products/coach_0f3a", "GET /v1/products/{id}"),
    ],
)
def test_a_call_is_named_without_its_ids(method: str, url: str, operation: str) -> None:
    """Or there would be a series for each payment."""
    assert operation_of(method, url) == operation


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One production server of two workers, on a sandbox."""
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        port = free_port_pair()
        variables = {"STRIPE_API_BASE": sandbox.base_url, "WEB_CONCURRENCY": "2", "METRICS_TOKEN": TOKEN}
        stack.enter_context(backend_process(GUNICORN, port, logs / "log", **variables))
        webhook = f"http://127.0.0.1:{port}/api/webhooks/stripe"
        sandbox.add_webhook(webhook, secret="whsec_sandbox")
        sandbox.add_webhook(webhook, secret="whsec_sandbox_connect", connect=True)
        yield Cluster(sandbox, [port, port])


def scrape(cluster: Cluster) -> Reading:
    """The metrics that any worker gives."""
    return parse(requests.get(f"{cluster.urls[0]}/metrics", headers=BEARER, timeout=30).text)


def test_any_worker_answers_for_all_of_them(cluster: Cluster) -> None:
    """Forty requests over many connections are forty, whoever is asked, and also after a worker was killed."""
    before = total(scrape(cluster), "payments_http_requests_total", route="/test")
    for _ in range(40):
        requests.get(f"{cluster.urls[0]}/test", timeout=30)

    readings = [scrape(cluster) for _ in range(8)]
    workers = {pid for pid in _children(cluster) if pid}
    os.kill(min(workers), signal.SIGKILL)
    # What waits at the listener of a killed worker is reset, until the listener is gone with it.
    while Path(f"/proc/{min(workers)}").exists():
        threading.Event().wait(0.02)
    readings.append(scrape(cluster))

    counted = {total(one, "payments_http_requests_total", route="/test") - before for one in readings}
    assert counted == {40}


def test_calls_to_stripe_are_counted_with_their_retries_and_refusals(cluster: Cluster) -> None:
    """A registration whose first call meets a 429 that the SDK repeats."""
    before = scrape(cluster)
    cluster.sandbox.faults.add(
        match={"method": "POST", "path": "/v1/accounts"}, stage="before", effect="lock_timeout", times=1
    )

    assert cluster.post(0, "/api/connect/create-account", COACH).ok
    assert cluster.post(0, "/api/payments/create-intent", ORDER).ok
    after = scrape(cluster)

    def more(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert more("payments_stripe_calls_total", operation="POST /v1/accounts", status="429") == 1
    assert more("payments_stripe_calls_total", operation="POST /v1/accounts", status="200") == 1
    assert (more("payments_stripe_retries_total"), more("payments_stripe_throttled_total")) == (1, 1)
    assert more("payments_stripe_call_seconds_count", operation="POST /v1/payment_intents") == 1
    assert total(after, "payments_requests_in_flight") == 0


def test_no_label_holds_an_id_or_a_word_of_the_clients(cluster: Cluster) -> None:
    """Series stay few: neither ids nor unknown addresses, methods or event types are names of their own."""
    requests.request("BREW", f"{cluster.urls[0]}/nowhere/{'x' * 50}", timeout=30)
    requests.get(f"{cluster.urls[0]}/api/payments/intent/pi_000000000000000000", timeout=30)

    labels = {value for _, its in scrape(cluster) for _, value in its}
    assert [
        label for label in labels if re.search(r"(pi|acct|cus|ch|tr|evt)_[A-Za-z0-9]*[0-9]|nowhere|BREW", label)
    ] == []


def _children(cluster: Cluster) -> list[int]:
    """The workers' process ids: those that listen beside the one that started them (Linux)."""
    port = int(cluster.urls[0].rpartition(":")[2])
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "environ").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if f"PORT={port}".encode() in words and parent != os.getpid():
            found.append(int(folder.name))
    return found
