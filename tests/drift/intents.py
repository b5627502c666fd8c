"""Scenarios in the life of a PaymentIntent and a SetupIntent."""

from __future__ import annotations

from tests.drift.calls import FIRST, INTENTS, NEVER, PAID, USD, get, post, refused
from tests.drift.play import Scenario

INTENT_SCENARIOS = (
    Scenario(
        "a new intent takes what the Dashboard says",
        "1.4",
        (post(INTENTS, USD),),
        {
            "status": 200,
            "automatic_payment_methods.enabled": True,
            "automatic_payment_methods.allow_redirects": "always",
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "latest_charge": None,
        },
    ),
    Scenario("a paid intent has received its amount", "1.8", (FIRST,), {"status": 200, "amount_received": 2000}),
    Scenario(
        "metadata is copied to the charge",
        "1.6",
        (post(INTENTS, {**PAID, "metadata[a]": "b", "expand[]": "latest_charge"}),),
        {"latest_charge.metadata.a": "b"},
    ),
    Scenario(
        "later metadata stays with the intent",
        "1.6, open",
        (
            FIRST,
            post(f"{INTENTS}/{{0.id}}", {"metadata[a]": "b"}),
            get("/v1/charges/{0.latest_charge}"),
        ),
        {"metadata.a": None},
        open=True,
    ),
    Scenario(
        "a charge does not know its balance transaction at once",
        "1.25",
        (post(INTENTS, {**PAID, "expand[]": "latest_charge"}),),
        {"latest_charge.captured": True, "latest_charge.balance_transaction": None},
    ),
    Scenario(
        "a paid intent cannot be canceled",
        "1.15",
        (FIRST, post(f"{INTENTS}/{{0.id}}/cancel")),
        refused("payment_intent_unexpected_state") | {"error.payment_intent.status": "succeeded"},
    ),
    Scenario(
        "a paid intent cannot be confirmed",
        "1.16",
        (FIRST, post(f"{INTENTS}/{{0.id}}/confirm")),
        refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "the amount of a paid intent stays",
        "1.16; param open",
        (FIRST, post(f"{INTENTS}/{{0.id}}", {"amount": "3000"})),
        {"status": 400, "error.code": "payment_intent_unexpected_state"},
    ),
    Scenario(
        "an intent without a card cannot be confirmed",
        "1.16",
        (post(INTENTS, {**USD, **NEVER}), post(f"{INTENTS}/{{0.id}}/confirm")),
        refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "a canceled intent says why",
        "1.15",
        (post(INTENTS, USD), post(f"{INTENTS}/{{0.id}}/cancel", {"cancellation_reason": "abandoned"})),
        {"status": 200, "cancellation_reason": "abandoned"},
    ),
    Scenario(
        "a canceled intent cannot be canceled",
        "1.15",
        (post(INTENTS, USD), post(f"{INTENTS}/{{0.id}}/cancel"), post(f"{INTENTS}/{{0.id}}/cancel")),
        refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "a decline leaves a failed charge",
        "1.21-1.22",
        (
            post(INTENTS, {**PAID, "payment_method": "pm_card_visa_chargeDeclined"}),
            get("/v1/charges/{0.error.charge}"),
        ),
        {"paid": False, "captured": False, "failure_code": "card_declined", "outcome.type": "issuer_declined"},
    ),
    Scenario(
        "a card that was used and not saved is of no more use",
        "1.18",
        (
            post("/v1/payment_methods", {"type": "card", "card[token]": "tok_visa"}),
            post(INTENTS, {**PAID, "payment_method": "{0.id}"}),
            post(INTENTS, {**PAID, "payment_method": "{0.id}"}),
        ),
        refused(None),
    ),
    Scenario(
        "held money waits to be captured",
        "docs place-a-hold",
        (post(INTENTS, {**PAID, "capture_method": "manual"}),),
        {"status": 200, "amount_capturable": 2000, "amount_received": 0},
    ),
    Scenario(
        "a part is captured",
        "docs place-a-hold",
        (
            post(INTENTS, {**PAID, "capture_method": "manual"}),
            post(f"{INTENTS}/{{0.id}}/capture", {"amount_to_capture": "1500", "expand[]": "latest_charge"}),
        ),
        {
            "amount_received": 1500,
            "latest_charge.amount_captured": 1500,
            "latest_charge.amount_refunded": 500,
            "latest_charge.captured": True,
        },
    ),
    Scenario(
        "more than is held cannot be captured",
        "docs errors: amount_too_large",
        (
            post(INTENTS, {**PAID, "capture_method": "manual"}),
            post(f"{INTENTS}/{{0.id}}/capture", {"amount_to_capture": "2001"}),
        ),
        {"status": 400, "error.code": "amount_too_large"},
    ),
    Scenario(
        "what is not held cannot be captured",
        "docs errors",
        (FIRST, post(f"{INTENTS}/{{0.id}}/capture")),
        refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "a card is set up for a customer",
        "docs setup-intents",
        (
            post("/v1/customers"),
            post(
                "/v1/setup_intents",
                {**NEVER, "customer": "{0.id}", "confirm": "true", "payment_method": "pm_card_visa"},
            ),
            get("/v1/customers/{0.id}/payment_methods"),
        ),
        {"status": 200, "data.0.card.last4": "4242"},
    ),
    Scenario(
        "a declining card is not set up",
        "docs setup-intents",
        (post("/v1/setup_intents", {**NEVER, "confirm": "true", "payment_method": "pm_card_visa_chargeDeclined"}),),
        {"status": 402, "error.code": "card_declined", "error.setup_intent.status": "requires_payment_method"},
    ),
)
