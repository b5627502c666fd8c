"""The standing of a coach as each caller sees it, and the payments that wait for one."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.access import TRUSTED, Caller, Role
from backend.domain.requirements import reason_in_words
from backend.services.coach.status import CoachStatus, CoachStatuses
from backend.services.errors import NoAccount
from backend.services.reconcile.candidates import Waiting, waiting_for
from tests.conftest import NOW
from tests.unit.given import Line, made, pages
from tests.unit.registry_given import ACCOUNTS, ID, NONE, account, product, registry

HOUR = 3_600


COACH = Caller(subject="coach-1", roles=frozenset([Role.COACH]))


OTHER = Caller(subject="coach-2", roles=frozenset([Role.COACH]))


STRANGER = Caller()


def status(caller: Caller, found: Any = None, entry: Any = None) -> CoachStatus:
    """The status of a coach who has this entry and account."""
    on = Line(**{ID: entry or product(), ACCOUNTS[0]: found or account()})
    return CoachStatuses(on.client, registry(on)).read("coach-1", caller)


def test_a_stranger_learns_whether_a_coach_can_be_paid() -> None:
    """And nothing of whose account it is."""
    one = account(country="CA", payouts_enabled=True, details_submitted=True, email="dana@example.com")

    assert status(STRANGER, one) == CoachStatus("coach-1", "express", "CA", True, True, True, 10)


@pytest.mark.parametrize("caller", [COACH, TRUSTED], ids=["the coach", "an operator"])
def test_a_coach_sees_the_whole_account(caller: Caller) -> None:
    """With what Stripe wants, in words: what is late before what is due."""
    wants = {
        "past_due": ["external_account"],
        "currently_due": ["individual.dob.day"],
        "disabled_reason": "rejected.fraud",
    }
    shown: dict[str, Any] = {
        "business_profile": {"url": "https://d.example"},
        "email": "dana@example.com",
        "capabilities": None,
    }
    seen = status(
        caller, account(requirements=wants, country=None, payouts_enabled=None, details_submitted=None, **shown)
    )

    assert (seen.charges_enabled, seen.payouts_enabled, seen.details_submitted) == (False, False, False)
    assert not seen.onboarding_completed
    assert (seen.stripe_account_id, seen.email) == (ACCOUNTS[0], "dana@example.com")
    assert seen.business_profile == {"url": "https://d.example"}
    assert seen.requirements == {
        "currently_due": ["Add the bank account that you want to be paid to.", "Enter your date of birth."],
        "disabled_reason": reason_in_words("rejected.fraud"),
    }


def test_an_account_of_which_stripe_says_nothing_wants_nothing() -> None:
    """Neither profile nor requirements."""
    seen = status(COACH, account(business_profile=None, country=None, payouts_enabled=False, details_submitted=True))

    assert (seen.business_profile, seen.onboarding_completed) == ({}, True)
    assert seen.requirements == {"currently_due": [], "disabled_reason": None}


@pytest.mark.parametrize(
    ("caller", "found", "entry"),
    [
        (OTHER, None, None),
        (COACH, None, NONE),
        (COACH, None, product(account="")),
        (COACH, (403, "account_invalid"), None),
        (STRANGER, (403, "account_invalid"), None),
    ],
    ids=["another coach", "no entry", "damaged", "gone", "gone, for a stranger"],
)
def test_a_coach_without_an_account_and_another_coachs_are_the_same(caller: Caller, found: Any, entry: Any) -> None:
    """Nobody learns which."""
    with pytest.raises(NoAccount):
        status(caller, found, entry)


# The payments that wait for a coach.


def bought(name: str, created: int = 0, **metadata: str) -> Any:
    """A payment of the coach's."""
    return made("payment_intent", name, created=created, metadata={"coachKey": ID, **metadata})


def succeeded(*intents: Any) -> Any:
    """The events of these payments' success, the newest first."""
    return pages(*(made("event", f"evt_{one.id}", data={"object": one.to_dict()}) for one in intents))


def searched(*intents: Any) -> Any:
    """The finds of Search."""
    data = [one.to_dict() for one in intents]
    return made("search_result", "", data=data, has_more=False, url="/v1/payment_intents/search", next_page=None)


def test_noted_payments_wait_oldest_first_and_then_those_of_the_last_hour() -> None:
    """Each once; what a person settles does not wait."""
    on = Line(
        search=searched(
            bought("pi_2", 20, settlement="held:x"),
            bought("pi_1", 10, settlement="held:x"),
            bought("pi_m", 1, settlement="manual"),
        ),
        events=succeeded(bought("pi_5"), bought("pi_2"), made("payment_intent", "pi_x", metadata={}), bought("pi_4")),
    )

    assert waiting_for(on.client, "coach-1", NOW) == Waiting(["pi_1", "pi_2", "pi_4", "pi_5"])
    assert on.urls[1] == f"/v1/events?type=payment_intent.succeeded&created[gte]={NOW - HOUR}&limit=100"
    query = f'metadata["coachKey"]:"{ID}" AND -metadata["settlement"]:null'
    assert on.urls[0].replace("+", " ") == f"/v1/payment_intents/search?query={query}&limit=100"


def test_with_search_down_the_last_hour_is_looked_at_all_the_same() -> None:
    """And what Search raised is told."""
    on = Line(search=(500, ""), events=succeeded(bought("pi_4")))
    with capture_logs() as logs:
        waiting = waiting_for(on.client, "coach-1", NOW)

    assert (waiting.payment_ids, type(waiting.failure).__name__) == (["pi_4"], "APIError")
    assert logs == [{"event": "search.failed", "log_level": "warning", "kind": "APIError"}]


def test_three_hundred_events_are_looked_through() -> None:
    """The sweep finds the rest."""
    many = [bought(f"pi_{n}") for n in range(100)]
    page = made("list", "", data=succeeded(*many).to_dict()["data"], has_more=True, url="/v1/events")
    on = Line(search=searched(), events=[page] * 5)

    assert len(waiting_for(on.client, "coach-1", NOW).payment_ids) == 300
    assert on.asked.count("events") == 3
