"""The commands: what a person or a cron job asks of the money."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from backend.config.settings import DEFAULT_CATALOGUE
from tests.builders import Marketplace
from tests.processes import backend_process, command, free_port_pair


def run(market: Marketplace, *words: str) -> tuple[int, str]:
    """A flask command's exit code and output."""
    result = market.app.test_cli_runner().invoke(args=list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "command", ["demo", "drill", "settle", "ledger", "why", "reconcile", "coaches", "doctor", "webhooks"]
)
def test_every_command_explains_itself(market: Marketplace, command: str) -> None:
    """``--help`` teaches."""
    code, output = run(market, command, "--help")

    assert code == 0
    assert len(output.splitlines()) > 6


def test_the_ledger_shows_every_cent(market: Marketplace) -> None:
    """And that it balances."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund(payment, amount=2000)

    code, output = run(market, "ledger", payment)

    assert code == 0
    for line in ("charged", "47.25 CAD", "20.00 CAD", "27.25 CAD", "24.52 CAD", "It balances."):
        assert line in output


def test_the_ledger_of_what_waits_says_why(market: Marketplace) -> None:
    """With an exit code for scripts."""
    payment = market.paid()
    market.deliver()

    code, output = run(market, "ledger", payment, "--json")

    books = json.loads(output)
    assert code == 3
    assert (books["due"], books["held"], books["owed"], books["balances"]) == (4252, 0, 4252, False)
    assert books["note"].startswith("held:no_account:")


def test_the_ledger_of_nothing_is_an_error(market: Marketplace) -> None:
    """One sentence, and where else it may be."""
    told = "Error: There is no such payment. Is it of another Stripe account, or of the other mode (test or live) than "
    assert run(market, "ledger", "pi_000000000000000000000000") == (1, f"{told}STRIPE_SECRET_KEY?\n")


def test_reconcile_mends_what_no_event_came_for(market: Marketplace) -> None:
    """Webhooks were never delivered; a second run changes nothing."""
    market.ready_coach()
    payments = {market.paid() for _ in range(3)}

    code, output = run(market, "reconcile", "--json", "--rate", "1000")

    report = json.loads(output)
    assert code == 0
    assert {(p["payment"], p["state"], p["moved"]) for p in report["payments"]} == {
        (p, "settled", 4252) for p in payments
    }
    market.forget_calls()
    assert json.loads(run(market, "reconcile", "--json", "--rate", "1000")[1])["payments"] == []
    assert {call.split()[0] for call in market.calls()} == {"GET"}


def test_a_dry_run_only_says_what_is_owed(market: Marketplace) -> None:
    """Exit code 3, and no write."""
    market.ready_coach()
    payment = market.paid()
    market.forget_calls()

    code, output = run(market, "reconcile", "--dry-run", "--rate", "1000")

    assert code == 3
    assert f"{payment}  owed" in output
    assert "42.52 CAD" in output
    assert {call.split()[0] for call in market.calls()} == {"GET"}


def test_reconcile_costs_few_calls_for_what_balances(market: Marketplace) -> None:
    """Eleven calls for 100 balanced payments, one of them for how long shares are kept."""
    market.ready_coach()
    for _ in range(100):
        market.paid()
    market.deliver()
    market.forget_calls()

    report = json.loads(run(market, "reconcile", "--json", "--rate", "1000")[1])

    assert (report["looked_at"], report["payments"]) == (100, [])
    assert len(market.calls()) <= 11


def test_reconcile_tells_the_host_app(market: Marketplace) -> None:
    """A session whose event was never generated opens all the same."""
    from backend.webhooks import signals

    told = []

    def hear(_sender: object, **facts: object) -> None:
        told.append(facts["id"])

    payment = market.paid()
    with signals.session_opened.connected_to(hear):
        run(market, "reconcile", "--rate", "1000")

    assert told == [f"session_{payment[3:]}"]


def test_reconcile_restores_a_lost_registry_entry(market: Marketplace) -> None:
    """The account itself says whose it is."""
    account = market.ready_coach()
    key = market.stripe.v1.products.list({"limit": 1, "active": False}).data[0].id
    market.stripe.v1.products.delete(key)

    report = json.loads(run(market, "reconcile", "--json", "--rate", "1000")[1])

    assert report["coaches_restored"] == ["coach-1"]
    assert market.stripe.v1.products.retrieve(key).metadata["account"] == account


def test_reconcile_adopts_payments_of_the_node_backend_when_asked(market: Marketplace) -> None:
    """Not otherwise."""
    market.ready_coach()
    payment = market.node_payment()

    without = json.loads(run(market, "reconcile", "--json", "--rate", "1000")[1])
    adopted = json.loads(run(market, "reconcile", "--json", "--adopt", "--rate", "1000")[1])

    assert without["payments"] == []
    assert [(p["payment"], p["moved"]) for p in adopted["payments"]] == [(payment, 4252)]


def test_a_payment_that_cannot_be_finished_does_not_stop_the_rest(market: Marketplace) -> None:
    """Exit code 1: run it again."""
    market.ready_coach()
    first, second = market.paid(), market.paid()
    market.fault("POST", "/v1/transfers", "before", "rate_limit")

    code, output = run(market, "reconcile", "--json", "--rate", "1000")

    states = {p["payment"]: p["state"] for p in json.loads(output)["payments"]}
    assert code == 1
    assert sorted(states.values()) == ["failed", "settled"]
    assert set(states) == {first, second}


def test_a_payment_can_be_left_to_a_person_and_taken_back(market: Marketplace) -> None:
    """``--manual``, then ``--auto``."""
    market.ready_coach()
    payment = market.paid()

    run(market, "settle", payment, "--manual")
    market.deliver()
    left_alone = market.held(payment)
    code, output = run(market, "settle", payment, "--auto")

    assert (left_alone, market.held(payment), code) == (0, 4252, 0)
    assert "It balances." in output


@pytest.mark.parametrize(
    "words", [["reconcile", "--since", "3"], ["reconcile", "--since", "0d"], ["settle", "pi_1", "--manual", "--auto"]]
)
def test_misuse_is_explained(market: Marketplace, words: list[str]) -> None:
    """Exit code 2, as commands do."""
    code, output = run(market, *words)

    assert code == 2
    assert "Error:" in output


def test_the_demo_sells_nothing_that_the_catalogue_file_does_not_have(market: Marketplace) -> None:
    """It says so before a coach is registered."""
    assert run(market, "demo", "--package", "9") == (1, "Error: catalogue.toml has no badminton package 9.\n")
    assert market.calls() == []


def test_the_demo_names_each_value_that_differs_from_the_configuration(tmp_path: Path) -> None:
    """Against a backend with other prices, clips, days and another percentage: everything but the currency is wrong."""
    other = tmp_path / "other.toml"
    text = DEFAULT_CATALOGUE.read_text()
    other.write_text(
        text.replace("1 = 4725", "1 = 4726").replace("1 = { clips = 5, days = 3 }", "1 = { clips = 6, days = 4 }")
    )
    port = free_port_pair()
    variables = {"CATALOGUE_PATH": str(other), "PLATFORM_FEE_PERCENTAGE": "20"}
    with backend_process(["-m", "backend"], port, tmp_path / "log", **variables):
        demo = command(sys.executable, "-m", "flask", "demo", "--wait", "5", folder=tmp_path, PORT=str(port))

    wrong = {line.strip().partition("  ")[0] for line in demo.stdout.splitlines() if "but it should be" in line}
    assert demo.returncode == 1, demo.stdout + demo.stderr
    assert wrong == {
        *("price shown", "fee shown", "share shown", "clips", "lasts"),
        *("price", "coach has", "platform keeps", "balance shown", "platform's net", "adds up to"),
    }


def test_a_drill_can_be_run_alone(tmp_path: Path) -> None:
    """It says how much it compared."""
    drill = command(sys.executable, "-m", "flask", "drill", "--only", "refund_in_flight", folder=tmp_path)

    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert "8 values were compared" in drill.stdout


def test_a_drill_sells_what_is_configured(tmp_path: Path) -> None:
    """The first package there is, in the catalogue's currency, at the configured percentage."""
    catalogue = tmp_path / "chess.toml"
    catalogue.write_text('currency = "jpy"\n[packages]\n7 = { clips = 5, days = 3 }\n[prices.Chess]\n7 = 4725\n')
    variables = {"CATALOGUE_PATH": str(catalogue), "PLATFORM_FEE_PERCENTAGE": "12.5"}
    words = ("-m", "flask", "drill", "--only", "refund_in_part")
    drill = command(sys.executable, *words, folder=tmp_path, **variables)

    assert drill.returncode == 0, drill.stdout + drill.stderr
