"""A short run of the fuzz, whose oracle is tried on answers and books that are wrong; `make fuzz` is the long one."""

from __future__ import annotations

from dataclasses import replace
from email.message import Message
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.oracle import Sale, StripesBooks
from tests.fuzz.drafts import Case
from tests.fuzz.oracle import faults_of, faults_of_log, faults_of_money
from tests.fuzz.run import Fuzz, make_case
from tests.fuzz.tokens import Purse
from tests.fuzz.town import town
from tests.fuzz.words import Operation, Words
from tests.raw_http import Answer, Exchange

CASES = 1_500
SEED = 20_261_125


def test_no_hostile_request_breaks_anything(tmp_path: Path) -> None:
    """No 5xx but one that says when to come back, no traceback, an answer for each whole request, every cent in its place."""
    with town(tmp_path, sales=6) as attacked:
        report = Fuzz(attacked, SEED).run(CASES)

    assert report.cases == CASES
    assert not report.failures, "\n".join(report.failures)


def test_a_case_follows_from_its_seed_and_number() -> None:
    """So that one that failed can be sent again by itself. Signatures and tokens tell the time."""
    words = Words(
        [Operation("POST", "/api/payments/refund", (), {"amount": 1})], payments=["pi_1"], secrets=["pi_1_secret_1"]
    )
    words.accounts, words.stripes, words.control_routes = (
        ["acct_1"],
        [("POST", "/v1/customers")],
        [("POST", "/_sandbox/clock")],
    )
    words.events = [({"id": "evt_1", "type": "payment_intent.succeeded"}, "whsec_a1")]
    purse = Purse()

    made = [
        [(one.target, one.kind, one.methods) for one in (make_case(words, purse, seed, n) for n in range(200))]
        for seed in (1, 1, 2)
    ]

    assert made[0] == made[1] != made[2]


class Canned(StripesBooks):
    """The books of one package of golf that was paid, of which one dollar was refunded."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        charge = {
            "id": "ch_1",
            "payment_intent": "pi_1",
            "status": "succeeded",
            "amount_captured": 5_400,
            "currency": "cad",
        }
        refund = {"id": "re_1", "payment_intent": "pi_1", "status": "succeeded", "amount": 100}
        transfer = {"metadata": {}, "source_transaction": "ch_1", "destination": "acct_1", "amount": 4_860}
        self.kinds: dict[str, list[dict[str, Any]]] = {
            "charges": [charge],
            "refunds": [refund],
            "transfers": [{**transfer, "amount_reversed": 90}],
        }

    def all(self, kind: str, account: str = "") -> list[dict[str, Any]]:
        """Every object of a kind."""
        return self.kinds[kind]


SALE, TOLD = Sale("pi_1", "acct_1", 1), {"re_1": 100}


def test_books_that_are_right_are_left_alone() -> None:
    """5,300 cents are kept, of which the fee is 530."""
    assert faults_of_money(Canned(), [SALE], TOLD, at_rest=True) == []


@pytest.mark.parametrize(
    ("sales", "told", "sentence"),
    [
        ([], TOLD, "nobody paid this"),
        ([SALE], {}, "refunds made but not answered"),
        ([SALE], {**TOLD, "re_2": 1}, "answered but not made"),
        ([replace(SALE, account="acct_2")], TOLD, "was paid, not acct_2"),
        ([replace(SALE, package=2)], TOLD, "for package 2"),
    ],
)
def test_money_that_moved_without_an_accepted_request_is_found(
    sales: list[Sale], told: dict[str, int], sentence: str
) -> None:
    """A payment that nobody made, a refund that was not answered, a share that is another's."""
    assert sentence in "\n".join(faults_of_money(Canned(), sales, told, at_rest=True))


@pytest.mark.parametrize("reversed_amount", [89, 91])
def test_a_cent_too_much_or_too_little_is_found(reversed_amount: int) -> None:
    """At rest each coach holds exactly the share."""
    books = Canned()
    books.kinds["transfers"][0]["amount_reversed"] = reversed_amount

    assert "but the share is 4770" in "\n".join(faults_of_money(books, [SALE], TOLD, at_rest=True))


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer of the backend with the headers that all have."""
    message: Message = HTTPMessage()
    fixed = {"X_Request_Id": "a", "X_Content_Type_Options": "nosniff", "Content_Security_Policy": "x"}
    for name, value in {**fixed, "Content_Type": "application/json", **headers}.items():
        message[name.replace("_", "-")] = value
    return Answer(status, message, body)  # type: ignore[arg-type]


GOOD = b'{"error": "Not found", "message": "There is nothing."}'
WRONG: dict[str, list[Answer]] = {
    "a bug": [answer(500, GOOD)],
    "busy without a word when to come back": [answer(503, GOOD)],
    "an error in another shape": [answer(404, b'{"error": "Not found"}')],
    "an error that nobody documents": [answer(404, b'{"error": "Oops", "message": "a"}')],
    "an error that is no JSON": [answer(400, b"Bad Request")],
    "a secret": [answer(200, b'{"key": "whsec_a1"}')],
    "a traceback": [answer(200, b"Traceback (most recent call last)")],
    "a page that shows what was sent": [answer(200, b"<p><fuzz onload=x></p>", Content_Type="text/html")],
    "a header that was smuggled in": [answer(200, b"{}", X_Evil="1")],
    "half an answer": [replace(answer(200, b"{"), complete=False)],
    "no answer": [],
}


@pytest.mark.parametrize("answers", WRONG.values(), ids=WRONG)
def test_an_answer_that_is_wrong_is_found(answers: list[Answer]) -> None:
    """The oracle is no decoration."""
    case = Case(1, "keys", "call", b"GET / HTTP/1.1\r\n\r\n", ("GET",))

    assert faults_of(case, Exchange(answers), Words(errors=frozenset(["Not found"])))
    assert not faults_of(case, Exchange([answer(404, GOOD)]), Words(errors=frozenset(["Not found"])))


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        '{"event": "request.bug"}',
        '{"level": "error"}',
        "pi_1_secret_a",
        "sk_test_a1",
    ],
)
def test_a_log_that_is_wrong_is_found(line: str) -> None:
    """A log line that must not be there is found, for what happened and for what it writes down."""
    assert faults_of_log("keys", f"fine\n{line}\n")
    assert not faults_of_log("keys", '{"event": "request", "level": "info"}\n')
