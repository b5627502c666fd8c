"""The tests of tests/money/test_stories.py with accounts of v2 and thin events."""

import pytest

from tests.builders import Marketplace
from tests.money.test_stories import *  # noqa: F403
from tests.sorts.worlds import v2_thin


@pytest.fixture
def market() -> Marketplace:
    """Both at once: the stories are long, and each of the two alone plays the shorter tests of events."""
    return v2_thin()
