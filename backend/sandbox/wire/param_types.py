"""The kinds of value a Stripe parameter can hold: one small checker each.

A checker takes the decoded value (a str, a dict for `a[b]=`, a list for `a[]=`) and its bracketed path, and
returns the typed value or raises ParamError in Stripe's words. Which parameter is of which kind is read from
the SDK, in params.py.

Stripe has error codes for empty, non-integer, missing and unknown parameters only. The other refusals seen in
public (a wrong array, enumeration or metadata) carry none, so ours carry none; for booleans, decimals and
objects that, and the wording, is UNCONFIRMED.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

Checker = Callable[[Any, str], Any]

MAX_STRING_CHARS = 5000  # Stripe's limit for a string that documents no limit of its own
MAX_METADATA_KEYS = 50
MAX_METADATA_KEY_CHARS = 40
MAX_METADATA_VALUE_CHARS = 500


class ParamError(Exception):
    """One refused parameter: a 400 `invalid_request_error`. `code` is None where Stripe sends none."""

    def __init__(self, message: str, param: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code


def invalid(raw: Any, path: str, message: str, code: str | None = None) -> ParamError:
    """The error for a value of the wrong kind; an empty string is refused in the same words by every kind."""
    if raw != "":
        return ParamError(message, path, code)
    return ParamError(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
        f"parameter; however '{path}' cannot be unset. You should remove '{path}' from your request or "
        "supply a non-empty value.",
        path,
        "parameter_invalid_empty",
    )


def shown(raw: Any) -> str:
    """A value as Stripe quotes it back: a list is an indexed hash there, `{"0":"a","1":"b"}`."""
    if isinstance(raw, str):
        return raw
    as_hash = dict(enumerate(raw)) if isinstance(raw, list) else raw
    return json.dumps(as_hash, separators=(",", ":"), ensure_ascii=False)


def pattern(kind: str, regex: str, convert: Callable[[str], Any], code: str | None = None) -> Checker:
    """A scalar recognised by its spelling: "Invalid integer: abc"."""
    spelt_right = re.compile(regex, re.ASCII).fullmatch

    def check(raw: Any, path: str) -> Any:
        if isinstance(raw, str) and spelt_right(raw):
            return convert(raw)
        raise invalid(raw, path, f"Invalid {kind}: {shown(raw)}", code)

    return check


# Nineteen digits hold every 64-bit integer: more would be no amount and no timestamp.
integer = pattern("integer", r"-?\d{1,19}", int, code="parameter_invalid_integer")
boolean = pattern("boolean", "true|false", lambda raw: raw == "true")
number = pattern("decimal", r"-?\d{1,19}(\.\d+)?", float)
# Kept as it was written: Stripe answers decimal strings, and a float would lose digits.
decimal = pattern("decimal", r"-?\d{1,19}(\.\d+)?", str)


def text(raw: Any, path: str) -> str:
    """Any string that is neither empty nor endless.

    UNCONFIRMED: Stripe may take an empty value for some strings that the SDK does not declare as unsettable.
    """
    if not isinstance(raw, str) or raw == "":
        raise invalid(raw, path, f"Invalid string: {shown(raw)}")
    if len(raw) > MAX_STRING_CHARS:
        excerpt = f"{raw[:10]}...{raw[-10:]}"  # as Stripe shortens it
        raise ParamError(f"Invalid string: {excerpt}; must be at most {MAX_STRING_CHARS} characters", path)
    return raw


def words(allowed: Collection[str], otherwise: Checker) -> Checker:
    """These exact strings ('' among them where a parameter can be unset); all else is for `otherwise`."""
    known = frozenset(allowed)

    def check(raw: Any, path: str) -> Any:
        return raw if isinstance(raw, str) and raw in known else otherwise(raw, path)

    return check


def none_but(allowed: Sequence[str]) -> Checker:
    """The refusal of an enumeration: "Invalid reason: must be one of duplicate, fraudulent, or …"."""
    choices = _sentence(allowed)

    def refuse(raw: Any, path: str) -> NoReturn:
        raise invalid(raw, path, f"Invalid {path}: must be {choices}")

    return refuse


def _sentence(allowed: Sequence[str]) -> str:
    # Lists of three and more are recorded; the shorter two forms are UNCONFIRMED.
    if len(allowed) < 3:
        return " or ".join(allowed)
    return f"one of {', '.join(allowed[:-1])}, or {allowed[-1]}"


def array(item: Checker) -> Checker:
    """A list: `expand[]=a`, `expand[0]=a`."""

    def check(raw: Any, path: str) -> list[Any]:
        if not isinstance(raw, list):
            raise invalid(raw, path, "Invalid array")
        return [item(value, f"{path}[{index}]") for index, value in enumerate(raw)]

    return check


def table(value: Checker) -> Checker:
    """A hash whose keys the caller chooses, such as currencies."""

    def check(raw: Any, path: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise invalid(raw, path, "Invalid object")
        return {key: value(entry, f"{path}[{key}]") for key, entry in raw.items()}

    return check


def metadata(raw: Any, path: str) -> dict[str, str]:
    """Strings by name, within Stripe's limits. An empty value passes: it asks to unset that key."""
    if not isinstance(raw, dict):
        raise invalid(raw, path, "Invalid metadata: metadata must be a set of key-value pairs")
    kept = sum(value != "" for value in raw.values())
    if kept > MAX_METADATA_KEYS:
        raise ParamError(
            f"Metadata can have up to {MAX_METADATA_KEYS} keys, but you've set {kept}. "
            "Email us at support+metadata@stripe.com for more information.",
            path,
        )
    for key, value in raw.items():
        _metadata_key(key, path)
        _metadata_value(key, value, path)
    return dict(raw)


