"""``flask why``: it finds the payment by anything, says where its money is and why it waits, and what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from backend.domain.reasons import BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY, REGISTERED_LATE, WORDS
from tests.builders import Marketplace
from tests.routes.test_commands import run
from tests.routes.test_ledger import hand_transfer


def ask(market: Marketplace, query: str) -> dict[str, Any]:
    """The answer for machines."""
    code, output = run(market, "why", query, "--json")
    report: dict[str, Any] = json.loads(output)
    assert code == (0 if report["payments"] else 1)
    return report


def explained(market: Marketplace, query: str) -> dict[str, Any]:
    """The one payment that the query leads to, explained."""
    told: dict[str, Any] = ask(market, query)["explanation"]
    return told


def text(market: Marketplace, query: str) -> str:
    """The answer for people."""
    return run(market, "why", query)[1]


@pytest.fixture
def refunded(market: Marketplace) -> str:
    """A paid and settled payment of Pat's, of which 10.00 was refunded and that is disputed now."""
    market.ready_coach()
    payment = market.paid(customerEmail="Pat@Example.com", customerName="Pat")
    market.deliver()
    market.refund(payment, amount=1000)
    market.dispute(payment)
    market.deliver()
    return payment


QUERIES: dict[str, Any] = {
    "payment": lambda m, p: p,
    "client secret": lambda m, p: m.stripe.v1.payment_intents.retrieve(p).client_secret,
    "address of the Dashboard": lambda m, p: f"https://dashboard.stripe.com/test/payments/{p}?tab=overview",
    "charge": lambda m, p: m.charge(p),
    "transfer": lambda m, p: m.transfers(p)[0].id,
    "reversal": lambda m, p: m.transfers(p)[0].reversals.data[0].id,
    "refund": lambda m, p: m.refunds(p)[0].id,
    "dispute": lambda m, p: m.stripe.v1.disputes.list({"limit": 1}).data[0].id,
    "account": lambda m, p: str(m.transfers(p)[0].destination),
    "session": lambda m, p: f"session_{p.removeprefix('pi_')}",
    "coach": lambda m, p: "coach-1",
    "email": lambda m, p: "pat@example.com",
    "email in capitals": lambda m, p: "PAT@EXAMPLE.COM",
    "last four digits": lambda m, p: "4242",
}


@pytest.mark.parametrize("kind", QUERIES)
def test_everything_at_hand_leads_to_the_payment(market: Marketplace, refunded: str, kind: str) -> None:
    """One payment, explained, however it is asked for; in a bounded number of calls."""
    query = QUERIES[kind](market, refunded)
    market.forget_calls()

    told = explained(market, query)

    assert told["payment_id"] == refunded
    assert len(market.calls()) <= 25
    assert {call.split()[0] for call in market.calls()} == {"GET"}


def test_the_whole_story_is_told(market: Marketplace, refunded: str) -> None:
    """The story has what was bought and paid, each refund, dispute and transfer with its state, and both shares."""
    said = text(market, refunded)

    for part in (
        "badminton package 1 (5 clips, 3 days) of the coach coach-1 (Dana) for 47.25 CAD",
        "The player paid 47.25 CAD by visa that ends in 4242 on 2026-11-02 15:00 UTC, just now.",
        "of 10.00 CAD, 2026-11-02 15:00 UTC, just now: succeeded.",
        "(fraudulent) of 37.25 CAD",
        "needs_response; it took 37.25 CAD. Answer it in the Dashboard until",
        "42.52 CAD of it was taken back.",
        "The coach should hold 0.00 CAD, and holds 0.00 CAD.",
        "It balances",
    ):
        assert part in said


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


def test_a_hand_made_transfer_is_named_as_such(market: Marketplace) -> None:
    """By its id, in the words and by the transfer itself as the query."""
    account = market.ready_coach()
    payment = market.paid()
    transfer = hand_transfer(market, payment, account)
    market.deliver()

    told = explained(market, transfer)

    assert told["payment_id"] == payment
    assert any(f"Transfer {transfer}, made by hand" in fact for fact in told["facts"])
    assert told["state"] == "balances"


