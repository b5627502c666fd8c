"""The purchase in metadata, and the session that follows from it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from backend.domain.catalogue import Offer
from backend.domain.metadata import NotAPurchase, Purchase, email_hash, idempotency_key_hash, read_purchase
from backend.domain.money import FeeRate
from backend.domain.namespace import UNNAMED
from backend.domain.sessions import (
    Session,
    SessionClaim,
    SessionMismatch,
    check_claim,
    iso_milliseconds,
    open_session,
)

OFFER = Offer("golf", "package", 2, 6075, 7, 5)
PURCHASE = Purchase("coach-1", "Dana", OFFER, FeeRate.from_percent("12.5"), "player-1", "Robin", "acct_1")
SUBSCRIPTION = Purchase(
    "coach-1", "Dana", Offer("golf", "subscription", None, 10125, 50, 30), FeeRate.from_percent("10")
)


@pytest.mark.parametrize("purchase", [PURCHASE, SUBSCRIPTION])
def test_a_purchase_survives_its_metadata(purchase: Purchase) -> None:
    """A purchase that is written to metadata and read again is equal."""
    assert read_purchase(purchase.to_metadata()) == purchase


def test_metadata_is_strings_and_leaves_out_what_is_absent() -> None:
    """Never "null", never "None"."""
    metadata = SUBSCRIPTION.to_metadata()

    assert {type(value) for value in metadata.values()} == {str}
    assert not {"null", "None", ""} & set(metadata.values())
    assert not {"playerId", "playerName", "coachAccountId"} & set(metadata)
    assert metadata["packageId"] == "subscription"


def test_a_payment_of_the_node_backend_is_readable_and_not_ours() -> None:
    """Its fee was frozen as an amount."""
    metadata = {k: v for k, v in PURCHASE.to_metadata().items() if k not in ("app", "feePercent", "coachKey")}

    purchase = read_purchase(metadata)

    assert not purchase.ours
    assert purchase.rate.split(6075).fee == int(metadata["platformFee"])


@pytest.mark.parametrize(
    "damage",
    [
        {"packageType": "gift"},
        {"clips": "many"},
        {"packagePrice": ""},
        {"feePercent": "200"},
        {"days": "-1"},
        {"days": "36501"},
        {"days": "9" * 100},
    ],
)
def test_damaged_metadata_is_not_a_purchase(damage: dict[str, str]) -> None:
    """It is left alone, not guessed at."""
    with pytest.raises(NotAPurchase):
        read_purchase({**PURCHASE.to_metadata(), **damage})


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ({"packageType": "gift"}, "ValueError('packageType: gift')"),
        ({"days": "-1"}, "ValueError('days: -1')"),
    ],
)
def test_what_of_the_metadata_is_damaged_is_told(damage: dict[str, str], told: str) -> None:
    """To whoever has to find out."""
    with pytest.raises(NotAPurchase) as refusal:
        read_purchase({**PURCHASE.to_metadata(), **damage})

    assert str(refusal.value) == f"the metadata is not a purchase: {told}"


def test_a_purchase_without_a_coachs_name_is_one() -> None:
    """The name is for people only."""
    nameless = {key: value for key, value in PURCHASE.to_metadata().items() if key != "coachName"}
    assert read_purchase(nameless).coach_name == ""


@pytest.mark.parametrize("days", ["0", "36500"])
def test_a_session_may_be_as_long_as_a_life(days: str) -> None:
    """And no longer."""
    assert read_purchase({**PURCHASE.to_metadata(), "days": days}).offer.days == int(days)


def test_a_strangers_metadata_is_not_a_purchase() -> None:
    """Other products may share the Stripe account."""
    with pytest.raises(NotAPurchase):
        read_purchase({"order": "17"})


def test_a_coachs_registry_id_is_40_characters_of_the_coach_id_alone() -> None:
    """The same for ever, and fit for a path."""
    assert UNNAMED.registry_id("coach-1") == UNNAMED.registry_id("coach-1") != UNNAMED.registry_id("coach-2")
    assert len(UNNAMED.registry_id("c\u00f6ach \u2603/..")) == 40
    assert UNNAMED.registry_id("x").startswith("coach_")


def test_an_email_is_recognised_in_any_case() -> None:
    """And cannot be read back."""
    assert email_hash(" Dana@Example.com ") == email_hash("dana@example.com")
    assert "dana" not in email_hash("dana@example.com")


def test_what_is_kept_at_stripe_is_found_again_for_ever() -> None:
    """Another way of hashing would not know yesterday's coaches, nor yesterday's refunds."""
    assert UNNAMED.registry_id("coach-1") == "coach_05ddb6f8871d6e9b7a9f09e6b59441e30d"
    assert email_hash("dana@example.com") == "07e2f1394b0ea80e2adca010ea8318df697001a005ba7452720edda4b0ce57b3"
    assert idempotency_key_hash("ab", "c") == "430fb1b4ac43316eca81fab27a1930ab"


def test_fingerprints_do_not_run_together() -> None:
    """("ab", "c") is not ("a", "bc")."""
    assert idempotency_key_hash("ab", "c") != idempotency_key_hash("a", "bc")


def test_a_session_is_the_same_whoever_asks() -> None:
    """Its dates come from the payment, and end at the package's days."""
    first = open_session("pi_1", PURCHASE, 6075, "cad", 1_793_631_600)

    assert first == open_session("pi_1", PURCHASE, 6075, "cad", 1_793_631_600)
    assert first == Session(
        id="session_1",
        payment_intent_id="pi_1",
        coach_id="coach-1",
        coach_name="Dana",
        sport="golf",
        package_type="package",
        package_id=2,
        amount=6075,
        currency="cad",
        clips_remaining=7,
        session_expiry="2026-11-07T15:00:00.000Z",
        created_at="2026-11-02T15:00:00.000Z",
    )


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Toronto"])
def test_a_sessions_times_do_not_depend_on_where_the_server_stands(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """UTC, always."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        session = open_session("pi_1", PURCHASE, 6075, "cad", 1_793_631_600)
        elsewhere = datetime(2026, 11, 2, 16, tzinfo=timezone(timedelta(hours=1)))
        assert session.created_at == iso_milliseconds(elsewhere) == "2026-11-02T15:00:00.000Z"
        # Five days that end after the clocks of Toronto were put back are five days of 24 hours.
        assert open_session("pi_1", PURCHASE, 6075, "cad", 1_793_199_600).session_expiry == "2026-11-02T15:00:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_claim_of_the_same_purchase_passes_in_any_case_of_the_sport() -> None:
    """The app sends it as it likes."""
    check_claim(SessionClaim("coach-1", "GOLF", "package", 2), PURCHASE)
    check_claim(SessionClaim("coach-1", "golf", "subscription", None), SUBSCRIPTION)


@pytest.mark.parametrize(
    ("claim", "field"),
    [
        (SessionClaim("coach-2", "golf", "package", 2), "coachId"),
        (SessionClaim("coach-1", "badminton", "package", 2), "sport"),
        (SessionClaim("coach-1", "golf", "subscription", None), "packageType"),
        (SessionClaim("coach-1", "golf", "package", 3), "packageId"),
    ],
)
def test_a_claim_of_another_purchase_names_the_difference(claim: SessionClaim, field: str) -> None:
    """Each field that matters."""
    with pytest.raises(SessionMismatch) as mismatch:
        check_claim(claim, PURCHASE)

    assert mismatch.value.field == field
    assert f"{field} is different" in str(mismatch.value)
