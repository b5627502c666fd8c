"""The names in the town that is attacked, which a request needs to be taken seriously."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.fuzz.drafts import Dice

ROLLED = ("/health", "/ready", "/test", "/metrics", "/docs", "/openapi.json")
PAGES = (
    "/payment-success",
    "/payment-cancel",
    "/payment-success?payment_intent_client_secret={secret}",
    "/coach/earnings",
    "/static/js/paymentService.js",
    "/static/pages.css",
    "/static/icon.svg",
    "/favicon.ico",
    "/",
    "/api/",
    "/api/webhooks/stripe",
)


@dataclass(frozen=True)
class Operation:
    """One call of the reference. ``example``: a body that is well-formed, None for a call without one."""

    method: str
    path: str
    query: tuple[str, ...] = ()
    example: Any = None


@dataclass
class Words:
    """The names. ``events``: as Stripe sends them, each with the secret that signs it."""

    operations: list[Operation] = field(default_factory=list)
    errors: frozenset[str] = frozenset()
    payments: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    events: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    stripes: list[tuple[str, str]] = field(default_factory=list)
    control_routes: list[tuple[str, str]] = field(default_factory=list)
    # Ids that the attacked sandbox answered with.
    seen: list[str] = field(default_factory=list)

    def of_kind(self, prefix: str) -> list[str]:
        """The ids of one kind that were seen."""
        return [one for one in self.seen if one.startswith(f"{prefix}_")]

    def read_reference(self, document: dict[str, Any]) -> None:
        """Take over the calls, and the words that an error may be called by."""
        self.errors = frozenset(document["components"]["schemas"]["ErrorBody"]["properties"]["error"]["enum"])
        for path, calls in document["paths"].items():
            for method, call in calls.items():
                body = call.get("requestBody", {}).get("content", {}).get("application/json", {})
                query = tuple(one["name"] for one in call["parameters"] if one["in"] == "query")
                self.operations.append(Operation(method.upper(), path, query, body.get("example")))

    def fill(self, dice: Dice, text: str) -> str:
        """The text with real ids in the places of those of the reference."""
        real = {
            r"\{payment_id\}|pi_3PxExample0000001": dice.choice(self.payments),
            r"\{account_id\}|acct_1PxExample0000001": dice.choice(self.accounts),
            r"\{coach_id\}|coach-7": f"coach-{dice.randrange(4)}",
            r"\{secret\}": dice.choice(self.secrets),
        }
        for pattern, name in real.items():
            text = re.sub(pattern, name, text)
        return text
