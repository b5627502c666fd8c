"""The report of a sweep on the money that waits, as JSON and as a text file for Prometheus."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import Marketplace
from tests.processes import ROOT, sandbox_server
from tests.routes.test_commands import run

HOUR = 3_600


def samples(path: Path) -> dict[tuple[str, str], float]:
    """Every sample, by name and reason."""
    return {
        (sample.name, sample.labels.get("reason", "")): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


@pytest.fixture
def waiting(market: Marketplace) -> Marketplace:
    """Two payments that wait for a coach, one of them for two hours, and a clawback of nine dollars."""
    market.ready_coach()
    refunded = market.paid()
    market.deliver()
    market.clock.advance(7 * 24 * HOUR)
    market.refund(refunded, amount=1000)
    market.deliver()
    market.paid("coach-2")
    market.deliver()
    market.clock.advance(2 * HOUR)
    market.paid("coach-2")
    market.deliver()
    return market


def test_the_report_says_how_much_waits_why_and_for_how_long(waiting: Marketplace) -> None:
    """By reason and currency, in minor units."""
    report = json.loads(run(waiting, "reconcile", "--json", "--rate", "1000")[1])

    by_reason = {group["reason"]: group for group in report["waiting"]}
    assert by_reason["no_account"] == {
        "reason": "no_account",
        "currency": "cad",
        "payments": 2,
        "held": 8504,
        "clawback": 0,
        "oldest_seconds": 2 * HOUR,
    }
    assert (by_reason["clawback_pending"]["clawback"], by_reason["clawback_pending"]["held"]) == (900, 0)


def test_a_node_exporter_reads_the_same(waiting: Marketplace, tmp_path: Path) -> None:
    """And when the sweep ended, so that one that has stopped is noticed."""
    path = tmp_path / "payments.prom"

    assert run(waiting, "reconcile", "--rate", "1000", "--metrics-file", str(path))[0] == 0

    read = samples(path)
    assert read["payments_held_cents", "no_account"] == 8504
    assert read["payments_waiting", "no_account"] == 2
    assert read["payments_oldest_hold_seconds", "no_account"] == 2 * HOUR
    assert read["payments_clawback_pending_cents", "clawback_pending"] == 900
    assert read["payments_sweep_finished_seconds", ""] == waiting.clock.now()
    assert read["payments_sweep_looked_at", ""] == 3
    assert read["payments_sweep_failed", ""] == 0
    assert [one.name for one in tmp_path.iterdir()] == ["payments.prom"]


def test_what_no_longer_waits_is_gone_from_the_file(waiting: Marketplace, tmp_path: Path) -> None:
    """The coach came; the share that the sweep sent is in it."""
    path = tmp_path / "payments.prom"
    run(waiting, "reconcile", "--rate", "1000", "--metrics-file", str(path))
    account = waiting.register("coach-2")
    waiting.onboard(account)
    run(waiting, "reconcile", "--rate", "1000", "--metrics-file", str(path))

    read = samples(path)
    assert ("payments_held_cents", "no_account") not in read
    assert read["payments_sweep_moved_cents", ""] == 8504


@pytest.mark.parametrize("words", [["--dry-run"], ["pi_000000000000000000"]])
def test_a_part_of_the_truth_overwrites_nothing(market: Marketplace, tmp_path: Path, words: list[str]) -> None:
    """Only a whole sweep knows what waits."""
    path = tmp_path / "payments.prom"
    run(market, "reconcile", *words, "--rate", "1000", "--metrics-file", str(path))

    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_ends_when_it_is_told_to(tmp_path: Path, number: signal.Signals) -> None:
    """After the sweep at hand, at once, with exit code 0."""
    with sandbox_server() as sandbox:
        environment = {"PYTHONPATH": str(ROOT), "FLASK_APP": "backend.server", "STRIPE_API_BASE": sandbox.base_url}
        service = subprocess.Popen(
            [sys.executable, "-m", "flask", "reconcile", "--every", "1h", "--json"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert service.stdout is not None
        assert json.loads(service.stdout.readline())["payments"] == []
        service.send_signal(number)

        assert service.wait(30) == 0
        service.stdout.close()
