"""The binding of coach and account: accounts of another backend, bindings that a person replaces, accounts that are gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.domain.namespace import UNNAMED, entry_id
from backend.services.coach.registry import Registry
from tests.builders import Marketplace
from tests.money.workers import CrashPoint, KilledError, Meanwhile
from tests.routes.test_commands import run

DAY = 86_400
EMAIL = "coach-1@example.com"


def account_of(market: Marketplace, coach_id: str | None = "coach-1", ready: bool = False, **changes: Any) -> str:
    """The id of an Express account that was not made here: the Node backend's, or by hand (``coach_id`` None)."""
    params: Any = {"type": "express", "country": "CA", "capabilities": {"transfers": {"requested": True}}, **changes}
    if coach_id is not None:
        params = {"email": f"{coach_id}@example.com", "metadata": {"coachId": coach_id}, **params}
    account = market.stripe.v1.accounts.create(params).id
    if ready:
        market.onboard(account)
    return account


def ask(market: Marketplace, coach_id: str = "coach-1", **changes: str) -> Any:
    """The answer to create-account."""
    body = {"coachId": coach_id, "coachName": "Dana", "email": f"{coach_id}@example.com", "sport": "badminton"}
    return market.post("/api/connect/create-account", {**body, **changes})


def bound(market: Marketplace, coach_id: str = "coach-1") -> str | None:
    """The account that a reader who remembers nothing finds."""
    entry = Registry(market.stripe).read(coach_id)
    return entry.account_id if entry else None


def restart(market: Marketplace) -> None:
    """Go on with a backend that remembers nothing."""
    market.app = market.another_backend()
    market.http = market.app.test_client()


def reject(market: Marketplace, account: str, reason: str = "rejected.fraud") -> None:
    """Stripe rejects an account."""
    assert market.control("POST", f"/accounts/{account}/disable", {"reason": reason}).status_code == 200


def rebind(market: Marketplace, account: str, coach_id: str = "coach-1") -> tuple[int, str]:
    """An operator binds the coach to another account."""
    return run(market, "coaches", "rebind", coach_id, "--to", account, "--why", "ticket 81")


def adopt(market: Marketplace, *words: str) -> tuple[int, str]:
    """An operator adopts the accounts that another backend made."""
    return run(market, "coaches", "adopt", "--rate", "1000", *words)


def accounts(market: Marketplace) -> set[str]:
    """The ids of all connected accounts."""
    return {account["id"] for account in market.all("accounts")}


# Accounts that another backend made.


@pytest.mark.parametrize("email", [EMAIL, EMAIL.upper()])
@pytest.mark.parametrize("ready", [False, True])
def test_a_coach_whom_the_node_backend_onboarded_keeps_that_account(
    market: Marketplace, ready: bool, email: str
) -> None:
    """No second account is made, and the payments of before are paid to it."""
    account = account_of(market, ready=ready, email=email)

    answers = [ask(market).json["account"]["id"] for _ in range(2)]

    assert answers == [account, account]
    assert accounts(market) == {account}
    assert bound(market) == account


def test_a_payment_that_node_transferred_already_is_not_paid_to_a_second_account(market: Marketplace) -> None:
    """Node paid the older account; create-account and adopting the payment move nothing more."""
    account = account_of(market, ready=True)
    payment = market.node_payment()
    sent: Any = {
        "amount": 4252,
        "currency": "cad",
        "destination": account,
        "source_transaction": market.charge(payment),
    }
    market.stripe.v1.transfers.create(sent)

    ask(market)
    run(market, "reconcile", payment, "--adopt", "--rate", "1000")

    transfers = market.stripe.v1.transfers.list({"limit": 100}).data
    assert [(one.destination, one.amount) for one in transfers] == [(account, 4252)]


def test_another_email_neither_takes_an_account_over_nor_makes_a_second(market: Marketplace) -> None:
    """A coach id that is not registered yet is the account's all the same."""
    account = account_of(market, ready=True)

    answer = ask(market, email="eve@example.com")

    assert answer.status_code == 409
    assert answer.json["details"].startswith("email: ")
    assert (accounts(market), bound(market)) == ({account}, None)


