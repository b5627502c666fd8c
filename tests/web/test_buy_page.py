"""The page on which a player buys: what it costs, what is bought and until when, who charges it, and how it is given back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from backend.config.env import SettingsError
from backend.config.settings import load_settings
from backend.domain.decline_advice import ADVICE
from tests.builders import Marketplace

PAGE = "/coaches/sample-dana"
TERMS = "Half of it back within a week."


def text_of(html: str) -> str:
    """The text that a reader sees: without tags, each run of white space one space."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"</?(?:span|b)\b[^>]*>", "", html)))


def buy_page(market: Marketplace, **changes: Any) -> str:
    """The page, as a backend with these settings serves it."""
    app = market.another_backend(replace(market.settings, **changes))
    answer = app.test_client().get(PAGE)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_the_button_says_what_will_be_charged(market: Marketplace) -> None:
    """The price of what is chosen at first; each choice has its own beside it."""
    page = buy_page(market)

    assert "Pay 47.25 CAD" in text_of(page)
    assert re.findall(r'data-amount="([^"]+)"', page) == ["47.25 CAD", "54.00 CAD", "60.75 CAD", "94.50 CAD"]


def test_what_is_bought_and_until_when_is_said(market: Marketplace) -> None:
    """Counted from the moment of payment, which is about now."""
    page = text_of(buy_page(market))

    assert "5 clips, reviewed by Dana Reyes" in page
    assert "5 November 2026, 3 days from payment" in page


def test_nothing_that_is_charged_once_sounds_as_if_it_renewed(market: Marketplace) -> None:
    """The subscription of the catalogue is one charge: until renewals exist, it says so."""
    page = text_of(buy_page(market))

    assert "50 clips 30 days, does not renew" in page
    for shown in (page, text_of(market.http.get("/").text)):
        assert not re.search(r"every month|by the month|monthly|per month|subscri", shown, re.IGNORECASE)


def test_the_days_of_the_subscription_are_the_catalogues(market: Marketplace) -> None:
    """Whatever its length."""
    offers = tuple(replace(one, days=90) if one.package_id is None else one for one in market.settings.catalogue.offers)

    page = text_of(buy_page(market, catalogue=replace(market.settings.catalogue, offers=offers)))

    assert "90 days, does not renew" in page


def test_who_charges_is_named_as_the_card_statement_names_it(market: Marketplace) -> None:
    """The account's own name: a line of the statement that nobody recognises is disputed."""
    name = market.stripe.v1.accounts.retrieve_current().settings
    assert name is not None
    assert name.payments.statement_descriptor

    assert f"as {name.payments.statement_descriptor} on your card statement" in text_of(buy_page(market))


def test_a_stripe_that_is_down_leaves_the_statements_name_out(market: Marketplace) -> None:
    """And the page is there."""
    market.fault("GET", "/v1/account", "before", "server_error", times=10)

    assert "card statement" not in buy_page(market)


def test_the_refund_terms_are_the_operators(market: Marketplace) -> None:
    """As they are set, as text; and those of the sample shop where none are."""
    assert TERMS in buy_page(market, refund_terms=TERMS)
    assert "&lt;b&gt;none" in buy_page(market, refund_terms="<b>none")
    assert "Your money back" in buy_page(market)


def test_the_price_list_has_the_refund_terms(market: Marketplace) -> None:
    """A front end shows the operator's own; null where there are none."""
    told = [
        market.another_backend(replace(market.settings, refund_terms=terms))
        .test_client()
        .get("/api/payments/packages")
        .json["refundTerms"]
        for terms in (TERMS, "")
    ]

    assert told == [TERMS, None]


def test_the_receipts_address_is_explained(market: Marketplace) -> None:
    """With test keys Stripe sends no mail, and a person who waits for one should know."""
    live = replace(market.settings, stripe_secret_key="sk_live_x", stripe_publishable_key="pk_live_x")

    assert "With test keys Stripe sends no mail" in text_of(buy_page(market))
    app = market.another_backend()
    app.config["SETTINGS"] = live
    assert "Stripe sends your receipt there." in text_of(app.test_client().get(PAGE).text)


def test_the_advice_for_each_decline_is_in_the_page(market: Marketplace) -> None:
    """The page's script shows it; there is one table of it, the backend's."""
    (data,) = re.findall(r'data-advice="([^"]*)"', buy_page(market))

    assert json.loads(unescape(data)) == ADVICE


def test_without_script_a_sentence_says_what_is_needed(market: Marketplace) -> None:
    """Nothing else tells why the button does nothing."""
    (told,) = re.findall(r"<noscript>(.*?)</noscript>", buy_page(market), re.DOTALL)

    assert "JavaScript" in told


@pytest.mark.parametrize("terms", ["x" * 501, "two\nlines", "a\tb", "\u202ereversed"])
def test_terms_that_no_page_can_show_are_refused_at_start(terms: str) -> None:
    """Named by the setting."""
    with pytest.raises(SettingsError, match="REFUND_TERMS: must be"):
        load_settings({"REFUND_TERMS": terms}, env_file=None)
