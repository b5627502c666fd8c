"""The bugs that ``tests/planted.py`` plants: each is a mistake that payment systems really make."""

from __future__ import annotations

from tests.planted_bugs.bug import Bug
from tests.planted_bugs.lived import THAT_LIVED
from tests.planted_bugs.payments import OF_ALWAYS
from tests.planted_bugs.sweep_and_coaches import OF_SWEEP_AND_COACHES
from tests.planted_bugs.wider_world import OF_THE_WIDER_WORLD

__all__ = ["BUGS", "Bug"]

BUGS = [*OF_ALWAYS, *OF_THE_WIDER_WORLD, *OF_SWEEP_AND_COACHES, *THAT_LIVED]
