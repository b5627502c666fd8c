"""The bytes of every idempotency key. A key that changes while an old request may come true pays twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.domain import idempotency_keys
from backend.domain.namespace import UNNAMED, Namespace

ROOT = Path(__file__).parents[2]
NAMED = Namespace("north")

# SHA-256 of the address; and the first 32 digits of that of the details, as sorted JSON with its length before it.
EMAIL = "dana@example.com"
EMAIL_HASH = "07e2f1394b0ea80e2adca010ea8318df697001a005ba7452720edda4b0ce57b3"
DETAILS_HASH = "b0fb7815b6e679a6914e466d1d87c8f2"

KEYS = [
    (idempotency_keys.transfer("pi_1", "0", 0), "transfer:pi_1:0"),
    (idempotency_keys.transfer("pi_1", "2", 3), "transfer:pi_1:2:g3"),
    (idempotency_keys.reversal("tr_1", 0, 0), "reversal:tr_1:0"),
    (idempotency_keys.reversal("tr_1", 4, 1), "reversal:tr_1:4:g1"),
    (idempotency_keys.paid_at("pi_1", 0), "paid-at:pi_1"),
    (idempotency_keys.paid_at("pi_1", 2), "paid-at:pi_1:g2"),
    (idempotency_keys.purchase_id("key-1", None), "9a8f31c0da5aad541102ce4c151bb9a0"),
    (idempotency_keys.purchase_id("key-1", "player-1"), "5766411cb739d1a79fa83e0c17df209c"),
    (idempotency_keys.refund_name("key-1"), "13b10f50c25f8c60e361e37bbe76e6c2"),
    (idempotency_keys.purchase(UNNAMED, "ab12"), "purchase:ab12"),
    (idempotency_keys.purchase(NAMED, "ab12"), "north/purchase:ab12"),
    (idempotency_keys.named_refund(UNNAMED, "cd34"), "refund:cd34"),
    (idempotency_keys.named_refund(NAMED, "cd34"), "north/refund:cd34"),
    (idempotency_keys.unnamed_refund("pi_1", 1000, 2500), "refund:pi_1:1000:2500"),
    (idempotency_keys.customer(UNNAMED, EMAIL), f"customer:{EMAIL_HASH}"),
    (idempotency_keys.customer(NAMED, " Dana@Example.com "), f"north/customer:{EMAIL_HASH}"),
    (idempotency_keys.account(UNNAMED, {"b": 2, "a": 1}), f"account:{DETAILS_HASH}"),
    (idempotency_keys.account(NAMED, {"a": 1, "b": 2}), f"north/account:{DETAILS_HASH}"),
    (idempotency_keys.creation("customer:x", 0), "customer:x:g0"),
    (idempotency_keys.creation("customer:x", 7), "customer:x:g7"),
]


@pytest.mark.parametrize(("made", "promised"), KEYS, ids=[promised for _, promised in KEYS])
def test_the_bytes_of_a_key_are_as_promised(made: str, promised: str) -> None:
    """Byte for byte, with and without a namespace."""
    assert made == promised


def test_no_other_module_spells_a_key() -> None:
    """A service that writes a key by hand would give one effect a second name."""
    for path in (ROOT / "backend").rglob("*.py"):
        if path.parts[-2:] != ("domain", "idempotency_keys.py") and "sandbox" not in path.parts:
            assert not re.search(
                r'"(transfer|reversal|paid-at|purchase|refund|customer|account):\{|:g\{', path.read_text()
            ), path
