"""The scenarios. What each shows is recorded fact, or, where `open`, a reading that a run on Stripe would settle."""

from __future__ import annotations

from typing import Any

from .play import Call, Form, Scenario, Shown

_NEVER = {"automatic_payment_methods[enabled]": "true", "automatic_payment_methods[allow_redirects]": "never"}
_USD = {"amount": "2000", "currency": "usd"}
_PAID = {**_USD, **_NEVER, "confirm": "true", "payment_method": "pm_card_visa"}
_INTENTS = "/v1/payment_intents"


def _post(path: str, form: Form | None = None, **options: Any) -> Call:
    return Call("POST", path, form or {}, **options)


def _get(path: str, form: Form | None = None, **options: Any) -> Call:
    return Call("GET", path, form or {}, **options)


def _refused(code: str | None, param: str | None = None, status: int = 400) -> Shown:
    return {"status": status, "error.code": code, "error.param": param}


_BRANDS = {
    "pm_card_visa": ("visa", "credit", "US"),
    "pm_card_visa_debit": ("visa", "debit", "US"),
    "pm_card_mastercard": ("mastercard", "credit", "US"),
    "pm_card_mastercard_debit": ("mastercard", "debit", "US"),
    "pm_card_mastercard_prepaid": ("mastercard", "prepaid", "US"),
    "pm_card_amex": ("amex", "credit", "US"),
    "pm_card_discover": ("discover", "credit", "US"),
    "pm_card_diners": ("diners", "credit", "US"),
    "pm_card_jcb": ("jcb", "credit", "US"),
    "pm_card_ca": ("visa", "credit", "CA"),
    "pm_card_gb": ("visa", "credit", "GB"),
    "pm_card_fr": ("visa", "credit", "FR"),
    "pm_card_de": ("visa", "credit", "DE"),
    "pm_card_br": ("visa", "credit", "BR"),
    "pm_card_jp": ("visa", "credit", "JP"),
    "pm_card_au": ("visa", "credit", "AU"),
}
_DECLINES = {
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline", None),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds", None),
    "pm_card_visa_chargeDeclinedLostCard": ("card_declined", "lost_card", None),
    "pm_card_visa_chargeDeclinedStolenCard": ("card_declined", "stolen_card", None),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", None, "exp_month"),
    "pm_card_chargeDeclinedIncorrectCvc": ("incorrect_cvc", None, "cvc"),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", None, None),
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": ("card_declined", "card_velocity_exceeded", None),
    "pm_card_radarBlock": ("card_declined", "fraudulent", None),
    "pm_card_chargeCustomerFail": ("card_declined", "generic_decline", None),
}
_CARDS = (
    *(
        Scenario(
            f"{token} pays",
            "docs testing; card hash recorded",
            (_post(_INTENTS, {**_PAID, "payment_method": token, "expand[]": "latest_charge"}),),
            {
                "status": 200,
                "latest_charge.payment_method_details.card.brand": brand,
                "latest_charge.payment_method_details.card.funding": funding,
                "latest_charge.payment_method_details.card.country": country,
            },
        )
        for token, (brand, funding, country) in _BRANDS.items()
    ),
    *(
        Scenario(
            f"{token} declines",
            "1.21-1.23",
            (_post(_INTENTS, {**_PAID, "payment_method": token}),),
            _refused(code, param, 402) | {"error.decline_code": decline, "error.type": "card_error"},
        )
        for token, (code, decline, param) in _DECLINES.items()
    ),
    *(
        Scenario(
            f"{token} cannot be saved",
            "1.24",
            (_post("/v1/customers", {"payment_method": token}),),
            {"status": 402, "error.param": "", "error.code": _DECLINES[token][0]},
        )
        for token in list(_DECLINES)[:8]
    ),
    *(
        Scenario(
            f"{token} asks for authentication",
            "1.12",
            (_post(_INTENTS, {**_PAID, "payment_method": token}),),
            {"status": 200, "next_action.type": "use_stripe_sdk", "latest_charge": None, "amount_received": 0},
        )
        for token in (
            "pm_card_authenticationRequired",
            "pm_card_threeDSecure2Required",
            "pm_card_authenticationRequiredOnSetup",
        )
    ),
    Scenario(
        "off session, a card that wants authentication is declined",
        "1.14",
        (_post(_INTENTS, {**_PAID, "payment_method": "pm_card_authenticationRequired", "off_session": "true"}),),
        _refused("authentication_required", None, 402) | {"error.decline_code": "authentication_required"},
    ),
)

