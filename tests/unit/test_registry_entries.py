"""The registry: which entry holds for a coach, what is remembered of it, and the writes that bind a coach."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from structlog.testing import capture_logs

from backend.domain.metadata import email_hash
from backend.domain.namespace import UNNAMED, Namespace
from backend.services.coach.registry import Entry, Registry
from backend.stripe_client.platform import PlatformClient
from tests.unit.test_books import Line, made

NONE = (404, "resource_missing")
ID = UNNAMED.registry_id("coach-1")
HASH = email_hash("dana@example.com")
ACCOUNTS = ["acct_11111111", "acct_22222222", "acct_33333333"]


def product(number: int = 1, following: bool = False, **changes: str) -> Any:
    """The entry of that number, as it stands at Stripe. ``following``: its replacement was begun."""
    metadata = {"account": ACCOUNTS[number - 1], "coachId": "coach-1", "emailHash": HASH, **changes}
    if following:
        metadata["next"] = str(number + 1)
    return made("product", ID if number == 1 else f"{ID}_{number}", metadata=metadata)


def entry(number: int = 1, has_next: bool = False, account: str | None = None) -> Entry:
    """The same entry as it is read."""
    return Entry("coach-1", ACCOUNTS[number - 1] if account is None else account, HASH, number, has_next, ID)


def line(**products: Any) -> Line:
    """A line to these entries: ``first``, ``second``, ``third``; ``made``: the answer to a creation."""
    names = {"first": ID, "second": f"{ID}_2", "third": f"{ID}_3", "made": "products"}
    given = {"first": NONE, "second": NONE, "third": NONE, "made": product(), **products}
    return Line(**{names.get(name, name): answer for name, answer in given.items()})


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> float:
        """The seconds."""
        return self.seconds


def registry(on: Line, clock: Clock | None = None, **options: Any) -> Registry:
    """The registry of the deployment without a name."""
    return Registry(on.client, now=(clock or Clock()).now, **options)


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


# Binding.


def fields(account: str = ACCOUNTS[0], number: int = 1, **more: str) -> dict[str, str]:
    """The fields of a creation."""
    metadata = {"app": "coaching-payments", "account": account, "coachId": "coach-1", "emailHash": HASH, **more}
    return {
        "id": ID if number == 1 else f"{ID}_{number}",
        "name": "Registry entry of coach coach-1",
        "active": "false",
        **{f"metadata[{key}]": value for key, value in metadata.items()},
    }


def claimed(account: str = ACCOUNTS[0]) -> Entry:
    """The binding that a coach asks for."""
    return Entry("coach-1", account, HASH)


def test_a_claim_writes_the_whole_entry_once() -> None:
    """Inactive and marked; it holds, and is remembered."""
    on = line()
    books = registry(on)

    assert books.claim(claimed()) == claimed()
    assert (on.asked, on.sent[-1]) == ([f"{ID}_2", "products"], fields())
    assert books.remembered("coach-1") == claimed()


def test_a_claim_keeps_the_reason_that_is_given() -> None:
    """And a name of at most 250 characters."""
    on, long = line(), Entry("c" * 300, ACCOUNTS[0], "")
    registry(on).claim(claimed(), "adopted from Node")
    assert on.sent[-1] == fields(why="adopted from Node")

    other = Line(**{f"{UNNAMED.registry_id('c' * 300)}_2": NONE, "products": product()})
    registry(other).claim(long)
    assert other.sent[-1]["name"] == f"Registry entry of coach {'c' * 300}"[:250]
    assert "metadata[emailHash]" not in other.sent[-1]


@pytest.mark.parametrize("failure", [(400, "resource_already_exists"), (429, "lock_timeout"), (500, "")])
def test_a_claim_that_fails_is_answered_with_the_winner(failure: tuple[int, str]) -> None:
    """A lost answer and an entry that is there leave the same question."""
    on = line(made=failure, first=product())

    assert registry(on).claim(claimed(ACCOUNTS[1])) == entry()


def test_a_claim_that_fails_without_a_winner_is_raised() -> None:
    """Nobody is bound."""
    with pytest.raises(stripe.RateLimitError):
        registry(line(made=(429, "lock_timeout"))).claim(claimed())


def test_a_lost_first_entry_is_put_back_and_leads_to_the_one_that_holds() -> None:
    """The coach who claims again is answered with the binding that a person made."""
    on = line(first=[product(1, True)], second=product(2), made=product())
    books = registry(on)

    assert books.claim(claimed()) == entry(2)
    assert on.sent[1] == fields(ACCOUNTS[1], next="2")
    assert books.remembered("coach-1") is None


def test_a_first_entry_that_was_put_back_holds_while_it_cannot_be_seen() -> None:
    """The answer is the entry that was written."""
    holds = registry(line(second=product(2))).claim(claimed())

    assert (holds.account_id, holds.number, holds.has_next) == (ACCOUNTS[1], 1, True)


def test_a_replacement_is_announced_and_then_made() -> None:
    """So that a crash between the two is seen."""
    on = line(first=[product(), product()])
    books = registry(on)
    current = books.lookup("coach-1")
    assert current is not None

    holds = books.replace(current, ACCOUNTS[1], HASH, "lost the first")

    assert holds == Entry("coach-1", ACCOUNTS[1], HASH, 2, kept_under=ID)
    assert on.asked[1:] == [ID, "products"]
    assert on.sent[1:] == [{"metadata[next]": "2"}, fields(ACCOUNTS[1], 2, why="lost the first")]
    assert books.remembered("coach-1") is None


def test_a_replacement_that_was_announced_is_only_made() -> None:
    """The command was run again."""
    on = line()

    registry(on).replace(entry(2, has_next=True), ACCOUNTS[2], HASH, "")

    assert on.asked == ["products"]
    assert on.sent == [fields(ACCOUNTS[2], 3)]


def test_a_replacement_that_somebody_made_first_holds() -> None:
    """A person's command that ran twice has one outcome."""
    on = line(made=(400, "resource_already_exists"), second=product(2))

    assert registry(on).replace(entry(has_next=True), ACCOUNTS[2], HASH, "") == entry(2)


