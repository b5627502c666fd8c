"""The name under which a purchase stands on a card statement."""

from __future__ import annotations

from collections.abc import Callable

import stripe

from backend.services.cache import Cache

# It changes when a person changes it in the Dashboard.
_REMEMBER_SECONDS = 600
_OWN = "own"


class StatementNames:
    """Reads the platform's name on statements, and remembers it, or that there is none, for ten minutes."""

    def __init__(self, client: stripe.StripeClient, now: Callable[[], float]) -> None:
        self._client = client
        self._known: Cache[str] = Cache(now, _REMEMBER_SECONDS)

    def read(self) -> str | None:
        """Return the name; None where the account has none, or Stripe does not say it now.

        Purchases are charged by the platform without a name of their own, so that the account's stands on the statement.
        https://docs.stripe.com/get-started/account/statement-descriptors
        """
        name = self._known.get(_OWN)
        if name is None:
            name = self._ask()
            self._known.put(_OWN, name)
        return name or None

    def _ask(self) -> str:
        try:
            account = self._client.v1.accounts.retrieve_current()
        except stripe.StripeError:
            # A restricted key may not read the account; and a shop that cannot name itself can still sell.
            return ""
        payments = account.settings.payments if account.settings else None
        return (payments.statement_descriptor if payments else None) or ""