def test_an_account_without_an_address_is_nobodys_by_itself(market: Marketplace) -> None:
    """Nothing tells the coach from a stranger: support does. Adopted, it is still opened for nobody."""
    account = market.stripe.v1.accounts.create(
        {"type": "express", "country": "CA", "metadata": {"coachId": "coach-1"}}
    ).id

    first = ask(market)
    adopted = adopt(market)
    second = ask(market)
    market.stripe.v1.accounts.update(account, {"email": EMAIL})

    assert (first.status_code, second.status_code, adopted[0]) == (409, 409, 0)
    assert "contact support" in first.json["message"]
    assert ask(market).json["account"]["id"] == account
    assert accounts(market) == {account}


@pytest.mark.parametrize("older_is_ready", [False, True])
def test_of_two_accounts_the_one_that_can_be_paid_is_the_coachs(market: Marketplace, older_is_ready: bool) -> None:
    """Whichever was made first."""
    older = account_of(market, ready=older_is_ready)
    newer = account_of(market, ready=not older_is_ready)

    assert ask(market).json["account"]["id"] == (older if older_is_ready else newer)
    assert len(accounts(market)) == 2


@pytest.mark.parametrize("ready", [False, True])
def test_between_two_equal_accounts_a_person_chooses(market: Marketplace, ready: bool) -> None:
    """409 until then, and no third account; the choice is a rebind, which needs no binding before."""
    mine, _other = account_of(market, ready=ready), account_of(market, ready=ready)

    refused = ask(market)
    chosen = rebind(market, mine)

    assert (refused.status_code, len(accounts(market))) == (409, 2)
    assert "contact support" in refused.json["message"]
    assert chosen[0] == 0
    assert ask(market).json["account"]["id"] == mine


def test_accounts_of_others_are_not_the_coachs(market: Marketplace) -> None:
    """Another coach's, one that names nobody, and one with the same address."""
    others = {account_of(market, "coach-2", ready=True), account_of(market, None, ready=True, email=EMAIL)}

    mine = ask(market).json["account"]["id"]

    assert mine not in others


def test_an_account_whose_registration_was_cut_off_is_found_days_later(market: Marketplace) -> None:
    """The process died after the account was made; the key that would find it is forgotten."""
    with market.line.watched(CrashPoint(5, "before")), pytest.raises(KilledError):
        ask(market)
    (made,) = accounts(market)
    market.clock.advance(3 * DAY)

    assert ask(market).json["account"]["id"] == made
    assert accounts(market) == {made}


def test_a_rejected_account_of_node_is_not_replaced_either(market: Marketplace) -> None:
    """It is registered, and the truth is told."""
    account = account_of(market, ready=True)
    reject(market, account)

    answer = ask(market)

    assert (answer.status_code, "rejected" in answer.json["message"]) == (409, True)
    assert (accounts(market), bound(market)) == ({account}, account)


def test_past_ten_pages_nobody_is_registered_until_the_accounts_are_adopted(market: Marketplace) -> None:
    """A thousand accounts are looked through, the oldest included; one more is a 503 and never a second account."""
    oldest, second = account_of(market, ready=True), account_of(market, "coach-2", ready=True)
    for _ in range(998):
        account_of(market, None)
    found = ask(market).json["account"]["id"]
    account_of(market, None)
    market.clock.advance(DAY)

    refused = [ask(market, "coach-2"), ask(market, "coach-3")]
    adopt(market)
    market.forget_calls()
    new = ask(market, "coach-3")

    assert found == oldest
    assert [(one.status_code, one.json["error"]) for one in refused] == [(503, "Payment provider unavailable")] * 2
    assert (new.status_code, market.calls().count("GET /v1/accounts")) == (200, 1)
    assert ask(market, "coach-2").json["account"]["id"] == second
    assert len(accounts(market)) == 1_002


# flask coaches adopt


def test_adopting_registers_everybody_and_then_only_newer_accounts_are_looked_at(market: Marketplace) -> None:
    """Two runs, the second without a write; an account that Node makes afterwards is found by create-account."""
    old = {coach: account_of(market, coach, ready=True) for coach in ("a", "b", "c")}
    here = market.register("d")
    market.clock.advance(DAY)

    code, output = adopt(market)
    market.forget_calls()
    again, _ = adopt(market)
    writes = [call for call in market.calls() if not call.startswith("GET")]
    late = account_of(market, "e")
    market.forget_calls()
    found = ask(market, "e").json["account"]["id"]
    (looked,) = [call for call in market.sandbox.requests if (call.method, call.path) == ("GET", "/v1/accounts")]

    assert (code, again, writes) == (0, 0, [])
    assert "Coaches with an account: 4; 3 registered now." in output
    assert {coach: bound(market, coach) for coach in old} == old
    assert (bound(market, "d"), found) == (here, late)
    assert "created" in str(looked.params)


