"""The rules that hold whatever was sent: of the answers, the logs, the memory, and the money."""

from __future__ import annotations

import re
from typing import Any

from tests.chaos.oracle import CURRENCY, PRICES, Sale, StripesBooks, group, share_of
from tests.fuzz.drafts import Case
from tests.fuzz.values import MARK
from tests.fuzz.words import Words
from tests.raw_http import Answer, Exchange

# What no answer may hold: a way into the machine, a key, what only a log may say.
_SECRET = re.compile(rb"Traceback|sk_test_a1|whsec_[ab]1|a-secret-of-thirty-two|metrics-token-of")
_CLIENT_SECRET = re.compile(r"pi_[A-Za-z0-9]+_secret_[A-Za-z0-9]+")
_LOGGED_SECRET = re.compile(
    r"sk_test_a1|whsec_[ab]1|a-secret-of-thirty-two|metrics-token-of|pi_\w+_secret_\w+|eyJ[\w-]+\.eyJ"
)
# A line of the log that tells of a mistake; a 503 is none, and was looked at as an answer.
_MISTAKE = re.compile(r'^(?!.*"Payment provider unavailable").*"level": "(?:error|critical)"')
# What a server refuses before there is a request that could have an id.
_UNREAD = (400, 408, 414, 417, 431)


def faults_of(case: Case, found: Exchange, words: Words) -> list[str]:
    """Everything that is wrong with how a case was answered."""
    wrong = [fault for answer in found.answers for fault in _faults_of(case, answer, words)]
    if found.rest and b"HEAD" not in case.sent:  # whose answer has no body, which the reader cannot know here
        wrong.append(f"what was answered is no HTTP: {found.rest!r}")
    if case.methods is not None:
        answered = len(found.answers) == len(case.methods) or (found.answers and found.answers[-1].closes)
        wrong += [] if answered else [f"{len(case.methods)} requests, {len(found.answers)} answers"]
    return wrong


def _faults_of(case: Case, answer: Answer, words: Words) -> list[str]:
    is_head = b"HEAD" in case.sent
    checks = {
        f"the answer is cut off: {answer.status}": answer.complete or is_head,
        f"the answer holds what is secret: {_excerpt(answer)}": not _SECRET.search(answer.body),
        f"the page shows what was sent: {_excerpt(answer)}": answer.kind != "text/html"
        or MARK.encode() not in answer.body,
        "a header was smuggled in": "X-Evil" not in answer.headers and "Set-Cookie" not in answer.headers,
    }
    own = _of_sandbox(answer, is_head) if case.target == "sandbox" else _of_backend(answer, words, is_head)
    return [sentence for sentence, holds in {**checks, **own}.items() if not holds]


def _of_backend(answer: Answer, words: Words, is_head: bool) -> dict[str, bool]:
    status, document = answer.status, answer.json()
    error = document.get("error") if isinstance(document, dict) else None
    said = error in words.errors and isinstance(document.get("message"), str) and bool(document["message"])
    later = status == 503 and answer.headers.get("Retry-After", "").isdigit()
    return {
        f"{status}: {_excerpt(answer)}": status < 500 or later,
        f"{status} in another shape: {_excerpt(answer)}": status < 400 or said or is_head or answer.kind == "text/html",
        f"{status} without an id": "X-Request-Id" in answer.headers or (status in _UNREAD and answer.closes),
        f"{status} without nosniff": answer.headers.get("X-Content-Type-Options") == "nosniff",
        f"{status} without a policy": "Content-Security-Policy" in answer.headers or status == 304,
    }


def _of_sandbox(answer: Answer, is_head: bool) -> dict[str, bool]:
    status, document = answer.status, answer.json()
    error: Any = document.get("error") if isinstance(document, dict) else None
    said = isinstance(error, dict) and isinstance(error.get("message"), str) and isinstance(error.get("type"), str)
    page = answer.kind == "text/html" and "Content-Security-Policy" in answer.headers
    empty = not answer.body and status in (403, 304, 416)
    return {
        f"{status}: {_excerpt(answer)}": status < 500,
        f"{status} in another shape: {_excerpt(answer)}": status < 400 or said or page or is_head or empty,
        f"{status}: an answer of {len(answer.body)} bytes": status < 400 or len(answer.body) < 20_000,
    }


def _excerpt(answer: Answer) -> str:
    return repr(answer.body[:200])


def faults_of_log(name: str, text: str) -> list[str]:
    """Everything that a log must not hold, with the lines of it."""
    lines = [line[:600] for line in text.splitlines() if "request.bug" in line or _MISTAKE.search(line)]
    wrong = [f"{name} logged: {line}" for line in lines[:5]]
    if "Traceback" in text:
        at = text.index("Traceback")
        wrong.append(f"{name} logged a traceback: {text[max(0, at - 300) : at + 1_500]}")
    found = _LOGGED_SECRET.search(text)
    return wrong + ([f"{name} logged a secret: {found[0][:40]}"] if found else [])


def faults_of_money(books: StripesBooks, sales: list[Sale], told: dict[str, int], at_rest: bool) -> list[str]:
    """Everything that money was moved for without an accepted request. ``told``: amount by refund that was answered.

    ``at_rest``: the sweep has run, so each coach holds exactly the share of what is kept; before, at most that.
    """
    found, right = group(books), {sale.payment_id: sale for sale in sales}
    wrong = [f"{payment}: nobody paid this" for payment in set(found) - set(right)]
    made = {refund["id"]: refund["amount"] for refund in books.all("refunds")}
    if made != told:
        wrong.append(
            f"refunds made but not answered {set(made) - set(told)}, answered but not made {set(told) - set(made)}"
        )
    for sale in sales:
        now, price = found[sale.payment_id], PRICES[sale.package]
        share = share_of(price - now.refunded)
        checks = {
            f"charged {now.charged} for package {sale.package}": now.charged == [(price, CURRENCY)],
            f"refunded {now.refunded} of {price}": now.refunded <= price,
            f"the coach holds {now.held}, but the share is {share}": now.held == share
            if at_rest
            else now.held <= share_of(price),
            f"{now.paid_to} was paid, not {sale.account}": now.paid_to <= {sale.account},
        }
        wrong += [f"{sale.payment_id}: {sentence}" for sentence, holds in checks.items() if not holds]
    return wrong
