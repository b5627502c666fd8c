"""Fields that take what the contract takes and nothing else.

marshmallow's own are kinder than money allows: its integers take ``true`` and ``"12"``, its strings take
half a surrogate pair that no UTF-8 writer can send on to Stripe.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from backend.domain import card_numbers
from backend.domain.text import UnfitText, clean, clean_id

# Stripe's limit for a metadata value. https://docs.stripe.com/metadata#limits
METADATA_VALUE = 500
# Letters, digits and the separators of every id in use; no path, query or header can be smuggled in one.
_ACCOUNT_ID = r"acct_[A-Za-z0-9]{8,32}"
_PAYMENT_ID = r"pi_[A-Za-z0-9]{8,64}"
_PAYOUT_ID = r"po_[A-Za-z0-9]{8,64}"


class _CamelCase(Schema):
    """Fields that the front end names in camelCase."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """``coach_id`` is ``coachId`` on the wire."""
        field_obj.data_key = field_obj.data_key or camel(field_name)


class Request(_CamelCase):
    """A request body. Front-end names are camelCase; unknown fields are refused."""

    class Meta:
        unknown = RAISE


class StripeRequest(Schema):
    """A request body, or a part of one, in Stripe's own snake_case names. Unknown fields are refused."""

    class Meta:
        unknown = RAISE


class Response(_CamelCase):
    """A response in the front end's camelCase names."""


class StripeResponse(Schema):
    """A response, or a part of one, in Stripe's own snake_case names."""


def camel(name: str) -> str:
    """``package_id`` → ``packageId``."""
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


class Text(fields.String):
    """Text of 1 to ``max_length`` characters, clean as ``backend/domain/text.py`` says.

    Where it may be None, an empty string means the same: not given. A card number in it stops here, unlogged.
    """

    _clean = staticmethod(clean)
    _holds_card_number = staticmethod(card_numbers.in_text)

    def __init__(self, *, max_length: int = METADATA_VALUE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("must be a string")
        try:
            text = self._clean(value, self.max_length)
        except UnfitText as error:
            raise ValidationError(str(error)) from error
        if not text and self.allow_none:
            return None
        if not text:
            raise ValidationError(f"must have 1 to {self.max_length} characters")
        if self._holds_card_number(text):
            raise ValidationError("must not contain a card number")
        return text


class Name(Text):
    """A person's or a coach's name."""

    _holds_card_number = staticmethod(card_numbers.in_name)


class Phone(Text):
    """A telephone number, as people write them."""

    _holds_card_number = staticmethod(card_numbers.in_phone)


class Id(Text):
    """An id that the host app gave. Nothing but white space around it is taken out: it is a key."""

    _clean = staticmethod(clean_id)
    _holds_card_number = staticmethod(card_numbers.in_id)


class Email(Text):
    """An email address, as marshmallow checks it; at most 320 characters."""

    _holds_card_number = staticmethod(card_numbers.in_id)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=320, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is not None:
            validate.Email(error="must be an email address")(text)
        return text


class WebAddress(Text):
    """A page on the web; as long as browsers open, and text like any other."""

    _holds_card_number = staticmethod(card_numbers.in_id)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2_000, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        return validate.URL(schemes={"http", "https"}, error="must be a web address")(text)


class StrictInteger(fields.Integer):
    """A whole number, sent as one: not ``true``, not ``47.0``, not ``"47"``."""

    def __init__(self, *, minimum: int = 1, maximum: int = 99_999_999, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minimum = minimum
        self.maximum = maximum

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not self.minimum <= value <= self.maximum:
            raise ValidationError(f"must be a whole number from {self.minimum} to {self.maximum}")
        return value


class LenientInteger(StrictInteger):
    """A whole number that may also be sent as digits, as a form or a query string does."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
            value = int(value)
        return super()._deserialize(value, attr, data, **kwargs)


class StripeId(fields.String):
    """An id of Stripe's, checked by its form before it can reach a path."""

    def __init__(self, pattern: str, example: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pattern = pattern
        self._example = example

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value, re.ASCII):
            raise ValidationError(f"must be an id such as {self._example}")
        return value


def payment_id(**kwargs: Any) -> StripeId:
    """A PaymentIntent's id."""
    return StripeId(_PAYMENT_ID, "pi_…", **kwargs)


def account_id(**kwargs: Any) -> StripeId:
    """A connected account's id."""
    return StripeId(_ACCOUNT_ID, "acct_…", **kwargs)


def payout_id(**kwargs: Any) -> StripeId:
    """A payout's id."""
    return StripeId(_PAYOUT_ID, "po_…", **kwargs)


def iso_time(at: int | None) -> str | None:
    """A unix second as ISO 8601 with milliseconds, as JavaScript writes it; None stays None."""
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def choice(*values: str, **kwargs: Any) -> fields.String:
    """One of a few words."""
    message = f"must be one of: {', '.join(values)}"
    return fields.String(validate=validate.OneOf(values, error=message), error_messages={"invalid": message}, **kwargs)


def is_payment_id(text: str) -> bool:
    """True if a path segment has the form of a PaymentIntent's id."""
    return re.fullmatch(_PAYMENT_ID, text, re.ASCII) is not None


def is_account_id(text: str) -> bool:
    """True if a path segment has the form of an account's id."""
    return re.fullmatch(_ACCOUNT_ID, text, re.ASCII) is not None
