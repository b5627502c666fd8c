"""The note that settle leaves on a payment it could not finish: why its money waits, and since when."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from backend.domain.states import MoneyState

# Stripe may still carry out what it answered with a 500, for hours.
# https://docs.stripe.com/error-low-level#idempotency
UNKNOWN_SETTLES_AFTER = 3 * 3_600
# A note from further ahead than any two clocks differ is damaged: nothing would ever be older than it.
_MOST_AHEAD = 24 * 3_600


class Reason(StrEnum):
    """The reasons why money waits."""

    NO_ACCOUNT = "no_account"  # the coach has not registered
    COACH_NOT_READY = "coach_not_ready"  # the account's transfers capability is not active
    PLATFORM_BALANCE = "platform_balance"  # the platform's available balance does not cover it
    CLAWBACK_PENDING = "clawback_pending"  # the coach's balance does not cover what has to come back
    ACCOUNT_GONE = "account_gone"  # the coach's account was closed, rejected, or cut off from the platform
    NOT_ALLOWED = "transfers_not_allowed"  # Stripe sends nothing there, although the capability is active
    SETTLEMENT_CURRENCY = "settlement_currency"  # the charge arrived on the balance in another currency
    REFUSED = "refused"  # Stripe will not, for another reason: a person has to look
    UNCLEAR_TRANSFERS = "unclear_transfers"  # the coach may have been paid by hand: a person has to look
    UNCLEAR_DISPUTE = "unclear_dispute"  # it cannot be told what of the payment a dispute took
    MANY_TRANSFERS = "many_transfers"  # too many transfers to look through now: the sweep does
    UNDELIVERED = "undelivered"  # the share is kept until the work is delivered, accepted, or its deadline has come
    UNREADABLE = "unreadable"  # the payment's metadata is damaged: a person has to mend it


# A word that is not here is one that only a later release knows: such a note says that money waits, and no more.
_REASONS: dict[str | None, Reason] = {str(reason): reason for reason in Reason}

_NOTE = re.compile(
    r"(?P<kind>held|unknown)(?::(?P<reason>[a-z_]+))?:(?P<slot>[0-9]+(?:r[0-9]+)?)\.(?P<generation>[0-9]{1,6})"
    r":(?P<at>[0-9]{1,12})(?P<pinned>p?)(?::(?P<amount>[0-9]{1,12}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Note:
    """The one metadata value that settle leaves on a payment it could not finish.

    ``held:<reason>:<slot>.<generation>:<unix>[p][:<amount>]`` or ``unknown:<slot>.<generation>:<unix>[p]``.
    ``p`` says that Stripe was seen to replay the failure: it is pinned under the key. ``at`` is Stripe's time.
    The note helps people and finding; the money is decided from charges, transfers and reversals.
    """

    kind: MoneyState
    reason: Reason | None = None
    slot: str = "0"
    generation: int = 0
    at: int = 0
    amount: int | None = None
    pinned: bool = False

    def __str__(self) -> str:
        if self.kind == MoneyState.MANUAL:
            return MoneyState.MANUAL
        words = [self.kind, self.reason or "", f"{self.slot}.{self.generation}", f"{self.at}{'p' * self.pinned}"]
        if self.amount is not None:
            words.append(str(self.amount))
        return ":".join(word for word in words if word)

    def may_still_come(self, now: int | None) -> bool:
        """True while an unknown outcome is so young that Stripe may make it come true. ``now``: Stripe's time."""
        return self.kind == MoneyState.UNKNOWN and (now is None or now - self.at <= UNKNOWN_SETTLES_AFTER)

    def says_the_same_as(self, other: Note | None) -> bool:
        """True if writing this note over the other would change nothing but the time."""
        return other is not None and self == replace(other, at=self.at)


def read_note(text: str | None, now: int | None = None) -> Note | None:
    """The note in a payment's metadata. A damaged one counts as none: a lost note only makes us wait.

    ``manual`` is a person's word from before it had a key of its own; it still counts. ``now``: Stripe's time, if known.
    """
    if text == MoneyState.MANUAL:
        return Note(MoneyState.MANUAL)
    match = _NOTE.fullmatch(text or "")
    if match is None or (now is not None and int(match["at"]) > now + _MOST_AHEAD):
        return None
    return Note(
        kind=MoneyState(match["kind"]),
        reason=_REASONS.get(match["reason"]),
        slot=match["slot"],
        generation=int(match["generation"]),
        at=int(match["at"]),
        amount=int(match["amount"]) if match["amount"] else None,
        pinned=bool(match["pinned"]),
    )
