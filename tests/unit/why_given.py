"""The facts that flask why looks at, given by hand."""

from __future__ import annotations

from typing import Any

from backend.domain.money import FeeRate
from backend.domain.namespace import UNNAMED
from backend.domain.settlement import Position, TransferRecord
from backend.services.reads import payment_of
from backend.services.settlement.positions import View
from tests.conftest import NOW
from tests.unit.given import charge, intent, made, transfer

DAY = 86_400


def view(
    sent: int = 0, refunded: int = 0, disputed: int = 0, paid: Any = None, metadata: dict[str, str] | None = None
) -> View:
    """The money of a paid payment: what was sent, refunded and disputed."""
    paid = paid or charge()
    payment = payment_of(intent(metadata, latest_charge=paid), UNNAMED)
    assert payment is not None
    transfers = (transfer(amount=sent, created=NOW + DAY), transfer("tr_2", 0, created=NOW)) if sent else ()
    position = Position(
        captured=4725,
        refunded=refunded,
        disputed=disputed,
        rate=FeeRate.from_percent("10"),
        transfers=[TransferRecord(one.id, one.amount, 0, 0) for one in transfers],
    )
    return View(payment, position, "acct_1", transfers, True)


def disputed(status: str, currency: str = "cad", due: int | None = NOW) -> Any:
    """A dispute of 30.00."""
    more = {"created": NOW, "reason": "fraudulent", "evidence_details": {"due_by": due}, "balance_transactions": []}
    return made("dispute", "dp_1", status=status, amount=3000, currency=currency, **more)
