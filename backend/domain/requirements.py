"""Stripe's requirements of a coach, in words that a coach understands. Pure.

https://docs.stripe.com/api/accounts/object#account_object-requirements
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# By what the name of the requirement contains; the first that fits speaks.
_WORDS = (
    ("external_account", "Add the bank account that you want to be paid to."),
    ("bank_account", "Add the bank account that you want to be paid to."),
    ("tos_acceptance", "Accept Stripe's terms of service."),
    ("terms_of_service", "Accept Stripe's terms of service."),
    ("verification.additional_document", "Upload a second document that proves your address."),
    ("document", "Upload a photo of an identity document."),
    ("dob", "Enter your date of birth."),
    ("date_of_birth", "Enter your date of birth."),
    ("id_number", "Enter your social insurance number or tax number."),
    ("ssn_last_4", "Enter the last four digits of your social security number."),
    ("tax_id", "Enter the tax number of your business."),
    ("address", "Enter your address."),
    ("first_name", "Enter your name."),
    ("last_name", "Enter your name."),
    ("email", "Enter your email address."),
    ("phone", "Enter your phone number."),
    ("business_profile.url", "Describe your coaching, or give your web page."),
    ("product_description", "Describe your coaching, or give your web page."),
    ("mcc", "Say what kind of business you have."),
    ("business_type", "Say whether you are a person or a company."),
    ("statement_descriptor", "Choose the name that players see on their card statement."),
    ("owners", "Name the owners of your company."),
    ("directors", "Name the directors of your company."),
    ("executives", "Name the executives of your company."),
    ("representative", "Tell Stripe who represents your company."),
    ("company", "Complete the details of your company."),
)
_REASONS = (
    ("rejected", "Stripe has rejected this account, so it cannot be paid. Please contact support."),
    ("requirements.pending_verification", "Stripe is checking your details. There is nothing for you to do."),
    ("under_review", "Stripe is checking your account. There is nothing for you to do."),
    ("requirements.past_due", "Stripe needs more from you before you can be paid."),
    ("action_required", "Stripe needs more from you before you can be paid."),
    ("platform_paused", "Payments to this account are paused. Please contact support."),
    ("listed", "Stripe is checking your account. There is nothing for you to do."),
)
_PERSON = re.compile(r"\Aperson_[A-Za-z0-9]+\.")


def requirement_in_words(name: str) -> str:
    """The sentence for one of Stripe's names, such as ``individual.dob.day``. One that is not known keeps its words."""
    plain = _PERSON.sub("person.", name)
    for part, sentence in _WORDS:
        if part in plain:
            return sentence
    words = re.sub(r"[^A-Za-z0-9]+", " ", plain).strip().lower()[:100]
    return f"Complete in your Stripe account: {words}." if words else "Complete your Stripe account."


def requirements_in_words(names: Iterable[str]) -> list[str]:
    """The sentences for all of them, each once, in their order: day, month and year are one date of birth."""
    return list(dict.fromkeys(requirement_in_words(name) for name in names))


def reason_in_words(reason: str | None) -> str | None:
    """The sentence for the reason why Stripe keeps an account from being paid; None where there is none."""
    if not reason:
        return None
    for part, sentence in _REASONS:
        if reason.startswith(part):
            return sentence
    return "Stripe keeps this account from being paid. Please contact support."


def is_payable(account: Any) -> bool:
    """True if transfers can be made: what gates them is the ``transfers`` capability, not ``payouts_enabled``."""
    return getattr(account.capabilities, "transfers", None) == "active"
