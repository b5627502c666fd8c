"""The rules that a browser is given with each answer: policies, types, isolation, caches, and that there is no cookie."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.config.settings import load_settings
from tests.builders import PRODUCTION_ENVIRONMENT, Marketplace
from tests.conftest import NOW
from tests.programs import NODE

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "backend/web/static"
SITE = "https://api.example.com"
ONE_YEAR = 31_536_000

# One address of each kind, in production: an answer of the API, its refusals, a page, a file, the reference.
ADDRESSES = [
    ("GET", "/health", 200),
    ("GET", "/test", 200),
    ("POST", "/api/payments/refund", 400),
    ("GET", "/api/connect/account/x", 404),
    ("GET", "/nowhere", 404),
    ("DELETE", "/api/payments/refund", 405),
    ("OPTIONS", "/api/payments/refund", 200),
    ("POST", "/api/webhooks/stripe", 400),
    ("GET", "/payment-success", 200),
    ("GET", "/payment-cancel", 200),
    ("GET", "/coach/earnings", 200),
    ("GET", "/docs", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/static/pages.css", 200),
    ("GET", "/static/icon.svg", 200),
    ("GET", "/static/js/paymentService.js", 200),
    ("GET", "/static/js/paymentService.d.ts", 200),
    ("GET", "/static/nothing.js", 404),
]
PAGES = ["/payment-success", "/payment-cancel", "/coach/earnings", "/docs"]
SHOP = ["/", "/money", "/money/pi_000000000000", "/coaches/sample-dana"]


@pytest.fixture(scope="module")
def production() -> FlaskClient:
    """A backend in production, with HTTPS forced, as it is by default."""
    market = Marketplace(now=NOW)
    client: FlaskClient = market.another_backend(load_settings(PRODUCTION_ENVIRONMENT, env_file=None)).test_client()
    return client


def _open(client: FlaskClient, method: str, path: str) -> TestResponse:
    body: Any = {} if method == "POST" else None
    answer: TestResponse = client.open(path, method=method, base_url=SITE, buffered=True, json=body)
    return answer


def _directives(answer: TestResponse) -> dict[str, str]:
    policy = answer.headers["Content-Security-Policy"]
    return {name: sources for name, _, sources in (part.strip().partition(" ") for part in policy.split(";"))}


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES, ids=[f"{a[0]} {a[1]}" for a in ADDRESSES])
def test_every_answer_tells_the_browser_what_it_may_do(
    production: FlaskClient, method: str, path: str, status: int
) -> None:
    """HTTPS for a year on all subdomains, no guessing of types, no frame, no plugin, no base, no referrer, no cookie."""
    answer = _open(production, method, path)
    policy = _directives(answer)

    assert answer.status_code == status
    seconds = re.search(r"max-age=(\d+)", answer.headers["Strict-Transport-Security"])
    assert seconds is not None
    assert int(seconds[1]) >= ONE_YEAR
    assert "includeSubDomains" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy.get("object-src", "'none'") == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES, ids=[f"{a[0]} {a[1]}" for a in ADDRESSES])
def test_only_what_other_sites_may_use_can_be_embedded_by_them(
    production: FlaskClient, method: str, path: str, status: int
) -> None:
    """The files of the front-end services; an answer of the API or a page is no picture and no script of theirs."""
    answer = _open(production, method, path)

    expected = "cross-origin" if path.startswith("/static/") else "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == expected


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shares_its_window_with_nobody(production: FlaskClient, path: str) -> None:
    """A page that opened it, or that it opens, has no hold on it."""
    assert _open(production, "GET", path).headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES, ids=[f"{a[0]} {a[1]}" for a in ADDRESSES])
def test_every_body_names_its_type_and_its_characters(
    production: FlaskClient, method: str, path: str, status: int
) -> None:
    """JSON is UTF-8 by its own standard; what is text says so."""
    answer = _open(production, method, path)
    if not answer.data:
        return

    kind = answer.headers["Content-Type"]
    assert kind == "application/json" or kind.endswith("charset=utf-8"), kind
    expected = {"css": "text/css", "svg": "image/svg+xml", "js": "text/javascript", "ts": "text/plain"}
    suffix = path.rpartition(".")[2]
    if status == 200 and suffix in expected:
        assert answer.mimetype == expected[suffix]
    assert (answer.mimetype == "text/html") is (path in PAGES)


@pytest.mark.parametrize("path", [*PAGES, *SHOP])
def test_a_page_uses_nothing_but_html_styles_and_modules(market: Marketplace, path: str) -> None:
    """No plugin, no inline script or style, no handler in an attribute; scripts of our own or Stripe's."""
    page = market.http.get(path).text

    assert not re.search(r"<(?:object|embed|applet|iframe|base|marquee)\b", page)
    assert not re.search(r"\son[a-z]+=|\sstyle=|javascript:|\bdata:", page)
    for tag in re.findall(r"<script\b[^>]*>(?!</script>)|<style\b", page):
        raise AssertionError(tag)
    for address in re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)=["']([^"']+)""", page):
        own = address.startswith("/static/")
        stripes = address.startswith(
            (market.settings.stripe_api_base or "-", "http://stripe.test/", "https://js.stripe.com/")
        )
        assert own or stripes, address


@pytest.mark.parametrize("path", PAGES)
def test_a_page_in_production_has_no_script_at_all(production: FlaskClient, path: str) -> None:
    """Nor may it run one: there is nothing for an injected script to stand on."""
    answer = _open(production, "GET", path)

    assert "<script" not in answer.text
    assert "script-src" not in _directives(answer)


SCRIPTS = sorted(STATIC.rglob("*.js"))
# Of the storefront, which is not there in production.
DEVELOPMENT = {"buy.js", "coach.js", "money.js", "receipt.js"}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_of_ours_writes_text_and_runs_no_text(path: Path) -> None:
    """No markup out of values, no code out of text, no message from another window, no JSONP."""
    text = path.read_text()

    for habit in (
        r"\beval\s*\(",
        r"new Function\b",
        r"\b(?:inner|outer)HTML\s*\+?=(?!=)",
        r"insertAdjacentHTML",
        r"document\.write",
        r"set(?:Timeout|Interval)\(\s*[\"'`]",
        r"createElement\([\"']script",
        r"addEventListener\(\s*[\"']message[\"']",
        r"\bonmessage\b",
        r"document\.cookie",
        r"\bvar\s",
    ):
        assert not re.search(habit, text), habit


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_browser_keeps_nothing_of_a_person(path: Path) -> None:
    """The services store nothing. The storefront keeps the key of a purchase and a sample coach's id, for one tab, and for a
    day which payment bought what.
    """
    text = path.read_text()
    stored = re.findall(r"(localStorage|indexedDB|caches|sessionStorage)\b", text)

    allowed = {name: {"sessionStorage"} for name in DEVELOPMENT} | {"purchases.js": {"localStorage"}}
    assert set(stored) <= allowed.get(path.name, set())
    for kept in re.findall(r"localStorage\.setItem\((.+)\)\)\);", text):
        assert kept == "PREFIX + what, JSON.stringify({ payment, at: Date.now() }"
    for name in re.findall(r"sessionStorage\.setItem\(([^,]+),", text):
        assert name in ("name", '"coach"'), name


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_name_from_outside_becomes_a_property(path: Path) -> None:
    """Prototypes are out of reach: no deep merge, no ``__proto__``, and a computed name is written only from a list of ours."""
    text = path.read_text()

    assert not re.search(r"__proto__|\.prototype\b|setPrototypeOf|\bfor\s*\(\s*(?:const|let)\s+\w+\s+in\b", text)
    assert not re.findall(r"\w\[[^\]\"'`0-9]+\]\s*=(?!=)", text)


@pytest.mark.needs(NODE)
def test_a_key_of_a_purchase_is_random_enough() -> None:
    """128 bits: where nobody signs in, who guesses the key of a purchase could ask for what it answered."""
    script = f"""
        import {{ createKey }} from "{(STATIC / "js/stripeConfig.js").as_uri()}";
        for (let n = 0; n < 400; n += 1) console.log(createKey());
    """
    words = ["node", "--input-type=module", "-e", script]
    keys = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.split()

    assert len(set(keys)) == 400
    for place in zip(*keys, strict=True):
        assert set(place) == set("0123456789abcdef")  # no bit is always the same
    assert {len(key) for key in keys} == {32}
