"""The books of a payment, from Stripe alone: never from the backend's answers."""

from __future__ import annotations

from typing import Any

from stripe import Refund, StripeClient, Transfer
from werkzeug.test import Client

from backend.sandbox import Sandbox


class StripesBooks:
    """Reads a sandbox as the platform, and counts what was asked of it."""

    sandbox: Sandbox
    stripe: StripeClient
    _as_platform: dict[str, str]

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind on the platform, as Stripe's JSON has it."""
        found: list[dict[str, Any]] = []
        while True:
            after = f"&starting_after={found[-1]['id']}" if found else ""
            page = Client(self.sandbox).get(f"/v1/{kind}?limit=100{after}", headers=self._as_platform).json
            found += page["data"]
            if not page["has_more"]:
                return found

    def transfers(self, payment_id: str) -> list[Transfer]:
        """The payment's transfers, oldest first."""
        intent = self.stripe.v1.payment_intents.retrieve(payment_id, {"expand": ["latest_charge"]})
        group: Any = intent.latest_charge
        if group is None or group.transfer_group is None:
            return []
        listed = self.stripe.v1.transfers.list({"transfer_group": group.transfer_group, "limit": 100})
        return list(reversed(list(listed.auto_paging_iter())))

    def refunds(self, payment_id: str) -> list[Refund]:
        """The payment's refunds."""
        return self.stripe.v1.refunds.list({"payment_intent": payment_id, "limit": 100}).data

    def held(self, payment_id: str) -> int:
        """The amount that the coach holds of a payment, in minor units."""
        return sum(t.amount - t.amount_reversed for t in self.transfers(payment_id))

    def note(self, payment_id: str) -> str | None:
        """The settlement note on a payment."""
        metadata = self.stripe.v1.payment_intents.retrieve(payment_id).metadata
        return metadata.to_dict().get("settlement")

    def calls(self) -> list[str]:
        """The API calls since the last ``forget_calls``, as ``METHOD /path``."""
        return [f"{call.method} {call.path}" for call in self.sandbox.requests]

    def money_keys(self) -> list[str | None]:
        """The idempotency keys of the transfers and reversals asked for since then, in order."""
        asked = [call for call in self.sandbox.requests if call.method == "POST"]
        return [c.idempotency_key for c in asked if c.path.endswith(("/v1/transfers", "/reversals"))]

    def forget_calls(self) -> None:
        """Start counting calls anew."""
        self.sandbox.requests.clear()
