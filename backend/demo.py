"""``flask demo``: plays a whole purchase against the running backend, as a front end would."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import click
import requests
from flask import current_app
from flask.cli import with_appcontext

from backend.config.settings import Settings
from backend.domain.money import format_money

_TIMEOUT_SECONDS = 30
# How long the webhook may take from Stripe to the coach's balance.
_PATIENCE_SECONDS = 20
_STRIPE = "https://api.stripe.com"


@dataclass(frozen=True)
class _FrontEnd:
    """The two addresses that a front end talks to: the backend, and Stripe with the publishable key."""

    backend: str
    stripe: str
    publishable_key: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the backend. Raises ``click.ClickException`` with the backend's own message."""
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
        """What Stripe.js does with a card: confirm with the publishable key. Answers with the status."""
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
        answer = response.json()
        if not response.ok:
            raise click.ClickException(f"Stripe refused the payment: {answer['error']['message']}")
        return str(answer["status"])


@click.command()
@click.option("--url", help="The running backend.  [default: http://127.0.0.1:PORT]")
@click.option("--sport", help="A sport of the catalogue.  [default: its first]")
@click.option("--package", "package_id", type=int, default=1, show_default=True, help="A package's id.")
@click.option("--card", default="pm_card_visa", show_default=True, help="A test card of Stripe's.")
@with_appcontext
def demo(url: str | None, sport: str | None, package_id: int, card: str) -> None:
    """Play the main job against the running backend, step by step, with the money.

    A coach registers, a player buys a package and pays, the session opens, and the coach has the share.
    Every step goes over HTTP, as a front end's would. Works with the bundled sandbox and, if you finish the
    coach's onboarding in the browser, with real Stripe test keys.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if settings.live:
        raise click.ClickException("The demo pays with test cards; it does not run with live keys.")
    front_end = _FrontEnd(
        backend=(url or f"http://127.0.0.1:{settings.port}").rstrip("/"),
        stripe=settings.stripe_api_base or _STRIPE,
        publishable_key=settings.stripe_publishable_key,
    )
    sport = sport or settings.catalogue.sports[0]
    coach_id = f"demo-coach-{secrets.token_hex(4)}"
    account_id = _register(front_end, coach_id, sport, open_link=settings.uses_sandbox)
    bought = {"coachId": coach_id, "coachName": "Dana", "sport": sport, "packageType": "package"}
    payment = _buy(front_end, {**bought, "packageId": package_id}, card)
    _open_session(front_end, {**bought, "packageId": package_id}, payment)
    _follow_the_money(front_end, payment, account_id)


def _register(front_end: _FrontEnd, coach_id: str, sport: str, open_link: bool) -> str:
    step("A coach registers", "POST /api/connect/create-account")
    created = front_end.call(
        "POST",
        "/api/connect/create-account",
        {"coachId": coach_id, "coachName": "Dana", "email": f"{coach_id}@example.com", "sport": sport},
    )
    account_id, link = created["account"]["id"], created["onboardingLink"]["url"]
    line("account", account_id)
    step("The coach completes onboarding at Stripe", link)
    if open_link:
        page = requests.get(link, timeout=_TIMEOUT_SECONDS)
        requests.post(page.url, data={"outcome": "finish"}, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    else:
        click.prompt("Open the link, complete it, then press Enter", default="", show_default=False)
    account = front_end.call("GET", f"/api/connect/account/{account_id}")["account"]
    line("can be paid", "yes" if account["charges_enabled"] else "not yet: the money will be held")
    return str(account_id)


def _buy(front_end: _FrontEnd, bought: dict[str, Any], card: str) -> Any:
    step("A player buys a package", "POST /api/payments/create-intent")
    placed = front_end.call("POST", "/api/payments/create-intent", bought)
    intent, fees = placed["paymentIntent"], placed["feeBreakdown"]
    line("payment", intent["id"])
    line("price", format_money(fees["totalAmount"], intent["currency"]))
    line("platform fee", format_money(fees["platformFee"], intent["currency"]))
    line("coach's share", format_money(fees["coachAmount"], intent["currency"]))
    step("The player pays in the browser", "Stripe.js confirms with the client secret")
    line("status", front_end.pay(intent, card))
    return {**intent, "share": fees["coachAmount"]}


def _open_session(front_end: _FrontEnd, bought: dict[str, Any], payment: Any) -> None:
    step("The session opens", "POST /api/payments/confirm")
    body = {"paymentIntentId": payment["id"], "sessionData": bought}
    session = front_end.call("POST", "/api/payments/confirm", body)["session"]
    line("session", session["id"])
    line("clips", session["clipsRemaining"])
    line("expires", session["sessionExpiry"])


def _follow_the_money(front_end: _FrontEnd, payment: Any, account_id: str) -> None:
    step("Stripe's webhook has the coach paid", "POST /api/webhooks/stripe, then settle")
    held = _wait_for_share(front_end, account_id, payment)
    claim = {"paymentIntentId": payment["id"], "coachAccountId": account_id, "amount": payment["amount"]}
    transfer = front_end.call("POST", "/api/connect/transfer", claim)["transfer"]
    line("transfer", transfer["id"])
    line("amount", format_money(transfer["amount"], transfer["currency"]))
    step("Where the money is", "GET /api/connect/account/:id/balance")
    currency = payment["currency"]
    line("player paid", format_money(payment["amount"], currency))
    line("coach has", format_money(held, currency))
    line("platform keeps", format_money(payment["amount"] - held, currency) + "  (before Stripe's own fee)")
    balanced = held == payment["share"]
    click.secho("\nEvery cent is accounted for." if balanced else "\nThis does not add up.", bold=True)
    if not balanced:
        raise SystemExit(1)


def _wait_for_share(front_end: _FrontEnd, account_id: str, payment: Any) -> int:
    """The coach's money in the payment's currency, once the webhook has brought it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        balance = front_end.call("GET", f"/api/connect/account/{account_id}/balance")["balance"]
        funds = balance["available"] + balance["pending"]
        held = sum(entry["amount"] for entry in funds if entry["currency"] == payment["currency"])
        if held:
            return int(held)
        if time.monotonic() > deadline:
            raise click.ClickException(
                "The webhook has not come. With real keys, forward Stripe's events here: see SETUP_GUIDE.md."
            )
        time.sleep(0.2)


def step(title: str, how: str) -> None:
    """Announce a step."""
    click.echo()
    click.secho(title, bold=True)
    click.secho(f"  {how}", dim=True)


def line(name: str, value: object) -> None:
    """One fact of a step."""
    click.echo(f"  {name:<16}{value}")
