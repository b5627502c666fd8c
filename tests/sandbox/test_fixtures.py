"""Objects with the ids that documentation uses, for who comes from stripe-mock."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from backend.sandbox import Clock, Sandbox
from tests.conftest import NOW

PLACES = {
    "accounts": "acct",
    "application_fees": "fee",
    "balance_transactions": "txn",
    "charges": "ch",
    "customers": "cus",
    "disputes": "dp",
    "events": "evt",
    "payment_intents": "pi",
    "payment_methods": "pm",
    "payouts": "po",
    "products": "prod",
    "radar/early_fraud_warnings": "issfr",
    "refunds": "re",
    "setup_intents": "seti",
    "tokens": "tok",
    "transfers": "tr",
    "webhook_endpoints": "we",
}


@pytest.fixture(scope="module")
def client() -> Client:
    """Of a sandbox that begins with fixtures."""
    return Client(Sandbox(clock=Clock(frozen_at=NOW), with_fixtures=True))


def _asked(client: Client, method: str, path: str, **data: Any) -> Any:
    return client.open(f"/v1/{path}", method=method, data=data, headers={"Authorization": "Bearer sk_test_123"})


@pytest.mark.parametrize("suffix", ["123", "xxxxxxxxxxxxx"])
@pytest.mark.parametrize("place", PLACES)
def test_each_kind_has_its_known_ids(client: Client, place: str, suffix: str) -> None:
    """It is read under either."""
    wanted = f"{PLACES[place]}_{suffix}"
    answer = _asked(client, "GET", f"{place}/{wanted}")

    assert (answer.status_code, (answer.json or {})["id"]) == (200, wanted)


def test_a_reset_brings_them_back(client: Client) -> None:
    """As they were."""
    _asked(client, "DELETE", "customers/cus_123")
    gone = _asked(client, "GET", "customers/cus_123").json or {}
    client.post("/_sandbox/reset")

    assert gone["deleted"]
    assert (_asked(client, "GET", "customers/cus_123").json or {})["object"] == "customer"


@pytest.mark.parametrize(
    ("path", "data", "status"),
    [
        ("payment_intents/pi_123/confirm", {"payment_method": "pm_card_visa"}, "succeeded"),
        ("setup_intents/seti_123/confirm", {"payment_method": "pm_card_visa"}, "succeeded"),
        ("refunds/re_123/cancel", {}, "canceled"),
        ("payouts/po_123/cancel", {}, "canceled"),
    ],
)
def test_they_can_be_acted_on(path: str, data: Any, status: str) -> None:
    """As documentation does it."""
    fresh = Client(Sandbox(clock=Clock(frozen_at=NOW), with_fixtures=True))

    assert (_asked(fresh, "POST", path, **data).json or {})["status"] == status


def test_without_them_nothing_is_there() -> None:
    """An id that was never made is missing."""
    assert _asked(Client(Sandbox()), "GET", "customers/cus_123").status_code == 404
