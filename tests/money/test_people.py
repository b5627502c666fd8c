"""People around the money: what the host app hears, what an operator reads, what a player and a coach meet."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from backend.domain.namespace import Namespace
from tests.builders import Marketplace, key_of
from tests.conftest import NOW
from tests.money.news_heard import news, only
from tests.money.odd_money import arrive, debit
from tests.routes.test_commands import run

DAY = 86_400


def express_account(market: Marketplace, **given: Any) -> str:
    """An onboarded account that was made past the backend."""
    params: Any = {"type": "express", "country": "CA", "capabilities": {"transfers": {"requested": True}}, **given}
    account = market.stripe.v1.accounts.create(params).id
    market.onboard(account)
    return account


# What the host app hears.


@pytest.mark.parametrize("amounts", [(4725,), (2000, 2725), (1000, 1000, 2725)])
def test_refunds_that_fail_together_open_the_session_again(market: Marketplace, amounts: tuple[int, ...]) -> None:
    """None of them stands when the first failure is looked at; together they had closed the session."""
    market.ready_coach()
    payment = market.paid()
    refunds = [market.refund(payment, amount=amount, reason="duplicate").json for amount in dict.fromkeys(amounts)]
    if len(set(amounts)) < len(amounts):
        refunds.append(
            market.post("/api/payments/refund", {"paymentIntentId": payment}, Idempotency_Key=key_of("rest")).json
        )
    market.deliver()
    ids = [one["refund"]["id"] for one in refunds]
    assert sum(one.amount for one in market.refunds(payment)) == 4725
    for refund in ids:
        market.control("POST", f"/refunds/{refund}/fail")

    with news() as told:
        market.deliver()

    session = f"session_{payment.removeprefix('pi_')}"
    opened = {facts["id"] for _, facts in only(told, "session-opened")}
    assert opened - {session} == {f"{session}:{refund}" for refund in ids}


def test_a_small_refund_that_fails_opens_nothing_again(market: Marketplace) -> None:
    """A whole one had failed before it: that one had closed the session, and was told."""
    market.ready_coach()
    payment = market.paid()
    whole = market.refund(payment).json["refund"]["id"]
    market.control("POST", f"/refunds/{whole}/fail")
    market.deliver()
    small = market.refund(payment, amount=1000).json["refund"]["id"]
    market.control("POST", f"/refunds/{small}/fail")

    with news() as told:
        market.deliver()

    assert not [facts for _, facts in only(told, "session-opened") if facts["id"].endswith(small)]


@pytest.mark.parametrize("act", ["disable", "reject"])
def test_an_account_that_the_coach_left_is_no_news_of_the_coach(market: Marketplace, act: str) -> None:
    """The coach is paid by another account since, and can be."""
    old = market.ready_coach()
    new = express_account(market)
    assert run(market, "coaches", "rebind", "coach-1", "--to", new, "--why", "moved")[0] == 0
    market.deliver()
    market.control("POST", f"/accounts/{old}/{act}")

    with news() as told:
        market.deliver()
        market.control("POST", f"/accounts/{new}/{act}")
        market.deliver()

    told_of = [facts["account_id"] for _, facts in only(told, "account-restricted", "account-rejected")]
    assert set(told_of) == {new}


@pytest.mark.parametrize("damage", ["999999999999", "253402300800", "1793631600000", "0", "-5", "soon"])
def test_a_damaged_arrival_is_written_again(market: Marketplace, damage: str) -> None:
    """No calendar has some of these moments; the session is served, the same each time, and the sweep goes on."""
    market.ready_coach()
    payment = debit(market)
    market.clock.set(NOW + 3 * DAY)
    arrive(market, payment)
    market.deliver()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"paidAt": damage}})

    first = market.confirm(payment)
    market.clock.advance(2 * DAY)

    assert first.status_code == 200, first.json
    assert market.confirm(payment).data == first.data
    assert run(market, "reconcile", "--json")[0] == 0


# What an operator reads.


def test_a_purchase_that_was_given_up_promises_nothing(market: Marketplace) -> None:
    """It can never be paid."""
    payment = market.buy()["id"]
    market.stripe.v1.payment_intents.cancel(payment)

    output = run(market, "why", payment)[1]

    assert "it cannot be paid any more" in output
    assert "is sent the share" not in output


def test_settling_a_node_payment_says_that_nothing_was_settled(market: Marketplace) -> None:
    """And the command that settles it."""
    market.ready_coach()
    payment = market.node_payment()

    output = run(market, "settle", payment)[1]

    assert "Nothing was settled: the Node backend sold this payment." in output
    assert f"flask reconcile {payment} --adopt" in output
    assert market.transfers(payment) == []


def test_a_dry_run_calls_an_unpaid_payment_unpaid(market: Marketplace) -> None:
    """As the run does."""
    payment = market.buy()["id"]

    for words in ([], ["--dry-run"]):
        code, output = run(market, "reconcile", payment, *words)
        assert (code, output.split()[output.split().index(payment) + 1]) == (0, "not_paid")


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        ({"status": 401}, "Stripe does not know STRIPE_SECRET_KEY."),
        ("no_permission", "STRIPE_SECRET_KEY may not do this."),
        ("close", "The bundled sandbox does not answer at http://stripe.test."),
        ("rate_limit", "Stripe has too many calls to answer."),
        ("server_error", "Stripe gave no proper answer (HTTP 500)."),
        ("garbage", "Stripe gave no proper answer (HTTP 200)."),
    ],
    ids=str,
)
def test_an_operator_is_told_what_stripe_said(market: Marketplace, effect: Any, said: str) -> None:
    """In one line, without a part of the key; to contact support is for players."""
    payment, account = market.paid(), express_account(market)
    market.fault("GET", "/v1", "before", effect, times=1_000)

    for words in (
        ["ledger", payment],
        ["why", payment],
        ["why", "coach-1"],
        ["settle", payment],
        ["coaches", "adopt"],
        ["coaches", "rebind", "coach-1", "--to", account, "--why", "x"],
    ):
        code, output = run(market, *words)
        assert (code, len(output.splitlines())) == (1, 1), output
        assert output.startswith(f"Error: {said}")
        assert "sk_test" not in output


@pytest.mark.parametrize("command", ["ledger", "settle"])
@pytest.mark.parametrize("payment", ["", " ", "pi_", "pi_../../accounts", "acct_1", "💥", "pi_none"])
def test_what_is_no_payment_is_said_to_be_none(market: Marketplace, command: str, payment: str) -> None:
    """Whatever was typed: the last line says what is wrong with it, and no call is made."""
    market.forget_calls()

    code, output = run(market, command, "--", payment)

    wrong = "those look like pi_3PxExample0000001."
    if payment == "acct_1":
        wrong = "it is that of an account. The payment is found by: flask why acct_1"
    said = f"Error: Invalid value for 'PAYMENT': {payment.strip()!r} is not a payment's id: {wrong}"
    assert (code, output.splitlines()[-1], market.calls()) == (2, said, [])


def test_asking_why_of_nothing_says_what_to_ask(market: Marketplace) -> None:
    """It looks for nothing."""
    market.forget_calls()

    code, output = run(market, "why", "  ")

    assert (code, market.calls()) == (2, [])
    assert "Say what you have in hand" in output


def test_a_coach_with_a_strange_id_can_be_bound_by_copying_the_command(market: Marketplace) -> None:
    """The id holds spaces and a quote."""
    coach = "o'neil & sons"
    for _ in range(2):
        express_account(market, metadata={"coachId": coach})

    code, output = run(market, "coaches", "adopt")

    assert code == 1
    (line,) = [line for line in output.splitlines() if "claim this id" in line]
    assert shlex.split(line.partition("choose one: ")[2])[:4] == ["flask", "coaches", "rebind", coach]


# What a player and a coach meet.


@pytest.mark.parametrize("paid", [True, False])
def test_a_purchase_tried_again_after_its_customer_was_deleted_is_the_same(market: Marketplace, paid: bool) -> None:
    """Somebody tidied up in the Dashboard between two tries; another order under the key is refused still."""
    order = market.order(customerEmail="Pat@Example.com", customerName="Pat")
    first = market.post("/api/payments/create-intent", order, Idempotency_Key=key_of("buy")).json["paymentIntent"]
    if paid:
        market.pay(first)
    customer = market.stripe.v1.payment_intents.retrieve(first["id"]).customer
    market.stripe.v1.customers.delete(str(customer))

    again = market.post("/api/payments/create-intent", order, Idempotency_Key=key_of("buy"))
    other = market.post("/api/payments/create-intent", {**order, "packageId": 2}, Idempotency_Key=key_of("buy"))

    assert (again.status_code, again.json["paymentIntent"]["id"]) == (200, first["id"])
    assert other.status_code == 409


@pytest.mark.parametrize("damage", [{"account": ""}, {"account": "garbage"}, {"next": "2"}, {"next": "99"}])
def test_a_sweep_reports_a_coach_whose_entry_cannot_be_used(market: Marketplace, damage: dict[str, str]) -> None:
    """By name, and create-account does not call a damaged record a closed account."""
    market.ready_coach()
    market.stripe.v1.products.update(Namespace().registry_id("coach-1"), {"metadata": damage})

    output = run(market, "reconcile")[1]

    assert "coach coach-1: the registry entry is damaged or half replaced" in output
    market.app = market.another_backend()
    market.http = market.app.test_client()
    body = {"coachId": "coach-1", "coachName": "Dana", "email": "coach-1@example.com", "sport": "badminton"}
    answer = market.post("/api/connect/create-account", body)
    assert (answer.status_code, "closed" in answer.json["message"]) == (200 if "next" in damage else 409, False)


@pytest.mark.parametrize(
    ("what", "step"), [("dispute", "Answer the dispute"), ("refund", "Give the player the refund")]
)
def test_a_balanced_payment_names_what_is_left_to_a_person(market: Marketplace, what: str, step: str) -> None:
    """The coach's money needs nothing; the player's bank, or the player, does."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    if what == "dispute":
        market.dispute(payment)
    else:
        refund = market.refund(payment, amount=1000).json["refund"]["id"]
        market.control("POST", f"/refunds/{refund}/fail")
    market.mature_funds()
    market.deliver()
    assert run(market, "settle", payment)[0] == 0

    output = run(market, "why", payment)[1]

    assert "It balances" in output
    assert f"What to do: {step}" in output


@pytest.mark.parametrize("delivered", [True, False])
def test_a_coach_whose_account_was_rejected_is_not_sent_to_onboarding(market: Marketplace, delivered: bool) -> None:
    """It would be of no use: the next step is another account, and the one after that the release to it."""
    account = market.register()
    payment = market.paid()
    if delivered:
        market.deliver()
    market.control("POST", f"/accounts/{account}/reject")

    first = run(market, "why", payment)[1]
    new = express_account(market)
    run(market, "coaches", "rebind", "coach-1", "--to", new, "--why", "rejected")
    second = run(market, "why", payment)[1]
    run(market, "settle", payment, "--release", new)

    assert "onboarding" not in first
    assert "flask coaches rebind coach-1 --to acct_… --why …" in first
    assert f"flask settle {payment} --release {new}" in second
    assert market.held(payment) == 4252
