"""The tables and the plot say what was measured."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.bench.load import Loaded
from tests.bench.overload import Offered
from tests.bench.report import Measured, plot, tables
from tests.bench.rounds import Plan, Round


def _round(server: str, answers: int, not_ok: int = 0, done: int | None = None) -> Round:
    loaded = Loaded(10.0, answers, not_ok, errors=0, timeouts=0, p50=105.0, p99=120.0, cpu=0.1)
    counts = {"total": 2_000, "unknown": {}, "calls": {}, "refused": 0}
    worked = answers - not_ok if done is None else done
    return Round(server, "purchases", 64, loaded, worked, counts, server_cpu=2.0, upstream_cpu=0.1, elsewhere=0.0)


ROUNDS = [
    *[_round("ours", answers) for answers in (500, 1_000, 9_000)],
    _round("express", 2_000),
    _round("fastify", 4_000),
]


def test_the_table_has_the_median_and_its_ratios() -> None:
    """One round that was lucky moves nothing."""
    text = tables(Measured(Plan(("purchases",), (64,), 3, 10, 50), ROUNDS))

    assert "| 64 | this backend | 100 | 0.50 | 0.25 | 105 | 120 | 0.0% | 2.00 |" in text
    assert "| 64 | Fastify | 400 | 2.00 | 1.00 |" in text


def test_only_work_that_was_done_and_answered_counts() -> None:
    """Neither an answer without an intent nor an intent without an answer is a purchase."""
    assert _round("ours", 1_000, not_ok=400).goodput == 60.0
    assert _round("ours", 1_000, done=300).goodput == 30.0
    assert _round("ours", 1_000, not_ok=400, done=900).goodput == 60.0


def test_the_plot_is_an_image_with_a_bar_for_each_server() -> None:
    """Each bar is labelled with its multiple of Express."""
    drawn = ElementTree.fromstring(plot(ROUNDS))

    labels = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"0.50", "1.00", "2.00"} <= set(labels)


def _offered(served: int, refused: int, cpu: float) -> Offered:
    told = {
        name: {"count": count, "p50": 1.0, "p99": 2.0} for name, count in (("served", served), ("refused", refused))
    }
    return Offered("10 of the capacity", 1_000, 5, told | {"health": told["served"], "failed": 0}, cpu, served_ms=2.0)


def test_a_refusal_costs_what_serving_does_not_explain() -> None:
    """The processor's time beyond that of what was served, for each refusal; nothing where none was refused."""
    assert _offered(served=1_000, refused=4_000, cpu=4.0).refusal_ms == 0.5
    assert _offered(served=1_000, refused=4_000, cpu=1.9).refusal_ms == 0.0
    assert _offered(served=1_000, refused=0, cpu=4.0).refusal_ms is None


def test_every_row_has_as_many_cells_as_its_head() -> None:
    """A missing cell would move the others to the left."""
    alone = [_round("ours", 40), _round("express", 40)]
    every = Measured(Plan(("purchases",), (64,), 3, 10, 50), ROUNDS, True, alone, alone, alone, [_offered(10, 5, 0.1)])
    every.cold_start, every.memory = {"ours": 1.0}, {"ours": [50.0, 51.0]}

    blocks = [block for block in tables(every).split("\n\n") if block.startswith("|")]
    assert len(blocks) == 6
    for block in blocks:
        assert len({line.count("|") for line in block.splitlines()}) == 1, block
