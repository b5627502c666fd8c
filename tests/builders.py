"""A marketplace to test in: domain words ("a ready coach", "a paid intent") over HTTP and the real SDK."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from backend.commands.sweep import SweepOptions, run_sweep
from backend.config.settings import Settings, load_settings
from backend.domain.money import FeeRate
from backend.sandbox import Sandbox
from backend.sandbox.state.clock import Clock
from backend.server import create_app
from backend.services import Services
from backend.services.reconcile.reconcile import ReconcileResult
from backend.services.settlement.settle import Settlement
from tests.books import StripesBooks
from tests.money.workers import ObservedStripe
from tests.wire import InProcessStripe

BACKEND = "http://backend.test"
STRIPE = "http://stripe.test"
WEBHOOK = f"{BACKEND}/api/webhooks/stripe"

# The least with which production starts, on test keys.
PRODUCTION_ENVIRONMENT = {
    "APP_ENV": "production",
    "STRIPE_SECRET_KEY": "sk_test_a1",
    "STRIPE_WEBHOOK_SECRET": "whsec_a1",
    "APP_URL": "https://api.example.com",
    "AUTH_MODE": "off",
    "ALLOW_TEST_KEYS": "true",
}

_PACKAGE = {"sport": "badminton", "packageType": "package", "packageId": 1}
# The metadata of a purchase that the Node backend made, without the coach's id.
NODE_PURCHASE = {
    "coachName": "Dana",
    "sport": "badminton",
    "packageType": "package",
    "packageId": "1",
    "packagePrice": "4725",
    "clips": "5",
    "days": "3",
    "platformFee": "473",
    "transferAmount": "4252",
}


def key_of(name: str) -> str:
    """An Idempotency-Key that a test can recognise, and that is long enough where nobody signs in."""
    return f"{name}-".ljust(36, "0")


class Marketplace(StripesBooks):
    """One backend and one sandbox, wired together in-process, webhooks included.

    Webhooks wait until ``deliver`` is called, so that a test decides what comes first. ``thin``: they carry no objects.
    """

    def __init__(self, now: int, thin: bool = False, **changes: Any) -> None:
        self.clock = Clock(frozen_at=now)
        self.settings = replace(load_settings({}, env_file=None), ratelimit_enabled=False, **changes)
        key = self.settings.stripe_secret_key
        self.sandbox = Sandbox(clock=self.clock, secret_key=key, base_url=STRIPE, post=self._post)
        self.line = ObservedStripe(self.sandbox)
        self.app = self.another_backend()
        self.http: FlaskClient = self.app.test_client()
        self._as_platform = {"Authorization": f"Bearer {self.settings.stripe_secret_key}"}
        self.stripe = self._client(self.settings.stripe_secret_key)
        self.browser = self._client(self.settings.stripe_publishable_key)
        self.sandbox.add_webhook(WEBHOOK, secret=self.settings.stripe_webhook_secrets[0], thin=thin)
        connect_secret = self.settings.stripe_connect_webhook_secrets[0]
        self.sandbox.add_webhook(WEBHOOK, secret=connect_secret, connect=True, thin=thin)

    def another_backend(self, settings: Settings | None = None) -> Any:
        """A further instance of the backend on the same sandbox."""
        return create_app(
            replace(settings or self.settings, stripe_api_base=STRIPE),
            http_client=self.line,
            clock=self.clock.now,
        )

    def backend_with_clock(self, clock: Callable[[], float]) -> Any:
        """A further instance of the backend, on a machine whose clock says something else."""
        settings = replace(self.settings, stripe_api_base=STRIPE)
        return create_app(settings, http_client=self.line, clock=clock)

    def go_live(self, **environ: str) -> None:
        """From now on the backend runs in production, on the same sandbox; without redirects to HTTPS."""
        given = {**PRODUCTION_ENVIRONMENT, "FORCE_HTTPS": "false", **environ}
        ours = {
            name: getattr(self.settings, name)
            for name in ("stripe_secret_key", "stripe_webhook_secrets", "stripe_connect_webhook_secrets")
        }
        self.settings = replace(load_settings(given, env_file=None), **ours)
        self.app = self.another_backend()
        self.http = self.app.test_client()

    def _client(self, key: str) -> stripe.StripeClient:
        return stripe.StripeClient(key, http_client=InProcessStripe(self.sandbox), base_addresses={"api": STRIPE})

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        assert urlsplit(url).path == urlsplit(WEBHOOK).path
        answer: TestResponse = self.app.test_client().post(urlsplit(url).path, data=body, headers=headers)
        return answer.status_code

    # What a front end does.

    def fresh_post(self, path: str, body: Any) -> TestResponse:
        """POST JSON from a thread of its own: a test client is not shared between threads."""
        answer: TestResponse = self.app.test_client().post(path, json=body)
        return answer

    def finish_onboarding(self, url: str) -> str:
        """Open an onboarding link in a browser and press Finish. Answers with where the browser lands."""
        browser = Client(self.sandbox)
        visit = browser.get(urlsplit(url).path).headers["Location"]
        return browser.post(visit, data={"outcome": "finish"}).headers["Location"]

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        """POST JSON; header names with underscores (``Idempotency_Key="…"``)."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, data=json.dumps(body), content_type="application/json", headers=sent)

    def order(self, coach_id: str = "coach-1", **changes: Any) -> dict[str, Any]:
        """The body of a purchase."""
        return {"coachId": coach_id, "coachName": "Dana", **_PACKAGE, **changes}

    def buy(self, coach_id: str = "coach-1", **changes: Any) -> dict[str, Any]:
        """An unpaid intent, as create-intent answers it."""
        response = self.post("/api/payments/create-intent", self.order(coach_id, **changes))
        assert response.status_code == 200, response.json
        intent: dict[str, Any] = response.json["paymentIntent"]
        return intent

    def pay(self, intent: dict[str, Any], card: str = "pm_card_visa") -> stripe.PaymentIntent:
        """Pay an intent as a browser does: publishable key and client secret."""
        params: Any = {
            "client_secret": intent["client_secret"],
            "payment_method": card,
            "return_url": f"{BACKEND}/payment-success",
        }
        return self.browser.v1.payment_intents.confirm(intent["id"], params)

    def decline(self, intent: dict[str, Any]) -> None:
        """Try to pay with a card that is declined."""
        with pytest.raises(stripe.CardError):
            self.pay(intent, "pm_card_visa_chargeDeclined")

    def paid(self, coach_id: str = "coach-1", **changes: Any) -> str:
        """The id of a paid intent; its webhooks still wait."""
        intent = self.buy(coach_id, **changes)
        self.pay(intent)
        return str(intent["id"])

    def confirm(self, payment_id: str, **changes: Any) -> TestResponse:
        """Confirm a payment as the front end does after paying."""
        session = {"coachId": "coach-1", "coachName": "Dana", **_PACKAGE, **changes}
        return self.post("/api/payments/confirm", {"paymentIntentId": payment_id, "sessionData": session})

    def refund(self, payment_id: str, **changes: Any) -> TestResponse:
        """Refund a payment."""
        return self.post("/api/payments/refund", {"paymentIntentId": payment_id, **changes})

    def refund_in_dashboard(self, payment_id: str, amount: int) -> None:
        """Somebody refunds at Stripe itself; nobody tells the backend."""
        self.stripe.v1.refunds.create({"payment_intent": payment_id, "amount": amount})

    def register(self, coach_id: str = "coach-1", **changes: Any) -> str:
        """The account id of a coach who registered and has not completed onboarding."""
        body = {
            "coachId": coach_id,
            "coachName": "Dana",
            "email": f"{coach_id}@example.com",
            "sport": "badminton",
        }
        response = self.post("/api/connect/create-account", {**body, **changes})
        assert response.status_code == 200, response.json
        return str(response.json["account"]["id"])

    def onboard(self, account_id: str) -> None:
        """The coach completes onboarding at Stripe."""
        response = self.control("POST", f"/accounts/{account_id}/onboard")
        assert response.status_code == 200, response.text

    def ready_coach(self, coach_id: str = "coach-1") -> str:
        """The account id of a coach who can be paid; all webhooks so far are delivered."""
        account_id = self.register(coach_id)
        self.onboard(account_id)
        self.deliver()
        return account_id

    def node_payment(self, coach_id: str = "coach-1") -> str:
        """The id of a paid intent that the Node backend made: its keys, no marker, no transfer group."""
        metadata = {"coachId": coach_id, **NODE_PURCHASE}
        intent = self.stripe.v1.payment_intents.create({"amount": 4725, "currency": "cad", "metadata": metadata})
        self.pay({"id": intent.id, "client_secret": intent.client_secret})
        return intent.id

    # What Stripe does.

    def available(self) -> int:
        """The amount that the platform could transfer now, in minor units."""
        return sum(entry.amount for entry in self.stripe.v1.balance.retrieve().available if entry.currency == "cad")

    def charge(self, payment_id: str) -> str:
        """The id of the charge that paid an intent."""
        return str(self.stripe.v1.payment_intents.retrieve(payment_id).latest_charge)

    def dispute(self, payment_id: str) -> str:
        """The player's bank disputes the payment; answers with the dispute's id."""
        response = self.control("POST", "/disputes", {"charge": self.charge(payment_id)})
        assert response.status_code == 200, response.text
        return str(response.json["id"])

    def mature_funds(self) -> None:
        """Wait until what was paid by now is available, and no longer: a day later it is paid out."""
        self.clock.advance(2 * 86_400)

    def event(self, event_type: str) -> dict[str, Any]:
        """The newest event of a type."""
        return self.stripe.v1.events.list({"type": event_type, "limit": 1}).data[0].to_dict()

    def event_of(self, account_id: str, event_type: str) -> dict[str, Any]:
        """The newest event of a type of a connected account."""
        params: Any = {"type": event_type, "limit": 1}
        return self.stripe.v1.events.list(params, {"stripe_account": account_id}).data[0].to_dict()

    def send(self, event: dict[str, Any], secret: str | None = None) -> int:
        """Deliver an event signed as Stripe signs it; answers with the status. Safe in any thread."""
        body = json.dumps(event)
        now = self.clock.now()
        key = secret or self.settings.stripe_webhook_secrets[0]
        digest = hmac.new(key.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
        return self._post(WEBHOOK, body.encode(), {"Stripe-Signature": f"t={now},v1={digest}"})

    def fault(self, method: str, path: str, stage: str, effect: Any, times: int = 1) -> None:
        """Have Stripe's next matching calls fail: before the work, or after it."""
        match = {"method": method, "path": path}
        self.sandbox.faults.add({"match": match, "stage": stage, "effect": effect, "times": times})

    def paid_available(self) -> str:
        """Another coach's customer pays with the card whose money is available at once."""
        intent = self.buy(packageType="subscription", packageId=None)
        self.pay(intent, "pm_card_bypassPending")
        return str(intent["id"])

    def settle(self, payment_id: str) -> Settlement:
        """Settle as the sweep does."""
        services: Services = self.app.extensions["payments"]
        return services.settler.settle(payment_id)

    def release(self, payment_id: str) -> None:
        """Release a kept share as an operator does."""
        services: Services = self.app.extensions["payments"]
        services.deliveries.release(payment_id)

    def reconcile(self, payment_ids: list[str] | None = None, since: int | None = None) -> list[ReconcileResult]:
        """Run the default sweep, or mend the given payments. Answers with those that did not balance or wait."""
        services: Services = self.app.extensions["payments"]
        if payment_ids is not None and not payment_ids:
            return []
        options = SweepOptions(tuple(payment_ids or ()), since, calls_per_second=1_000_000)
        return run_sweep(services, options).mended

    def is_payable(self, payment_id: str) -> bool:
        """True if the coach of a payment could be sent money now."""
        metadata = self.stripe.v1.payment_intents.retrieve(payment_id).metadata.to_dict()
        accounts = [
            account
            for account in self.stripe.v1.accounts.list({"limit": 100}).data
            if account.metadata.to_dict().get("coachId") == metadata["coachId"]
        ]
        return any(account.capabilities.transfers == "active" for account in accounts)

    def change_fee(self, percent: str) -> None:
        """Go on with a backend that is configured with another percentage."""
        self.app = self.another_backend(replace(self.settings, fee_rate=FeeRate.from_percent(percent)))
        self.http = self.app.test_client()

    def deliver(self) -> None:
        """Deliver every webhook that is due, those included that the deliveries cause."""
        while self.sandbox.deliver_due():
            pass

    def control(self, method: str, path: str, body: Any = None) -> TestResponse:
        """The sandbox's control path, outside ``/v1``."""
        return Client(self.sandbox).open(f"/_sandbox{path}", method=method, json=body or {})
