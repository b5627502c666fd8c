"""The tables and the plot say what was measured."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.bench.load import Loaded
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
