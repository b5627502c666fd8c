"""Buttons of the sandbox's dashboard, and the effect of each on a payment, a refund, an account and an event."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests
import stripe

from backend.sandbox import Sandbox
from tests.sandbox.conftest import Platform
from tests.sandbox.dashboard_pages import look, platform, press

__all__ = ["platform"]


def test_a_payment_can_be_paid_and_disputed_and_the_dispute_won(platform: Platform) -> None:
    """By pressing the buttons that its pages offer."""
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    here = f"/dashboard/payment_intents/{intent.id}"

    assert press(platform, look(platform, here), "Pay with 4242 4242 4242 4242").headers["Location"] == here
    assert press(platform, look(platform, here), "The cardholder disputes it").status_code == 303
    dispute = platform.v1.disputes.list({}).data[0]
    assert press(platform, look(platform, f"/dashboard/disputes/{dispute.id}"), "The platform wins").status_code == 303

    assert platform.v1.disputes.retrieve(dispute.id).status == "won"


def _press(platform: Platform, kind: str, row_id: str, label: str) -> None:
    page = f"/dashboard/{kind}/{row_id}"
    assert press(platform, look(platform, page), label).headers["Location"] == page


def test_a_bank_debit_can_be_answered_and_taken_back(platform: Platform) -> None:
    """Paid from a bank account, refused, paid again, and taken back."""
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"}).id
    for answer in ("The bank refuses", "The bank pays"):
        _press(platform, "payment_intents", intent, "Pay from a bank account")
        _press(platform, "payment_intents", intent, answer)
    charge: Any = platform.v1.payment_intents.retrieve(intent).latest_charge
    _press(platform, "charges", charge, "The bank takes it back")

    (dispute,) = platform.v1.disputes.list({"charge": charge}).data
    _press(platform, "disputes", dispute.id, "The cardholder wins")
    _press(platform, "disputes", dispute.id, "Appeal")
    _press(platform, "disputes", dispute.id, "The platform wins")
    assert platform.v1.disputes.retrieve(dispute.id).status == "won"


def test_a_charge_can_be_warned_of_and_disputed_again(platform: Platform) -> None:
    """On its own page, as often as wanted."""
    charge = platform.paid().latest_charge.id
    for label in ("The issuer warns of fraud", "The cardholder disputes it", "The cardholder disputes it"):
        _press(platform, "charges", charge, label)

    assert len(platform.v1.disputes.list({"charge": charge}).data) == 2
    assert len(platform.v1.radar.early_fraud_warnings.list({"charge": charge}).data) == 1


@pytest.mark.parametrize(
    ("begins", "label", "status"),
    [
        ("succeeded", "The money comes back", "failed"),
        ("requires_action", "Call it back", "canceled"),
        ("requires_action", "The customer answers", "succeeded"),
    ],
)
def test_a_refund_can_be_decided(platform: Platform, begins: str, label: str, status: str) -> None:
    """As far as its state allows."""
    platform.control("/behaviour", refund_begins=begins)
    refund = platform.v1.refunds.create({"payment_intent": platform.paid().id})
    _press(platform, "refunds", refund.id, label)

    assert platform.v1.refunds.retrieve(refund.id).status == status


def test_an_account_can_be_refused_rejected_and_parted_with(platform: Platform) -> None:
    """After which it is not there any more."""
    coach, payment = platform.coach(), platform.paid()
    _press(platform, "accounts", coach, "Refuse transfers")
    with pytest.raises(stripe.InvalidRequestError):
        platform.transfer(payment, coach, 100)
    _press(platform, "accounts", coach, "Let transfers through again")
    assert platform.transfer(payment, coach, 100).amount == 100
    _press(platform, "accounts", coach, "Reject")
    _press(platform, "accounts", coach, "Disconnect")

    with pytest.raises(stripe.PermissionError):
        platform.v1.accounts.retrieve(coach)
    look(platform, f"/dashboard/accounts/{coach}", 404)


def test_an_event_is_sent_again(platform: Platform) -> None:
    """Its page shows where it went."""
    platform.sandbox.add_webhook("http://shop.test/hook")
    platform.v1.customers.create({})
    event = platform.v1.events.list({}).data[0].id
    platform.sandbox.deliver_due()

    page = look(platform, f"/dashboard/events/{event}")
    press(platform, page, "Send again")
    platform.sandbox.deliver_due()

    assert "http://shop.test/hook" in page
    assert len(platform.received) == 2


def test_the_fault_switch_breaks_calls_and_mends_them(platform: Platform) -> None:
    """A fault that is chosen on the page strikes the calls it names, and ends when it is taken back."""
    form = {"effect": "rate_limit", "call": "POST /v1/payment_intents", "stage": "before", "times": "2"}
    assert platform.raw("POST", "/dashboard/faults", key=None, data=form).status_code == 303
    order: Any = {"amount": "500", "currency": "cad"}

    assert platform.raw("GET", "/v1/payment_intents").status_code == 200
    assert platform.raw("POST", "/v1/payment_intents", data=order).status_code == 429
    page = look(platform, "/dashboard/faults")
    assert "POST /v1/payment_intents" in page
    assert press(platform, page, "Everything works again").status_code == 303
    assert platform.raw("POST", "/v1/payment_intents", data=order).status_code == 200


def test_a_fault_that_makes_no_sense_is_told(platform: Platform) -> None:
    """On the page, with the form still there."""
    form = {"effect": "earthquake", "call": "any call", "stage": "before", "times": "1"}
    answer = platform.raw("POST", "/dashboard/faults", key=None, data=form)

    assert answer.status_code == 400
    assert "effect must be one of" in answer.text
    assert "Break it" in answer.text


def test_the_clock_moves_and_everything_can_be_forgotten(platform: Platform) -> None:
    """From the first page."""
    platform.v1.customers.create({})
    before = platform.clock.now()

    assert press(platform, look(platform, "/"), "by 1 day").headers["Location"] == "/"
    assert press(platform, look(platform, "/"), "Forget everything").status_code == 303

    assert platform.clock.now() == before + 86_400
    assert platform.v1.customers.list({}).data == []


def test_a_refused_action_says_why(platform: Platform) -> None:
    """In the control path's own words."""
    payment = platform.paid()
    data = {"route": f"payment_intents/{payment.id}/pay", "given": "{}", "back": "/"}
    answer = platform.raw("POST", "/dashboard/do", key=None, data=data)

    assert answer.status_code == 400
    assert "cannot be paid: its status is succeeded" in answer.text


