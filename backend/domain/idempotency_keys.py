"""Every idempotency key that this backend sends to Stripe.

Stripe carries out a request once for each key, and keeps the answer for at least 24 hours. So a key names one effect:
whoever wants the same effect, in another process or after a crash, comes to the same key.
https://docs.stripe.com/api/idempotent_requests

The bytes are a promise. A key that changes while a request under the old one may still come true pays twice:
``tests/unit/test_idempotency_keys.py`` holds each, byte by byte.

A *generation* is a further key for the same effect. It is taken only when the earlier key's answer is proved to be of
the past: see ``judge`` in ``domain/settlement.py`` for money, ``services/creation.py`` for objects.
A key that names a payment or a transfer needs no namespace: that object is in one deployment only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backend.domain.metadata import email_hash, idempotency_key_hash
from backend.domain.namespace import Namespace


def transfer(payment_id: str, slot: str, generation: int) -> str:
    """Return the key of one transfer of a payment. ``slot``: which of its transfers, by number."""
    return _later(f"transfer:{payment_id}:{slot}", generation)


def reversal(transfer_id: str, reversal_count: int, generation: int) -> str:
    """Return the key of the reversal that follows ``reversal_count`` earlier ones of the transfer."""
    return _later(f"reversal:{transfer_id}:{reversal_count}", generation)


def paid_at(payment_id: str, generation: int) -> str:
    """Return the key under which the moment of the money's arrival is written on the payment."""
    return _later(f"paid-at:{payment_id}", generation)


def delivered_at(payment_id: str, generation: int) -> str:
    """Return the key under which the moment of the delivery is written on the payment."""
    return _later(f"delivered-at:{payment_id}", generation)


def accepted_at(payment_id: str, generation: int) -> str:
    """Return the key under which the moment of the acceptance is written on the payment."""
    return _later(f"accepted-at:{payment_id}", generation)


def purchase_id(idempotency_key: str, subject: str | None) -> str:
    """Return the id of the purchase that a caller's Idempotency-Key names, together with whose key it is.

    Without a subject, the bytes of always: a purchase that is tried again across a deployment stays one.
    """
    return idempotency_key_hash("purchase", idempotency_key, *([] if subject is None else [subject]))


def purchase(namespace: Namespace, purchase_id: str) -> str:
    """Return the key of a purchase's PaymentIntent."""
    return namespace.key(f"purchase:{purchase_id}")


def refund_name(idempotency_key: str) -> str:
    """Return the name of the refund that a caller's Idempotency-Key names, whoever the caller is."""
    return idempotency_key_hash("refund", idempotency_key)


def named_refund(namespace: Namespace, name: str) -> str:
    """Return the key of a refund that the caller named. It holds no payment: a name is used for one payment only."""
    return namespace.key(f"refund:{name}")


def unnamed_refund(payment_id: str, amount: int, refunded_before: int) -> str:
    """Return the key of a refund without a name. Amounts in minor units; ``refunded_before``: before this one."""
    return f"refund:{payment_id}:{amount}:{refunded_before}"


def customer(namespace: Namespace, email: str) -> str:
    """Return the key of the customer with an email address; its letters' case does not matter."""
    return namespace.key(f"customer:{email_hash(email)}")


def account(namespace: Namespace, params: Mapping[str, Any], way: str = "") -> str:
    """Return the key of a coach's account. Whoever asks with other details asks for another account.

    ``way``: the make and the capabilities, so that what is refused to one keeps none of the others from being made; empty
    for the only request that there was before there was a choice.
    """
    digest = idempotency_key_hash(json.dumps(params, sort_keys=True))
    return namespace.key(f"account:{way}:{digest}" if way else f"account:{digest}")


def creation(key: str, generation: int) -> str:
    """Return a generation of the key of an object that is created once. Unlike money's, the first has a number too."""
    return f"{key}:g{generation}"


def _later(key: str, generation: int) -> str:
    return f"{key}:g{generation}" if generation else key
