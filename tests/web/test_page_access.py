"""The pages that a player returns to are shown only to the payment's holder, and keep secrets to themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.config.settings import load_settings
from tests.builders import PRODUCTION_ENVIRONMENT, Marketplace
from tests.web.return_pages import PAGES, look

NOTHING_FOUND = {"/payment-success": "We could not find your payment", "/payment-cancel": "No payment was made"}


def _without_secret(intent: Any) -> Iterator[dict[str, str]]:
    yield {"payment_intent_client_secret": ""}
    yield {"payment_intent_client_secret": intent["client_secret"][:-1] + "x"}
    yield {"payment_intent_client_secret": f"{intent['id']}_secret_<script>alert(1)</script>"}
    yield {"payment_intent_client_secret": "pi_0000000000000000_secret_0000000000000000"}
    yield {"payment_intent_client_secret": "é" * 40}


@pytest.mark.parametrize("path", PAGES)
def test_who_holds_only_the_id_is_shown_nothing(market: Marketplace, path: str) -> None:
    """A wrong secret looks the same as no payment, and nothing of the address is repeated."""
    intent = market.buy(coachName="Dana Reyes")
    market.pay(intent)

    for changes in _without_secret(intent):
        page = look(market, intent, path, redirect_status="<script>alert(1)</script>", **changes)
        assert page.status_code == 200
        assert NOTHING_FOUND[path] in page.text
        for hidden in ("Dana", "47.25", "alert", intent["id"]):
            assert hidden not in page.text, changes


@pytest.mark.parametrize("path", PAGES)
def test_names_are_text_and_no_markup(market: Marketplace, path: str) -> None:
    """Whoever chose them."""
    intent = market.buy(coachName="<img src=x onerror=alert(1)>")
    market.pay(intent)

    page = look(market, intent, path).text

    assert "<img" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize("path", PAGES)
def test_a_payment_of_somebody_elses_is_not_found(market: Marketplace, path: str) -> None:
    """Sold by another app of the same Stripe account."""
    foreign = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"})

    page = look(market, {"id": foreign.id, "client_secret": foreign.client_secret}, path)

    assert NOTHING_FOUND[path] in page.text


def test_a_stripe_that_is_down_is_said_with_a_way_on(market: Marketplace) -> None:
    """Not a blank page: the money is safe, and the page can be opened again."""
    intent = market.buy()
    market.pay(intent)
    market.sandbox.faults.add(match={"method": "GET"}, stage="before", effect="server_error")

    page = look(market, intent)

    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "try again" in page.text.lower()
    assert page.headers["Retry-After"]


def test_pages_are_kept_by_no_cache_and_load_nothing_foreign(market: Marketplace) -> None:
    """And tell nobody where their visitor came from: the address holds the secret."""
    intent = market.buy()
    page = look(market, intent)
    policy = page.headers["Content-Security-Policy"]

    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_the_secret_of_the_address_is_in_no_log(market: Marketplace, capsys: pytest.CaptureFixture[str]) -> None:
    """It opens the payment to whoever reads it."""
    intent = market.buy()
    look(market, intent)

    assert "secret_" not in capsys.readouterr().err


@pytest.mark.parametrize("path", [*PAGES, "/coach/earnings"])
def test_in_production_the_pages_are_there_without_scripts(path: str) -> None:
    """With the app's own name, and no way into the storefront."""
    name = {"APP_NAME": "Clip & Coach"}
    market = Marketplace(now=1_793_631_600)
    app = market.another_backend(load_settings({**PRODUCTION_ENVIRONMENT, **name}, env_file=None))
    answer = app.test_client().get(path, base_url="https://api.example.com")

    assert answer.status_code == 200
    assert "Clip &amp; Coach" in answer.text
    assert "<script" not in answer.text
    assert "/money" not in answer.text


@pytest.mark.parametrize("path", ["/", "/money", "/money/pi_000000000000", "/coaches/sample-dana"])
def test_in_production_there_is_no_storefront(path: str) -> None:
    """The addresses do not exist."""
    market = Marketplace(now=1_793_631_600)
    app = market.another_backend(load_settings(PRODUCTION_ENVIRONMENT, env_file=None))

    assert app.test_client().get(path, base_url="https://api.example.com").status_code == 404


@pytest.mark.parametrize(
    ("keys", "script"),
    [
        ({}, "http://127.0.0.1:3002/v3/"),
        ({"STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_PUBLISHABLE_KEY": "pk_test_x"}, "https://js.stripe.com/v3/"),
    ],
)
def test_the_card_is_entered_at_the_stripe_that_is_configured(keys: dict[str, str], script: str) -> None:
    """The sandbox's script, or with keys Stripe's own; the policy admits that one and no other."""
    market = Marketplace(now=1_793_631_600)
    app = market.another_backend()
    app.config["SETTINGS"] = load_settings(keys, env_file=None)
    page = app.test_client().get("/coaches/sample-dana")
    policy = page.headers["Content-Security-Policy"]
    host = script.removesuffix("/v3/")

    assert f'<script defer src="{script}">' in page.text
    assert f"script-src 'self' {host}" in policy
    assert f"frame-src {host}" in policy
    assert ("127.0.0.1" in policy) is not bool(keys)


def test_without_a_publishable_key_the_page_says_what_is_missing(market: Marketplace) -> None:
    """And does not offer to pay."""
    app = market.another_backend()
    app.config["SETTINGS"] = load_settings({"STRIPE_SECRET_KEY": "sk_test_x"}, env_file=None)
    page = app.test_client().get("/coaches/sample-dana").text

    assert "Set STRIPE_PUBLISHABLE_KEY" in page
    assert "buy.js" not in page


def test_the_return_pages_have_the_limits_of_the_api(market: Marketplace) -> None:
    """They ask Stripe on a stranger's word; who is refused is told so on a page."""
    limited = market.another_backend(replace(market.settings, ratelimit_enabled=True)).test_client()
    answers = [limited.get("/payment-cancel") for _ in range(501)]

    assert [answer.status_code for answer in answers[499:]] == [200, 429]
    assert answers[500].mimetype == "text/html"
    assert "Please wait a little" in answers[500].text
    assert int(answers[500].headers["Retry-After"]) > 0
