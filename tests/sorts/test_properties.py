"""The random histories of tests/money/test_properties.py, with accounts of v2 and thin events."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import settings

from backend.domain.account_requests import AccountTerms
from tests.money import test_properties
from tests.money.test_properties import Market


class MarketOfV2(Market):
    """The same marketplace, of the other sort."""

    sort: ClassVar[dict[str, Any]] = {"thin": True, "account_terms": AccountTerms("v2")}


TestMarketOfV2 = MarketOfV2.TestCase
TestMarketOfV2.settings = settings(test_properties.TestMarket.settings, max_examples=test_properties.HISTORIES or 4)
