"""The samples of the README and the guide work as they are written."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import stripe

from backend.domain.catalogue import Offer
from backend.domain.metadata import Purchase
from backend.domain.money import FeeRate
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.meta.documents import GUIDE, README
from tests.processes import backend_process, command, free_port_pair, sandbox_server


def test_the_guides_flow_goes_as_the_guide_says(tmp_path: Path) -> None:
    """Typed as it stands, on other ports: each look at the ledger shows what stands beside it, once the webhook came."""
    port = free_port_pair()
    section = GUIDE.split("## 6.")[1].split("## 7.")[0]
    typed = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    typed = typed.replace(":3001", f":{port}").replace(":3002", f":{port + 1}")
    script, looks = re.subn(r"^\.venv/bin/flask ledger (\S+) +# (.+)$", r"look \1 '\2'", typed, flags=re.MULTILINE)
    look = """
        look() {
            for _ in $(seq 20); do
                shown=$("$PYTHON" -m flask ledger "$1" | tr -s ' ')
                case "$shown" in *"$2"*) return;; esac
                sleep 0.3
            done
            echo "not seen: $2, but: $shown"; exit 1
        }
    """
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        walked = command("bash", "-c", look + script, folder=tmp_path, PORT=str(port), PYTHON=sys.executable)

    assert looks == 5
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert "Your card was declined." in walked.stdout


def test_the_guides_sqlite_example_keeps_each_session_once(
    market: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saved and started as the guide says, however often the session is told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    hooks, wsgi = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "hooks.py").write_text(hooks)
    names: dict[str, Any] = {}
    exec(compile(wsgi, "wsgi.py", "exec"), names)
    try:
        payment = market.paid()
        event = market.event("payment_intent.succeeded")
        assert (market.send(event), market.send(event)) == (200, 200)
    finally:
        signals.session_opened.disconnect(names["hooks"].keep)
        del sys.modules["hooks"]

    connection = sqlite3.connect(tmp_path / "sessions.sqlite3")
    rows = connection.execute("select id, coach_id, clips_remaining from sessions").fetchall()
    connection.close()
    assert rows == [(f"session_{payment[3:]}", "coach-1", 5)]


def test_the_guides_sweep_tells_the_hooks_of_what_no_webhook_came_for(tmp_path: Path) -> None:
    """Started as the guide says, but once: the session is kept all the same."""
    hooks, wsgi = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "hooks.py").write_text(hooks)
    (tmp_path / "wsgi.py").write_text(wsgi)
    sweep = re.findall(r"`\.venv/bin/(flask --app wsgi reconcile) --every 1h", GUIDE)[0]
    offer = Offer("golf", "package", 2, 6075, 7, 5)
    metadata = Purchase("coach-1", "Dana", offer, FeeRate.from_percent("10")).to_metadata()

    with sandbox_server() as sandbox:
        client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base_url})
        intent = client.v1.payment_intents.create(
            {
                "amount": 6075,
                "currency": "cad",
                "confirm": True,
                "payment_method": "pm_card_visa",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "transfer_group": "group_1",
                "metadata": metadata,
            }
        )
        swept = command(sys.executable, "-m", *sweep.split(), folder=tmp_path, STRIPE_API_BASE=sandbox.base_url)

    assert swept.returncode == 0, swept.stderr
    with closing(sqlite3.connect(tmp_path / "sessions.sqlite3")) as connection:
        assert connection.execute("select id from sessions").fetchall() == [(f"session_{intent.id[3:]}",)]


def test_the_readmes_example_subscribes(market: Marketplace, capsys: pytest.CaptureFixture[str]) -> None:
    """It runs as it stands."""
    names: dict[str, Any] = {}
    example = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    exec(compile(example, "README.md", "exec"), names)
    try:
        market.paid()
        assert market.send(market.event("payment_intent.succeeded")) == 200
    finally:
        signals.session_opened.disconnect(names["keep"])

    assert "coach-1 reviews 5 clips until" in capsys.readouterr().out
