"""Thin events: destinations made under /v2, what is delivered to them, and the event that is fetched afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import Platform
from tests.sandbox.lines import InProcess
from tests.sandbox.test_accounts_v2 import made, refused, v2

URL = "https://hooks.example.com/stripe"
SECRET = "webhook_endpoint.signing_secret"
STATUS = "v2.core.account[configuration.recipient].capability_status_updated"


@pytest.fixture
def platform() -> Platform:
    """A fresh one, in-process."""
    return Platform(InProcess())


def destination(platform: Platform, *types: str, **changes: Any) -> Any:
    """A destination of thin events, with its secret."""
    body = {
        "name": "thin",
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": list(types),
        "webhook_endpoint": {"url": URL},
        "include": [SECRET],
        **changes,
    }
    return v2(platform).event_destinations.create(body)


def received(platform: Platform, secret: str) -> list[Any]:
    """The notifications that have come, each verified and read by the SDK."""
    platform.sandbox.deliver_due()
    client = platform.client("sk_test_sandbox")
    return [
        client.parse_event_notification(body, headers["Stripe-Signature"], secret, tolerance=10**9)
        for _, body, headers in platform.received
    ]


def test_a_payment_is_told_by_its_id_alone(platform: Platform) -> None:
    """The SDK verifies the notification, and fetches the object as it is now."""
    secret = destination(platform, "v1.payment_intent.succeeded").webhook_endpoint.signing_secret
    payment = platform.paid()

    (told,) = received(platform, secret)

    assert (told.type, told.context, told.related_object.id) == ("v1.payment_intent.succeeded", None, payment.id)
    assert told.fetch_related_object().status == "succeeded"
    body = json.loads(platform.received[0][1])
    assert not {"data", "changes", "snapshot_event"} & set(body)


def test_the_fetched_event_names_its_twin_and_what_changed(platform: Platform) -> None:
    """The twin is the snapshot event of the same change."""
    secret = destination(platform, "v1.transfer.updated").webhook_endpoint.signing_secret
    transfer = platform.transfer(platform.paid(), platform.coach(), 500, metadata={"a": "1"})
    platform.v1.transfers.update(transfer.id, {"metadata": {"a": "2"}})
    (told,) = received(platform, secret)

    event = v2(platform).events.retrieve(told.id)

    assert event.changes["before"]["metadata"].to_dict() == {"a": "1"}
    assert platform.v1.events.retrieve(event.snapshot_event).type == "transfer.updated"


def test_an_event_of_a_coach_names_the_account(platform: Platform) -> None:
    """In its context; a destination of the platform's own events does not hear of it."""
    coach = platform.coach(ready=False)
    own = destination(platform, "v1.account.updated")
    theirs = destination(platform, "v1.account.updated", events_from=["@accounts"])
    platform.control(f"/accounts/{coach}/onboard")

    (told,) = received(platform, theirs.webhook_endpoint.signing_secret)

    assert (str(told.context), told.related_object.url) == (coach, f"/v1/accounts/{coach}")
    assert own.events_from == ["@self"]


def test_a_disconnected_account_has_no_related_object(platform: Platform) -> None:
    """It is the context."""
    coach = platform.coach()
    destination(platform, "v1.account.application.deauthorized", events_from=["@accounts"])
    platform.control(f"/accounts/{coach}/disconnect")
    platform.sandbox.deliver_due()

    bodies = [json.loads(body) for _, body, _ in platform.received]
    assert [(one["context"], one.get("related_object")) for one in bodies] == [(coach, None)]


@pytest.mark.parametrize(("scope", "hears"), [("@self", ["@self"]), ("@accounts", ["@accounts"]), ("both", [])])
def test_the_scope_of_v2_account_events_can_be_chosen(platform: Platform, scope: str, hears: list[str]) -> None:
    """No source settles it."""
    platform.control("/behaviour", v2_account_events_from=scope)
    secrets = {
        one: destination(platform, STATUS, events_from=[one]).webhook_endpoint.signing_secret
        for one in ("@self", "@accounts")
    }
    account_id = made(platform).id
    platform.control(f"/accounts/{account_id}/onboard")
    platform.sandbox.deliver_due()

    heard = [one for one, secret in secrets.items() if _signed_with(platform, secret)]
    assert heard == (hears or ["@self", "@accounts"])


def _signed_with(platform: Platform, secret: str) -> bool:
    for _, body, headers in platform.received:
        try:
            stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], secret, tolerance=None)
        except stripe.SignatureVerificationError:
            continue
        return True
    return False


def test_the_capability_that_changed_is_in_the_fetched_event_only(platform: Platform) -> None:
    """A notification names the account."""
    secret = destination(platform, STATUS).webhook_endpoint.signing_secret
    account_id = made(platform).id
    platform.control(f"/accounts/{account_id}/onboard")
    (told,) = received(platform, secret)

    assert told.related_object.url == f"/v2/core/accounts/{account_id}"
    assert told.fetch_event().data.updated_capability == "stripe_balance.stripe_transfers"


