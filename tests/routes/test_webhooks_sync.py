"""``flask webhooks sync``: both endpoints are made, mended or replaced, and their secrets are never lost."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import stripe
from dotenv import dotenv_values

from backend.webhooks.handlers import CONNECTED_TYPES, PLATFORM_TYPES
from tests.builders import Marketplace
from tests.routes.synced import URL, believe, sync

PATH = "/api/webhooks/stripe"


def endpoints(market: Marketplace) -> dict[str, stripe.WebhookEndpoint]:
    """Ours, by kind."""
    every = market.stripe.v1.webhook_endpoints.list({"limit": 100}).data
    return {one.metadata["endpointKind"]: one for one in every if "endpointKind" in one.metadata}


def test_both_endpoints_are_made_and_their_secrets_written(bare: Marketplace, tmp_path: Path) -> None:
    """With exactly the events that are handled and the SDK's version; the file is its owner's alone."""
    file = tmp_path / ".env"

    code, output = sync(bare, file)

    made = endpoints(bare)
    assert code == 0
    assert {one.url for one in made.values()} == {URL + PATH}
    assert set(made["platform"].enabled_events) == PLATFORM_TYPES
    assert set(made["connected"].enabled_events) == CONNECTED_TYPES
    assert {one.api_version for one in made.values()} == {stripe.api_version}
    written = dotenv_values(file)
    assert set(written) == {"STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "whsec_" not in output


def test_a_purchase_goes_through_with_what_was_written(bare: Marketplace, tmp_path: Path) -> None:
    """Both endpoints deliver, and both secrets are believed."""
    sync(bare, tmp_path / ".env", url=URL)
    bare.ready_coach()
    payment = bare.paid()
    bare.deliver()

    assert bare.held(payment) == 4252


def test_a_second_run_changes_nothing(bare: Marketplace, tmp_path: Path) -> None:
    """And writes nothing, here or at Stripe."""
    file = tmp_path / ".env"
    sync(bare, file)
    before = file.read_bytes()
    bare.forget_calls()

    code, output = sync(bare, file)

    assert (code, file.read_bytes()) == (0, before)
    assert {call.split()[0] for call in bare.calls()} == {"GET"}
    assert output.count("is as it should be") == 2


def test_a_dry_run_says_what_it_would_do(bare: Marketplace, tmp_path: Path) -> None:
    """Exit code 3 when there is work, 0 when there is none."""
    file = tmp_path / ".env"

    code, output = sync(bare, file, "--dry-run")

    assert (code, output.count("would be made"), file.exists(), endpoints(bare)) == (3, 2, False, {})
    sync(bare, file)
    assert sync(bare, file, "--dry-run")[0] == 0


def test_another_address_moves_the_same_endpoints(bare: Marketplace, tmp_path: Path) -> None:
    """ngrok gives one each day; the secrets stay."""
    file = tmp_path / ".env"
    sync(bare, file)
    before, written = endpoints(bare), file.read_bytes()

    assert sync(bare, file, url="https://5678.ngrok-free.app")[0] == 0

    after = endpoints(bare)
    assert {kind: one.id for kind, one in after.items()} == {kind: one.id for kind, one in before.items()}
    assert {one.url for one in after.values()} == {"https://5678.ngrok-free.app" + PATH}
    assert file.read_bytes() == written


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"disabled": True}, "it is disabled"),
        ({"enabled_events": ["charge.refunded"]}, "it does not listen to"),
        ({"enabled_events": [*sorted(PLATFORM_TYPES), "invoice.paid"]}, "more than is handled: invoice.paid"),
    ],
)
def test_what_somebody_changed_is_mended(bare: Marketplace, tmp_path: Path, change: Any, said: str) -> None:
    """The endpoint and its secret stay."""
    file = tmp_path / ".env"
    sync(bare, file)
    before = endpoints(bare)["platform"]
    bare.stripe.v1.webhook_endpoints.update(before.id, change)

    code, output = sync(bare, file)

    after = endpoints(bare)["platform"]
    assert (code, after.id, after.status) == (0, before.id, "enabled")
    assert set(after.enabled_events) == PLATFORM_TYPES
    assert said in output


def test_an_endpoint_of_another_version_is_replaced_and_both_secrets_kept(bare: Marketplace, tmp_path: Path) -> None:
    """A version cannot be changed; events that are on their way are signed with the old secret."""
    file = tmp_path / ".env"
    old = bare.stripe.v1.webhook_endpoints.create(
        {"url": URL + PATH, "enabled_events": ["payment_intent.succeeded"], "api_version": "2024-06-20"}
    )
    file.write_text(f"# mine\nSTRIPE_WEBHOOK_SECRET={old.secret}\nPORT=3001\n")

    code, output = sync(bare, file)

    written = str(dotenv_values(file)["STRIPE_WEBHOOK_SECRET"]).split(",")
    assert (code, written[1:], written[0] != old.secret) == (0, [old.secret], True)
    assert old.id not in {one.id for one in bare.stripe.v1.webhook_endpoints.list({"limit": 100}).data}
    assert endpoints(bare)["platform"].api_version == stripe.api_version
    assert file.read_text().startswith("# mine\n")
    assert dotenv_values(file)["PORT"] == "3001"
    assert "its API version is 2024-06-20" in output


def test_a_hand_made_endpoint_is_taken_over(bare: Marketplace, tmp_path: Path) -> None:
    """With its secret, as far as anybody can tell."""
    file = tmp_path / ".env"
    params: Any = {"url": URL + PATH, "enabled_events": sorted(PLATFORM_TYPES), "api_version": stripe.api_version}
    made = bare.stripe.v1.webhook_endpoints.create(params)
    file.write_text(f"STRIPE_WEBHOOK_SECRET={made.secret}\n")

    sync(bare, file)

    assert made.id in {one.id for one in bare.stripe.v1.webhook_endpoints.list({"limit": 100}).data}
    assert dotenv_values(file)["STRIPE_WEBHOOK_SECRET"] == made.secret


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        (["*"], "platform"),
        (["payment_intent.succeeded", "account.updated"], "platform"),
        (["account.updated", "payout.created"], "connected"),
    ],
)
def test_a_hand_made_endpoints_kind_shows_in_its_events(
    bare: Marketplace, tmp_path: Path, events: Any, kind: str
) -> None:
    """One that listens to both at once is no endpoint for connected accounts; the other kind is made beside it."""
    params: Any = {"url": URL + PATH, "enabled_events": events, "api_version": stripe.api_version}
    made = bare.stripe.v1.webhook_endpoints.create(params)
    file = tmp_path / ".env"
    name = {"platform": "STRIPE_WEBHOOK_SECRET", "connected": "STRIPE_CONNECT_WEBHOOK_SECRET"}[kind]
    file.write_text(f"{name}={made.secret}\n")

    sync(bare, file)
    again = sync(bare, file)

    assert endpoints(bare)[kind].id == made.id
    assert len(bare.stripe.v1.webhook_endpoints.list({"limit": 100}).data) == 2
    assert again[1].count("is as it should be") == 2


def test_strangers_and_colleagues_endpoints_are_left_alone(bare: Marketplace, tmp_path: Path) -> None:
    """Another address without our marks; another installation's, whose secret is not here."""
    stranger = bare.stripe.v1.webhook_endpoints.create({"url": "https://shop.example.com", "enabled_events": ["*"]})
    sync(bare, tmp_path / "colleague", url="https://colleague.ngrok-free.app")
    theirs = {one.id for one in endpoints(bare).values()}
    believe(bare, {})

    sync(bare, tmp_path / ".env")
    sync(bare, tmp_path / ".env", url="https://5678.ngrok-free.app")

    every = {one.id: one for one in bare.stripe.v1.webhook_endpoints.list({"limit": 100}).data}
    assert theirs | {stranger.id} < set(every)
    assert len(every) == 5
    assert {every[one].url for one in theirs} == {"https://colleague.ngrok-free.app" + PATH}


@pytest.mark.parametrize("lost", ["answer", "secret"])
def test_a_run_that_broke_off_is_healed_by_the_next(bare: Marketplace, tmp_path: Path, lost: str) -> None:
    """The endpoint was made and its secret is lost, or was written and the endpoint not marked: in the end there are two."""
    file = tmp_path / ".env"
    if lost == "answer":
        bare.fault("POST", "/v1/webhook_endpoints", "after", "close", times=2)
    else:
        bare.fault("POST", "/v1/webhook_endpoints/.+", "before", "close", times=2)
    code, output = sync(bare, file)
    assert (code, "Traceback" in output) == (1, False)

    assert sync(bare, file)[0] == 0

    every = bare.stripe.v1.webhook_endpoints.list({"limit": 100}).data
    assert len(every) == 2
    _send_both(bare, file)


def _send_both(bare: Marketplace, file: Path) -> None:
    """Send an event signed by each secret: both are believed."""
    sync(bare, file, url=URL)
    account = bare.ready_coach()
    payment = bare.paid()
    bare.deliver()
    assert (bare.held(payment), bool(account)) == (4252, True)
