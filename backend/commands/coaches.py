"""The commands about coaches' accounts: ``flask coaches adopt`` and ``flask coaches rebind``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

import click
import stripe

from backend.commands.current import current_services
from backend.commands.operator_errors import operator_error
from backend.commands.parameters import ACCOUNT_ID, asks_stripe
from backend.services.coach.rebinds import Rebind, Rebinds
from backend.services.coach.registry_repair import RegistrySweep, restore_registry
from backend.services.errors import PaymentsError
from backend.services.operators.why_words import plain, rebind_command
from backend.services.reconcile.pace import Pace

# Exit codes, as of the other commands.
_DONE, _UNFINISHED, _WORK_FOUND = 0, 1, 3
# Registering a coach looks for a replaced binding, and makes the entry.
_CALLS_EACH = 2
# Stripe's limit for a metadata value.
_LONGEST_REASON = 500


@click.group(short_help="Adopt coaches of another backend; bind one anew.")
def coaches() -> None:
    """The binding of coaches to accounts."""


@coaches.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--rate", type=click.FloatRange(0.1, 1000), default=10.0, show_default=True, help="Stripe calls a second."
)
@click.option("--json", "as_json", is_flag=True, help="For machines: one line of JSON.")
@asks_stripe
def adopt(dry_run: bool, rate: float, as_json: bool) -> None:
    """Register every coach whose account another backend made, so that the coach keeps it.

    Looks through all accounts of the platform. Who is registered already keeps the account of the registry. Of several
    accounts of one coach the only one that can be paid is taken; where that does not decide, a person does, with
    flask coaches rebind. When nothing is left it says so in Stripe, and from then on create-account looks only at newer
    accounts before it makes one. It is safe beside live traffic, and a second run changes nothing.

    \b
    flask coaches adopt --dry-run
    flask coaches adopt

    Exit code 0 when done, 1 when something is left (mend it, run it again), 3 when --dry-run found work.
    """
    services, pace = current_services(), Pace(rate)

    def walk(coach_ids: Sequence[str]) -> Iterable[str]:
        with click.progressbar(coach_ids, label="Registering", hidden=as_json or not coach_ids) as bar:
            for coach_id in bar:
                pace.wait(_CALLS_EACH)
                yield coach_id

    try:
        found = restore_registry(services.client, services.registry, dry_run, walk)
        if found.is_complete and not dry_run:
            services.registry.mark_adopted(found.until)
    except (stripe.StripeError, PaymentsError) as error:
        raise operator_error(error) from error
    click.echo(json.dumps(_report(found, dry_run)) if as_json else "\n".join(_summary(found, dry_run)))
    left = not found.is_complete or found.broken
    raise SystemExit(_UNFINISHED if left else _WORK_FOUND if dry_run and found.restored else _DONE)


def _report(found: RegistrySweep, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "coaches": found.coaches,
        "registered": found.restored,
        "contested": found.claimants,
        "refused": found.refused,
        "failed": found.failed,
        "broken": found.broken,
        "complete": found.is_complete,
    }


def _summary(found: RegistrySweep, dry_run: bool) -> Iterator[str]:
    registered = "would be registered" if dry_run else "registered"
    yield f"Coaches with an account: {found.coaches}; {len(found.restored)} {registered} now."
    for coach in found.restored:
        yield f"  coach {plain(coach)}: {registered}"
    for coach, accounts in found.claimants.items():
        yield f"  coach {plain(coach)}: {', '.join(accounts)} claim this id; choose one: {rebind_command(coach)}"
    for coach in found.refused:
        yield f"  coach {plain(coach)}: Stripe does not take the registry entry back; a person has to look"
    for coach in found.failed:
        yield f"  coach {plain(coach)}: Stripe could not be asked; run this again"
    for coach in found.broken:
        yield f"  coach {plain(coach)}: the registry entry is damaged or half replaced: {rebind_command(coach)}"
    if not found.is_complete:
        yield "Not finished: until it is, each new coach is looked for among all accounts."


@coaches.command()
@click.argument("coach")
@click.option(
    "--to",
    "account",
    required=True,
    metavar="ACCT",
    type=ACCOUNT_ID,
    help="The account that is the coach's from now on: acct_…",
)
@click.option("--why", required=True, metavar="TEXT", help="The reason, kept in Stripe.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@asks_stripe
def rebind(coach: str, account: str, why: str, dry_run: bool) -> None:
    """Bind a COACH (the id that the front end sends) to another account: the old one is closed, rejected or a mistake.

    The account must be an Express account of yours that is neither closed nor rejected, and no other coach's. Look in
    the Stripe Dashboard that it is really this coach's: from now on every sale is paid to it. The backend never does this
    by itself. Within a minute every running copy knows.

    Payments that are frozen to the old account stay so. If it is gone, release each of them. Run again after an
    error, it finishes; once the coach is bound, it changes nothing.

    \b
    flask coaches rebind coach-7 --to acct_… --why "closed the first account, ticket 81"
    flask settle pi_…   --release acct_…

    Exit code 0 when done, 1 when it could not be, 3 when --dry-run found work.
    """
    reason = " ".join(why.split())
    if not 1 <= len(reason) <= _LONGEST_REASON:
        raise click.UsageError(f"Say why, in 1 to {_LONGEST_REASON} characters.")
    rebinds = Rebinds(current_services().client, current_services().registry)
    try:
        planned = rebinds.plan(coach, account)
        click.echo("\n".join(_plan(planned)))
        if not dry_run:
            rebinds.carry_out(planned, reason)
    except (stripe.StripeError, PaymentsError) as error:
        raise operator_error(error) from error
    if dry_run:
        raise SystemExit(_DONE if planned.is_done else _WORK_FOUND)
    if not planned.is_done:
        click.secho(f"Coach {plain(coach)} is bound to {account}.", fg="green")


def _plan(rebind: Rebind) -> Iterator[str]:
    account, current = rebind.account.id, rebind.current
    if rebind.is_done:
        yield f"Coach {plain(rebind.coach_id)} is bound to {account} already."
        return
    if current is None or not current.account_id:
        yield f"Coach {plain(rebind.coach_id)}: {'no binding' if current is None else 'a damaged one'} -> {account}"
    else:
        standing = "closed or rejected" if rebind.was_gone else "still there"
        yield f"Coach {plain(rebind.coach_id)}: {current.account_id} ({standing}) -> {account}"
    if rebind.frozen is None:
        yield "Stripe's Search did not answer: which payments wait for the old account is not known."
    for payment in rebind.frozen or ():
        end = f"release it: flask settle {payment} --release {account}" if rebind.was_gone else "it is paid there"
        yield f"  {payment} stays frozen to the old account; {end}"
