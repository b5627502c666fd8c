"""The sandbox refuses what Stripe refuses: parameters, one by one."""

import pytest

from backend.sandbox.wire.params import check
from tests.sandbox.parameters import PAYMENT, refusal

RESOURCES = {
    "customers": "create retrieve update delete list search",
    "products": "create retrieve update delete list search",
    "payment_intents": "create retrieve update confirm capture cancel list search",
    "payment_methods": "create retrieve update attach detach list",
    "charges": "create retrieve update capture list search",
    "transfers": "create retrieve update list",
    "transfers.reversals": "create retrieve update list",
    "refunds": "create retrieve update cancel list",
    "disputes": "retrieve update close list",
    "accounts": "create retrieve retrieve_current update delete reject list",
    "account_links": "create",
    "accounts.login_links": "create",
    "balance": "retrieve",
    "balance_transactions": "retrieve list",
    "payouts": "create retrieve update cancel reverse list",
    "events": "retrieve list",
    "webhook_endpoints": "create retrieve update delete list",
    "checkout.sessions": "create retrieve expire list",
    "test_helpers.test_clocks": "create advance",
}


OPERATIONS = [f"{resource}.{verb}" for resource, verbs in RESOURCES.items() for verb in verbs.split()]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_of_the_sandbox_is_known_to_the_sdk(operation):
    """Every operation compiles, and complains of an unknown parameter before anything else."""
    assert refusal(operation, {"nonsense": "1"}).code == "parameter_unknown"


@pytest.mark.parametrize("operation", ["", "nonsense.create", "customers", "customers.nonsense", "customers._request"])
def test_an_operation_the_sdk_lacks_is_a_programming_mistake(operation):
    """KeyError, never a ParamError: the caller of the API did nothing wrong."""
    with pytest.raises(KeyError, match="the installed SDK has no"):
        check(operation, {})


@pytest.mark.parametrize(
    ("operation", "raw", "typed"),
    [
        pytest.param(
            "payment_intents.create",
            PAYMENT
            | {
                "automatic_payment_methods": {"enabled": "true", "allow_redirects": "never"},
                "metadata": {"session": "s1", "amount": "1"},
                "expand": ["latest_charge"],
            },
            {
                "amount": 4500,
                "currency": "usd",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "metadata": {"session": "s1", "amount": "1"},
                "expand": ["latest_charge"],
            },
            id="a payment: integers, booleans, words, hashes, lists, metadata as strings",
        ),
        pytest.param("customers.update", {"balance": "-500"}, {"balance": -500}, id="a negative integer"),
        pytest.param("customers.update", {"metadata": ""}, {"metadata": ""}, id="all metadata unset"),
        pytest.param("customers.update", {"metadata": {"a": ""}}, {"metadata": {"a": ""}}, id="one key unset"),
        pytest.param("payment_intents.update", {"receipt_email": ""}, {"receipt_email": ""}, id="a string unset"),
        pytest.param("customers.update", {"address": ""}, {"address": ""}, id="a hash unset"),
        pytest.param("payouts.list", {"created": "5"}, {"created": 5}, id="a moment"),
        pytest.param("payouts.list", {"created": {"gte": "5"}}, {"created": {"gte": 5}}, id="a range of moments"),
        pytest.param("customers.delete", {"expand": ["x"]}, {"expand": ["x"]}, id="expand where none is declared"),
        pytest.param(
            "accounts.create",
            {"settings": {"payouts": {"schedule": {"delay_days": "minimum"}}}},
            {"settings": {"payouts": {"schedule": {"delay_days": "minimum"}}}},
            id="a word where a number may stand too",
        ),
        pytest.param(
            "accounts.create",
            {"settings": {"payouts": {"schedule": {"delay_days": "7"}}}},
            {"settings": {"payouts": {"schedule": {"delay_days": 7}}}},
            id="a number where a word may stand too",
        ),
        pytest.param(
            "accounts.create",
            {"individual": {"relationship": {"percent_ownership": "12.5"}}},
            {"individual": {"relationship": {"percent_ownership": 12.5}}},
            id="a fraction",
        ),
        pytest.param(
            "products.create",
            {
                "name": "Hour",
                "default_price_data": {"currency": "usd", "unit_amount_decimal": "0.10"},
            },
            {
                "name": "Hour",
                "default_price_data": {"currency": "usd", "unit_amount_decimal": "0.10"},
            },
            id="a decimal string keeps its digits",
        ),
        pytest.param(
            "products.create",
            {
                "name": "Hour",
                "default_price_data": {"currency": "usd", "currency_options": {"eur": {"unit_amount": "9"}}},
            },
            {
                "name": "Hour",
                "default_price_data": {"currency": "usd", "currency_options": {"eur": {"unit_amount": 9}}},
            },
            id="a hash keyed by the caller",
        ),
        pytest.param(
            "accounts.update",
            {"external_account": "btok_1"},
            {"external_account": "btok_1"},
            id="a token for a hash",
        ),
        pytest.param(
            "accounts.update",
            {"external_account": {"object": "card", "token": "tok_1"}},
            {"external_account": {"object": "card", "token": "tok_1"}},
            id="the hash, of several, whose names were sent",
        ),
    ],
)
def test_what_stripe_takes_comes_back_typed(operation, raw, typed):
    """The strings of the wire become the types the SDK declares."""
    assert check(operation, raw) == typed


