"""A small run of tests/chaos, with accounts of v2 and thin events."""

from __future__ import annotations

from tests.chaos.chaos import run
from tests.chaos.test_chaos import SEED


def test_every_cent_is_accounted_for_after_chaos() -> None:
    """Fifteen payments, two instances, one of them killed twice while a transfer is under way."""
    report = run(15, SEED, thin=True, accounts="v2")

    assert report.payments >= 10, report
    assert report.transfers >= report.payments - report.disputes, report
    assert report.faults > 0, report
    assert report.kills > 0, report
