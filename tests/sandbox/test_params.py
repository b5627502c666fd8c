"""The sandbox refuses what Stripe refuses: parameters, one by one."""

import timeit
from typing import Any

import pytest

from backend.sandbox.wire.params import ParamError, check

PAYMENT = {"amount": "4500", "currency": "usd"}
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


def refusal(operation: str, raw: dict[str, Any], **options: Any) -> ParamError:
    """The error that these parameters meet."""
    with pytest.raises(ParamError) as caught:
        check(operation, raw, **options)
    return caught.value


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


@pytest.mark.parametrize(
    ("operation", "raw", "param"),
    [
        ("payment_intents.create", PAYMENT | {"customer": ""}, "customer"),
        ("payment_intents.create", PAYMENT | {"amount": ""}, "amount"),
        ("payment_intents.create", PAYMENT | {"confirm": ""}, "confirm"),
        ("payment_intents.create", PAYMENT | {"automatic_payment_methods": ""}, "automatic_payment_methods"),
        ("payment_intents.create", PAYMENT | {"metadata": ""}, "metadata"),
        ("payment_intents.create", PAYMENT | {"expand": ""}, "expand"),
        ("payment_intents.create", PAYMENT | {"expand": [""]}, "expand[0]"),
        ("refunds.create", {"reason": ""}, "reason"),
    ],
)
def test_an_empty_value_is_refused_where_nothing_can_be_unset(operation, raw, param):
    """An empty string of any type means "unset"; only some parameters can be."""
    error = refusal(operation, raw)

    assert (error.code, error.param) == ("parameter_invalid_empty", param)
    assert error.message == (
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a "
        f"parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or "
        "supply a non-empty value."
    )


@pytest.mark.parametrize(
    ("operation", "raw", "param", "message"),
    [
        (
            "refunds.create",
            {"reason": "tired"},
            "reason",
            "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer",
        ),
        (
            "payment_intents.create",
            PAYMENT | {"automatic_payment_methods": {"enabled": "true", "allow_redirects": "maybe"}},
            "automatic_payment_methods[allow_redirects]",
            "Invalid automatic_payment_methods[allow_redirects]: must be always or never",
        ),
        ("customers.create", {"name": ["a", "b"]}, "name", 'Invalid string: {"0":"a","1":"b"}'),
        ("customers.create", {"name": {"a": "b"}}, "name", 'Invalid string: {"a":"b"}'),
        ("customers.create", {"shipping": "Elm Street"}, "shipping", "Invalid object"),
        ("customers.create", {"shipping": ["Elm Street"]}, "shipping", "Invalid object"),
        ("customers.create", {"expand": "sources"}, "expand", "Invalid array"),
        ("customers.create", {"expand": {"a": "b"}}, "expand", "Invalid array"),
        ("customers.create", {"expand": ["ok", {"a": "b"}]}, "expand[1]", 'Invalid string: {"a":"b"}'),
        ("payment_intents.create", PAYMENT | {"confirm": "yes"}, "confirm", "Invalid boolean: yes"),
        (
            "customers.create",
            {"name": f"{'a' * 10}{'b' * 4981}{'c' * 10}"},
            "name",
            "Invalid string: aaaaaaaaaa...cccccccccc; must be at most 5000 characters",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_without_a_code(operation, raw, param, message):
    """Stripe's codes cover integers and empty values only."""
    error = refusal(operation, raw)

    assert (error.code, error.param, error.message) == (None, param, message)


@pytest.mark.parametrize(
    "operation",
    ["payment_intents.create", "payment_intents.update", "payment_intents.confirm", "setup_intents.create"],
)
def test_payment_method_types_has_an_error_of_its_own(operation):
    """Endive no longer takes it, and says so before it looks at anything else."""
    error = refusal(operation, {"payment_method_types": ["card"], "nonsense": "1"})

    assert (error.code, error.param) == ("payment_method_types_no_longer_supported", "payment_method_types")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({f"k{n}": "v" for n in range(51)}, "Metadata can have up to 50 keys, but you've set 51."),
        (
            {"k" * 41: "v"},
            "Metadata keys can have up to 40 characters, but you passed in a key that is 41 characters.",
        ),
        (
            {"k": "v" * 801},
            "Metadata values can have up to 500 characters, but you passed in a value that is 801",
        ),
        ({"a]b": "v"}, "Metadata keys can't contain square brackets."),
        (
            {"k": {"x": "v"}},
            "Metadata values must be strings, but for key k you passed in a value of type hash",
        ),
        ({"k": ["v"]}, "Metadata values must be strings, but for key k you passed in a value of type hash"),
        ("v", "Invalid metadata: metadata must be a set of key-value pairs"),
        (["v"], "Invalid metadata: metadata must be a set of key-value pairs"),
    ],
    ids=[
        "keys",
        "key length",
        "value length",
        "brackets",
        "hash inside",
        "list inside",
        "a string",
        "a list",
    ],
)
def test_metadata_has_limits(metadata, message):
    """Fifty keys of forty characters, values of five hundred, all strings."""
    error = refusal("customers.update", {"metadata": metadata})

    assert (error.code, error.param) == (None, "metadata")
    assert error.message.startswith(message)


def test_metadata_at_its_limits_passes():
    """Fifty full keys, and others to unset: those do not count."""
    metadata = {f"{n:040}": "v" * 500 for n in range(50)} | {"gone": ""}

    assert check("customers.update", {"metadata": metadata}) == {"metadata": metadata}


def test_extra_strings_are_taken_where_the_caller_allows_them():
    """Stripe.js confirms with a client_secret, which the SDK does not declare there."""
    raw = {"client_secret": "pi_1_secret_2", "use_stripe_sdk": "true"}

    typed = check("payment_intents.confirm", raw, extra=["client_secret", "use_stripe_sdk"])

    assert typed == {"client_secret": "pi_1_secret_2", "use_stripe_sdk": True}
    assert refusal("payment_intents.confirm", raw).param == "client_secret"
    assert refusal("payment_intents.confirm", {"client_secret": {}}, extra=["client_secret"]).code is None


def test_the_callers_parameters_are_left_alone():
    """The answer is a new structure: changing it does not change the request that idempotency keeps."""
    raw: dict[str, Any] = PAYMENT | {"metadata": {"a": "b"}, "expand": ["customer"]}

    typed = check("payment_intents.create", raw)
    typed["metadata"]["a"] = "changed"
    typed["expand"].append("changed")

    assert raw == PAYMENT | {"metadata": {"a": "b"}, "expand": ["customer"]}


def test_a_check_costs_next_to_nothing_once_its_operation_is_known():
    """Under a tenth of a millisecond for a usual payment (about 8 µs on a laptop)."""
    raw = PAYMENT | {
        "automatic_payment_methods": {"enabled": "true"},
        "metadata": {"a": "b"},
        "customer": "cus_1",
    }
    check("payment_intents.create", raw)

    seconds = min(timeit.repeat(lambda: check("payment_intents.create", raw), number=100, repeat=5)) / 100

    assert seconds < 0.0001
