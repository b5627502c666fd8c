"""The sandbox's own page: what stands in it is executed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.sandbox.__main__ import parser
from tests.processes import ROOT, command
from tests.programs import NODE

README = (ROOT / "backend/sandbox/README.md").read_text()
PYTHON, IN_A_TEST = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
(IN_NODE,) = re.findall(r"```js\n(.*?)```", README, re.DOTALL)
START, TOUR, WEBHOOKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
ADDRESS = "http://127.0.0.1:3002"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a sandbox that was started as the page says, on another port."""
    words = shlex.split(START.replace("3002", "0"))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, *words[1:]], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def test_the_python_example_pays(address: str, tmp_path: Path) -> None:
    """As it stands, but for the port."""
    (tmp_path / "pay.py").write_text(PYTHON.replace(ADDRESS, address))

    done = command(sys.executable, "pay.py", folder=tmp_path)

    assert (done.stdout, done.stderr) == ("succeeded\n", "")


@pytest.mark.needs(NODE)
def test_the_node_example_pays(address: str, tmp_path: Path) -> None:
    """As it stands, but for the port, with the SDK from npm."""
    (tmp_path / "pay.mjs").write_text(IN_NODE.replace("3002", _port(address)))
    (tmp_path / "node_modules").symlink_to(ROOT / "tests/node/node_modules")

    done = command("node", "pay.mjs", folder=tmp_path)

    assert (done.stdout, done.stderr) == ("succeeded\n", "")


def test_the_example_of_a_test_runs(tmp_path: Path) -> None:
    """It needs no server but its own."""
    (tmp_path / "test.py").write_text(IN_A_TEST)

    done = command(sys.executable, "test.py", folder=tmp_path)

    assert done.stderr == ""
    assert done.stdout == "1 customer, though the first answer was lost\n0 webhooks delivered\n"


def test_the_tour_goes_as_it_says(address: str, tmp_path: Path) -> None:
    """Every call is answered, and the money is where the comments say."""
    done = command("bash", "-ec", TOUR.replace(ADDRESS, address), folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert '"available":[{"amount":4252,"currency":"cad"' in done.stdout
    assert re.search(r'"object":"payout","amount":4252,.*"status":"paid"', done.stdout)
    assert '"status": "won"' in done.stdout
    assert '"reset": true' in done.stdout


def test_every_option_is_in_the_table_and_every_command_is_understood() -> None:
    """The table and the parser are the same."""
    options = {option for action in parser()._actions for option in action.option_strings} - {"-h", "--help"}

    assert set(re.findall(r"`(--[a-z-]+)`", README)) == options
    assert parser().parse_args(shlex.split(WEBHOOKS)[3:]).webhook == "http://127.0.0.1:3001/webhooks"


def test_its_links_lead_somewhere() -> None:
    """Files, and a heading of the coverage page."""
    for target in re.findall(r"\]\(([^)]+)\)", README):
        name, _, heading = target.partition("#")
        text = (ROOT / "backend/sandbox" / name).read_text()
        assert f"\n## {heading.replace('-', ' ')}\n".lower() in text.lower() or not heading
