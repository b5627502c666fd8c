"""The coaching session: a pure function of the payment, the same whoever asks, however often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.domain.catalogue import PACKAGE, PackageType
from backend.domain.metadata import Purchase

# Methods whose money is there, or not, at the moment of paying: the charge's time is the payment's. All others may take
# days. https://docs.stripe.com/payments/payment-methods#payment-notification
INSTANT_METHODS = frozenset(
    "affirm afterpay_clearpay alipay amazon_pay bancontact blik card card_present cashapp eps fpx giropay grabpay ideal "
    "interac_present kakao_pay klarna kr_card link mobilepay naver_pay p24 pay_by_bank payco paynow paypal promptpay "
    "revolut_pay samsung_pay satispay swish twint wechat_pay zip".split()
)
# The slowest of the others, a bank debit with a mandate to be sent first, takes two weeks.
MOST_SECONDS_UNDER_WAY = 21 * 86_400


class SessionMismatch(ValueError):
    """The caller claims another purchase than was paid for. ``field`` names the difference."""

    def __init__(self, field: str) -> None:
        super().__init__(f"The session data does not match the payment: {field} is different.")
        self.field = field


@dataclass(frozen=True)
class SessionClaim:
    """The purchase that a front end claims. Compared with the payment, never believed."""

    coach_id: str
    sport: str
    package_type: PackageType
    package_id: int | None = None


@dataclass(frozen=True)
class Session:
    """An open coaching session. Times are ISO 8601 in UTC with milliseconds; ``amount`` in minor units."""

    id: str
    payment_intent_id: str
    coach_id: str
    coach_name: str
    sport: str
    package_type: PackageType
    package_id: int | None
    amount: int
    currency: str
    clips_remaining: int
    session_expiry: str
    created_at: str
    clips_uploaded: int = 0
    status: str = "active"
    messages: tuple[str, ...] = ()


def open_session(payment_id: str, purchase: Purchase, amount: int, currency: str, paid_at: int) -> Session:
    """The session that a payment opened. ``paid_at`` is the unix second at which the money arrived: the same, whenever
    and wherever the session is asked for.
    """
    paid = datetime.fromtimestamp(paid_at, UTC)
    offer = purchase.offer
    return Session(
        id=session_id(payment_id),
        payment_intent_id=payment_id,
        coach_id=purchase.coach_id,
        coach_name=purchase.coach_name,
        sport=offer.sport,
        package_type=offer.package_type,
        package_id=offer.package_id,
        amount=amount,
        currency=currency,
        clips_remaining=offer.clips,
        session_expiry=iso_milliseconds(paid + timedelta(days=offer.days)),
        created_at=iso_milliseconds(paid),
    )


def session_id(payment_id: str) -> str:
    """The id of the session that a payment opens."""
    return f"session_{payment_id.removeprefix('pi_')}"


def check_claim(claim: SessionClaim, purchase: Purchase) -> None:
    """Raises ``SessionMismatch`` if the claim names another purchase. A subscription has no package id."""
    offer = purchase.offer
    if claim.coach_id != purchase.coach_id:
        raise SessionMismatch("coachId")
    if claim.sport.casefold() != offer.sport.casefold():
        raise SessionMismatch("sport")
    if claim.package_type != offer.package_type:
        raise SessionMismatch("packageType")
    if offer.package_type == PACKAGE and claim.package_id != offer.package_id:
        raise SessionMismatch("packageId")


def iso_milliseconds(moment: datetime) -> str:
    """``2026-11-22T10:00:00.000Z``: what JavaScript's ``toISOString`` writes."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
