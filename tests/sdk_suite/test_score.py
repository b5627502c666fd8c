"""The score of the SDK's suite: how it is reckoned, and what is worse than the record."""

from __future__ import annotations

import json
from collections import Counter

import requests

from tests.sdk_suite.__main__ import SCORE, complaints, score_of
from tests.sdk_suite.server import Answered, serving

RECORD = {"tests": {"passed": 2}, "calls": {"answered": 1}, "refused_as_by_stripe": ["POST /v1/a 400 x"]}
FINE = Answered("GET", "/v1/a", 200, None, None)
TESTS = Counter(passed=2, failed=1)


def _worse(*answered: Answered, tests: Counter[str] = TESTS) -> list[str]:
    return complaints(score_of(answered, tests), RECORD, answered)


def test_as_much_as_on_record_is_enough() -> None:
    """Refusals on record are Stripe's own; those of the sandbox are named."""
    refused = Answered("POST", "/v1/a", 400, "x", "no")
    named = Answered("GET", "/v1/b", 404, "sandbox_unsupported", "This sandbox does not support b.")

    assert _worse(FINE, refused, named) == []


def test_what_is_worse_is_said() -> None:
    """Fewer tests, fewer calls, an error of the server, a refusal that nobody knows."""
    broken = Answered("GET", "/v1/c", 500, None, None)
    worse = " ".join(_worse(broken, Answered("GET", "/v1/d", 400, "y", "no"), tests=Counter(passed=1)))

    assert "GET /v1/c was answered by 500" in worse
    assert "1 tests passed; on record are 2" in worse
    assert "0 calls answered; on record are 1" in worse
    assert "not on record as Stripe's refusal: GET /v1/d 400 y" in worse


def test_the_record_is_better_than_it_was() -> None:
    """68 calls were answered before the sandbox had fixtures."""
    record = json.loads(SCORE.read_text())

    assert record["calls"]["answered"] > 68
    assert set(record) == {"tests", "calls", "refused_as_by_stripe"}


def test_each_call_meets_the_fixtures_afresh() -> None:
    """An object that one call deletes is found by the next."""
    with serving() as (app, port):
        address = f"http://127.0.0.1:{port}/v1/customers/cus_xxxxxxxxxxxxx"
        key = {"Authorization": "Bearer sk_test_123"}
        for method in ("DELETE", "GET", "DELETE"):
            assert requests.request(method, address, headers=key, timeout=60).status_code == 200

    assert [one.outcome for one in app.answered] == ["answered"] * 3