def test_adopting_dryly_writes_nothing_and_says_that_there_is_work(market: Marketplace) -> None:
    """Exit code 3; 0 once it is done."""
    account_of(market, ready=True)
    market.forget_calls()

    code, output = adopt(market, "--dry-run")

    assert (code, {call.split()[0] for call in market.calls()}) == (3, {"GET"})
    assert "coach coach-1: would be registered" in output
    adopt(market)
    assert adopt(market, "--dry-run")[0] == 0


def test_while_a_person_has_to_choose_the_accounts_are_not_called_adopted(market: Marketplace) -> None:
    """Exit code 1, both accounts by name, the others registered; a newer look would miss the old ones."""
    first, second = account_of(market, ready=True), account_of(market, ready=True)
    other = account_of(market, "coach-2")
    market.clock.advance(DAY)

    code, output = adopt(market, "--json")
    still = ask(market)
    rebind(market, second)
    done, _ = adopt(market)

    report = json.loads(output)
    assert (code, done, still.status_code) == (1, 0, 409)
    assert set(report["contested"]["coach-1"]) == {first, second}
    assert (report["registered"], bound(market, "coach-2")) == (["coach-2"], other)
    assert (len(accounts(market)), bound(market)) == (3, second)


@pytest.mark.parametrize("effect", ["server_error", "rate_limit", {"status": 403}])
def test_one_coach_who_cannot_be_registered_keeps_nobody_else(market: Marketplace, effect: Any) -> None:
    """Exit code 1, and the next run does the rest."""
    for coach in ("a", "b", "c"):
        account_of(market, coach)
    market.fault("POST", "/v1/products", "before", effect)

    code, output = adopt(market, "--json")
    registered = [coach for coach in ("a", "b", "c") if bound(market, coach)]
    again, _ = adopt(market)

    assert (code, len(registered), again) == (1, 2, 0)
    assert json.loads(output)["complete"] is False
    assert all(bound(market, coach) for coach in ("a", "b", "c"))


@pytest.mark.parametrize("damage", [{"adoptedAt": "soon"}, {"adoptedAt": ""}, {"adoptedAt": "-1"}])
def test_a_damaged_marker_widens_the_look(market: Marketplace, damage: dict[str, str]) -> None:
    """It never hides an account."""
    adopt(market)
    mine = account_of(market)
    market.clock.advance(30 * DAY)
    account_of(market, "coach-2")
    market.stripe.v1.products.update("coaches_adopted", {"metadata": damage})

    assert ask(market).json["account"]["id"] == mine


def test_the_sweep_moves_the_marker_and_never_makes_one(market: Marketplace) -> None:
    """So that a platform which grows stays within the ten pages."""

    def marker() -> int:
        known = [one for one in market.all("products") if one["id"] == "coaches_adopted"]
        return int(known[0]["metadata"]["adoptedAt"]) if known else 0

    market.register()
    run(market, "reconcile", "--rate", "1000")
    unmade = marker()
    adopt(market)
    first = marker()
    market.clock.advance(DAY)
    market.register("coach-2")
    run(market, "reconcile", "--rate", "1000")

    assert (unmade, marker() - first) == (0, DAY)


def test_the_marker_stays_while_a_person_has_to_choose(market: Marketplace) -> None:
    """Or the accounts to choose from would be looked past, and a third one made."""
    adopt(market)
    market.clock.advance(DAY)
    two = {account_of(market, ready=True) for _ in range(2)}
    market.clock.advance(3 * DAY)

    run(market, "reconcile", "--rate", "1000")
    market.clock.advance(DAY)

    assert (ask(market).status_code, accounts(market)) == (409, two)


# Bindings that a person replaces.


def test_a_rebound_coach_is_sold_and_paid_by_the_new_account(market: Marketplace) -> None:
    """At once; what was frozen before is paid to the old account, and money that waited for none to the new."""
    late = market.paid()
    market.deliver()
    old = market.register()
    before = market.paid()
    new = account_of(market, ready=True)

    code, output = rebind(market, new)
    after = market.paid()
    market.onboard(old)
    market.deliver()
    run(market, "reconcile", "--rate", "1000")

    paid = {one: [transfer.destination for transfer in market.transfers(one)] for one in (late, before, after)}
    assert (code, f"{old} (still there) -> {new}" in output) == (0, True)
    assert paid == {late: [new], before: [old], after: [new]}
    assert ask(market).json["account"]["id"] == new


