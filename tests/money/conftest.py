"""Marketplaces whose packages keep the share of a coach."""

from __future__ import annotations

import pytest

from tests.builders import Marketplace
from tests.money.kept import (
    AFTER_DAYS,
    ON_DELIVERY,
    town_of,
)


@pytest.fixture(params=[ON_DELIVERY, AFTER_DAYS])
def either(request: pytest.FixtureRequest) -> Marketplace:
    """A marketplace that keeps shares, in either way."""
    return town_of(request.param)


@pytest.fixture
def town() -> Marketplace:
    """A marketplace that keeps shares until the work is delivered."""
    return town_of(ON_DELIVERY)