@pytest.mark.parametrize("given", ["{", "[]", '"x"'])
def test_a_form_that_no_page_has_made_is_refused(platform: Platform, given: str) -> None:
    """No traceback, nothing done."""
    answer = platform.raw("POST", "/dashboard/do", key=None, data={"route": "reset", "given": given})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_another_sites_form_does_nothing(platform: Platform, headers: dict[str, str]) -> None:
    """A page on the web must not press these buttons."""
    platform.v1.customers.create({})
    data = {"route": "reset", "given": json.dumps({}), "back": "/"}
    answer = platform.raw("POST", "/dashboard/do", key=None, data=data, headers=headers)

    assert answer.status_code == 403
    assert len(platform.v1.customers.list({}).data) == 1


@pytest.mark.parametrize("back", ["http://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_an_action_leads_back_to_the_dashboard_only(platform: Platform, back: str) -> None:
    """Whatever the form says."""
    data = {"route": "clock", "given": '{"advance": 1}', "back": back}

    assert platform.raw("POST", "/dashboard/do", key=None, data=data).headers["Location"] == "/"


def test_a_form_that_lets_webhooks_out_holds_nobody_up() -> None:
    """Their receivers may ask the sandbox something while they are at it."""
    answers: list[int] = []

    def receive(url: str, body: bytes, headers: dict[str, str]) -> int:
        asked = requests.get(f"{sandbox.base_url}/v1/balance", auth=("sk_test_sandbox", ""), timeout=10)
        answers.append(asked.status_code)
        return asked.status_code

    sandbox = Sandbox(post=receive)
    server = sandbox.serve()
    sandbox.move_to(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        sandbox.add_webhook("http://127.0.0.1:1/hook")
        client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base_url})
        client.v1.customers.create({"email": "pat@example.com"})
        form = {"route": "deliveries", "given": "", "back": "/"}
        done = requests.post(f"{sandbox.base_url}/dashboard/do", data=form, timeout=30, allow_redirects=False)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    assert (done.status_code, answers) == (303, [200])
