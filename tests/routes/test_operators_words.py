"""The words of commands for their operator: ids that are none, a Stripe that is silent or gone, and their ``--help``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Marketplace
from tests.processes import command, free_port_pair, sandbox_server
from tests.routes.test_commands import run

PAYMENT, ACCOUNT = "pi_3PxNobody00000001", "acct_1PxNobody00000001"
TAKES_A_PAYMENT: list[list[str]] = [["ledger"], ["settle"], ["reconcile"], ["why"]]
# Each command that asks Stripe, with words that it understands.
ASKING: list[list[str]] = [
    ["ledger", PAYMENT],
    ["settle", PAYMENT],
    ["why", PAYMENT],
    ["doctor"],
    ["coaches", "adopt"],
    ["coaches", "rebind", "coach-7", "--to", ACCOUNT, "--why", "moved"],
    ["webhooks", "sync", "https://api.example.com", "--dry-run"],
    ["reconcile", PAYMENT],
    ["statement", "--month", "2026-11"],
]
EVERY = ["coaches adopt", "coaches rebind", "demo", "doctor", "drill", "ledger", "reconcile", "settle",
         "statement", "webhooks sync", "why"]  # fmt: skip
PLAYERS_WORDS = ("contact support", "people are paying", "Payments are not available", "Traceback")


@pytest.mark.parametrize("words", TAKES_A_PAYMENT, ids=" ".join)
@pytest.mark.parametrize("given", ["pi_", "pi_1", "pi_3Px-Example-0000001", "pi_" + "a" * 65])
def test_what_cannot_be_an_id_is_said_to_be_none(market: Marketplace, words: list[str], given: str) -> None:
    """An id's look is shown, Stripe is not asked, and the exit code is that of misuse."""
    market.sandbox.requests.clear()
    code, told = run(market, *words, given)
    assert code == 2
    assert "is not a payment's id: those look like pi_3PxExample0000001." in " ".join(told.split())
    assert "no such payment" not in told
    assert not market.sandbox.requests


@pytest.mark.parametrize("words", TAKES_A_PAYMENT[:-1], ids=" ".join)
@pytest.mark.parametrize(
    ("given", "kind"),
    [("ch_3PxExample0000001", "a charge"), ("re_3PxExample0000001", "a refund"), (ACCOUNT, "an account")],
)
def test_an_id_of_another_kind_is_named_with_the_command_that_takes_it(
    market: Marketplace, words: list[str], given: str, kind: str
) -> None:
    """``flask why`` finds the payment by it."""
    code, told = run(market, *words, given)
    assert code == 2
    assert f"it is that of {kind}. The payment is found by: flask why {given}" in " ".join(told.split())


@pytest.mark.parametrize(
    "words",
    [["settle", PAYMENT, "--release", "dana"], ["coaches", "rebind", "coach-7", "--to", "dana", "--why", "moved"]],
    ids=lambda words: words[0],
)
def test_what_cannot_be_an_account_is_said_to_be_none(market: Marketplace, words: list[str]) -> None:
    """The same for accounts."""
    code, told = run(market, *words)
    assert code == 2
    assert "'dana' is not an account's id: those look like acct_1PxExample0001." in " ".join(told.split())


def test_an_id_that_stripe_does_not_know_is_another_matter(market: Marketplace) -> None:
    """The operator is told where else it may be."""
    code, told = run(market, "ledger", PAYMENT)
    assert code == 1
    assert "no such payment" in told
    assert "the other mode (test or live)" in told


@pytest.mark.parametrize(("path", "look"), [("payments/intent/pi_1", "pi_3Px"), ("connect/account/dana", "acct_1Px")])
def test_the_routes_say_the_look_of_an_id_too(market: Marketplace, path: str, look: str) -> None:
    """Status and ``error`` are those of the contract."""
    answer = market.http.get(f"/api/{path}")
    assert (answer.status_code, answer.json["error"]) == (404, "Not found")
    assert f"those look like {look}" in answer.json["message"]


@pytest.mark.parametrize("words", ASKING, ids=lambda words: " ".join(words[:2]))
def test_a_silent_stripe_is_given_up_and_asked_only_once(tmp_path: Path, words: list[str]) -> None:
    """Each call is waited for no longer than ``--timeout``, none is repeated, and the exit code is not 0."""
    with sandbox_server() as sandbox:
        sandbox.faults.add(match={"path": "/v1/"}, effect={"delay": 60})
        told = command(sys.executable, "-m", "flask", *words, "--timeout", "0.3", folder=tmp_path,
                       STRIPE_API_BASE=sandbox.base_url)  # fmt: skip
        asked = [(call.method, call.path, str(call.params)) for call in sandbox.requests]
        sandbox.faults.clear()
    said = told.stdout + told.stderr
    assert told.returncode == 1, said
    assert len(asked) == len(set(asked)) > 0
    assert not [word for word in PLAYERS_WORDS if word in said], said


def test_a_silent_stripe_is_named_with_the_way_to_wait_longer(tmp_path: Path) -> None:
    """The sentence says how long was waited, what to do, and where Stripe tells how it is."""
    with sandbox_server() as sandbox:
        sandbox.faults.add(match={"path": "/v1/"}, effect={"delay": 60})
        told = command(sys.executable, "-m", "flask", "ledger", PAYMENT, "--timeout", "0.3", folder=tmp_path,
                       STRIPE_API_BASE=sandbox.base_url)  # fmt: skip
        sandbox.faults.clear()
    assert told.stderr == (
        "Error: Stripe has not answered within 0.3 seconds. Run this again in a minute, or wait longer with "
        "--timeout 30. Is it down? https://status.stripe.com\n"
    )


@pytest.mark.parametrize("words", ASKING[:3], ids=lambda words: words[0])
def test_a_sandbox_that_is_not_running_is_named_with_the_command_that_starts_it(
    tmp_path: Path, words: list[str]
) -> None:
    """A newcomer has forgotten ``make run``."""
    told = command(sys.executable, "-m", "flask", *words, folder=tmp_path, PORT=str(free_port_pair()))
    assert told.returncode == 1
    assert "The bundled sandbox does not answer at http://127.0.0.1:" in told.stderr
    assert "Start it in another terminal: make run" in told.stderr
    assert "If that runs on another port, name the same here: PORT=" in told.stderr


@pytest.mark.parametrize("name", EVERY)
def test_every_help_has_an_example_and_the_exit_codes(market: Marketplace, name: str) -> None:
    """The example begins with the command's own words, and each option has a sentence."""
    code, told = run(market, *name.split(), "--help")
    assert code == 0
    assert re.search(rf"^  flask {name}\b", told, re.MULTILINE), told
    assert "xit code" in told
    options = re.split(r"\n(?=  -)", told.split("Options:\n")[1])
    assert all(re.search(r"\S {2,}\S|\n {10,}\S", option.strip("\n")) for option in options), options


def test_every_command_that_asks_stripe_can_be_told_to_wait_longer(market: Marketplace) -> None:
    """The default stands in the help: five seconds an answer."""
    for words in ASKING:
        name = [word for word in words[:2] if re.fullmatch(r"[a-z]+", word)]
        told: Any = run(market, *name, "--help")[1]
        assert "--timeout SECONDS" in told
        assert "5.0" in told
