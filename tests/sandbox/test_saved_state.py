"""The state of a sandbox in a file: what is loaded is what was saved, and goes on as if nothing had been in between."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe

from backend.sandbox import Clock, Sandbox
from backend.sandbox.state.banks import BANKS
from backend.sandbox.state.cards import CARDS, card_of
from tests.conftest import NOW
from tests.sandbox.conftest import Platform
from tests.sandbox.saved_platforms import reopened, sold_and_shared, state

DAY = 86_400


ANY = {"enabled": True}


URL = "http://shop.test/done"


@pytest.fixture
def platform() -> Platform:
    """One way to reach it will do: what is tested is behind the wire."""
    return Platform()


def every_card(platform: Platform) -> None:
    """Each test card is charged once; half of what could be authenticated waits."""
    for card in CARDS:
        for token in card.tokens[:1]:
            with contextlib.suppress(stripe.CardError):
                platform.paid(card=token, expand=[], return_url=URL, automatic_payment_methods=ANY)


def every_bank(platform: Platform) -> None:
    """Each test bank account is debited; the answers are days away."""
    for bank in BANKS:
        currency = {"acss_debit": "cad", "us_bank_account": "usd", "sepa_debit": "eur"}[bank.method]
        platform.paid(card=bank.token, expand=[], currency=currency, return_url=URL,
                      automatic_payment_methods={"enabled": True})  # fmt: skip


def disputes_under_way(platform: Platform) -> None:
    """An open one, and one that is won and whose money comes later."""
    for won in (False, True):
        charge = platform.paid().latest_charge
        dispute = platform.control("/disputes", charge=charge.id)
        if won:
            platform.control(f"/disputes/{dispute['id']}/win", lag=3 * DAY)


def all_that_goes_wrong(platform: Platform) -> None:
    """Faults that have fired and have not, lost and doubled events, a switch, a stored 500 that comes true later."""
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_a")
    platform.control("/faults", match={"path": "/v1/refunds"}, effect="rate_limit", times=5, p=0.5, seed=7)
    late = {"status": 500, "cache": True, "late": 2 * DAY}
    platform.control("/faults", match={"path": "/v1/customers", "method": "POST"}, effect=late, times=1)
    platform.control("/delivery_rules", match={"type": "charge.*"}, effect="duplicate")
    platform.control("/delivery_rules", match={"type": "*"}, effect="drop", p=0.3, seed=3)
    platform.control("/behaviour", fee_rounding="up")
    with pytest.raises(stripe.APIError):
        platform.v1.customers.create({"email": "late@example.com"}, {"idempotency_key": "late"})
    platform.paid()


def gone_and_refused(platform: Platform) -> None:
    """A deleted customer, a deleted Product, a disabled and a deleted coach, a refund that waits for money."""
    platform.v1.customers.delete(platform.v1.customers.create({"name": "Pat"}).id)
    platform.v1.products.delete(platform.v1.products.create({"id": "book", "name": "Book"}).id)
    platform.control("/behaviour", deleted_product_id="taken", refund_waits_for_balance=True)
    platform.control(f"/accounts/{platform.coach()}/disable")
    platform.v1.accounts.delete(platform.coach())
    platform.v1.refunds.create({"payment_intent": platform.paid().id})


def accounts_of_v2(platform: Platform) -> None:
    """One whose coach can be paid, one that is closed, and a destination that hears of both by thin events."""
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_a", thin=True)
    accounts = platform.client("sk_test_sandbox").v2.core.accounts
    params: Any = {
        "contact_email": "coach@example.com",
        "dashboard": "express",
        "identity": {"country": "CA", "entity_type": "individual"},
        "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
        "configuration": {"recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}},
    }
    ready, closed = (accounts.create(params, {"idempotency_key": key}).id for key in ("ready", "closed"))
    platform.control(f"/accounts/{ready}/onboard")
    accounts.close(closed, {"applied_configurations": ["recipient"]}, {"idempotency_key": "close"})


HISTORIES: list[Callable[[Platform], None]] = [
    sold_and_shared,
    every_card,
    every_bank,
    disputes_under_way,
    all_that_goes_wrong,
    gone_and_refused,
    accounts_of_v2,
]


def go_on(platform: Platform) -> Any:
    """The same further life for two sandboxes: days pass, webhooks go out, and new things are made."""
    seen = []
    for days in (0, 1, 2, 5, 12):
        platform.clock.advance(days * DAY)
        platform.sandbox.deliver_due()
        # The SDK would make up a key, and events tell it.
        params: Any = {"amount": 4_725, "currency": "cad", "confirm": True, "payment_method": "pm_card_visa"}
        params["return_url"] = URL
        platform.v1.payment_intents.create(params, {"idempotency_key": f"day-{days}"})
        seen.append(state(platform))
    return seen


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_what_is_loaded_is_what_was_saved_and_goes_on_like_it(
    platform: Platform, tmp_path: Path, history: Callable[[Platform], None]
) -> None:
    """Every object, balance, delivery, fault and rule; and then day after day, to the last id."""
    history(platform)
    twin = reopened(platform, tmp_path / "state")
    assert state(twin) == state(platform)
    assert go_on(twin) == go_on(platform)


def test_a_save_of_what_was_loaded_is_the_same_to_the_byte(platform: Platform, tmp_path: Path) -> None:
    """So nothing is lost on the way round."""
    sold_and_shared(platform)
    path = tmp_path / "state"
    twin = reopened(platform, path)
    assert twin.sandbox.keeper is not None
    twin.sandbox.keeper.save()
    copies = {one.read_bytes() for one in tmp_path.iterdir() if not one.name.endswith(".lock")}
    assert len(copies) == 1


def test_every_card_and_bank_account_is_found_again(platform: Platform, tmp_path: Path) -> None:
    """Those of no token, and numbers that are no test card's, too."""
    numbers = [card.number for card in CARDS] + ["4111111111111111"]
    cards: Any = [{"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"} for number in numbers]
    made = [platform.browser.payment_methods.create({"type": "card", "card": card}).id for card in cards]
    twin = reopened(platform, tmp_path / "state")
    found = [twin.sandbox.world.must(method).hidden["card"] for method in made]
    assert found == [card_of(number) for number in numbers]


