"""Requests of older versions are held to the rules of their time; answers have the newest shape."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Platform

NEWEST = "2026-10-28.endive"
CONFIRMED = {"amount": "500", "currency": "cad", "confirm": "true", "payment_method": "pm_card_visa"}


def _asked(platform: Platform, version: str, given: dict[str, Any], path: str = "/v1/payment_intents") -> Any:
    return platform.raw("POST", path, data=given, headers={"Stripe-Version": version}).json


@pytest.mark.parametrize("version", ["2026-07-29.dahlia", "2024-06-20", "2020-08-27"])
def test_an_older_version_names_its_methods(platform: Platform, version: str) -> None:
    """And confirms without a return_url, for none of them leads elsewhere."""
    intent = _asked(platform, version, {**CONFIRMED, "payment_method_types[]": "card"})

    assert (intent["status"], intent["payment_method_types"]) == ("succeeded", ["card"])
    assert intent["automatic_payment_methods"] is None


def test_the_newest_version_names_no_methods(platform: Platform) -> None:
    """With the code of its own that Stripe has for it."""
    error = _asked(platform, NEWEST, {**CONFIRMED, "payment_method_types[]": "card"})["error"]

    assert error["code"] == "payment_method_types_no_longer_supported"


@pytest.mark.parametrize(("version", "status"), [("2023-08-15", "succeeded"), ("2023-08-16", None), (NEWEST, None)])
def test_before_dynamic_methods_cards_need_no_way_back(platform: Platform, version: str, status: str | None) -> None:
    """Since then a method may lead elsewhere, and the server has to say where to come back to."""
    assert _asked(platform, version, CONFIRMED).get("status") == status


@pytest.mark.parametrize(("version", "at_once"), [("2024-04-09", True), ("2024-04-10", False), (NEWEST, False)])
def test_before_asynchronous_capture_the_charge_is_complete_at_once(
    platform: Platform, version: str, at_once: bool
) -> None:
    """Its balance transaction is there in the answer."""
    given = {**CONFIRMED, "return_url": "https://shop.test", "expand[]": "latest_charge"}
    intent = _asked(platform, version, given)

    assert (intent["latest_charge"]["balance_transaction"] is not None) is at_once
    assert intent["capture_method"] == ("automatic" if at_once else "automatic_async")


def test_cards_at_a_terminal_can_be_waited_for(platform: Platform) -> None:
    """A PaymentIntent is made; no terminal is there to pay it."""
    older = _asked(platform, "2025-03-31.basil", {**CONFIRMED, "confirm": "", "payment_method_types[]": "card_present"})
    newest = _asked(
        platform, NEWEST, {"amount": "500", "currency": "cad", "allowed_payment_method_types[]": "card_present"}
    )

    assert "error" in older
    assert newest["payment_method_types"] == ["card_present"]
    intent = _asked(
        platform,
        "2025-03-31.basil",
        {"amount": "500", "currency": "cad", "payment_method_types[]": "card_present", "capture_method": "manual"},
    )
    assert (intent["payment_method_types"], intent["capture_method"]) == (["card_present"], "manual")


def test_a_method_that_nobody_has_is_refused(platform: Platform) -> None:
    """Its name is told back."""
    error = _asked(platform, "2020-08-27", {**CONFIRMED, "payment_method_types[]": "shells"})["error"]

    assert (error["param"], "shells" in error["message"]) == ("payment_method_types", True)


@pytest.mark.parametrize("path", ["charges", "charges.data.balance_transaction", "invoice"])
def test_what_was_expanded_once_still_may_be(platform: Platform, path: str) -> None:
    """By the versions that had it; the newest refuses."""
    given = {"amount": "500", "currency": "cad", "expand[]": path}

    assert _asked(platform, "2020-08-27", given)["object"] == "payment_intent"
    assert "cannot be expanded" in _asked(platform, NEWEST, given)["error"]["message"]


@pytest.mark.parametrize("version", ["foo", "2026", "2026-10-28 endive", "2026-13-01.endive", ""])
def test_a_version_that_never_was_is_refused(platform: Platform, version: str) -> None:
    """Whatever the call."""
    answer = platform.raw("GET", "/v1/balance", headers={"Stripe-Version": version})

    assert answer.status_code == 400
    assert (answer.json or {})["error"]["message"] == f"Invalid Stripe API version: {version}"


@pytest.mark.parametrize("version", ["2020-08-27", "2026-10-28.preview", "2026-10-28.endive;feature_beta=v3"])
def test_the_version_is_told_back(platform: Platform, version: str) -> None:
    """As it was sent."""
    answer = platform.raw("GET", "/v1/balance", headers={"Stripe-Version": version})

    assert (answer.status_code, answer.headers["Stripe-Version"]) == (200, version)
