"""Steps that the tests of a coach's account share: make one by hand, ask for one, bind another, and read the binding."""

from __future__ import annotations

from typing import Any

from backend.services.coach.registry import Registry
from tests.builders import Marketplace
from tests.routes.test_commands import run

DAY = 86_400


EMAIL = "coach-1@example.com"


def account_of(market: Marketplace, coach_id: str | None = "coach-1", ready: bool = False, **changes: Any) -> str:
    """The id of an Express account that was not made here: the Node backend's, or by hand (``coach_id`` None)."""
    params: Any = {"type": "express", "country": "CA", "capabilities": {"transfers": {"requested": True}}, **changes}
    if coach_id is not None:
        params = {"email": f"{coach_id}@example.com", "metadata": {"coachId": coach_id}, **params}
    account = market.stripe.v1.accounts.create(params).id
    if ready:
        market.onboard(account)
    return account


def ask(market: Marketplace, coach_id: str = "coach-1", **changes: str) -> Any:
    """The answer to create-account."""
    body = {"coachId": coach_id, "coachName": "Dana", "email": f"{coach_id}@example.com", "sport": "badminton"}
    return market.post("/api/connect/create-account", {**body, **changes})


def bound(market: Marketplace, coach_id: str = "coach-1") -> str | None:
    """The account that a reader who remembers nothing finds."""
    entry = Registry(market.stripe).read(coach_id)
    return entry.account_id if entry else None


def restart(market: Marketplace) -> None:
    """Go on with a backend that remembers nothing."""
    market.app = market.another_backend()
    market.http = market.app.test_client()


def reject(market: Marketplace, account: str, reason: str = "rejected.fraud") -> None:
    """Stripe rejects an account."""
    assert market.control("POST", f"/accounts/{account}/disable", {"reason": reason}).status_code == 200


def rebind(market: Marketplace, account: str, coach_id: str = "coach-1") -> tuple[int, str]:
    """An operator binds the coach to another account."""
    return run(market, "coaches", "rebind", coach_id, "--to", account, "--why", "ticket 81")


def adopt(market: Marketplace, *words: str) -> tuple[int, str]:
    """An operator adopts the accounts that another backend made."""
    return run(market, "coaches", "adopt", "--rate", "1000", *words)


def accounts(market: Marketplace) -> set[str]:
    """The ids of all connected accounts."""
    return {account["id"] for account in market.all("accounts")}