def test_what_a_person_said_stands_in_stripe(market: Marketplace) -> None:
    """The old entry leads to the new one, which has the account, the reason and who the coach is, but no address."""
    market.register()
    new = account_of(market, email="dana@example.com")

    rebind(market, new)

    first = market.stripe.v1.products.retrieve(UNNAMED.registry_id("coach-1"))
    second = market.stripe.v1.products.retrieve(f"{UNNAMED.registry_id('coach-1')}_2")
    assert first.metadata["next"] == "2"
    assert (second.metadata["account"], second.metadata["why"]) == (new, "ticket 81")
    assert "dana" not in str(second)
    assert ask(market, email="dana@example.com").json["account"]["id"] == new
    assert ask(market).status_code == 409


def test_a_binding_can_be_replaced_again_and_again(market: Marketplace) -> None:
    """The last one holds; the same once more changes nothing."""
    market.register()
    chain = [account_of(market, ready=True) for _ in range(3)]
    for account in chain:
        assert rebind(market, account)[0] == 0
    market.forget_calls()

    code, output = rebind(market, chain[-1])

    assert (code, "already" in output) == (0, True)
    assert {call.split()[0] for call in market.calls()} == {"GET"}
    assert bound(market) == chain[-1]
    assert rebind(market, chain[0])[0] == 0
    assert bound(market) == chain[0]


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("hand_made", [False, True])
def test_a_rebind_that_dies_anywhere_is_finished_by_the_next(market: Marketplace, side: str, hand_made: bool) -> None:
    """Until then the coach is bound to one of the two, and never to nobody."""
    old = market.register()
    new = account_of(market, None if hand_made else "coach-1", email=EMAIL)
    for call in range(20):
        crash = CrashPoint(call, side)
        try:
            with market.line.watched(crash):
                rebind(market, new)
        except KilledError:
            assert bound(market) in (old, new)
            restart(market)
            continue
        break

    assert 5 <= call < 20
    assert bound(market) == new
    assert ask(market).json["account"]["id"] == new
    assert len([one for one in market.all("products") if one["id"].startswith("coach_")]) == 2


def test_half_a_rebind_sells_on_the_old_account_and_the_sweep_reports_it(market: Marketplace) -> None:
    """The mark is there and the entry is not: it can be finished with another account too."""
    old = market.ready_coach()
    market.stripe.v1.products.update(UNNAMED.registry_id("coach-1"), {"metadata": {"next": "2"}})

    payment = market.paid()
    market.deliver()
    code, output = adopt(market)
    new = account_of(market)
    rebind(market, new)

    assert [transfer.destination for transfer in market.transfers(payment)] == [old]
    assert (code, "half replaced" in output) == (1, True)
    assert bound(market) == new


def test_of_two_people_who_rebind_at_once_one_is_told_to_look(market: Marketplace) -> None:
    """Exactly one account holds."""
    market.register()
    first, second = account_of(market), account_of(market)
    market.forget_calls()
    run(market, "coaches", "rebind", "coach-1", "--to", first, "--why", "x", "--dry-run")
    reads = len(market.calls())

    with market.line.watched(Meanwhile(reads, lambda: rebind(market, second))):
        code, output = rebind(market, first)

    assert (code, second in output) == (1, True)
    assert bound(market) == second


def test_another_copy_learns_of_a_rebind_within_a_minute(market: Marketplace) -> None:
    """And from then on it asks each time, so that the next one is known at once."""
    old = market.ready_coach()
    market.buy()
    mine = market.http
    accounts_in_turn = [account_of(market, ready=True) for _ in range(2)]

    def sold_to() -> str:
        answer = mine.post("/api/payments/create-intent", json=market.order())
        intent = market.stripe.v1.payment_intents.retrieve(answer.json["paymentIntent"]["id"])
        return str(intent.metadata["coachAccountId"])

    restart(market)
    rebind(market, accounts_in_turn[0])
    market.clock.advance(59)
    stale = sold_to()
    market.clock.advance(1)
    fresh = sold_to()
    restart(market)
    rebind(market, accounts_in_turn[1])

    assert (stale, fresh, sold_to()) == (old, *accounts_in_turn)


