"""Scenarios of requests that are refused."""

from __future__ import annotations

from tests.drift.calls import INTENTS, USD, get, post, refused
from tests.drift.play import Form, Scenario

# Name, fact, form, code, param; of creating a PaymentIntent.
_CREATIONS: tuple[tuple[str, str, Form, str | None, str | None], ...] = (
    ("nothing", "1.7", {**USD, "amount": "0"}, "parameter_invalid_integer", "amount"),
    ("less than the minimum", "1.7; the code is documented", {**USD, "amount": "49"}, "amount_too_small", "amount"),
    ("more than eight digits", "E.23", {**USD, "amount": "100000000"}, "amount_too_large", "amount"),
    ("a fraction", "8.4", {**USD, "amount": "10.99"}, "parameter_invalid_integer", "amount"),
    ("no amount", "8.4", {"currency": "usd"}, "parameter_missing", "amount"),
    ("no currency", "8.4", {"amount": "2000"}, "parameter_missing", "currency"),
    ("an unknown parameter", "8.4", {**USD, "foo": "1"}, "parameter_unknown", "foo"),
    ("an empty currency", "8.4", {"amount": "2000", "currency": ""}, "parameter_invalid_empty", "currency"),
    ("an empty customer", "seen in threads", {**USD, "customer": ""}, "parameter_invalid_empty", "customer"),
    ("an unknown customer", "1.17", {**USD, "customer": "cus_gone"}, "resource_missing", "customer"),
    ("an unknown method", "1.17", {**USD, "payment_method": "pm_gone"}, "resource_missing", "payment_method"),
    ("a return_url unconfirmed", "1.11", {**USD, "return_url": "https://a.test"}, None, "return_url"),
    ("off_session unconfirmed", "1.11", {**USD, "off_session": "true"}, None, "off_session"),
    (
        "method types",
        "0.2",
        {**USD, "payment_method_types[]": "card"},
        "payment_method_types_no_longer_supported",
        "payment_method_types",
    ),
    (
        "half a króna",
        "support.stripe.com, fractional ISK",
        {"amount": "50050", "currency": "isk"},
        "invalid_charge_amount_no_decimal_compatible",
        "amount",
    ),
    (
        "a fee without a destination",
        "seen in threads",
        {**USD, "application_fee_amount": "10"},
        None,
        "application_fee_amount",
    ),
    (
        "an unknown destination",
        "2.7",
        {**USD, "transfer_data[destination]": "acct_1032D82eZvKYlo2C"},
        "resource_missing",
        "transfer_data[destination]",
    ),
)
REFUSALS = (
    *(
        Scenario(f"a PaymentIntent with {name} is refused", fact, (post(INTENTS, form),), refused(code, param))
        for name, fact, form, code, param in _CREATIONS
    ),
    Scenario(
        "a fils that is not ten is refused",
        "E.22; code and words open",
        (post(INTENTS, {"amount": "50005", "currency": "kwd"}),),
        refused(None, "amount"),
        open=True,
    ),
    Scenario(
        "half a shilling is refused",
        "E.20; UGX is listed twice",
        (post(INTENTS, {"amount": "500050", "currency": "ugx"}),),
        refused("invalid_charge_amount_no_decimal_compatible", "amount"),
        open=True,
    ),
    Scenario(
        "confirming where methods redirect needs a return_url",
        "1.10",
        (post(INTENTS, {**USD, "confirm": "true", "payment_method": "pm_card_visa"}),),
        refused(None, None),
    ),
    Scenario(
        "card numbers from a server are refused",
        "1.20",
        (
            post(
                "/v1/payment_methods",
                {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040"},
            ),
        ),
        {"status": 400},
        open=True,
    ),
    *(
        Scenario(
            f"{path} that is not there is a 404",
            "1.17",
            (get(f"/v1/{path}"),),
            refused("resource_missing", param, 404),
        )
        for path, param in (
            ("payment_intents/pi_gone", "intent"),
            ("customers/cus_gone", "id"),
            ("charges/ch_gone", "id"),
            ("refunds/re_gone", "id"),
            ("transfers/tr_gone", "id"),
        )
    ),
    Scenario(
        "a path that no object has is not expanded",
        "docs expand; the param is open",
        (post(INTENTS, {**USD, "expand[]": "nonsense"}),),
        {"status": 400},
    ),
    Scenario("an unknown address is a 404", "8.4", (get("/v1/missing"),), {"status": 404}),
    Scenario("a wrong key is a 401", "8.3", (get("/v1/balance", key="wrong"),), {"status": 401, "error.code": None}),
    Scenario("no key is a 401", "8.3", (get("/v1/balance", key="none"),), {"status": 401, "error.code": None}),
    Scenario(
        "a publishable key may not read the balance",
        "1.9; the status is open",
        (get("/v1/balance", key="publishable"),),
        {"status": 403, "error.code": "secret_key_required"},
        open=True,
    ),
    Scenario(
        "a version that never was is refused",
        "docs versioning; words open",
        (get("/v1/balance", version="2000-99-99.nothing"),),
        {"status": 400},
        open=True,
    ),
    Scenario(
        "an account out of reach is a 403",
        "4.12",
        (get("/v1/balance", headers={"Stripe-Account": "acct_1032D82eZvKYlo2C"}),),
        refused("account_invalid", None, 403),
    ),
)
