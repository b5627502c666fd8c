"""``flask webhooks sync`` and what it cannot do: files, variables, addresses, and too many endpoints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import requests

from tests.builders import PRODUCTION_ENVIRONMENT, Marketplace
from tests.processes import GUNICORN, backend_process, command, free_port_pair, sandbox_server
from tests.routes.synced import URL, sync
from tests.routes.test_commands import run


def test_a_file_that_cannot_be_written_is_said_and_healed(bare: Marketplace, tmp_path: Path) -> None:
    """The secret is lost with it, so the next run makes another endpoint in place of that one."""
    code, output = run(bare, "webhooks", "sync", URL, "--env-file", str(tmp_path / "nowhere" / ".env"))
    assert (code, "cannot be written" in output) == (1, True)

    assert sync(bare, tmp_path / ".env")[0] == 0
    assert len(bare.stripe.v1.webhook_endpoints.list({"limit": 100}).data) == 2


def test_production_gets_its_first_secrets_by_the_command(tmp_path: Path) -> None:
    """The server does not start without them, but the command does; and then so does the server."""
    port = free_port_pair()
    settings = {**PRODUCTION_ENVIRONMENT, "RATELIMIT_ENABLED": "false"}
    del settings["STRIPE_WEBHOOK_SECRET"]
    with sandbox_server("sk_test_a1") as sandbox:
        settings["STRIPE_API_BASE"] = sandbox.base_url
        before = command(sys.executable, *GUNICORN, folder=tmp_path, PORT=str(port), **settings)
        synced = command(sys.executable, "-m", "flask", "webhooks", "sync", URL, folder=tmp_path, **settings)
        with backend_process(GUNICORN, port, tmp_path / "log", **settings):
            unsigned = requests.post(f"http://127.0.0.1:{port}/api/webhooks/stripe", data=b"{}", timeout=30)

    assert (before.returncode, "STRIPE_WEBHOOK_SECRET: is required" in before.stderr) == (1, True)
    assert (synced.returncode, synced.stdout.count("is written to .env")) == (0, 2), synced.stderr
    assert unsigned.status_code == 400


def test_an_environment_that_wins_over_the_file_is_named(
    bare: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning names the variable of the environment, for the written one would not be read."""
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_of_the_environment")

    assert "The environment sets STRIPE_WEBHOOK_SECRET too" in sync(bare, tmp_path / ".env")[1]


def test_sixteen_endpoints_are_too_many(bare: Marketplace, tmp_path: Path) -> None:
    """The refusal is told with what to do about it."""
    for number in range(16):
        bare.stripe.v1.webhook_endpoints.create({"url": f"https://{number}.example.com", "enabled_events": ["*"]})

    code, output = sync(bare, tmp_path / ".env")

    assert (code, "sixteen endpoints" in output) == (1, True)


@pytest.mark.parametrize("url", ["http://example.com", "http://localhost:3001", "ngrok", "https://a.b?x=1"])
def test_an_address_that_stripe_cannot_use_is_refused(market: Marketplace, tmp_path: Path, url: str) -> None:
    """With what to type instead; the bundled sandbox reaches this machine."""
    market.settings = market.settings.__class__(
        **{
            **market.settings.__dict__,
            "stripe_secret_key": "sk_test_sandbox",
            "stripe_api_base": "https://api.stripe.com",
        }
    )
    file = tmp_path / ".env"

    code, output = run(market, "webhooks", "sync", url, "--env-file", str(file))

    assert (code, file.exists(), "Error:" in output) == (2, False, True)
