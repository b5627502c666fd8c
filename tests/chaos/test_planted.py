"""Bugs planted where money is decided: the demo, the drills and chaos have to say that it does not add up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.planted import BUGS, CAUGHT, GREEN, NO_BUG, OUT_OF_TIME, Bug, NoSuchLine, copy_with, has_line, trial
from tests.processes import backend_process, command, free_port_pair

_FEE = "fee = _half_up(self.fraction.numerator * amount_minor, self.fraction.denominator)"
_MONEY = "backend/domain/money.py"
_SETTLEMENT = "backend/domain/settlement.py"

WRONG_MONEY = [
    Bug("no fee", _MONEY, _FEE, "fee = 0"),
    Bug(
        "the fee rounded down",
        _MONEY,
        _FEE,
        "fee = self.fraction.numerator * amount_minor // self.fraction.denominator",
    ),
    Bug(
        "a share of all that was captured",
        _SETTLEMENT,
        "return max(0, self.captured - self.refunded - self.disputed)",
        "return self.captured",
    ),
    Bug("nothing taken back", _SETTLEMENT, "if difference < 0:", "if difference < -(10**9):"),
    Bug("nobody paid", _SETTLEMENT, "if difference > 0:", "if difference > 10**9:"),
]
# Of these twelve players four ask for a refund, and two dispute.
SEED = "1707"
EACH = pytest.mark.parametrize("bug", WRONG_MONEY, ids=lambda bug: bug.name)
LOOP = Bug(
    "a loop without an end",
    _MONEY,
    "from fractions import Fraction\n",
    "from fractions import Fraction\n\nwhile True:\n    pass\n",
)
NOT_THERE = Bug("a line of yesterday", _MONEY, "fee = the_fee()", "fee = 0")


@EACH
def test_the_drills_find_wrong_money(bug: Bug, tmp_path: Path) -> None:
    """Exit code 1, and each value that is wrong beside the right one."""
    with copy_with(bug) as copy:
        words = ("-m", "flask", "drill", "--only", "refund_in_part")
        drill = command(sys.executable, *words, folder=tmp_path, PYTHONPATH=str(copy))

    assert drill.returncode == 1, drill.stdout + drill.stderr
    assert "This does not add up" in drill.stdout
    assert "but it should be" in drill.stdout


@EACH
def test_the_demo_finds_wrong_money(bug: Bug, tmp_path: Path) -> None:
    """Exit code 1, and each value that is wrong beside the right one."""
    port = free_port_pair()
    with copy_with(bug) as copy, backend_process(["-m", "backend"], port, tmp_path / "log", PYTHONPATH=str(copy)):
        words = ("-m", "flask", "demo", "--wait", "2")
        demo = command(sys.executable, *words, folder=tmp_path, PORT=str(port), PYTHONPATH=str(copy))

    assert demo.returncode == 1, demo.stdout + demo.stderr
    assert "This does not add up" in demo.stdout
    assert "but it should be" in demo.stdout


@EACH
def test_chaos_finds_wrong_money(bug: Bug) -> None:
    """Exit code 1, and each payment whose money is wrong."""
    with copy_with(bug) as copy:
        words = ("-m", "tests.chaos.chaos", "-n", "12", "--seed", SEED)
        chaos = command(sys.executable, *words, folder=copy, PYTHONPATH=str(copy))

    assert chaos.returncode == 1, chaos.stdout + chaos.stderr
    assert "This does not add up" in chaos.stderr


@pytest.mark.parametrize("bug", [*BUGS, NO_BUG], ids=lambda bug: bug.name)
def test_the_line_that_a_bug_changes_is_there(bug: Bug) -> None:
    """A bug that can no longer be planted proves nothing."""
    assert has_line(bug), f"{bug.path} no longer has {bug.right!r}"


def test_a_bug_without_its_line_fails_by_name() -> None:
    """It is never taken for one that was caught."""
    with pytest.raises(NoSuchLine, match="a line of yesterday"):
        trial(NOT_THERE, [])


@pytest.mark.parametrize(
    ("bug", "limit", "result"),
    [(NO_BUG, 60, GREEN), (WRONG_MONEY[1], 60, CAUGHT), (LOOP, 3, OUT_OF_TIME)],
    ids=["no bug", "a bug", "a loop"],
)
def test_a_trial_tells_red_from_green_and_ends_in_time(bug: Bug, limit: float, result: str) -> None:
    """The loop ends with its limit, and counts as missed."""
    tried = trial(bug, ["tests/unit/test_money.py"], limit)

    assert tried.result == result
    assert tried.seconds < limit + 20
