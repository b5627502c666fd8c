"""The wire: keys, errors, idempotency, webhooks, faults, and a socket."""

from __future__ import annotations

import json
import threading
from email.utils import formatdate
from typing import Any

import pytest
import requests
import stripe

from backend.sandbox import Sandbox
from backend.sandbox.__main__ import main
from tests.processes import sandbox_server
from tests.sandbox.conftest import Platform

HOUR = 3_600


def _create(platform: Platform, key: str, amount: int = 5000) -> Any:
    return platform.v1.payment_intents.create({"amount": amount, "currency": "cad"}, {"idempotency_key": key})


def test_a_replay_is_the_same_answer_and_says_so(platform: Platform) -> None:
    """Made once; Original-Request names the first."""
    first, second = _create(platform, "k"), _create(platform, "k")

    assert first.id == second.id
    assert first.last_response.body == second.last_response.body
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert len(platform.v1.payment_intents.list({}).data) == 1


def test_a_key_with_other_parameters_is_refused(platform: Platform) -> None:
    """400 idempotency_error, until it is forgotten after a day."""
    first = _create(platform, "k")
    with pytest.raises(stripe.IdempotencyError) as clash:
        _create(platform, "k", 6000)
    assert clash.value.http_status == 400

    platform.clock.advance(24 * HOUR)

    assert _create(platform, "k", 6000).id != first.id


def test_a_decline_is_pinned_and_a_validation_error_is_not(platform: Platform) -> None:
    """A request that began to execute is kept, a decline included; one that did not validate is not."""
    intent = _create(platform, "make")
    confirm: Any = {"payment_method": "pm_card_visa_chargeDeclined", "return_url": "https://shop.test"}
    for _ in range(2):
        with pytest.raises(stripe.CardError) as declined:
            platform.v1.payment_intents.confirm(intent.id, confirm, {"idempotency_key": "d"})
    assert declined.value.headers["Idempotent-Replayed"] == "true"
    assert len(platform.v1.charges.list({}).data) == 1

    with pytest.raises(stripe.InvalidRequestError):
        platform.v1.payment_intents.create({"amount": 0, "currency": "cad"}, {"idempotency_key": "v"})
    assert _create(platform, "v").amount == 5000


def test_a_500_is_pinned_whether_or_not_the_work_was_done(platform: Platform) -> None:
    """The two look the same to the caller."""
    for key, stage, made in (("before", "before", 0), ("after", "after", 1)):
        platform.sandbox.faults.add(
            match={"method": "POST"}, stage=stage, effect={"status": 500, "cache": True}, times=1
        )
        for _ in range(2):
            with pytest.raises(stripe.APIError) as failed:
                _create(platform, key)
        assert failed.value.headers["Idempotent-Replayed"] == "true"
        assert len(platform.v1.payment_intents.list({}).data) == made


def test_a_key_in_use_is_a_409(platform: Platform) -> None:
    """While the first request is still being carried out."""
    platform.sandbox.faults.add(match={"method": "POST"}, stage="before", effect={"delay": 30}, times=1)
    first = threading.Thread(target=_create, args=(platform, "k"))
    first.start()
    # The delay strikes while the key is held.
    while not platform.sandbox.faults.to_json()[0]["fired"]:
        pass
    answer = platform.raw(
        "POST", "/v1/payment_intents", data={"amount": "5000", "currency": "cad"}, headers={"Idempotency-Key": "k"}
    )
    platform.sandbox.faults.clear()
    first.join(30)

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "idempotency_key_in_use")


def test_a_lost_answer_is_not_lost_work(platform: Platform) -> None:
    """The line is cut after the commit, as often as it is tried: a retry with the same key finds it."""
    platform.sandbox.faults.add(match={"method": "POST"}, stage="after", effect="close")
    with pytest.raises(stripe.APIConnectionError):
        _create(platform, "k")
    platform.sandbox.faults.clear()

    assert _create(platform, "k").last_response.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        ("truncate", stripe.APIConnectionError),
        ("garbage", stripe.APIError),
        ("html_502", stripe.APIError),
        ("empty_200", stripe.APIError),
        ("rate_limit", stripe.RateLimitError),
        ("lock_timeout", stripe.RateLimitError),
        ("conflict", stripe.APIError),
    ],
)
def test_every_fault_looks_to_the_sdk_as_the_real_one(platform: Platform, effect: str, kind: type[Exception]) -> None:
    """After the work, so that only the answer is at stake."""
    platform.sandbox.faults.add(match={"method": "POST"}, stage="after", effect=effect, times=1)

    with pytest.raises(kind):
        _create(platform, "k")


@pytest.mark.parametrize(
    ("key", "status"), [(None, 401), ("sk_test_rolled", 401), ("sk_test_", 401), ("nonsense", 401), ("sk_live_x", 401)]
)
def test_a_wrong_key_is_a_401(platform: Platform, key: str | None, status: int) -> None:
    """One that was rolled, one of no test key's shape, and a live key, which is refused by name."""
    platform.control("/keys", revoke="sk_test_rolled")
    answer = platform.raw("GET", "/v1/balance", key=key)

    assert answer.status_code == status
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Stripe"'


def test_what_is_not_there_is_named(platform: Platform) -> None:
    """Never a plausible lie."""
    url = platform.raw("GET", "/v1/subscriptions")
    param = platform.raw("POST", "/v1/customers", data={"foo": "1"})

    assert (url.status_code, url.json["error"]["type"]) == (404, "invalid_request_error")
    assert "/v1/subscriptions" in url.json["error"]["message"]
    assert (param.status_code, param.json["error"]["code"], param.json["error"]["param"]) == (
        400,
        "parameter_unknown",
        "foo",
    )


