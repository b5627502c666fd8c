"""``python -m backend``: the development server, with the bundled sandbox when there is no Stripe key."""

from __future__ import annotations

import sys
import threading

import click
from werkzeug.serving import make_server

from backend.config.settings import Settings, SettingsError, load_settings, sandbox_port
from backend.sandbox import Sandbox
from backend.server import create_app

WEBHOOK_PATH = "/api/webhooks/stripe"


def main() -> None:
    """Start, say where everything is, and serve until interrupted."""
    try:
        settings = load_settings()
        bundled = settings.uses_sandbox and settings.stripe_api_base == _bundled_address(settings)
        server = make_server(settings.host, settings.port, create_app(settings), threaded=True)
        if bundled:
            _start_sandbox(settings)
    except SettingsError as error:
        raise SystemExit(f"The configuration is not complete. {error}\nSee env.example.") from error
    except (OSError, SystemExit) as error:
        raise SystemExit(
            f"Port {settings.port} or {sandbox_port(settings.port)} is in use. "
            f"Choose another with PORT, for example: PORT={settings.port + 100} make run"
        ) from error
    _welcome(settings, bundled)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("\nStopped.")


def _bundled_address(settings: Settings) -> str:
    return f"http://127.0.0.1:{sandbox_port(settings.port)}"


def _start_sandbox(settings: Settings) -> None:
    sandbox = Sandbox(
        secret_key=settings.stripe_secret_key,
        publishable_key=settings.stripe_publishable_key,
        base_url=_bundled_address(settings),
    )
    webhook = f"http://127.0.0.1:{settings.port}{WEBHOOK_PATH}"
    sandbox.add_webhook(webhook, secret=settings.stripe_webhook_secrets[0])
    sandbox.add_webhook(webhook, secret=settings.stripe_connect_webhook_secrets[0], connect=True)
    server = sandbox.serve("127.0.0.1", sandbox_port(settings.port))
    threading.Thread(target=server.serve_forever, name="sandbox", daemon=True).start()
    sandbox.start_background()


def _welcome(settings: Settings, bundled: bool) -> None:
    if not sys.stdout.isatty():
        click.echo(f"Listening on http://127.0.0.1:{settings.port}")
    click.secho("\nThe payments backend is running.\n", bold=True)
    click.echo(f"  Backend    http://localhost:{settings.port}      try /health, /test")
    if bundled:
        click.echo(
            f"  Stripe     {settings.stripe_api_base}      the bundled sandbox: no real money, no account"
        )
    else:
        click.echo(f"  Stripe     {settings.stripe_api_base or 'https://api.stripe.com'}")
    click.echo(f"  Webhooks   http://localhost:{settings.port}{WEBHOOK_PATH}")
    click.echo("\nNext, in another terminal:\n")
    click.echo("  make demo      a coach registers, a player pays, the coach has the share")
    click.echo("  make help      everything else\n")
    click.echo("Ctrl+C stops it.\n")


if __name__ == "__main__":
    main()
