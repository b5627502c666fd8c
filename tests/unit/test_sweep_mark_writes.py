"""The sweep's memory as it is written."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.services.reconcile.mark import Mark, write_mark
from tests.conftest import NOW
from tests.unit.given import Line
from tests.unit.marks_given import named, product


def wrote(mark: Mark, until: int | None = NOW, carried: Any = (), again: int | None = None, start: int = 7) -> Line:
    """The line after a sweep left its memory."""
    line = Line(sweep_mark=product(), products=product())
    write_mark(line.client, mark, until, carried, again, start)
    return line


def values(line: Line) -> list[str]:
    """The values of the first write, in order."""
    return [value for key, value in line.sent[0].items() if key.startswith("metadata[")]


def test_a_sweep_clears_the_keys_that_it_read_and_writes_its_own() -> None:
    """Another sweep's keys, which came in between, stay."""
    line = wrote(Mark(until=5, keys={"sweep_a": "5", "sweep_a_0": "pi_1"}), carried=["pi_2", "pi_3"])
    fields = line.sent[0]
    read = ("metadata[sweep_a]", "metadata[sweep_a_0]")
    own = [key for key in fields if key not in read]  # whose random part may begin with an a too

    assert line.asked == ["sweep_mark"]
    assert [fields[key] for key in read] == ["", ""]
    assert [fields[key] for key in own] == [str(NOW), "pi_2,pi_3"]
    assert own[1] == f"{own[0][:-1]}_0]"
    assert len(own[0]) == len("metadata[sweep_12345678]")


def test_two_sweeps_write_under_keys_of_their_own() -> None:
    """None loses what another wrote."""
    assert list(wrote(Mark()).sent[0]) != list(wrote(Mark()).sent[0])


@pytest.mark.parametrize(
    ("until", "again", "head"), [(9, None, "9"), (9, 4, "9:4"), (None, None, "0"), (None, 4, "0:4")]
)
def test_the_head_says_until_when_and_from_when_again(until: int | None, again: int | None, head: str) -> None:
    """Nothing read is the second 0."""
    assert values(wrote(Mark(until=5), until, ["pi_1"], again)) == [head, "pi_1"]


@pytest.mark.parametrize(
    ("mark", "until", "carried", "again"),
    [
        (
            Mark(until=9, carried=("pi_1", "pi_2"), keys={"sweep_a": "9", "sweep_a_0": "pi_1,pi_2"}),
            9,
            ["pi_2", "pi_1"],
            None,
        ),
        (Mark(until=9, again=4, keys={"sweep_a": "9:4"}), 9, [], 4),
        (Mark(), None, [], None),
    ],
    ids=["in another order", "again", "nothing"],
)
def test_what_is_remembered_already_is_not_written(
    mark: Mark, until: int | None, carried: list[str], again: int | None
) -> None:
    """A sweep that found nothing new writes nothing."""
    assert wrote(mark, until, carried, again).asked == []


@pytest.mark.parametrize(
    ("mark", "until", "carried"),
    [
        (Mark(until=9, keys={"sweep_a": "9", "sweep_b": "8"}), 9, []),
        (Mark(until=9, keys={"sweep_a": "9"}), 10, []),
        (Mark(until=9, again=4, keys={"sweep_a": "9:4"}), 9, []),
        (Mark(until=9, keys={"sweep_a": "9"}), 9, ["pi_1"]),
        (Mark(keys={"sweep_a": "0"}), None, []),
    ],
    ids=["two heads", "later", "not again", "more", "an empty head"],
)
def test_what_is_new_is_written(mark: Mark, until: int | None, carried: list[str]) -> None:
    """Several sweeps' keys become one's, too."""
    assert wrote(mark, until, carried).asked == ["sweep_mark"]


def test_ids_are_packed_into_as_few_values_as_hold_them() -> None:
    """Five hundred characters each, the most that Stripe takes."""
    ids = [f"pi_{'x' * 96}{n:1d}" for n in range(6)]  # a hundred characters each, with commas 504 for five

    assert values(wrote(Mark(), carried=ids))[1:] == [",".join(ids[:4]), ",".join(ids[4:])]


def test_a_value_may_be_full_to_the_last_character() -> None:
    """Two ids of 249 and 250 characters, and the comma."""
    ids = ["pi_" + "x" * 246, "pi_" + "y" * 247, "pi_z"]

    assert values(wrote(Mark(), carried=ids))[1:] == [",".join(ids[:2]), ids[2]]


def test_a_value_is_never_longer_than_stripe_takes() -> None:
    """One character more than fits goes into the next."""
    ids = ["pi_" + "x" * 247, "pi_" + "y" * 247]

    assert values(wrote(Mark(), carried=ids))[1:] == ids


def test_what_finds_no_room_is_looked_for_again_from_the_start() -> None:
    """Fifteen values; the rest is logged by its number."""
    ids = [f"pi_{'x' * 400}{n}" for n in range(17)]
    with capture_logs() as logs:
        line = wrote(Mark(), carried=ids, again=900)

    assert values(line) == [f"{NOW}:7", *ids[:15]]
    assert logs == [{"event": "sweep.carries_too_much", "log_level": "warning", "left_out": 2, "again": 7}]


def test_what_finds_room_is_not_logged() -> None:
    """And ``again`` is what the sweep says."""
    with capture_logs() as logs:
        line = wrote(Mark(), carried=["pi_1"], again=900)

    assert (values(line)[0], logs) == (f"{NOW}:900", [])


def test_the_first_memory_is_a_product_of_its_own() -> None:
    """Inactive, marked, and with a name that tells people to leave it."""
    line = wrote(Mark(exists=False))
    fields = {key: value for key, value in line.sent[0].items() if "sweep_" not in key or key == "id"}

    assert line.asked == ["products"]
    assert fields == {
        "id": "sweep_mark",
        "name": "The mark of the sweep: do not delete",
        "active": "false",
        "metadata[app]": "coaching-payments",
    }
    assert values(line)[1:] == [str(NOW)]


def test_a_memory_that_is_made_has_no_empty_values() -> None:
    """Stripe refuses to make what clears a key."""
    line = wrote(Mark(exists=False, keys={"sweep_a": "1"}))

    assert "" not in values(line)


@pytest.mark.parametrize(("exists", "asked"), [(True, ["sweep_mark", "products"]), (False, ["products", "sweep_mark"])])
def test_a_memory_that_came_or_went_meanwhile_is_written_all_the_same(exists: bool, asked: list[str]) -> None:
    """Another sweep, or a person, was quicker."""
    line = Line(sweep_mark=product(), products=product())
    line.objects[asked[0]] = (400, "resource_missing")
    write_mark(line.client, Mark(exists=exists), NOW, [], None, 0)

    assert line.asked == asked


def test_a_named_deployment_keeps_a_memory_of_its_own() -> None:
    """Under its own id, with its own mark."""
    line = Line(sweep_mark_blue=product("sweep_mark_blue"), products=product("sweep_mark_blue"))
    write_mark(named(line), Mark(), NOW, [], None, 0)
    write_mark(named(line), Mark(exists=False), NOW, [], None, 0)

    assert line.asked == ["sweep_mark_blue", "products"]
    assert (line.sent[1]["id"], line.sent[1]["metadata[app]"]) == ("sweep_mark_blue", "coaching-payments:blue")
