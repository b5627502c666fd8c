"""The requests of players, coaches and operators, as the services take them: read and checked, free of HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backend.domain.catalogue import PackageType

RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]


@dataclass(frozen=True)
class Order:
    """An order: the package that a player asks to buy."""

    coach_id: str
    coach_name: str
    sport: str
    package_type: PackageType
    package_id: int | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    player_id: str | None = None
    player_name: str | None = None


@dataclass(frozen=True)
class RefundRequest:
    """A refund that is asked for: ``amount`` in minor units, or all that is left when None."""

    payment_id: str
    reason: RefundReason = "requested_by_customer"
    amount: int | None = None


@dataclass(frozen=True)
class NewCoach:
    """The details that a coach gives to be paid. ``country`` is a two-letter code; it cannot be changed afterwards.

    ``country`` and ``business_type`` are None where the coach said nothing: CA and an individual, if it comes to that.
    """

    coach_id: str
    coach_name: str
    email: str
    sport: str
    country: str | None = None
    business_type: str | None = None


@dataclass(frozen=True)
class TransferClaim:
    """The transfer that the caller believes is due: ``amount`` is the gross amount that the player paid."""

    payment_id: str
    coach_account_id: str
    amount: int


@dataclass(frozen=True)
class LinkRequest:
    """The wishes of who asks for a link. ``email``: the coach's, where nothing else shows that it is the coach."""

    return_url: str | None = None
    refresh_url: str | None = None
    email: str | None = None