@pytest.mark.parametrize("case", ["unknown", "deleted", "rejected", "another coach's", "nobody and unknown coach"])
def test_a_coach_is_not_bound_to_what_cannot_be_the_coachs(market: Marketplace, case: str) -> None:
    """Exit code 1, a reason, and the binding as it was."""
    old = market.register()
    account = {"another coach's": "coach-2", "nobody and unknown coach": None}.get(case, "coach-1")
    wanted = account_of(market, account, ready=True)
    if case in ("unknown", "deleted"):
        market.stripe.v1.accounts.delete(wanted)
    if case == "rejected":
        reject(market, wanted)
    coach = "coach-9" if case == "nobody and unknown coach" else "coach-1"

    code, output = rebind(market, "acct_0000000000000000" if case == "unknown" else wanted, coach)

    assert (code, output.startswith("Error: ")) == (1, True)
    assert bound(market) == old
    assert len(market.all("products")) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--to", "acct_0000000000000000"],
        ["--to", "acct_0000000000000000", "--why", ""],
        ["--to", "acct_0000000000000000", "--why", "  "],
        ["--to", "acct_0000000000000000", "--why", "x" * 501],
        ["--why", "x"],
        ["--to", "", "--why", "x"],
        ["--to", "coach-1", "--why", "x"],
        ["--to", "acct_0000000000000000/../1", "--why", "x"],
    ],
)
def test_a_rebind_needs_an_account_and_a_reason(market: Marketplace, words: list[str]) -> None:
    """Exit code 2, before Stripe is asked."""
    market.register()
    market.forget_calls()

    code, _ = run(market, "coaches", "rebind", "coach-1", *words)

    assert (code, market.calls()) == (2, [])


def test_a_dry_rebind_shows_what_stays_frozen(market: Marketplace) -> None:
    """Exit code 3 and no write; for an account that is gone, how to release what waits for it."""
    old = market.ready_coach()
    payment = market.paid()
    market.stripe.v1.accounts.delete(old)
    market.deliver()
    new = account_of(market, ready=True)
    market.clock.advance(3_600)
    market.forget_calls()

    code, output = run(market, "coaches", "rebind", "coach-1", "--to", new, "--why", "x", "--dry-run")

    assert (code, {call.split()[0] for call in market.calls()}) == (3, {"GET"})
    assert f"flask settle {payment} --release {new}" in output
    assert bound(market) == old


def test_a_rebind_does_not_need_search(market: Marketplace) -> None:
    """A rebind goes through while Search is down, and says what it could not list."""
    market.register()
    new = account_of(market)
    market.fault("GET", "/v1/payment_intents/search", "before", "server_error", times=9)

    code, output = rebind(market, new)

    assert (code, "not known" in output, bound(market)) == (0, True, new)


# What a lost or damaged entry does.


@pytest.mark.parametrize("way", ["sweep", "adopt", "create-account", "event"])
def test_a_lost_first_entry_never_brings_the_old_account_back(market: Marketplace, way: str) -> None:
    """Whoever puts it back, it leads to the account that a person chose."""
    old = market.ready_coach()
    new = account_of(market, ready=True)
    rebind(market, new)
    market.deliver()
    market.stripe.v1.products.delete(UNNAMED.registry_id("coach-1"))
    restart(market)

    match way:
        case "sweep":
            run(market, "reconcile", "--rate", "1000")
        case "adopt":
            assert adopt(market)[0] == 0
        case "create-account":
            reject(market, new)  # so that only the old one could be chosen
            assert ask(market).status_code == 409
        case "event":
            market.stripe.v1.accounts.update(old, {"metadata": {"seen": "again"}})
            market.deliver()

    assert bound(market) == new


