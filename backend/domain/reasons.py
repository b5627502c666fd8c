"""Every reason why money waits, in plain sentences: for operators, for coaches, and for callers of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from backend.domain.notes import Note, Reason
from backend.domain.states import MoneyState

# A command that runs again whatever can be settled.
SETTLE = "flask settle {payment}"
_BY_HAND = f"{SETTLE} --manual"


@dataclass(frozen=True)
class Words:
    """The sentences for one reason.

    ``meaning`` and ``remedy`` are for operators, ``command`` the next thing to type where there is one (``{payment}``
    stands for its id). ``coach`` is for the coach, without words of ours. ``answer`` is for a caller who asks for the
    transfer; empty where asking again later can help. ``lasts``: nothing but a person ends it.
    """

    meaning: str
    remedy: str
    coach: str
    command: str = ""
    answer: str = ""
    lasts: bool = False


_IN_PERSON = "Your share is kept for you. Somebody on our team is looking into it and will be in touch."

WORDS: Mapping[Reason, Words] = MappingProxyType(
    {
        Reason.NO_ACCOUNT: Words(
            "The coach has not registered yet. Registering releases it.",
            "Ask the coach to register. Where anybody could have registered as that coach, see that the account is the coach's "
            "own, and release the payment to it.",
            "Your share is kept for you until you have set up payments in the app, and is sent to you then.",
            answer="The coach has not set up payments yet.",
        ),
        Reason.COACH_NOT_READY: Words(
            "The coach has not finished onboarding, or Stripe is still checking.",
            "Ask the coach to finish onboarding. The money follows by itself.",
            "Stripe, which pays you for us, still needs something from you, or is still checking what you gave. Please open "
            "your payment details in the app. Your share is kept for you, and is sent as soon as that is done.",
            answer="The coach cannot receive transfers yet. The money is kept for the coach.",
        ),
        Reason.PLATFORM_BALANCE: Words(
            "The platform's available balance does not cover it yet.",
            "Wait until charges become available, or add funds in the Stripe Dashboard. The next sweep sends it.",
            "Your share is on its way and will be sent within the next days. You need to do nothing.",
            answer="The platform's balance does not cover this transfer yet.",
        ),
        Reason.CLAWBACK_PENDING: Words(
            "The coach's balance does not cover yet what has to come back.",
            "Nothing: it is taken as the coach earns, by the sweep.",
            "It is taken out of your next earnings. You need to do nothing.",
        ),
        Reason.ACCOUNT_GONE: Words(
            "The coach's account was closed, rejected, or cut off from the platform: nothing can be sent to it any more.",
            "Bind the coach to another account of the coach's (flask coaches rebind), then release the payment to it.",
            "Stripe, which pays you for us, no longer pays to your account. Please contact us, so that we can send "
            "your share to another one.",
            f"{SETTLE} --release acct_…",
            "The coach's account was closed or rejected. An operator has to name the coach's new account.",
            lasts=True,
        ),
        Reason.NOT_ALLOWED: Words(
            "Stripe does not allow transfers to the coach's account, although its capability is active.",
            "Look at the account in the Stripe Dashboard, and ask Stripe's support. It is tried again every hour.",
            "Stripe, which pays you for us, does not accept payments to you at the moment. We are asking why. Your share is "
            "kept for you.",
            answer="Stripe does not allow transfers to the coach's account at the moment.",
            lasts=True,
        ),
        Reason.SETTLEMENT_CURRENCY: Words(
            "The payment arrived on the platform's balance in another currency, and only that one can be sent from it.",
            "Pay the coach by hand, then leave the payment to a person. For later ones, add a bank account in the currency "
            "that you sell in: Stripe Dashboard, Settings, Payouts.",
            _IN_PERSON,
            _BY_HAND,
            "This payment arrived in another currency, from which Stripe makes no such transfer. Please pay the coach by hand.",
            lasts=True,
        ),
        Reason.REFUSED: Words(
            "Stripe refuses the transfer, for a reason of its own.",
            "Look in the log for stripe.refused, which has Stripe's words. It is tried again every hour.",
            _IN_PERSON,
            answer="Stripe refuses this transfer. Please look at the payment in Stripe.",
            lasts=True,
        ),
        Reason.UNCLEAR_TRANSFERS: Words(
            "The coach may have been paid for this already, by hand or by another program.",
            "See what each transfer to the coach was for. Write the payment's id into its metadata paymentIntentId, or none if "
            "it paid for nothing here; then settle again.",
            _IN_PERSON,
            SETTLE,
            "The coach may have been paid for this already. Please check in Stripe.",
            lasts=True,
        ),
        Reason.UNCLEAR_DISPUTE: Words(
            "A dispute took money in another currency, so what is left of the payment cannot be told.",
            "Look at the dispute in the Stripe Dashboard, make the coach's share right by hand, and leave the payment to a "
            "person.",
            _IN_PERSON,
            _BY_HAND,
            "A dispute of this payment has to be looked at in Stripe first.",
            lasts=True,
        ),
        Reason.MANY_TRANSFERS: Words(
            "The coach was sent so much since the payment that it has not been looked through yet.",
            "Nothing: the sweep looks through it. Or do it now.",
            "Your share is kept for you, and is sent within the next hours. You need to do nothing.",
            "flask reconcile {payment}",
            "The coach was sent too much since to look through it now. Please run flask reconcile for this payment.",
        ),
        Reason.UNDELIVERED: Words(
            "The coach's share is kept until the work is delivered, the player accepts it, or the deadline comes; an open "
            "dispute stops it.",
            "Nothing: it is sent by itself then. The command sends it now.",
            "Your share is kept for you until the work is done. It is sent some days after you say in the app that you have "
            "delivered, or as soon as the player accepts.",
            "flask release {payment}",
            "The coach's share is kept until the work is delivered, and is sent by itself then.",
        ),
        Reason.UNREADABLE: Words(
            "The payment is ours, but its metadata is damaged.",
            "Mend the metadata in the Stripe Dashboard (another payment of the same package shows what it should hold), then "
            "settle again.",
            _IN_PERSON,
            SETTLE,
            lasts=True,
        ),
    }
)

REGISTERED_LATE = Words(
    "The coach registered after the purchase, where anybody could have registered as that coach.",
    "See that the account is the coach's own, then release the payment to it.",
    "Your share is kept for you until somebody on our team has checked the account that you set up since.",
)
BY_A_PERSON = Words(
    "A person settles this payment; nothing happens by itself.",
    "Make it right by hand. When it may be settled by itself again, say so.",
    "Somebody on our team takes care of this payment and will be in touch.",
    f"{SETTLE} --auto",
    "This payment is settled by hand.",
)
NO_CLEAR_ANSWER = Words(
    "Stripe gave no clear answer. It is looked at again, and never paid twice.",
    "Nothing: three hours after that answer the sweep goes on. Or settle it yourself then.",
    "Your share is on its way. You need to do nothing.",
    SETTLE,
)
ON_ITS_WAY = Words(
    "It is on its way: the next webhook settles it.",
    "If it stays so, the webhook did not arrive: settle it, and look at the endpoint's deliveries (flask doctor).",
    "Your share is on its way. You need to do nothing.",
    SETTLE,
)


def words_of(note: Note | None) -> Words:
    """The sentences for a note; for one with a reason that is not known here, those of an unclear answer."""
    if note is None:
        return ON_ITS_WAY
    if note.kind == MoneyState.MANUAL:
        return BY_A_PERSON
    if note.kind == MoneyState.UNKNOWN or note.reason is None:
        return NO_CLEAR_ANSWER
    return WORDS[note.reason]
