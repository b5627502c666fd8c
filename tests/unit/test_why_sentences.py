"""The sentences of ``flask why``, and the letter to the coach: whole, for each state that a payment can be in."""

from __future__ import annotations

import time
from typing import Any

import pytest

from backend.domain.days import spell_day_of
from backend.domain.namespace import UNNAMED
from backend.services.operators.why_words import (
    account_line,
    ago,
    bought,
    dispute_line,
    moment,
    paid_line,
    plain,
    purchase_line,
    rebind_command,
    refund_line,
    share_line,
    transfer_line,
    unpaid_line,
)
from backend.services.reads import payment_of
from tests.conftest import NOW
from tests.unit.given import OURS, PURCHASE, charge, intent, made, transfer
from tests.unit.why_given import DAY, disputed, view

# Pieces.


@pytest.mark.parametrize(
    ("text", "most", "line"),
    [
        ("a\nb\x1b[1m", 80, "a b [1m"),
        ("x" * 80, 80, "x" * 80),
        ("x" * 81, 80, "x" * 79 + "…"),
        ("abcd", 3, "ab…"),
        (7, 80, "7"),
    ],
)
def test_a_strangers_text_is_one_line(text: Any, most: int, line: str) -> None:
    """It can do nothing to a terminal, and is cut where it is long."""
    assert plain(text, most) == line


def test_a_text_is_cut_at_eighty_unless_said_otherwise() -> None:
    """A coach id in a command has more room."""
    assert plain("x" * 81) == "x" * 79 + "…"
    assert rebind_command("x" * 100) == f"flask coaches rebind {'x' * 100} --to acct_… --why …"
    assert rebind_command("x" * 501) == f"flask coaches rebind '{'x' * 499}…' --to acct_… --why …"
    assert rebind_command("it's") == "flask coaches rebind 'it'\"'\"'s' --to acct_… --why …"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (120, "2 minutes ago"),
        (3_599, "59 minutes ago"),
        (3_600, "1 hour ago"),
        (86_399, "23 hours ago"),
        (86_400, "1 day ago"),
        (200_000, "2 days ago"),
        (-5, "just now"),
    ],
)
def test_a_time_ago_is_in_the_largest_unit_that_fits(seconds: int, said: str) -> None:
    """Rounded down."""
    assert ago(seconds) == said


def test_a_moment_is_in_utc() -> None:
    """With how long ago it is, where Stripe's time is known."""
    assert moment(NOW) == "2026-11-02 15:00 UTC"
    assert moment(NOW, NOW + 7_200) == "2026-11-02 15:00 UTC, 2 hours ago"


