"""The requests for a coach's account: their keys, and which one follows which refusal."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.account_requests import (
    BOTH,
    LEAST,
    AccountTerms,
    account_request,
    capability_set,
    is_platforms_matter,
)
from backend.domain.namespace import UNNAMED
from backend.domain.requests import NewCoach

COACH = NewCoach("coach-1", "Dana", "coach-1@example.com", "badminton", "CA", "individual")
V1_IS_OVER = (
    "Accounts v1 is no longer recommended for new Connect integrations. See "
    "https://docs.stripe.com/connect/accounts-v2/account-creation or turn on Accounts v1 support."
)
NEEDS_APPROVAL = (
    "Your platform needs approval for accounts to have requested the `transfers` capability without the "
    "`card_payments` capability."
)
IN_COUNTRY = "You cannot request the `transfers` capability without the `card_payments` capability for accounts in CA"


def test_todays_key_has_yesterdays_bytes() -> None:
    """An account that was made before there was a choice, and whose answer was lost, is found by the same key."""
    assert account_request(COACH, "v1", BOTH, UNNAMED).key_in(UNNAMED) == "account:542c8e6ef377c7e9e57b13845f4ec161"


def test_no_two_requests_of_one_coach_share_a_key() -> None:
    """A refusal that is stored under one of them keeps none of the others from being made."""
    keys = [
        account_request(COACH, make, wanted, UNNAMED).key_in(UNNAMED)
        for make in ("v1", "v2")
        for wanted in (LEAST, BOTH)
    ]

    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("terms", "at", "refusal", "follows"),
    [
        (AccountTerms(), ("v1", LEAST), ("", V1_IS_OVER), ("v2", LEAST)),
        (AccountTerms(), ("v1", LEAST), ("", NEEDS_APPROVAL), ("v1", BOTH)),
        (AccountTerms(), ("v1", LEAST), ("", IN_COUNTRY), ("v1", BOTH)),
        (AccountTerms(), ("v1", BOTH), ("", V1_IS_OVER), ("v2", LEAST)),
        (AccountTerms(), ("v1", BOTH), ("", NEEDS_APPROVAL), None),
        (AccountTerms(), ("v2", LEAST), ("capability_not_available_without_other_capability", "x"), ("v2", BOTH)),
        (AccountTerms(), ("v2", LEAST), ("capability_not_available_in_country", "x"), ("v2", BOTH)),
        (AccountTerms(), ("v2", BOTH), ("capability_not_available_in_country", "x"), None),
        (AccountTerms(), ("v1", LEAST), ("country_unsupported", "ZZ is not currently supported by Stripe."), None),
        (AccountTerms("v1"), ("v1", LEAST), ("", V1_IS_OVER), None),
        (AccountTerms("v2"), ("v2", LEAST), ("", NEEDS_APPROVAL), ("v2", BOTH)),
        (AccountTerms("auto", LEAST), ("v1", LEAST), ("", NEEDS_APPROVAL), None),
        (AccountTerms("auto", BOTH), ("v1", BOTH), ("", V1_IS_OVER), ("v2", BOTH)),
    ],
)
def test_a_refusal_decides_what_is_asked_for_next(terms: AccountTerms, at: Any, refusal: Any, follows: Any) -> None:
    """Never a way or a set that the operator did not choose, and never the same twice."""
    assert terms.after(*at, *refusal) == follows


@pytest.mark.parametrize(
    ("asked", "code", "said", "expected"),
    [
        (BOTH, "", V1_IS_OVER, True),
        (BOTH, "", "You can only create new accounts if you've signed up for Connect", True),
        (
            BOTH,
            "",
            "Please review the responsibilities of managing losses at …/settings/connect/platform-profile.",
            True,
        ),
        (BOTH, "account_creation_liability_unacknowledged", "x", True),
        (LEAST, "", "ZZ is not currently supported by Stripe.", False),
        (LEAST, "", IN_COUNTRY, True),
        (LEAST, "capability_not_available_in_country", "x", True),
        (BOTH, "capability_not_available_in_country", "x", False),
    ],
)
def test_a_refusal_of_the_platform_is_not_the_coachs_mistake(asked: Any, code: str, said: str, expected: bool) -> None:
    """It is told to the operator; a coach is not asked to send something else."""
    assert is_platforms_matter(asked, code, said) is expected


@pytest.mark.parametrize("text", ["", "card_payments", "transfers,transfers", "transfers;card_payments", "payouts"])
def test_a_set_that_pays_no_coach_is_refused(text: str) -> None:
    """Transfers have to be among them, and nothing that is not known."""
    with pytest.raises(ValueError, match="must be"):
        capability_set(text)


def test_both_sets_can_be_written() -> None:
    """In any order."""
    assert [capability_set("transfers"), capability_set("card_payments, transfers")] == [LEAST, BOTH]
