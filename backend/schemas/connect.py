"""Requests and responses of ``/api/connect``."""

from __future__ import annotations

from typing import Any

import stripe
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from backend.domain.requests import NewCoach, TransferClaim
from backend.domain.requirements import is_payable
from backend.schemas.fields import (
    Email,
    Id,
    LenientInteger,
    Name,
    Phone,
    Request,
    Response,
    StrictInteger,
    StripeRequest,
    StripeResponse,
    Text,
    WebAddress,
    account_id,
    choice,
    payment_id,
    payout_id,
)


def _country(**kwargs: Any) -> fields.String:
    form = validate.Regexp(r"[A-Z]{2}\Z", error="must be a two-letter country code, such as CA")
    return fields.String(validate=form, **kwargs)


class CreateAccountRequest(Request):
    """``POST /api/connect/create-account``."""

    coach_id = Id(required=True)
    coach_name = Name(required=True)
    email = Email(required=True)
    sport = Text(required=True)
    # No defaults here: what was left out differs from no account.
    country = _country()
    business_type = choice("individual", "company")

    @post_load
    def coach(self, data: dict[str, Any], **_: Any) -> NewCoach:
        """The coach who registers."""
        return NewCoach(**data)


class Requirements(StripeResponse):
    """The requirements that a coach has to meet before money can flow."""

    currently_due = fields.List(fields.String())
    disabled_reason = fields.String(allow_none=True)


class Account(StripeResponse):
    """A coach's Connect Express account."""

    id = fields.String()
    # Of either make: what front ends know is an account with Stripe's Express dashboard.
    type = fields.Constant("express", metadata={"type": "string"})
    country = fields.String()
    email = fields.String(allow_none=True)
    # Front ends ask by it whether a coach can be paid. Stripe's own says something else of who only receives transfers.
    charges_enabled = fields.Function(is_payable, metadata={"type": "boolean"})
    payouts_enabled = fields.Boolean()
    details_submitted = fields.Boolean()
    requirements = fields.Nested(Requirements)


def _profile(account: stripe.Account) -> dict[str, Any]:
    profile = account.business_profile
    return profile.to_dict() if profile is not None else {}


class ProfiledAccount(Account):
    """An account with its public profile."""

    business_profile = fields.Function(_profile, metadata={"type": "object"})


class DatedAccount(ProfiledAccount):
    """An account with its profile and the unix second of its creation."""

    created = fields.Integer()


class OnboardingLink(StripeResponse):
    """The link at which the coach completes the account: single use, until the unix second ``expires_at``."""

    url = fields.String()
    expires_at = fields.Integer()


def _standing(account: stripe.Account) -> str:
    """The standing of the coach's account, in a sentence: one that was onboarded long ago may not be ready."""
    if not account.details_submitted:
        return "The coach's account is ready for onboarding."
    if is_payable(account):
        return "The coach's account is set up."
    return "Stripe needs more before the coach can be paid. The onboarding link shows what."


class CreateAccountResponse(Response):
    """The answer to ``POST /api/connect/create-account``."""

    success = fields.Constant(True)
    message = fields.Function(lambda onboarding: _standing(onboarding.account), metadata={"type": "string"})
    account = fields.Nested(Account)
    onboarding_link = fields.Nested(OnboardingLink, attribute="link")


class AccountResponse(Response):
    """The answer to ``GET /api/connect/account/:id``."""

    success = fields.Constant(True)
    account = fields.Nested(DatedAccount)


class BusinessProfile(StripeRequest):
    """The part of Stripe's business profile that a coach may change here."""

    name = Name(max_length=200)
    url = WebAddress()
    support_email = Email()
    support_phone = Phone(max_length=40)
    support_url = WebAddress()


class Address(StripeRequest):
    """A postal address."""

    line1 = Text(max_length=200)
    line2 = Text(max_length=200)
    city = Text(max_length=100)
    state = Text(max_length=100)
    postal_code = Text(max_length=20)
    country = _country()


class DateOfBirth(StripeRequest):
    """A day, whole or not at all."""

    day = StrictInteger(required=True, maximum=31)
    month = StrictInteger(required=True, maximum=12)
    year = StrictInteger(required=True, minimum=1900, maximum=2100)


