"""No page of the web can touch a developer's sandbox, whatever it sends and under whatever name; programs can."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.processes import free_port_pair, sandbox_server
from tests.sandbox.conftest import Platform

FOREIGN = [
    "https://evil.test",
    "http://evil.test:3002",
    "http://localhost.evil.test",
    "http://127.0.0.1.evil.test",
    "null",
]
REBOUND = [
    "evil.test",
    "evil.test:3002",
    "localhost.evil.test",
    "127.0.0.1.evil.test:80",
    "2130706433",
    "0.0.0.0:3002",
    "",
]
KEY = {"Authorization": "Bearer sk_test_sandbox"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def platform() -> Platform:
    """A world with one customer in it, whichever SDK made it."""
    made = Platform()
    made.v1.customers.create({})
    return made


def _unharmed(platform: Platform) -> bool:
    """The customer is there, no endpoint was added, and nothing fails."""
    world = platform.raw("GET", "/_sandbox/faults", key=None).json
    endpoints = platform.v1.webhook_endpoints.list({}).data
    return len(platform.v1.customers.list({}).data) == 1 and not endpoints and not world["faults"]


# What a page can send: forms, plain text, JSON after asking, and nothing but a method.
SENT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "reset": ("POST", "/_sandbox/reset", {}),
    "reset as JSON": ("POST", "/_sandbox/reset", {"json": {}}),
    "a fault as plain text": (
        "POST",
        "/_sandbox/faults",
        {"data": '{"effect": "close"}', "content_type": "text/plain"},
    ),
    "a webhook": ("POST", "/_sandbox/webhooks", {"json": {"url": "http://evil.test"}}),
    "clear": ("DELETE", "/_sandbox/requests", {}),
    "the dashboard's button": ("POST", "/dashboard/do", {"data": {"route": "reset", "given": "{}"}}),
    "the dashboard's faults": ("POST", "/dashboard/faults", {"data": {"effect": "close", "times": "1"}}),
    "an endpoint with the known key": (
        "POST",
        "/v1/webhook_endpoints",
        {"data": {"url": "http://evil.test", "enabled_events[]": "*", "key": "sk_test_sandbox"}},
    ),
    "a customer with the known key": ("POST", "/v1/customers", {"headers": KEY}),
    "v2": ("POST", "/v2/core/accounts", {"headers": KEY, "json": {}}),
}


def _send(platform: Platform, sent: str, headers: dict[str, str]) -> Any:
    method, path, options = SENT[sent]
    return platform.raw(method, path, key=None, **{**options, "headers": {**options.get("headers", {}), **headers}})


@pytest.mark.parametrize("sent", SENT)
@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_site_changes_nothing(platform: Platform, sent: str, origin: str) -> None:
    """403, and no permission to read the answer."""
    answer = _send(platform, sent, {"Origin": origin})

    assert answer.status_code == 403, answer.text
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert _unharmed(platform)


@pytest.mark.parametrize("sent", [name for name, (_, path, _) in SENT.items() if not path.startswith("/v")])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_names_no_origin_says_where_it_is(platform: Platform, sent: str, site: str) -> None:
    """Another port of this machine is another site too, for everything but the API."""
    assert _send(platform, sent, {"Sec-Fetch-Site": site}).status_code == 403
    assert _send(platform, sent, {"Origin": "http://localhost:3001"}).status_code == 403
    assert _unharmed(platform)


@pytest.mark.parametrize("host", REBOUND)
@pytest.mark.parametrize(
    "path", ["/", "/_sandbox/state", "/_sandbox/reset", "/v1/customers", "/v3/", "/dashboard/customers"]
)
def test_a_name_that_only_leads_here_is_not_answered(platform: Platform, host: str, path: str) -> None:
    """DNS rebinding: the browser takes it for the same site, so the name alone gives it away."""
    for method in ("GET", "POST"):
        answer = platform.raw(method, path, headers={"Host": host})
        assert (answer.status_code, "does not answer" in answer.text) == (403, True), answer.text
    assert _unharmed(platform)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:3002", "127.0.0.1:3002", "127.9.9.9", "[::1]:3002", "a.localhost", "STRIPE.test"]
)
def test_this_machines_own_names_are_answered(platform: Platform, host: str) -> None:
    """And the one that it was given as its address."""
    assert platform.raw("GET", "/v1/customers", headers={"Host": host}).status_code == 200
    assert (
        platform.raw("POST", "/_sandbox/clock", key=None, json={"advance": 1}, headers={"Host": host}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_the_control_path_takes_json_that_says_so(platform: Platform, content_type: str | None) -> None:
    """A body of a form's type is refused with the type to send; without a body no type is needed."""
    answer = platform.raw("POST", "/_sandbox/clock", key=None, data=b'{"advance": 1}', content_type=content_type)

    assert (answer.status_code, "application/json" in answer.text) == (400, True)
    assert platform.raw("POST", "/_sandbox/reset", key=None).status_code == 200


