"""A small run of chaos, so that it cannot rot."""

from __future__ import annotations

from tests.chaos.chaos import run

SEED = 20261123


def test_every_cent_is_accounted_for_after_chaos() -> None:
    """Forty payments, two instances, one of them killed twice while a transfer is under way."""
    report = run(40, SEED)

    assert report.payments >= 30, report
    assert report.transfers >= report.payments - report.disputes, report
    assert report.faults > 0, report
    assert report.kills > 0, report
