"""``make drift``: play every scenario on the sandbox, and with a test key of yours on Stripe; print what differs.

Without a key, the sandbox is compared with what is on record about Stripe, and nothing leaves this machine. With one, some
objects are made in your Stripe sandbox: customers, payments with test cards, unfinished Express accounts, a Product.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping

import click

from .play import Scenario, Send, Shown, on_sandbox, on_stripe, play
from .scenarios import SCENARIOS

OURS: dict[str, str | None] = {
    "secret": "sk_test_sandbox",
    "publishable": "pk_test_sandbox",
    "wrong": "sk_wrong",
    "none": None,
}


def recorded(send: Send) -> Iterator[tuple[Scenario, Shown]]:
    """Each scenario with what the sandbox shows, where that is not what is on record."""
    for scenario in SCENARIOS:
        shown = play(scenario, send, OURS, secrets.token_hex(4))
        if shown != scenario.shows:
            yield scenario, shown or {}


def differences(send: Send, keys: Mapping[str, str | None]) -> Iterator[tuple[Scenario, Shown]]:
    """Each scenario with what Stripe shows, where that is not what is on record; and each that it settles."""
    run = secrets.token_hex(4)
    for scenario in SCENARIOS:
        shown = play(scenario, send, keys, run)
        if shown is not None and (scenario.open or shown != scenario.shows):
            yield scenario, shown


def lines(scenario: Scenario, shown: Shown) -> Iterable[str]:
    """One difference, for a person."""
    if shown == scenario.shows:
        yield f"settled: {scenario.name} ({scenario.fact}): as the sandbox does it"
        return
    yield f"{'settled' if scenario.open else 'differs'}: {scenario.name} ({scenario.fact})"
    for path, value in shown.items():
        if value != scenario.shows[path]:
            yield f"    {path}: {value!r}, on record {scenario.shows[path]!r}"


@click.command()
@click.option("--key", help="A secret test key of your own. Without it nothing is asked of Stripe.")
@click.option("--publishable-key", help="The publishable test key beside it, for what only browsers may do.")
def main(key: str | None, publishable_key: str | None) -> None:
    """Compare the sandbox with Stripe, or with what is on record about it."""
    for given in filter(None, (key, publishable_key)):
        if "_test_" not in given[:8]:
            raise click.UsageError("Only test keys are taken: sk_test_…, rk_test_… and pk_test_….")
    wrong = [line for scenario, shown in recorded(on_sandbox()) for line in lines(scenario, shown)]
    still_open = sum(scenario.open for scenario in SCENARIOS)
    click.echo(f"Sandbox: {len(SCENARIOS)} scenarios, {len(wrong)} lines that are not as on record.")
    if key is None:
        click.echo(
            f"Stripe was not asked: no key was given. What is on record comes from its documentation and from recorded calls; "
            f"{still_open} scenarios are open, and a run with a key would settle them."
        )
    else:
        keys = {**OURS, "secret": key} | ({"publishable": publishable_key} if publishable_key else {})
        if not publishable_key:
            keys.pop("publishable")
        wrong += [line for scenario, shown in differences(on_stripe(), keys) for line in lines(scenario, shown)]
    for line in wrong:
        click.echo(line)
    sys.exit(any(not line.startswith(("settled", "    ")) for line in wrong))


if __name__ == "__main__":
    main()
