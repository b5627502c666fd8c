"""The sweep's memory in Stripe: read as far as it can be believed, written under keys of its own."""

from __future__ import annotations

import pytest
import stripe

from backend.services.reconcile.mark import Mark, mark_of, read_mark
from tests.conftest import NOW
from tests.unit.given import OURS, TODAY, Line, made
from tests.unit.marks_given import named, product

HOUR, DAY = 3_600, 86_400


def read(**metadata: str) -> Mark:
    """The memory in this metadata, read now."""
    return read_mark(Line(TODAY, sweep_mark=product(**metadata)).client)


@pytest.mark.parametrize(
    ("mark", "start"),
    [
        (Mark(until=NOW), NOW - 3 * HOUR),
        (Mark(until=NOW, again=NOW - DAY), NOW - DAY),
        (Mark(until=NOW, again=NOW - 1), NOW - 3 * HOUR),
        (Mark(at=NOW), NOW - 35 * DAY),
        (Mark(at=NOW, again=5), NOW - 35 * DAY),
        (Mark(), None),
        (Mark(until=NOW, at=5), NOW - 3 * HOUR),
    ],
)
def test_the_next_sweep_starts_before_the_mark(mark: Mark, start: int | None) -> None:
    """By the overlap, or where something has to be looked at again; without a mark, 35 days back."""
    assert mark.start == start


def test_the_latest_time_of_all_sweeps_is_the_mark() -> None:
    """The ids that each carried are carried, each once; the earliest look again is taken."""
    keys = {
        "sweep_a": "100",
        "sweep_a_0": "pi_1,re_2",
        "sweep_b": "300:50",
        "sweep_b_0": "pi_3,pi_1",
        "sweep_c": "200:70",
    }
    mark = read(**keys, **OURS)

    assert mark == Mark(until=300, again=50, carried=("pi_1", "re_2", "pi_3"), at=NOW, keys=keys)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        (str(NOW), NOW),
        (str(NOW + 3 * HOUR), NOW + 3 * HOUR),
        (str(NOW + 3 * HOUR + 1), None),
        ("0", None),
        ("1", 1),
        ("9" * 12, None),
    ],
)
def test_a_time_that_has_not_come_is_damage(text: str, until: int | None) -> None:
    """From it on nothing would ever be looked at."""
    assert read(sweep_a=text).until == until


def test_without_a_date_every_time_is_believed() -> None:
    """Nothing says that it has not come."""
    mark = read_mark(Line(sweep_mark=product(sweep_a=str(NOW + DAY))).client)

    assert (mark.until, mark.at) == (NOW + DAY, None)


@pytest.mark.parametrize(
    "damage", ["1" * 13, "x", "12x", "12:", ":5", "pi 1", "PI_1", "pi", "pi_1;pi_2", "\u0661"], ids=ascii
)
def test_damage_is_neither_a_time_nor_an_id(damage: str) -> None:
    """The rest is read."""
    mark = read(sweep_a="100", sweep_b=damage, sweep_c="pi_9")

    assert (mark.until, mark.again, mark.carried) == (100, None, ("pi_9",))


def test_an_empty_memory_is_there_and_says_nothing() -> None:
    """A Product without keys of a sweep's."""
    assert read(**OURS) == Mark(at=NOW, keys={}, exists=True)


@pytest.mark.parametrize("answer", [(404, ""), (404, "resource_missing"), (400, "resource_missing")])
def test_no_memory_yet_is_read_with_its_time(answer: tuple[int, str]) -> None:
    """In each of the ways in which Stripe says so."""
    assert read_mark(Line(TODAY, sweep_mark=answer).client) == Mark(at=NOW, exists=False)


def test_a_deleted_memory_is_none() -> None:
    """Whatever it still says."""
    gone = made("product", "sweep_mark", deleted=True, metadata={"sweep_a": "100"})

    assert read_mark(Line(TODAY, sweep_mark=gone).client) == Mark(at=NOW, exists=False)


@pytest.mark.parametrize(("answer", "kind"), [((400, "x"), stripe.InvalidRequestError), ((500, ""), stripe.APIError)])
def test_a_memory_that_cannot_be_read_is_no_empty_one(answer: tuple[int, str], kind: type[Exception]) -> None:
    """Raised as it came."""
    with pytest.raises(kind):
        mark_of(Line(sweep_mark=answer).client, "sweep_mark")


def test_under_a_new_name_the_earlier_memories_are_taken_over() -> None:
    """The earliest mark of them, and all that they carry; their keys stay where they are."""
    line = Line(
        TODAY,
        sweep_mark_blue=(404, ""),
        sweep_mark=product(sweep_a="300:60", sweep_a_0="pi_1"),
        sweep_mark_red=product(sweep_b="200:50", sweep_b_0="pi_2,pi_1"),
    )
    mark = read_mark(named(line, "default", "red"))

    assert mark == Mark(until=200, again=50, carried=("pi_1", "pi_2"), at=NOW, keys={}, exists=False)


def test_an_earlier_name_without_a_mark_leaves_none() -> None:
    """Its books were never read to their end."""
    line = Line(TODAY, sweep_mark_blue=(404, ""), sweep_mark=product(sweep_a="300"), sweep_mark_red=(404, ""))

    assert read_mark(named(line, "default", "red")) == Mark(until=None, at=NOW, exists=False)


def test_a_memory_under_the_own_name_is_the_only_one_that_is_read() -> None:
    """No earlier name is asked for: it costs one call."""
    line = Line(TODAY, sweep_mark_blue=product(sweep_a="300"))

    assert read_mark(named(line, "default")).until == 300
    assert line.asked == ["sweep_mark_blue"]