def _metadata_key(key: str, path: str) -> None:
    if len(key) > MAX_METADATA_KEY_CHARS:
        raise ParamError(
            f"Metadata keys can have up to {MAX_METADATA_KEY_CHARS} characters, "
            f"but you passed in a key that is {len(key)} characters. Invalid key: {key}",
            path,
        )
    if "[" in key or "]" in key:  # UNCONFIRMED wording of a documented rule
        raise ParamError(f"Metadata keys can't contain square brackets. Invalid key: {key}", path)


def _metadata_value(key: str, value: Any, path: str) -> None:
    if not isinstance(value, str):
        # A list is a hash here too: the SDKs send lists with indices.
        raise ParamError(f"Metadata values must be strings, but for key {key} you passed in a value of type hash", path)
    if len(value) > MAX_METADATA_VALUE_CHARS:
        raise ParamError(
            f"Metadata values can have up to {MAX_METADATA_VALUE_CHARS} characters, "
            f"but you passed in a value that is {len(value)} characters. Invalid value: {value}",
            path,
        )


@dataclass(frozen=True)
class Hash:
    """A hash with declared names: unknown ones are refused, required ones demanded, the rest checked."""

    fields: Mapping[str, Checker]
    required: Sequence[str]

    def __call__(self, raw: Any, path: str = "") -> dict[str, Any]:
        """The typed copy of `raw`. UNCONFIRMED order of complaint: unknown, then wrong, then missing."""
        if not isinstance(raw, dict):
            raise invalid(raw, path, "Invalid object")
        unknown = [_inside(path, name) for name in raw if name not in self.fields]
        if unknown:
            raise _unknown(unknown)
        typed = {name: self.fields[name](value, _inside(path, name)) for name, value in raw.items()}
        for name in self.required:
            if name not in raw:
                raise _missing(_inside(path, name))
        return typed


def _inside(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _unknown(params: Sequence[str]) -> ParamError:
    noun = "parameter" if len(params) == 1 else "parameters"
    return ParamError(f"Received unknown {noun}: {', '.join(params)}", params[0], "parameter_unknown")


def _missing(param: str) -> ParamError:
    return ParamError(f"Missing required param: {param}.", param, "parameter_missing")


def any_of(checkers: Sequence[Checker]) -> Checker:
    """A scalar or a hash, as in `created=5` and `created[gte]=5`; all but one of the checkers are hashes.

    Of several hashes (bank account, card, card token) the one that knows most of the names sent is meant.
    """
    if len(checkers) == 1:
        return checkers[0]
    hashes = [one for one in checkers if isinstance(one, Hash)]
    (scalar,) = (one for one in checkers if not isinstance(one, Hash))

    def check(raw: Any, path: str) -> Any:
        if not isinstance(raw, dict):
            return scalar(raw, path)
        return max(hashes, key=lambda candidate: len(raw.keys() & candidate.fields.keys()))(raw, path)

    return check
