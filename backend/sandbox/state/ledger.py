"""Money: balance transactions, and what of each account's funds is available and what is still pending."""

from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .core import Core
from .store import Row

DAY = 86_400
SETTLE_DAYS = 2
# What each type of balance transaction is reported under; Stripe's own table.
CATEGORY = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "refund_failure": "refund_failure",
    "payment_refund": "refund",
    "payment_failure_refund": "charge_failure",
    "transfer": "transfer",
    "transfer_refund": "transfer_reversal",
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "payout_cancel": "payout_reversal",
}
# What moves a player's money, in the currency that the player pays in. On a connected account, payments are transfers.
CONVERTED = frozenset(
    {"charge", "payment", "refund", "payment_refund", "payment_failure_refund", "refund_failure", "adjustment"}
)
Purse = tuple[str, str]


def midnight(now: int, days: int) -> int:
    """00:00 UTC, `days` days after the day of `now`."""
    return (now // DAY + days) * DAY


class Ledger:
    """Every movement is one balance transaction; balances are their sums, kept as they are posted."""

    # Told of each account that has new funds available, and of each entry that brought some.
    on_funds: Callable[[str], None]
    on_entry: Callable[[Row], None]

    def __init__(self, core: Core) -> None:
        self._core = core
        self._available: dict[Purse, int] = defaultdict(int)
        self._pending: dict[Purse, int] = defaultdict(int)
        self._maturing: dict[int, list[Row]] = {}
        # What became available and no automatic payout has taken yet.
        self._unpaid: dict[Purse, list[Row]] = defaultdict(list)
        # Presentment currency -> the currency its charges settle in, and the rate. Empty: each settles in its own.
        self.conversions: dict[str, tuple[str, Decimal]] = {}

    def dump(self) -> dict[str, Any]:
        """Balances, and what is to become available or to be paid out, to be saved."""
        return {
            "available": dict(self._available),
            "pending": dict(self._pending),
            "maturing": self._maturing,
            "unpaid": dict(self._unpaid),
            "conversions": self.conversions,
        }

    def load(self, saved: dict[str, Any]) -> None:
        """Go on from what was saved."""
        self._available = defaultdict(int, saved["available"])
        self._pending = defaultdict(int, saved["pending"])
        self._maturing = saved["maturing"]
        self._unpaid = defaultdict(list, saved["unpaid"])
        self.conversions = saved["conversions"]

    def available(self, account: str, currency: str) -> int:
        """The amount that the account can transfer, reverse or pay out now."""
        return self._available[account, currency]

    def covers(self, account: str, currency: str, amount: int) -> bool:
        """True if a refund of so much of a player's money could be paid from what is available, converted or not."""
        settled, rate = self._settles_in("refund", account, currency)
        return self.available(account, settled) >= _converted(amount, rate)

    def pending(self, account: str, currency: str) -> int:
        """The amount that will become available."""
        return self._pending[account, currency]

    def currencies(self, account: str) -> list[str]:
        """The currencies the account ever held."""
        held = {purse[1] for purse in (*self._available, *self._pending) if purse[0] == account}
        return sorted(held)

    def post(self, source: Row, kind: str, amount: int, **detail: Any) -> Row:
        """Move `amount` (negative: out) for `source`, in its account and currency.

        Details: `fee` taken on top, `fee_text`; `application_fee`, the platform's; `available_on` when not at once;
        `description`, `category`; `currency` when it is not the source's.
        """
        core, now = self._core, self._core.now()
        currency, rate = self._settles_in(kind, source.account, detail.get("currency", source["currency"]))
        amount, fee = _converted(amount, rate), _converted(detail.get("fee", 0), rate)
        kept = _converted(detail.get("application_fee", 0), rate)
        details = fee_details(fee, currency, detail.get("fee_text", "Stripe processing fees"))
        details += application_fee_details(kept, currency, f"ca_{core.platform[5:]}")
        fee += kept
        available_on = max(detail.get("available_on", now), now)
        fields = {
            "id": core.ids.sibling("txn", of=source["id"]),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": available_on,
            "balance_type": "payments",
            "created": now,
            "currency": currency,
            "description": detail.get("description"),
            "exchange_rate": None if rate is None else float(rate),
            "fee": fee,
            "fee_details": details,
            "net": amount - fee,
            "reporting_category": detail.get("category", CATEGORY.get(kind, kind)),
            "source": source["id"],
            "status": "available" if available_on <= now else "pending",
            "type": kind,
        }
        row = core.add("balance_transactions", source.account, fields)
        self._count(row)
        return row

    def take_unpaid(self, payout: Row) -> None:
        """Note what an automatic payout is made of: all that has become available since the last one, and itself."""
        for row in self._unpaid.pop((payout.account, payout["currency"]), []):
            row.hidden["payout"] = payout["id"]
            self._core.changed(row)

    def _settles_in(self, kind: str, account: str, currency: str) -> tuple[str, Decimal | None]:
        """Players' money is converted where Stripe was told to; transfers and payouts move what is already there."""
        players = kind in CONVERTED and account == self._core.platform
        if not players or currency not in self.conversions:
            return currency, None
        return self.conversions[currency]

    def _count(self, row: Row) -> None:
        purse = (row.account, row["currency"])
        if row["status"] == "available":
            self._available[purse] += row["net"]
            self._unpaid[purse].append(row)
            self.on_funds(row.account)
            self.on_entry(row)
            return
        self._pending[purse] += row["net"]
        due: int = row["available_on"]
        if due not in self._maturing:
            self._maturing[due] = []
            self._core.timeline.at(due, "funds.mature", due)
        self._maturing[due].append(row)

    def mature(self, due: int) -> None:
        """Make available what was pending until this instant."""
        gained: set[str] = set()
        for row in self._maturing.pop(due):
            purse = (row.account, row["currency"])
            row["status"] = "available"
            self._core.changed(row)
            self._pending[purse] -= row["net"]
            self._available[purse] += row["net"]
            self._unpaid[purse].append(row)
            self.on_entry(row)
            gained.add(row.account)
        # What an account earned before it was deleted matures unseen.
        for account in sorted(one for one in gained if self._core.store.anywhere(one)):
            self._core.emit("balance.available", Row("balance", account, self.balance(account)))
            self.on_funds(account)

    def balance(self, account: str) -> dict[str, Any]:
        """The balance object of an account."""
        currencies = self.currencies(account) or [self._default_currency(account)]
        body: dict[str, Any] = {
            "object": "balance",
            "available": [_entry(self.available(account, currency), currency) for currency in currencies],
            "livemode": False,
            "pending": [_entry(self.pending(account, currency), currency) for currency in currencies],
        }
        if account == self._core.platform:
            body["connect_reserved"] = [{"amount": 0, "currency": currency} for currency in currencies]
        return body

    def _default_currency(self, account: str) -> str:
        row = self._core.store.anywhere(account)
        return str(row["default_currency"]) if row else "usd"


def fee_details(fee: int, currency: str, description: str) -> list[dict[str, Any]]:
    """The parts of a fee; nothing if there is none."""
    if fee == 0:
        return []
    return [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": description,
            "type": "stripe_fee",
        }
    ]


def application_fee_details(fee: int, currency: str, application: str) -> list[dict[str, Any]]:
    """The platform's part of a fee; nothing if it keeps nothing."""
    kept = fee_details(fee, currency, "Application fee")
    return [{**one, "application": application, "type": "application_fee"} for one in kept]


def _converted(amount: int, rate: Decimal | None) -> int:
    return amount if rate is None else int((amount * rate).to_integral_value(ROUND_HALF_UP))


def _entry(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
