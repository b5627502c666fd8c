"""Whatever happens, in whatever order, however often, whoever dies in between: the money is right."""

from __future__ import annotations

import os
from typing import Any

import stripe
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from backend.domain.money import FeeRate
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.oracle import check_always, check_at_rest
from tests.money.workers import Interleaver

HOUR = 3_600
DAY = 24 * HOUR
COACHES = ["coach-1", "coach-2"]
EMAILS = [None, "pat@example.com", "kim@example.com"]

EFFECTS: list[Any] = [
    "close",
    "truncate",
    "empty_200",
    "html_502",
    "rate_limit",
    "lock_timeout",
    {"status": 500, "cache": True},
    {"status": 500, "cache": False},
]

payments = st.integers(0, 5)
schedules = st.lists(st.sampled_from([0, 1, 2, 3, 1, 2, 3, -1]), max_size=40)
faults = st.none() | st.tuples(
    st.sampled_from(["/v1/transfers", "/v1/transfers", "/v1/refunds", "/v1/payment_intents"]),
    st.sampled_from(["before", "after"]),
    st.sampled_from(EFFECTS),
)


class Market(RuleBasedStateMachine):
    """A marketplace in which everything happens that can."""

    @initialize(percent=st.sampled_from(["10", "60"]), ready=st.booleans(), purchases=st.integers(1, 3))
    def open_market(self, percent: str, ready: bool, purchases: int) -> None:
        """At 10% Stripe itself refuses a second transfer of the same share; at 60% both would fit."""
        self.market = Marketplace(NOW, fee_rate=FeeRate.from_percent(percent))
        self.paid: list[str] = []
        self.sessions: dict[str, set[str]] = {}
        self.disputes: dict[str, str] = {}
        account = self.market.register("coach-1")
        if ready:
            self.market.onboard(account)
        for number in range(purchases):
            self._buy(COACHES[number % 2], 1, None)

    def _pick(self, index: int) -> str | None:
        return self.paid[index % len(self.paid)] if self.paid else None

    @rule(coach=st.sampled_from(COACHES), package=st.integers(1, 3), email=st.sampled_from(EMAILS))
    def buy_and_pay(self, coach: str, package: int, email: str | None) -> None:
        """A player buys; the webhook waits."""
        self._buy(coach, package, email)

    def _buy(self, coach: str, package: int, email: str | None) -> None:
        order = self.market.order(coach, packageId=package, customerEmail=email)
        answer = self.market.post("/api/payments/create-intent", order)
        if answer.status_code != 200:
            return
        intent = answer.json["paymentIntent"]
        try:
            self.market.pay(intent)
        except stripe.StripeError:
            if self.market.stripe.v1.payment_intents.retrieve(intent["id"]).status != "succeeded":
                return
        self.paid.append(intent["id"])

    @rule(coach=st.sampled_from(COACHES))
    def register(self, coach: str) -> None:
        """A coach registers, perhaps again."""
        body = {"coachId": coach, "coachName": "Dana", "email": f"{coach}@example.com", "sport": "golf"}
        self.market.post("/api/connect/create-account", body)

    @rule(onboard=st.sampled_from([True, True, False]), which=st.integers(0, 3))
    def change_account(self, onboard: bool, which: int) -> None:
        """A coach completes onboarding, or is stopped by Stripe."""
        accounts = self.market.stripe.v1.accounts.list({"limit": 100}).data
        if accounts:
            action = "onboard" if onboard else "disable"
            self.market.control("POST", f"/accounts/{accounts[which % len(accounts)].id}/{action}")

    @rule(order=st.sampled_from(["fifo", "lifo", "shuffle"]))
    def deliver(self, order: Any) -> None:
        """Stripe delivers what is due, in some order."""
        self.market.sandbox.deliver_due(order=order)

    @rule(which=st.integers(0, 200))
    def deliver_again(self, which: int) -> None:
        """Any event of the last days comes again, with its old payload."""
        events = self.market.stripe.v1.events.list({"limit": 100}).data
        if events:
            self.market.send(events[which % len(events)].to_dict())

    @rule(
        jobs=st.lists(st.tuples(st.sampled_from("wwcrts"), st.integers(1, 7000)), min_size=2, max_size=4),
        index=payments,
        schedule=schedules,
        fault=faults,
    )
    def at_once(
        self, jobs: list[tuple[str, int]], index: int, schedule: list[int], fault: tuple[str, str, Any] | None
    ) -> None:
        """Several workers on one payment, interleaved call by call; some die, and Stripe may fail one."""
        payment = self._pick(index)
        if payment is None:
            return
        if fault is not None:
            self.market.fault("POST", *fault)
        interleaver = Interleaver(schedule)
        with self.market.line.watched(interleaver):
            interleaver.run([self._job(kind, payment, amount) for kind, amount in jobs])

    def _job(self, kind: str, payment: str, amount: int) -> Any:
        market = self.market
        if kind == "w":
            event = {
                "id": "evt_again",
                "type": "payment_intent.succeeded",
                "livemode": False,
                "data": {"object": {"id": payment, "metadata": {}}},
            }
            return lambda: market.send(event)
        if kind == "c":
            return lambda: self._confirm(payment)
        if kind == "r":
            return lambda: market.fresh_post("/api/payments/refund", {"paymentIntentId": payment, "amount": amount})
        if kind == "t":
            return lambda: self._transfer(payment)
        return lambda: self._sweep([payment])

    def _confirm(self, payment: str) -> None:
        metadata = self.market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
        claim = {
            "coachId": metadata["coachId"],
            "coachName": "Dana",
            "sport": metadata["sport"],
            "packageType": metadata["packageType"],
            "packageId": metadata["packageId"],
        }
        answer = self.market.fresh_post("/api/payments/confirm", {"paymentIntentId": payment, "sessionData": claim})
        if answer.status_code == 200:
            self.sessions.setdefault(payment, set()).add(answer.text)

    def _transfer(self, payment: str) -> None:
        intent = self.market.stripe.v1.payment_intents.retrieve(payment)
        account = intent.metadata.to_dict().get("coachAccountId", "acct_0000000000000000")
        self.market.fresh_post(
            "/api/connect/transfer",
            {"paymentIntentId": payment, "coachAccountId": account, "amount": intent.amount},
        )

    @rule(index=payments)
    def confirm(self, index: int) -> None:
        """The front end asks for the session."""
        payment = self._pick(index)
        if payment:
            self._confirm(payment)

    @rule(index=payments, amount=st.none() | st.integers(1, 7000), key=st.sampled_from([None, "a", "b"]))
    def refund(self, index: int, amount: int | None, key: str | None) -> None:
        """An operator refunds through the route."""
        payment = self._pick(index)
        if payment:
            headers = {"Idempotency_Key": key} if key else {}
            body = {"paymentIntentId": payment, **({"amount": amount} if amount else {})}
            self.market.post("/api/payments/refund", body, **headers)

    @rule(index=payments, amount=st.integers(1, 7000))
    def refund_in_dashboard(self, index: int, amount: int) -> None:
        """Somebody refunds in the Stripe Dashboard."""
        payment = self._pick(index)
        if payment:
            try:
                self.market.stripe.v1.refunds.create({"payment_intent": payment, "amount": amount})
            except stripe.StripeError:
                return

    @rule(index=payments)
    def dispute(self, index: int) -> None:
        """The player's bank takes the money back."""
        payment = self._pick(index)
        if payment and payment not in self.disputes:
            answer = self.market.control("POST", "/disputes", {"charge": self.market.charge(payment)})
            if answer.status_code == 200:
                self.disputes[payment] = answer.json["id"]

    @rule(index=payments, outcome=st.sampled_from(["win", "lose"]))
    def close_dispute(self, index: int, outcome: str) -> None:
        """The bank decides."""
        payment = self._pick(index)
        if payment in self.disputes:
            self.market.control("POST", f"/disputes/{self.disputes[payment]}/{outcome}")

    @rule(seconds=st.sampled_from([60, HOUR, 4 * HOUR, 21 * HOUR, 25 * HOUR, 73 * HOUR]))
    def wait(self, seconds: int) -> None:
        """Time passes: keys are forgotten, funds mature, payouts leave."""
        self.market.clock.advance(seconds)

    @rule(fault=faults, times=st.integers(1, 3))
    def break_stripe(self, fault: tuple[str, str, Any] | None, times: int) -> None:
        """The next writes fail: before the work, or after it."""
        if fault is not None:
            self.market.fault("POST", *fault, times=times)

    @rule()
    def mend_stripe(self) -> None:
        """Stripe works again."""
        self.market.sandbox.faults.clear()

    @rule()
    def reconcile(self) -> None:
        """The sweep runs."""
        self._sweep(None)

    def _sweep(self, payment_ids: list[str] | None) -> None:
        try:
            self.market.reconcile(payment_ids)
        except stripe.StripeError:
            return

    @invariant()
    def money_is_right(self) -> None:
        """At every moment."""
        if hasattr(self, "market"):
            check_always(self.market)
            for payment, texts in self.sessions.items():
                assert len(texts) == 1, (payment, texts)

    def teardown(self) -> None:
        """Everything works again, three days pass, everything is delivered, and the sweep runs."""
        if not hasattr(self, "market"):
            return
        market = self.market
        market.sandbox.faults.clear()
        for _ in range(4):
            market.clock.advance(25 * HOUR)
            market.deliver()
            market.reconcile(None)
        check_always(market)
        check_at_rest(market)
        market.forget_calls()
        market.reconcile(None)
        assert [call for call in market.calls() if not call.startswith("GET")] == []


# ``make properties N=…`` sets how many histories are tried; those are random, the few of every run are not.
_HISTORIES = int(os.environ.get("PROPERTIES", "0"))

TestMarket = Market.TestCase
TestMarket.settings = settings(
    max_examples=_HISTORIES or 20,
    stateful_step_count=40,
    derandomize=not _HISTORIES,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
