"""The reference's examples for a shell: one ``curl`` a call, and the words that come before the first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from backend.config.settings import SANDBOX_WEBHOOK_SECRET, Settings
from backend.domain.paths import STRIPE_WEBHOOK

# What stands in a body's example, and the variable that a shell has for it.
_EXAMPLES = re.compile(r"\b(pi|acct)_[0-9A-Za-z]*Example\w+")
_NAMES = {"pi": "$payment", "acct": "$account"}
_PATHS = {"payment_id": "$payment", "account_id": "$account", "coach_id": "coach-7"}
_KEY = "0b9c2f1e-6d3a-4c57-9f0e-2a7b8c1d4e5f"
_EVENT = {"id": "evt_1", "object": "event", "type": "customer.created", "data": {"object": {}}}


def beginning(settings: Settings) -> str:
    """The variables that the examples use. On the bundled sandbox they are a coach and a payment made on the spot."""
    lines = [f"api={settings.app_url}"]
    if settings.auth.mode != "off":
        lines.append("token=…  # of your app, for the player or coach that is meant")
    if not settings.uses_sandbox:
        return "\n".join(
            [*lines, "account=acct_…  # as create-account answered", "payment=pi_…  # as create-intent did"]
        )
    stripe = settings.stripe_api_base
    posted = "curl -s -H 'Content-Type: application/json'"
    coach = '{"coachId": "coach-7", "coachName": "Dana", "email": "dana@example.com", "sport": "badminton"}'
    order = (
        '{"coachId": "coach-7", "coachName": "Dana", "sport": "badminton", "packageType": "package", "packageId": 1}'
    )
    return "\n".join(
        [
            *lines,
            "# A coach, and a payment of a player's. The sandbox plays Stripe: it onboards the coach and takes the card.",
            f"account=$({posted} $api/api/connect/create-account -d '{coach}' | grep -o 'acct_[A-Za-z0-9]*' | head -1)",
            f"curl -s -X POST {stripe}/_sandbox/accounts/$account/onboard > /dev/null",
            f"payment=$({posted} $api/api/payments/create-intent -d '{order}' | grep -o 'pi_[A-Za-z0-9]*' | head -1)",
            f"curl -s -X POST {stripe}/_sandbox/payment_intents/$payment/pay > /dev/null",
        ]
    )


def curl(settings: Settings, call: Mapping[str, Any]) -> str:
    """The call as a shell command. ``call`` has ``method``, ``path``, ``parameters`` and ``example``."""
    if call["path"] == STRIPE_WEBHOOK:
        return _signed(settings)
    path = re.sub(r"{([a-z_]+)}", lambda found: _PATHS[found[1]], call["path"])
    method = "" if call["method"] == "GET" else f" -X {call['method']}"
    return " \\\n  ".join([f"curl -s{method} $api{path}", *_options(settings, call)])


def _options(settings: Settings, call: Mapping[str, Any]) -> Iterator[str]:
    if settings.auth.mode != "off" and "security" in call:
        yield '-H "Authorization: Bearer $token"'
    if any(one["name"] == "Idempotency-Key" for one in call["parameters"]):
        yield f"-H 'Idempotency-Key: {_KEY}'"
    if call["example"] is not None:
        yield "-H 'Content-Type: application/json'"
        yield f"-d '{_body(call['example'])}'"


def _body(example: Any) -> str:
    """The example as JSON, with the shell's variables outside the single quotes."""
    text = json.dumps(example, ensure_ascii=False)
    return _EXAMPLES.sub(lambda found: f"'{_NAMES[found[1]]}'", text)


def _signed(settings: Settings) -> str:
    """A webhook as Stripe sends it: the signature is of the time and the body."""
    secret = SANDBOX_WEBHOOK_SECRET if settings.uses_sandbox else "$STRIPE_WEBHOOK_SECRET"
    return "\n".join(
        [
            f"event='{json.dumps(_EVENT)}' time=$(date +%s)",
            f"signature=$(printf '%s' \"$time.$event\" | openssl dgst -sha256 -hmac {secret} | sed 's/.* //')",
            f'curl -s -X POST $api{STRIPE_WEBHOOK} -H "Stripe-Signature: t=$time,v1=$signature" -d "$event"',
        ]
    )
