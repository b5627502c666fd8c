"""The oracle's arithmetic: what a coach should hold and does hold, from the sandbox's own rows and the sale alone.

Nothing here asks the backend, nor reads what the backend says of itself: a transfer is the backend's if it carries the
marker; one made by hand says in its description what the person meant by it, and no code of the backend reads that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backend.sandbox import Sandbox

# An inquiry takes nothing, a prevented dispute was settled before it took any, and a won one has given it back.
_HARMLESS = frozenset("won prevented warning_needs_response warning_under_review warning_closed".split())
_CAME_BACK = frozenset(["failed", "canceled"])
CURRENCY = "cad"
_DAY = 86_400


@dataclass
class Sale:
    """One sale as the test made it. ``fee``: the part of a kept amount that stays with the platform.

    ``by_node``: the Node backend sold it. ``damaged``: what its record said before it was damaged.
    ``manual``: a person settles it; ``touched``: a person ever said so. ``kept``: for how many days its share is kept, and
    how many after the delivery.
    """

    payment_id: str
    client_secret: str
    coach: str
    fee: Fraction
    by_node: bool = False
    manual: bool = False
    touched: bool = False
    damaged: dict[str, str] | None = None
    kept: tuple[int, int] | None = None


@dataclass(frozen=True)
class Facts:
    """One payment's money in minor units. ``disputed`` is None where it cannot be told what a dispute took."""

    captured: int
    refunded: int
    disputed: int | None
    fee: Fraction
    sent: int
    by_hand: int
    reversed_by_hand: int
    manual: bool
    damaged: bool

    @property
    def target(self) -> int | None:
        """The share that the coach should hold: what is kept less the fee, which is rounded half up."""
        if self.disputed is None:
            return None
        kept = max(0, self.captured - self.refunded - self.disputed)
        return kept - math.floor(self.fee * kept + Fraction(1, 2))

    @property
    def held(self) -> int:
        """All that the coach has of it, whoever sent it."""
        return self.sent + self.by_hand

    @property
    def given(self) -> tuple[Any, ...]:
        """The part that the backend cannot know before it looks."""
        return (
            self.captured,
            self.refunded,
            self.disputed,
            self.by_hand,
            self.reversed_by_hand,
            self.manual,
            self.damaged,
        )


