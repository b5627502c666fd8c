"""Logs: one line an event, and nothing secret or personal in it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from backend.observability.logs import configure_logs

CANARIES = {
    "secret key": "sk_test_canary123",
    "live key": "sk_live_canary",
    "restricted key": "rk_live_canary",
    "webhook secret": "whsec_canary123",
    "client secret": "pi_3Canary_secret_abc123",
    "email": "pat.canary@example.com",
    "email in an address": "pat.canary%40example.com",
    "email with an apostrophe": "o'canary@example.com",
    "card": "4242424242424242",
    "card with spaces": "4242 4242 4242 4242",
    "card with dashes": "4242-4242-4242-4242",
    "web token": "eyJhbGciOi.eyJjYW5hcnki.c2lnbmF0dXJl",
}
WAYS: dict[str, Callable[[str], Any]] = {
    "a value": lambda secret: {"thing": secret},
    "amid a text": lambda secret: {"thing": f"before {secret} after"},
    "behind an encoded equals sign": lambda secret: {"thing": f"/v1/customers?email%3D{secret}"},
    "nested": lambda secret: {"thing": {"list": [(f"<{secret}>",)]}},
    "the key of a mapping": lambda secret: {"thing": {secret: 1}},
    "an exception": lambda secret: {"thing": ValueError(secret)},
    "bytes": lambda secret: {"thing": secret.encode()},
    "under the name of a field of every line": lambda secret: {"thing": {"level": secret, "timestamp": [secret]}},
    "under the name of a logger": lambda secret: {"thing": {"logger": secret}},
    "in place of what every line has": lambda secret: {"level": secret, "timestamp": secret, "logger": secret},
    "a set": lambda secret: {"thing": {secret}},
}
FORMATS = pytest.mark.parametrize("json_lines", [True, False], ids=["json", "readable"])


@FORMATS
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CANARIES)
def test_a_secret_does_not_come_out_as(
    json_lines: bool, way: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever it is wrapped in; what stands beside it does."""
    configure_logs(json_lines)
    structlog.get_logger("test").info("told", beside="seen", **WAYS[way](CANARIES[name]))

    printed = capsys.readouterr().err
    assert "seen" in printed
    assert CANARIES[name] not in printed
    assert "canary" not in printed