@pytest.mark.parametrize(
    ("operation", "raw", "param", "message"),
    [
        ("payment_intents.create", PAYMENT | {"foo": "1"}, "foo", "Received unknown parameter: foo"),
        (
            "payment_intents.create",
            PAYMENT | {"automatic_payment_methods": {"foo": "1", "enabled": "true"}},
            "automatic_payment_methods[foo]",
            "Received unknown parameter: automatic_payment_methods[foo]",
        ),
        (
            "payment_intents.cancel",
            {"amount": "1", "currency": "usd"},
            "amount",
            "Received unknown parameters: amount, currency",
        ),
        (
            "payment_intents.confirm",
            {"metadata": {"a": "b"}},
            "metadata",
            "Received unknown parameter: metadata",
        ),
        (
            "customers.list",
            {"created": {"since": "1"}},
            "created[since]",
            "Received unknown parameter: created[since]",
        ),
    ],
)
def test_an_unknown_parameter_is_named_by_its_path(operation, raw, param, message):
    """Also where another call would take it, and inside hashes."""
    error = refusal(operation, raw)

    assert (error.code, error.param, error.message) == ("parameter_unknown", param, message)


@pytest.mark.parametrize("option", ["idempotency_key", "stripe_account", "api_key", "headers"])
def test_a_request_option_is_no_parameter(option):
    """They share the SDK's types with the parameters, but travel as headers."""
    assert refusal("payment_intents.create", PAYMENT | {option: "x"}).code == "parameter_unknown"


@pytest.mark.parametrize(
    ("operation", "raw", "param"),
    [
        ("transfers.create", {"currency": "usd"}, "destination"),
        (
            "payment_intents.create",
            PAYMENT | {"automatic_payment_methods": {"allow_redirects": "never"}},
            "automatic_payment_methods[enabled]",
        ),
        (
            "checkout.sessions.create",
            {"line_items": [{"price": "price_1"}, {"price_data": {"unit_amount": "5"}}]},
            "line_items[1][price_data][currency]",
        ),
    ],
)
def test_a_missing_parameter_is_named_by_its_path(operation, raw, param):
    """Also inside a hash that need not be sent at all."""
    error = refusal(operation, raw)

    assert (error.code, error.param) == ("parameter_missing", param)
    assert error.message == f"Missing required param: {param}."


@pytest.mark.parametrize("value", ["abc", "10.5", "1e3", "1_000", " 1", "+1", "٤٥", "true", "9" * 5000])
def test_an_integer_is_digits_and_nothing_else(value):
    """Python's int() would take some of these; Stripe takes none."""
    error = refusal("payment_intents.create", PAYMENT | {"amount": value})

    assert (error.code, error.param) == ("parameter_invalid_integer", "amount")
    assert error.message == f"Invalid integer: {value}"
