"""Creating once: past answers of which nothing is left, to the next generation of the key, and no further than needed."""

from __future__ import annotations

from typing import Any

import pytest

from backend.services.cache import Cache
from backend.services.creation import GENERATIONS, create_once
from backend.services.write_outcome import Done, InFlight, KeyTaken, Refused, Unknown, WriteOutcome
from tests.unit.given import Line, made

REPLAY = {"idempotent-replayed": "true"}
OLD, NEW = made("refund", "re_1"), made("refund", "re_2")


def create(on: Line, rival: Any = None) -> WriteOutcome[Any]:
    """Create a refund under the key ``k``."""
    refunds = on.client.v1.refunds
    make = lambda key: refunds.create({"charge": "ch_1"}, {"idempotency_key": key})  # noqa: E731
    return create_once("k", make, refunds.retrieve, rival)


def keys(on: Line) -> list[str | None]:
    """The keys of the creations."""
    return [key for key, path in zip(on.keys, on.asked, strict=True) if path == "refunds"]


def test_what_is_done_now_is_the_answer() -> None:
    """Under the first generation; it is not read again."""
    on = Line(refunds=NEW)
    answer = create(on)

    assert isinstance(answer, Done)
    assert (answer.result.id, answer.replayed, on.asked, keys(on)) == ("re_2", False, ["refunds"], ["k:g0"])


def test_what_was_done_before_and_is_there_is_the_answer() -> None:
    """As it is now."""
    on = Line(refunds=(200, OLD, REPLAY), re_1=made("refund", "re_1", status="pending"))
    answer = create(on)

    assert isinstance(answer, Done)
    assert (answer.result.id, answer.result.status, answer.replayed) == ("re_1", "pending", True)
    assert on.asked == ["refunds", "re_1"]


@pytest.mark.parametrize("gone", [(404, "resource_missing"), made("refund", "re_1", deleted=True)])
def test_what_was_done_before_and_is_gone_is_done_again(gone: Any) -> None:
    """Under the next generation."""
    on = Line(refunds=[(200, OLD, REPLAY), (200, NEW, {})], re_1=gone)
    answer = create(on)

    assert isinstance(answer, Done)
    assert (answer.result.id, keys(on)) == ("re_2", ["k:g0", "k:g1"])


def test_what_was_refused_before_is_asked_again() -> None:
    """It may be allowed by now; a refusal of now is the answer."""
    allowed = Line(refunds=[(400, "charge_disputed", REPLAY), (200, NEW, {})])
    refused = Line(refunds=[(400, "charge_disputed", REPLAY), (400, "charge_disputed", {})])

    assert isinstance(create(allowed), Done)
    assert create(refused) == Refused("charge_disputed", "No.", False)
    assert keys(refused) == ["k:g0", "k:g1"]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ((500, "", {}), Unknown(False, {})),
        ((500, "", REPLAY), Unknown(True, REPLAY)),
        ((409, "", {}), InFlight()),
        ((400, "idempotency_error", {}), KeyTaken()),
        ((400, "charge_disputed", {}), Refused("charge_disputed", "No.", False)),
    ],
    ids=["500", "a stored 500", "under way", "taken", "refused"],
)
def test_any_other_answer_ends_it(given: Any, answer: WriteOutcome[Any]) -> None:
    """Another generation could do it twice."""
    on = Line(refunds=given)

    assert create(on) == answer
    assert keys(on) == ["k:g0"]


def test_a_key_that_was_taken_leads_to_the_rival() -> None:
    """A rival is the answer where there is one; else the next generation is tried."""
    on = Line(refunds=(400, "idempotency_error"))
    rivals = [None, OLD]
    later = Line(refunds=(400, "idempotency_error"))

    assert create(on, lambda: OLD) == Done(OLD, replayed=True)
    assert create(later, lambda: rivals.pop(0)) == Done(OLD, replayed=True)
    assert (keys(on), keys(later)) == (["k:g0"], ["k:g0", "k:g1"])


def test_generations_come_to_an_end() -> None:
    """An object gone each time is unknown, a refusal each time refused, a key taken each time taken."""
    gone = Line(refunds=(200, OLD, REPLAY), re_1=(404, ""))
    refused = Line(refunds=(400, "x", REPLAY))
    taken = Line(refunds=(400, "idempotency_error"))

    assert create(gone) == Unknown(replayed=True)
    assert create(refused) == Refused("x", "No.", True)
    assert create(taken, lambda: None) == KeyTaken()
    assert len(keys(gone)) == len(keys(refused)) == len(keys(taken)) == GENERATIONS


# What is remembered.


def test_a_thousand_things_are_remembered_and_the_oldest_goes_first() -> None:
    """A value that was put in again counts as new."""
    memory: Cache[int] = Cache(lambda: 0.0)
    kept = 0
    while memory.get("0") is not None or kept == 0:
        memory.put(str(kept), kept)
        kept += 1
    room = kept - 1

    assert [memory.get(str(one)) for one in (0, 1, room)] == [None, 1, room]
    memory.put("1", 1)
    memory.put("new", 9)
    assert [memory.get(one) for one in ("1", "2", "3", "new")] == [1, None, 3, 9]


def test_what_is_dropped_is_forgotten_and_nothing_else() -> None:
    """Dropping what is not there is no error."""
    memory: Cache[int] = Cache(lambda: 0.0)
    memory.put("a", 1)
    memory.put("b", 2)
    memory.drop("a")
    memory.drop("a")

    assert (memory.get("a"), memory.get("b")) == (None, 2)
