"""Words for coaches of Stripe's requirements, and the values that front ends send for "not given"."""

from __future__ import annotations

import re

import pytest

from backend.domain.placeholders import real_email, real_name, real_player_id
from backend.domain.requirements import reason_in_words, requirement_in_words, requirements_in_words

# As they stand in Stripe's documentation, for persons and companies.
NAMES = """
    external_account tos_acceptance.date tos_acceptance.ip business_type business_profile.mcc business_profile.url
    business_profile.product_description individual.first_name individual.last_name individual.dob.day individual.dob.month
    individual.dob.year individual.address.line1 individual.address.city individual.address.postal_code individual.email
    individual.phone individual.id_number individual.ssn_last_4 individual.verification.document
    individual.verification.additional_document company.name company.tax_id company.address.line1 company.phone
    company.owners_provided company.directors_provided company.executives_provided representative.first_name
    representative.relationship.title owners.email person_1NabcDEF.verification.document person_1NabcDEF.dob.day
    settings.payments.statement_descriptor identity.individual.given_name something.nobody.knows_yet
""".split()


@pytest.mark.parametrize("name", NAMES)
def test_a_requirement_is_a_sentence_without_stripes_names(name: str) -> None:
    """Nothing in it has a dot or an underscore between its words, nor an id."""
    sentence = requirement_in_words(name)

    assert re.fullmatch(r"[A-Z][^._]*\.", sentence), sentence
    assert "1NabcDEF" not in sentence


def test_what_is_one_question_is_asked_once() -> None:
    """Day, month and year are a date of birth."""
    names = ["individual.dob.day", "individual.dob.month", "individual.dob.year", "external_account"]

    assert requirements_in_words(names) == [
        "Enter your date of birth.",
        "Add the bank account that you want to be paid to.",
    ]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("rejected.fraud", "rejected"),
        ("rejected.terms_of_service", "rejected"),
        ("requirements.pending_verification", "checking"),
        ("under_review", "checking"),
        ("requirements.past_due", "needs more"),
        ("platform_paused", "paused"),
        ("something_new", "Stripe keeps"),
    ],
)
def test_a_reason_says_whether_there_is_something_to_do(reason: str, word: str) -> None:
    """In one or two sentences, without Stripe's name for it."""
    said = reason_in_words(reason)

    assert said is not None
    assert word in said
    assert "_" not in said


def test_no_reason_is_none() -> None:
    """Nothing keeps the account from being paid."""
    assert reason_in_words(None) is None
    assert reason_in_words("") is None


@pytest.mark.parametrize(
    "placeholder", ["temp_user", "temp_user_session", "temp_player", "player_0", "player_17000000"]
)
def test_a_placeholder_names_no_player(placeholder: str) -> None:
    """Two purchases under it are not of one player."""
    assert real_player_id(placeholder) is None


@pytest.mark.parametrize(
    "real", ["player-1", "player_", "player_1a", "player_\u0661", "Player_1", "temp_users", "xplayer_1"]
)
def test_what_is_only_like_a_placeholder_is_a_player(real: str) -> None:
    """An id is never taken away from anybody."""
    assert real_player_id(real) == real


def test_names_and_addresses_have_placeholders_too() -> None:
    """Nobody is sent a receipt at an address that every purchase has."""
    assert (real_name("Player"), real_name("Player One"), real_name(None)) == (None, "Player One", None)
    assert (real_email("Player@Example.com"), real_email("a@b.ca"), real_email(None)) == (None, "a@b.ca", None)
