"""``python -m backend.sandbox``: the sandbox by itself, for any program that speaks to Stripe."""

import argparse
import contextlib
import errno
import io
import signal
import sys
from pathlib import Path
from typing import Any

from . import coverage
from .app import Sandbox
from .control.guard import is_loopback
from .saved.file import StateError
from .saved.keeper import SAVE_EVERY

EXAMPLES = """\
Point an official SDK at it:

  Python   stripe.StripeClient("sk_test_sandbox", base_addresses={"api": "http://127.0.0.1:3002"})
  Node     new Stripe("sk_test_sandbox", {host: "127.0.0.1", port: 3002, protocol: "http"})

Pay with pm_card_visa or 4242 4242 4242 4242. Outside /v1, POST /_sandbox/clock {"advance": 86400} moves time,
/_sandbox/faults makes calls fail, /_sandbox/accounts/ID/onboard onboards a coach; GET / lists what is there.
Everything is kept in memory and is gone when it stops, unless --state names a file to keep it in.
It moves no real money and refuses live keys.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description="A local, stateful stand-in for Stripe and Stripe Connect.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    found.add_argument("--port", type=_port, default=3002, help="port; 0 takes a free one (default: %(default)s)")
    found.add_argument(
        "--webhook", metavar="URL", type=_url, help="where to deliver events of the platform's own account"
    )
    found.add_argument("--webhook-secret", metavar="whsec_…", default="whsec_sandbox", help="default: %(default)s")
    found.add_argument(
        "--connect-webhook", metavar="URL", type=_url, help="where to deliver events of connected accounts"
    )
    found.add_argument(
        "--connect-webhook-secret", metavar="whsec_…", default="whsec_sandbox_connect", help="default: %(default)s"
    )
    _add_state(found)
    _add_ids(found)
    found.add_argument("--manual", action="store_true", help="deliver webhooks only on POST /_sandbox/deliveries")
    _add_reach(found)
    found.add_argument(
        "--coverage",
        metavar="FILE",
        type=Path,
        nargs="?",
        const=coverage.COMMITTED,
        help=f"write what is supported, as Markdown, and stop (default: the {coverage.COMMITTED.name} beside the code)",
    )
    return found


def _add_reach(found: argparse.ArgumentParser) -> None:
    found.add_argument(
        "--url", type=_url, help="what links begin with, where others reach it elsewhere (default: where it listens)"
    )
    found.add_argument("--allow-remote", action="store_true", help="listen on an address that others can reach")
    found.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="answer under this name too, as in a network of containers; may be repeated (default: this machine's own names)",
    )


def _add_ids(found: argparse.ArgumentParser) -> None:
    found.add_argument("--seed", type=int, default=0, help="of the ids; the same seed gives the same ids")
    found.add_argument(
        "--fixtures", action="store_true", help="begin with objects of known ids: cus_123, ch_xxxxxxxxxxxxx and so on"
    )


def _add_state(found: argparse.ArgumentParser) -> None:
    found.add_argument(
        "--state", metavar="FILE", type=Path, help="go on from this file, and keep everything in it (default: forget)"
    )
    found.add_argument(
        "--save-every",
        metavar="SECONDS",
        type=_seconds,
        default=SAVE_EVERY,
        help="how often to write that file while something changes (default: %(default)s)",
    )


def main(arguments: list[str] | None = None) -> None:
    """Listen until interrupted or terminated."""
    given = parser().parse_args(arguments)
    if not given.allow_remote and not is_loopback(given.host):
        raise SystemExit(
            f"{given.host} can be reached by others, and the sandbox asks nobody who they are: --allow-remote"
        )
    if given.coverage:
        given.coverage.write_text(coverage.markdown())
        return
    try:
        sandbox, server = _listening(given)
        _serve(sandbox, server, given.manual)
    except StateError as error:
        raise SystemExit(str(error)) from error
    print("The sandbox has stopped.", file=sys.stderr)  # noqa: T201


def _serve(sandbox: Sandbox, server: Any, manual: bool) -> None:
    # A shell that starts it in the background has SIGINT ignored, and Python would leave it so.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, _interrupted)
    # The server ends without a word when it is interrupted; so may be what comes before it.
    with contextlib.suppress(KeyboardInterrupt):
        if sandbox.keeper:
            sandbox.keeper.start()
        print(f"The Stripe sandbox listens on {sandbox.base_url}", flush=True)  # noqa: T201
        if not manual:
            sandbox.start_background()
        server.serve_forever()
    if sandbox.keeper:
        sandbox.keeper.stop()


def _listening(given: argparse.Namespace) -> tuple[Sandbox, Any]:
    """Bind first: with port 0 the sandbox learns only then what its links have to say."""
    sandbox = Sandbox(seed=given.seed, with_fixtures=given.fixtures)
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # werkzeug would add advice about its own defaults
            server = sandbox.serve(given.host, given.port)
    except (OSError, SystemExit) as error:
        raise SystemExit(_why_not(error, given.host, given.port)) from error
    host = f"[{given.host}]" if ":" in given.host else given.host
    sandbox.move_to(given.url or f"http://{host}:{server.server_port}")
    for name in given.allow_host:
        sandbox.guard.allow(name)
    if given.state:
        sandbox.keep_state(given.state, given.save_every)
    if given.webhook:
        sandbox.ensure_webhook(given.webhook, given.webhook_secret)
    if given.connect_webhook:
        sandbox.ensure_webhook(given.connect_webhook, given.connect_webhook_secret, connect=True)
    return sandbox, server


def _why_not(error: BaseException, host: str, port: int) -> str:
    """In words. Werkzeug exits instead of raising; what it met is the context of that."""
    met = error if isinstance(error, OSError) else error.__context__
    if isinstance(met, OSError) and met.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Choose another, or let it take a free one: --port 0"
    return f"Cannot listen on {host}, port {port}: {getattr(met, 'strerror', met)}"


def _port(given: str) -> int:
    """The system would take a greater number, less a multiple of 65536."""
    port = int(given)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def _seconds(given: str) -> float:
    seconds = float(given)
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{given} is not between 0 and 86400")
    return seconds


def _url(given: str) -> str:
    if not given.startswith(("http://", "https://")):
        raise argparse.ArgumentTypeError(f"{given} does not begin with http:// or https://")
    return given


def _interrupted(_signal: int, _frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
