"""The operation that most checks of parameters are tried on."""

from typing import Any

import pytest

from backend.sandbox.wire.params import ParamError, check

PAYMENT = {"amount": "4500", "currency": "usd"}


def refusal(operation: str, raw: dict[str, Any], **options: Any) -> ParamError:
    """The error that these parameters meet."""
    with pytest.raises(ParamError) as caught:
        check(operation, raw, **options)
    return caught.value
