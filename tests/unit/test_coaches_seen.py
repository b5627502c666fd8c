"""A coach as the screens see one: the account that stands, the account that is paid, the claims on a coach's name."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.namespace import UNNAMED, Namespace
from backend.services.coach.accounts import account_or_none, is_gone, is_rejected
from backend.services.coach.claimants import Claimant, choose, claimant_of, claimants_since
from backend.services.coach.payees import Payees
from backend.services.coach.registry import Entry
from backend.services.errors import Conflict, Undecided
from tests.unit.given import OURS, Line, made, pages
from tests.unit.registry_given import ACCOUNTS, HASH, ID, NONE, Clock, account, product, registry

REJECTED = {"disabled_reason": "rejected.fraud"}


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

    assert claimants_since(on.client_of_v1, "coach-1", since) == [claim()]
    assert on.urls == [f"/v1/accounts?{query}"]


def listed(*accounts: Any, more: bool) -> Any:
    """A page of accounts."""
    return made("list", "", data=[one.to_dict() for one in accounts], has_more=more, url="/v1/accounts")


def test_ten_pages_of_accounts_are_looked_through() -> None:
    """To the end, where there is one."""
    on = Line(accounts=[*[listed(account(), more=True)] * 9, listed(account(2), more=False)])

    assert [one.account_id for one in claimants_since(on.client_of_v1, "coach-1", 0)] == [ACCOUNTS[0]] * 9 + [
        ACCOUNTS[1]
    ]
    assert len(on.asked) == 10


def test_past_ten_pages_nobody_can_say_who_the_coach_is() -> None:
    """It is logged with the command that mends it."""
    on = Line(accounts=[listed(account(), more=True)] * 11)
    with capture_logs() as logs, pytest.raises(Undecided) as raised:
        claimants_since(on.client_of_v1, "coach-1", 0)

    said = "Coaches cannot be registered at the moment. Please try again later, or contact support."
    assert raised.value.message == said
    assert len(on.asked) == 10
    event = {"event": "coaches.not_adopted", "log_level": "error", "remedy": "flask coaches adopt"}
    assert logs == [{**event, "accounts": "more than 1000"}]
