"""The coach's page: sales, what waits and why, what is owed back, payouts, and onboarding in words."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from backend.domain.onboarding_words import AccountFacts, OnboardingState, onboarding_in_words
from tests.builders import Marketplace

_COACH = "sample-dana"
_DAY = 86_400


def _page(market: Marketplace, coach: str = _COACH) -> str:
    answer = market.http.get(f"/coach/earnings?coach={coach}")
    assert answer.status_code == 200
    return html.unescape(answer.text)


def _section(page: str, heading: str) -> str:
    """One part of the page, by its heading; empty where it is not there."""
    found = re.search(rf"<h2[^>]*>{heading}</h2>(.*?)</section>", page, re.DOTALL)
    return found[1] if found else ""


def _buttons(page: str) -> list[str]:
    return re.findall(r"<button[^>]*>([^<]+)</button>", page)


def _sold(market: Marketplace, card: str = "pm_card_bypassPending", **changes: object) -> str:
    intent = market.buy(_COACH, **changes)
    market.pay(intent, card)
    market.deliver()
    return str(intent["id"])


def test_a_sale_shows_gross_fee_share_and_player(market: Marketplace) -> None:
    """They add up: the share and the fee are what the player paid."""
    market.ready_coach(_COACH)
    _sold(market, playerName="Pat")

    sales = _section(_page(market), "Sales")

    for shown in ("Pat", "5 clips, 3 days", "47.25 CAD", "4.73 CAD", "42.52 CAD", "sent to you"):
        assert shown in sales


def test_a_part_refunded_shows_what_is_left_of_both_parts(market: Marketplace) -> None:
    """The fee is taken from what was kept."""
    market.ready_coach(_COACH)
    market.refund(_sold(market), amount=1000)
    market.deliver()

    sales = _section(_page(market), "Sales")

    for shown in ("− 10.00 CAD refunded", "3.73 CAD", "33.52 CAD"):
        assert shown in sales


def test_another_coachs_sales_and_carts_are_not_there(market: Marketplace) -> None:
    """Nor a purchase that nobody paid."""
    market.buy(_COACH)
    market.paid("sample-lee")

    assert "Nobody has bought from you yet." in _page(market)


def test_money_that_waits_says_why_and_what_to_do(market: Marketplace) -> None:
    """In words for the coach, without words of ours."""
    _sold(market)

    waits = _section(_page(market), "Kept for you")

    assert "42.52 CAD" in waits
    assert "until you have set up payments in the app" in waits
    assert "flask" not in waits


def test_what_is_owed_back_stands_apart(market: Marketplace) -> None:
    """The coach was paid out before the refund, so later earnings pay it back."""
    market.ready_coach(_COACH)
    payment = _sold(market)
    market.clock.advance(2 * _DAY)
    market.refund(payment)
    market.deliver()

    page = _page(market)

    assert "42.52 CAD" in _section(page, "Owed back")
    assert "It is taken out of your next earnings." in _section(page, "Owed back")
    assert _section(page, "Kept for you") == ""


def test_payouts_have_dates_and_words(market: Marketplace) -> None:
    """One that the bank sent back says so."""
    account = market.ready_coach(_COACH)
    _sold(market)
    market.clock.advance(2 * _DAY)
    payouts = _section(_page(market), "Payouts to your bank")
    assert ("4 November 2026" in payouts, "arrived" in payouts, "42.52 CAD" in payouts) == (True, True, True)

    payout = market.stripe.v1.payouts.list({}, {"stripe_account": account}).data[0].id
    market.control("POST", f"/payouts/{payout}/fail", {"failure_code": "account_closed"})

    payouts = _section(_page(market), "Payouts to your bank")
    assert ("your bank sent it back" in payouts, "The bank account has been closed." in payouts) == (True, True)


def test_who_is_not_registered_can_only_register(market: Marketplace) -> None:
    """There is no dashboard yet."""
    assert _buttons(_page(market)) == ["Register at Stripe"]


def test_unfinished_onboarding_names_what_is_asked(market: Marketplace) -> None:
    """With the button that leads there, and none to a dashboard that would send the coach back."""
    market.register(_COACH)

    page = _page(market)

    assert "Stripe still has questions." in page
    assert "Add the bank account that you want to be paid to." in page
    assert _buttons(page) == ["Finish onboarding"]


def test_stripe_is_checking_and_offers_nothing_to_do(market: Marketplace) -> None:
    """Onboarding again would only send the coach back."""
    account = market.register(_COACH)
    market.control("POST", f"/accounts/{account}/onboard", {"verification": "pending"})

    page = _page(market)

    assert "Stripe is checking your details." in page
    assert _buttons(page) == ["Open the Stripe dashboard"]


def test_a_share_that_waits_for_stripe_asks_nothing_of_a_coach_whom_stripe_checks(market: Marketplace) -> None:
    """The reason beside the share and the state of onboarding agree; before, both ask the coach to finish."""
    account = market.register(_COACH)
    _sold(market)
    before = _section(_page(market), "Kept for you")

    market.control("POST", f"/accounts/{account}/onboard", {"verification": "pending"})
    market.deliver()

    assert "Please open your payment details" in before
    checking = _section(_page(market), "Kept for you")
    assert "is sent as soon as Stripe has checked your details." in checking
    assert "Please" not in checking


def test_a_rejected_coach_is_told_and_has_no_button_that_bounces(market: Marketplace) -> None:
    """Every link would be refused."""
    account = market.ready_coach(_COACH)
    market.control("POST", f"/accounts/{account}/reject")

    page = _page(market)

    assert "Stripe has rejected this account" in page
    assert _buttons(page) == []


def test_a_coach_whose_account_is_gone_is_told_whom_to_ask(market: Marketplace) -> None:
    """Registering again would be a conflict."""
    account = market.ready_coach(_COACH)
    market.control("POST", f"/accounts/{account}/disconnect")

    page = _page(market)

    assert "is closed, or no longer connected with us" in page
    assert _buttons(page) == []


def test_a_ready_coach_has_the_dashboard_only(market: Marketplace) -> None:
    """Nothing is asked."""
    market.ready_coach(_COACH)

    page = _page(market)

    assert "You can be paid." in page
    assert _buttons(page) == ["Open the Stripe dashboard"]


@pytest.mark.parametrize("state", ["unfinished", "checking", "rejected", "gone", "ready"])
def test_every_button_that_is_shown_leads_to_stripe(market: Marketplace, state: str) -> None:
    """The call behind it answers with a link."""
    account = market.register(_COACH)
    steps: dict[str, list[tuple[str, Any]]] = {
        "unfinished": [],
        "checking": [("onboard", {"verification": "pending"})],
        "rejected": [("onboard", {}), ("reject", {})],
        "gone": [("onboard", {}), ("disconnect", {})],
        "ready": [("onboard", {})],
    }
    for door, given in steps[state]:
        market.control("POST", f"/accounts/{account}/{door}", given)

    for button in _buttons(_page(market)):
        if "dashboard" in button:
            assert market.post(f"/api/connect/account/{account}/login-link", {}).status_code == 200
        else:
            body = {"coachId": _COACH, "coachName": "Dana", "email": f"{_COACH}@example.com", "sport": "badminton"}
            assert market.post("/api/connect/create-account", body).json["onboardingLink"]["url"]


@pytest.mark.parametrize(
    ("facts", "state", "button"),
    [
        (AccountFacts(True, True, True), OnboardingState.READY, ""),
        (AccountFacts(True, True, True, ["individual.id_number"]), OnboardingState.ASKED, "Finish onboarding"),
        (AccountFacts(True, True, False, ["external_account"]), OnboardingState.ASKED, "Finish onboarding"),
        (AccountFacts(True, True, False), OnboardingState.ASKED, ""),
        (AccountFacts(True, False, False, disabled_reason="under_review"), OnboardingState.CHECKING, ""),
        (AccountFacts(True, False, False, disabled_reason="listed"), OnboardingState.CHECKING, ""),
        (AccountFacts(True, False, False, ["individual.dob.day"]), OnboardingState.QUESTIONS, "Finish onboarding"),
        (AccountFacts(False, False, False), OnboardingState.QUESTIONS, "Finish onboarding"),
        (AccountFacts(True, False, False, disabled_reason="rejected.fraud"), OnboardingState.REJECTED, ""),
        (AccountFacts(False, False, False, ["x"], "rejected.other"), OnboardingState.REJECTED, ""),
    ],
)
def test_each_state_of_an_account_has_its_words_and_its_way_on(
    facts: AccountFacts, state: OnboardingState, button: str
) -> None:
    """A button is there exactly where Stripe asks something of the coach."""
    words = onboarding_in_words(facts)

    assert (words.state, words.onboard) == (state, button)
    assert words.text.endswith(".")


def test_a_deadline_is_said() -> None:
    """The coach can be paid, and will not be for ever."""
    facts = AccountFacts(True, True, True, ["individual.id_number"], deadline="2 December 2026")

    assert "needs more from you by 2 December 2026" in onboarding_in_words(facts).text
