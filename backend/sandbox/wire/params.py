"""Refuse what Stripe would refuse: every call's parameters, checked against the SDK's own generated types.

The SDK is generated from Stripe's specification for exactly the API version it sends, so nothing is listed
here by hand. An operation is named as it is called on the SDK's client, without `client.v1.` or with
`v2.`, and the TypedDict which that call declares for its parameters tells the rest:

    check("transfers.reversals.create", {"amount": "500", "metadata": {"why": "refund"}})
    -> {"amount": 500, "metadata": {"why": "refund"}}
"""

import functools
import inspect
import re
import types
from collections.abc import Collection, Mapping
from decimal import Decimal
from importlib import import_module
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import stripe
from typing_extensions import get_original_bases, is_typeddict

from .param_types import (
    Checker,
    Hash,
    ParamError,
    any_of,
    array,
    boolean,
    decimal,
    integer,
    metadata,
    none_but,
    number,
    table,
    text,
    words,
)

__all__ = ["ParamError", "check", "parameters"]

V2 = "v2."
SCALARS: dict[Any, Checker] = {str: text, int: integer, bool: boolean, float: number, Decimal: decimal}

# Since 2026-09-30.endive these calls have a code of their own for a parameter older tutorials still send.
WITHOUT_PAYMENT_METHOD_TYPES = {
    "payment_intents.create",
    "payment_intents.update",
    "payment_intents.confirm",
    "setup_intents.create",
    "setup_intents.update",
}


# Texts about somebody, which may be given as empty.
OF_SOMEBODY = frozenset(
    "city country description email line1 line2 name phone postal_code state business_name individual_name".split()
)


def check(operation: str, raw: Mapping[str, Any], extra: Collection[str] = ()) -> dict[str, Any]:
    """The typed parameters of one call, or ParamError; KeyError for an operation the SDK does not have.

    `extra` names top-level strings that the SDK does not declare but Stripe.js sends, such as `client_secret`
    on confirm.
    """
    if "payment_method_types" in raw and operation in WITHOUT_PAYMENT_METHOD_TYPES:
        raise ParamError(  # UNCONFIRMED wording; the code is documented
            "The payment_method_types parameter is no longer supported. "
            "Remove it to use dynamic payment methods, or use allowed_payment_method_types.",
            "payment_method_types",
            "payment_method_types_no_longer_supported",
        )
    return _compiled(operation, frozenset(extra))(dict(raw))


def parameters(operation: str) -> frozenset[str]:
    """The names of the parameters that an operation takes."""
    return frozenset(_compiled(operation, frozenset()).fields)


@functools.cache
def words_of(operation: str, name: str) -> frozenset[str]:
    """The words that an enumeration among an operation's parameters knows."""
    return frozenset(re.findall(r"'(\w+)'", str(_typed_dict(operation).__annotations__[name])))


@functools.cache
def _compiled(operation: str, extra: frozenset[str]) -> Hash:
    """The checker of one operation; resolving the SDK's types is slow, so it is done once."""
    declared = _hash(_typed_dict(operation))
    # Stripe expands any response; the SDK leaves `expand` out of deletions only.
    undeclared: dict[str, Checker] = {"page": text} if operation.startswith(V2) else {"expand": array(text)}
    undeclared |= dict.fromkeys(extra, text)
    return Hash({**undeclared, **declared.fields}, declared.required)


def _typed_dict(operation: str) -> type:
    """The TypedDict that `client.v1.<operation>` declares for its `params`."""
    *services, verb = operation.split(".")
    try:
        root = _client() if operation.startswith(V2) else _client().v1
        service = functools.reduce(getattr, services, root)
        annotation = inspect.signature(getattr(service, verb)).parameters["params"].annotation
        # The annotation holds only the name, "XParams" or Optional["XParams"]: the class is imported for type
        # checkers alone. It lives in the params package of the service's own package.
        (name,) = re.findall(r"\w+Params\b", str(annotation))
        package = type(service).__module__.rpartition(".")[0].replace("stripe", "stripe.params", 1)
        found: type = getattr(import_module(package), name)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise KeyError(f"the installed SDK has no client.v1.{operation}") from None
    return found


@functools.cache
def _client() -> stripe.StripeClient:
    """A client that is only looked at: its services know their own parameters."""
    return stripe.StripeClient("sk_test_never_sent")


@functools.cache
def _hash(declared: Any) -> Hash:
    """The checker of one TypedDict, without the request options that top-level ones inherit."""
    inherits = stripe.RequestOptions in get_original_bases(declared)
    options = stripe.RequestOptions.__annotations__ if inherits else {}
    own = {name: hint for name, hint in declared.__annotations__.items() if name not in options}
    # Through a stand-in: the class itself would also resolve the options, whose types are not importable.
    stand_in = types.SimpleNamespace(__annotations__=own)
    hints = get_type_hints(stand_in, globalns=vars(import_module(declared.__module__)))
    required = [name for name in own if name in declared.__required_keys__]
    return Hash({name: _field(declared.__name__, name, hint) for name, hint in hints.items()}, required)


def _field(owner: str, name: str, hint: Any) -> Checker:
    """The checker of one field. Of plain texts the SDK does not say which can be unset: descriptions, names and addresses."""
    of_somebody = owner.startswith("Customer") or owner.endswith(("Address", "Shipping", "BillingDetails"))
    unset = (of_somebody and name in OF_SOMEBODY) or (name == "description" and "Update" in owner)
    checker = _checker(hint)
    return words([""], checker) if unset and checker is text else checker


def _checker(hint: Any) -> Checker:
    """The checker of one type hint. TypeError for a kind of hint that no SDK has used so far."""
    if hint in SCALARS:
        return SCALARS[hint]
    if is_typeddict(hint):
        return _hash(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list:
        return array(_checker(arguments[0]))
    if origin is dict:
        return metadata if arguments[1] in (str, str | None) else table(_checker(arguments[1]))
    if origin is Literal:
        return _union((hint,))
    if origin in (Union, types.UnionType):
        return _union(arguments)
    raise TypeError(f"no checker for parameters of type {hint!r}")


def _union(alternatives: tuple[Any, ...]) -> Checker:
    """`Literal['']|X` is an X that can be unset; `Literal['a','b']|str` is an enumeration."""
    literals = [word for one in alternatives if get_origin(one) is Literal for word in get_args(one)]
    named = [word for word in literals if word != ""]
    # `str` beside named words tells a type checker that Stripe may add some; Stripe refuses those it lacks.
    others = [
        _checker(one)
        for one in alternatives
        if not (get_origin(one) is Literal or _is_response(one) or (named and one is str))
    ]
    otherwise = any_of(others) if others else none_but(named)
    return words(literals, otherwise) if literals else otherwise


def _is_response(hint: Any) -> bool:
    """A hash may be given as an object Stripe answered; on the wire it is the same hash."""
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, stripe.StripeObject)
