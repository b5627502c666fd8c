"""Parameters that no SDK sends: refused in Stripe's shape, never an exception."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.sandbox.conftest import Platform


@pytest.mark.parametrize("name", ["a[" + "1" * 5_000 + "]", "expand[" + "9" * 5_000 + "]", "a" + "[b]" * 1_000])
def test_a_position_of_any_length_is_refused(platform: Platform, name: str) -> None:
    """Python does not read thousands of digits as a number."""
    answer = platform.raw("POST", "/v1/customers", data={name: "x"})

    assert (answer.status_code, answer.json["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("number", ["9" * 5_000, "--5", "5-", "\u0665"])
def test_a_number_that_is_none_is_refused_in_a_search(platform: Platform, number: str) -> None:
    """In a query, after an operator that compares."""
    answer = platform.raw("GET", f"/v1/payment_intents/search?query={quote('amount>' + number)}")

    assert (answer.status_code, answer.json["error"]["param"]) == (400, "query")