def test_the_machines_own_zone_changes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight hours west of Greenwich it is still the day before."""
    monkeypatch.setenv("TZ", "Etc/GMT+8")
    time.tzset()
    try:
        early = NOW - 15 * 3_600
        assert (moment(early), spell_day_of(early)) == ("2026-11-02 00:00 UTC", "2 November 2026")
    finally:
        monkeypatch.undo()
        time.tzset()


# Lines.


def test_a_purchase_says_who_sold_what_and_how_it_is_divided() -> None:
    """In the currency of the payment."""
    sold = view().payment

    assert bought(sold.purchase) == "badminton package 1 (5 clips, 3 days)"
    assert purchase_line(sold.purchase, sold.intent) == (
        "badminton package 1 (5 clips, 3 days) of the coach coach-1 (Dana) for 47.25 CAD: "
        "4.73 CAD for the platform, 42.52 CAD for the coach."
    )


def test_a_subscription_of_a_nameless_coach_has_neither_number_nor_name() -> None:
    """Nothing is made up."""
    given = {**PURCHASE, **OURS, "packageType": "subscription", "packageId": "subscription", "coachName": ""}
    one = made("payment_intent", "pi_1", metadata=given, latest_charge=None, status="x", amount=1, currency="cad")
    sold = payment_of(one, UNNAMED)
    assert sold is not None

    assert bought(sold.purchase) == "badminton subscription (5 clips, 3 days)"
    assert purchase_line(sold.purchase, sold.intent).startswith(
        "badminton subscription (5 clips, 3 days) of the coach coach-1 for 0.01 CAD: "
    )


def test_a_charge_says_how_it_was_paid() -> None:
    """Brand and last digits of a card, the kind of any other; or that the bank returned it."""
    card = {"type": "card", "card": {"brand": "visa", "last4": "4242"}}
    paid = charge(amount=4725, payment_method_details=card)
    debit = charge(amount=4725, payment_method_details={"type": "acss_debit", "acss_debit": {"last4": "6789"}})
    blik = charge(amount=4725, payment_method_details={"type": "blik", "blik": None})
    unknown = charge(amount=4725, payment_method_details=None, status="failed")
    on = "on 2026-11-02 15:00 UTC, 1 day ago"

    assert paid_line(paid, NOW + DAY) == f"The player paid 47.25 CAD by visa that ends in 4242 {on}."
    assert paid_line(debit, NOW + DAY) == f"The player paid 47.25 CAD by acss_debit that ends in 6789 {on}."
    assert paid_line(blik, None) == "The player paid 47.25 CAD by blik on 2026-11-02 15:00 UTC."
    assert paid_line(unknown, None) == (
        "It was paid (47.25 CAD by unknown on 2026-11-02 15:00 UTC), and the bank returned it later: the player has the money."
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("requires_payment_method", "The player has not paid"),
        ("requires_confirmation", "The player has not confirmed the payment"),
        ("requires_action", "The player's bank waits for the player (3-D Secure, or a mandate)"),
        ("processing", "The money is under way; some ways of paying take days"),
        ("requires_capture", "The payment is authorized and not captured"),
        ("canceled", "The purchase was given up"),
        ("some\nthing", "The payment is some thing"),
    ],
)
def test_an_unpaid_payment_says_why(status: str, said: str) -> None:
    """Since when, and how the last try ended."""
    quiet = intent(status=status, created=NOW, last_payment_error=None)
    refused = intent(status=status, created=NOW, last_payment_error={"code": "card_declined", "decline_code": "fraud"})
    coded = intent(status=status, created=NOW, last_payment_error={"code": "expired_card", "decline_code": None})
    silent = intent(status=status, created=NOW, last_payment_error={})
    begun = f"{said}; begun on 2026-11-02 15:00 UTC, 1 day ago."

    assert unpaid_line(quiet, NOW + DAY) == unpaid_line(silent, NOW + DAY) == begun
    assert unpaid_line(refused, NOW + DAY) == f"{begun} The last try was refused: fraud."
    assert unpaid_line(coded, NOW + DAY) == f"{begun} The last try was refused: expired_card."


@pytest.mark.parametrize(
    ("status", "more", "end"),
    [
        ("succeeded", {}, ": succeeded."),
        ("pending", {}, ": pending. The player does not have it yet; it counts all the same."),
        ("requires_action", {}, ": requires_action. The player does not have it yet; it counts all the same."),
        (
            "failed",
            {"failure_reason": "lost_or_stolen_card"},
            ": failed (lost_or_stolen_card). The platform has the money, not the player: refund again in another way.",
        ),
        ("canceled", {}, ": canceled. The platform has the money, not the player: refund again in another way."),
    ],
)
def test_a_refund_says_who_has_the_money(status: str, more: dict[str, str], end: str) -> None:
    """With its id, amount and time."""
    one = made("refund", "re_1", amount=1000, currency="cad", created=NOW, status=status, **more)

    assert refund_line(one, NOW + DAY) == f"Refund re_1 of 10.00 CAD, 2026-11-02 15:00 UTC, 1 day ago{end}"


@pytest.mark.parametrize(
    ("one", "end"),
    [
        (
            disputed("needs_response"),
            "needs_response; it took 30.00 CAD. Answer it in the Dashboard until 2026-11-02 15:00 UTC.",
        ),
        (
            disputed("warning_needs_response"),
            "warning_needs_response; it took 0.00 CAD. Answer it in the Dashboard until 2026-11-02 15:00 UTC.",
        ),
        (disputed("needs_response", due=None), "needs_response; it took 30.00 CAD."),
        (disputed("under_review"), "under_review; it took 30.00 CAD."),
        (disputed("won"), "won; it took 0.00 CAD."),
    ],
)
def test_a_dispute_says_what_it_took_and_until_when_to_answer(one: Any, end: str) -> None:
    """Only while an answer is wanted."""
    assert dispute_line(one, "cad", NOW + DAY) == (
        f"Dispute dp_1 (fraudulent) of 30.00 CAD, 2026-11-02 15:00 UTC, 1 day ago: {end}"
    )


def test_a_dispute_in_another_currency_says_that_it_cannot_be_told() -> None:
    """Of how much of the payment it took."""
    assert dispute_line(disputed("lost", "usd"), "cad", None) == (
        "Dispute dp_1 (fraudulent) of 30.00 USD, 2026-11-02 15:00 UTC: lost; "
        "it took money in another currency, so how much of the payment cannot be told."
    )


def test_a_transfer_says_who_made_it_and_what_came_back() -> None:
    """Ours without a word about it."""
    ours = transfer(created=NOW)
    by_hand = transfer(created=NOW, metadata={}, amount_reversed=252)
    on = "sent 42.52 CAD to acct_1 on 2026-11-02 15:00 UTC"

    assert transfer_line(ours, NOW + DAY) == f"Transfer tr_1 {on}, 1 day ago."
    assert transfer_line(by_hand, None) == (
        f"Transfer tr_1, made by hand and not by this backend, {on}. 2.52 CAD of it was taken back."
    )


def test_the_share_is_said_with_what_is_held() -> None:
    """Of what is kept."""
    assert share_line(view(sent=1000, refunded=725)) == (
        "Of 40.00 CAD that is kept, 4.00 CAD is the platform's. The coach should hold 36.00 CAD, and holds 10.00 CAD."
    )


def test_an_account_says_what_keeps_it_from_being_paid() -> None:
    """The first five things that Stripe wants."""
    able = made("account", "acct_1", capabilities={"transfers": "active"})
    quiet = made("account", "acct_1", capabilities=None, requirements=None)
    wants = {"disabled_reason": "requirements.past_due", "currently_due": list("abcde")}
    some = made("account", "acct_1", capabilities={}, requirements=wants)
    many = made("account", "acct_1", capabilities={}, requirements={**wants, "currently_due": list("abcdef")})
    cannot = "The coach's account acct_1 cannot receive transfers."

    assert account_line("acct_1", None) == "The coach's account acct_1 is closed, or no longer the platform's."
    assert account_line("acct_1", able) == "The coach's account acct_1 can receive transfers."
    assert account_line("acct_1", quiet) == cannot
    assert account_line("acct_1", some) == f"{cannot} Stripe says: requirements.past_due. It wants: a, b, c, d, e."
    assert account_line("acct_1", many).endswith(" It wants: a, b, c, d, e and more.")
