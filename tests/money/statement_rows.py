"""The rows of a month's statement as a program reads them."""

from __future__ import annotations

import csv
import io

from backend.domain.months import Month
from backend.services import Services
from backend.services.statements.output import statement_csv
from tests.builders import Marketplace

NOVEMBER = Month.read("2026-11")


def services_of(market: Marketplace) -> Services:
    """Return the backend's services."""
    services: Services = market.app.extensions["payments"]
    return services


def rows_of(market: Marketplace, month: Month = NOVEMBER, coach: str | None = None) -> list[dict[str, str]]:
    """The lines of a statement as a program reads them from its CSV."""
    text = statement_csv(services_of(market).statements.read(month, coach))
    return list(csv.DictReader(io.StringIO(text, newline="")))
