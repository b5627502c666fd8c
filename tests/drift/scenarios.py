"""The scenarios. What each shows is recorded fact, or, where `open`, a reading that a run on Stripe would settle."""

from __future__ import annotations

from tests.drift.cards import CARDS
from tests.drift.intents import INTENT_SCENARIOS
from tests.drift.manners import MANNERS
from tests.drift.money_moved import MONEY_MOVED
from tests.drift.play import Scenario
from tests.drift.refusals import REFUSALS

SCENARIOS: tuple[Scenario, ...] = (*CARDS, *REFUSALS, *INTENT_SCENARIOS, *MONEY_MOVED, *MANNERS)
