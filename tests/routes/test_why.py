"""``flask why`` finds the payment by anything, tells its whole story, and shows no secret."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.routes.explained import ask, explained, text
from tests.routes.test_commands import run

QUERIES: dict[str, Any] = {
    "payment": lambda m, p: p,
    "client secret": lambda m, p: m.stripe.v1.payment_intents.retrieve(p).client_secret,
    "address of the Dashboard": lambda m, p: f"https://dashboard.stripe.com/test/payments/{p}?tab=overview",
    "charge": lambda m, p: m.charge(p),
    "transfer": lambda m, p: m.transfers(p)[0].id,
    "reversal": lambda m, p: m.transfers(p)[0].reversals.data[0].id,
    "refund": lambda m, p: m.refunds(p)[0].id,
    "dispute": lambda m, p: m.stripe.v1.disputes.list({"limit": 1}).data[0].id,
    "account": lambda m, p: str(m.transfers(p)[0].destination),
    "session": lambda m, p: f"session_{p.removeprefix('pi_')}",
    "coach": lambda m, p: "coach-1",
    "email": lambda m, p: "pat@example.com",
    "email in capitals": lambda m, p: "PAT@EXAMPLE.COM",
    "last four digits": lambda m, p: "4242",
}


@pytest.mark.parametrize("kind", QUERIES)
def test_everything_at_hand_leads_to_the_payment(market: Marketplace, refunded: str, kind: str) -> None:
    """One payment, explained, however it is asked for; in a bounded number of calls."""
    query = QUERIES[kind](market, refunded)
    market.forget_calls()

    told = explained(market, query)

    assert told["payment_id"] == refunded
    assert len(market.calls()) <= 25
    assert {call.split()[0] for call in market.calls()} == {"GET"}


def test_the_whole_story_is_told(market: Marketplace, refunded: str) -> None:
    """The story has what was bought and paid, each refund, dispute and transfer with its state, and both shares."""
    said = text(market, refunded)

    for part in (
        "badminton package 1 (5 clips, 3 days) of the coach coach-1 (Dana) for 47.25 CAD",
        "The player paid 47.25 CAD by visa that ends in 4242 on 2026-11-02 15:00 UTC, just now.",
        "of 10.00 CAD, 2026-11-02 15:00 UTC, just now: succeeded.",
        "(fraudulent) of 37.25 CAD",
        "needs_response; it took 37.25 CAD. Answer it in the Dashboard until",
        "42.52 CAD of it was taken back.",
        "The coach should hold 0.00 CAD, and holds 0.00 CAD.",
        "It balances",
    ):
        assert part in said


def test_many_payments_are_the_newest_ten_and_a_number(market: Marketplace) -> None:
    """A line each, newest first."""
    made = []
    for _ in range(12):
        made.append(market.paid(customerEmail="pat@example.com"))
        market.clock.advance(60)
    market.clock.advance(60)

    for query in ("pat@example.com", "coach-1", "4242"):
        report = ask(market, query)
        said = text(market, query)
        assert report["payments"] == made[:1:-1]
        assert re.findall(r"^  (pi_\w+)  2026-", said, re.MULTILINE) == made[:1:-1]
        assert (report["more"], "12 payments:" in said, "and 2 more." in said) == (2, True, True)


def test_a_list_says_of_each_what_waits(market: Marketplace) -> None:
    """One that was damaged does not hide the others."""
    waits, damaged = market.paid(), market.paid()
    market.deliver()
    market.stripe.v1.payment_intents.update(damaged, {"metadata": {"clips": ""}})

    listed = {one["payment_id"]: one["waits"] for one in ask(market, "coach-1")["overviews"]}
    said = text(market, "coach-1")

    assert listed == {waits: "waits: no_account", damaged: "damaged metadata"}
    assert all(words in said for words in listed.values())


def test_a_declined_card_is_found_too(market: Marketplace) -> None:
    """A player asks for the card that did not work; nothing was paid with it."""
    intents = market.buy(), market.buy()
    for intent in intents:
        market.decline(intent)

    report = ask(market, "0002")

    assert set(report["payments"]) == {intent["id"] for intent in intents}
    assert {one["status"] for one in report["overviews"]} == {"requires_payment_method"}


@pytest.mark.parametrize(
    ("query", "looked"),
    [
        ("pi_000000000000000000000000", "the payment pi_000000000000000000000000"),
        ("ch_0000", "the charge ch_0000"),
        ("tr_0000", "the transfer tr_0000"),
        ("trr_0000", "the reversal trr_0000"),
        ("re_0000", "the refund re_0000"),
        ("dp_0000", "the dispute dp_0000"),
        ("acct_0000", "payments to acct_0000"),
        ("nobody@example.com", "nobody@example.com"),
        ("9999", "the newest 1 charges"),
        ("coach-99", 'the coach "coach-99"'),
        ('coach"99\\', "Search"),
    ],
)
def test_nothing_found_says_what_was_looked_for(market: Marketplace, query: str, looked: str) -> None:
    """With exit code 1."""
    market.paid()

    report = ask(market, query)

    assert (report["payments"], looked in report["looked"]) == ([], True), report
    assert "No payment was found." in text(market, query)


def test_a_search_that_is_down_looks_at_the_newest(market: Marketplace) -> None:
    """And says so."""
    payment = market.paid()
    market.fault(
        "GET", "/v1/payment_intents/search", "before", {"status": 500, "body": {"error": {"type": "api_error"}}}, 9
    )

    report = ask(market, "coach-1")

    assert report["explanation"]["payment_id"] == payment
    assert "Search cannot be used now" in report["looked"]


def test_stripe_that_cannot_be_reached_is_one_sentence(market: Marketplace) -> None:
    """No traceback."""
    market.fault("GET", "/v1/.*", "before", "close", times=100)

    code, output = run(market, "why", "pi_3PxNobody00000001")

    assert code == 1
    assert output.startswith("Error: ")
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_no_secret_and_no_address_is_shown(market: Marketplace, refunded: str, words: list[str]) -> None:
    """An email only as it was typed; a client secret not even then."""
    secret = market.stripe.v1.payment_intents.retrieve(refunded).client_secret or ""
    for query in (refunded, "4242", "coach-1", secret):
        _, output = run(market, "why", query, *words)
        assert not re.search(r"example\.com|_secret_|sk_test", output, re.IGNORECASE), query
    assert "pat@example.com" not in run(market, "why", "PAT@example.com", *words)[1]


def test_a_name_cannot_speak_to_the_terminal(market: Marketplace) -> None:
    """Nor forge a line. The Dashboard, or another program, may have written it."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"coachName": "Dana\x1b[2J\nIt balances"}})

    said = text(market, "4242")

    assert "\x1b" not in said
    assert not re.search(r"^It balances", said, re.MULTILINE)
