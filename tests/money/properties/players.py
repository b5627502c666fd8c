"""Players and coaches: they buy, pay at once or days later, by card or bank debit, confirm, and register."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.money.properties.books import Sale
from tests.money.properties.stage import COACHES, RandomHistory

EMAILS = [None, "pat@example.com", "kim@example.com"]
CARDS = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_bypassPending",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
    "pm_acssDebit_success",
    "pm_acssDebit_success",
    "pm_acssDebit_dispute",
    "pm_acssDebit_insufficientFunds",
]


class Players(RandomHistory):
    """Their rules."""

    @rule(
        coach=st.sampled_from(COACHES),
        package=st.integers(1, 3),
        email=st.sampled_from(EMAILS),
        card=st.none() | st.sampled_from(CARDS),
    )
    def buy(self, coach: str, package: int, email: str | None, card: str | None) -> None:
        """A player buys, and pays now or later."""
        payment = self.order(coach, package, email)
        if payment and card:
            self._pay(payment, card)

    def order(self, coach: str, package: int, email: str | None) -> str | None:
        """An intent, if the backend makes one."""
        body = self.market.order(coach, packageId=package, customerEmail=email)
        answer = self.market.ask("/api/payments/create-intent", body)
        if answer.status_code != 200:
            return None
        intent = answer.json["paymentIntent"]
        terms = self.market.settings.catalogue.offer("badminton", "package", package).release
        kept = (terms.days, terms.grace_days) if terms.keeps else None
        self.sales[intent["id"]] = Sale(intent["id"], intent["client_secret"], coach, self.fee, kept=kept)
        return str(intent["id"])

    def _pay(self, payment: str, card: str) -> None:
        self.call_control(f"/payment_intents/{payment}/pay", {"card": card})

    @rule(index=st.integers(0, 7), card=st.sampled_from(CARDS))
    def pay_late(self, index: int, card: str) -> None:
        """An intent of long ago, or one whose debit bounced, is paid after all."""
        waiting = [one for one in self.sales if self.books.row(one)["status"] == "requires_payment_method"]
        if waiting:
            self._pay(waiting[index % len(waiting)], card)

    @rule(coach=st.sampled_from(COACHES))
    def buy_at_node(self, coach: str) -> None:
        """The Node backend sells: its keys, no marker."""
        if sum(sale.by_node for sale in self.sales.values()) < 2:
            self.person(lambda: self._buy_at_node(coach))

    def _buy_at_node(self, coach: str) -> None:
        payment = self.market.node_payment(coach)
        self.sales[payment] = Sale(payment, "", coach, Fraction(473, 4725), by_node=True)

    @rule(index=st.integers(0, 7))
    def confirm(self, index: int) -> None:
        """The front end asks for the session."""
        sale = self.pick(index)
        if sale:
            self.ask_for_session(sale)

    def ask_for_session(self, sale: Sale, app: Any = None) -> None:
        """The same session, byte for byte, whenever it is asked for the same money."""
        metadata = self.books.metadata(sale.payment_id)
        claim = {
            "coachId": sale.coach,
            "coachName": "Dana",
            **{name: metadata.get(name, "") for name in ("sport", "packageType", "packageId")},
        }
        body = {"paymentIntentId": sale.payment_id, "sessionData": claim}
        answer = self.market.ask("/api/payments/confirm", body, app)
        if answer.status_code == 200:
            charge = self.books.charge(sale.payment_id)
            if charge is None:
                self.wrong.append(f"a session of what was never paid: {sale}")
                return
            texts = self.answers.setdefault((sale.payment_id, charge["id"]), set())
            texts.add(answer.text)
            if len(texts) > 1:
                self.wrong.append(f"two sessions of one payment: {texts}")

    @rule(index=st.integers(0, 7), accepts=st.booleans())
    def release(self, index: int, accepts: bool) -> None:
        """The coach says that the work is delivered, or the player accepts it."""
        sale = self.pick(index)
        if sale:
            self.market.ask(
                f"/api/payments/{'accept' if accepts else 'delivered'}", {"paymentIntentId": sale.payment_id}
            )

    @rule(coach=st.sampled_from(COACHES))
    def register(self, coach: str) -> None:
        """A coach registers, perhaps again."""
        self.market.ask("/api/connect/create-account", registration(coach))

    @rule(
        act=st.sampled_from("onboard onboard onboard onboard disable refuse accept strange reject delete part".split()),
        which=st.integers(0, 3),
    )
    def change_account(self, act: str, which: int) -> None:
        """A coach completes onboarding, is stopped, or goes; or Stripe refuses what it does not explain."""
        accounts = [row for coach in COACHES for row in self.books.accounts(coach)]
        if not accounts:
            return
        account = accounts[which % len(accounts)]["id"]
        match act:
            case "refuse":
                self.call_control(f"/accounts/{account}/refuse_transfers")
            case "strange":
                self.call_control(f"/accounts/{account}/refuse_transfers", {"code": "something_else"})
            case "accept":
                self.call_control(f"/accounts/{account}/refuse_transfers", method="DELETE")
            case "delete":
                self.person(lambda: self.market.stripe.v1.accounts.delete(account))
            case "part":
                self.call_control(f"/accounts/{account}/disconnect")
            case _:
                self.call_control(f"/accounts/{account}/{act}")


def registration(coach: str) -> dict[str, str]:
    """The body with which a coach registers."""
    return {"coachId": coach, "coachName": "Dana", "email": f"{coach}@example.com", "sport": "golf"}
