"""People with the Dashboard and with the commands: refunds, transfers and reversals by hand, words, and edits."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from backend.services.coach.rebinds import Rebinds
from tests.money.properties.books import CURRENCY, Sale
from tests.money.properties.stage import COACHES, RandomHistory, services_of

KEYS = ["paymentIntentId", "payment_intent", "for"]
DAMAGE = [{"clips": ""}, {"feePercent": "a tenth"}, {"packageType": "bundle"}, {"packagePrice": ""}]
payments = st.integers(0, 7)


class People(RandomHistory):
    """Their rules. Each act has a method of its own, so that it can happen amid the backend's work too."""

    def bring_funds(self) -> None:
        """The platform earns something of its own, that no coach has a part in."""
        params: Any = {
            "amount": 30_000,
            "currency": CURRENCY,
            "confirm": True,
            "payment_method": "pm_card_bypassPending",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        self.person(lambda: self.market.stripe.v1.payment_intents.create(params))

    @rule(index=payments, amount=st.integers(1, 7000))
    def refund_in_dashboard(self, index: int, amount: int) -> None:
        """Somebody refunds in the Stripe Dashboard."""
        sale = self.pick(index)
        if sale:
            self.person(lambda: self.refund_by_hand(sale, amount))

    def refund_by_hand(self, sale: Sale, amount: int) -> None:
        """At Stripe itself."""
        self.market.stripe.v1.refunds.create({"payment_intent": sale.payment_id, "amount": amount})

    @rule(
        index=payments,
        amount=st.integers(1, 4500),
        key=st.sampled_from(KEYS),
        how=st.sampled_from(["named", "named", "sourced", "grouped"]),
    )
    def transfer_in_dashboard(self, index: int, amount: int, key: str, how: str) -> None:
        """Somebody pays the coach by hand, in part or whole, and says what for."""
        sale = self.pick(index)
        if sale:
            self.person(lambda: self.transfer_by_hand(sale, amount, key, how))

    def transfer_by_hand(self, sale: Sale, amount: int, key: str = "paymentIntentId", how: str = "named") -> None:
        """Named by any key, from the charge, or within its group."""
        charge = self.books.charge(sale.payment_id)
        if charge is None:
            return
        params: dict[str, Any] = {"metadata": {key: sale.payment_id}}
        if how == "sourced":
            params = {"source_transaction": charge["id"]}
        elif how == "grouped" and charge["transfer_group"]:
            params["transfer_group"] = charge["transfer_group"]
        self._send(sale, amount, f"clear:{sale.payment_id}", params)

    def _send(
        self, sale: Sale, amount: int, description: str, params: dict[str, Any], account: str | None = None
    ) -> None:
        account = account or self.payee(sale)
        if account is not None:
            given: Any = {"amount": amount, "currency": CURRENCY, "destination": account, "description": description}
            given |= params
            self.market.stripe.v1.transfers.create(given)

    @rule(
        index=payments, second=payments, amount=st.integers(1, 900), how=st.sampled_from(["two", "gift", "elsewhere"])
    )
    def transfer_unclearly(self, index: int, second: int, amount: int, how: str) -> None:
        """Somebody pays by hand in a way that has to be explained."""
        sale, other = self.pick(index), self.pick(second)
        if sale is None or other is None:
            return
        named = {"paymentIntentId": f"{sale.payment_id},{other.payment_id}"}
        unclear = f"unclear:{sale.payment_id},{other.payment_id}"
        elsewhere = [row["id"] for row in self.books.accounts(COACHES[sale.coach == COACHES[0]])]
        if how == "gift":
            self.person(lambda: self._send(sale, amount, "gift", {}))
        elif how == "two" and sale is not other:
            self.person(lambda: self._send(sale, amount, unclear, {"metadata": named}))
        elif how == "elsewhere" and elsewhere:
            params = {"metadata": {"paymentIntentId": sale.payment_id}}
            self.person(lambda: self._send(sale, amount, f"unclear:{sale.payment_id}", params, elsewhere[0]))

    def explain_transfer(self, which: int) -> None:
        """Somebody says that an unclear transfer was for none of the payments."""
        unclear = [
            row for row in self.books.rows("transfers") if (row["description"] or "").startswith(("unclear", "gift"))
        ]
        if unclear:
            changes: Any = {"metadata": {"paymentIntentId": "none"}, "description": "explained"}
            self.person(lambda: self.market.stripe.v1.transfers.update(unclear[which % len(unclear)]["id"], changes))

    @rule(which=payments, amount=st.integers(1, 5000))
    def reverse_in_dashboard(self, which: int, amount: int) -> None:
        """Somebody takes money back from a coach by hand."""
        self.person(lambda: self.reverse_by_hand(which, amount))

    def reverse_by_hand(self, which: int, amount: int) -> None:
        """Of any transfer, in part or whole."""
        transfers = self.books.rows("transfers")
        if transfers:
            transfer = transfers[which % len(transfers)]
            left = transfer["amount"] - transfer["amount_reversed"]
            self.market.stripe.v1.transfers.reversals.create(transfer["id"], {"amount": min(amount, left) or 1})

    @rule(index=payments, manual=st.booleans())
    def say_manual_or_auto(self, index: int, manual: bool) -> None:
        """``flask settle --manual`` or ``--auto``."""
        sale = self.pick(index)
        if sale is None:
            return
        services = services_of(self.market.app)
        self.person(lambda: services.payments.set_mode(sale.payment_id, manual))
        self.note_mode(sale)
        self.person(lambda: services.settler.settle(sale.payment_id))

    def note_mode(self, sale: Sale) -> None:
        """Read from Stripe if the word arrived."""
        mode = self.books.metadata(sale.payment_id).get("settlementMode")
        sale.manual = mode == "manual"
        sale.touched = mode is not None

    @rule(index=payments)
    def release(self, index: int) -> None:
        """``flask settle --release`` to the account that the coach is bound to."""
        sale = self.pick(index)
        if sale is None:
            return
        services = services_of(self.market.app)
        for account in self.books.accounts(sale.coach):
            self.person(lambda account=account: services.releases.release(sale.payment_id, account["id"]))  # type: ignore[misc]
        self.person(lambda: services.settler.settle(sale.payment_id))

    @rule(coach=st.sampled_from(COACHES), fresh=st.booleans())
    def rebind(self, coach: str, fresh: bool) -> None:
        """``flask coaches rebind`` to an account of the coach's, made by hand where need be."""
        self.person(lambda: self._rebind(coach, fresh))

    def _rebind(self, coach: str, fresh: bool) -> None:
        accounts = [row["id"] for row in self.books.accounts(coach)]
        if fresh or not accounts:
            given: Any = {
                "type": "express",
                "country": "CA",
                "email": f"{coach}@example.com",
                "capabilities": {"transfers": {"requested": True}},
            }
            account = self.market.stripe.v1.accounts.create(given).id
            self.call_control(f"/accounts/{account}/onboard")
        else:
            account = accounts[-1]
        services = services_of(self.market.app)
        rebinds = Rebinds(services.client, services.registry)
        rebinds.carry_out(rebinds.plan(coach, account), "a person says so")

    @rule(which=payments, act=st.sampled_from(["delete", "damage"]))
    def edit_registry(self, which: int, act: str) -> None:
        """Somebody deletes, or damages, a Product: a binding, or the sweep's mark."""
        products = self.books.rows("products")
        if not products:
            return
        product = products[which % len(products)]["id"]
        if product == "sweep_mark" and not self.may_lose_the_mark():
            return
        if act == "delete":
            self.person(lambda: self.market.stripe.v1.products.delete(product))
        else:
            damage: Any = {"metadata": {"account": "", "emailHash": "?"}}
            self.person(lambda: self.market.stripe.v1.products.update(product, damage))

    @rule(
        index=payments,
        what=st.sampled_from(["explain_transfer", "mend_record", "mend_record", "erase_note", "adopt_coaches"]),
    )
    def tidy(self, index: int, what: str) -> None:
        """A person mends, explains, or takes away what stands in a record."""
        getattr(self, what)(index)

    @rule(index=payments, damage=st.sampled_from(DAMAGE))
    def damage_record(self, index: int, damage: dict[str, str]) -> None:
        """A program, or a person, spoils a payment's metadata."""
        sale = self.pick(index)
        if sale is None or sale.damaged is not None or sale.by_node:
            return
        whole = self.books.metadata(sale.payment_id)
        changes: Any = {"metadata": damage}
        self.person(lambda: self.market.stripe.v1.payment_intents.update(sale.payment_id, changes))
        if self.books.metadata(sale.payment_id) != whole:
            sale.damaged = {key: whole[key] for key in damage}

    def mend_record(self, index: int) -> None:
        """A person mends it."""
        damaged = [sale for sale in self.sales.values() if sale.damaged is not None]
        if not damaged:
            return
        sale = damaged[index % len(damaged)]
        changes: Any = {"metadata": sale.damaged}
        self.person(lambda: self.market.stripe.v1.payment_intents.update(sale.payment_id, changes))
        said = self.books.metadata(sale.payment_id)
        if sale.damaged is not None and sale.damaged.items() <= said.items():
            sale.damaged = None

    def adopt_coaches(self, _index: int) -> None:
        """``flask coaches adopt``."""
        with suppress(SystemExit):
            self.market.app.test_cli_runner().invoke(args=["coaches", "adopt", "--json", "--rate", "1000"])

    def erase_note(self, index: int) -> None:
        """A lost note only makes us wait."""
        sale = self.pick(index)
        if sale:
            changes: Any = {"metadata": {"settlement": ""}}
            self.person(lambda: self.market.stripe.v1.payment_intents.update(sale.payment_id, changes))
