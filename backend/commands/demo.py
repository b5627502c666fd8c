"""``flask demo``: plays a whole purchase against the running backend, as a front end would, and checks its money."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import click
import requests
from flask.cli import with_appcontext

from backend.commands.current import current_settings
from backend.commands.fair_share import (
    Books,
    Comparison,
    PlatformCut,
    Terms,
    compare_cut,
    compare_money,
    compare_session,
    compare_shown,
    read_books,
    read_cut,
    read_terms,
)
from backend.config.settings import Settings
from backend.domain.money import format_money

_TIMEOUT_SECONDS = 30
_STRIPE = "https://api.stripe.com"


@dataclass(frozen=True)
class _FrontEnd:
    """The addresses that a front end talks to, and the secret key with which the demo reads Stripe's own books."""

    backend: str
    stripe: str
    publishable_key: str
    secret_key: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the backend. Raises ``click.ClickException`` with the backend's own message."""
        try:
            response = requests.request(method, self.backend + path, json=body, timeout=_TIMEOUT_SECONDS)
            answer = response.json()
        except requests.JSONDecodeError as error:
            raise click.ClickException(f"{self.backend} answered, but it is not the backend.") from error
        except requests.RequestException as error:
            raise click.ClickException(f"No backend answers at {self.backend}. Start it first: make run") from error
        if not response.ok:
            raise click.ClickException(
                f"{method} {path}: {response.status_code} {answer.get('error')}: {answer.get('message')}"
            )
        return answer

    def pay(self, intent: Any, payment_method: str) -> str:
        """Confirm with the publishable key, as Stripe.js does. Answers with the status."""
        response = requests.post(
            f"{self.stripe}/v1/payment_intents/{intent['id']}/confirm",
            headers={"Authorization": f"Bearer {self.publishable_key}"},
            data={
                "client_secret": intent["client_secret"],
                "payment_method": payment_method,
                "return_url": f"{self.backend}/payment-success",
            },
            timeout=_TIMEOUT_SECONDS,
        )
        return str(_stripes_answer(response, "the payment")["status"])

    def read(self, path: str, **params: Any) -> Any:
        """Read Stripe itself, past the backend."""
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        response = requests.get(f"{self.stripe}/v1/{path}", params=params, headers=headers, timeout=_TIMEOUT_SECONDS)
        return _stripes_answer(response, f"to show {path}")


def _stripes_answer(response: requests.Response, what: str) -> Any:
    answer = response.json()
    if not response.ok:
        raise click.ClickException(f"Stripe refused {what}: {answer['error']['message']}")
    return answer


@dataclass
class _Demo:
    """One purchase, and everything that was compared so far."""

    front_end: _FrontEnd
    terms: Terms
    bought: dict[str, Any]
    patience_seconds: int
    account_id: str = ""
    payment_id: str = ""
    wrong: int = 0

    def books(self) -> Books:
        """The money as Stripe has it now."""
        return read_books(self.front_end.read, self.payment_id, self.account_id)

    def compare(self, comparisons: Iterable[Comparison]) -> None:
        """Print each comparison; count those that do not hold."""
        for one in comparisons:
            self.wrong += not one.holds
            shown = [
                format_money(value, one.currency) if one.currency else str(value) for value in (one.right, one.found)
            ]
            value = shown[0] if one.holds else f"{shown[1]}, but it should be {shown[0]}"
            line(one.name, f"{value:<20}  ({one.sources})")


@click.command(short_help="Play a purchase against the running backend, and check its money.")
@click.option("--url", help="The running backend.  [default: http://127.0.0.1:PORT]")
@click.option("--sport", help="A sport of the catalogue.  [default: its first]")
@click.option("--package", "package_id", type=int, default=1, show_default=True, help="A package's id.")
@click.option("--card", default="pm_card_visa", show_default=True, help="A test card of Stripe's.")
@click.option(
    "--wait", type=click.IntRange(1, 600), default=20, show_default=True, help="Seconds for a webhook to come."
)
@with_appcontext
def demo(url: str | None, sport: str | None, package_id: int, card: str, wait: int) -> None:
    """Play the main job against the running backend, step by step, with the money.

    A coach registers, a player buys a package and pays, the session opens, the coach has the share, and part of the
    price goes back. Every step goes over HTTP, as a front end's would. Works with the bundled sandbox and, if you finish
    the coach's onboarding in the browser, with real Stripe test keys; then without the refund, for which the coach's
    money would have to be available.

    The backend is not asked what is right: the price is read from the catalogue file, the share is worked out from it
    and PLATFORM_FEE_PERCENTAGE, and both are compared with Stripe's own books. Stripe's fee comes out of the platform's
    part: price = coach + platform's net + Stripe's fee. Exit code 1 if a cent differs.

    \b
    flask demo
    flask demo --sport golf --package 3 --card pm_card_mastercard
    """
    settings = current_settings()
    if settings.live:
        raise click.ClickException("The demo pays with test cards; it does not run with live keys.")
    front_end = _FrontEnd(
        backend=(url or f"http://127.0.0.1:{settings.port}").rstrip("/"),
        stripe=settings.stripe_api_base or _STRIPE,
        publishable_key=settings.stripe_publishable_key,
        secret_key=settings.stripe_secret_key,
    )
    sport = sport or settings.catalogue.sports[0]
    coach_id = f"demo-coach-{secrets.token_hex(4)}"
    bought = {"coachId": coach_id, "coachName": "Dana", "sport": sport, "packageType": "package"}
    played = _Demo(front_end, _terms(settings, sport, package_id), {**bought, "packageId": package_id}, wait)
    _register(played, open_link=settings.uses_sandbox)
    _buy(played, card)
    _open_session(played)
    _follow_the_money(played)
    if settings.uses_sandbox:
        _refund(played)
    if played.wrong:
        click.secho(f"\nThis does not add up: {played.wrong} of the values above are wrong.", bold=True)
        raise SystemExit(1)
    click.secho("\nEvery cent is accounted for.", bold=True)


