"""``flask why`` says where the money is, why it waits, and the command to give."""

from __future__ import annotations

import pytest

from backend.domain.reasons import BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY, WORDS
from tests.builders import Marketplace
from tests.routes.explained import explained, text
from tests.routes.test_commands import run
from tests.routes.test_ledger import hand_transfer


def test_money_that_waits_says_why_since_when_and_what_to_do(market: Marketplace) -> None:
    """By Stripe's clock, in days."""
    payment = market.paid()
    market.deliver()
    market.clock.advance(3 * 86_400)

    told = explained(market, payment)

    assert (told["state"], told["reason"], told["waits"]) == ("waits", "no_account", 4252)
    assert told["verdict"].startswith("42.52 CAD waits for the coach. The coach has not registered yet.")
    assert "Since 2026-11-02 15:00 UTC, 3 days ago." in text(market, payment)
    assert "Ask the coach to register." in told["next"]


def test_a_coach_who_has_registered_since_is_named_in_the_command(market: Marketplace) -> None:
    """In production without sign-in a person has to look at the account, and then can type what is shown."""
    market.go_live()
    payment = market.paid()
    market.deliver()
    account = market.ready_coach()

    told = explained(market, payment)

    assert told["command"] == f"flask settle {payment} --release {account}"
    code, _ = run(market, *told["command"].split()[1:])
    assert (code, market.held(payment)) == (0, 4252)


def test_a_coach_who_is_not_ready_is_told_what_stripe_wants(market: Marketplace) -> None:
    """By the account as it is now, whatever the note says of earlier."""
    payment = market.paid()
    market.deliver()
    market.register()

    told = explained(market, payment)

    assert "has not finished onboarding" in told["verdict"]
    assert any("cannot receive transfers" in fact and "It wants: " in fact for fact in told["facts"])


def test_a_reason_that_has_gone_is_said_to_be_gone(market: Marketplace) -> None:
    """The coach was onboarded and no event came: settling is all that is missing."""
    payment = market.paid()
    market.deliver()
    market.onboard(market.register())

    told = explained(market, payment)

    assert "What it waited for has come." in told["verdict"]
    assert run(market, *told["command"].split()[1:])[0] == 0
    assert market.held(payment) == 4252


def test_a_coach_whose_account_is_gone_needs_another(market: Marketplace) -> None:
    """The command that binds one is shown, with the coach's id in it."""
    account = market.ready_coach()
    payment = market.paid()
    market.stripe.v1.accounts.delete(account)
    market.deliver()

    told = explained(market, payment)

    assert "The coach's account was closed" in told["verdict"]
    assert told["command"].startswith("flask coaches rebind coach-1 --to ")


def test_a_payment_without_a_note_is_on_its_way(market: Marketplace) -> None:
    """Nobody has settled it yet: no webhook has come."""
    market.ready_coach()
    payment = market.paid()

    told = explained(market, payment)

    assert (told["state"], told["command"]) == ("waits", f"flask settle {payment}")
    assert "webhook" in told["verdict"]


def test_an_unknown_outcome_is_said(market: Marketplace) -> None:
    """With the promise that nothing is paid twice."""
    market.ready_coach()
    payment = market.paid()
    market.fault("POST", "/v1/transfers", "before", {"status": 500, "body": {"error": {"type": "api_error"}}}, 9)
    market.deliver()

    told = explained(market, payment)

    assert told["reason"] == "unknown"
    assert "never paid twice" in told["verdict"]


def test_money_that_is_to_come_back_is_said(market: Marketplace) -> None:
    """The coach was paid out; the refund's part is still with the coach."""
    account = market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 1000)

    told = explained(market, payment)

    assert (told["state"], told["waits"]) == ("takes_back", -900)
    assert told["verdict"].startswith("9.00 CAD is to come back from the coach.")
    assert "You were sent 9.00 CAD more than that" in told["coach"]
    assert account not in told["coach"]


