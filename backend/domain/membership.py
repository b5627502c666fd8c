"""The one rule of which transfer belongs to which payment. Settling, ledger and sweep share it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from backend.domain.metadata import COACH_ID, COACH_NAME, PAYMENT, PLAYER_ID, PLAYER_NAME
from backend.domain.namespace import UNNAMED, Namespace

# Texts that others chose: an id in them names nothing.
_FREE_TEXTS = frozenset([COACH_ID, COACH_NAME, PLAYER_ID, PLAYER_NAME])
_PAYMENT_ID = re.compile(r"\bpi_[A-Za-z0-9_]+", re.ASCII)


def named_payments(metadata: Mapping[str, str]) -> frozenset[str]:
    """The payments that a transfer's metadata names, under whatever key a person or another program chose."""
    texts = [value for key, value in metadata.items() if key not in _FREE_TEXTS]
    return frozenset(match for text in texts for match in _PAYMENT_ID.findall(text))


def named_before(previous: Mapping[str, Any] | None) -> frozenset[str]:
    """The payments that a transfer named before a change. ``previous``: the changed fields of the event, as they were."""
    metadata = (previous or {}).get("metadata") or {}
    return named_payments({key: value for key, value in metadata.items() if value})


class Belongs(StrEnum):
    """The relation of a transfer to a payment."""

    MINE = "mine"
    ANOTHERS = "anothers"
    UNCLEAR = "unclear"  # it names the payment, but in a way that a person has to explain


@dataclass(frozen=True)
class TransferFacts:
    """The parts of a transfer that decide. ``source``: the id of the charge that it was made from, or None;
    ``source_payment``: that charge's PaymentIntent, where it was read. ``undone``: all of it was taken back.
    """

    source: str | None
    currency: str
    destination: str
    metadata: Mapping[str, str]
    source_payment: str | None = None
    undone: bool = False

    @property
    def named(self) -> frozenset[str]:
        """The payments that its metadata names."""
        return named_payments(self.metadata)

    @property
    def is_unnamed(self) -> bool:
        """True if nothing says what it was for. A person answers ``paymentIntentId: none`` for a gift."""
        return self.source is None and not self.named and PAYMENT not in self.metadata and not self.undone


@dataclass(frozen=True)
class PaymentFacts:
    """The parts of a payment that decide. ``is_payee`` tells the accounts of its coach from others, ``namespace`` what
    this deployment made.
    """

    payment_id: str
    charge_id: str
    currency: str
    is_payee: Callable[[str], bool]
    namespace: Namespace = UNNAMED


def belongs(transfer: TransferFacts, payment: PaymentFacts) -> Belongs:
    """The relation of a transfer to a payment.

    It belongs to the payment of its source; without a source, to the one that its metadata names. It must have
    the payment's currency and go to an account of the payment's coach. A transfer that this backend made went
    where the payment said at the time.
    """
    # A debit that bounced may be paid again: then one payment has two charges.
    by_us = payment.namespace.is_ours(transfer.metadata) and transfer.metadata.get(PAYMENT) == payment.payment_id
    sourced = transfer.source == payment.charge_id or transfer.source_payment == payment.payment_id
    named = transfer.source is None and payment.payment_id in transfer.named
    if not (by_us or sourced or named):
        return Belongs.ANOTHERS
    if by_us:
        return Belongs.MINE
    ambiguous = transfer.source is None and len(transfer.named) > 1
    if ambiguous or transfer.currency != payment.currency or not payment.is_payee(transfer.destination):
        # All of it came back, as when the wrong account was paid: nothing is left to explain.
        return Belongs.ANOTHERS if transfer.undone else Belongs.UNCLEAR
    return Belongs.MINE
