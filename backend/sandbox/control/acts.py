"""The routes of the control path that change objects: acts of banks, cardholders, coaches and Stripe's people."""

from ..calls.routing import Call
from ..state import attempts, connect, debits, methods, money, payments, setups
from ..state.countries import CURRENCY_OF
from ..state.store import Row
from ..state.world import World
from ..wire.errors import invalid, missing, refused
from ..wire.given import Given, integer

NOT_ALLOWED = "Transfers to this account are not allowed. Please contact us via https://support.stripe.com/contact."
UNREACHABLE = "Funds can't be sent to accounts located in {} because it's restricted outside of your platform's region."


class Acts:
    """The handlers of those routes, each under the name that its route gives it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def move_platform(self, given: Given) -> Row:
        """As if the platform had been registered elsewhere."""
        country = str(given.get("country", "")).upper()
        if country not in CURRENCY_OF:
            raise invalid(f"country must be one of {', '.join(sorted(CURRENCY_OF))}.", "country")
        with self._world.lock:
            row = self._row("accounts", self._world.platform)
            row.update(country=country, default_currency=CURRENCY_OF[country])
            return row

    def onboard(self, given: Given, id: str) -> Row:
        """As if the coach had filled in everything."""
        with self._world.lock:
            row = self._row("accounts", id)
            connect.onboard(self._world, row, given.get("verification", "verified"))
            return row

    def disable(self, given: Given, id: str) -> Row:
        """As if Stripe had found something wrong."""
        with self._world.lock:
            row = self._row("accounts", id)
            connect.disable(self._world, row, given.get("reason", "requirements.past_due"))
            return row

    def reject(self, given: Given, id: str) -> Row:
        """As the platform does in the Dashboard."""
        with self._world.lock:
            row = self._row("accounts", id)
            connect.reject(self._world, row, given.get("reason", "other"))
            return row

    def disconnect(self, given: Given, id: str) -> Row:
        """The owner has parted from the platform."""
        with self._world.lock:
            row = self._row("accounts", id)
            if id == self._world.platform:
                raise refused("The platform cannot part from itself.")
            connect.part(self._world, row, tell=True)
            return row

    def refuse_transfers(self, given: Given, id: str) -> Given:
        """Refuse every transfer from now on, as Stripe may although the capability is active."""
        with self._world.lock:
            row = self._row("accounts", id)
            message = UNREACHABLE.format(row["country"]) if given.get("country") else NOT_ALLOWED
            code = given.get("code", "transfers_not_allowed")
            row.hidden["transfers_refused"] = {"code": code, "message": given.get("message", message)}
            return {"id": id, **row.hidden["transfers_refused"]}

    def accept_transfers(self, given: Given, id: str) -> Given:
        """The refusal is lifted."""
        with self._world.lock:
            self._row("accounts", id).hidden.pop("transfers_refused", None)
            return {"id": id}

    def pay(self, given: Given, id: str) -> Given:
        """As if the player had entered a card. Declines are answered as Stripe.js would hear them."""
        with self._world.lock:
            row = self._row("payment_intents", id)
            if row["status"] not in {"requires_payment_method", "requires_confirmation", "requires_action"}:
                raise refused(f"This PaymentIntent cannot be paid: its status is {row['status']}.")
            call = Call(self._world, row.account, "", publishable=True)
            card = self._card(call, str(given.get("card", "pm_card_visa")))
            attempts.attempt(self._world, row, card, False, given.get("return_url"))
            return row

    def _card(self, call: Call, card: str) -> Row:
        if card.startswith("pm_"):
            return methods.by_reference(call, card, "card")
        year = 1971 + self._world.now() // 31_557_600
        data = {"number": card, "exp_month": 12, "exp_year": year, "cvc": "123"}
        return methods.from_data(call, {"type": "card", "card": data}, "card")

    def authenticate(self, given: Given, id: str) -> Row:
        """As if the player had answered the bank's question."""
        with self._world.lock:
            row = self._row("payment_intents", id)
            if row["status"] != "requires_action":
                raise refused(f"This PaymentIntent asks for no authentication: its status is {row['status']}.")
            payments.authenticate(self._world, row, bool(given.get("passed", True)))
            return row

    def authenticate_setup(self, given: Given, id: str) -> Row:
        """As if the player had answered the bank's question before a card is saved."""
        with self._world.lock:
            row = self._row("setup_intents", id)
            if row["status"] != "requires_action":
                raise refused(f"This SetupIntent asks for no authentication: its status is {row['status']}.")
            setups.authenticate(self._world, row, bool(given.get("passed", True)))
            return row

    def settle_debit(self, given: Given, id: str) -> Row:
        """As if the days had passed, and the bank had answered."""
        with self._world.lock:
            row = self._row("payment_intents", id)
            if row["status"] != "processing":
                raise refused(f"No bank is being asked about this PaymentIntent: its status is {row['status']}.")
            failure = None if given.get("succeeded", True) else given.get("failure_code", "insufficient_funds")
            debits.finish(self._world, row, failure)
            return row

    def bounce(self, given: Given, id: str) -> Row:
        """The bank takes back what it had paid."""
        with self._world.lock:
            row = self._row("charges", id)
            debits.bounce(self._world, row)
            return row

    def warn_of_fraud(self, given: Given) -> Row:
        """As if the issuer had heard from the cardholder."""
        with self._world.lock:
            charge = self._row("charges", str(given.get("charge")), 400)
            return self._world.fraud_warnings.open(charge, given.get("fraud_type", "unauthorized_use_of_card"))

    def open_dispute(self, given: Given) -> Row:
        """As if the cardholder had called the bank."""
        with self._world.lock:
            charge = self._row("charges", str(given.get("charge")), 400)
            case_type = given.get("case_type", "inquiry" if given.get("inquiry") else "chargeback")
            shown: Given = {name: given[name] for name in ("amount", "currency", "taken") if name in given}
            _check_dispute(shown)
            return self._world.disputes.open(charge, given.get("reason", "fraudulent"), case_type, **shown)

    def win_dispute(self, given: Given, id: str) -> Row:
        """The money comes back."""
        return self._close(id, won=True, lag=integer(given, "lag", 0))

    def lose_dispute(self, given: Given, id: str) -> Row:
        """The money stays away; a lost inquiry becomes a dispute."""
        return self._close(id, won=False, lag=0)

    def _close(self, id: str, won: bool, lag: int) -> Row:
        with self._world.lock:
            row = self._row("disputes", id)
            self._world.disputes.close(row, won, lag)
            return row

    def appeal_dispute(self, given: Given, id: str) -> Row:
        """Open a decided dispute again."""
        with self._world.lock:
            row = self._row("disputes", id)
            self._world.disputes.appeal(row, given.get("under_review", False))
            return row

    def succeed_refund(self, given: Given, id: str) -> Row:
        """The customer has said where to send it, or the bank is done."""
        with self._world.lock:
            row = self._row("refunds", id)
            self._world.refunds.succeed(row)
            return row

    def fail_refund(self, given: Given, id: str) -> Row:
        """Fail a refund, even one that succeeded long ago: now, or in so many seconds."""
        with self._world.lock:
            row = self._row("refunds", id)
            self._world.refunds.fail_in(row, given.get("failure_reason", "unknown"), integer(given, "after", 0))
            return row

    def cancel_refund(self, given: Given, id: str) -> Row:
        """As the platform does in the Dashboard."""
        with self._world.lock:
            row = self._row("refunds", id)
            self._world.refunds.cancel(row)
            return row

    def fail_payout(self, given: Given, id: str) -> Row:
        """Even one that was paid."""
        with self._world.lock:
            row = self._row("payouts", id)
            if row["status"] not in {"pending", "in_transit", "paid"}:
                raise refused(f"This payout cannot fail: its status is {row['status']}.")
            self._world.payouts.fail(row, given.get("failure_code", "account_closed"))
            return row

    def _row(self, kind: str, row_id: str, status: int = 404) -> Row:
        self._world.timeline.run_due()
        row = self._world.store.anywhere(row_id)
        if row is None or row.kind != kind:
            raise missing(kind.removesuffix("s"), row_id, "id", status)
        return row


def _check_dispute(shown: Given) -> None:
    for name in ("amount", "taken"):
        if name in shown and shown[name] < 0:
            raise invalid(f"{name} must not be negative.", name)
    if "currency" in shown:
        shown["currency"] = shown["currency"].lower()
        if shown["currency"] not in money.KNOWN:
            raise invalid(f"Invalid currency: {shown['currency']}.", "currency")
