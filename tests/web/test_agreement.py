"""The map, the list, ``flask why``, ``flask ledger`` and ``flask doctor`` say the same of one payment, in every state."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from backend.services.operators.diagnosis import examine
from backend.services.operators.standings import Standing, Standings
from tests.builders import Marketplace
from tests.routes.test_commands import run
from tests.routes.test_ledger import hand_transfer


def _paid(market: Marketplace) -> str:
    payment = market.paid()
    market.deliver()
    return payment


def _settled(market: Marketplace) -> str:
    market.ready_coach()
    return _paid(market)


def _part_refunded(market: Marketplace) -> str:
    payment = _settled(market)
    market.refund(payment, amount=1000)
    market.deliver()
    return payment


def _refunded(market: Marketplace) -> str:
    payment = _settled(market)
    market.refund(payment)
    market.deliver()
    return payment


def _disputed(market: Marketplace) -> str:
    payment = _settled(market)
    market.dispute(payment)
    market.deliver()
    return payment


def _not_ready(market: Marketplace) -> str:
    market.register()
    return _paid(market)


def _owed_back(market: Marketplace) -> str:
    """The coach was paid out, so the coach's balance does not cover what has to come back."""
    market.ready_coach()
    intent = market.buy()
    market.pay(intent, "pm_card_bypassPending")
    market.deliver()
    market.clock.advance(2 * 86_400)
    market.refund(intent["id"])
    market.deliver()
    return str(intent["id"])


def _gone(market: Marketplace) -> str:
    """The account is rejected after the purchase, before the money could be sent."""
    account = market.register()
    payment = market.paid()
    market.control("POST", f"/accounts/{account}/reject")
    market.deliver()
    return payment


def _gone_since(market: Marketplace) -> str:
    """The note is from before the account was rejected."""
    account = market.register()
    payment = _paid(market)
    market.control("POST", f"/accounts/{account}/reject")
    return payment


def _not_adopted(market: Marketplace) -> str:
    market.ready_coach()
    payment = market.node_payment()
    market.deliver()
    return payment


def _adopted(market: Marketplace) -> str:
    payment = _not_adopted(market)
    run(market, "reconcile", payment, "--adopt")
    return payment


def _by_hand(market: Marketplace) -> str:
    payment = _paid(market)
    run(market, "settle", payment, "--manual")
    return payment


def _unclear(market: Marketplace) -> str:
    account = market.ready_coach()
    payment = market.paid()
    hand_transfer(market, payment, account, also="pi_another")
    market.deliver()
    return payment


def _damaged(market: Marketplace) -> str:
    payment = _settled(market)
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": ""}})
    return payment


def _cart(market: Marketplace) -> str:
    return str(market.buy()["id"])


# How each state comes about, its standing, and the state that flask why gives it.
STATES: dict[str, tuple[Any, Standing, str]] = {
    "settled": (_settled, Standing.SETTLED, "balances"),
    "part refunded": (_part_refunded, Standing.SETTLED, "balances"),
    "refunded": (_refunded, Standing.REFUNDED, "balances"),
    "disputed": (_disputed, Standing.DISPUTED, "balances"),
    "held, no account": (_paid, Standing.HELD, "waits"),
    "held, not ready": (_not_ready, Standing.HELD, "waits"),
    "owed back": (_owed_back, Standing.OWED_BACK, "takes_back"),
    "gone account": (_gone, Standing.HELD, "waits"),
    "gone since": (_gone_since, Standing.HELD, "waits"),
    "not adopted": (_not_adopted, Standing.NOT_ADOPTED, "not_ours"),
    "adopted": (_adopted, Standing.SETTLED, "balances"),
    "by hand": (_by_hand, Standing.BY_HAND, "manual"),
    "unclear": (_unclear, Standing.UNCLEAR, "unclear"),
    "damaged": (_damaged, Standing.UNCLEAR, "unreadable"),
    "cart": (_cart, Standing.CART, "not_paid"),
}


def _why(market: Marketplace, payment: str) -> dict[str, Any]:
    explanation: dict[str, Any] = json.loads(run(market, "why", payment, "--json")[1])["explanation"]
    return explanation


def _standing(market: Marketplace, payment: str) -> Standing:
    services = market.app.extensions["payments"]
    rows = Standings(services.client, services.registry).newest().rows
    return next(row.standing for row in rows if row.payment_id == payment)


