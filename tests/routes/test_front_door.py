"""The way in: no address is built from what a request says of itself, and every refusal can be read by a browser."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest

from tests.builders import PRODUCTION_ENVIRONMENT, Marketplace
from tests.routes.conftest import Backend
from tests.routes.front_doors import OURS, answered

HTTPS = {**PRODUCTION_ENVIRONMENT, "APP_URL": OURS, "FORCE_HTTPS": "true"}


HOSTS = [
    "evil.example",
    "evil.example:443",
    "pay.example.com.evil.example",
    "pay.example.com@evil.example",
    "evil.example/pay.example.com",
    "evil.example#",
    "evil.example?",
    "evil.example\\",
    "[::1]",
    "[evil",
    "",
    " ",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("path", ["/test", "/api/payments/intent/x?y=1", "/payment-success?payment_intent=pi_1"])
def test_plain_http_is_sent_to_our_own_address(backend: Backend, host: str, path: str) -> None:
    """Whatever the Host header says: a cache or a mail would else carry a link of ours to a stranger's site."""
    answer = backend(HTTPS).get(path, headers={"Host": host})

    assert (answer.status_code, answer.headers["Location"]) == (308, OURS + path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//evil.example", "/evil.example"),
        ("//evil.example/%2e%2e", "/evil.example/.."),
        ("///evil.example", "/evil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/%5Cevil.example", "/%5Cevil.example"),
        ("/%2F%2Fevil.example", "/evil.example"),
        ("/x%0d%0aSet-Cookie:a=b", "/x%0D%0ASet-Cookie:a=b"),
        ("/x?y=%0d%0aSet-Cookie:a=b", "/x?y=%0d%0aSet-Cookie:a=b"),
        ("/@evil.example", "/@evil.example"),
        ("/x%3Fy%23z", "/x%3Fy%23z"),
        ("/\u00e9", "/%C3%A9"),
        ("/%ff", "/%EF%BF%BD"),
        ("/%25", "/%25"),
    ],
)
def test_no_path_leads_away_from_our_own_address(backend: Backend, path: str, location: str) -> None:
    """A path that could be read as a host stays a path of ours, and no line of a header ends."""
    target, _, query = path.partition("?")
    asked = {"PATH_INFO": unquote_to_bytes(target).decode("latin-1"), "QUERY_STRING": query}

    answer = backend(HTTPS).get("/", environ_overrides=asked)

    assert answer.status_code == 308
    assert answer.headers["Location"] == OURS + location
    assert "Set-Cookie" not in answer.headers


def test_an_address_with_a_path_keeps_it(backend: Backend) -> None:
    """A redirect keeps the path of APP_URL, which a proxy takes off."""
    client = backend({**HTTPS, "APP_URL": f"{OURS}/shop"})

    assert client.get("/test").headers["Location"] == f"{OURS}/shop/test"


def test_https_is_asked_for_where_the_address_is_a_developers(backend: Backend) -> None:
    """A redirect from HTTP to HTTP would never end."""
    client = backend({"FORCE_HTTPS": "true", "APP_URL": "http://localhost:3001"})

    assert client.get("/test").headers["Location"] == "https://localhost:3001/test"


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/test",
        "https://evil.example/test",
        "http://evil.example",
        "http://user@evil.example/test",
        "//evil.example/test",
        "/\\evil.example",
        "/test",
        "evil.example",
        "evil.example:443",
        "*",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "CONNECT"])
def test_a_whole_address_as_target_leads_nowhere_else(server: int, method: str, target: str) -> None:
    """As clients send it to a proxy; whoever it names, the answer names us or is a refusal."""
    sent = f"{method} {target} HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    answer = answered(server, sent)

    status, location = answer.split(" ", 2)[1], answer.partition("Location: ")[2].partition("\r\n")[0]
    assert status in ("308", "400", "404", "405")
    assert location.startswith(f"{OURS}/") if status == "308" else not location


def _addresses(market: Marketplace) -> list[tuple[str, str]]:
    """A call of every route, with and without a slash at the end."""
    calls = []
    for rule in market.app.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<path:{argument}>", "js/buy.js").replace(f"<{argument}>", "x")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            calls += [(method, path), (method, path.rstrip("/") if path.endswith("/") else f"{path}/")]
    return calls


def test_no_answer_names_the_host_that_a_request_names(market: Marketplace) -> None:
    """No route, no page, no error and no redirect of the router's."""
    calls = _addresses(market)
    assert len(calls) > 40

    for method, path in calls:
        answer = market.http.open(path, method=method, headers={"Host": "evil.example"}, buffered=True)
        assert "evil.example" not in answer.text + str(answer.headers), (method, path)
        assert answer.status_code not in (301, 302, 307, 308), (method, path)
