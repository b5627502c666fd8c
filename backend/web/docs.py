"""The API reference for people: the OpenAPI document as a page, without script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response

from backend.http.requests import settings
from backend.routes.generated_clients import ERRORS
from backend.routes.reference import MEANINGS, document, kept
from backend.web.curl import beginning, curl
from backend.web.rendering import page

docs = Blueprint("docs", __name__, template_folder="templates")

_METHODS = ("get", "post", "put")


@docs.get("/docs")
def read() -> Response:
    """Every call: what it takes, what it answers, and how it fails."""
    return kept("docs", _page)


def _page() -> Response:
    whole = document()
    calls = [call | {"curl": curl(settings(), call)} for call in _calls(whole)]
    errors = [(error, status, MEANINGS[status]) for status, known in ERRORS.items() for error in known]
    return page("docs.html", document=whole, calls=calls, errors=errors, beginning=beginning(settings()))


def _calls(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, operations in whole["paths"].items():
        for method in _METHODS:
            if method in operations:
                call = operations[method]
                content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
                yield call | {
                    "method": method.upper(),
                    "path": path,
                    "parameters": [_row(one["name"], one["schema"], one) for one in call["parameters"]],
                    "body": list(_rows(whole, content.get("schema", {}))),
                    "example": content.get("example"),
                    "answer": list(_rows(whole, call["responses"]["200"]["content"]["application/json"]["schema"])),
                }


def _rows(whole: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    """The properties of a schema, and those of what is in it, by their path."""
    schema = _resolved(whole, schema)
    for name, inner in schema.get("properties", {}).items():
        required = {"required": name in schema.get("required", [])}
        yield _row(prefix + name, inner, inner | required)
        items = inner.get("items", inner)
        items = next((one for one in items.get("anyOf", ()) if "$ref" in one), items)
        if "$ref" in items:
            yield from _rows(whole, items, f"{prefix}{name}{'[]' if 'items' in inner else ''}.")


def _row(name: str, schema: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    meaning = about.get("description", "")
    return {"name": name, "type": _type(schema), "required": about.get("required", False), "meaning": meaning}


def _type(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return str(schema["const"]).lower() if isinstance(schema["const"], bool) else str(schema["const"])
    kinds = schema.get("type", "object" if "$ref" in schema or "anyOf" in schema else "any")
    words = [kinds] if isinstance(kinds, str) else list(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(schema["enum"])
    return " or ".join(words)


def _resolved(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference: str = schema.get("$ref", "")
    found: Mapping[str, Any] = whole["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema
    return found
