"""The calls of which scenarios are made, and the fields of a refusal."""

from __future__ import annotations

from typing import Any

from tests.drift.play import Call, Form, Shown

NEVER = {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
USD = {"amount": "2000", "currency": "usd"}
PAID = {**USD, **NEVER, "confirm": "true", "payment_method": "pm_card_visa"}
INTENTS = "/v1/payment_intents"


def post(path: str, form: Form | None = None, **options: Any) -> Call:
    """Return a POST with this form."""
    return Call("POST", path, form or {}, **options)


def get(path: str, form: Form | None = None, **options: Any) -> Call:
    """Return a GET with this query."""
    return Call("GET", path, form or {}, **options)


def refused(code: str | None, param: str | None = None, status: int = 400) -> Shown:
    """Return the fields that a refusal shows."""
    return {"status": status, "error.code": code, "error.param": param}


# A payment that succeeds at once.
FIRST = post(INTENTS, PAID)
