"""``flask why`` as the tests ask it, for machines and for people; and the words that a letter may not have."""

from __future__ import annotations

import json
from typing import Any

from tests.builders import Marketplace
from tests.routes.test_commands import run


def ask(market: Marketplace, query: str) -> dict[str, Any]:
    """The answer for machines."""
    code, output = run(market, "why", query, "--json")
    report: dict[str, Any] = json.loads(output)
    assert code == (0 if report["payments"] else 1)
    return report


def explained(market: Marketplace, query: str) -> dict[str, Any]:
    """The one payment that the query leads to, explained."""
    told: dict[str, Any] = ask(market, query)["explanation"]
    return told


def text(market: Marketplace, query: str) -> str:
    """The answer for people."""
    return run(market, "why", query)[1]
