"""The backend at work: its routes and its sweep, alone and several at once, with people in between and deaths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.money.properties.banks import Banks
from tests.money.properties.books import Sale
from tests.money.properties.people import People
from tests.money.properties.players import Players, registration
from tests.money.properties.stage import COACHES, HOUR
from tests.money.properties.trouble import Fault, Trouble, faults
from tests.money.workers import Interleaver

Job = Callable[[], Any]
payments = st.integers(0, 7)
# Who moves next; -1 is killed before its call, -10 and less after it.
schedules = st.lists(st.sampled_from([0, 1, 2, 3, 1, 2, 3, 0, 1, 2, 3, -1, -10, -11]), max_size=50)
# w: a webhook, c: confirm, r: refund, t: transfer, s: sweep one, S: the whole sweep, k: another clock, a: create-account;
# the others are people: R refunds, T pays by hand, V reverses, M says manual.
jobs = st.lists(st.tuples(st.sampled_from("wwwcrtsSkaRTVM"), st.integers(1, 7000)), min_size=2, max_size=4)
crowds = st.tuples(jobs, schedules, st.none() | faults, st.sampled_from([-26, -4, 4, 26]))
Crowd = tuple[list[tuple[str, int]], list[int], Fault | None, int]


class Work(Players, People, Banks, Trouble):
    """Its rules."""

    @rule(index=payments, amount=st.none() | st.integers(1, 7000), key=st.sampled_from([None, "a", "b"]))
    def refund(self, index: int, amount: int | None, key: str | None) -> None:
        """An operator refunds through the route: 200 means that the refund is there, 409 that none was made."""
        sale = self.pick(index)
        if sale is None:
            return
        before = len(self.books.rows("refunds"))
        answer = self.ask_for_refund(sale, amount, key)
        made = len(self.books.rows("refunds")) - before
        if answer.status_code == 409 and made:
            self.wrong.append(f"refunded, and said 409: {answer.json}")

    def ask_for_refund(self, sale: Sale, amount: int | None, key: str | None = None) -> Any:
        """Through the route."""
        body = {"paymentIntentId": sale.payment_id, **({"amount": amount} if amount else {})}
        answer = self.market.ask("/api/payments/refund", body, key=key)
        if answer.status_code == 200 and self.books.row(answer.json["refund"]["id"]) is None:
            self.wrong.append(f"a refund that is not there: {answer.json}")
        return answer

    @rule(index=payments)
    def transfer(self, index: int) -> None:
        """The front end asks for the transfer: 200 means that the coach holds it, 409 that none was made."""
        sale = self.pick(index)
        if sale is None:
            return
        before = len(self.books.rows("transfers"))
        answer = self.ask_for_transfer(sale)
        made = len(self.books.rows("transfers")) - before
        facts = self.books.facts(sale)
        if answer.status_code == 200 and (facts.target is None or not 0 < facts.held >= facts.target):
            self.wrong.append(f"said to be transferred: {answer.json} {facts} target {facts.target}")
        if answer.status_code == 409 and made:
            self.wrong.append(f"transferred, and said 409: {answer.json}")

    def ask_for_transfer(self, sale: Sale) -> Any:
        """Through the route, with the right account and amount."""
        account = self.payee(sale) or "acct_0000000000000000"
        amount = self.books.row(sale.payment_id)["amount"]
        body = {"paymentIntentId": sale.payment_id, "coachAccountId": account, "amount": amount}
        answer = self.market.ask("/api/connect/transfer", body)
        if answer.status_code == 200 and self.books.row(answer.json["transfer"]["id"]) is None:
            self.wrong.append(f"a transfer that is not there: {answer.json}")
        return answer

    @rule(adopt=st.sampled_from([False, False, False, True]))
    def reconcile(self, adopt: bool) -> None:
        """``flask reconcile``, at times with ``--adopt``."""
        self.sweep(adopt=True) if adopt else self.sweep()

    @rule(index=payments, work=crowds)
    def at_once(self, index: int, work: Crowd) -> None:
        """Several workers on one payment."""
        self._all_at_once(index, *work)

    @rule(index=payments, work=crowds)
    def at_once_again(self, index: int, work: Crowd) -> None:
        """The same: it happens more often than the rest."""
        self._all_at_once(index, *work)

    @rule(
        coach=st.sampled_from(COACHES),
        card=st.sampled_from(["pm_card_visa", "pm_card_bypassPending"]),
        told=st.booleans(),
        percent=st.sampled_from([0, 0, 10, 50, 100]),
        work=crowds,
    )
    def life(self, coach: str, card: str, told: bool, percent: int, work: Crowd) -> None:
        """Bought and paid, perhaps told and refunded in part, and then everybody comes at once."""
        payment = self.order(coach, 2, None)
        if payment is None:
            return
        self._pay(payment, card)
        if told:
            self.market.sandbox.deliver_due()
        amount = self.books.row(payment)["amount"] * percent // 100
        if amount:
            self.person(lambda: self.refund_by_hand(self.sales[payment], amount))
        self._all_at_once(-1, *work)

    def _all_at_once(
        self, index: int, jobs: list[tuple[str, int]], schedule: list[int], fault: Fault | None, skew: int
    ) -> None:
        """Several workers on one payment, and people, interleaved call by call; some die, and Stripe may fail one."""
        sale = self.pick(index)
        if sale is None:
            return
        if fault is not None:
            self.market.fault(*fault)
        interleaver = Interleaver(schedule)
        with self.market.line.watched(interleaver):
            interleaver.run([self._job(kind, sale, number, skew, interleaver) for kind, number in jobs])
        if interleaver.deaths:
            self.market.restart()

    def _job(self, kind: str, sale: Sale, number: int, skew: int, interleaver: Interleaver) -> Job:
        market = self.market
        by_hand: dict[str, Job] = {
            "R": lambda: self.refund_by_hand(sale, number),
            "T": lambda: self.transfer_by_hand(sale, number),
            "V": lambda: self.reverse_by_hand(number, number),
            "M": lambda: self.say_by_hand(sale, number),
        }
        if kind in by_hand:
            return lambda: self._amid(interleaver, by_hand[kind])
        if kind in "sS":
            return lambda: self.sweep(payments=(sale.payment_id,)) if kind == "s" else self.sweep()
        work: dict[str, Job] = {
            "w": lambda: market.send(paid_again(sale)),
            "k": lambda: self._on_another_clock(sale, skew),
            "c": lambda: self.ask_for_session(sale),
            "r": lambda: self.ask_for_refund(sale, number),
            "t": lambda: self.ask_for_transfer(sale),
            "a": lambda: market.ask("/api/connect/create-account", registration(sale.coach)),
        }
        return work[kind]

    def _amid(self, interleaver: Interleaver, act: Job) -> None:
        """A person's act waits for its turn like anybody's call."""
        interleaver.before()
        self.person(act)

    def say_by_hand(self, sale: Sale, number: int) -> None:
        """A person writes the word into the metadata."""
        mode: Any = {"metadata": {"settlementMode": "manual" if number % 2 else "auto"}}
        try:
            self.market.stripe.v1.payment_intents.update(sale.payment_id, mode)
        finally:
            self.note_mode(sale)

    def _on_another_clock(self, sale: Sale, hours: int) -> None:
        """The same webhook, at a machine whose clock is hours away."""
        market = self.market
        app = market.backend_with_clock(lambda: market.clock.now() + hours * HOUR)
        with market.job():
            self.person(lambda: app.extensions["payments"].settler.settle(sale.payment_id, just_paid=True))


def paid_again(sale: Sale) -> dict[str, Any]:
    """An event that says that the payment succeeded."""
    return {
        "id": "evt_again",
        "type": "payment_intent.succeeded",
        "livemode": False,
        "data": {"object": {"id": sale.payment_id, "metadata": {}}},
    }
