"""A visitor of the storefront: what a person does there, and what the platform has then."""

from __future__ import annotations

import re
from typing import Any

import stripe
from playwright.sync_api import Locator, Page, expect

VISA, CHALLENGED = "4242424242424242", "4000002760003184"

PAID = "You are all set"


class Visitor:
    """A person in front of the storefront."""

    def __init__(self, page: Page, port: int) -> None:
        self.page = page
        self.shop, self.sandbox = f"http://localhost:{port}", f"http://127.0.0.1:{port + 1}"
        self.stripe = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": self.sandbox})

    def open(self, coach: str = "sample-dana") -> Visitor:
        """A coach's page, with the card's fields ready."""
        self.page.goto(f"{self.shop}/coaches/{coach}")
        self.page.wait_for_selector("form[data-ready]")
        return self

    def enter(self, number: str) -> None:
        """Type the number, a date to come and a code into the frame that the card's fields live in."""
        self.page.frame_locator("#card iframe").get_by_label("Card number").click()
        self.page.keyboard.type(number + "1234" + "123")

    def press(self) -> None:
        """Press the button that pays, whatever amount it names."""
        self.pay_button.click()

    @property
    def pay_button(self) -> Locator:
        """The button that pays; it says how much."""
        return self.page.get_by_role("button", name=re.compile(r"^Pay [0-9.,]+ [A-Z]{3}$"))

    def give_back(self) -> None:
        """Ask for the money on the receipt, and answer the question."""
        self.page.get_by_role("button", name="Give the money back").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Give the money back").click()

    def buy(self, number: str, coach: str = "sample-dana") -> None:
        """From opening the page to pressing Pay."""
        self.open(coach).enter(number)
        self.press()

    def answer(self, button: str) -> None:
        """Press a button of the bank's question, which stands in a frame of its own in a dialog."""
        self.page.frame_locator("dialog iframe").get_by_role("button", name=button).click()

    def sees(self, title: str) -> None:
        """The page's heading, in the end."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(title, timeout=15_000)

    def hears(self, text: str) -> None:
        """The message beside the button."""
        expect(self.page.get_by_role("alert")).to_contain_text(text, timeout=15_000)

    def payments(self) -> list[Any]:
        """Every purchase of this visitor's."""
        return self.stripe.v1.payment_intents.list({"limit": 100}).data

    def charged(self) -> int:
        """The number of charges that succeeded."""
        return sum(charge.paid for charge in self.stripe.v1.charges.list({"limit": 100}).data)