def test_unclear_transfers_are_listed(market: Marketplace) -> None:
    """So that a person can say what each was for."""
    account = market.ready_coach()
    payment = market.paid()
    transfer = hand_transfer(market, payment, account, also="pi_another")
    market.deliver()

    told = explained(market, payment)

    assert (told["state"], told["reason"]) == ("unclear", "unclear_transfers")
    assert any(transfer in fact for fact in told["facts"])
    assert "paymentIntentId" in told["next"]
    assert told["since"] is not None


def test_a_transfer_that_names_nothing_says_what_to_write(market: Marketplace) -> None:
    """Nothing is found, and the remedy is there."""
    account = market.ready_coach()
    market.pay(market.buy(), "pm_card_bypassPending")
    transfer = market.stripe.v1.transfers.create({"amount": 100, "currency": "cad", "destination": account}).id

    report = ask(market, transfer)

    assert report["payments"] == []
    assert "paymentIntentId" in report["remarks"][0]


def test_a_transfer_that_names_two_payments_lists_both(market: Marketplace) -> None:
    """A line each."""
    account = market.ready_coach()
    first, second = market.paid(), market.paid()
    transfer = hand_transfer(market, first, account, also=second)

    report = ask(market, transfer)

    assert set(report["payments"]) == {first, second}


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


def test_many_payments_are_the_newest_ten_and_a_number(market: Marketplace) -> None:
    """A line each, newest first."""
    made = []
    for _ in range(12):
        made.append(market.paid(customerEmail="pat@example.com"))
        market.clock.advance(60)
    market.clock.advance(60)

    for query in ("pat@example.com", "coach-1", "4242"):
        report = ask(market, query)
        said = text(market, query)
        assert report["payments"] == made[:1:-1]
        assert re.findall(r"^  (pi_\w+)  2026-", said, re.MULTILINE) == made[:1:-1]
        assert (report["more"], "12 payments:" in said, "and 2 more." in said) == (2, True, True)


def test_a_list_says_of_each_what_waits(market: Marketplace) -> None:
    """One that was damaged does not hide the others."""
    waits, damaged = market.paid(), market.paid()
    market.deliver()
    market.stripe.v1.payment_intents.update(damaged, {"metadata": {"clips": ""}})

    listed = {one["payment_id"]: one["waits"] for one in ask(market, "coach-1")["overviews"]}
    said = text(market, "coach-1")

    assert listed == {waits: "waits: no_account", damaged: "damaged metadata"}
    assert all(words in said for words in listed.values())


def test_a_declined_card_is_found_too(market: Marketplace) -> None:
    """A player asks for the card that did not work; nothing was paid with it."""
    intents = market.buy(), market.buy()
    for intent in intents:
        market.decline(intent)

    report = ask(market, "0002")

    assert set(report["payments"]) == {intent["id"] for intent in intents}
    assert {one["status"] for one in report["overviews"]} == {"requires_payment_method"}


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


def test_a_payment_among_too_many_transfers_is_told_and_left_to_the_sweep(market: Marketplace) -> None:
    """The figures are the ledger's, read to the last page; the next command is the one that has no bound."""
    account = market.ready_coach()
    payment = market.paid()
    for _ in range(3):
        market.pay(market.buy(), "pm_card_bypassPending")
    for _ in range(301):
        market.stripe.v1.transfers.create({"amount": 1, "currency": "cad", "destination": account})
    market.clock.advance(2 * 3_600)
    market.settle(payment)
    market.forget_calls()

    told = explained(market, payment)

    assert (told["state"], told["waits"], told["command"]) == ("waits", 4252, f"flask reconcile {payment}")
    assert len(market.calls()) <= 12


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


@pytest.mark.parametrize(
    ("query", "looked"),
    [
        ("pi_000000000000000000000000", "the payment pi_000000000000000000000000"),
        ("ch_0000", "the charge ch_0000"),
        ("tr_0000", "the transfer tr_0000"),
        ("trr_0000", "the reversal trr_0000"),
        ("re_0000", "the refund re_0000"),
        ("dp_0000", "the dispute dp_0000"),
        ("acct_0000", "payments to acct_0000"),
        ("nobody@example.com", "nobody@example.com"),
        ("9999", "the newest 1 charges"),
        ("coach-99", 'the coach "coach-99"'),
        ('coach"99\\', "Search"),
    ],
)
def test_nothing_found_says_what_was_looked_for(market: Marketplace, query: str, looked: str) -> None:
    """With exit code 1."""
    market.paid()

    report = ask(market, query)

    assert (report["payments"], looked in report["looked"]) == ([], True), report
    assert "No payment was found." in text(market, query)


