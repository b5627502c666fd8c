"""Switches for what no source settles: each has its effect, both ways, and a reset takes it back."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from backend.sandbox import Sandbox
from backend.sandbox.state.switches import SWITCHES
from tests.sandbox.conftest import Platform
from tests.sandbox.switch_probes import PROBES

CHOICES = [(one.name, choice) for one in SWITCHES for choice in one.choices]
# Probed by tests of their own, below.
APART = {"fee_rounding", "webhook_timeout_seconds"}


def test_every_behaviour_is_probed() -> None:
    """None is a switch without a wire."""
    assert set(PROBES) | APART == {one.name for one in SWITCHES}


@pytest.mark.parametrize(("name", "choice"), [one for one in CHOICES if one[0] not in APART])
def test_stripe_behaves_as_chosen(platform: Platform, name: str, choice: Any) -> None:
    """Seen through the API alone."""
    platform.control("/behaviour", **{name: choice})

    assert PROBES[name](platform) == choice


@pytest.mark.parametrize(("rounding", "fees"), [("half_up", [61, 59]), ("down", [60, 59]), ("up", [61, 60])])
def test_the_fee_is_rounded_as_chosen(platform: Platform, rounding: str, fees: list[int]) -> None:
    """30.508 and 29.29, before the thirty are added."""
    platform.control("/behaviour", fee_rounding=rounding)
    for amount in (1_052, 1_010):
        platform.paid(amount)

    assert [entry.fee for entry in platform.v1.balance_transactions.list({}).data][::-1] == fees


def test_a_slow_receiver_is_given_up_as_chosen() -> None:
    """After one second, when that is chosen. This one takes the call and never answers it."""
    sandbox = Sandbox()
    sandbox.world.switches.choose({"webhook_timeout_seconds": 1})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sandbox.add_webhook(f"http://127.0.0.1:{silent.getsockname()[1]}")
        sandbox.world.events.record("balance.available", sandbox.world.platform, {"object": {}})
        (delivery,) = sandbox.deliver_due()

    assert [attempt["problem"] for attempt in delivery.attempts] == ["ReadTimeout"]


@pytest.mark.parametrize("given", [{"new_capability": "active"}, {"capabilities_enforced": 1}, {"fee_rounding": None}])
def test_a_choice_that_there_is_not_is_refused(platform: Platform, given: dict[str, Any]) -> None:
    """With those that there are, and nothing is changed."""
    before = platform.raw("GET", "/_sandbox/behaviour", key=None).json
    answer = platform.raw("POST", "/_sandbox/behaviour", key=None, json={"key_scope": "platform", **given})

    assert (answer.status_code, "must be one of" in answer.text) == (400, True)
    assert platform.raw("GET", "/_sandbox/behaviour", key=None).json == before


def test_an_unknown_behaviour_is_refused(platform: Platform) -> None:
    """By name."""
    answer = platform.raw("POST", "/_sandbox/behaviour", key=None, json={"nonsense": True})

    assert (answer.status_code, "nonsense" in answer.text) == (400, True)


def test_a_reset_takes_every_choice_back(platform: Platform) -> None:
    """The first choice of each."""
    platform.control("/behaviour", **{one.name: one.choices[-1] for one in SWITCHES})
    platform.control("/reset")

    shown = platform.raw("GET", "/_sandbox/behaviour", key=None).json
    assert {name: one["chosen"] for name, one in shown.items()} == {one.name: one.choices[0] for one in SWITCHES}
