"""Requests and responses of ``/api/payments``."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, ValidationError, fields, post_load, validates_schema

from backend.domain.catalogue import PACKAGE, SUBSCRIPTION
from backend.domain.placeholders import real_email, real_name, real_player_id
from backend.domain.requests import Order, RefundRequest
from backend.domain.sessions import SessionClaim
from backend.schemas.fields import (
    Email,
    Id,
    LenientInteger,
    Name,
    Request,
    Response,
    StrictInteger,
    StripeResponse,
    Text,
    choice,
    iso_time,
    payment_id,
)

_PACKAGE_ID = LenientInteger(maximum=1_000_000)


class _Bought(Request):
    """The fields of a purchase and of its confirmation: whose, which sport, which package."""

    coach_id = Id(required=True)
    coach_name = Name(required=True)
    sport = Text(required=True)
    package_type = choice(PACKAGE, SUBSCRIPTION, required=True)
    # With a subscription the front end sends null, or what was chosen before: of no meaning then.
    package_id = fields.Raw(
        load_default=None, allow_none=True, metadata={"type": ["integer", "string"], "examples": [1]}
    )

    @validates_schema
    def package_needs_its_id(self, data: dict[str, Any], **_: Any) -> None:
        """A package is named by a whole number; a subscription has none."""
        if data["package_type"] == PACKAGE:
            if data["package_id"] is None:
                raise ValidationError("is required for a package", "packageId")
            try:
                data["package_id"] = _PACKAGE_ID.deserialize(data["package_id"])
            except ValidationError as error:
                raise ValidationError(error.messages, "packageId") from error
        else:
            data["package_id"] = None


class CreateIntentRequest(_Bought):
    """``POST /api/payments/create-intent``."""

    customer_email = Email(load_default=None, allow_none=True)
    # Stripe's limit for a customer's name.
    customer_name = Name(max_length=256, load_default=None, allow_none=True)
    player_id = Id(load_default=None, allow_none=True)
    player_name = Name(load_default=None, allow_none=True)

    @post_load
    def order(self, data: dict[str, Any], **_: Any) -> Order:
        """The order, with the front end's placeholders taken out."""
        data["player_id"] = real_player_id(data["player_id"])
        data["player_name"] = real_name(data["player_name"])
        data["customer_email"] = real_email(data["customer_email"])
        data["customer_name"] = real_name(data["customer_name"])
        return Order(**data)


class IntentWithSecret(StripeResponse):
    """A PaymentIntent with the secret that lets the front end pay it."""

    id = fields.String()
    client_secret = fields.String()
    amount = fields.Integer()
    currency = fields.String()
    status = fields.String()


class PackageInfo(Response):
    """The package that is bought. ``price`` in minor units."""

    clips = fields.Integer()
    days = fields.Integer()
    price = fields.Integer()


class FeeBreakdown(Response):
    """The division of the amount, in minor units."""

    total_amount = fields.Integer(attribute="amount")
    platform_fee = fields.Integer(attribute="fee")
    coach_amount = fields.Integer(attribute="share")


class CreateIntentResponse(Response):
    """The answer to ``POST /api/payments/create-intent``."""

    success = fields.Constant(True)
    payment_intent = fields.Nested(IntentWithSecret, attribute="intent")
    package_info = fields.Nested(PackageInfo, attribute="offer")
    fee_breakdown = fields.Nested(FeeBreakdown, attribute="split")


class SessionData(_Bought):
    """The purchase that a front end claims. ``coachName`` is accepted and not compared, and the rest of an order ignored.

    Whoever confirms has just charged a card, and must not be refused for a field too many.
    """

    class Meta:
        unknown = EXCLUDE

    @post_load
    def claim(self, data: dict[str, Any], **_: Any) -> SessionClaim:
        """The part that is compared with the payment."""
        del data["coach_name"]
        return SessionClaim(**data)


class ConfirmRequest(Request):
    """``POST /api/payments/confirm``. Fields that are not known are ignored, as in its session data."""

    class Meta:
        unknown = EXCLUDE

    payment_intent_id = payment_id(required=True)
    session_data = fields.Nested(SessionData, required=True)


class SessionResponse(Response):
    """A coaching session."""

    id = fields.String()
    payment_intent_id = fields.String()
    coach_id = fields.String()
    coach_name = fields.String()
    sport = fields.String()
    package_type = fields.String()
    package_id = fields.Integer(allow_none=True)
    amount = fields.Integer()
    currency = fields.String()
    clips_remaining = fields.Integer()
    clips_uploaded = fields.Integer()
    session_expiry = fields.String()
    status = fields.String()
    created_at = fields.String()
    messages = fields.List(fields.String())


class ConfirmResponse(Response):
    """The answer to ``POST /api/payments/confirm``."""

    success = fields.Constant(True)
    message = fields.Constant("Payment confirmed and coaching session opened.")
    session = fields.Nested(SessionResponse)


class Intent(StripeResponse):
    """A PaymentIntent without its secret."""

    id = fields.String()
    status = fields.String()
    amount = fields.Integer()
    currency = fields.String()
    metadata = fields.Function(lambda intent: intent.metadata.to_dict(), metadata={"type": "object"})


class IntentResponse(Response):
    """The answer to ``GET /api/payments/intent/:id``."""

    success = fields.Constant(True)
    payment_intent = fields.Nested(Intent)


class RefundBody(Request):
    """``POST /api/payments/refund``."""

    payment_intent_id = payment_id(required=True)
    reason = choice("duplicate", "fraudulent", "requested_by_customer", load_default="requested_by_customer")
    amount = StrictInteger(load_default=None, allow_none=True)

    @post_load
    def request(self, data: dict[str, Any], **_: Any) -> RefundRequest:
        """The refund that is asked for."""
        return RefundRequest(data["payment_intent_id"], data["reason"], data["amount"])


class Refund(StripeResponse):
    """A refund. ``amount`` in minor units."""

    id = fields.String()
    amount = fields.Integer()
    status = fields.String()
    reason = fields.String()


class RefundResponse(Response):
    """The answer to ``POST /api/payments/refund``."""

    success = fields.Constant(True)
    refund = fields.Nested(Refund)


class DeliveredRequest(Request):
    """``POST /api/payments/delivered``."""

    payment_intent_id = payment_id(required=True)


class AcceptRequest(Request):
    """``POST /api/payments/accept``. Without a token the payment's client secret says who asks."""

    payment_intent_id = payment_id(required=True)
    client_secret = Text(data_key="clientSecret", max_length=200, load_default=None, allow_none=True)


class ReleaseInfo(Response):
    """The release of the coach's share."""

    payment_intent_id = fields.String(attribute="payment_id")
    released = fields.Boolean()
    delivered_at = fields.Function(lambda one: iso_time(one.delivered_at), metadata={"type": ["string", "null"]})
    release_at = fields.Function(lambda one: iso_time(one.released_at), metadata={"type": ["string", "null"]})


class ReleaseResponse(Response):
    """The answer to ``POST /api/payments/delivered`` and ``POST /api/payments/accept``."""

    success = fields.Constant(True)
    release = fields.Nested(ReleaseInfo)
