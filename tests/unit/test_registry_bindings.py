"""A coach is bound to an account once; the mark says until when accounts were adopted."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from backend.domain.namespace import UNNAMED, Namespace
from backend.services.coach.registry import Entry, Registry
from backend.stripe_client.platform import PlatformClient
from tests.unit.given import Line, made
from tests.unit.registry_given import ACCOUNTS, HASH, ID, NONE, entry, line, product, registry


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
