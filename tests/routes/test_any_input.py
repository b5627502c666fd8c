"""Any value in any field, path, header or event is refused, or fit for Stripe."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.routes.good_requests import EVENT, GOOD, PATH, PAYMENT, WHOLE, CutOff, places, put, sign

# All of Unicode, halves of surrogate pairs included, and what has broken parsers before.
TEXT = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ["\x00", "\r\nX: 1", "\u202e", "a" * 501, "../..", "__proto__", "null", "１", "https://a.example/\ud800"]
)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


# The same every time, and in a moment.
some = settings(derandomize=True, max_examples=80, deadline=None)


@pytest.fixture(scope="module")
def cut_off() -> CutOff:
    """One for all: what is refused leaves nothing behind."""
    return CutOff()


@pytest.mark.parametrize("path", WHOLE)
def test_a_body_with_every_field_goes_on_to_stripe(cut_off: CutOff, path: str) -> None:
    """The full body from which the next tests start is accepted."""
    method, body = WHOLE[path]

    assert cut_off.asked(method, path, json=body) == (503, True)


@pytest.mark.parametrize("path", WHOLE)
@some
@given(data=st.data(), value=VALUES)
def test_any_value_in_any_field_is_refused_or_fit_for_stripe(
    cut_off: CutOff, path: str, data: st.DataObject, value: Any
) -> None:
    """400 without a call, or the line was tried: never a 500."""
    method, body = WHOLE[path]
    way = data.draw(st.sampled_from(list(places(body))))

    assert cut_off.asked(method, path, json=put(body, way, value)) in [(400, False), (503, True)]


@pytest.mark.parametrize("value", ["https://a.example/\ud800", "a\x00b", "x" * 5000], ids=["half", "nul", "long"])
@pytest.mark.parametrize("path", WHOLE)
def test_the_worst_values_are_refused_in_every_field(cut_off: CutOff, path: str, value: str) -> None:
    """No field is forgotten."""
    method, body = WHOLE[path]
    for way in places(body):
        assert cut_off.asked(method, path, json=put(body, way, value)) == (400, False), way


@some
@given(segment=st.binary(min_size=1, max_size=30) | TEXT.filter(bool).map(lambda t: t.encode(errors="surrogatepass")))
def test_any_path_segment_is_an_id_or_not_found(cut_off: CutOff, segment: bytes) -> None:
    """Percent-encoded as it comes; Stripe is asked for ids only."""
    for path in ("payments/intent/{}", "connect/account/{}/payouts"):
        assert cut_off.asked("GET", f"/api/{path.format(quote(segment, safe=''))}") == (404, False)


@some
@given(name=st.sampled_from(["Idempotency-Key", "X-Request-Id", "Origin", "Content-Type"]), raw=st.binary(max_size=30))
def test_any_header_is_refused_or_fit_for_stripe(cut_off: CutOff, name: str, raw: bytes) -> None:
    """As a server hands it on: any bytes but line breaks, read as Latin-1."""
    value = raw.decode("latin-1").translate({10: None, 13: None})
    body = json.dumps(GOOD["/api/payments/refund"][1])
    headers = {"Content-Type": "application/json", name: value}

    answered = cut_off.asked("POST", "/api/payments/refund", data=body, headers=headers)

    assert answered in [(400, False), (503, True)]


PAID = json.dumps({**EVENT, "type": "payment_intent.succeeded", "data": {"object": {"id": PAYMENT}}}).encode()


SIGNED = sign(PAID)


def test_the_event_that_is_damaged_next_is_believed(cut_off: CutOff) -> None:
    """It goes on to Stripe."""
    assert cut_off.asked("POST", PATH, data=PAID, headers={"Stripe-Signature": SIGNED}) == (503, True)


@some
@given(at=st.integers(0, len(PAID) - 1), bit=st.integers(0, 7))
def test_no_bit_of_an_event_can_change(cut_off: CutOff, at: int, bit: int) -> None:
    """Believed as it was signed, or not at all."""
    body = bytearray(PAID)
    body[at] ^= 1 << bit

    assert cut_off.asked("POST", PATH, data=bytes(body), headers={"Stripe-Signature": SIGNED}) == (400, False)


@some
@given(at=st.integers(0, len(SIGNED) - 1), char=st.characters(min_codepoint=32, max_codepoint=255))
def test_no_character_of_a_signature_can_change(cut_off: CutOff, at: int, char: str) -> None:
    """Nor the time, within the tolerance: it is signed too."""
    damaged = SIGNED[:at] + char + SIGNED[at + 1 :]
    assume(damaged != SIGNED)

    assert cut_off.asked("POST", PATH, data=PAID, headers={"Stripe-Signature": damaged}) == (400, False)
