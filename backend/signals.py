"""Signals for the host app: what happened, told after the money moved.

Connect to them to keep sessions, send mail or write books; they are blinker signals, Flask's own kind.
Each is sent with an ``id`` that is the same whenever the same thing is told again: keep it, and a repeat is
a no-op. They are sent at least once, while Stripe's webhook is being answered; a subscriber that raises
makes that answer a 500, and Stripe delivers again.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

session_opened = _signals.signal("session-opened")
"""``id``: the session's; ``session``: a ``domain.sessions.Session``."""

payment_failed = _signals.signal("payment-failed")
"""``id``; ``payment_id``; ``status``; ``code`` and ``decline_code``: Stripe's, or None."""

transfer_made = _signals.signal("transfer-made")
"""``id``: the transfer's; ``payment_id``, ``amount``, ``currency``, ``account_id``."""

transfer_held = _signals.signal("transfer-held")
"""``id``: payment, reason and slot; ``payment_id``, ``reason``, ``amount`` (None while unknown)."""

refund_made = _signals.signal("refund-made")
"""``id``: the refund's; ``payment_id``, ``amount``, ``currency``, ``status``."""

clawback_pending = _signals.signal("clawback-pending")
"""``id``: payment and slot; ``payment_id``, ``amount``: what the coach still owes."""

account_ready = _signals.signal("account-ready")
"""``id``: the account's; ``account_id``, ``coach_id``."""

payout_paid = _signals.signal("payout-paid")
"""``id``: the payout's; ``account_id``, ``amount``, ``currency``."""

payout_failed = _signals.signal("payout-failed")
"""``id``: the payout's; ``account_id``, ``amount``, ``currency``, ``code``."""

dispute_opened = _signals.signal("dispute-opened")
"""``id``: the dispute's; ``payment_id``, ``amount``, ``currency``, ``reason``."""