def test_the_secret_is_given_once_to_who_asks_for_it(platform: Platform) -> None:
    """Without the include, and ever after, it is not shown."""
    made_without = destination(platform, "v1.charge.refunded", include=[])
    shown = destination(platform, "v1.charge.refunded")

    assert made_without.webhook_endpoint is None
    assert shown.webhook_endpoint.signing_secret.startswith("whsec_")
    later = v2(platform).event_destinations.retrieve(shown.id, {"include": ["webhook_endpoint.url"]})
    assert (later.webhook_endpoint.url, later.webhook_endpoint.signing_secret) == (URL, None)


@pytest.mark.parametrize(
    ("types", "changes"),
    [
        (["charge.refunded"], {}),
        (["v1.charge.nonsense"], {}),
        (["v1.charge.refunded"], {"event_payload": "snapshot"}),
        ([STATUS], {"event_payload": "snapshot"}),
        (["v1.charge.refunded"], {"snapshot_api_version": "2026-10-28.endive"}),
    ],
)
def test_names_of_the_other_payload_are_refused(platform: Platform, types: list[str], changes: dict[str, Any]) -> None:
    """The two cannot be mixed in one destination."""
    assert refused(lambda: destination(platform, *types, **changes))[0] == 400


def test_a_destination_is_disabled_and_enabled_again(platform: Platform) -> None:
    """Meanwhile nothing is sent there."""
    one = destination(platform, "v1.payment_intent.succeeded")
    services = v2(platform).event_destinations
    assert services.disable(one.id).status_details.disabled.reason == "user"
    platform.paid()
    assert services.enable(one.id).status == "enabled"
    payment = platform.paid()

    (told,) = received(platform, one.webhook_endpoint.signing_secret)

    assert told.related_object.id == payment.id


def test_a_ping_is_for_one_destination(platform: Platform) -> None:
    """Thin, and about the destination itself."""
    one, _ = destination(platform, "v1.charge.refunded"), destination(platform, "v1.charge.refunded")
    v2(platform).event_destinations.ping(one.id)

    (told,) = received(platform, one.webhook_endpoint.signing_secret)

    assert (told.type, told.related_object.id) == ("v2.core.event_destination.ping", one.id)


def test_what_can_be_changed_of_a_destination(platform: Platform) -> None:
    """Its names and its address; scopes and payload are no parameters of an update."""
    one = destination(platform, "v1.charge.refunded")
    services = v2(platform).event_destinations
    changed = services.update(
        one.id,
        {"enabled_events": ["v1.charge.failed"], "webhook_endpoint": {"url": URL + "/2"}, "metadata": {"a": "1"}},
    )

    assert (changed.enabled_events, changed.metadata.to_dict()) == (["v1.charge.failed"], {"a": "1"})
    assert refused(lambda: services.update(one.id, {"events_from": ["@self"]})) == (400, "parameter_unknown")


def test_endpoints_of_v1_are_among_the_destinations(platform: Platform) -> None:
    """By their own ids; a deleted one of either kind is gone."""
    services = v2(platform).event_destinations
    old = platform.v1.webhook_endpoints.create({"url": URL, "enabled_events": ["charge.refunded"], "connect": True})
    one = destination(platform, "v1.charge.refunded")

    assert [(each.id, each.event_payload, each.events_from) for each in services.list()] == [
        (one.id, "thin", ["@self"]),
        (old.id, "snapshot", ["@accounts"]),
    ]
    services.delete(one.id)
    assert [each.id for each in services.list()] == [old.id]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"types": ["v1.payment_intent.succeeded"]}, 2),
        ({"types": ["v1.payment_intent.succeeded", "v1.charge.succeeded"]}, 4),
        ({"types": ["v1.payment_intent.succeeded"], "created": {"gt": "2026-11-02T15:00:00.000Z"}}, 1),
    ],
)
def test_events_are_listed_by_type_and_time(platform: Platform, filters: Any, count: int) -> None:
    """The newest first."""
    platform.paid()
    platform.clock.advance(10)
    platform.paid()

    assert len(list(v2(platform).events.list(filters).auto_paging_iter())) == count


def test_events_are_listed_by_what_they_are_about(platform: Platform) -> None:
    """Whatever their types."""
    payment = platform.paid()
    platform.paid()

    listed = v2(platform).events.list({"object_id": payment.id})

    assert {one.type for one in listed} == {"v1.payment_intent.created", "v1.payment_intent.succeeded"}


@pytest.mark.parametrize(
    "call",
    [
        lambda core: core.accounts.retrieve("acct_none"),
        lambda core: core.event_destinations.retrieve("ed_none"),
        lambda core: core.events.retrieve("evt_none"),
    ],
)
def test_an_unknown_id_in_a_path_is_a_404(platform: Platform, call: Callable[[Any], Any]) -> None:
    """Of each kind."""
    assert refused(lambda: call(v2(platform))) == (404, "not_found")