@pytest.mark.parametrize(
    "damage",
    [
        {"account": ""},
        {"account": "acct"},
        {"account": "cus_1234567890"},
        {"account": "acct_12345678/../9"},
        {"account": "", "emailHash": "", "coachId": "", "app": ""},
    ],
)
def test_a_damaged_entry_pays_nobody_and_is_mended_by_a_person(market: Marketplace, damage: dict[str, str]) -> None:
    """Sales go on and wait, create-account says to ask support, the commands report it, a rebind mends it."""
    account = market.ready_coach()
    market.stripe.v1.products.update(UNNAMED.registry_id("coach-1"), {"metadata": damage})
    restart(market)

    payment = market.paid()
    market.deliver()
    waiting = market.note(payment)
    answer = ask(market)
    code, output = adopt(market)
    rebind(market, account)
    run(market, "reconcile", "--rate", "1000")

    assert str(waiting).startswith("held:no_account:")
    assert (answer.status_code, "contact support" in answer.json["message"]) == (409, True)
    assert (code, "damaged" in output) == (1, True)
    assert market.held(payment) == 4252
    assert accounts(market) == {account}


@pytest.mark.parametrize("number", ["two", "0", "-1", "99", "１"])
def test_a_damaged_number_still_leads_to_the_next_entry(market: Marketplace, number: str) -> None:
    """A damaged number still says that a replacement was begun, and the next entry is read."""
    market.register()
    new = account_of(market)
    rebind(market, new)
    market.stripe.v1.products.update(UNNAMED.registry_id("coach-1"), {"metadata": {"next": number}})

    assert bound(market) == new


def test_an_entry_without_an_address_is_known_by_the_accounts_own(market: Marketplace) -> None:
    """The hash was lost: the coach gets in, nobody else does."""
    account = market.register()
    market.stripe.v1.products.update(UNNAMED.registry_id("coach-1"), {"metadata": {"emailHash": "?"}})

    assert ask(market).json["account"]["id"] == account
    assert ask(market, email="eve@example.com").status_code == 409


# Accounts that are gone.


@pytest.mark.parametrize("how", ["deleted", "rejected.fraud", "rejected.platform_other"])
def test_nothing_is_sold_for_an_account_that_is_gone_until_the_coach_is_rebound(market: Marketplace, how: str) -> None:
    """409 and no intent; a copy that refuses asks again, so the first sale after the rebind goes through."""
    account = market.ready_coach()
    if how == "deleted":
        market.stripe.v1.accounts.delete(account)
    else:
        reject(market, account, how)
    selling = market.http

    refused = selling.post("/api/payments/create-intent", json=market.order(customerEmail="pat@example.com"))
    intents, customers = market.all("payment_intents"), market.all("customers")
    new = account_of(market, ready=True)
    restart(market)
    rebind(market, new)
    sold = selling.post("/api/payments/create-intent", json=market.order())

    assert (refused.status_code, refused.json["error"]) == (409, "Conflict")
    assert "acct_" not in refused.get_data(as_text=True)
    assert (intents, customers) == ([], [])
    intent = market.stripe.v1.payment_intents.retrieve(sold.json["paymentIntent"]["id"])
    assert intent.metadata["coachAccountId"] == new


@pytest.mark.parametrize("reason", [None, "requirements.past_due", "under_review", "platform_paused"])
def test_a_coach_who_cannot_be_paid_yet_can_be_bought_from(market: Marketplace, reason: str | None) -> None:
    """The money waits."""
    account = market.register()
    if reason:
        market.control("POST", f"/accounts/{account}/disable", {"reason": reason})

    payment = market.paid()
    market.deliver()
    market.onboard(account)
    market.deliver()

    assert market.held(payment) == 4252


def test_the_account_is_asked_for_once_a_minute(market: Marketplace) -> None:
    """A first sale costs two reads, one in the same minute none; a minute later the account is looked at again."""
    account = market.ready_coach()
    restart(market)

    def reads() -> int:
        market.forget_calls()
        market.buy()
        return sum(call.startswith("GET") for call in market.calls())

    costs = [reads(), reads()]
    market.clock.advance(59)
    costs.append(reads())
    market.clock.advance(1)
    costs.append(reads())
    market.clock.advance(60)
    market.stripe.v1.accounts.delete(account)

    assert costs == [2, 0, 0, 2]
    assert market.post("/api/payments/create-intent", market.order()).status_code == 409


def _frozen_to_nothing(market: Marketplace, how: str = "deleted") -> tuple[str, str]:
    """A payment that is frozen to an account that went before it was paid, and that account."""
    account = market.ready_coach()
    payment = market.paid()
    if how == "deleted":
        market.stripe.v1.accounts.delete(account)
    else:
        reject(market, account)
    market.deliver()
    assert market.held(payment) == 0
    return payment, account


