"""The parts of the reference that generators of clients need and the schemas do not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backend.schemas.meanings import meaning_of

# What each failure's ``error`` may say, by status: fit for a switch statement.
ERRORS: dict[int, tuple[str, ...]] = {
    400: (
        "Validation error",
        "Payment not successful",
        "Coach not ready for payments",
        "Missing signature",
        "Invalid signature",
    ),
    401: ("Unauthorized",),
    402: ("Payment failed",),
    403: ("Forbidden",),
    404: ("Not found",),
    405: ("Method not allowed",),
    408: ("Request timeout",),
    409: ("Conflict",),
    413: ("Payload too large",),
    429: ("Too many requests",),
    500: ("Internal server error",),
    502: ("Payment provider error",),
    503: ("Payment provider unavailable", "Sign-in unavailable"),
}
ALL_ERRORS = tuple(dict.fromkeys(error for errors in ERRORS.values() for error in errors))


def fit_for_clients(document: dict[str, Any]) -> dict[str, Any]:
    """The document, so that a generated client has the types that the API has.

    A default makes a generator believe that the field is always there: in a request it may be left out. In an answer every
    field is there, unless its schema says which are.
    """
    schemas: dict[str, Any] = document["components"]["schemas"]
    answers = set(_reached(schemas, (_schema_of(answer) for call in _calls(document) for answer in _answers(call))))
    for name, schema in schemas.items():
        for inner in schema.get("properties", {}).values():
            default = inner.pop("default", None)
            if name not in answers and default is not None:
                inner["description"] = f"Default: {default}"
        if name in answers and "required" not in schema:
            schema["required"] = sorted(schema.get("properties", {}))
    for call in _calls(document):
        for parameter in call["parameters"]:
            default = parameter["schema"].pop("default", None)
            if default is not None:
                parameter["description"] = f"Default: {default}"
    return document


def explain(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the meaning of every field and parameter. Raises ``KeyError`` for one that has none."""
    for name, schema in document["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            inner["description"] = _with_default(meaning_of(name, field), inner)
    for call in _calls(document):
        for parameter in call["parameters"]:
            if parameter["name"] != "Idempotency-Key":
                parameter["description"] = _with_default(meaning_of("", parameter["name"]), parameter)
    return document


def _with_default(meaning: str, about: Mapping[str, Any]) -> str:
    said = str(about.get("description", ""))
    return f"{meaning}. {said}" if said.startswith("Default") else meaning


def _calls(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _answers(call: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from call["responses"].values()


def _schema_of(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = answer["content"]["application/json"]["schema"]
    return schema


def _reached(schemas: Mapping[str, Any], beginning: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """The names of the schemas that these lead to."""
    known: set[str] = set()
    waiting: list[Any] = list(beginning)
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and name not in known:
                known.add(name)
                yield name
                waiting.append(schemas[name])
            waiting += one.values()
