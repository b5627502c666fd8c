"""Requests and responses of the routes that the front ends' screens call beside the documented ones."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from backend.domain.addresses import MOST_CHARACTERS
from backend.domain.metadata import PACKAGE_ID, PACKAGE_TYPE, PLAYER_NAME
from backend.domain.requests import LinkRequest
from backend.schemas.connect import OnboardingLink
from backend.schemas.connect import transfer_status as status_of
from backend.schemas.fields import LenientInteger, Request, Response, StripeRequest, StripeResponse, Text, iso_time

_NOT_GIVEN = ("", "undefined", "null")


class _Hint(Text):
    """Text that a front end may leave out, and may send as the word that its own language has for nothing."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and value.strip() in _NOT_GIVEN:
            return None
        return super()._deserialize(value, attr, data, **kwargs)


class OnboardingLinkRequest(StripeRequest):
    """The body of ``POST /api/connect/account/:id/onboarding-link``, and the query of the same for a coach."""

    return_url = _Hint(max_length=MOST_CHARACTERS, load_default=None, allow_none=True)
    refresh_url = _Hint(max_length=MOST_CHARACTERS, load_default=None, allow_none=True)
    email = _Hint(max_length=320, load_default=None, allow_none=True)

    @post_load
    def wishes(self, data: dict[str, Any], **_: Any) -> LinkRequest:
        """The addresses to which the coach wants to come back."""
        return LinkRequest(**data)


class OnboardingLinkResponse(Response):
    """The answer to ``POST /api/connect/account/:id/onboarding-link``."""

    success = fields.Constant(True)
    onboarding_link = fields.Nested(OnboardingLink, attribute="link")


class BriefAccount(StripeResponse):
    """The account that a link is for."""

    id = fields.String()
    type = fields.Constant("express", metadata={"type": "string"})
    country = fields.String(allow_none=True)
    email = fields.String(allow_none=True)


class CoachOnboardingLinkResponse(OnboardingLinkResponse):
    """The answer to ``GET /api/connect/coach/:coachId/onboarding-link``."""

    account = fields.Nested(BriefAccount)


class StatusQuery(Request):
    """The query of ``GET /api/connect/coach/:coachId/status``. ``email`` is a hint of old front ends, and opens nothing."""

    email = _Hint(load_default=None, allow_none=True)


class WordedRequirements(Response):
    """The requirements of Stripe for the coach, and why the account cannot be paid, in sentences."""

    currently_due = fields.List(fields.String())
    disabled_reason = fields.String(allow_none=True)


class StatusAccount(Response):
    """A coach's account. Who is not signed in gets null for what is only the coach's."""

    coach_id = fields.String()
    stripe_account_id = fields.String(allow_none=True)
    account_type = fields.String()
    country = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    charges_enabled = fields.Boolean()
    payouts_enabled = fields.Boolean()
    details_submitted = fields.Boolean()
    onboarding_completed = fields.Boolean()
    business_profile = fields.Dict(allow_none=True)
    created_at = fields.Function(lambda status: iso_time(status.created), metadata={"type": ["string", "null"]})
    # Stripe does not say when an account was last changed.
    updated_at = fields.Constant(None)
    requirements = fields.Nested(WordedRequirements, allow_none=True)


class StatusResponse(Response):
    """The answer to ``GET /api/connect/coach/:coachId/status``."""

    success = fields.Constant(True)
    account = fields.Nested(StatusAccount)


class TransfersQuery(StripeRequest):
    """The query of ``GET /api/connect/coach/:coachId/transfers``."""

    limit = LenientInteger(load_default=50, maximum=1_000)


class TransferMetadata(StripeResponse):
    """The purchase that a transfer is for; null where it does not lead to one."""

    payment_intent_id = fields.String(allow_none=True)
    player_id = fields.String(allow_none=True)
    player_name = fields.String(allow_none=True, data_key=PLAYER_NAME)
    sport = fields.String(allow_none=True)
    package_type = fields.String(allow_none=True, data_key=PACKAGE_TYPE)
    package_id = fields.String(allow_none=True, data_key=PACKAGE_ID)


class CoachTransfer(StripeResponse):
    """A transfer to the coach. ``amount`` and ``amount_reversed`` in minor units: the coach keeps the difference."""

    id = fields.String(attribute="transfer.id")
    transfer_id = fields.String()
    amount = fields.Integer(attribute="transfer.amount")
    amount_reversed = fields.Integer(attribute="transfer.amount_reversed")
    currency = fields.String(attribute="transfer.currency")
    status = fields.Function(lambda earning: status_of(earning.transfer), metadata={"type": "string"})
    description = fields.String(allow_none=True)
    created_at = fields.Function(lambda earning: iso_time(earning.transfer.created), metadata={"type": "string"})
    metadata = fields.Nested(TransferMetadata, attribute="about")


class TransfersSummary(Response):
    """All transfers, however many of them are listed. Amounts in minor units of ``currency``."""

    total_earnings = fields.Integer()
    pending_earnings = fields.Integer()
    total_customers = fields.Integer()
    total_transfers = fields.Integer()
    currency = fields.String()
    earnings_by_currency = fields.Dict(keys=fields.String(), values=fields.Integer())
    is_partial = fields.Boolean(data_key="partial", attribute="partial")


class TransfersResponse(Response):
    """The answer to ``GET /api/connect/coach/:coachId/transfers``."""

    success = fields.Constant(True)
    transfers = fields.List(fields.Nested(CoachTransfer))
    summary = fields.Nested(TransfersSummary)


class CatalogueEntry(Response):
    """One thing that a player can buy. ``price`` in minor units; a subscription's ``packageId`` is null."""

    sport = fields.String()
    package_type = fields.String()
    package_id = fields.Integer(allow_none=True)
    clips = fields.Integer()
    days = fields.Integer()
    price = fields.Integer()
    release = fields.Function(lambda offer: str(offer.release.kind), metadata={"type": "string"})
    release_days = fields.Function(lambda offer: offer.release.days, metadata={"type": "integer"})
    release_grace_days = fields.Function(lambda offer: offer.release.grace_days, metadata={"type": "integer"})


class PackagesResponse(Response):
    """The answer to ``GET /api/payments/packages``. ``refundTerms``: the operator's own words, or null."""

    success = fields.Constant(True)
    currency = fields.String()
    platform_fee_percentage = fields.Float()
    refund_terms = fields.String(allow_none=True)
    sports = fields.List(fields.String())
    packages = fields.List(fields.Nested(CatalogueEntry))
