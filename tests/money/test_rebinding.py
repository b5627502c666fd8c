"""A person binds a coach to another account: it is finished by the next run, and needs an account and a reason."""

from __future__ import annotations

import pytest

from backend.domain.namespace import UNNAMED
from tests.builders import Marketplace
from tests.money.bindings import EMAIL, account_of, adopt, ask, bound, rebind, reject, restart
from tests.money.workers import CrashPoint, KilledError, Meanwhile
from tests.routes.test_commands import run


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