@FORMATS
@pytest.mark.parametrize("secret", CANARIES.values(), ids=CANARIES)
def test_a_secret_does_not_come_out_of_a_message_or_traceback(
    json_lines: bool, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ours or a library's."""
    configure_logs(json_lines)
    structlog.get_logger("test").info(f"ours: {secret}")
    logging.getLogger("library").warning("theirs: %s", secret)
    for log in (structlog.get_logger("test"), logging.getLogger("library")):
        try:
            raise RuntimeError(secret)
        except RuntimeError:
            log.exception("failed")

    printed = capsys.readouterr().err
    assert printed.count("RuntimeError") >= 2
    assert "ours" in printed
    assert "theirs" in printed
    assert secret not in printed


LONG = {
    "one word": "y",
    "an address without its end": "a@",
    "an encoded address without its end": "a%40",
    "names and dots": "a.",
    "beginnings of intents": "pi_a",
    "beginnings of client secrets": "pi_a_secret_-",
    "beginnings of tokens": "eyJ-",
    "tokens and dots": "eyJ.",
    "digits": "4",
    "digits and spaces": "4 ",
    "encoded characters": "%3D",
}


@pytest.mark.parametrize("part", LONG.values(), ids=LONG)
def test_a_long_text_costs_no_time(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A text of 64 kB from a client is logged with a bounded amount of work; it once took half a minute."""
    configure_logs(json_lines=True)
    text = part * (64_000 // len(part))
    before = time.process_time()
    structlog.get_logger("test").info("told", path=text)

    assert time.process_time() - before < 1
    assert "told" in capsys.readouterr().err


def test_two_addresses_that_touch_are_both_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    """As in a list without spaces."""
    configure_logs(json_lines=True)
    for between in ",;+'/|<":
        structlog.get_logger("test").info("told", path=f"pat@example.com{between}robin@example.org")

    printed = capsys.readouterr().err
    assert "pat" not in printed.replace("path", "")
    assert "robin" not in printed


@FORMATS
@pytest.mark.parametrize(
    "name",
    "email customer_email customerEmail name coach_name coachName playerName first_name firstName last_name phone "
    "client_secret Stripe_Signature Authorization onboarding_url url password access_token".split(),
)
@pytest.mark.parametrize("value", ["Dana Canary", 16135550100, ["Dana Canary"]], ids=["text", "number", "list"])
def test_what_is_secret_by_its_name_does_not_come_out(
    json_lines: bool, name: str, value: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever it holds, at the top or inside."""
    configure_logs(json_lines)
    structlog.get_logger("test").info("told", deep={name: value}, **{name: value})

    printed = capsys.readouterr().err
    assert "told" in printed
    assert not [part for part in ("Canary", "16135550100") if part in printed]


HOSTILE = {
    "line breaks": "a\r\n2026-11-02T15:00:00Z [info     ] forged",
    "terminal codes": "a\x1b[31mred\x1b]0;title\x07",
    "unicode separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "direction marks": "a\u202eb\u2066c",
    "half a surrogate pair": "a\ud800b",
}


@FORMATS
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_an_event_is_one_line(json_lines: bool, hostile: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As a value, nested, in our message or a library's: no line is forged and no terminal is spoken to."""
    configure_logs(json_lines)
    structlog.get_logger("test").info("told", path=hostile, deep=[hostile])
    structlog.get_logger("test").info(hostile)
    logging.getLogger("library").warning("it said %s", hostile)

    lines = capsys.readouterr().err.split("\n")
    assert len(lines) == 4
    assert lines[-1] == ""
    assert all(line.isprintable() for line in lines)


def test_production_logs_are_json_that_reads_back(capsys: pytest.CaptureFixture[str]) -> None:
    """ASCII only, whatever was said."""
    configure_logs(json_lines=True)
    for hostile in HOSTILE.values():
        structlog.get_logger("test").info("told", thing=hostile)

    lines = capsys.readouterr().err.splitlines()
    assert all(line.isascii() for line in lines)
    assert [json.loads(line)["thing"] for line in lines] == list(HOSTILE.values())


def test_a_production_traceback_is_inside_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A collector reads lines."""
    configure_logs(json_lines=True)
    try:
        raise RuntimeError("a\nb")
    except RuntimeError:
        structlog.get_logger("test").exception("failed")

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "Traceback" in json.loads(lines[0])["exception"]


def test_a_readable_traceback_has_lines_and_no_terminal_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """For the person who looks at it."""
    configure_logs(json_lines=False)
    try:
        raise RuntimeError("a\x1b[31m")
    except RuntimeError:
        structlog.get_logger("test").exception("failed")

    printed = capsys.readouterr().err
    assert "\nRuntimeError: a\\x1b[31m" in printed
    assert "\x1b" not in printed


@FORMATS
@pytest.mark.parametrize(
    "told",
    [
        "pi_3K99eyVtVZgnkzkuCXbpTnOa",
        "acct_1032D82eZvKYlo2C",
        "tr_1K99eyVtVZgnkzku",
        "transfer.made",
        "coach_0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e",
        "2026-11-02T15:00:00.000Z",
        "held:clawback_pending:0r1.2:1793631600:4252",
        "Zoë ☃",
    ],
)
def test_ids_notes_and_times_do_come_out(json_lines: bool, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The story of a payment is told by its id."""
    configure_logs(json_lines)
    structlog.get_logger("test").info("transfer.made", payment=told, amount=4252, currency="cad")

    printed = capsys.readouterr().err
    assert "[removed]" not in printed
    assert "4252" in printed
    assert told in (json.loads(printed)["payment"] if json_lines else printed)


@pytest.mark.parametrize("library", ["stripe", "werkzeug", "urllib3"])
def test_talkative_libraries_are_quiet(library: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The SDK logs every call with its parameters."""
    configure_logs(json_lines=True)
    logging.getLogger(library).info("canary")
    logging.getLogger(library).warning("heard")

    printed = capsys.readouterr().err
    assert "canary" not in printed
    assert "heard" in printed