def test_a_search_that_is_down_looks_at_the_newest(market: Marketplace) -> None:
    """And says so."""
    payment = market.paid()
    market.fault(
        "GET", "/v1/payment_intents/search", "before", {"status": 500, "body": {"error": {"type": "api_error"}}}, 9
    )

    report = ask(market, "coach-1")

    assert report["explanation"]["payment_id"] == payment
    assert "Search cannot be used now" in report["looked"]


def test_stripe_that_cannot_be_reached_is_one_sentence(market: Marketplace) -> None:
    """No traceback."""
    market.fault("GET", "/v1/.*", "before", "close", times=100)

    code, output = run(market, "why", "pi_3PxNobody00000001")

    assert code == 1
    assert output.startswith("Error: ")
    assert len(output.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_no_secret_and_no_address_is_shown(market: Marketplace, refunded: str, words: list[str]) -> None:
    """An email only as it was typed; a client secret not even then."""
    secret = market.stripe.v1.payment_intents.retrieve(refunded).client_secret or ""
    for query in (refunded, "4242", "coach-1", secret):
        _, output = run(market, "why", query, *words)
        assert not re.search(r"example\.com|_secret_|sk_test", output, re.IGNORECASE), query
    assert "pat@example.com" not in run(market, "why", "PAT@example.com", *words)[1]


def test_a_name_cannot_speak_to_the_terminal(market: Marketplace) -> None:
    """Nor forge a line. The Dashboard, or another program, may have written it."""
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"coachName": "Dana\x1b[2J\nIt balances"}})

    said = text(market, "4242")

    assert "\x1b" not in said
    assert not re.search(r"^It balances", said, re.MULTILINE)


# Words of this house and of Stripe's that say nothing to a coach.
_INTERNAL = re.compile(
    r"settle|held|hold|note|metadata|webhook|sweep|transfer|capabilit|flask|clawback|reversal|onboard|charge|intent"
    r"|\bpi_|\btr_|acct_|dispute|ledger|balance covers|platform|operator",
    re.IGNORECASE,
)


@pytest.mark.parametrize("words", [*WORDS.values(), BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY, REGISTERED_LATE])
def test_a_letter_has_no_word_of_ours(words: Any) -> None:
    """Whoever gets it has never seen this program."""
    assert words.coach
    assert not _INTERNAL.search(words.coach)


def test_the_letter_says_what_a_coach_wants_to_know(market: Marketplace, refunded: str) -> None:
    """The letter has what was paid, what went back, and what is left."""
    letter = explained(market, refunded)["coach"]

    assert letter == (
        "Hello Dana, on 2 November 2026 a player paid 47.25 CAD for badminton package 1 (5 clips, 3 days) with you. "
        "10.00 CAD of it went back to the player. The player's bank took 37.25 CAD of it back. "
        "So there is no share to pay out to you. You need to do nothing."
    )
    assert not _INTERNAL.search(letter)


def test_the_letter_of_a_paid_share_says_when_it_was_sent(market: Marketplace) -> None:
    """The bank's date is not ours to promise."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    letter = explained(market, payment)["coach"]

    assert "Your share is 42.52 CAD. It was sent to you on 2 November 2026" in letter
    assert not _INTERNAL.search(letter)


def test_every_command_that_a_reason_names_can_be_typed(market: Marketplace) -> None:
    """With the options that it has."""
    commands = market.app.cli.commands
    for words in (*WORDS.values(), BY_A_PERSON, NO_CLEAR_ANSWER, ON_ITS_WAY):
        if words.command:
            _, name, *rest = words.command.format(payment="pi_1").split()
            options = {option for param in commands[name].params for option in param.opts}
            assert {word for word in rest if word.startswith("--")} <= options, words.command