def _received(platform: Platform, secret: str) -> list[stripe.Event]:
    return [
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], secret, tolerance=10**9)
        for _, body, headers in platform.received
    ]


def test_webhooks_are_signed_and_each_scope_has_its_own(platform: Platform) -> None:
    """The SDK verifies them; only connected accounts' events name an account."""
    platform.sandbox.add_webhook("http://shop.test/a", secret="whsec_a", enabled_events=["payment_intent.succeeded"])
    platform.sandbox.add_webhook(
        "http://shop.test/b", secret="whsec_b", connect=True, enabled_events=["account.updated"]
    )
    payment = platform.paid()
    platform.sandbox.deliver_due()
    (event,) = _received(platform, "whsec_a")
    assert (event.type, event.data.object.id) == ("payment_intent.succeeded", payment.id)
    assert not hasattr(event, "account")

    platform.received.clear()
    coach = platform.coach()
    platform.sandbox.deliver_due()

    assert {(e.type, e.account) for e in _received(platform, "whsec_b")} == {("account.updated", coach)}


def test_a_webhook_is_delivered_again_until_it_is_taken(platform: Platform) -> None:
    """With growing pauses and a fresh signature; and never after."""
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_a", enabled_events=["payment_intent.succeeded"])
    platform.status = 500
    platform.paid()
    platform.sandbox.deliver_due()
    tries = len(platform.received)
    platform.status = 200
    for _ in range(6):
        platform.clock.advance(12 * HOUR)
        platform.sandbox.deliver_due()

    signatures = {headers["Stripe-Signature"] for _, _, headers in platform.received}
    assert tries == 1
    assert len(platform.received) == 2 == len(signatures)
    assert len({body for _, body, _ in platform.received}) == 1


def test_an_event_can_be_sent_again_by_hand(platform: Platform) -> None:
    """And the undelivered ones can be listed."""
    platform.sandbox.add_webhook("http://shop.test", enabled_events=["payment_intent.succeeded"])
    platform.status = 500
    platform.paid()
    platform.sandbox.deliver_due()
    undelivered = platform.v1.events.list({"delivery_success": False, "type": "payment_intent.succeeded"}).data
    assert len(undelivered) == 1

    platform.status = 200
    platform.control(f"/events/{undelivered[0].id}/resend")
    platform.sandbox.deliver_due()

    assert len(platform.received) == 2


def test_endpoints_are_managed_over_the_api(platform: Platform) -> None:
    """The secret is told once."""
    made = platform.v1.webhook_endpoints.create({"url": "https://shop.test", "enabled_events": ["*"]})

    assert made.secret.startswith("whsec_")
    assert not hasattr(platform.v1.webhook_endpoints.retrieve(made.id), "secret")
    platform.v1.webhook_endpoints.delete(made.id)
    assert platform.v1.webhook_endpoints.list({}).data == []


def test_it_can_be_reset(platform: Platform) -> None:
    """An empty platform again."""
    platform.paid()
    platform.control("/reset")

    assert platform.v1.payment_intents.list({}).data == []


def test_it_refuses_live_keys() -> None:
    """Whoever starts it with one has mistaken it for Stripe."""
    with pytest.raises(ValueError, match="live"):
        Sandbox(secret_key="sk_live_x")


def test_it_listens_to_this_machine_only_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    """It asks nobody who they are."""
    with pytest.raises(SystemExit, match="allow-remote"):
        main(["--host", "0.0.0.0"])


def test_over_a_socket_it_is_the_same() -> None:
    """The SDK's own HTTP client, a cut line, and a webhook that arrives by itself."""
    with sandbox_server() as sandbox:
        client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base_url})
        customer = client.v1.customers.create({"email": "pat@example.com", "metadata": {"a": "\u2603 & ="}})
        assert client.v1.customers.retrieve(customer.id).metadata["a"] == "\u2603 & ="

        sandbox.faults.add(match={"method": "POST"}, stage="after", effect="close", times=1)
        with pytest.raises(stripe.APIConnectionError):
            client.v1.customers.create({"email": "kim@example.com"})
        assert len(client.v1.customers.list({}).data) == 2

        delivered = threading.Event()
        bodies: list[Any] = []

        def take(_url: str, body: bytes, _headers: dict[str, str]) -> int:
            bodies.append(json.loads(body))
            delivered.set()
            return 200

        sandbox.world.events.deliveries.post = take
        sandbox.add_webhook("http://shop.test", enabled_events=["customer.created"])
        client.v1.customers.create({"email": "lee@example.com"})
        assert delivered.wait(10)
        assert bodies[0]["data"]["object"]["email"] == "lee@example.com"
        assert requests.get(sandbox.base_url, timeout=5).ok


@pytest.mark.parametrize("path", ["/v1/balance", "/v1/nonsense", "/v1/charges/ch_none"])
def test_date_tells_the_sandboxs_time(platform: Platform, path: str) -> None:
    """Every answer, a refusal too, has one Date, which moves with the clock."""
    platform.clock.advance(40 * 86_400)
    answer = platform.raw("GET", path)

    assert answer.headers.getlist("Date") == [formatdate(platform.clock.now(), usegmt=True)]


def test_the_sdk_hears_the_sandboxs_time(platform: Platform) -> None:
    """On every line there is one Date, and a replay has the time of the replay."""
    for _ in range(2):
        platform.clock.advance(600)
        made = platform.v1.customers.create({}, {"idempotency_key": "k"})
        assert made.last_response.headers["Date"] == formatdate(platform.clock.now(), usegmt=True)
