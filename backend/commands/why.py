"""``flask why``: a payment explained in plain sentences, found by whatever somebody has in hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click
import stripe

from backend.commands.current import current_services
from backend.commands.operator_errors import operator_error
from backend.commands.parameters import PAYMENT_ID, asks_stripe, kind_of
from backend.services import Services
from backend.services.errors import PaymentsError
from backend.services.operators.why import Explainer
from backend.services.operators.why_ends import BALANCES, Explanation, Overview, overview
from backend.services.operators.why_finder import Finder, Found, typed
from backend.services.operators.why_words import moment
from backend.services.reads import get_or_none
from backend.stripe_client.platform import namespace_of

# Of several payments, the newest are shown.
_SHOWN = 10
_FOUND, _NOT_FOUND = 0, 1


@click.command(short_help="Explain where a payment's money is, why it waits, what to do.")
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@asks_stripe
def why(query: str, as_json: bool) -> None:
    """Explain where the money of a payment is, why it waits, and what to do.

    QUERY is what you have in hand: a payment (pi_…), charge (ch_…), transfer (tr_…), reversal (trr_…), refund (re_…),
    dispute (dp_…), account (acct_…), session (session_…), a coach id, a player's email, or the last four digits of a
    card. A coach, an email or a card may lead to several payments: the newest ten are listed, a line each.

    \b
    flask why pi_…
    flask why pat@example.com
    flask why 4242

    It ends with a paragraph to send to the coach. Times are UTC, by Stripe's clock. It writes nothing, and asks Stripe at
    most fifteen times to find the payments and about ten times to explain one; it says how far it looked.

    Exit code 0 when something was found, 1 when not or when it could not be told.
    """
    services = current_services()
    if not typed(query):
        raise click.UsageError("Say what you have in hand: an id, a coach id, an email, or four digits.")
    if kind_of(typed(query)) == "payment":
        PAYMENT_ID.convert(typed(query), None, None)
    try:
        seen = Finder(services.client).find(query)
        report = _report(services, typed(query), seen)
    except (stripe.StripeError, PaymentsError) as error:
        raise operator_error(error) from error
    if as_json:
        click.echo(json.dumps(report))
    else:
        _print(report)
    raise SystemExit(_FOUND if report["payments"] else _NOT_FOUND)


def _report(services: Services, query: str, seen: Found) -> dict[str, Any]:
    """One payment is explained; of several, each is a line."""
    explained = None
    if len(seen.payment_ids) == 1:
        explained = Explainer(services.client, services.registry).explain(seen.payment_ids[0])
    several = _several(services.client, seen) if len(seen.payment_ids) > 1 else []
    return {
        "query": query,
        "looked": seen.looked,
        "whole": seen.whole,
        "remarks": list(seen.remarks),
        "payments": [explained.payment_id] if explained is not None else [one.payment_id for one in several],
        "overviews": [asdict(one) for one in several],
        "more": max(0, len(seen.payment_ids) - _SHOWN),
        "explanation": asdict(explained) if explained is not None else None,
    }


def _several(client: stripe.StripeClient, seen: Found) -> list[Overview]:
    known = {intent.id: intent for intent in seen.intents}
    shown = [
        known.get(one)
        or get_or_none(lambda one=one: client.v1.payment_intents.retrieve(one, {"expand": ["latest_charge"]}))  # type: ignore[misc]
        for one in seen.payment_ids[:_SHOWN]
    ]
    return [overview(intent, namespace_of(client)) for intent in shown if intent is not None]


def _print(report: dict[str, Any]) -> None:
    if report["explanation"] is not None:
        _print_one(Explanation(**report["explanation"]))
    elif report["payments"]:
        click.secho(f"{len(report['payments']) + report['more']} payments:", bold=True)
        for one in report["overviews"]:
            click.echo(f"  {Overview(**one).line}")
        if report["more"]:
            click.echo(f"  and {report['more']} more.")
        click.echo("Explain one with: flask why pi_…")
    else:
        click.secho("No payment was found.", fg="yellow")
    for remark in report["remarks"]:
        click.echo(remark)
    whole = "" if report["whole"] else " There may be older ones."
    click.echo(f"Looked for: {report['looked']}.{whole}")


def _print_one(told: Explanation) -> None:
    click.secho(told.payment_id, bold=True)
    click.secho(told.verdict, fg="green" if told.state == BALANCES else "yellow")
    if told.since is not None:
        click.echo(f"Since {moment(told.since, told.now)}.")
    click.echo()
    for fact in told.facts:
        click.echo(f"- {fact}")
    click.echo()
    click.echo(f"What to do: {told.next}")
    if told.command:
        click.echo(f"  {told.command}")
    if told.coach:
        click.echo()
        click.echo("To the coach:")
        click.echo(f"  {told.coach}")
    click.echo()
