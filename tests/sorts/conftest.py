"""A marketplace for each sort: accounts of v2, thin events, and both, where v2 alone tells of its accounts."""

from __future__ import annotations

import pytest

from tests.builders import Marketplace
from tests.sorts.worlds import SORTS


@pytest.fixture(params=SORTS)
def market(request: pytest.FixtureRequest) -> Marketplace:
    """The marketplace that the tests of the other folders play in, of another sort."""
    return SORTS[request.param]()
