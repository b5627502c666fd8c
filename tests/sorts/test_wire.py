"""Every route about coaches answers alike for an account of either make, to the letter, at every stage of its life."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from backend.domain.account_requests import AccountTerms, ConnectAccounts
from tests.builders import Marketplace
from tests.conftest import NOW

CONNECT = "/api/connect"
COACH = {"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "badminton", "country": "CA"}
PROFILE = {"business_profile": {"url": "https://dana.example.org"}, "individual": {"first_name": "Dana"}}
# Ids are random, and an address that Stripe gives is opaque.
_OWN = re.compile(r"\b(acct|pi|tr|po|ba|txn|ch|py)_[A-Za-z0-9]+|(?<=\"url\": \")[^\"]+")
_DAY = 86_400


class Record:
    """Answers of the routes, in their order, and the routes that were asked."""

    def __init__(self, make: ConnectAccounts) -> None:
        self.market = Marketplace(now=NOW, account_terms=AccountTerms(make))
        self.account_id = ""
        self.answers: list[tuple[str, int, str]] = []
        self.asked: set[tuple[str, str]] = set()

    def ask(self, method: str, path: str, body: Any = None, **values: str) -> Any:
        """Ask one route; ``path`` is written as Flask's rule for it."""
        rule, _, query = path.partition("?")
        address = re.sub(r"<(\w+)>", lambda name: values.get(name[1]) or self._known(name[1]), rule)
        sent = {} if body is None else {"json": body}
        answer = self.market.http.open(CONNECT + address + (query and f"?{query}"), method=method, **sent)
        said = _OWN.sub(lambda found: found[1] or "address", json.dumps(answer.json, sort_keys=True))
        self.answers.append((f"{method} {path}", answer.status_code, said))
        self.asked.add((method, CONNECT + rule))
        return answer.json

    def _known(self, name: str) -> str:
        return {"account_id": self.account_id, "coach_id": "coach-1"}[name]

    def reads(self) -> None:
        """Ask every route that changes nothing about the coach."""
        for path in ("/account/<account_id>", "/account/<account_id>/balance", "/account/<account_id>/payouts"):
            self.ask("GET", path)
        for path in ("status", "onboarding-link", "transfers"):
            self.ask("GET", f"/coach/<coach_id>/{path}")
        for path in ("login-link", "onboarding-link"):
            self.ask("POST", f"/account/<account_id>/{path}", {})

    def writes(self) -> None:
        """Register again, as the screens do, and change what a coach may change."""
        self.ask("POST", "/start-onboarding", COACH)
        self.ask("POST", "/create-account", {**COACH, "email": "someone@example.com"})
        self.ask("POST", "/create-account", {**COACH, "country": "US"})
        self.ask("PUT", "/account/<account_id>", PROFILE)
        self.ask("PUT", "/account/<account_id>", {"individual": {"first_name": "Pat"}})

    def sell(self) -> None:
        """Sell one package, and claim its transfer: at the right price, at another, and for another coach."""
        intent = self.market.buy()
        self.ask("POST", "/transfer", {**self._claim(intent["id"]), "amount": intent["amount"]})
        self.market.pay(intent)
        self.market.deliver()
        self.ask("POST", "/transfer", {**self._claim(intent["id"]), "amount": intent["amount"]})
        self.ask("POST", "/transfer", {**self._claim(intent["id"]), "amount": 1})
        self.market.post("/api/payments/refund", {"paymentIntentId": intent["id"], "amount": 725})
        self.market.deliver()

    def _claim(self, payment_id: str) -> dict[str, Any]:
        return {"paymentIntentId": payment_id, "coachAccountId": self.account_id}


def _life(make: ConnectAccounts) -> Record:
    """A coach registers, sells before and after onboarding, is paid out, and the account is closed."""
    record = Record(make)
    for method, path in (("GET", "status"), ("GET", "transfers"), ("GET", "onboarding-link")):
        record.ask(method, f"/coach/<coach_id>/{path}")
    record.account_id = record.ask("POST", "/create-account", COACH)["account"]["id"]
    record.reads()
    record.writes()
    record.sell()
    record.market.onboard(record.account_id)
    record.market.deliver()
    record.reads()
    record.writes()
    record.sell()
    for _ in range(8):
        record.market.sandbox.clock.advance(_DAY)
        record.market.deliver()
    record.reads()
    record.ask("GET", "/account/<account_id>/payouts?limit=1")
    made = {"v1": record.market.stripe.v1.accounts.delete, "v2": _closer(record.market)}
    made[make](record.account_id)
    record.market.deliver()
    record.reads()
    record.writes()
    return record


def _closer(market: Marketplace) -> Any:
    named: Any = {"applied_configurations": ["recipient"]}
    return lambda account_id: market.stripe.v2.core.accounts.close(account_id, named)


@pytest.fixture(scope="module")
def lives() -> tuple[Record, Record]:
    """The same life with an account of each make."""
    return _life("v1"), _life("v2")


def test_each_answer_is_the_same_for_either_make(lives: tuple[Record, Record]) -> None:
    """Status and every field, but for ids and addresses."""
    by_v1, by_v2 = lives

    assert [pair for pair in zip(by_v1.answers, by_v2.answers, strict=True) if pair[0] != pair[1]] == []


def test_the_life_has_successes_and_refusals(lives: tuple[Record, Record]) -> None:
    """A comparison of refusals alone would prove nothing."""
    counted = [status for _, status, _ in lives[1].answers]

    assert {200, 404, 409} <= set(counted)
    assert counted.count(200) > len(counted) / 2


def test_every_route_about_coaches_is_asked(lives: tuple[Record, Record]) -> None:
    """A new route has to join."""
    rules = lives[0].market.app.url_map.iter_rules()
    routes = {(method, rule.rule) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}}

    assert lives[1].asked == {route for route in routes if route[1].startswith(f"{CONNECT}/")}
