"""The requests of the real service are those that the model allows, and changed ones are not."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.model import roots
from tests.model.acceptor import Acceptor
from tests.model.calls import Pair, of_replica, of_tape
from tests.model.mutants import is_rejected, mutants
from tests.model.search import Search
from tests.model.tapes import History, Tape

_SEEDS = (1, 2)


@pytest.fixture(scope="module")
def tapes() -> list[Tape]:
    """Some lives of some payments."""
    return [tape for seed in _SEEDS for tape in History(seed).run(40)]


def test_every_write_of_a_history_is_one_that_the_model_allows(tapes: list[Tape]) -> None:
    """Amount, payee, key, source, the look before it, and no answer before that forbids it."""
    accepted = sum(len(Acceptor.of(tape).accepted) for tape in tapes)

    assert accepted > 80


def test_every_changed_tape_is_rejected(tapes: list[Tape]) -> None:
    """Each kind of change occurs, and none passes."""
    passed, tried = [], Counter[str]()
    for tape in tapes:
        for name, mutant in mutants(tape, Acceptor.of(tape)):
            tried[name] += 1
            passed += [] if is_rejected(mutant) else [(name, mutant.requests[-1])]

    assert len(tried) == 7, tried
    assert min(tried.values()) > 5, tried
    assert not passed


def test_the_service_makes_its_calls_in_the_order_of_the_replica(tapes: list[Tape]) -> None:
    """Whatever follows what in a settle of the real service follows it in the replica too."""
    known: set[Pair] = set()
    for config in (root._replace(apart=True) for root in roots.SMALL):
        search = Search(config)
        search.run(8_000)
        known |= search.pairs
    seen = set[Pair]().union(*(of_tape(tape) for tape in tapes if tape.alone))

    assert len(seen) > 12
    assert seen <= of_replica(known), seen - of_replica(known)