def test_a_key_that_was_used_before_replays_and_does_nothing(platform: Platform, tmp_path: Path) -> None:
    """The answer is that of before, byte for byte; other parameters are refused; a day later the key is free."""
    params: Any = {"amount": 4_725, "currency": "cad"}
    other: Any = {"amount": 1_000, "currency": "cad"}
    options: Any = {"idempotency_key": "one-purchase"}
    first = platform.v1.payment_intents.create(params, options)
    twin = reopened(platform, tmp_path / "state")
    again = twin.v1.payment_intents.create(params, options)
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        twin.v1.payment_intents.create(other, options)
    twin.clock.advance(DAY)
    assert twin.v1.payment_intents.create(params, options).id != first.id


def test_search_shows_what_it_showed(platform: Platform, tmp_path: Path) -> None:
    """An object as it was a minute ago, also when it was saved in that minute."""
    customer = platform.v1.customers.create({"email": "old@example.com"})
    platform.clock.advance(61)
    platform.v1.customers.update(customer.id, {"email": "new@example.com"})
    twin = reopened(platform, tmp_path / "state")

    def found(email: str) -> list[str]:
        return [one.id for one in twin.v1.customers.search({"query": f"email:'{email}'"}).data]

    assert (found("old@example.com"), found("new@example.com")) == ([customer.id], [])
    twin.clock.advance(61)
    assert (found("old@example.com"), found("new@example.com")) == ([], [customer.id])


def test_a_webhook_that_was_due_is_delivered_after_the_restart(platform: Platform, tmp_path: Path) -> None:
    """Signed with the endpoint's secret; one that was refused is tried again at its time."""
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_a")
    platform.status = 500
    platform.v1.customers.create({"email": "pat@example.com"})
    platform.sandbox.deliver_due()
    twin = reopened(platform, tmp_path / "state")
    assert not twin.sandbox.deliver_due()
    twin.clock.advance(30)
    assert [delivery.status for delivery in twin.sandbox.deliver_due()] == ["delivered"]
    _, body, headers = twin.received[0]
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_a", tolerance=10**10)
    assert event.type == "customer.created"


def test_a_receiver_named_again_at_the_start_is_the_one_of_before(platform: Platform, tmp_path: Path) -> None:
    """It is not told twice, and a new secret signs."""
    platform.sandbox.ensure_webhook("http://shop.test", "whsec_old")
    platform.v1.customers.create({"email": "pat@example.com"})
    twin = reopened(platform, tmp_path / "state")
    twin.sandbox.ensure_webhook("http://shop.test", "whsec_new")
    twin.sandbox.deliver_due()
    assert len(twin.received) == 1
    _, body, headers = twin.received[0]
    assert stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_new", tolerance=10**10)


