"""Stripe metadata: the only durable record of what was bought, and the only place that spells its keys.

Values are strings of at most 500 characters (https://docs.stripe.com/metadata#limits). What is absent is
left out, never written as ``"null"``. What was frozen at purchase (price, percentage, share, payee) is read
back from here and never from today's settings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from backend.domain.catalogue import PACKAGE, SUBSCRIPTION, Offer, PackageType
from backend.domain.money import FeeRate
from backend.domain.namespace import UNNAMED, Namespace
from backend.domain.release import ReleaseKind, ReleaseTerms, frozen_terms

COACH_ID = "coachId"
COACH_NAME = "coachName"
SPORT = "sport"
PACKAGE_TYPE = "packageType"
PACKAGE_ID = "packageId"
PACKAGE_PRICE = "packagePrice"
CLIPS = "clips"
DAYS = "days"
PLATFORM_FEE = "platformFee"
TRANSFER_AMOUNT = "transferAmount"
PLAYER_ID = "playerId"
PLAYER_NAME = "playerName"
FEE_PERCENT = "feePercent"
COACH_KEY = "coachKey"
COACH_ACCOUNT_ID = "coachAccountId"
# The terms of release, frozen at purchase; all absent where the share is sent at once.
RELEASE = "release"
RELEASE_DAYS = "releaseDays"
RELEASE_GRACE_DAYS = "releaseGraceDays"
# Moments that release it, in unix seconds, each written once and never by settle.
DELIVERED_AT = "deliveredAt"
ACCEPTED_AT = "acceptedAt"
ACCEPTED_BY = "acceptedBy"  # who accepted: player, admin or operator
RELEASED_AT = "releasedAt"  # unix second at which settle first found the share of a kept payment with the coach
SETTLEMENT = "settlement"  # the note that settle leaves on a payment; see domain/settlement.py
# A person's word, which settle reads and never writes: MODE_MANUAL leaves the payment to a person; MODE_AUTO takes
# that back, and remembers that a person was there.
SETTLEMENT_MODE = "settlementMode"
MODE_MANUAL = "manual"
MODE_AUTO = "auto"
ALSO_PAID_BY = "alsoPaidBy"  # ids of hand-made transfers that belong to the payment, seen outside its group
PAID_AT = "paidAt"  # unix second at which money arrived that takes days; written once
# Set when a dispute, or a refund, took money and the charge does not say so: Stripe does not say when it does.
DISPUTE_SEEN = "disputeSeen"
REFUND_SEEN = "refundSeen"
COACH_ACCOUNT_WAS = "coachAccountWas"  # accounts that the payment was frozen to before a person released it

PAYMENT = "paymentIntentId"  # on transfers and reversals: the payment they belong to
SLOT = "slot"  # on transfers and reversals of ours: the slot of the payment that they fill
PLATFORM = "platform"  # on accounts: the marker that the contract names
ENDPOINT_KIND = "endpointKind"  # on webhook endpoints: which of the two it is
SECRET_FINGERPRINT = "secretFingerprint"  # and which signing secret is its own
ACCOUNT = "account"  # on registry entries: the coach's account
EMAIL_HASH = "emailHash"  # on registry entries: who the coach id belongs to, without keeping the address
NEXT = "next"  # on registry entries: a person replaced the binding, and this is the number of the entry that holds
WHY = "why"  # on registry entries that a person made: the reason
ADOPTED_AT = "adoptedAt"  # on the adoption marker: every account made until this unix second is in the registry
COACH_ACCOUNT_WAS = "coachAccountWas"  # on released payments: the accounts that were frozen before and are gone
IDEMPOTENCY_KEY = "attempt"  # on refunds: the caller's Idempotency-Key, hashed
IDEMPOTENCY_BODY = "attemptBody"  # on refunds: what that key asked for, hashed
SWEEP_MARK_ID = "sweep_mark"  # the Product in which the sweeps keep their memory
SWEEP = "sweep_"  # on that Product: how the keys of each sweep begin
KEPT_DAYS_ID = "kept_days"  # the Product that lists every number of days for which a share was ever kept
KEPT_DAYS = "days_"  # on that Product: how the key of each number begins
SERVED_AS = "servedAs"  # on the Product of a deployment's address: the namespaces that it has had

# The id of the Product that says until when accounts were adopted.
ADOPTION_MARKER = "coaches_adopted"

MOST_CHARACTERS = 500  # of a value: https://docs.stripe.com/metadata#limits
_MOST_DAYS = 36_500
_ACCOUNT_ID = re.compile(r"acct_[A-Za-z0-9]{8,32}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class NotAPurchase(ValueError):
    """The metadata does not describe a purchase: the payment is someone else's, or damaged."""


def email_hash(email: str) -> str:
    """The hash that the registry keeps of an email address: enough to recognise it, not enough to read it."""
    return _digest(email.strip().lower())


def idempotency_key_hash(*parts: str) -> str:
    """A fingerprint of a caller's key or body. Parts are length-prefixed, so ("ab","c") is not ("a","bc")."""
    return _digest("".join(f"{len(part)}:{part}" for part in parts))[:32]


@dataclass(frozen=True)
class Binding:
    """The content of a registry entry. ``account_id`` and ``email_hash`` are empty where it cannot be read.

    ``has_next``: a person began to replace it. The number that stands there is not needed, so it cannot be damaged.
    """

    account_id: str
    email_hash: str
    has_next: bool


