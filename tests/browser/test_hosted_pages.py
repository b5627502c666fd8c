"""The pages of the sandbox's Stripe in a real browser, for people and for axe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from playwright.sync_api import Page, expect

from backend.sandbox import Sandbox
from tests.browser.accessibility import violations
from tests.browser.conftest import Watch
from tests.processes import sandbox_server


class Stripe:
    """A platform at the sandbox, with the pages that its people open."""

    def __init__(self, sandbox: Sandbox, page: Page) -> None:
        self.sandbox, self.page = sandbox, page
        self.v1 = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": sandbox.base_url}).v1

    def coach(self) -> str:
        """Registered, not onboarded."""
        transfers: Any = {"type": "express", "country": "CA", "capabilities": {"transfers": {"requested": True}}}
        return self.v1.accounts.create(transfers).id

    def onboarding(self, account: str) -> str:
        """A fresh link; it returns to the sandbox's own coverage page, which is as good as any."""
        back = f"{self.sandbox.base_url}/_sandbox/coverage"
        made: Any = {"account": account, "type": "account_onboarding", "return_url": back, "refresh_url": back}
        return self.v1.account_links.create(made).url

    def paid(self, card: str = "pm_card_visa") -> Any:
        """A payment, or an attempt at one."""
        given: Any = {"amount": 4725, "currency": "cad", "confirm": True, "payment_method": card}
        return self.v1.payment_intents.create(given | {"return_url": self.sandbox.base_url})

    def earning_coach(self) -> str:
        """A coach who finished onboarding and was sent a share."""
        coach, charge = self.coach(), self.paid().latest_charge
        self.page.goto(self.onboarding(coach))
        self.page.get_by_role("button", name="Agree and finish").click()
        self.page.wait_for_url("**/_sandbox/coverage")
        share: Any = {"amount": 4252, "currency": "cad", "destination": coach, "source_transaction": charge}
        self.v1.transfers.create(share)
        return coach


@pytest.fixture
def platform(page: Page) -> Iterator[Stripe]:
    """On a socket."""
    with sandbox_server() as sandbox:
        yield Stripe(sandbox, page)
        page.close()


def test_a_coach_finishes_onboarding(platform: Stripe, page: Page) -> None:
    """Reads what is asked, reloads, finishes, and is back at the platform."""
    coach = platform.coach()
    page.goto(platform.onboarding(coach))
    page.reload()
    page.get_by_role("button", name="Agree and finish").click()
    page.wait_for_url("**/_sandbox/coverage")

    assert platform.v1.accounts.retrieve(coach).charges_enabled


def test_a_coach_leaves_onboarding_for_later(platform: Stripe, page: Page) -> None:
    """Back at the platform, and nothing has changed."""
    coach = platform.coach()
    page.goto(platform.onboarding(coach))
    page.get_by_role("button", name="Not now").click()
    page.wait_for_url("**/_sandbox/coverage")

    assert not platform.v1.accounts.retrieve(coach).details_submitted


def test_the_express_dashboard_survives_a_reload(platform: Stripe, page: Page, watch: Watch) -> None:
    """Until then the link has been used up."""
    watch.expect("status of 404")
    link = platform.v1.accounts.login_links.create(platform.earning_coach()).url
    page.goto(link)
    page.reload()
    expect(page.get_by_text("42.52 CAD").first).to_be_visible()

    page.goto(link)
    expect(page.get_by_role("heading")).to_have_text("Link not valid")


def test_a_challenge_of_its_own_page_leads_back(platform: Stripe, page: Page) -> None:
    """With the outcome in the address."""
    payment = platform.paid("pm_card_authenticationRequired")
    page.goto(payment.next_action.redirect_to_url.url)
    page.get_by_role("button", name="Approve payment").click()
    page.wait_for_url("**redirect_status=succeeded")

    assert platform.v1.payment_intents.retrieve(payment.id).status == "succeeded"


def test_the_dashboards_forms_work(platform: Stripe, page: Page) -> None:
    """A browser says where a form comes from, and the dashboard believes it."""
    payment = platform.paid()
    page.goto(f"{platform.sandbox.base_url}/dashboard/payment_intents/{payment.id}")
    page.get_by_role("button", name="Dispute").first.click()
    page.wait_for_load_state()

    assert [dispute.amount for dispute in platform.v1.disputes.list().data] == [4725]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(platform: Stripe, page: Page, watch: Watch, scheme: Any) -> None:
    """Also those that say no."""
    watch.expect("status of 404")
    coach, base = platform.earning_coach(), platform.sandbox.base_url
    page.emulate_media(color_scheme=scheme)
    payment, challenged = platform.paid(), platform.paid("pm_card_authenticationRequired")
    lists = ("payment_intents", "transfers", "accounts", "events", "payouts", "faults")
    places = [
        platform.onboarding(platform.coach()),
        platform.v1.accounts.login_links.create(coach).url,
        challenged.next_action.redirect_to_url.url,
        *(f"{base}{path}" for path in ("/", "/nothing", "/_sandbox/coverage")),
        *(f"{base}/dashboard/{name}" for name in lists),
        f"{base}/dashboard/payment_intents/{payment.id}",
        f"{base}/dashboard/accounts/{coach}",
    ]
    found = {}
    for place in places:
        page.goto(place)
        found[place] = violations(page)

    assert {place: what for place, what in found.items() if what} == {}
