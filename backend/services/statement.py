"""The name under which a purchase stands on a card statement."""

from __future__ import annotations

from collections.abc import Callable

import stripe

# It changes when a person changes it in the Dashboard.
_REMEMBER_SECONDS = 600


class StatementNames:
    """Reads the platform's name on statements, and remembers it, or that there is none, for ten minutes."""

    def __init__(self, client: stripe.StripeClient, now: Callable[[], int]) -> None:
        self._client = client
        self._now = now
        self._remembered: tuple[int, str | None] | None = None

    def read(self) -> str | None:
        """Return the name; None where the account has none, or Stripe does not say it now.

        Purchases are charged by the platform without a name of their own, so that the account's stands on the statement.
        https://docs.stripe.com/get-started/account/statement-descriptors
        """
        now = self._now()
        if self._remembered is None or not 0 <= now - self._remembered[0] < _REMEMBER_SECONDS:
            self._remembered = (now, self._ask())
        return self._remembered[1]

    def _ask(self) -> str | None:
        try:
            account = self._client.v1.accounts.retrieve_current()
        except stripe.StripeError:
            # A restricted key may not read the account; and a shop that cannot name itself can still sell.
            return None
        payments = account.settings.payments if account.settings else None
        return (payments.statement_descriptor if payments else None) or None
