"""Signals for the host app: what happened, told at least once.

Connect to them to keep sessions, send mail or write books; they are blinker signals, Flask's own kind.
Each is sent with an ``id`` that is the same whenever the same thing is told again: keep it, and a repeat is
a no-op. When the news is another, so is the ``id``. They are sent while Stripe's webhook is being answered, or by
``flask reconcile``; a subscriber that raises makes that answer a 500 and Stripe delivers again, or has the sweep try
again the next time. Neither keeps the coach's money from moving. Amounts are minor units.
"""

from __future__ import annotations

from blinker import Namespace

_signals = Namespace()

session_opened = _signals.signal("session-opened")
"""``id``: the session's, with a refund's id behind it when that refund closed the session and then failed;
``session``: a ``domain.sessions.Session``. Told before the coach's money is settled, and whatever becomes of that."""

session_revoked = _signals.signal("session-revoked")
"""``id``; ``session_id``, ``payment_id``, ``reason``: ``refunded`` (in full) or ``returned`` (by the bank)."""

payment_failed = _signals.signal("payment-failed")
"""``id``; ``payment_id``; ``status``; ``code`` and ``decline_code``: Stripe's, or None."""

purchase_blocked = _signals.signal("purchase-blocked")
"""``id``: payment, and ``blocked``; ``payment_id``, ``declines``: how many cards were declined. It was canceled."""

transfer_made = _signals.signal("transfer-made")
"""``id``: the transfer's; ``payment_id``, ``amount``, ``currency``, ``account_id``."""

transfer_held = _signals.signal("transfer-held")
"""``id``: payment, reason, slot and amount; ``payment_id``, ``reason``, ``amount`` (None while unknown)."""

refund_requested = _signals.signal("refund-requested")
"""``id``; ``refund_id``, ``payment_id``, ``amount``, ``currency``, ``status``: the player does not have it yet."""

refund_made = _signals.signal("refund-made")
"""``id``: the refund's; ``payment_id``, ``amount``, ``currency``, ``status``: ``succeeded``."""

refund_failed = _signals.signal("refund-failed")
"""``id``; ``refund_id``, ``payment_id``, ``amount``, ``currency``, ``status``: ``failed`` or ``canceled``, and
``reason``: Stripe's, or None. The money came back to the platform, not to the player."""

clawback_pending = _signals.signal("clawback-pending")
"""``id``: payment, slot and amount; ``payment_id``, ``amount``: what the coach still owes."""

account_ready = _signals.signal("account-ready")
"""``id``; ``account_id``, ``coach_id``: transfers can be made."""

account_restricted = _signals.signal("account-restricted")
"""``id``; ``account_id``, ``coach_id``, ``reason``: Stripe's, or None. A coach who was onboarded cannot be paid."""

account_rejected = _signals.signal("account-rejected")
"""``id``; ``account_id``, ``coach_id``, ``reason``: Stripe's. The coach cannot be paid, and onboarding again is of no use."""

account_disconnected = _signals.signal("account-disconnected")
"""``id``; ``account_id``: it is closed, or no longer the platform's."""

payout_paid = _signals.signal("payout-paid")
"""``id``: the payout's; ``account_id``, ``amount``, ``currency``."""

payout_failed = _signals.signal("payout-failed")
"""``id``: the payout's; ``account_id``, ``amount``, ``currency``, ``code``."""

dispute_opened = _signals.signal("dispute-opened")
"""``id``: the dispute's, with the status behind it when an inquiry was escalated or a decision appealed; ``dispute_id``,
``payment_id``, ``amount``, ``currency``, ``reason``, ``status``."""

dispute_closed = _signals.signal("dispute-closed")
"""``id``; ``dispute_id``, ``payment_id``, ``amount``, ``currency``, ``outcome``: ``won``, ``lost``, ``warning_closed`` or
``prevented``."""

fraud_warning = _signals.signal("fraud-warning")
"""``id``: the warning's; ``payment_id``, ``charge_id``, ``fraud_type``, ``actionable``."""
