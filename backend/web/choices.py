"""The choices on a coach's page: what each offer costs, holds and lasts, in words for the player."""

from __future__ import annotations

from dataclasses import dataclass

from backend.domain.catalogue import SUBSCRIPTION, Catalogue
from backend.domain.days import DAY, spell_day_of
from backend.domain.money import format_money
from backend.domain.release import ReleaseKind, ReleaseTerms


@dataclass(frozen=True)
class Choice:
    """An offer as it is shown. ``price`` in minor units; ``until``: the last day if it is paid for now.

    ``paid_when``: when the coach is paid; empty where that is at once.
    """

    value: str
    price: int
    amount: str
    clips: int
    days: int
    lasts: str
    until: str
    paid_when: str


def choices_of(catalogue: Catalogue, sport: str, now: int) -> list[Choice]:
    """Return the offers of a sport, in the catalogue's order. ``now``: the unix time in seconds.

    A subscription of the catalogue is one charge, and nothing renews it: it is shown as the days that it lasts.
    """
    return [
        Choice(
            value=str(offer.package_id or SUBSCRIPTION),
            price=offer.price,
            amount=format_money(offer.price, catalogue.currency),
            clips=offer.clips,
            days=offer.days,
            lasts=f"{offer.days} days" + (", does not renew" if offer.package_type == SUBSCRIPTION else ""),
            until=spell_day_of(now + offer.days * DAY),
            paid_when=paid_when(offer.release),
        )
        for offer in catalogue.offers
        if offer.sport == sport
    ]


def paid_when(terms: ReleaseTerms) -> str:
    """The moment at which the coach is paid, for the player; empty where that is at once."""
    match terms.kind:
        case ReleaseKind.AFTER_DAYS:
            return f"Your coach is paid {terms.days} days after you have paid."
        case ReleaseKind.ON_DELIVERY:
            grace = f"{terms.grace_days} days after delivering" if terms.grace_days else "on delivering"
            return (
                f"Your coach is paid when you accept the work, or {grace}, and after {terms.days} days at the latest."
            )
        case _:
            return ""