class Individual(StripeRequest):
    """The person behind the account."""

    first_name = Name(max_length=100)
    last_name = Name(max_length=100)
    email = Email()
    phone = Phone(max_length=40)
    address = fields.Nested(Address)
    dob = fields.Nested(DateOfBirth)


class UpdateAccountRequest(StripeRequest):
    """``PUT /api/connect/account/:id``."""

    business_profile = fields.Nested(BusinessProfile)
    individual = fields.Nested(Individual)

    @validates_schema
    def changes_something(self, data: dict[str, Any], **_: Any) -> None:
        """An update of nothing is a mistake of the caller's."""
        if not any(data.values()):
            raise ValidationError("must contain something to change", "business_profile")


class UpdateAccountResponse(Response):
    """The answer to ``PUT /api/connect/account/:id``."""

    success = fields.Constant(True)
    message = fields.Constant("The account was updated.")
    account = fields.Nested(ProfiledAccount)


class LoginLink(StripeResponse):
    """The link to the coach's Express dashboard. Single use; Stripe gives it no time of expiry."""

    url = fields.String()
    expires_at = fields.Constant(None)


class LoginLinkResponse(Response):
    """The answer to ``POST /api/connect/account/:id/login-link``."""

    success = fields.Constant(True)
    login_link = fields.Nested(LoginLink)


class TransferRequest(Request):
    """``POST /api/connect/transfer``. ``amount`` is the gross amount that the player paid."""

    payment_intent_id = payment_id(required=True)
    coach_account_id = account_id(required=True)
    amount = StrictInteger(required=True)
    # Accepted because front ends send it. What a client writes never enters a request that moves money.
    description = Text(load_default=None, allow_none=True)

    @post_load
    def claim(self, data: dict[str, Any], **_: Any) -> TransferClaim:
        """The caller's assertion."""
        return TransferClaim(data["payment_intent_id"], data["coach_account_id"], data["amount"])


def transfer_status(transfer: stripe.Transfer) -> str:
    """Stripe's transfers have no status: they are made or they are not. This one tells what is left."""
    if transfer.reversed:
        return "reversed"
    return "partially_reversed" if transfer.amount_reversed else "paid"


class Transfer(StripeResponse):
    """A transfer to a coach. ``amount`` in minor units, ``created`` in unix seconds."""

    id = fields.String()
    amount = fields.Integer()
    currency = fields.String()
    destination = fields.String()
    status = fields.Function(transfer_status, metadata={"type": "string"})
    created = fields.Integer()


class TransferResponse(Response):
    """The answer to ``POST /api/connect/transfer``."""

    success = fields.Constant(True)
    message = fields.Constant("The coach's share was transferred.")
    transfer = fields.Nested(Transfer)


class Funds(StripeResponse):
    """An amount in one currency, in minor units, by where it came from."""

    amount = fields.Integer()
    currency = fields.String()
    source_types = fields.Function(lambda funds: _plain(funds, "source_types"), metadata={"type": "object"})


def _plain(stripe_object: Any, key: str) -> dict[str, Any]:
    value = getattr(stripe_object, key, None)
    return value.to_dict() if value is not None else {}


class Balance(StripeResponse):
    """The balance of an account. Stripe leaves out lists that do not apply; the front end reads all three."""

    available = fields.List(fields.Nested(Funds), dump_default=list)
    pending = fields.List(fields.Nested(Funds), dump_default=list)
    instant_available = fields.List(fields.Nested(Funds), dump_default=list)


class BalanceResponse(Response):
    """The answer to ``GET /api/connect/account/:id/balance``."""

    success = fields.Constant(True)
    balance = fields.Nested(Balance)


class PayoutsQuery(StripeRequest):
    """The query of ``GET /api/connect/account/:id/payouts``."""

    limit = LenientInteger(load_default=10, maximum=100)
    starting_after = payout_id(load_default=None)


class Payout(StripeResponse):
    """A payout to the coach's bank. ``amount`` in minor units, times in unix seconds."""

    id = fields.String()
    amount = fields.Integer()
    currency = fields.String()
    status = fields.String()
    arrival_date = fields.Integer()
    created = fields.Integer()
    description = fields.String(allow_none=True)


class PayoutsResponse(StripeResponse):
    """The answer to ``GET /api/connect/account/:id/payouts``."""

    success = fields.Constant(True)
    payouts = fields.List(fields.Nested(Payout), attribute="data")
    has_more = fields.Boolean()