@pytest.mark.parametrize("path", ["/_sandbox/reset", "/dashboard/do", "/", "/setup/s/x"])
@pytest.mark.parametrize("origin", ["https://evil.test", "http://localhost:5173"])
def test_only_the_api_may_be_asked_for(platform: Platform, path: str, origin: str) -> None:
    """The question that a browser asks before it sends JSON is answered with no."""
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = platform.raw("OPTIONS", path, key=None, headers=asked)

    assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (403, False)


def test_a_shop_on_another_port_may_call_the_api_and_another_site_may_not(platform: Platform) -> None:
    """As Stripe.js does; reading is calling too."""
    for origin, allowed in (
        ("http://localhost:3001", True),
        ("http://127.0.0.1:5173", True),
        ("https://evil.test", False),
    ):
        asked = platform.raw("OPTIONS", "/v1/customers", key=None, headers={"Origin": origin})
        read = platform.raw("GET", "/v1/customers", headers={"Origin": origin})
        assert (asked.status_code, read.status_code) == ((204, 200) if allowed else (403, 403))
        assert (
            ("Access-Control-Allow-Origin" in asked.headers)
            is ("Access-Control-Allow-Origin" in read.headers)
            is allowed
        )


@pytest.mark.parametrize(
    "path", ["/", "/dashboard/customers", "/_sandbox/state", "/_sandbox/coverage", "/setup/s/x", "/nowhere"]
)
def test_no_other_page_frames_what_stands_alone(platform: Platform, path: str) -> None:
    """The dashboard's buttons are not to be pressed through somebody's transparent frame."""
    answer = platform.raw("GET", path, key=None)

    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_shop_may_frame_the_card_and_the_banks_question_and_load_the_script(platform: Platform) -> None:
    """These are made to stand in another's page."""
    for path in ("/elements/card", "/3d_secure/pi_x/y", "/v3/"):
        answer = platform.raw("GET", path, key=None)
        assert "X-Frame-Options" not in answer.headers
        assert "frame-ancestors" not in answer.headers.get("Content-Security-Policy", "")


def test_a_sandbox_that_others_reach_answers_under_the_names_it_is_given(tmp_path: Path) -> None:
    """As in a network of containers: by --allow-host, and by no other name."""
    port = free_port_pair()
    words = ["-m", "backend.sandbox", "--port", str(port), "--allow-host", "stripe", "--allow-host", "Box.internal"]
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "listens" in process.stdout.readline()
        found = {
            host: requests.get(
                f"http://127.0.0.1:{port}/_sandbox/clock", headers={"Host": host}, timeout=30
            ).status_code
            for host in ("stripe:3002", "box.internal", "other.internal", "localhost")
        }
        process.terminate()

    assert found == {"stripe:3002": 200, "box.internal": 200, "other.internal": 403, "localhost": 200}


def test_what_an_old_client_sends_without_a_host_is_answered() -> None:
    """No browser does."""
    with sandbox_server() as sandbox:
        port = int(sandbox.base_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 30) as line:
            line.sendall(b"GET /_sandbox/clock HTTP/1.0\r\n\r\n")
            answer = b""
            while chunk := line.recv(4096):
                answer += chunk

    assert "now" in json.loads(answer.partition(b"\r\n\r\n")[2])
