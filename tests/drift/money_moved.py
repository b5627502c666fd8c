"""Scenarios of refunds, transfers and accounts."""

from __future__ import annotations

from tests.drift.calls import FIRST, INTENTS, USD, get, post, refused
from tests.drift.play import Scenario

_REFUND = "/v1/refunds"
MONEY_MOVED = (
    Scenario(
        "a refund is whole unless told otherwise",
        "3.2",
        (FIRST, post(_REFUND, {"payment_intent": "{0.id}"})),
        {"amount": 2000, "destination_details.type": "card", "transfer_reversal": None},
    ),
    Scenario(
        "a charge that is refunded in part is not refunded",
        "3.5",
        (FIRST, post(_REFUND, {"payment_intent": "{0.id}", "amount": "500"}), get("/v1/charges/{0.latest_charge}")),
        {"amount_refunded": 500, "refunded": False},
    ),
    Scenario(
        "a charge is refunded once",
        "3.4",
        (FIRST, post(_REFUND, {"payment_intent": "{0.id}"}), post(_REFUND, {"payment_intent": "{0.id}"})),
        refused("charge_already_refunded"),
    ),
    Scenario(
        "no more is refunded than was charged",
        "3.4",
        (FIRST, post(_REFUND, {"payment_intent": "{0.id}", "amount": "2001"})),
        refused(None, "amount"),
    ),
    Scenario(
        "nothing cannot be refunded",
        "3.4",
        (FIRST, post(_REFUND, {"payment_intent": "{0.id}", "amount": "0"})),
        refused("parameter_invalid_integer", "amount"),
    ),
    Scenario(
        "an unknown charge cannot be refunded",
        "3.4",
        (post(_REFUND, {"charge": "ch_gone"}),),
        refused("resource_missing", "charge"),
    ),
    Scenario(
        "an unpaid intent cannot be refunded",
        "3.4; the code is open",
        (post(INTENTS, USD), post(_REFUND, {"payment_intent": "{0.id}"})),
        {"status": 400, "error.code": None},
        open=True,
    ),
    Scenario(
        "a separate transfer is not reversed with a refund",
        "3.4",
        (FIRST, post(_REFUND, {"payment_intent": "{0.id}", "reverse_transfer": "true"})),
        refused(None),
    ),
    Scenario(
        "a transfer's source is a charge",
        "2.4",
        (
            FIRST,
            post("/v1/accounts", {"type": "express", "country": "US", "capabilities[transfers][requested]": "true"}),
            post(
                "/v1/transfers",
                {"amount": "100", "currency": "usd", "destination": "{1.id}", "source_transaction": "{0.id}"},
            ),
        ),
        refused("resource_missing", "source_transaction"),
    ),
    Scenario(
        "a transfer to nobody is refused",
        "2.7",
        (post("/v1/transfers", {"amount": "100", "currency": "usd", "destination": "acct_1032D82eZvKYlo2C"}),),
        refused("resource_missing", "destination"),
    ),
    Scenario(
        "a transfer to an account that was not onboarded is refused",
        "2.7; sandboxes may not enforce it",
        (
            post("/v1/accounts", {"type": "express", "country": "US", "capabilities[transfers][requested]": "true"}),
            post("/v1/transfers", {"amount": "100", "currency": "usd", "destination": "{0.id}"}),
        ),
        {"status": 400, "error.code": "insufficient_capabilities_for_transfer"},
        open=True,
    ),
    Scenario(
        "a new Express account waits for everything",
        "4.x recorded",
        (post("/v1/accounts", {"type": "express", "country": "US", "capabilities[transfers][requested]": "true"}),),
        {
            "charges_enabled": False,
            "payouts_enabled": False,
            "details_submitted": False,
            "capabilities.transfers": "inactive",
        },
    ),
    Scenario(
        "a country that is none is refused",
        "seen in threads; the code is open",
        (post("/v1/accounts", {"type": "express", "country": "XX"}),),
        {"status": 400, "error.param": "country"},
        open=True,
    ),
)