class TrueBooks:
    """Reads the sandbox's memory, at no call."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._world = sandbox.world

    def rows(self, kind: str) -> list[Any]:
        """The platform's objects of a kind, oldest first."""
        with self._world.lock:
            return list(self._world.store.of(self._world.platform, kind))

    def row(self, row_id: str | None) -> Any:
        """An object, or None where it is not there."""
        with self._world.lock:
            return self._world.store.anywhere(row_id or "")

    def metadata(self, payment_id: str) -> dict[str, str]:
        """A payment's metadata."""
        return dict(self.row(payment_id)["metadata"])

    def note(self, payment_id: str) -> str:
        """The note on a payment, or nothing."""
        return self.metadata(payment_id).get("settlement", "")

    def is_ours(self, payment_id: str) -> bool:
        """True for what this backend sold, and what it has adopted."""
        return self.metadata(payment_id).get("app") == "coaching-payments"

    def charge(self, payment_id: str) -> Any:
        """The charge that paid, also where the bank took it back later; None while nothing was paid."""
        charge = self.row(self.row(payment_id)["latest_charge"])
        if charge is None or (charge["status"] != "succeeded" and not charge.get("failure_balance_transaction")):
            return None
        return charge

    def is_unreleased(self, sale: Sale, now: int) -> bool:
        """True while the share of a paid sale waits for its day, by the moments that stand at Stripe."""
        charge, metadata = self.charge(sale.payment_id), self.metadata(sale.payment_id)
        if sale.kept is None or charge is None or "acceptedAt" in metadata:
            return False
        is_card = charge["payment_method_details"]["type"] == "card"
        arrived = charge["created"] if is_card else int(metadata.get("paidAt", now))
        days, grace = sale.kept
        moments = [arrived + days * _DAY]
        if "deliveredAt" in metadata:
            moments.append(int(metadata["deliveredAt"]) + grace * _DAY)
        return now < min(moments)

    def is_asked_about(self, sale: Sale) -> bool:
        """True while a dispute or an inquiry of a sale is open."""
        charge = self.charge(sale.payment_id)
        disputes = [row for row in self.rows("disputes") if charge is not None and row["charge"] == charge["id"]]
        return any(row["status"] not in ("won", "lost", "warning_closed", "prevented") for row in disputes)

    def accounts(self, coach: str) -> list[Any]:
        """The accounts that carry a coach's id and are there."""
        with self._world.lock:
            everybody = list(self._world.store.all("accounts"))
        return [row for row in everybody if row["metadata"].get("coachId") == coach]

    def available(self, account: str | None = None) -> int:
        """The available balance of a coach's account, or of the platform."""
        with self._world.lock:
            return self._world.ledger.available(account or self._world.platform, CURRENCY)

    def facts(self, sale: Sale) -> Facts:
        """The money of one sale as it is now."""
        charge = self.charge(sale.payment_id)
        paid = charge is not None and charge["status"] == "succeeded"
        sent = by_hand = 0
        mine = list(self.transfers_of(sale.payment_id))
        known = {transfer["id"] for transfer in mine}
        for transfer in mine:
            held = transfer["amount"] - transfer["amount_reversed"]
            if is_the_backends(transfer):
                sent += held
            else:
                by_hand += held
        return Facts(
            captured=charge["amount_captured"] if paid else 0,
            refunded=self._refunded(charge),
            disputed=self._disputed(charge),
            fee=sale.fee,
            sent=sent,
            by_hand=by_hand,
            reversed_by_hand=sum(
                row["amount"] for row in self.rows("reversals") if row["transfer"] in known and not is_the_backends(row)
            ),
            manual=sale.manual,
            damaged=sale.damaged is not None,
        )

    def transfers_of(self, payment_id: str) -> Iterator[Any]:
        """The transfers of a payment: the backend's, and those that a person clearly meant for it."""
        for transfer in self.rows("transfers"):
            if is_the_backends(transfer):
                if transfer["metadata"].get("paymentIntentId") == payment_id:
                    yield transfer
            elif transfer["description"] == f"clear:{payment_id}":
                yield transfer

    def unclear(self, sale: Sale, account: str | None) -> list[Any]:
        """The transfers of which a person has to say what they were for."""
        return [
            transfer
            for transfer in self.rows("transfers")
            if ((transfer["description"] or "").startswith("unclear:") and sale.payment_id in transfer["description"])
            or (transfer["description"] == "gift" and transfer["destination"] == account)
        ]

    def _refunded(self, charge: Any) -> int:
        if charge is None:
            return 0
        refunds = [row for row in self.rows("refunds") if row["charge"] == charge["id"]]
        return sum(row["amount"] for row in refunds if row["status"] not in _CAME_BACK)

    def _disputed(self, charge: Any) -> int | None:
        disputes = [row for row in self.rows("disputes") if charge is not None and row["charge"] == charge["id"]]
        taken = [_taken(row, charge["currency"]) for row in disputes]
        return None if None in taken else sum(one or 0 for one in taken)


def is_the_backends(transfer: Any) -> bool:
    """True for a transfer, or a reversal, that the backend made."""
    return bool(transfer["metadata"].get("app") == "coaching-payments")


def _taken(dispute: Any, currency: str) -> int | None:
    """The amount that a dispute took; None where it was booked in another currency and says another one itself."""
    booked = dispute["balance_transactions"]
    total = sum(entry["amount"] for entry in booked)
    if booked and all(entry["currency"] == currency for entry in booked):
        return max(0, -int(total))
    if (booked and total >= 0) or (not booked and dispute["status"] in _HARMLESS):
        return 0
    return int(dispute["amount"]) if dispute["currency"] == currency else None
