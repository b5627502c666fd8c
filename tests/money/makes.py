"""Steps that the tests of account makes share: choose what Stripe allows, set a backend up, and ask for an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.domain.account_requests import AccountTerms, ConnectAccounts
from tests.builders import Marketplace


def choose(market: Marketplace, **choices: Any) -> None:
    """Stripe is to this platform as the switches say."""
    assert market.control("POST", "/behaviour", choices).status_code == 200


def settings(market: Marketplace, accounts: ConnectAccounts = "auto", capabilities: Any = None) -> None:
    """Go on with a backend that is set up so."""
    market.settings = replace(market.settings, account_terms=AccountTerms(accounts, capabilities))
    market.app = market.another_backend()
    market.http = market.app.test_client()


def ask(market: Marketplace, **changes: Any) -> Any:
    """The answer to create-account."""
    body = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "badminton"}
    return market.post("/api/connect/create-account", {**body, **changes})
