"""Values of parameters: empty, of the wrong kind, in metadata."""

import timeit
from typing import Any

import pytest

from backend.sandbox.wire.params import check
from tests.sandbox.parameters import PAYMENT, refusal


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