def test_a_replacement_that_fails_without_a_winner_is_raised() -> None:
    """Run again, the command finishes it."""
    with pytest.raises(stripe.APIError):
        registry(line(made=(500, ""))).replace(entry(has_next=True), ACCOUNTS[1], HASH, "")


# The mark of adoption.


@pytest.mark.parametrize(
    ("marker", "at"),
    [
        (NONE, 0),
        (made("product", "coaches_adopted", metadata={"adoptedAt": "700"}), 700),
        (made("product", "coaches_adopted", metadata={"adoptedAt": "x"}), 0),
    ],
)
def test_the_mark_says_until_when_accounts_were_adopted(marker: Any, at: int) -> None:
    """Zero, before every account, where there is none or it cannot be read."""
    assert registry(line(coaches_adopted=marker)).adopted_at() == at


def test_the_mark_under_an_earlier_name_counts() -> None:
    """None stands under this id."""
    blue = Namespace("blue", ("default",))
    on = Line(coaches_adopted_blue=NONE, coaches_adopted=made("product", "x", metadata={"adoptedAt": "700"}))
    books = Registry(PlatformClient("sk_test_a1", namespace=blue, http_client=on, max_network_retries=0))

    assert books.adopted_at() == 700
    assert on.asked == ["coaches_adopted_blue", "coaches_adopted"]


@pytest.mark.parametrize(("at", "written"), [(699, False), (700, False), (701, True)])
def test_the_mark_only_moves_forward(at: int, written: bool) -> None:
    """An older adoption that ends late changes nothing."""
    marker = made("product", "coaches_adopted", metadata={"adoptedAt": "700"})
    on = line(coaches_adopted=[marker, marker])

    registry(on).mark_adopted(at)

    assert on.sent[1:] == ([{"metadata[adoptedAt]": str(at)}] if written else [])


def test_the_first_mark_is_a_product_of_its_own() -> None:
    """Inactive, marked, and with a name for people."""
    on = line(coaches_adopted=NONE)

    registry(on).mark_adopted(700)

    assert on.asked == ["coaches_adopted", "products"]
    assert on.sent[1] == {
        "id": "coaches_adopted",
        "name": "Coaches' accounts are in the registry",
        "active": "false",
        "metadata[app]": "coaching-payments",
        "metadata[adoptedAt]": "700",
    }
