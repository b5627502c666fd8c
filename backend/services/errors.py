"""The failures of the use cases, in words that a player or coach can act on.

``http/errors.py`` maps each to HTTP.

::

    PaymentsError
    ├── InvalidRequest          what was asked is not well-formed (names the field)
    ├── CoachNotReady           a screen sells only for coaches who have an account
    ├── NotPaid                 the payment is not finished (carries its status)
    ├── Forbidden               the caller may not name this payee
    ├── NotFound                no such payment or account here
    │   └── NoAccount           a coach without an account, or another's: the screens read "not connected"
    ├── Conflict                contradicts what is or has happened (may carry the payment's status, or a refund)
    │   └── UnreadablePayment   a payment of ours whose metadata is damaged
    ├── PlatformNotReady        Stripe refuses because of the platform's own set-up: the operator's to mend
    └── Undecided               could not be finished now; the same request again will
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PaymentsError(Exception):
    """The root. ``message`` is one sentence for people: no key, no stack, no id of Stripe's."""

    def __init__(self, message: str, *, status: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.field = field


class InvalidRequest(PaymentsError):
    """The request is not well-formed. ``field`` names the part."""


class CoachNotReady(PaymentsError):
    """The coach has no account yet. Front ends look for the first words of the message."""

    def __init__(self) -> None:
        super().__init__("Coach not ready for payments: the coach has not set up an account to be paid to yet.")


class NotPaid(PaymentsError):
    """The payment is not finished. ``status`` is the PaymentIntent's."""

    def __init__(self, status: str) -> None:
        super().__init__("The payment has not been completed yet.", status=status)


class Forbidden(PaymentsError):
    """The caller may not do this, or not to this payee."""


class NotFound(PaymentsError):
    """There is no such thing here, or not for this caller."""


class NoAccount(NotFound):
    """The coach has no account, or it is not for this caller. The screens show it as "not connected"."""

    def __init__(self) -> None:
        super().__init__("There is no such coach account.")


class Conflict(PaymentsError):
    """The request contradicts what is or has happened. ``refund`` is the refund that it would repeat."""

    def __init__(
        self,
        message: str,
        *,
        status: str | None = None,
        field: str | None = None,
        refund: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, status=status, field=field)
        self.refund = refund


class UnreadablePayment(Conflict):
    """A payment of ours whose metadata is damaged: a person has to mend it. ``intent`` is the PaymentIntent."""

    def __init__(self, intent: Any) -> None:
        super().__init__("The record of this payment is damaged. Please contact support.")
        self.intent = intent


class PlatformNotReady(PaymentsError):
    """Stripe refuses because of the platform's own set-up. Nothing that the caller sends would help."""

    def __init__(self) -> None:
        super().__init__("Coaches cannot be registered at the moment. Please contact support.")


class Undecided(PaymentsError):
    """It could not be finished now. Nothing is lost: the same request, or Stripe's next delivery, goes on."""

    def __init__(self, message: str = "The payment is being processed. Please try again in a moment.") -> None:
        super().__init__(message)