def read_binding(metadata: Mapping[str, str]) -> Binding:
    """The binding in a registry entry's metadata, as far as it can be read."""
    known = _matching(_HASH, metadata.get(EMAIL_HASH))
    # Entries of accounts without an address once got the hash of nothing, which recognises nobody.
    return Binding(
        account_id=_matching(_ACCOUNT_ID, metadata.get(ACCOUNT)),
        email_hash="" if known == email_hash("") else known,
        has_next=NEXT in metadata,
    )


def read_adopted_at(metadata: Mapping[str, str]) -> int:
    """The unix second in the adoption marker; 0, before every account, where it cannot be read."""
    return int(_matching(re.compile(r"[0-9]{1,12}", re.ASCII), metadata.get(ADOPTED_AT)) or 0)


def _matching(form: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def ids_that_fit(ids: Iterable[str]) -> str:
    """The ids as one metadata value, separated by commas: as many of the first as fit whole."""
    text = ",".join(ids)
    while len(text) > MOST_CHARACTERS:
        text = text.rpartition(",")[0]
    return text


@dataclass(frozen=True)
class Purchase:
    """A purchase: what was bought, from whom, and how the money is to be divided (minor units)."""

    coach_id: str
    coach_name: str
    offer: Offer
    rate: FeeRate
    player_id: str | None = None
    player_name: str | None = None
    coach_account_id: str | None = None
    ours: bool = True
    namespace: Namespace = UNNAMED

    @property
    def coach_key(self) -> str:
        """The coach's registry id, derived: it cannot disagree with the coach id."""
        return self.namespace.registry_id(self.coach_id)

    def to_metadata(self) -> dict[str, str]:
        """The PaymentIntent's metadata, as the contract lists it."""
        split = self.rate.split(self.offer.price)
        values: dict[str, str | None] = {
            **self.namespace.mark,
            COACH_ID: self.coach_id,
            COACH_NAME: self.coach_name,
            SPORT: self.offer.sport,
            PACKAGE_TYPE: self.offer.package_type,
            PACKAGE_ID: str(self.offer.package_id or SUBSCRIPTION),
            PACKAGE_PRICE: str(split.amount),
            CLIPS: str(self.offer.clips),
            DAYS: str(self.offer.days),
            PLATFORM_FEE: str(split.fee),
            TRANSFER_AMOUNT: str(split.share),
            FEE_PERCENT: self.rate.percent,
            PLAYER_ID: self.player_id,
            PLAYER_NAME: self.player_name,
            COACH_KEY: self.coach_key,
            COACH_ACCOUNT_ID: self.coach_account_id,
            **_frozen_release(self.offer.release),
        }
        return {key: value for key, value in values.items() if value is not None}


def read_purchase(metadata: Mapping[str, str], namespace: Namespace = UNNAMED) -> Purchase:
    """The purchase that a PaymentIntent's metadata describes: ours, or one of the Node backend
    (its keys, no marker). Raises ``NotAPurchase``, for a purchase of another deployment too.
    """
    if namespace.is_anothers(metadata):
        raise NotAPurchase("another deployment sold it")
    try:
        package_type = _package_type(metadata[PACKAGE_TYPE])
        return Purchase(
            coach_id=metadata[COACH_ID],
            coach_name=metadata.get(COACH_NAME, ""),
            offer=Offer(
                sport=metadata[SPORT],
                package_type=package_type,
                package_id=int(metadata[PACKAGE_ID]) if package_type == PACKAGE else None,
                price=int(metadata[PACKAGE_PRICE]),
                clips=int(metadata[CLIPS]),
                days=_days(metadata[DAYS]),
                release=frozen_terms(
                    metadata.get(RELEASE), metadata.get(RELEASE_DAYS), metadata.get(RELEASE_GRACE_DAYS)
                ),
            ),
            rate=_frozen_rate(metadata),
            player_id=metadata.get(PLAYER_ID),
            player_name=metadata.get(PLAYER_NAME),
            coach_account_id=metadata.get(COACH_ACCOUNT_ID),
            ours=namespace.is_ours(metadata),
            namespace=namespace,
        )
    except (KeyError, ValueError) as error:
        raise NotAPurchase(f"the metadata is not a purchase: {error!r}") from error


def _frozen_release(terms: ReleaseTerms) -> dict[str, str | None]:
    """The keys of a share that is kept. One that is sent at once has none: its bytes are those of always."""
    if not terms.keeps:
        return {}
    grace = str(terms.grace_days) if terms.kind == ReleaseKind.ON_DELIVERY else None
    return {RELEASE: str(terms.kind), RELEASE_DAYS: str(terms.days), RELEASE_GRACE_DAYS: grace}


def _frozen_rate(metadata: Mapping[str, str]) -> FeeRate:
    """The percentage frozen at purchase. The Node backend froze the fee and the price instead."""
    if FEE_PERCENT in metadata:
        return FeeRate.from_percent(metadata[FEE_PERCENT])
    return FeeRate.from_parts(int(metadata[PLATFORM_FEE]), int(metadata[PACKAGE_PRICE]))


def _days(text: str) -> int:
    """A session's length. Beyond a lifetime it is damage, and no date could be reckoned from it."""
    days = int(text)
    if not 0 <= days <= _MOST_DAYS:
        raise ValueError(f"{DAYS}: {days}")
    return days


def _package_type(text: str) -> PackageType:
    if text == PACKAGE:
        return PACKAGE
    if text == SUBSCRIPTION:
        return SUBSCRIPTION
    raise ValueError(f"{PACKAGE_TYPE}: {text}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
