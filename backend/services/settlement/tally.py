"""The count of what settling comes to, for whoever keeps one: the services know no metrics."""

from __future__ import annotations

from typing import Protocol


class Tally(Protocol):
    """Told of each thing once it is done. Amounts are in minor units."""

    def ended(self, state: str) -> None:
        """Count a settlement under the state in which it ended."""

    def transferred(self, currency: str, amount: int) -> None:
        """Count a transfer to a coach."""

    def taken_back(self, currency: str, amount: int) -> None:
        """Count money that was taken back from a coach."""
