"""The page that compares the sandbox with others says of the sandbox what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backend.sandbox.resources import ROUTES
from backend.sandbox.sdk_calls import sdk_calls
from backend.sandbox.state.event_types import EVENT_TYPES
from backend.sandbox.worlds import WORLDS_MAX
from tests.drift.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
PAGE = " ".join((ROOT / "docs/sandbox-compared.md").read_text().split())
SCORE: dict[str, Any] = json.loads((ROOT / "tests/sdk_suite/score.json").read_text())
TESTS, CALLS = SCORE["tests"], SCORE["calls"]


@pytest.mark.parametrize(
    "words",
    [
        f"{len(ROUTES)} of the {len(sdk_calls())} that the SDK has",
        f"{len(EVENT_TYPES)} types of event",
        f"{WORLDS_MAX:,}, by the suffix of the key",
        f"{TESTS['passed']:,} of {sum(TESTS.values()):,} tests pass",
        f"Of {sum(CALLS.values()):,} calls {CALLS['answered']} are answered, {CALLS['unsupported']} are refused",
        f"and {CALLS['refused']} as Stripe refuses them",
        f"`make drift` plays {len(SCENARIOS)} scenarios",
        f"{sum(one.open for one in SCENARIOS)} of the scenarios are open questions",
    ],
)
def test_its_numbers_are_those_of_the_code(words: str) -> None:
    """Counted, and not remembered."""
    assert words in PAGE


def test_its_links_lead_somewhere() -> None:
    """To headings of the coverage page."""
    coverage = (ROOT / "backend/sandbox/COVERAGE.md").read_text().lower()
    headings = re.findall(r"COVERAGE\.md#([a-z-]+)\)", PAGE)

    assert headings
    for heading in headings:
        assert re.search(rf"^## {heading.replace('-', '[ -]')}$", coverage, re.MULTILINE), heading