def _terms(settings: Settings, sport: str, package_id: int) -> Terms:
    written = settings.as_written
    try:
        return read_terms(written.catalogue, sport, package_id, written.fee_percent, written.currency)
    except KeyError as error:
        raise click.ClickException(f"{written.catalogue.name} has no {sport} package {package_id}.") from error


def _register(played: _Demo, open_link: bool) -> None:
    step("A coach registers", "POST /api/connect/create-account")
    front_end, coach_id = played.front_end, played.bought["coachId"]
    created = front_end.call(
        "POST",
        "/api/connect/create-account",
        {"coachId": coach_id, "coachName": "Dana", "email": f"{coach_id}@example.com", "sport": played.bought["sport"]},
    )
    played.account_id, link = created["account"]["id"], created["onboardingLink"]["url"]
    line("account", played.account_id)
    step("The coach completes onboarding at Stripe", link)
    if open_link:
        page = requests.get(link, timeout=_TIMEOUT_SECONDS)
        requests.post(page.url, data={"outcome": "finish"}, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    else:
        click.prompt("Open the link, complete it, then press Enter", default="", show_default=False)
    account = front_end.call("GET", f"/api/connect/account/{played.account_id}")["account"]
    line("can be paid", "yes" if account["charges_enabled"] else "not yet: the money will be held")


def _buy(played: _Demo, card: str) -> None:
    step("A player buys a package", "POST /api/payments/create-intent")
    placed = played.front_end.call("POST", "/api/payments/create-intent", played.bought)
    intent = placed["paymentIntent"]
    played.payment_id = intent["id"]
    line("payment", intent["id"])
    shown = placed["feeBreakdown"]
    played.compare(compare_shown(played.terms, shown["totalAmount"], shown["platformFee"], shown["coachAmount"]))
    step("The player pays in the browser", "Stripe.js confirms with the client secret")
    line("status", played.front_end.pay(intent, card))


def _open_session(played: _Demo) -> None:
    step("The session opens", "POST /api/payments/confirm")
    body = {"paymentIntentId": played.payment_id, "sessionData": played.bought}
    session = played.front_end.call("POST", "/api/payments/confirm", body)["session"]
    line("session", session["id"])
    line("expires", session["sessionExpiry"])
    played.compare(compare_session(played.terms, played.books(), session))


def _follow_the_money(played: _Demo) -> None:
    step("Stripe's webhook has the coach paid", "POST /api/webhooks/stripe, then settle")
    if not _coach_has_other_than(0, played):
        line("nothing came", f"in {played.patience_seconds} seconds. With real keys, forward Stripe's events here:")
        line("", "see SETUP_GUIDE.md. The webhook has not come, or the coach was not paid for it.")
    step("Where the money is", "Stripe's own books")
    books = played.books()
    played.compare(compare_money(played.terms, books))
    _count_stripes_fee(played, books)
    balance = played.front_end.call("GET", f"/api/connect/account/{played.account_id}/balance")["balance"]
    shown = sum(one["amount"] for one in balance["available"] + balance["pending"])
    share, currency = played.terms.share_of(played.terms.price), played.terms.currency
    played.compare(
        [Comparison("balance shown", share, shown, "the share; GET /api/connect/account/:id/balance", currency)]
    )


def _refund(played: _Demo) -> None:
    """Give part of the price back: the coach's share is one of what is kept, not of what was paid."""
    step("The player gets part of the price back", "POST /api/payments/refund")
    amount, before = played.terms.price // 3, played.books().received
    request = {"paymentIntentId": played.payment_id, "amount": amount}
    line("refund", played.front_end.call("POST", "/api/payments/refund", request)["refund"]["id"])
    _coach_has_other_than(before, played)
    books = played.books()
    refunded = Comparison(
        "player has back", amount, books.refunded, "what was asked for; Stripe's refunds", books.currency
    )
    played.compare([refunded, *compare_money(played.terms, books)])
    _count_stripes_fee(played, books)


def _count_stripes_fee(played: _Demo, books: Books) -> None:
    """Show Stripe's fee, which the platform pays out of its part, and add everybody's part up."""
    cut = _booked(played, books)
    if cut is None:
        line("Stripe's fee", "Stripe has not booked the charge yet, so it is not counted here.")
    elif cut.currency != books.currency:
        line(
            "Stripe's fee", f"{format_money(cut.fee, cut.currency)}; the platform is settled in {cut.currency.upper()}"
        )
    else:
        line("Stripe's fee", f"{format_money(cut.fee, cut.currency):<20}  (the charge's balance transaction)")
        played.compare(compare_cut(played.terms, books, cut))


def _booked(played: _Demo, books: Books) -> PlatformCut | None:
    """Stripe books a charge some seconds after it has succeeded."""
    deadline = time.monotonic() + played.patience_seconds
    while (cut := read_cut(played.front_end.read, books)) is None and time.monotonic() < deadline:
        time.sleep(0.2)
    return cut


def _coach_has_other_than(before: int, played: _Demo) -> bool:
    """Wait for what a webhook brings or takes."""
    deadline = time.monotonic() + played.patience_seconds
    while played.books().received == before:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def step(title: str, how: str) -> None:
    """Announce a step."""
    click.echo()
    click.secho(title, bold=True)
    click.secho(f"  {how}", dim=True)


def line(name: str, value: object) -> None:
    """One fact of a step."""
    click.echo(f"  {name:<16}{value}")
