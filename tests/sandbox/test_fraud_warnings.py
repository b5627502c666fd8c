"""Early fraud warnings: the issuer tells of fraud, and no money moves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Platform

CREATED, UPDATED = "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"


@pytest.fixture
def platform() -> Platform:
    """Python's SDK alone: Node's reaches this resource in another way."""
    return Platform()


def _charge(payment: Any) -> str:
    return str(payment.latest_charge.id)


def _told(platform: Platform) -> list[str]:
    events = platform.v1.events.list({"type": "radar.early_fraud_warning.*"}).data[::-1]
    return [str(event.type) for event in events]


def test_a_card_brings_a_warning(platform: Platform) -> None:
    """The card for that brings a warning that names its charge and its PaymentIntent."""
    payment = platform.paid(card="pm_card_createIssuerFraudRecord")
    platform.clock.advance(60)

    (warning,) = platform.v1.radar.early_fraud_warnings.list({"payment_intent": payment.id}).data
    assert (warning.charge, warning.payment_intent, warning.actionable) == (_charge(payment), payment.id, True)
    assert (warning.fraud_type, warning.id[:6]) == ("unauthorized_use_of_card", "issfr_")
    assert platform.v1.radar.early_fraud_warnings.retrieve(warning.id).charge == warning.charge
    assert _told(platform) == [CREATED]


def test_warnings_are_found_by_charge(platform: Platform) -> None:
    """The list by a charge has that charge's warnings only, and can expand the charge."""
    payments = [platform.paid() for _ in range(2)]
    for payment in payments:
        platform.control("/early_fraud_warnings", charge=_charge(payment), fraud_type="misc")
    given: Any = {"charge": _charge(payments[0]), "expand": ["data.charge"]}

    (warning,) = platform.v1.radar.early_fraud_warnings.list(given).data

    assert (warning.charge.amount, warning.fraud_type) == (10_000, "misc")
    assert len(platform.v1.radar.early_fraud_warnings.list({}).data) == 2


@pytest.mark.parametrize("way", ["dispute", "refund"])
def test_a_warning_lapses_once_nothing_can_be_done(platform: Platform, way: str) -> None:
    """A dispute, or the last part of a refund, makes it no longer actionable, told once."""
    charge = _charge(platform.paid())
    warning = platform.control("/early_fraud_warnings", charge=charge)
    platform.v1.refunds.create({"charge": charge, "amount": 1_000})
    assert platform.v1.radar.early_fraud_warnings.retrieve(warning["id"]).actionable is True
    if way == "dispute":
        platform.control("/disputes", charge=charge)
    else:
        platform.v1.refunds.create({"charge": charge})

    assert platform.v1.radar.early_fraud_warnings.retrieve(warning["id"]).actionable is False
    assert _told(platform) == [CREATED, UPDATED]
    assert platform.control("/early_fraud_warnings", charge=charge)["actionable"] is False


def test_a_warning_that_makes_no_sense_is_refused(platform: Platform) -> None:
    """A kind that there is not is refused, and so is a charge that there is not."""
    charge = _charge(platform.paid())
    for given in ({"charge": charge, "fraud_type": "x"}, {"charge": "ch_none"}):
        assert platform.raw("POST", "/_sandbox/early_fraud_warnings", key=None, json=given).status_code == 400
