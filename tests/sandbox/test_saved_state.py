"""The state of a sandbox in a file: what is loaded is what was saved, and goes on as if nothing had been in between."""

from __future__ import annotations

import contextlib
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import stripe

from backend.sandbox import Clock, Sandbox, StateError
from backend.sandbox.state.banks import BANKS
from backend.sandbox.state.cards import CARDS, card_of
from tests.conftest import NOW
from tests.sandbox.conftest import Platform

DAY = 86_400
ANY = {"enabled": True}
URL = "http://shop.test/done"


def reopened(platform: Platform, path: Path) -> Platform:
    """Another platform, on a sandbox that has loaded what this one has saved."""
    keeper = platform.sandbox.keep_state(path)
    keeper.save()
    keeper.close()
    twin = Platform()
    twin.sandbox.keep_state(path).close()
    return twin


def state(platform: Platform) -> Any:
    """Every object and balance, from the sandbox itself, with its events, deliveries, faults and rules."""
    seen = {path: platform.raw("GET", f"/_sandbox/{path}", key=None).json for path in ("state", "faults", "behaviour")}
    return {**seen, "deliveries": platform.raw("GET", "/_sandbox/deliveries", key=None).json}


@pytest.fixture
def platform() -> Platform:
    """One way to reach it will do: what is tested is behind the wire."""
    return Platform()


def sold_and_shared(platform: Platform) -> None:
    """A coach, a payment, a transfer, a refund of a part and its reversal; funds on their way."""
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_a")
    platform.sandbox.add_webhook("http://shop.test", secret="whsec_b", connect=True)
    coach = platform.coach()
    payment = platform.paid()
    transfer = platform.transfer(payment, coach, 9_000)
    platform.v1.refunds.create({"payment_intent": payment.id, "amount": 1_000})
    platform.v1.transfers.reversals.create(transfer.id, {"amount": 900})
    platform.v1.customers.create({"email": "pat@example.com", "metadata": {"$": "a key that the file uses too"}})


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


HISTORIES: list[Callable[[Platform], None]] = [
    sold_and_shared,
    every_card,
    every_bank,
    disputes_under_way,
    all_that_goes_wrong,
    gone_and_refused,
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


# The file.


def saved(tmp_path: Path) -> tuple[Path, bytes]:
    """A file with a state, of a sandbox that has ended, and its bytes."""
    platform = Platform()
    sold_and_shared(platform)
    reopened(platform, tmp_path / "first")
    path = tmp_path / "state"
    path.write_bytes((tmp_path / "first").read_bytes())
    return path, path.read_bytes()


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "half": lambda whole: whole[: len(whole) // 2],
    "one byte": lambda whole: whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:],
    "head only": lambda whole: whole.partition(b"\n")[0],
    "not ours": lambda whole: b'{"a": "file of somebody else"}\n',
    "text": lambda whole: b"a shopping list\n- eggs\n",
    "binary": lambda whole: bytes(range(256)),
    "nested": lambda whole: b"[" * 100_000,
    "version 0": lambda whole: whole.replace(b'"version": 1', b'"version": 0', 1),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, how: str) -> None:
    """The sentence names the file and what to do."""
    path, whole = saved(tmp_path)
    path.write_bytes(DAMAGE[how](whole))
    before = path.read_bytes()
    with pytest.raises(
        StateError, match=r"is damaged, or is not the state of a sandbox\. It was left as it is\."
    ) as error:
        Sandbox().keep_state(path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == before


def test_a_file_of_a_newer_sandbox_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    """The refusal says which version the file has, and which can be read."""
    path, whole = saved(tmp_path)
    head, _, body = whole.partition(b"\n")
    newer = json.dumps({**json.loads(head), "version": 99}).encode() + b"\n" + body
    path.write_bytes(newer)
    with pytest.raises(StateError, match=r"newer sandbox \(version 99; this one reads 1\)"):
        Sandbox().keep_state(path)
    assert path.read_bytes() == newer


def test_only_one_sandbox_has_a_file(tmp_path: Path) -> None:
    """The second is told so and writes nothing."""
    path = tmp_path / "state"
    first = Sandbox()
    first.keep_state(path).save()
    before = path.read_bytes()
    with pytest.raises(StateError, match="is in use by another sandbox"):
        Sandbox().keep_state(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["no/such/folder/state", "."])
def test_a_place_that_cannot_hold_a_file_is_said(tmp_path: Path, place: str) -> None:
    """Before anything is served."""
    with pytest.raises(StateError, match="cannot be"):
        Sandbox().keep_state(tmp_path / place).start()


def test_a_full_disk_leaves_the_state_of_before(tmp_path: Path) -> None:
    """A folder in the place of the fresh file stands in for a write that fails."""
    path = tmp_path / "state"
    sandbox = Sandbox()
    keeper = sandbox.keep_state(path)
    keeper.save()
    before = path.read_bytes()
    (tmp_path / "state.new").mkdir()
    sandbox.add_webhook("http://shop.test", secret="whsec_a")
    with pytest.raises(StateError, match="cannot be saved"):
        keeper.save()
    assert path.read_bytes() == before
    (tmp_path / "state.new").rmdir()
    assert keeper.save()
    assert path.read_bytes() != before


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds the secrets of webhook endpoints."""
    Sandbox().keep_state(tmp_path / "state").save()
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o600


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    """The file that it leads to is written."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "state"
    link.symlink_to(tmp_path / "real/state")
    Sandbox().keep_state(link).save()
    assert link.is_symlink()
    assert (tmp_path / "real/state").is_file()


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    """A sandbox that nobody calls leaves the disk alone."""
    sandbox = Sandbox()
    keeper = sandbox.keep_state(tmp_path / "state")
    assert keeper.save()
    assert not keeper.save()
    sandbox.clock.advance(1)
    assert keeper.save()


def test_a_sandbox_without_a_file_says_how_to_give_it_one(platform: Platform) -> None:
    """Asked to save, it refuses."""
    refused = platform.raw("POST", "/_sandbox/save", key=None, json={})
    assert refused.status_code == 400
    assert "--state FILE" in refused.json["error"]["message"]


def test_a_task_of_no_name_cannot_be_put_off(platform: Platform) -> None:
    """A task that could not be saved is refused when it is made, not when the file is written."""
    with pytest.raises(LookupError, match=r"name it in state/tasks\.py"):
        platform.sandbox.world.timeline.at(NOW, "something.else")
