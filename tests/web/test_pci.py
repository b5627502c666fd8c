"""docs/pci.md tells which scripts the pages load: as many as they really do, and none in production."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.builders import STRIPE, Marketplace

TEXT = (Path(__file__).parents[2] / "docs/pci.md").read_text()
ROWS = {
    page: (production == "yes", re.findall(r"`(.+?)`", scripts))
    for page, production, scripts in re.findall(r"^\| `(/[^`]*)` \| (yes|no) \| (.+?) \|$", TEXT, re.MULTILINE)
}


def _address(market: Marketplace, page: str) -> str:
    """The page of a payment, or of a coach, as somebody opens it."""
    if page == "/coaches/<id>":
        return str(re.findall(r'href="(/coaches/[^"]+)"', market.http.get("/").text)[0])
    if page.startswith("/payment-"):
        intent = market.buy()
        market.pay(intent)
        return f"{page}?payment_intent_client_secret={intent['client_secret']}"
    return page


def _scripts(html: str) -> list[str]:
    """Every script of a page: Stripe's by its address at Stripe, ours by the name of its file."""
    found = [re.search(r'src="([^"]+)"', tag) for tag in re.findall(r"<script[^>]*>", html)]
    assert all(found), "an inline script"
    named = [one[1].replace(STRIPE, "https://js.stripe.com") for one in found if one]
    return [name if "://" in name else name.rpartition("/")[2] for name in named]


@pytest.mark.parametrize("page", ROWS)
def test_the_inventory_is_what_production_loads(market: Marketplace, page: str) -> None:
    """No script at all, by the page and by its policy; a page of development is not there."""
    address = _address(market, page)
    market.go_live()
    answer = market.http.get(address)

    in_production, scripts = ROWS[page]
    assert (answer.status_code == 200) is in_production
    if in_production:
        assert _scripts(answer.text) == scripts == []
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("page", [page for page, (in_production, _) in ROWS.items() if not in_production])
def test_the_inventory_is_what_development_loads(market: Marketplace, page: str) -> None:
    """Script by script."""
    answer = market.http.get(_address(market, page))

    assert answer.status_code == 200
    assert _scripts(answer.text) == ROWS[page][1]


def test_every_page_of_production_is_in_the_inventory(market: Marketplace) -> None:
    """Whatever answers a browser with HTML."""
    market.go_live()
    for rule in market.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments:
            answer = market.http.get(rule.rule)
            if answer.mimetype == "text/html" and answer.status_code == 200:
                assert ROWS[rule.rule][0], rule.rule


def test_every_file_that_it_names_exists() -> None:
    """A link to a file of the repository leads to one."""
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (Path(__file__).parents[2] / "docs" / target).exists(), target
