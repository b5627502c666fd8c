"""The first look of a newcomer: the words of the development server, and the list of commands."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import requests

from tests.processes import backend_process, command, free_port_pair

OURS = {
    "coaches",
    "demo",
    "doctor",
    "drill",
    "ledger",
    "reconcile",
    "release",
    "settle",
    "statement",
    "webhooks",
    "why",
}


def test_the_banner_names_what_is_there_and_nothing_that_is_not(tmp_path: Path) -> None:
    """Every address that it gives for a look answers, and the next command works as it stands."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        told = (tmp_path / "log").read_text()
        looks = re.findall(rf"http://localhost:{port}(/\S*)?", told.split("Webhooks")[0])
        answers = {look: requests.get(f"http://127.0.0.1:{port}{look}", timeout=30).status_code for look in looks}

    assert set(looks) >= {"", "/money", "/docs"}
    assert answers == dict.fromkeys(looks, 200)
    assert f"  PORT={port} make demo " in told
    assert "forgets" in told


@pytest.mark.parametrize("written", ["PORT={port}\n", 'PORT="{port}"\n'])
def test_a_port_that_stands_in_the_file_needs_no_word(tmp_path: Path, written: str) -> None:
    """`make demo` reads it there too."""
    port = free_port_pair()
    (tmp_path / ".env").write_text(written.format(port=port))
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        told = (tmp_path / "log").read_text()

    assert "  make demo " in told


def test_the_demo_goes_where_the_banner_sends_it(tmp_path: Path) -> None:
    """With the port before it."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        played = command(sys.executable, "-m", "flask", "demo", folder=tmp_path, PORT=str(port))

    assert played.returncode == 0, played.stdout + played.stderr


def test_help_lists_the_commands_that_are_ours(tmp_path: Path) -> None:
    """Those of Flask and its extensions still work, and are no news to whoever needs them."""
    told = command(sys.executable, "-m", "flask", "--help", folder=tmp_path)
    listed = set(re.findall(r"^  ([a-z]+) {2,}\S", told.stdout.split("Commands:")[1], re.MULTILINE))
    routes = command(sys.executable, "-m", "flask", "routes", folder=tmp_path)

    assert listed == OURS
    assert routes.returncode == 0
    assert "payments.confirm" in routes.stdout


def test_a_restart_forgets_nothing_if_the_sandbox_is_given_a_file(tmp_path: Path) -> None:
    """A demo is played, the server is stopped, and the next one tells where every cent of it is; the banner says so."""
    port, state = free_port_pair(), tmp_path / "sandbox.json"
    setting = {"SANDBOX_STATE": str(state)}
    with backend_process(["-m", "backend"], port, tmp_path / "first", **setting):
        played = command(sys.executable, "-m", "flask", "demo", folder=tmp_path, PORT=str(port))
        payment = re.findall(r"\bpi_\w+", played.stdout)[0]
    with backend_process(["-m", "backend"], port, tmp_path / "second", **setting):
        told = command(sys.executable, "-m", "flask", "ledger", payment, folder=tmp_path, PORT=str(port))
        again = command(sys.executable, "-m", "flask", "demo", folder=tmp_path, PORT=str(port))

    assert (told.returncode, "It balances." in told.stdout) == (0, True), told.stdout + told.stderr
    assert again.returncode == 0, again.stdout
    assert f"everything is kept in {state}" in (tmp_path / "second").read_text()
    assert "a restart forgets" not in (tmp_path / "second").read_text()


def test_a_damaged_file_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    """The setting is named, and the file stays as it is."""
    state = tmp_path / "sandbox.json"
    state.write_text("eggs\n")
    port = str(free_port_pair())
    told = command(sys.executable, "-m", "backend", folder=tmp_path, PORT=port, SANDBOX_STATE=str(state))
    assert told.returncode == 1
    assert told.stderr.startswith(f"SANDBOX_STATE: {state} is damaged")
    assert "Traceback" not in told.stderr
    assert state.read_text() == "eggs\n"