def test_a_pending_and_a_failed_refund_are_told_apart(market: Marketplace) -> None:
    """One counts; the other left the money here."""
    market.ready_coach()
    intents = market.buy(), market.buy()
    for intent, card in zip(intents, ("pm_card_pendingRefund", "pm_card_refundFail"), strict=True):
        market.pay(intent, card)
        market.deliver()
        market.refund_in_dashboard(intent["id"], 1000)
    pending = text(market, intents[0]["id"])
    market.clock.advance(3_600)
    market.deliver()
    failed = text(market, intents[1]["id"])

    assert "pending. The player does not have it yet; it counts all the same." in pending
    assert "failed (expired_or_canceled_card). The platform has the money, not the player" in failed


@pytest.mark.parametrize("value", ["", "five", "1.5"])
def test_damaged_metadata_is_shown_as_it_stands(market: Marketplace, value: str) -> None:
    """The part that is wrong is seen, and what to do."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"clips": value}})
    market.deliver()

    told = explained(market, payment)

    assert (told["state"], told["command"]) == ("unreadable", f"flask settle {payment}")
    assert any(f"clips is {repr(value) if value else 'missing'}" in fact for fact in told["facts"])


def test_a_persons_payment_says_so(market: Marketplace) -> None:
    """With what the books say, and how to give it back."""
    market.ready_coach()
    payment = market.paid()
    run(market, "settle", payment, "--manual")

    told = explained(market, payment)

    assert (told["state"], told["command"]) == ("manual", f"flask settle {payment} --auto")
    assert "42.52 CAD is owed to the coach" in told["verdict"]


def test_an_unpaid_payment_says_why(market: Marketplace) -> None:
    """With the bank's code of the last try."""
    intent = market.buy()
    market.decline(intent)

    told = explained(market, intent["id"])

    assert told["state"] == "not_paid"
    assert any("The last try was refused: generic_decline." in fact for fact in told["facts"])
    assert "is not complete yet" in told["coach"]


def test_a_node_payment_names_the_command_that_adopts_it(market: Marketplace) -> None:
    """Nothing settles it by itself."""
    market.ready_coach()
    payment = market.node_payment()

    told = explained(market, payment)

    assert (told["state"], told["command"]) == ("not_ours", f"flask reconcile {payment} --adopt --dry-run")


def test_a_strangers_payment_is_left_alone(market: Marketplace) -> None:
    """It says so, and has no letter."""
    intent = market.stripe.v1.payment_intents.create({"amount": 500, "currency": "cad"})

    told = explained(market, intent.id)

    assert (told["state"], told["coach"], told["command"]) == ("not_a_purchase", "", "")


def test_a_note_of_what_can_be_read_again_is_out_of_date(market: Marketplace) -> None:
    """A person has mended the transfer's metadata: settling is all that is missing."""
    account = market.ready_coach()
    payment = market.paid()
    transfer = hand_transfer(market, payment, account, also="pi_another")
    assert market.settle(payment).state == "held"
    market.stripe.v1.transfers.update(transfer, {"metadata": {"also": ""}})

    told = explained(market, payment)

    assert (told["state"], told["waits"]) == ("waits", 3252)
    assert "What it waited for has come." in told["verdict"]


def test_a_coach_whose_account_is_gone_and_who_has_another_is_named(market: Marketplace) -> None:
    """The account that the payment was frozen to is gone, and the coach has another one since."""
    account = market.ready_coach()
    entry = market.stripe.v1.products.list({"limit": 100}).data[0]
    other = market.ready_coach("coach-2")
    payment = market.paid()
    market.stripe.v1.products.update(entry.id, {"metadata": {"account": other}})
    market.stripe.v1.accounts.delete(account)
    market.app = market.another_backend()

    told = explained(market, payment)

    assert told["command"] == f"flask settle {payment} --release {other}"


def test_every_command_that_a_reason_names_can_be_typed(market: Marketplace) -> None:
    """With the options that it has."""
    commands = market.app.cli.commands
    for words in (*WORDS.values(), BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY):
        if words.command:
            _, name, *rest = words.command.format(payment="pi_1").split()
            options = {option for param in commands[name].params for option in param.opts}
            assert {word for word in rest if word.startswith("--")} <= options, words.command
