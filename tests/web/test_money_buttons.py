"""The buttons beside a payment's picture: each does what it says, on the sandbox only."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.builders import Marketplace
from tests.processes import backend_process, free_port_pair


class Beside:
    """The buttons beside a payment's picture, pressed as a browser presses them."""

    def __init__(self, port: int) -> None:
        self.shop, self.sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        requests.post(f"{self.sandbox}/_sandbox/reset", timeout=30).raise_for_status()
        self.stripe = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": self.sandbox})

    def api(self, path: str, body: Any) -> Any:
        """A front end's call."""
        answer = requests.post(f"{self.shop}/api/{path}", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sold(self) -> str:
        """A payment whose coach has the share."""
        coach = {"coachId": "coach-1", "coachName": "Dana", "sport": "badminton"}
        account = self.api("connect/create-account", coach | {"email": "dana@example.com"})["account"]["id"]
        requests.post(f"{self.sandbox}/_sandbox/accounts/{account}/onboard", timeout=30).raise_for_status()
        intent = self.api("payments/create-intent", coach | {"packageType": "package", "packageId": 1})[
            "paymentIntent"
        ]["id"]
        pay = {"card": "pm_card_bypassPending"}
        requests.post(f"{self.sandbox}/_sandbox/payment_intents/{intent}/pay", json=pay, timeout=30).raise_for_status()
        self.press(intent, "mend")
        return str(intent)

    def press(self, payment: str, act: str, status: int = 200, **headers: str) -> str:
        """Press a button; answers with the page that it leads to."""
        answer = requests.post(f"{self.shop}/money/{payment}/do", data={"act": act}, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)

    def offered(self, payment: str) -> list[str]:
        """The buttons that a payment has now."""
        return re.findall(r'name="act" value="(\w+)"', requests.get(f"{self.shop}/money/{payment}", timeout=30).text)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A backend with its bundled sandbox, as `make run` starts it."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, Path(tmp_path_factory.mktemp("beside")) / "log"):
        yield port


@pytest.fixture
def beside(port: int) -> Beside:
    """In front of an empty platform."""
    return Beside(port)


def test_what_is_broken_is_felt_and_mended(beside: Beside) -> None:
    """The line to transfers is cut: the player is refunded all the same, the coach owes; then it is mended, and balances."""
    payment = beside.sold()
    assert "It balances" in beside.press(payment, "cut")

    page = beside.press(payment, "refund")
    assert "42.52 CAD is to come back from the coach." in page
    assert [refund.amount for refund in beside.stripe.v1.refunds.list().data] == [4725]

    assert "It balances: nothing of it is the coach's" in beside.press(payment, "mend")


@pytest.mark.parametrize(("how", "holds"), [("win", "4252"), ("lose", "0")])
def test_a_dispute_is_begun_and_decided(beside: Beside, how: str, holds: str) -> None:
    """While it is open its two ends are offered, and no second one."""
    payment = beside.sold()
    beside.press(payment, "dispute")
    assert {"win", "lose"} <= set(beside.offered(payment))
    assert not {"refund", "refund_part", "dispute"} & set(beside.offered(payment))

    beside.press(payment, how)
    beside.press(payment, "mend")

    held = sum(one.amount - one.amount_reversed for one in beside.stripe.v1.transfers.list().data)
    assert str(held) == holds


def test_a_part_is_refunded(beside: Beside) -> None:
    """Ten units, and the coach gives up the share of them."""
    payment = beside.sold()

    page = beside.press(payment, "refund_part")

    assert [refund.amount for refund in beside.stripe.v1.refunds.list().data] == [1000]
    assert "Refund a part of it: done." in page


def test_an_account_is_closed(beside: Beside) -> None:
    """Stripe says that the platform rejected it."""
    payment = beside.sold()
    beside.press(payment, "close")

    account = beside.stripe.v1.transfers.list().data[0].destination
    reason = beside.stripe.v1.accounts.retrieve(str(account)).requirements
    assert str(getattr(reason, "disabled_reason", "")).startswith("rejected.")


@pytest.mark.parametrize(("act", "seconds"), [("hour", 3_600), ("days", 2 * 86_400)])
def test_time_passes(beside: Beside, act: str, seconds: int) -> None:
    """The sandbox's, so that what waits for time can be seen."""
    payment = beside.sold()

    def now() -> int:
        return int(requests.get(f"{beside.sandbox}/_sandbox/clock", timeout=30).json()["now"])

    before = now()
    beside.press(payment, act)

    assert now() - before >= seconds


@pytest.mark.parametrize("act", ["win", "nothing", ""])
def test_what_is_not_offered_is_refused(beside: Beside, act: str) -> None:
    """A form can be sent by hand."""
    assert "cannot be done to the payment" in beside.press(beside.sold(), act, 409)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_sites_page_presses_nothing(beside: Beside, headers: dict[str, str]) -> None:
    """Any page that a developer visits can send a form here."""
    payment = beside.sold()

    beside.press(payment, "refund", 403, **headers)

    assert beside.stripe.v1.refunds.list().data == []


def test_with_real_keys_there_are_no_buttons(market: Marketplace) -> None:
    """Nothing is broken on purpose at Stripe itself."""
    payment = market.paid()
    app = market.another_backend(replace(market.settings, stripe_publishable_key="pk_test_x"))
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_secret_key="sk_test_x")
    client = app.test_client()

    assert 'name="act"' not in client.get(f"/money/{payment}").text
    assert client.post(f"/money/{payment}/do", data={"act": "refund"}).status_code == 404
