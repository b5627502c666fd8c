"""``python -m backend.sandbox --state FILE``: stopped, killed, and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.processes import ROOT

START = [sys.executable, "-m", "backend.sandbox", "--port", "0"]


class Process:
    """A sandbox in a process of its own, reached by the SDK."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.address = process.stdout.readline().split()[-1]
        # One try a call: after a kill nobody answers.
        self.v1 = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": self.address}).v1

    def end(self, by: signal.Signals) -> int:
        """Stop it with a signal; answers with the exit code."""
        self._process.send_signal(by)
        self._process.communicate(timeout=30)
        return self._process.returncode

    def save(self) -> bool:
        """Have it written now."""
        return bool(requests.post(f"{self.address}/_sandbox/save", json={}, timeout=10).json()["saved"])

    def state(self) -> Any:
        """Every object and balance, but for the time."""
        seen = requests.get(f"{self.address}/_sandbox/state", timeout=10).json()
        return {name: part for name, part in seen.items() if name != "now"}

    def pay(self, key: str) -> str:
        """One payment, under an idempotency key."""
        params: Any = {"amount": 4_725, "currency": "cad", "confirm": True, "payment_method": "pm_card_visa"}
        params["return_url"] = "http://shop.test/done"
        return self.v1.payment_intents.create(params, {"idempotency_key": key}).id

    def rest(self) -> None:
        """Let happen what happens within seconds of a payment; after that nothing does for days."""
        requests.post(f"{self.address}/_sandbox/clock", json={"advance": 60}, timeout=10)


@contextmanager
def running(state: Path, *words: str) -> Iterator[Process]:
    """A sandbox with this file, ended at the end of the block at the latest."""
    command = [*START, "--state", str(state), *words]
    with subprocess.Popen(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


def refused(*words: str) -> subprocess.CompletedProcess[str]:
    """A start that is refused."""
    environment = {"PYTHONPATH": str(ROOT)}
    return subprocess.run([*START, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda by: str(by.name))
def test_a_stop_saves_everything(tmp_path: Path, by: signal.Signals) -> None:
    """Without any save in between: the state after the start is that before the stop."""
    path = tmp_path / "state"
    with running(path, "--save-every", "3600") as first:
        first.pay("one")
        first.rest()
        before = first.state()
        assert first.end(by) == 0
    with running(path) as second:
        assert second.state() == before


def test_what_changes_is_saved_without_being_asked(tmp_path: Path) -> None:
    """Once the file has changed after a payment, a kill loses nothing of it."""
    path = tmp_path / "state"
    with running(path, "--save-every", "0.05") as first:
        started = path.read_bytes()
        payment = first.pay("one")
        waited = threading.Event()
        while path.read_bytes() == started or payment not in path.read_text(encoding="utf-8"):
            waited.wait(0.02)
        before = first.state()
        first.end(signal.SIGKILL)
    with running(path) as second:
        kept = second.state()
        assert kept["objects"]["payment_intents"] == before["objects"]["payment_intents"]


def test_a_kill_between_saves_takes_back_only_what_came_after_the_last(tmp_path: Path) -> None:
    """The state is the last save's, whole; the same call under the same key makes what was lost."""
    path = tmp_path / "state"
    with running(path, "--save-every", "3600") as first:
        kept = first.pay("one")
        first.rest()
        assert first.save()
        saved = first.state()
        first.pay("two")
        first.end(signal.SIGKILL)
    with running(path) as second:
        assert second.state() == saved
        assert second.pay("one") == kept
        second.pay("two")
        assert len(second.v1.charges.list().data) == 2


def test_a_kill_in_the_middle_of_saving_leaves_a_whole_state(tmp_path: Path) -> None:
    """Saved without a pause while it is paid from several sides, and killed again and again: each time the books are whole,
    and the calls that were under way do nothing twice.
    """
    path, payments = tmp_path / "state", 0
    for life in range(LIVES):
        with running(path, "--save-every", "0.001") as sandbox:
            books_are_whole(sandbox)
            stopped = threading.Event()
            payers = [threading.Thread(target=pay_on, args=(sandbox, f"{life}-{n}", stopped)) for n in range(SIDES)]
            for payer in payers:
                payer.start()
            assert stopped.wait(30)
            sandbox.end(signal.SIGKILL)
            for payer in payers:
                payer.join(30)
    with running(path) as last:
        for life in range(LIVES):
            for side in range(SIDES):
                for place in range(ENOUGH):
                    last.pay(f"{life}-{side}-{place}")
                    payments += 1
        books_are_whole(last)
        assert sum(1 for _ in last.v1.charges.list({"limit": 100}).auto_paging_iter()) == payments


# Of the sandbox that is killed: how often, who pays side by side, and how much each pays before.
LIVES, SIDES, ENOUGH = 2, 3, 4


def pay_on(sandbox: Process, name: str, stopped: threading.Event) -> None:
    """Pay until the line is dead; say so after enough."""
    for place in range(10_000):
        try:
            sandbox.pay(f"{name}-{place}" if place < ENOUGH else f"{name}-{ENOUGH - 1}")
        except stripe.APIConnectionError:
            return
        if place == ENOUGH:
            stopped.set()


def books_are_whole(sandbox: Process) -> None:
    """Each paid intent has its charge, each charge its line in the books, and the balance is their sum."""
    seen = sandbox.state()
    objects, platform = seen["objects"], seen["platform"]
    intents = objects["payment_intents"].get(platform, [])
    charges = {one["id"]: one for one in objects["charges"].get(platform, [])}
    entries = objects["balance_transactions"].get(platform, [])
    assert all(one["latest_charge"] in charges for one in intents if one["status"] == "succeeded")
    assert {one["source"] for one in entries} == set(charges)
    funds = seen["balances"][platform].get("cad", {"available": 0, "pending": 0})
    assert funds["available"] + funds["pending"] == sum(one["net"] for one in entries)


def test_a_damaged_file_is_a_sentence_and_no_start(tmp_path: Path) -> None:
    """Exit code 1, no traceback, and the file is as it was."""
    path = tmp_path / "state"
    path.write_text("a shopping list\n")
    done = refused("--state", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{path} is damaged, or is not the state of a sandbox.")
    assert "Traceback" not in done.stderr
    assert path.read_text() == "a shopping list\n"


def test_a_second_sandbox_is_kept_from_the_file(tmp_path: Path) -> None:
    """It says that the file is in use."""
    path = tmp_path / "state"
    with running(path):
        done = refused("--state", str(path))
    assert done.returncode == 1
    assert done.stderr == f"{path} is in use by another sandbox. Stop that one, or name another file.\n"


@pytest.mark.parametrize("given", ["0", "-1", "soon", "nan", "1e9"])
def test_a_pause_between_saves_that_is_none_is_refused(given: str) -> None:
    """With the usage, as for every option."""
    done = refused("--state", "state", "--save-every", given)
    assert done.returncode == 2
    assert "--save-every" in done.stderr