def test_pages_that_links_lead_to_are_there_after_the_restart(platform: Platform, tmp_path: Path) -> None:
    """A coach in the middle of onboarding goes on."""
    coach = platform.coach(ready=False)
    link = platform.v1.account_links.create({
        "account": coach, "type": "account_onboarding",
        "refresh_url": "http://shop.test/again", "return_url": "http://shop.test/back",
    })  # fmt: skip
    path = link.url.removeprefix(platform.sandbox.base_url)
    twin = reopened(platform, tmp_path / "state")
    visit = twin.raw("GET", path, key=None, follow_redirects=True)
    assert visit.status_code == 200
    assert twin.raw("POST", visit.request.path, key=None, data={"outcome": "finish"}).status_code in (302, 303)
    assert twin.v1.accounts.retrieve(coach).details_submitted


@pytest.mark.parametrize("running", [False, True], ids=["frozen", "running"])
def test_a_moved_clock_stays_moved(tmp_path: Path, running: bool) -> None:
    """A running one by as much, a frozen one at its instant."""
    clock = Clock() if running else Clock(frozen_at=NOW)
    sandbox = Sandbox(clock=clock)
    clock.advance(100 * DAY)
    sandbox.keep_state(tmp_path / "state").save()
    again = Clock() if running else Clock(frozen_at=NOW + 5)
    other = tmp_path / "other"
    other.write_bytes((tmp_path / "state").read_bytes())
    Sandbox(clock=again).keep_state(other)
    assert again.now() - clock.now() in (range(5) if running else (0,))


def test_what_fell_due_while_it_was_stopped_happens_at_the_start(platform: Platform, tmp_path: Path) -> None:
    """Time goes on without it: funds have become available."""
    platform.paid()
    assert platform.funds()[0] == 0
    path = tmp_path / "state"
    platform.sandbox.keep_state(path).save()
    document = path.read_bytes().partition(b"\n")[2]
    sandbox = Sandbox(clock=Clock(frozen_at=NOW))
    moved = json.loads(document)
    moved["parts"]["clock"]["now"] += 3 * DAY
    from backend.sandbox.saved.capture import restore

    restore(sandbox, moved)
    assert sandbox.world.ledger.available(sandbox.world.platform, "cad") > 0


def test_worlds_apart_go_on_apart(platform: Platform, tmp_path: Path) -> None:
    """Each with its objects, its clock and its idempotency keys; the shared one knows nothing of them."""
    ours: Any = platform.client("sk_test_sandbox_w1").v1
    customer = ours.customers.create({}, {"idempotency_key": "k"})
    platform.sandbox.worlds.open("w1").clock.advance(3_600)
    twin = reopened(platform, tmp_path / "state")
    again: Any = twin.client("sk_test_sandbox_w1").v1

    assert twin.sandbox.worlds.names() == ["w1"]
    assert again.customers.create({}, {"idempotency_key": "k"}).id == customer.id
    assert twin.sandbox.worlds.open("w1").clock.now() == twin.clock.now() + 3_600
    assert twin.v1.customers.list({}).data == []


def test_held_money_and_what_is_sent_on_go_on(platform: Platform, tmp_path: Path) -> None:
    """A charge still learns of its transfer and fee, held money is still let go, and a rolled key stays refused."""
    data = {"destination": platform.coach()}
    sent: Any = platform.paid(transfer_data=data, application_fee_amount=100)
    held = platform.paid(capture_method="manual")
    number: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}
    token: Any = platform.browser.tokens.create({"card": number})
    platform.control("/keys", revoke="sk_test_old")
    twin = reopened(platform, tmp_path / "state")
    twin.clock.advance(2)
    charge = twin.v1.charges.retrieve(sent.latest_charge.id)
    card: Any = {"type": "card", "card": {"token": token.id}}

    assert (str(charge.transfer)[:3], str(charge.application_fee)[:4]) == ("tr_", "fee_")
    assert twin.v1.payment_methods.create(card).type == "card"
    assert twin.raw("GET", "/v1/balance", key="sk_test_old").status_code == 401
    twin.clock.advance(7 * DAY)
    assert twin.v1.payment_intents.retrieve(held.id).cancellation_reason == "automatic"
