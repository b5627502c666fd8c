"""The catalogue: sports, clip packages and the subscription, with their prices.

The catalogue is data (``config/catalogue.toml`` or a file of the marketplace's own). It is checked whole
at start, so that a purchase can only ever meet a valid offer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from backend.domain.money import MoneyError, supported_currency
from backend.domain.release import AT_ONCE, ReleaseError, ReleaseTerms, terms_of

PackageType = Literal["package", "subscription"]
PACKAGE: PackageType = "package"
SUBSCRIPTION: PackageType = "subscription"

# The least that Stripe charges in most currencies, and the eight digits that it takes at most.
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_LEAST_MINOR = 50
_MOST_MINOR = 99_999_999


class CatalogueError(ValueError):
    """The catalogue file is wrong; the message names the entry."""


class NotOffered(ValueError):
    """Not in the catalogue, in a sentence for people. ``field`` is the part that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Offer:
    """One thing that a player can buy, at ``price`` minor units. A subscription has no ``package_id``.

    ``release``: from when the coach's share may be sent.
    """

    sport: str
    package_type: PackageType
    package_id: int | None
    price: int
    clips: int
    days: int
    release: ReleaseTerms = AT_ONCE


@dataclass(frozen=True)
class Catalogue:
    """Every offer, in one currency."""

    currency: str
    offers: tuple[Offer, ...]

    @property
    def sports(self) -> tuple[str, ...]:
        """The sports in the catalogue's own spelling and order."""
        return tuple(dict.fromkeys(offer.sport for offer in self.offers))

    @property
    def kept_days(self) -> frozenset[int]:
        """The numbers of days for which shares of today's offers are kept at most."""
        return frozenset(offer.release.days for offer in self.offers if offer.release.keeps)

    def spelling(self, sport: str) -> str:
        """The catalogue's spelling of a sport written in any case. Raises ``NotOffered``."""
        for known in self.sports:
            if known.casefold() == sport.casefold():
                return known
        raise NotOffered("sport", f"The sport must be one of: {', '.join(self.sports)}.")

    def offer(self, sport: str, package_type: PackageType, package_id: int | None) -> Offer:
        """The offer for a sport and package. A subscription ignores ``package_id``. Raises ``NotOffered``."""
        spelled = self.spelling(sport)
        wanted = package_id if package_type == PACKAGE else None
        choices = [o for o in self.offers if o.sport == spelled and o.package_type == package_type]
        for offer in choices:
            if offer.package_id == wanted:
                return offer
        if package_type == SUBSCRIPTION:
            raise NotOffered("packageType", f"There is no subscription for {spelled}.")
        ids = ", ".join(str(o.package_id) for o in choices)
        raise NotOffered("packageId", f"The package must be one of: {ids}.")


def parse_catalogue(document: Mapping[str, Any], default_currency: str | None = None, grace_days: int = 0) -> Catalogue:
    """Read a catalogue document (see ``config/catalogue.toml`` for the form).

    ``default_currency`` replaces the document's own. ``grace_days``: how long a share is kept after a delivery. Raises
    ``CatalogueError`` naming the entry.
    """
    _only_keys(document, {"currency", "packages", "subscription", "prices"}, "the catalogue")
    currency = _currency(default_currency or document.get("currency", "cad"))
    contents: dict[_Key, _Contents] = {
        (PACKAGE, _package_id(key)): _contents(value, f"packages.{key}", grace_days)
        for key, value in _table(document, "packages").items()
    }
    if "subscription" in document:
        contents[(SUBSCRIPTION, None)] = _contents(document["subscription"], "subscription", grace_days)
    offers = [
        offer for sport, prices in _table(document, "prices").items() for offer in _offers(sport, prices, contents)
    ]
    if not offers:
        raise CatalogueError("prices: at least one sport is needed")
    _unmistakable({offer.sport for offer in offers})
    return Catalogue(currency=currency, offers=tuple(offers))


_Key = tuple[PackageType, int | None]
_Contents = tuple[int, int, ReleaseTerms]


def _offers(sport: str, prices: Any, contents: Mapping[_Key, _Contents]) -> list[Offer]:
    if not isinstance(prices, Mapping):
        raise CatalogueError(f"prices.{sport}: must be a table of prices")
    names = {("subscription" if key[0] == SUBSCRIPTION else str(key[1])): key for key in contents}
    _only_keys(prices, set(names), f"prices.{sport}")
    missing = [name for name in names if name not in prices]
    if missing:
        raise CatalogueError(f"prices.{sport}: no price for {', '.join(missing)}")
    return [
        Offer(
            sport=sport,
            package_type=names[name][0],
            package_id=names[name][1],
            price=_whole(price, f"prices.{sport}.{name}", _LEAST_MINOR, _MOST_MINOR),
            clips=contents[names[name]][0],
            days=contents[names[name]][1],
            release=contents[names[name]][2],
        )
        for name, price in prices.items()
    ]


def _unmistakable(sports: set[str]) -> None:
    if len({sport.casefold() for sport in sports}) != len(sports):
        raise CatalogueError("prices: two sports differ only in upper and lower case")
    for sport in sports:
        if not sport.strip() or len(sport) > 100:
            raise CatalogueError(f"prices.{sport}: a sport's name has 1 to 100 characters")


def _currency(code: Any) -> str:
    if not isinstance(code, str):
        raise CatalogueError("currency: must be a string, such as 'cad'")
    try:
        return supported_currency(code)
    except MoneyError as error:
        raise CatalogueError(f"currency: {error}") from error


def _package_id(key: str) -> int:
    # "01" would be another table for the same package.
    if not re.fullmatch(r"[1-9][0-9]{0,5}", key, re.ASCII):
        raise CatalogueError(f"packages.{key}: a package's id is a whole number from 1")
    return int(key)


def _contents(value: Any, where: str, grace_days: int) -> _Contents:
    if not isinstance(value, Mapping):
        raise CatalogueError(f"{where}: must be a table with clips and days")
    _only_keys(value, {"clips", "days", "release"}, where)
    try:
        release = terms_of(value.get("release", AT_ONCE.kind), grace_days)
    except ReleaseError as error:
        raise CatalogueError(f"{where}.release: {error}") from error
    return (
        _whole(value.get("clips"), f"{where}.clips", 1, 100_000),
        _whole(value.get("days"), f"{where}.days", 1, 3_660),
        release,
    )


def _whole(value: Any, where: str, least: int, most: int) -> int:
    # bool is a subclass of int: `clips = true` must not count as one clip.
    if type(value) is not int or not least <= value <= most:
        raise CatalogueError(f"{where}: must be a whole number from {least} to {most}, not {value!r}")
    return value


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, Mapping):
        raise CatalogueError(f"{key}: must be a table")
    return value


def _only_keys(table: Mapping[str, Any], allowed: set[str], where: str) -> None:
    unknown = sorted(set(table) - allowed)
    if unknown:
        raise CatalogueError(f"{where}: unknown entry {', '.join(unknown)}")
