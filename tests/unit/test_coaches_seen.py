"""A coach as the screens see one: the account that stands, the account that is paid, the claims on a coach's name."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.access import TRUSTED, Caller, Role
from backend.domain.namespace import UNNAMED, Namespace
from backend.domain.requirements import reason_in_words
from backend.services.coach.accounts import account_or_none, is_gone, is_rejected
from backend.services.coach.claimants import Claimant, choose, claimant_of, claimants_since
from backend.services.coach.payees import Payees
from backend.services.coach.registry import Entry
from backend.services.coach.status import CoachStatus, CoachStatuses
from backend.services.errors import Conflict, NoAccount, Undecided
from backend.services.reconcile.candidates import Waiting, waiting_for
from tests.unit.test_books import OURS, Line, made
from tests.unit.test_payment_reading import pages
from tests.unit.test_registry_entries import ACCOUNTS, HASH, ID, NONE, Clock, product, registry

NOW = 1_793_631_600
HOUR = 3_600
REJECTED = {"disabled_reason": "rejected.fraud"}


def account(number: int = 1, **fields: Any) -> Any:
    """A coach's account that can be paid."""
    able = {"transfers": "active"}
    given = {"type": "express", "metadata": {"coachId": "coach-1", **OURS}, "capabilities": able, "requirements": None}
    return made("account", ACCOUNTS[number - 1], **{**given, "created": 10 * number, "email": None, **fields})


# An account stands, or is gone.


@pytest.mark.parametrize(
    ("requirements", "rejected"),
    [
        (None, False),
        ({}, False),
        ({"disabled_reason": None}, False),
        ({"disabled_reason": "requirements.past_due"}, False),
        (REJECTED, True),
        ({"disabled_reason": "rejected.other"}, True),
    ],
    ids=str,
)
def test_an_account_that_was_rejected_is_gone(requirements: Any, rejected: bool) -> None:
    """One that is only not onboarded yet is not."""
    one = account(requirements=requirements, capabilities={})

    assert (is_rejected(one), is_gone(one)) == (rejected, rejected)


def test_an_account_that_is_not_there_is_gone() -> None:
    """Stripe does not tell deleted from never ours."""
    on = Line(**{ACCOUNTS[0]: (403, "account_invalid"), ACCOUNTS[1]: account(2)})

    assert account_or_none(on.client, ACCOUNTS[0]) is None
    assert is_gone(None)
    there = account_or_none(on.client, ACCOUNTS[1])
    assert there is not None
    assert there.id == ACCOUNTS[1]
    assert on.urls[1] == f"/v1/accounts/{ACCOUNTS[1]}"


# The account that a purchase is frozen to.


def payees(on: Line) -> Payees:
    """The payees on a line."""
    clock = Clock()
    return Payees(on.client, registry(on, clock), clock.now)


def test_a_standing_account_is_frozen_and_remembered() -> None:
    """Two reads, and none for another minute."""
    on = Line(**{ID: product(), ACCOUNTS[0]: account()})
    found = payees(on)

    assert not found.are_remembered("coach-1")
    assert found.for_purchase("coach-1") == found.for_purchase("coach-1") == ACCOUNTS[0]
    assert on.asked == [ID, ACCOUNTS[0]]
    assert found.are_remembered("coach-1")


@pytest.mark.parametrize("entry", [NONE, product(account="")], ids=["none", "damaged"])
def test_a_coach_without_an_account_has_none_to_freeze(entry: Any) -> None:
    """The purchase waits for one."""
    on = Line(**{ID: entry})

    assert payees(on).for_purchase("coach-1") is None
    assert on.asked == [ID]


@pytest.mark.parametrize("gone", [(403, "account_invalid"), account(requirements=REJECTED)], ids=["gone", "rejected"])
def test_nothing_is_sold_for_an_account_that_is_gone(gone: Any) -> None:
    """Both are read once more before a sale is refused, and it is logged."""
    on = Line(**{ID: product(), ACCOUNTS[0]: gone})
    with capture_logs() as logs, pytest.raises(Conflict) as raised:
        payees(on).for_purchase("coach-1")

    said = "This coach cannot be paid at the moment. Please choose another coach, or contact support."
    assert raised.value.message == said
    assert on.asked == [ID, ACCOUNTS[0], ID, ACCOUNTS[0]]
    told = {"event": "account.gone", "log_level": "error", "coach": "coach-1", "remedy": "flask coaches rebind"}
    assert logs == [told]


