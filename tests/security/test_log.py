"""The log of who was let in and who was not: enough to follow an intruder, and no word that an intruder wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.config.settings import load_settings
from backend.observability.logs import configure_logs
from backend.server import create_app
from tests.builders import PRODUCTION_ENVIRONMENT
from tests.conftest import NOW
from tests.routes.conftest import Unreachable
from tests.security.tokens import ADMIN, PLAYER, bearer, with_sign_in

REFUND = ("POST", "/api/payments/refund")


@pytest.fixture(autouse=True)
def _log_again() -> Iterator[None]:
    """Other tests read the log of development."""
    yield
    configure_logs(json_lines=False)


def _production() -> FlaskClient:
    settings = load_settings({**PRODUCTION_ENVIRONMENT, "FORCE_HTTPS": "false"}, env_file=None)
    app = create_app(with_sign_in(settings), http_client=Unreachable(), clock=lambda: NOW)
    return app.test_client()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log lines of requests, without those of a start."""
    lines = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    return [line for line in lines if line["event"].startswith(("request", "webhook"))]


def _one(capsys: pytest.CaptureFixture[str], event: str) -> dict[str, Any]:
    (line,) = (line for line in _lines(capsys) if line["event"] == event)
    return line


@pytest.mark.parametrize(("key", "level"), [("sk_live_a1", "error"), ("sk_test_a1", "warning")])
def test_each_start_without_sign_in_says_what_is_open(capsys: pytest.CaptureFixture[str], key: str, level: str) -> None:
    """In production; with live keys as an error, so that whoever watches the log is told."""
    settings = load_settings({**PRODUCTION_ENVIRONMENT, "STRIPE_SECRET_KEY": key}, env_file=None)

    create_app(settings, http_client=Unreachable(), clock=lambda: NOW)

    (line,) = (one for one in map(json.loads, capsys.readouterr().err.splitlines()) if one["event"] == "auth.off")
    assert (line["level"], line["remedy"]) == (level, "AUTH_MODE=required")
    assert "open coaches' dashboards, where the bank that is paid is named" in line["note"]


def test_who_was_let_in_is_in_the_line_of_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    """By the subject and the roles of the token, for every line of the request."""
    _production().get("/api/connect/account/x", headers=bearer(ADMIN))

    lines = _lines(capsys)
    assert [line["event"] for line in lines] == ["request.refused", "request"]
    for line in lines:
        assert (line["caller"], line["roles"]) == ("ops-1", ["admin"])


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({}, 401, "NotSignedIn"),
        ({"Authorization": "Bearer x.y.z"}, 401, "NotSignedIn"),
        (bearer(PLAYER), 403, "NotAllowed"),
    ],
    ids=["nobody", "a bad token", "another role"],
)
def test_who_was_not_let_in_is_named_with_where_from(
    capsys: pytest.CaptureFixture[str], headers: dict[str, str], status: int, kind: str
) -> None:
    """The log line of a refusal has its time, its path, its reason and the address."""
    method, path = REFUND
    answer = _production().open(
        path, method=method, json={}, headers=headers, environ_overrides={"REMOTE_ADDR": "203.0.113.9"}
    )

    refused, line = _lines(capsys)
    assert answer.status_code == status
    assert (refused["kind"], refused["path"], refused["request"]) == (kind, path, line["request"])
    assert (line["event"], line["status"], line["address"]) == ("request", status, "203.0.113.9")
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["timestamp"])
    assert line["request"] == answer.headers["X-Request-Id"]


def test_a_forged_event_is_named_with_where_from(capsys: pytest.CaptureFixture[str]) -> None:
    """A signature that none of our secrets made."""
    forged = {"Stripe-Signature": f"t={NOW},v1={'0' * 64}"}
    environ = {"REMOTE_ADDR": "203.0.113.9"}
    _production().post("/api/webhooks/stripe", data=b"{}", headers=forged, environ_overrides=environ)

    refused, line = _lines(capsys)
    assert refused["event"] == "webhook.refused"
    assert (refused["kind"], line["address"]) == ("InvalidSignature", "203.0.113.9")


def test_who_asked_too_often_is_named_with_where_from(capsys: pytest.CaptureFixture[str]) -> None:
    """Once the limit is reached; before it nobody's address is written down."""
    client = _production()
    environ = {"REMOTE_ADDR": "203.0.113.9"}
    for _ in range(101):
        answer = client.get("/api/connect/account/x", headers=bearer(ADMIN), environ_overrides=environ)

    first, *_, refused, line = _lines(capsys)
    assert answer.status_code == 429
    assert (refused["kind"], line["address"]) == ("RateLimitExceeded", "203.0.113.9")
    assert "address" not in first


def test_what_is_refused_for_its_form_says_which_field(capsys: pytest.CaptureFixture[str]) -> None:
    """A probe of the checks leaves a trace; what it sent does not."""
    _production().post("/api/payments/refund", json={"paymentIntentId": "../../etc/passwd"}, headers=bearer(ADMIN))

    line = _one(capsys, "request.refused")
    assert line["details"].startswith("paymentIntentId must ")
    assert "passwd" not in json.dumps(line)


@pytest.mark.parametrize("json_lines", [True, False])
@pytest.mark.parametrize("sent", ["a\nlevel: forged", "a\r\n{}", "a\x1b[2Jb", "a\u2028b", "a\u202eb", '","event":"x'])
def test_no_line_is_forged_by_what_was_sent(capsys: pytest.CaptureFixture[str], sent: str, json_lines: bool) -> None:
    """A path, a field's name, a token's subject: one line an event, without a character that a terminal obeys."""
    client = _production()
    configure_logs(json_lines=json_lines)
    capsys.readouterr()

    client.get(f"/api/{sent}", headers=bearer({**ADMIN, "sub": sent}))
    client.post("/api/payments/refund", json={sent: 1}, headers=bearer(ADMIN))

    written = capsys.readouterr().err
    assert len(written.splitlines()) == 4
    assert all(char.isprintable() or char == "\n" for char in written)


def test_a_very_long_subject_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A token may have 8 kB; a line of the log says whose it is in a hundred characters."""
    _production().get("/api/connect/account/x", headers=bearer({**ADMIN, "sub": "x" * 3_000}))

    assert all(len(line.get("caller", "")) <= 100 for line in _lines(capsys))