@pytest.mark.parametrize("how", ["deleted", "rejected"])
def test_what_is_frozen_to_an_account_that_is_gone_is_released_to_the_coachs_new_one(
    market: Marketplace, how: str
) -> None:
    """Once, with the whole share; which account it was stays in the payment."""
    payment, old = _frozen_to_nothing(market, how)
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)
    again, _ = run(market, "settle", payment, "--release", new)
    run(market, "reconcile", "--rate", "1000")

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert (code, "It balances." in output, again) == (0, True, 1)
    assert [(one.destination, one.amount) for one in market.transfers(payment)] == [(new, 4252)]
    assert (metadata["coachAccountId"], metadata["coachAccountWas"]) == (new, old)


def test_what_was_sold_before_the_coach_registered_is_released_too(market: Marketplace) -> None:
    """It is frozen to nothing, but was refused for the account that is gone."""
    payment = market.paid()
    old = market.register()
    market.stripe.v1.accounts.delete(old)
    market.deliver()
    new = account_of(market, ready=True)
    rebind(market, new)

    code, _ = run(market, "settle", payment, "--release", new)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata.to_dict()
    assert (code, [one.destination for one in market.transfers(payment)]) == (0, [new])
    assert "coachAccountWas" not in metadata


def test_a_payment_is_released_as_often_as_accounts_go(market: Marketplace) -> None:
    """Every account that it was frozen to is remembered."""
    payment, first = _frozen_to_nothing(market)
    second = account_of(market)
    rebind(market, second)
    run(market, "settle", payment, "--release", second)
    market.stripe.v1.accounts.delete(second)
    third = account_of(market, ready=True)
    rebind(market, third)

    code, _ = run(market, "settle", payment, "--release", third)
    market.clock.advance(4 * 3_600)
    run(market, "settle", payment)

    metadata = market.stripe.v1.payment_intents.retrieve(payment).metadata
    assert (code, metadata["coachAccountWas"]) == (0, f"{first},{second}")
    assert [one.destination for one in market.transfers(payment)] == [third]


def test_nothing_is_released_to_an_account_that_is_gone_itself(market: Marketplace) -> None:
    """Before the coach is rebound it says how to do that."""
    payment, old = _frozen_to_nothing(market)

    code, output = run(market, "settle", payment, "--release", old)

    assert (code, "flask coaches rebind coach-1" in output) == (1, True)
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata["coachAccountId"] == old


def test_nothing_is_released_while_the_frozen_account_is_there(market: Marketplace) -> None:
    """Though the coach was bound to another, and the account cannot be paid yet."""
    old = market.register()
    payment = market.paid()
    market.deliver()
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)

    assert (code, "had an account at purchase" in output) == (1, True)
    assert market.stripe.v1.payment_intents.retrieve(payment).metadata["coachAccountId"] == old
    assert market.transfers(payment) == []


@pytest.mark.parametrize("back", [0, 4251])
def test_what_an_account_still_holds_is_not_released(market: Marketplace, back: int) -> None:
    """Paid, perhaps partly taken back, then closed: paying the new account would pay the coach twice."""
    old = market.ready_coach()
    payment = market.paid()
    market.deliver()
    if back:
        market.stripe.v1.transfers.reversals.create(market.transfers(payment)[0].id, {"amount": back})
    market.stripe.v1.accounts.delete(old)
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)

    assert (code, "still holds" in output) == (1, True)
    assert [one.destination for one in market.transfers(payment)] == [old]


def test_nothing_is_released_while_stripe_may_still_carry_out_the_last_transfer(market: Marketplace) -> None:
    """A 500 can come true for three hours."""
    old = market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlement": f"unknown:0.0:{market.clock.now()}"}})
    market.stripe.v1.accounts.delete(old)
    new = account_of(market, ready=True)
    rebind(market, new)

    code, output = run(market, "settle", payment, "--release", new)

    assert (code, "three hours" in output) == (1, True)
    assert market.transfers(payment) == []


def test_entry_ids_in_use_never_change() -> None:
    """A deployed registry is found again."""
    assert entry_id(UNNAMED.registry_id("coach-1"), 1) == "coach_05ddb6f8871d6e9b7a9f09e6b59441e30d"
    assert entry_id(UNNAMED.registry_id("coach-1"), 2) == "coach_05ddb6f8871d6e9b7a9f09e6b59441e30d_2"
