"""Logs: one line an event, and nothing secret or personal in it."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from backend.logs import configure_logs

CANARIES = {
    "key": "sk_test_canary123",
    "webhook": "whsec_canary123",
    "client": "pi_3Canary_secret_abc123",
    "mail": "pat.canary@example.com",
    "card": "4242 4242 4242 4242",
    "jwt": "eyJhbGciOi.eyJjYW5hcnki.c2lnbmF0dXJl",
}


@pytest.mark.parametrize("json_lines", [True, False], ids=["json", "readable"])
def test_secrets_do_not_come_out(json_lines: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Not as values, not in nested values, not in a library's message, not in a traceback."""
    configure_logs(json_lines)
    log = structlog.get_logger("test")
    for value in CANARIES.values():
        log.info("told", thing=value, deep={"list": [f"before {value} after"]})
        logging.getLogger("library").warning("it said %s", value)
        try:
            raise RuntimeError(value)
        except RuntimeError:
            log.exception("failed")

    printed = capsys.readouterr().err
    assert "told" in printed
    assert not [value for value in CANARIES.values() if value in printed]


@pytest.mark.parametrize("name", ["email", "customer_email", "coach_name", "client_secret", "onboarding_url", "phone"])
def test_what_is_secret_by_its_name_does_not_come_out(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it holds."""
    configure_logs(json_lines=True)
    structlog.get_logger("test").info("told", **{name: "Dana Canary"})

    assert "Canary" not in capsys.readouterr().err


def test_production_logs_are_one_line_of_json_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks, terminal codes and Unicode separators stay inside the line."""
    configure_logs(json_lines=True)
    hostile = "a\r\nb\x1b[31mc\u2028d"
    structlog.get_logger("test").info("told", thing=hostile)

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].isascii()
    assert json.loads(lines[0])["thing"] == hostile


def test_ids_and_amounts_do_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The story of a payment is told by its id."""
    configure_logs(json_lines=True)
    structlog.get_logger("test").info("transfer.made", payment="pi_3K99eyVtVZgnkzkuCXbpTnOa", amount=4252)

    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["payment"], told["amount"]) == ("transfer.made", "pi_3K99eyVtVZgnkzkuCXbpTnOa", 4252)