def test_a_coach_who_was_bound_to_another_account_a_moment_ago_is_sold_for() -> None:
    """A person put it right while the old entry was remembered."""
    replaced = {f"{ID}_2": product(2), ACCOUNTS[1]: account(2)}
    on = Line(**{ID: [product(), product(1, True)], ACCOUNTS[0]: (403, "account_invalid"), **replaced})

    assert payees(on).for_purchase("coach-1") == ACCOUNTS[1]


# The claims on a coach's name.


def claim(number: int = 1, payable: bool = True) -> Claimant:
    """The claim of an account that carries the coach's id."""
    return Claimant(Entry("coach-1", ACCOUNTS[number - 1], ""), payable, 10 * number)


def test_an_account_claims_the_coach_that_it_names() -> None:
    """With its address, whether it can be paid, and since when it is there."""
    told = account(email="dana@example.com", capabilities={}, created=None)

    assert claimant_of(account(), UNNAMED) == claim()
    assert claim().account_id == ACCOUNTS[0]
    assert claimant_of(told, UNNAMED) == Claimant(Entry("coach-1", ACCOUNTS[0], HASH), False, 0)


@pytest.mark.parametrize(
    "fields", [{"metadata": {}}, {"type": "standard"}, {"metadata": {"coachId": "c", **Namespace("x").mark}}]
)
def test_an_account_of_no_coach_claims_nothing(fields: dict[str, Any]) -> None:
    """Nor does one of another deployment."""
    assert claimant_of(account(**fields), UNNAMED) is None


@pytest.mark.parametrize(
    ("claims", "chosen"),
    [
        ([], None),
        ([claim(1, False)], claim(1, False)),
        ([claim(1), claim(2, False)], claim(1)),
        ([claim(1, False), claim(2)], claim(2)),
        ([claim(1), claim(2)], None),
        ([claim(1, False), claim(2, False)], None),
    ],
)
def test_the_only_claim_or_the_only_payable_one_is_chosen(claims: list[Claimant], chosen: Claimant | None) -> None:
    """Otherwise a person chooses."""
    assert choose(claims) == chosen


@pytest.mark.parametrize(
    ("since", "query"),
    [(0, "limit=100"), (300, "limit=100"), (301, "limit=100&created[gte]=1"), (900, "limit=100&created[gte]=600")],
)
def test_claims_are_looked_for_since_a_moment_before(since: int, query: str) -> None:
    """An account becomes visible in lists a moment after it was made."""
    other = account(2, metadata={"coachId": "coach-2", **OURS})
    on = Line(accounts=pages(account(), other, account(3, metadata={})))

    assert claimants_since(on.client, "coach-1", since) == [claim()]
    assert on.urls == [f"/v1/accounts?{query}"]


def listed(*accounts: Any, more: bool) -> Any:
    """A page of accounts."""
    return made("list", "", data=[one.to_dict() for one in accounts], has_more=more, url="/v1/accounts")


def test_ten_pages_of_accounts_are_looked_through() -> None:
    """To the end, where there is one."""
    on = Line(accounts=[*[listed(account(), more=True)] * 9, listed(account(2), more=False)])

    assert [one.account_id for one in claimants_since(on.client, "coach-1", 0)] == [ACCOUNTS[0]] * 9 + [ACCOUNTS[1]]
    assert len(on.asked) == 10


def test_past_ten_pages_nobody_can_say_who_the_coach_is() -> None:
    """It is logged with the command that mends it."""
    on = Line(accounts=[listed(account(), more=True)] * 11)
    with capture_logs() as logs, pytest.raises(Undecided) as raised:
        claimants_since(on.client, "coach-1", 0)

    said = "Coaches cannot be registered at the moment. Please try again later, or contact support."
    assert raised.value.message == said
    assert len(on.asked) == 10
    event = {"event": "coaches.not_adopted", "log_level": "error", "remedy": "flask coaches adopt"}
    assert logs == [{**event, "accounts": "more than 1000"}]


# The coach's standing.

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
