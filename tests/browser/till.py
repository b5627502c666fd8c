"""A payment in a page of a shop that uses the sandbox's stripe.js."""

from __future__ import annotations

from typing import Any

import stripe
from playwright.sync_api import FrameLocator, Page, expect

from backend.sandbox import Sandbox

VISA, NO_FUNDS = "4242424242424242", "4000000000009995"

CHALLENGED, CHALLENGED_DECLINED = "4000002760003184", "4000008400001629"

PAID = "succeeded"

REFUSED_BY_BANK = "payment_intent_authentication_failure"


class Till:
    """A payment in a shop's page, as the player sees it."""

    def __init__(self, page: Page, sandbox: Sandbox, shop: str) -> None:
        self.page, self.sandbox, self.shop = page, sandbox, shop
        self.stripe = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base_url})
        made = self.stripe.v1.payment_intents.create({"amount": 4725, "currency": "cad"})
        self.payment, self.secret = made.id, made.client_secret

    def open(self, **query: str) -> Till:
        """The page, with the card's fields ready."""
        asked = "&".join(f"{name}={value}" for name, value in {"secret": self.secret, **query}.items())
        self.page.goto(f"{self.shop}/?{asked}")
        self.page.wait_for_selector("body[data-ready]")
        return self

    @property
    def fields(self) -> FrameLocator:
        """The frame that the card is entered in."""
        return self.page.frame_locator("#card iframe")

    @property
    def bank(self) -> FrameLocator:
        """The frame that the bank asks in."""
        return self.page.frame_locator("dialog iframe")

    def enter(self, number: str, expiry: str = "1234", code: str = "123") -> None:
        """Type a card, as one types: the fields follow each other by themselves."""
        self.fields.get_by_label("Card number").click()
        self.page.keyboard.type(number + expiry + code)

    def pay(self, number: str) -> None:
        """Type a card and press Pay."""
        self.enter(number)
        self.page.get_by_role("button", name="Pay").click()

    def says(self, text: str) -> None:
        """The last message of the shop to the player."""
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def intent(self) -> Any:
        """The payment as Stripe has it."""
        return self.stripe.v1.payment_intents.retrieve(self.payment)
