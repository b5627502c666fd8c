"""The routes of the control path say what they take, and refuse the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from backend.sandbox.control.control_routes import CONTROL_ROUTES, ControlRoute
from tests.sandbox.conftest import Platform

# One value of every type that JSON has.
VALUES: tuple[Any, ...] = ("x", 7, 0.5, True, {}, [])
CHECKED = [route for route in CONTROL_ROUTES if route.takes is not None]


@pytest.fixture
def platform() -> Platform:
    """The control path is the same whatever SDK is beside it."""
    return Platform()


def _ids(platform: Platform) -> dict[str, str]:
    """One object for every path that names one."""
    coach, payment = platform.coach(), platform.paid()
    waiting = platform.paid(card="pm_card_authenticationRequired")
    dispute = platform.control("/disputes", charge=payment.latest_charge.id)
    endpoint = platform.v1.webhook_endpoints.create({"url": "http://hook.test", "enabled_events": ["*"]})
    return {
        "accounts": coach,
        "payment_intents": waiting.id,
        "setup_intents": platform.v1.setup_intents.create({}).id,
        "charges": str(payment.latest_charge.id),
        "refunds": platform.v1.refunds.create({"payment_intent": platform.paid().id}).id,
        "disputes": dispute["id"],
        "payouts": "po_none",
        "events": platform.v1.events.list({"limit": 1}).data[0].id,
        "webhook_endpoints": endpoint.id,
    }


def _wrong(route: ControlRoute) -> Iterator[dict[str, Any]]:
    """Every name that the route takes, with a value of each type that it does not."""
    for name, kinds in (route.takes or {}).items():
        for value in VALUES:
            fits = isinstance(value, kinds) and (not isinstance(value, bool) or kinds is bool)
            if not fits:
                yield {name: value}


def _send(platform: Platform, route: ControlRoute, given: Any) -> Any:
    path = re.sub(r"(\w+)/<id>", lambda found: f"{found[1]}/{_ids(platform)[found[1]]}", route.path)
    return platform.raw(route.method, f"/_sandbox/{path}", key=None, json=given)


@pytest.mark.parametrize("route", CHECKED, ids=lambda route: f"{route.method} {route.path}")
def test_an_unknown_name_is_refused(platform: Platform, route: ControlRoute) -> None:
    """A slip of the pen must not pass for a wish that was granted."""
    answer = _send(platform, route, {"surprise": 1})

    assert answer.status_code == 400
    assert answer.json["error"]["param"] == "surprise"
    assert all(name in answer.json["error"]["message"] for name in [*(route.takes or {})] or ["nothing"])


@pytest.mark.parametrize(
    "route", [route for route in CHECKED if route.takes], ids=lambda route: f"{route.method} {route.path}"
)
def test_a_value_of_another_type_is_refused(platform: Platform, route: ControlRoute) -> None:
    """Each of them, by name."""
    for given in _wrong(route):
        answer = _send(platform, route, given)
        assert (answer.status_code, answer.json["error"]["param"]) == (400, next(iter(given))), given


@pytest.mark.parametrize("path", ["faults", "delivery_rules"])
def test_what_a_rule_matches_is_checked_too(platform: Platform, path: str) -> None:
    """A fault that matches every call because of a typing error would be a riddle."""
    answer = platform.raw("POST", f"/_sandbox/{path}", key=None, json={"match": {"pth": "/v1/"}, "effect": "drop"})

    assert answer.status_code == 400
    assert "match.pth" in answer.json["error"]["message"]


def test_every_door_says_what_it_takes() -> None:
    """In the words that the coverage page shows."""
    for route in CHECKED:
        for name in route.takes or {}:
            assert name in route.about, (route.path, name)
