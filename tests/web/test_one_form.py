"""The pages together: one form of a date, no words of the program's, and an answer for a wrong address."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.builders import Marketplace

_MONTHS = "January February March April May June July August September October November December".split()
_DATE = re.compile(
    rf"\b[0-9]{{1,2}} (?:{'|'.join(_MONTHS)})( [0-9]{{4}})?\b(, [0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?( UTC)?)?"
)
# Everything else that a date is written as: by machines, with short months, or with slashes.
_OTHER = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}|[0-9]+/[0-9]+/[0-9]+|[0-9] (?:{'|'.join(m[:3] for m in _MONTHS if m != 'May')})\b"
)


def _texts(html: str) -> str:
    """The text that is seen: no markup, and no example for a shell."""
    return re.sub(r"<pre.*?</pre>|<style.*?</style>|<[^>]+>", "\n", html, flags=re.DOTALL)


def _lived(market: Marketplace) -> list[str]:
    """A marketplace where everything has happened; answers with the addresses of its pages."""
    market.ready_coach("sample-dana")
    payments = []
    for refunded in (0, 1_000, None):
        intent = market.buy("sample-dana", playerName="Pat")
        market.pay(intent, "pm_card_bypassPending")
        market.deliver()
        if refunded != 0:
            assert market.refund(intent["id"], **({"amount": refunded} if refunded else {})).status_code == 200
        payments.append(intent)
    market.clock.advance(3 * 86_400)
    market.deliver()
    payments.append(market.buy("sample-dana"))
    market.paid("sample-lee")
    market.deliver()
    receipts = [f"/payment-success?payment_intent_client_secret={one['client_secret']}" for one in payments]
    maps = [f"/money/{one['id']}" for one in payments]
    coaches = ["/coach/earnings?coach=sample-dana", "/coach/earnings?coach=sample-lee"]
    return [*receipts, *maps, *coaches, "/coaches/sample-dana", "/money", "/money/statement"]


def test_every_page_spells_dates_in_one_form(market: Marketplace) -> None:
    """Day, month in full, year; with a time of day, UTC is named."""
    found: dict[str, list[Any]] = {}
    dates = 0
    for path in _lived(market):
        answer = market.http.get(path)
        assert answer.status_code == 200
        text = _texts(answer.text)
        timed = [one for one in _DATE.finditer(text) if one[2] and not one[4]]
        found[path] = [one[0] for one in (*_OTHER.finditer(text), *timed)]
        dates += len(_DATE.findall(text))

    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert dates > 30


def test_an_order_that_was_not_paid_is_not_called_bought(market: Marketplace) -> None:
    """The receipt of a paid one is."""
    cart, bought = market.buy(), market.buy()
    market.pay(bought)

    pages = [
        market.http.get(f"/payment-success?payment_intent_client_secret={one['client_secret']}").text
        for one in (cart, bought)
    ]

    assert ["<dt>Bought</dt>" in page for page in pages] == [False, True]
    assert ["<dt>Order</dt>" in page for page in pages] == [True, False]


def test_an_unpaid_payments_map_says_why_in_words(market: Marketplace) -> None:
    """Not Stripe's word for the state."""
    page = _texts(market.http.get(f"/money/{market.buy()['id']}").text)

    assert "The player has not paid. Nothing was charged." in page
    assert "requires payment method" not in page


def test_carts_say_what_they_wait_for_in_words(market: Marketplace) -> None:
    """In the list of payments too."""
    market.buy()
    page = _texts(market.http.get("/money").text)

    assert "not paid" in page
    assert "requires" not in page


def test_the_remark_about_the_coachs_balance_stands_only_where_it_is_meant(market: Marketplace) -> None:
    """A payment whose share waits has no money of the coach's in its picture."""
    held = market.paid("coach-without-account")
    market.deliver()
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_card_bypassPending")
    market.deliver()

    pages = [market.http.get(f"/money/{one}").text for one in (held, intent["id"])]

    assert ["“Balance or bank”" in page for page in pages] == [False, True]


@pytest.mark.parametrize(
    ("path", "accept", "is_page"),
    [
        ("/mony", "text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("/coaches/nobody", "text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("/mony", "*/*", False),
        ("/mony", "application/json", False),
        ("/api/payments/nothing", "text/html,*/*;q=0.8", False),
    ],
)
def test_a_wrong_address_is_a_page_for_a_person_and_json_for_a_program(
    market: Marketplace, path: str, accept: str, is_page: bool
) -> None:
    """Both are a 404."""
    answer = market.http.get(path, headers={"Accept": accept})

    assert (answer.status_code, answer.mimetype) == (404, "text/html" if is_page else "application/json")
    assert "Not found" in answer.text
