"""The budget of calls to Stripe: what is drawn when, by whom, and what is left for the others. Time moves by hand."""

from __future__ import annotations

from typing import Any

import pytest

from backend.config.settings import load_settings
from backend.stripe_client.rate import (
    REQUESTS,
    SWEEP,
    WEBHOOKS,
    RatedClient,
    build_rate,
    stripe_activation,
)
from backend.stripe_client.rate_windows import LocalWindows
from tests.unit.budgets import URL, Backend, Line, Time


def test_a_flood_of_purchases_leaves_webhooks_their_part() -> None:
    """Webhooks that were here a moment ago find 40% of Stripe's calls, however many purchases are asked for."""
    backend = Backend(100)
    backend.act(WEBHOOKS)

    backend.flood(REQUESTS, "get customers", "post payment_intents")
    before = len(backend.line.calls)
    backend.flood(WEBHOOKS, "get charges", kind="event")

    assert len(backend.line.calls) - before >= 24  # the endpoint's own limit is 25


def test_webhooks_that_were_away_find_some_of_what_was_lent() -> None:
    """Idle budget is lent but for a quarter: a redelivery that comes once an hour meets no flood that keeps it out."""
    backend = Backend(100)

    backend.flood(REQUESTS, "get customers")
    backend.flood(REQUESTS, "get products", kind="two")
    backend.flood(REQUESTS, "get accounts", kind="three")
    backend.flood(REQUESTS, "get charges", kind="four")

    assert len(backend.line.calls) > 80
    assert backend.act(WEBHOOKS, "get payment_intents", kind="event")


def test_the_budget_of_who_is_away_is_lent() -> None:
    """Purchases alone use more than their own 55%, and never more than the whole."""
    backend = Backend(100)

    for number in range(8):
        backend.flood(REQUESTS, f"get resource{number * 'x'}", kind=str(number), times=30)

    assert 80 < len(backend.line.calls) <= 100


def test_one_endpoint_takes_no_more_than_its_own_limit() -> None:
    """25 a second, of the account's 100."""
    backend = Backend(100)

    backend.flood(REQUESTS, "post payment_intents")

    assert len(backend.line.calls) == 25


def test_what_has_begun_is_neither_refused_nor_kept_waiting() -> None:
    """A transfer, the note that follows, and the repair: while others have taken everything meanwhile."""
    backend = Backend(25)
    with stripe_activation(WEBHOOKS, "event"):
        backend.client.request("post", URL + "transfers", {})
        for part in (WEBHOOKS, REQUESTS):
            backend.flood(part, "get accounts", kind="flood")
        waited = backend.time.waited
        for _ in range(20):
            backend.client.request("post", URL + "payment_intents/pi_1", {})

    assert backend.line.calls[-20:] == ["post payment_intents/pi_1"] * 20
    assert backend.time.waited == waited


def test_calls_beyond_what_was_drawn_are_owed() -> None:
    """An activation that made twenty calls more than usual makes the next ones of its part wait for them."""
    backend = Backend(25)
    backend.act(REQUESTS)
    backend.act(SWEEP)
    backend.act(WEBHOOKS, *["get accounts"] * 20)

    assert not backend.act(WEBHOOKS)
    backend.time.wait(2.5)
    assert backend.act(WEBHOOKS)


def test_a_request_waits_a_little_and_a_webhook_does_not() -> None:
    """Stripe delivers a refused webhook again; a player has to press the button again."""
    backend = Backend(25)
    for part in (WEBHOOKS, REQUESTS):
        backend.act(part)
        backend.flood(part, kind="flood")
    assert not backend.act(WEBHOOKS, "get balance", kind="event")
    assert backend.time.waited == 0

    assert backend.act(REQUESTS, "get balance", kind="other")
    assert 0 < backend.time.waited <= 1


def test_the_sweep_waits_as_long_as_it_takes() -> None:
    """It is refused nothing, outside an activation too, and stays within its part while others are there."""
    backend = Backend(100)
    backend.act(REQUESTS)
    backend.act(WEBHOOKS)
    for _ in range(100):
        backend.act(REQUESTS)
        backend.act(WEBHOOKS)
        backend.client.request("get", URL + "balance_transactions", {})

    made = backend.line.calls.count("get balance_transactions")
    assert made == 100
    assert backend.time.waited >= made / 5 - 2


def test_a_429_slows_everything_down_for_a_while() -> None:
    """Others call on this account too: half the budget at once, all of it ten seconds later."""
    backend = Backend(100)
    backend.line.status = 429
    backend.act(REQUESTS)
    backend.line.status = 200
    backend.time.wait(1)
    few = backend.flood(REQUESTS, "post payment_intents")
    backend.time.wait(20)

    assert few < 15
    assert backend.flood(REQUESTS, "post payment_intents") >= 24


def test_a_lock_on_one_object_slows_nobody_down() -> None:
    """Its 429 has no reason."""
    backend = Backend(100)
    with stripe_activation(REQUESTS, "one"):
        backend.line.request = lambda *_a, **_k: ("{}", 429, {})  # type: ignore[method-assign]
        backend.client.request("get", URL + "accounts", {})
    backend.client = RatedClient(Line(), backend.rate)
    backend.time.wait(1)

    assert backend.flood(REQUESTS, "post payment_intents") >= 24


def test_a_probe_is_never_refused() -> None:
    """A machine that works is not taken away because Stripe's limits are reached."""
    backend = Backend(25)
    backend.flood(REQUESTS, "get balance", kind="flood")
    waited = backend.time.waited

    with stripe_activation(REQUESTS, "probe", may_wait=False):
        backend.client.request("get", URL + "balance", {})

    assert backend.line.calls[-1] == "get balance"
    assert backend.time.waited == waited


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_processes_without_redis_divide_the_budget(processes: int) -> None:
    """MACHINES times WEB_CONCURRENCY of them together stay within it."""
    backends = [Backend(100, LocalWindows(1 / processes, now=(time := Time()).now), time) for _ in range(processes)]

    for backend in backends:
        for number in range(8):
            backend.flood(REQUESTS, f"get resource{number * 'x'}", kind=str(number), times=30)

    assert 60 < sum(len(backend.line.calls) for backend in backends) <= 100


def _settings(**variables: str) -> Any:
    environ = {"STRIPE_SECRET_KEY": "sk_test_51Ab", **variables}
    return load_settings(environ, env_file=None)


def test_who_answers_in_stripes_place_has_no_budget() -> None:
    """A sandbox or a benchmark is not capped by Stripe's limits, unless STRIPE_RATE says so."""
    base = {"STRIPE_API_BASE": "http://127.0.0.1:9"}

    assert build_rate(_settings(**base)) is None
    assert build_rate(_settings(STRIPE_RATE="off")) is None
    assert build_rate(_settings(**base, STRIPE_RATE="10")) is not None
    assert build_rate(_settings()) is not None
