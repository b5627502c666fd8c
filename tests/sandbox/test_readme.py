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
PYTHON_CONTAINER, PYTHON, IN_A_TEST = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
NODE_CONTAINER, IN_NODE = re.findall(r"```js\n(.*?)```", README, re.DOTALL)
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


STAND_IN_PYTHON = """
import shlex, subprocess, sys


class DockerContainer:
    def __init__(self, image):
        assert image == "stripe-sandbox"
        self.words = [sys.executable, "-m", "backend.sandbox"]

    def with_bind_ports(self, container, host):
        assert container == 12111
        self.words += ["--port", str(host)]
        return self

    def with_command(self, words):
        self.words += shlex.split(words)
        return self

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
"""
STAND_IN_NODE = """
import { spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";

export const Wait = { forHttp: (path, port) => ({ path, port }) };

export class GenericContainer {
  words = ["-m", "backend.sandbox"];
  constructor(image) { if (image !== "stripe-sandbox") throw new Error(image); }
  withExposedPorts({ container, host }) {
    if (container !== 12111) throw new Error(container);
    this.port = host;
    this.words.push("--port", String(host));
    return this;
  }
  withCommand(words) { this.words.push(...words); return this; }
  withWaitStrategy({ path, port }) { if (port !== 12111) throw new Error(port); this.path = path; return this; }
  async start() {
    const process_ = spawn(process.env.PYTHON, this.words, { stdio: "ignore" });
    const answers = () => fetch(`http://localhost:${this.port}${this.path}`).then((answer) => answer.ok, () => false);
    while (!(await answers())) await setTimeout(50);
    return { stop: async () => process_.kill() };
  }
}
"""


def test_the_python_example_of_a_container_goes_as_it_stands(tmp_path: Path) -> None:
    """With a process in the place of the container."""
    package = tmp_path / "testcontainers/core"
    package.mkdir(parents=True)
    (package / "container.py").write_text(STAND_IN_PYTHON)
    (tmp_path / "test.py").write_text(PYTHON_CONTAINER)

    done = command(sys.executable, "test.py", folder=tmp_path)

    assert (done.stdout, done.stderr) == ("balance\n", "")


@pytest.mark.needs(NODE)
def test_the_node_example_of_a_container_goes_as_it_stands(tmp_path: Path) -> None:
    """With a process in the place of the container."""
    package = tmp_path / "node_modules/testcontainers"
    package.mkdir(parents=True)
    (package / "index.mjs").write_text(STAND_IN_NODE)
    (package / "package.json").write_text('{"name": "testcontainers", "exports": "./index.mjs"}')
    (tmp_path / "node_modules/stripe").symlink_to(ROOT / "tests/node/node_modules/stripe")
    (tmp_path / "test.mjs").write_text(NODE_CONTAINER)

    done = command("env", f"PYTHON={sys.executable}", "node", "test.mjs", folder=tmp_path)

    assert (done.stdout, done.stderr) == ("balance\n", "")


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
