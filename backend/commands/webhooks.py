"""``flask webhooks sync``: the endpoints at Stripe for the backend's public address, of either kind of event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import requests
import stripe

from backend.commands.current import current_services, current_settings
from backend.commands.env_file import write_secret
from backend.commands.operator_errors import words_for_operator
from backend.commands.parameters import asks_stripe
from backend.commands.webhook_specs import (
    ACCOUNTS,
    CONNECTED,
    PLATFORM,
    VARIABLES,
    has_v2_accounts,
    may_list_destinations,
    secrets_of,
    wanted_destinations,
    wanted_endpoints,
)
from backend.config.settings import set_outside
from backend.config.validators import LOOPBACK, base_url
from backend.domain.paths import STRIPE_WEBHOOK
from backend.services.operators.destinations import (
    DestinationSpec,
    DestinationStep,
    carry_out_destination,
    is_mine,
    plan_destination,
    secret_of,
    thin_destinations,
)
from backend.services.operators.endpoints import (
    KEEP,
    UPDATE,
    Step,
    carry_out,
    endpoints_of,
    plan,
)
from backend.services.operators.pings import Pinged, ping_machines

_NAMES = {
    PLATFORM: "your own account",
    CONNECTED: "coaches' accounts",
    ACCOUNTS: "coaches' accounts made by Accounts v2",
}
_SECONDS = 10
# Earlier secrets that are kept beside a new one: of what is on its way, of the other kind of event, of v2 accounts.
_KEPT = 3
AnyStep = Step | DestinationStep


@click.group(short_help="Make or repair the webhook endpoints at Stripe.")
def webhooks() -> None:
    """The webhook endpoints at Stripe."""


@webhooks.command()
@click.argument("url")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--finish", is_flag=True, help="Disable the endpoints of the other kind of event, once all machines know."
)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".env"),
    show_default=True,
    help="Where the signing secrets are written.",
)
@asks_stripe
def sync(url: str, dry_run: bool, finish: bool, env_file: Path) -> None:
    """Create or repair both endpoints at Stripe for the backend's public URL, and keep their signing secrets.

    One endpoint listens to your own account, one to coaches' accounts. Doing it again changes nothing; after ngrok gave
    you another address, run it with that. Restart the backend when secrets were written.

    WEBHOOK_PAYLOAD says whether events are snapshots or thin. After it was changed, this makes the new endpoints beside
    the old ones; restart every machine, and run it again with --finish, which disables the old ones if every machine
    (MACHINES) answers a ping under the new secrets. Accounts v2 need a thin endpoint beside snapshots; it is made too.

    \b
    flask webhooks sync https://1234.ngrok-free.app
    flask webhooks sync https://api.example.com --dry-run
    flask webhooks sync https://api.example.com --finish

    Exit code 0 when all are as they should be, 1 when something failed (run it again), 3 when --dry-run found work.
    """
    address = _public(url)
    try:
        steps = list(_steps(address, env_file))
        for step in steps:
            _say(step, dry_run)
            if not (dry_run or finish):
                _carry_out(step, env_file)
        old = list(_of_the_other_kind(address, env_file))
        if finish:
            _finish(address, env_file, steps, old, dry_run)
    except stripe.StripeError as error:
        raise click.ClickException(_why(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"{env_file} cannot be written: {error.strerror}. Run this again afterwards."
        ) from error
    if dry_run:
        raise SystemExit(3 if any(_changes_something(step) for step in steps) or (finish and old) else 0)
    if any(step.action not in (KEEP, UPDATE) for step in steps) and not finish:
        click.echo("Restart the backend, so that it reads the new secrets.")
    if old and not finish:
        click.echo(f"The earlier endpoints go on. When every machine is restarted: flask webhooks sync {url} --finish")


def _steps(url: str, env_file: Path) -> Iterator[AnyStep]:
    settings, client = current_settings(), current_services().client
    if settings.webhook_payload == "snapshot":
        existing = endpoints_of(client)
        yield from (plan(existing, wanted) for wanted in wanted_endpoints(settings, url, env_file))
    wanted_thin = list(wanted_destinations(settings, url, env_file, has_v2_accounts(settings, client)))
    thin = thin_destinations(client) if wanted_thin else []
    yield from (plan_destination(thin, wanted) for wanted in wanted_thin)


def _carry_out(step: AnyStep, env_file: Path) -> None:
    client, kind = current_services().client, step.wanted.kind
    if isinstance(step, DestinationStep):
        carry_out_destination(client, step, lambda secret: _keep(secret, kind, env_file))
    else:
        carry_out(client, step, lambda secret: _keep(secret, kind, env_file))


def _of_the_other_kind(url: str, env_file: Path) -> Iterator[Any]:
    """Yield the enabled endpoints of ours that WEBHOOK_PAYLOAD has no use for, whichever setting they were made for."""
    settings, client = current_settings(), current_services().client
    if settings.webhook_payload == "thin":
        existing = endpoints_of(client)
        chosen = (plan(existing, wanted).endpoint for wanted in wanted_endpoints(settings, url, env_file))
        yield from (one for one in chosen if one is not None and one.status == "enabled")
        # The thin endpoints for all accounts hear of v2 accounts too.
        yield from _thin_of(url, env_file, ACCOUNTS)
    elif has_v2_accounts(settings, client) or may_list_destinations(settings):
        yield from _thin_of(url, env_file, PLATFORM, CONNECTED)


def _thin_of(url: str, env_file: Path, *kinds: str) -> Iterator[Any]:
    """Yield the enabled thin endpoints of ours, of these kinds."""
    settings = current_settings()
    specs = [
        DestinationSpec(kind, (), url, frozenset(), secrets_of(settings, kind, env_file), settings.namespace)
        for kind in kinds
    ]
    thin = thin_destinations(current_services().client)
    yield from (one for one in thin if one.status == "enabled" and any(is_mine(one, spec) for spec in specs))


def _finish(url: str, env_file: Path, steps: list[AnyStep], old: list[Any], dry_run: bool) -> None:
    """Disable the old endpoints, if every machine answers under the secrets of the new ones."""
    if not old:
        click.echo("There is no endpoint of the other kind of event.")
        return
    if any(step.action != KEEP for step in steps):
        raise click.ClickException("The new endpoints are not as they should be. Run this without --finish first.")
    settings = current_settings()
    known = [secret_of(_endpoint_of(step), secrets_of(settings, step.wanted.kind, env_file)) for step in steps]
    pinged = ping_machines(url, [one for one in known if one], settings.machines, current_services().now, _send)
    click.echo(_answered(pinged, settings.machines))
    if not pinged.is_enough(settings.machines):
        raise click.ClickException(
            "Nothing was disabled. Restart every machine, see that MACHINES is right, and try again."
        )
    for one in old:
        click.echo(f"The earlier endpoint {one.id} {'would be' if dry_run else 'is'} disabled.")
        if not dry_run:
            _disable(one)


def _answered(pinged: Pinged, machines: int) -> str:
    return f"{pinged.taken} of {pinged.sent} pings were taken, by {len(pinged.machines)} of {machines} machines (MACHINES)."


def _endpoint_of(step: AnyStep) -> Any:
    return step.destination if isinstance(step, DestinationStep) else step.endpoint


def _disable(one: Any) -> None:
    client = current_services().client
    if one.object == "webhook_endpoint":
        client.v1.webhook_endpoints.update(one.id, {"disabled": True})
    else:
        client.v2.core.event_destinations.disable(one.id)


def _send(url: str, body: bytes, signature: str) -> tuple[int, str | None]:
    """Post one ping on a line of its own, so that a balancer chooses anew."""
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json", "Connection": "close"}
    try:
        answer = requests.post(url, body, headers=headers, timeout=_SECONDS, allow_redirects=False)
        machine = answer.json().get("machine") if answer.status_code == 200 else None
    except (requests.RequestException, ValueError, AttributeError):
        return 0, None
    return answer.status_code, machine


def _changes_something(step: AnyStep) -> bool:
    return step.action != KEEP or bool(getattr(step, "surplus", ()))


def _public(url: str) -> str:
    try:
        address = urlsplit(base_url(url))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from error
    own_stripe = urlsplit(current_settings().stripe_api_base or "").hostname in LOOPBACK
    if address.scheme != "https" and not own_stripe:
        raise click.BadParameter(
            "must begin with https://, and be reachable for Stripe. In development: ngrok http 3001", param_hint="URL"
        )
    whole = address.geturl()
    return whole if whole.endswith(STRIPE_WEBHOOK) else whole + STRIPE_WEBHOOK


def _say(step: AnyStep, dry_run: bool) -> None:
    done = {"keep": "is as it should be", "create": "is made", "update": "is mended", "replace": "is replaced"}
    planned = {
        "keep": done["keep"],
        "create": "would be made",
        "update": "would be mended",
        "replace": "would be replaced",
    }
    why = f": {'; '.join(step.reasons)}" if step.reasons else ""
    click.echo(f"The {_of(step)} for {_NAMES[step.wanted.kind]} {(planned if dry_run else done)[step.action]}{why}.")
    for one in getattr(step, "surplus", ()):
        click.echo(f"  A second one of the same kind {'would go' if dry_run else 'goes'}: {one.id}.")


def _of(step: AnyStep) -> str:
    return "thin endpoint" if isinstance(step, DestinationStep) else "endpoint"


def _keep(secret: str, kind: str, env_file: Path) -> None:
    """Put a new secret before those that still sign what is on its way."""
    name = VARIABLES[kind]
    # The bundled sandbox's are known to everybody.
    before = [one for one in secrets_of(current_settings(), kind, env_file) if not one.startswith("whsec_sandbox")]
    outside = set_outside(name, env_file if env_file.is_file() else None)
    warning = write_secret(env_file, name, ",".join([secret, *before[:_KEPT]]))
    click.echo(f"  {name} is written to {env_file}.")
    if warning:
        click.echo(f"  {warning}", err=True)
    if outside:
        click.echo(f"  The environment sets {name} too, and wins over the file: change it there.", err=True)


def _why(error: stripe.StripeError) -> str:
    if "maximum" in str(error) and error.http_status == 400:
        return "Stripe allows sixteen endpoints. Delete one that nobody needs: Dashboard, Developers, Webhooks."
    if isinstance(error, stripe.InvalidRequestError):
        return f"Stripe refused ({error.http_status}): {error.user_message or 'no reason given'}"
    return words_for_operator(error)
