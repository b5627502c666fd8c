"""Every refusal has Stripe's shape: `{"error": {type, code?, message, param?, doc_url?, request_log_url?, …}}`.

`executed` tells the two stages of a request apart. Refusals met while checking parameters are not remembered under an
idempotency key; those met once execution has begun are, and carry `Stripe-Should-Retry: false`.
"""

from collections.abc import Mapping
from typing import Any

from .limits import Feature

SUPPORT = "https://support.stripe.com/."
# What a caller gave is repeated, but no more of it than helps. An account's requirements are the longest of our own.
MESSAGE_MAX = 2_000
PARAM_MAX = 500


class StripeError(Exception):
    """A refusal, with everything that its HTTP answer needs."""

    def __init__(  # noqa: PLR0913 - the fields of Stripe's error body, nearly all of them optional
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = False,
        extras: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = _cut(message, MESSAGE_MAX)
        self.status = status
        self.kind = kind
        self.code = code
        self.param = None if param is None else _cut(param, PARAM_MAX)
        self.executed = executed
        self.extras = dict(extras or {})
        self.headers = dict(headers or {})

    def body(self, log_url: str) -> dict[str, Any]:
        """The JSON body. A 401 has no log to point to."""
        error: dict[str, Any] = {**self.extras, "message": self.message, "type": self.kind}
        if self.code is not None:
            error |= {"code": self.code, "doc_url": doc_url(self.code)}
        if self.param is not None:
            error["param"] = self.param
        if self.status != 401:
            error["request_log_url"] = log_url
        return {"error": dict(sorted(error.items()))}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def doc_url(code: str) -> str:
    """The address at which Stripe documents an error code."""
    return f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """400 found while checking parameters: not stored under an idempotency key."""
    return StripeError(message, code=code, param=param)


def below_one(param: str) -> StripeError:
    """A number of cents, or of objects, that is none."""
    return invalid("This value must be greater than or equal to 1.", param, "parameter_invalid_integer")


def refused(message: str, code: str | None = None, param: str | None = None, **extras: Any) -> StripeError:
    """400 found while executing: stored under the idempotency key."""
    return StripeError(message, code=code, param=param, executed=True, extras=extras)


def missing(name: str, given: object, param: str, status: int = 400) -> StripeError:
    """`No such charge: 'x'`: 404 for an id in the path, 400 for one in a parameter."""
    return StripeError(f"No such {name}: '{given}'", status=status, code="resource_missing", param=param)


def already_exists(name: str, status: int) -> StripeError:
    """An id of the caller's own choice that is taken: executed, and so remembered under the idempotency key."""
    return StripeError(
        f"{name} already exists.", status=status, code="resource_already_exists", param="id", executed=True
    )


def missing_param(param: str) -> StripeError:
    """A parameter that this combination of others requires."""
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unsupported(feature: Feature, param: str | None = None) -> StripeError:
    """A real feature of Stripe that this sandbox does not imitate: said plainly, never faked."""
    return _unsupported(feature, param)


def unsupported_param(param: str) -> StripeError:
    """The same for a whole parameter."""
    return _unsupported(f"the parameter {param} here", param)


def unsupported_call(method: str, path: str, operation: str) -> StripeError:
    """404 for an endpoint that Stripe has and this sandbox does not serve."""
    return _unsupported(f"{method} {path} ({operation} in the SDK)", None, 404)


def _unsupported(what: str, param: str | None, status: int = 400) -> StripeError:
    return StripeError(
        f"This sandbox does not support {what}. Stripe does; try it there, or leave it out. What is supported: "
        "/_sandbox/coverage",
        status=status,
        code="sandbox_unsupported",
        param=param,
    )


def no_key() -> StripeError:
    """401: no API key at all."""
    return unauthorized(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer "
        "auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for "
        f"details, or we can help at {SUPPORT}"
    )


def unauthorized(message: str) -> StripeError:
    """401 with the challenge header that Stripe sends."""
    return StripeError(message, status=401, headers={"www-authenticate": 'Bearer realm="Stripe"'})


def secret_key_required(status: int) -> StripeError:
    """A publishable key where only a secret one will do. Stripe's status is not documented: see switches.py."""
    return StripeError(
        "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list "
        "of your API keys at https://dashboard.stripe.com/account/apikeys.",
        status=status,
        code="secret_key_required",
    )


def account_invalid(account: str) -> StripeError:
    """403: the same words whether the account is unknown, deleted or another platform's."""
    return StripeError(
        f"The provided key 'sk_test_****' does not have access to account '{account}' (or that account does not "
        "exist). Application access may have been revoked.",
        status=403,
        code="account_invalid",
    )


def unknown_url(method: str, path: str) -> StripeError:
    """404 for a route that is not served."""
    return StripeError(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at {SUPPORT}",
        status=404,
    )


def key_mismatch(key: str) -> StripeError:
    """400 `idempotency_error`: the key was first used with other parameters or on another endpoint."""
    return StripeError(
        "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using "
        f"a key other than '{key}' if you meant to execute a different request.",
        kind="idempotency_error",
    )


def key_in_use(key: str) -> StripeError:
    """409: the first request with this key has not answered yet."""
    return StripeError(
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later.",
        status=409,
        code="idempotency_key_in_use",
    )


def insufficient_funds() -> StripeError:
    """A transfer without a source, or a reversal, that the available balance does not cover."""
    return refused(
        "You have insufficient available funds in your Stripe account. Try adding funds directly to your available "
        "balance by creating Charges using the 4000000000000077 test card. See: "
        "https://stripe.com/docs/testing#available-balance",
        code="balance_insufficient",
    )