def _page(market: Marketplace, payment: str) -> str:
    return html.unescape(market.http.get(f"/money/{payment}").text)


@pytest.mark.parametrize("state", STATES)
def test_the_list_and_why_put_a_payment_in_the_same_place(market: Marketplace, state: str) -> None:
    """One word for both."""
    make, standing, why_state = STATES[state]
    payment = make(market)

    assert (_standing(market, payment), _why(market, payment)["state"]) == (standing, why_state)


@pytest.mark.parametrize("state", STATES)
def test_the_map_says_what_why_says(market: Marketplace, state: str) -> None:
    """The same verdict, the same next step, the same command to type."""
    payment = STATES[state][0](market)
    told, page = _why(market, payment), _page(market, payment)

    assert told["verdict"] in page
    assert told["next"] in page or told["next"] == "Nothing."
    assert told["command"] in page


@pytest.mark.parametrize("state", STATES)
def test_the_ledger_gives_the_reason_that_why_gives(market: Marketplace, state: str) -> None:
    """In words and as a command; where it cannot be told, both say why."""
    payment = STATES[state][0](market)
    told = _why(market, payment)

    code, output = run(market, "ledger", payment, "--json")
    books = json.loads(output)

    if told["state"] in ("unclear", "unreadable"):
        assert (code, books["balances"], books["reason"]) == (1, None, told["reason"])
        return
    assert books["owed"] == told["waits"]
    assert (books["meaning"], books["command"]) == (
        told["meaning"] or None,
        (told["command"] or None) if told["meaning"] else None,
    )
    assert code == (0 if told["waits"] == 0 else 3)


@pytest.mark.parametrize("state", STATES)
def test_the_map_draws_what_the_ledger_counts(market: Marketplace, state: str) -> None:
    """The coach's bands add up to what the coach holds, and the player's and the bank's to what went back."""
    payment = STATES[state][0](market)
    books = json.loads(run(market, "ledger", payment, "--json")[1])
    if books["balances"] is None or not books["charged"]:
        assert "<figure" not in _page(market, payment)
        return

    figure = _page(market, payment).split("<figure")[-1]
    bands = {name: int(text.replace(".", "")) for name, text in _BAND.findall(figure)}

    assert sum(cents for name, cents in bands.items() if name in _OF_COACH) == books["held"]
    assert bands.get("Owed back by the coach", 0) == max(0, -books["owed"])
    assert bands.get("Kept for the coach", 0) == max(0, books["owed"])
    assert bands.get("Back with the player", 0) == books["refunded"]
    assert bands.get("Taken by the player's bank", 0) == books["disputed"]


_BAND = re.compile(r'<li><span>(.*?)</span> <b class="amount">(.*?) CAD</b>')
_OF_COACH = (
    "In the coach's balance, not available yet",
    "In the coach's balance or bank",
    "In a payout to the coach's bank",
    "Owed back by the coach",
)


@pytest.mark.parametrize("state", STATES)
def test_doctor_counts_the_reason_that_why_names(market: Marketplace, state: str) -> None:
    """Once the sweep has been there: no payment waits for doctor that does not wait for why, and the other way round."""
    payment = STATES[state][0](market)
    if state != "gone since":
        market.reconcile()
    else:
        market.reconcile([payment])
    market.clock.advance(600)  # Search lags
    told = _why(market, payment)

    services = market.app.extensions["payments"]
    found = [one for one in examine(services.client, [], False, services.now) if one.about == "money that waits"]
    counted = set(re.findall(r"\d+ ([a-z_]+)", found[0].text.partition("(")[2]))

    waits = told["state"] in ("waits", "takes_back", "unclear", "unreadable")
    assert counted == ({told["reason"]} if waits else set())


def test_the_list_has_each_payment_once_under_its_meaning(market: Marketplace) -> None:
    """A payment that needs somebody comes first; a payment is in one group only."""
    held, settled = _paid(market), ""
    market.ready_coach("coach-2")
    settled = market.paid("coach-2")
    market.deliver()

    page = market.http.get("/money").text
    assert (page.count(held), page.count(settled)) == (1, 1)
    assert page.index("Kept for the coach") < page.index(held) < page.index("Settled") < page.index(settled)
