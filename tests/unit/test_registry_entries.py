"""The registry: which entry holds for a coach, what is remembered of it, and the writes that bind a coach."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.namespace import Namespace
from backend.services.coach.registry import Entry, Registry
from backend.stripe_client.platform import PlatformClient
from tests.unit.given import made
from tests.unit.registry_given import ACCOUNTS, HASH, ID, NONE, Clock, entry, line, product, registry

# Reading.


def test_a_coach_without_an_entry_has_none() -> None:
    """Asked each time: the coach may register at any moment."""
    on = line()
    books = registry(on)

    assert (books.lookup("coach-1"), books.lookup("coach-1"), books.remembered("coach-1")) == (None, None, None)
    assert on.asked == [ID, ID]


def test_an_entry_is_remembered_for_a_minute() -> None:
    """By coach; ``read`` asks all the same, and renews it."""
    on, clock = line(first=product()), Clock()
    books = registry(on, clock)

    assert books.lookup("coach-1") == books.lookup("coach-1") == books.remembered("coach-1") == entry()
    assert on.urls == [f"/v1/products/{ID}"]
    clock.seconds += 59
    assert books.read("coach-1") == entry()
    clock.seconds += 59
    assert books.lookup("coach-1") == entry()
    assert len(on.asked) == 2
    clock.seconds += 2
    books.lookup("coach-1")
    assert len(on.asked) == 3


def test_a_replaced_entry_leads_to_the_newest_and_is_not_remembered() -> None:
    """An entry that a person undid is not paid for another minute."""
    on = line(first=product(1, True), second=product(2, True), third=product(3))
    books = registry(on)

    assert books.lookup("coach-1") == entry(3)
    assert books.remembered("coach-1") is None
    assert on.asked == [ID, f"{ID}_2", f"{ID}_3"]
    assert books.lookup("coach-1") == entry(3)


def test_a_remembered_entry_that_was_replaced_since_is_forgotten() -> None:
    """The first read that sees it drops it."""
    on = line(first=[product(), product(1, True)], second=product(2))
    books = registry(on)
    books.lookup("coach-1")

    assert books.read("coach-1") == entry(2)
    assert books.remembered("coach-1") is None


def test_an_entry_that_went_is_forgotten() -> None:
    """Somebody deleted it."""
    books = registry(line(first=[product(), NONE]))
    books.lookup("coach-1")

    assert books.read("coach-1") is None
    assert books.remembered("coach-1") is None


def test_a_replacement_that_was_begun_leaves_the_entry_in_force() -> None:
    """It is logged: the command has to be run again."""
    books = registry(line(first=product(1, True)))

    with capture_logs() as logs:
        assert books.read("coach-1") == entry(has_next=True)

    said = {"event": "registry.rebind_unfinished", "log_level": "warning"}
    assert logs == [{**said, "coach": "coach-1", "account": ACCOUNTS[0]}]


@pytest.mark.parametrize("account", ["", "acct_1", "acct_1111111/", "cus_11111111"])
def test_a_damaged_entry_pays_nobody_and_is_logged(account: str) -> None:
    """It is there all the same: nobody else may claim the coach."""
    books = registry(line(first=product(account=account)))

    with capture_logs() as logs:
        assert books.read("coach-1") == entry(account="")

    assert logs == [{"event": "registry.damaged", "log_level": "error", "coach": "coach-1", "product": ID}]


def test_a_sound_entry_is_not_logged() -> None:
    """There is nothing for an operator to do."""
    with capture_logs() as logs:
        registry(line(first=product())).read("coach-1")

    assert logs == []


def test_an_entry_under_an_earlier_name_is_found() -> None:
    """The own name is asked first; a replacement stands beside what it replaces."""
    blue = Namespace("blue", ("default",))
    on = line(**{blue.registry_id("coach-1"): NONE}, first=product(1, True), second=product(2))
    books = Registry(PlatformClient("sk_test_a1", namespace=blue, http_client=on, max_network_retries=0))

    assert books.read("coach-1") == entry(2)
    assert on.asked == [blue.registry_id("coach-1"), ID, f"{ID}_2"]


def test_an_account_speaks_for_itself_where_there_is_no_entry() -> None:
    """With the hash of its address, or without one."""
    told = made("account", "acct_11111111", email="Dana@example.com")
    silent = made("account", "acct_11111111", email=None)

    assert Entry.of("coach-1", told) == Entry("coach-1", "acct_11111111", HASH)
    assert Entry.of("coach-1", silent) == Entry("coach-1", "acct_11111111", "")


@pytest.mark.parametrize(("account", "bound"), [(ACCOUNTS[0], True), (ACCOUNTS[1], True), (ACCOUNTS[2], False)])
def test_a_coach_was_bound_to_what_an_entry_ever_said(account: str, bound: bool) -> None:
    """Also before a person replaced it."""
    on = line(first=product(1, True), second=product(2))

    assert registry(on).was_bound("coach-1", account) is bound
    assert len(on.asked) == (1 if account == ACCOUNTS[0] else 2)


def test_a_replacement_that_is_damaged_is_logged_with_its_coach() -> None:
    """Whoever asks for it."""
    for ask in (lambda one: one.was_bound("coach-1", ACCOUNTS[2]), lambda one: one.accounts_of("coach-1")):
        with capture_logs() as logs:
            ask(registry(line(first=product(1, True), second=product(2, account=""))))

        assert [(one["coach"], one["product"]) for one in logs] == [("coach-1", f"{ID}_2")]


def test_a_coach_without_an_entry_was_bound_to_nothing() -> None:
    """Nor is a replacement that was only begun."""
    assert not registry(line()).was_bound("coach-1", ACCOUNTS[0])
    assert not registry(line(first=product(1, True))).was_bound("coach-1", ACCOUNTS[1])


def test_the_accounts_of_a_coach_are_the_newest_first() -> None:
    """Each once; a damaged one is left out."""
    replaced = line(first=product(1, True), second=product(2, True), third=product(3, account=ACCOUNTS[0]))
    damaged = line(first=product(1, True, account=""), second=product(2))

    assert registry(replaced).accounts_of("coach-1") == [ACCOUNTS[0], ACCOUNTS[1]]
    assert registry(damaged).accounts_of("coach-1") == [ACCOUNTS[1]]
    assert registry(line()).accounts_of("coach-1") == []


def test_the_account_of_a_remembered_coach_costs_no_call() -> None:
    """It is remembered by whoever asked first."""
    on, empty = line(first=product()), line(first=product(account=""))
    books, damaged = registry(on), registry(empty)

    assert [books.accounts_of("coach-1"), books.accounts_of("coach-1")] == [[ACCOUNTS[0]]] * 2
    assert [damaged.accounts_of("coach-1"), damaged.accounts_of("coach-1")] == [[], []]
    assert (len(on.asked), len(empty.asked)) == (1, 1)


@pytest.mark.parametrize(
    ("first", "waits", "account"),
    [(product(), False, ACCOUNTS[0]), (product(account=""), False, None), (NONE, False, None), (product(), True, None)],
)
def test_a_coach_who_registers_late_is_paid_where_coaches_sign_in(first: Any, waits: bool, account: str | None) -> None:
    """Otherwise an operator says whose the money is, and nothing is asked. Unless told, a registry pays late coaches."""
    assert registry(line(first=product())).late_account("coach-1") == ACCOUNTS[0]
    on = line(first=first)

    assert registry(on, late_coaches_wait=waits).late_account("coach-1") == account
    assert len(on.asked) == (0 if waits else 1)
