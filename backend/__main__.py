"""``python -m backend``: the development server, with the bundled sandbox when there is no Stripe key."""

from __future__ import annotations

import contextlib
import io
import signal
import threading
from collections.abc import Callable
from typing import TypeVar

import click
from dotenv import dotenv_values
from werkzeug.serving import make_server

from backend.commands.startup import refuse_changed_namespace
from backend.config.env import SettingsError
from backend.config.settings import DEFAULT_PORT, Settings, load_settings
from backend.config.validators import sandbox_port
from backend.domain.paths import STRIPE_WEBHOOK
from backend.sandbox import Sandbox, StateError
from backend.server import create_app

T = TypeVar("T")


def main() -> None:
    """Start, say where everything is, and serve until interrupted."""
    try:
        settings = load_settings()
        bundled = settings.uses_sandbox and settings.stripe_api_base == _bundled_address(settings)
        app = create_app(settings)
        if not bundled:
            refuse_changed_namespace(settings)
    except SettingsError as error:
        raise SystemExit(error.format_message()) from error
    server = _bound(settings.port, lambda: make_server(settings.host, settings.port, app, threaded=True))
    # A container and `kill` end it with SIGTERM: what has to be saved is saved then too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sandbox = _start_sandbox(settings) if bundled else None
        _welcome(settings, bundled)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
        if sandbox is not None and sandbox.keeper is not None:
            sandbox.keeper.stop()
    except StateError as error:
        raise SystemExit(f"SANDBOX_STATE: {error}") from error
    click.echo("\nStopped.")


def _bound(port: int, bind: Callable[[], T]) -> T:
    """Bind a server; werkzeug prints its own advice and exits when the port is taken, so that is caught too."""
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            return bind()
        except (OSError, SystemExit) as error:
            advice = f"Port {port} is in use. Choose others with PORT: PORT={port + 100} make run"
            raise SystemExit(advice) from error


def _bundled_address(settings: Settings) -> str:
    return f"http://127.0.0.1:{sandbox_port(settings.port)}"


def _start_sandbox(settings: Settings) -> Sandbox:
    """Start it, wired to the backend. Raises ``StateError`` if its file cannot be used."""
    sandbox = Sandbox(
        secret_key=settings.stripe_secret_key,
        publishable_key=settings.stripe_publishable_key,
        base_url=_bundled_address(settings),
    )
    port = sandbox_port(settings.port)
    server = _bound(port, lambda: sandbox.serve("127.0.0.1", port))
    if settings.sandbox_state is not None:
        sandbox.keep_state(settings.sandbox_state).start()
    webhook = f"http://127.0.0.1:{settings.port}{STRIPE_WEBHOOK}"
    thin = settings.webhook_payload == "thin"
    sandbox.ensure_webhook(webhook, settings.stripe_webhook_secrets[0], thin=thin)
    sandbox.ensure_webhook(webhook, settings.stripe_connect_webhook_secrets[0], connect=True, thin=thin)
    threading.Thread(target=server.serve_forever, name="sandbox", daemon=True).start()
    sandbox.start_background()
    return sandbox


def _welcome(settings: Settings, bundled: bool) -> None:
    click.secho("\nThe payments backend is running.\n", bold=True)
    if not settings.is_production:
        click.echo(f"  Storefront http://localhost:{settings.port}       buy something")
        click.echo(f"  Money      http://localhost:{settings.port}/money where every cent of it is")
    click.echo(f"  Reference  http://localhost:{settings.port}/docs  every call of the API")
    if bundled:
        click.echo(f"  Stripe     {settings.stripe_api_base}       the bundled sandbox: no real money, no account;")
        click.echo(f"{'':<40}{_memory(settings)}")
    else:
        click.echo(f"  Stripe     {settings.stripe_api_base or 'https://api.stripe.com'}")
    click.echo(f"  Webhooks   http://localhost:{settings.port}{STRIPE_WEBHOOK}")
    click.echo("\nNext, in another terminal:\n")
    port = _port_to_name(settings.port)
    make = f"{port}make"
    click.echo(f"  {make} demo      a coach registers, a player pays, the coach has the share")
    click.echo(f"  {make} help      everything else")
    click.echo(f"  {port}.venv/bin/flask why 4242   where the money of a card's payments is, and why\n")
    click.echo("Ctrl+C stops it.\n")


def _memory(settings: Settings) -> str:
    """The sentence on what a restart forgets, and how it does not."""
    if settings.sandbox_state is not None:
        return f"everything is kept in {settings.sandbox_state}"
    return "a restart forgets everything; SANDBOX_STATE=sandbox.json make run keeps it in a file"


def _port_to_name(port: int) -> str:
    """The words that make another command look at this port; none where it finds it by itself."""
    written = dotenv_values(".env").get("PORT") or str(DEFAULT_PORT)
    return "" if written.strip() == str(port) else f"PORT={port} "


if __name__ == "__main__":
    main()