# Name, fact, form, code, param; of creating a PaymentIntent.
_CREATIONS: tuple[tuple[str, str, Form, str | None, str | None], ...] = (
    ("nothing", "1.7", {**_USD, "amount": "0"}, "parameter_invalid_integer", "amount"),
    ("less than the minimum", "1.7; the code is documented", {**_USD, "amount": "49"}, "amount_too_small", "amount"),
    ("more than eight digits", "E.23", {**_USD, "amount": "100000000"}, "amount_too_large", "amount"),
    ("a fraction", "8.4", {**_USD, "amount": "10.99"}, "parameter_invalid_integer", "amount"),
    ("no amount", "8.4", {"currency": "usd"}, "parameter_missing", "amount"),
    ("no currency", "8.4", {"amount": "2000"}, "parameter_missing", "currency"),
    ("an unknown parameter", "8.4", {**_USD, "foo": "1"}, "parameter_unknown", "foo"),
    ("an empty currency", "8.4", {"amount": "2000", "currency": ""}, "parameter_invalid_empty", "currency"),
    ("an empty customer", "seen in threads", {**_USD, "customer": ""}, "parameter_invalid_empty", "customer"),
    ("an unknown customer", "1.17", {**_USD, "customer": "cus_gone"}, "resource_missing", "customer"),
    ("an unknown method", "1.17", {**_USD, "payment_method": "pm_gone"}, "resource_missing", "payment_method"),
    ("a return_url unconfirmed", "1.11", {**_USD, "return_url": "https://a.test"}, None, "return_url"),
    ("off_session unconfirmed", "1.11", {**_USD, "off_session": "true"}, None, "off_session"),
    (
        "method types",
        "0.2",
        {**_USD, "payment_method_types[]": "card"},
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
        {**_USD, "application_fee_amount": "10"},
        None,
        "application_fee_amount",
    ),
    (
        "an unknown destination",
        "2.7",
        {**_USD, "transfer_data[destination]": "acct_1032D82eZvKYlo2C"},
        "resource_missing",
        "transfer_data[destination]",
    ),
)
_REFUSALS = (
    *(
        Scenario(f"a PaymentIntent with {name} is refused", fact, (_post(_INTENTS, form),), _refused(code, param))
        for name, fact, form, code, param in _CREATIONS
    ),
    Scenario(
        "a fils that is not ten is refused",
        "E.22; code and words open",
        (_post(_INTENTS, {"amount": "50005", "currency": "kwd"}),),
        _refused(None, "amount"),
        open=True,
    ),
    Scenario(
        "half a shilling is refused",
        "E.20; UGX is listed twice",
        (_post(_INTENTS, {"amount": "500050", "currency": "ugx"}),),
        _refused("invalid_charge_amount_no_decimal_compatible", "amount"),
        open=True,
    ),
    Scenario(
        "confirming where methods redirect needs a return_url",
        "1.10",
        (_post(_INTENTS, {**_USD, "confirm": "true", "payment_method": "pm_card_visa"}),),
        _refused(None, None),
    ),
    Scenario(
        "card numbers from a server are refused",
        "1.20",
        (
            _post(
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
            (_get(f"/v1/{path}"),),
            _refused("resource_missing", param, 404),
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
        (_post(_INTENTS, {**_USD, "expand[]": "nonsense"}),),
        {"status": 400},
    ),
    Scenario("an unknown address is a 404", "8.4", (_get("/v1/missing"),), {"status": 404}),
    Scenario("a wrong key is a 401", "8.3", (_get("/v1/balance", key="wrong"),), {"status": 401, "error.code": None}),
    Scenario("no key is a 401", "8.3", (_get("/v1/balance", key="none"),), {"status": 401, "error.code": None}),
    Scenario(
        "a publishable key may not read the balance",
        "1.9; the status is open",
        (_get("/v1/balance", key="publishable"),),
        {"status": 403, "error.code": "secret_key_required"},
        open=True,
    ),
    Scenario(
        "a version that never was is refused",
        "docs versioning; words open",
        (_get("/v1/balance", version="2000-99-99.nothing"),),
        {"status": 400},
        open=True,
    ),
    Scenario(
        "an account out of reach is a 403",
        "4.12",
        (_get("/v1/balance", headers={"Stripe-Account": "acct_1032D82eZvKYlo2C"}),),
        _refused("account_invalid", None, 403),
    ),
)
_FIRST = _post(_INTENTS, _PAID)
_LIVES = (
    Scenario(
        "a new intent takes what the Dashboard says",
        "1.4",
        (_post(_INTENTS, _USD),),
        {
            "status": 200,
            "automatic_payment_methods.enabled": True,
            "automatic_payment_methods.allow_redirects": "always",
            "capture_method": "automatic_async",
            "confirmation_method": "automatic",
            "latest_charge": None,
        },
    ),
    Scenario("a paid intent has received its amount", "1.8", (_FIRST,), {"status": 200, "amount_received": 2000}),
    Scenario(
        "metadata is copied to the charge",
        "1.6",
        (_post(_INTENTS, {**_PAID, "metadata[a]": "b", "expand[]": "latest_charge"}),),
        {"latest_charge.metadata.a": "b"},
    ),
    Scenario(
        "later metadata stays with the intent",
        "1.6, open",
        (
            _FIRST,
            _post(f"{_INTENTS}/{{0.id}}", {"metadata[a]": "b"}),
            _get("/v1/charges/{0.latest_charge}"),
        ),
        {"metadata.a": None},
        open=True,
    ),
    Scenario(
        "a charge does not know its balance transaction at once",
        "1.25",
        (_post(_INTENTS, {**_PAID, "expand[]": "latest_charge"}),),
        {"latest_charge.captured": True, "latest_charge.balance_transaction": None},
    ),
    Scenario(
        "a paid intent cannot be canceled",
        "1.15",
        (_FIRST, _post(f"{_INTENTS}/{{0.id}}/cancel")),
        _refused("payment_intent_unexpected_state") | {"error.payment_intent.status": "succeeded"},
    ),
    Scenario(
        "a paid intent cannot be confirmed",
        "1.16",
        (_FIRST, _post(f"{_INTENTS}/{{0.id}}/confirm")),
        _refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "the amount of a paid intent stays",
        "1.16; param open",
        (_FIRST, _post(f"{_INTENTS}/{{0.id}}", {"amount": "3000"})),
        {"status": 400, "error.code": "payment_intent_unexpected_state"},
    ),
    Scenario(
        "an intent without a card cannot be confirmed",
        "1.16",
        (_post(_INTENTS, {**_USD, **_NEVER}), _post(f"{_INTENTS}/{{0.id}}/confirm")),
        _refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "a canceled intent says why",
        "1.15",
        (_post(_INTENTS, _USD), _post(f"{_INTENTS}/{{0.id}}/cancel", {"cancellation_reason": "abandoned"})),
        {"status": 200, "cancellation_reason": "abandoned"},
    ),
    Scenario(
        "a canceled intent cannot be canceled",
        "1.15",
        (_post(_INTENTS, _USD), _post(f"{_INTENTS}/{{0.id}}/cancel"), _post(f"{_INTENTS}/{{0.id}}/cancel")),
        _refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "a decline leaves a failed charge",
        "1.21-1.22",
        (
            _post(_INTENTS, {**_PAID, "payment_method": "pm_card_visa_chargeDeclined"}),
            _get("/v1/charges/{0.error.charge}"),
        ),
        {"paid": False, "captured": False, "failure_code": "card_declined", "outcome.type": "issuer_declined"},
    ),
    Scenario(
        "a card that was used and not saved is of no more use",
        "1.18",
        (
            _post("/v1/payment_methods", {"type": "card", "card[token]": "tok_visa"}),
            _post(_INTENTS, {**_PAID, "payment_method": "{0.id}"}),
            _post(_INTENTS, {**_PAID, "payment_method": "{0.id}"}),
        ),
        _refused(None),
    ),
    Scenario(
        "held money waits to be captured",
        "docs place-a-hold",
        (_post(_INTENTS, {**_PAID, "capture_method": "manual"}),),
        {"status": 200, "amount_capturable": 2000, "amount_received": 0},
    ),
    Scenario(
        "a part is captured",
        "docs place-a-hold",
        (
            _post(_INTENTS, {**_PAID, "capture_method": "manual"}),
            _post(f"{_INTENTS}/{{0.id}}/capture", {"amount_to_capture": "1500", "expand[]": "latest_charge"}),
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
            _post(_INTENTS, {**_PAID, "capture_method": "manual"}),
            _post(f"{_INTENTS}/{{0.id}}/capture", {"amount_to_capture": "2001"}),
        ),
        {"status": 400, "error.code": "amount_too_large"},
    ),
    Scenario(
        "what is not held cannot be captured",
        "docs errors",
        (_FIRST, _post(f"{_INTENTS}/{{0.id}}/capture")),
        _refused("payment_intent_unexpected_state"),
    ),
    Scenario(
        "a card is set up for a customer",
        "docs setup-intents",
        (
            _post("/v1/customers"),
            _post(
                "/v1/setup_intents",
                {**_NEVER, "customer": "{0.id}", "confirm": "true", "payment_method": "pm_card_visa"},
            ),
            _get("/v1/customers/{0.id}/payment_methods"),
        ),
        {"status": 200, "data.0.card.last4": "4242"},
    ),
    Scenario(
        "a declining card is not set up",
        "docs setup-intents",
        (_post("/v1/setup_intents", {**_NEVER, "confirm": "true", "payment_method": "pm_card_visa_chargeDeclined"}),),
        {"status": 402, "error.code": "card_declined", "error.setup_intent.status": "requires_payment_method"},
    ),
)
_REFUND = "/v1/refunds"
_BACK = (
    Scenario(
        "a refund is whole unless told otherwise",
        "3.2",
        (_FIRST, _post(_REFUND, {"payment_intent": "{0.id}"})),
        {"amount": 2000, "destination_details.type": "card", "transfer_reversal": None},
    ),
    Scenario(
        "a charge that is refunded in part is not refunded",
        "3.5",
        (_FIRST, _post(_REFUND, {"payment_intent": "{0.id}", "amount": "500"}), _get("/v1/charges/{0.latest_charge}")),
        {"amount_refunded": 500, "refunded": False},
    ),
    Scenario(
        "a charge is refunded once",
        "3.4",
        (_FIRST, _post(_REFUND, {"payment_intent": "{0.id}"}), _post(_REFUND, {"payment_intent": "{0.id}"})),
        _refused("charge_already_refunded"),
    ),
    Scenario(
        "no more is refunded than was charged",
        "3.4",
        (_FIRST, _post(_REFUND, {"payment_intent": "{0.id}", "amount": "2001"})),
        _refused(None, "amount"),
    ),
    Scenario(
        "nothing cannot be refunded",
        "3.4",
        (_FIRST, _post(_REFUND, {"payment_intent": "{0.id}", "amount": "0"})),
        _refused("parameter_invalid_integer", "amount"),
    ),
    Scenario(
        "an unknown charge cannot be refunded",
        "3.4",
        (_post(_REFUND, {"charge": "ch_gone"}),),
        _refused("resource_missing", "charge"),
    ),
    Scenario(
        "an unpaid intent cannot be refunded",
        "3.4; the code is open",
        (_post(_INTENTS, _USD), _post(_REFUND, {"payment_intent": "{0.id}"})),
        {"status": 400, "error.code": None},
        open=True,
    ),
    Scenario(
        "a separate transfer is not reversed with a refund",
        "3.4",
        (_FIRST, _post(_REFUND, {"payment_intent": "{0.id}", "reverse_transfer": "true"})),
        _refused(None),
    ),
    Scenario(
        "a transfer's source is a charge",
        "2.4",
        (
            _FIRST,
            _post("/v1/accounts", {"type": "express", "country": "US", "capabilities[transfers][requested]": "true"}),
            _post(
                "/v1/transfers",
                {"amount": "100", "currency": "usd", "destination": "{1.id}", "source_transaction": "{0.id}"},
            ),
        ),
        _refused("resource_missing", "source_transaction"),
    ),
    Scenario(
        "a transfer to nobody is refused",
        "2.7",
        (_post("/v1/transfers", {"amount": "100", "currency": "usd", "destination": "acct_1032D82eZvKYlo2C"}),),
        _refused("resource_missing", "destination"),
    ),
    Scenario(
        "a transfer to an account that was not onboarded is refused",
        "2.7; sandboxes may not enforce it",
        (
            _post("/v1/accounts", {"type": "express", "country": "US", "capabilities[transfers][requested]": "true"}),
            _post("/v1/transfers", {"amount": "100", "currency": "usd", "destination": "{0.id}"}),
        ),
        {"status": 400, "error.code": "insufficient_capabilities_for_transfer"},
        open=True,
    ),
    Scenario(
        "a new Express account waits for everything",
        "4.x recorded",
        (_post("/v1/accounts", {"type": "express", "country": "US", "capabilities[transfers][requested]": "true"}),),
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
        (_post("/v1/accounts", {"type": "express", "country": "XX"}),),
        {"status": 400, "error.param": "country"},
        open=True,
    ),
)
_KEYED = {"Idempotency-Key": "drift-{run}"}
_REST = (
    Scenario(
        "a key makes one payment",
        "5.x",
        (
            _post(_INTENTS, _USD, headers={"Idempotency-Key": "drift-one-{run}"}),
            _post(_INTENTS, _USD, headers={"Idempotency-Key": "drift-one-{run}"}),
            _get(f"{_INTENTS}/{{0.id}}"),
        ),
        {"status": 200},
    ),
    Scenario(
        "a key with other parameters is refused",
        "5.x",
        (_post(_INTENTS, _USD, headers=_KEYED), _post(_INTENTS, {**_USD, "amount": "3000"}, headers=_KEYED)),
        {"status": 400, "error.type": "idempotency_error"},
    ),
    Scenario(
        "metadata has forty letters a key",
        "docs metadata",
        (_post("/v1/customers", {f"metadata[{'k' * 41}]": "v"}),),
        {"status": 400, "error.param": "metadata"},
    ),
    Scenario(
        "metadata has five hundred letters a value",
        "docs metadata",
        (_post("/v1/customers", {"metadata[k]": "v" * 501}),),
        {"status": 400, "error.param": "metadata"},
    ),
    Scenario(
        "an empty value removes its key",
        "docs metadata",
        (
            _post("/v1/customers", {"metadata[a]": "1", "metadata[b]": "2"}),
            _post("/v1/customers/{0.id}", {"metadata[a]": ""}),
        ),
        {"metadata.a": None, "metadata.b": "2"},
    ),
    Scenario(
        "an empty text about a customer is taken",
        "stripe-dotnet threads; not in the specification",
        (_post("/v1/customers", {"name": "", "description": "", "phone": ""}),),
        {"status": 200, "name": None},
        open=True,
    ),
    Scenario(
        "an empty second line of an address is taken",
        "as shops send it; not in the specification",
        (_post("/v1/customers", {"address[line1]": "1 Main St", "address[line2]": ""}),),
        {"status": 200},
        open=True,
    ),
    Scenario(
        "a false that says nothing is taken",
        "as SDKs send it",
        (_post(_INTENTS, {**_USD, "off_session": "false"}),),
        {"status": 200},
        open=True,
    ),
    Scenario(
        "the email filter is exact",
        "6.6",
        (
            _post("/v1/customers", {"email": "Drift-{run}@example.com"}),
            _get("/v1/customers", {"email": "drift-{run}@example.com"}),
        ),
        {"status": 200, "data.0.id": None},
    ),
    Scenario(
        "a list has at most a hundred", "docs pagination", (_get("/v1/charges", {"limit": "101"}),), {"status": 400}
    ),
    Scenario("a list has at least one", "docs pagination", (_get("/v1/charges", {"limit": "0"}),), {"status": 400}),
    Scenario(
        "an unknown cursor is refused",
        "docs pagination",
        (_get("/v1/charges", {"starting_after": "ch_gone"}),),
        _refused("resource_missing", "starting_after"),
    ),
    Scenario(
        "search knows its fields",
        "docs search",
        (_get(f"{_INTENTS}/search", {"query": "nonsense:'x'"}),),
        {"status": 400, "error.param": "query"},
        open=True,
    ),
    Scenario(
        "a Product's id is taken once",
        "status and code open",
        (
            _post("/v1/products", {"id": "drift-{run}", "name": "P"}),
            _post("/v1/products", {"id": "drift-{run}", "name": "P"}),
        ),
        {"status": 400, "error.code": "resource_already_exists"},
        open=True,
    ),
    *(
        Scenario(
            f"{version} may name its methods",
            "0.2, changelog",
            (_post(_INTENTS, {**_USD, "payment_method_types[]": "card"}, version=version),),
            {"status": 200, "payment_method_types.0": "card"},
        )
        for version in ("2020-08-27", "2022-11-15", "2024-06-20", "2025-03-31.basil")
    ),
    *(
        Scenario(
            f"{version} confirms {'without' if plain else 'only with'} a return_url",
            "0.4, changelog 2023-08-16",
            (_post(_INTENTS, {**_USD, "confirm": "true", "payment_method": "pm_card_visa"}, version=version),),
            {"status": 200 if plain else 400},
        )
        for version, plain in (("2020-08-27", True), ("2022-11-15", True), ("2023-08-16", False), ("2024-06-20", False))
    ),
    *(
        Scenario(
            f"a charge through null expands: {path}",
            "docs expand",
            (_post(_INTENTS, {**_USD, "expand[]": path}),),
            {"status": 200},
            open=path != "latest_charge.balance_transaction",
        )
        for path in ("latest_charge.balance_transaction", "review.charge", "customer.default_source")
    ),
)
SCENARIOS: tuple[Scenario, ...] = (*_CARDS, *_REFUSALS, *_LIVES, *_BACK, *_REST)
