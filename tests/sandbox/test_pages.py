"""Stripe's pages for people: onboarding, and the Express dashboard."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from tests.sandbox.conftest import Platform
from tests.sandbox.test_money import refusal

BACK, AGAIN = "https://shop.test/back", "https://shop.test/again"


class Browser:
    """Opens addresses of Stripe's, and keeps its cookies."""

    def __init__(self, platform: Platform) -> None:
        self._client = Client(platform.sandbox)

    def get(self, url: str) -> TestResponse:
        """Without following."""
        return self._client.get(url.removeprefix("http://stripe.test"))

    def post(self, url: str, **form: str) -> TestResponse:
        """A form of the page at `url`."""
        return self._client.post(url, data=form)


@pytest.fixture
def browser(platform: Platform) -> Browser:
    """A coach's."""
    return Browser(platform)


def _link(platform: Platform, account: str) -> Any:
    urls: Any = {"return_url": BACK, "refresh_url": AGAIN}
    return platform.v1.account_links.create({"account": account, "type": "account_onboarding"} | urls)


def _transfers(platform: Platform, account: str) -> str:
    return str(platform.v1.accounts.retrieve(account).capabilities.transfers)


def _events(platform: Platform, account: str) -> list[str]:
    options: Any = {"stripe_account": account}
    return [event.type for event in platform.v1.events.list({}, options).data]


def test_an_onboarding_link_is_single_use_and_lives_five_minutes(platform: Platform, browser: Browser) -> None:
    """A used or expired one leads to the refresh address (docs/stripe.md 4.4)."""
    account = platform.coach(ready=False)
    old, new = (_link(platform, account) for _ in range(2))
    assert new.expires_at - new.created == 300

    first, second = browser.get(new.url), browser.get(new.url)
    platform.clock.advance(301)

    assert first.headers["Location"].startswith("/setup/s/")
    assert second.headers["Location"] == AGAIN
    assert browser.get(old.url).headers["Location"] == AGAIN


def test_onboarding_happens_when_it_is_finished(platform: Platform, browser: Browser) -> None:
    """Looking at the page, also twice, changes nothing; finishing returns, and says so in account.updated."""
    account = platform.coach(ready=False)
    visit = browser.get(_link(platform, account).url).headers["Location"]
    pages = [browser.get(visit) for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert _transfers(platform, account) == "inactive"

    finished = browser.post(visit, outcome="finish")

    assert (finished.status_code, finished.headers["Location"]) == (303, BACK)
    assert _transfers(platform, account) == "active"
    assert "account.updated" in _events(platform, account)


def test_onboarding_may_be_left_for_later(platform: Platform, browser: Browser) -> None:
    """It returns all the same: the return tells nothing (docs/stripe.md 4.4). Another link leads back to it."""
    account = platform.coach(ready=False)
    visit = browser.get(_link(platform, account).url).headers["Location"]

    assert browser.post(visit, outcome="later").headers["Location"] == BACK
    assert not platform.v1.accounts.retrieve(account).details_submitted
    again = browser.get(_link(platform, account).url).headers["Location"]
    browser.post(again, outcome="finish")
    assert _transfers(platform, account) == "active"


def test_stripe_may_still_be_checking(platform: Platform, browser: Browser) -> None:
    """Then the details are submitted, and nothing can be transferred yet."""
    account = platform.coach(ready=False)
    visit = browser.get(_link(platform, account).url).headers["Location"]
    browser.post(visit, outcome="finish", verification="pending")

    assert platform.v1.accounts.retrieve(account).details_submitted
    assert _transfers(platform, account) == "pending"


def test_who_has_finished_is_led_back_at_once(platform: Platform, browser: Browser) -> None:
    """Unless Stripe has a question again."""
    account = platform.coach()
    assert browser.get(browser.get(_link(platform, account).url).headers["Location"]).headers["Location"] == BACK

    platform.control(f"/accounts/{account}/disable")
    visit = browser.get(_link(platform, account).url).headers["Location"]
    assert browser.get(visit).status_code == 200
    browser.post(visit, outcome="finish")
    assert _transfers(platform, account) == "active"


def test_onboarding_ends_with_the_account(platform: Platform, browser: Browser) -> None:
    """A visit that is still open leads nowhere."""
    account = platform.coach(ready=False)
    visit = browser.get(_link(platform, account).url).headers["Location"]
    platform.v1.accounts.delete(account)

    assert browser.post(visit, outcome="finish").status_code == 404


def test_a_login_link_needs_onboarding(platform: Platform) -> None:
    """And has no time of expiry."""
    account = platform.coach(ready=False)
    assert "has not completed onboarding" in str(refusal(lambda: platform.v1.accounts.login_links.create(account)))
    platform.control(f"/accounts/{account}/onboard")

    assert not hasattr(platform.v1.accounts.login_links.create(account), "expires_at")


def test_the_express_dashboard_opens_once_and_stays_open(platform: Platform, browser: Browser) -> None:
    """The link is single use; who came in by it may reload. Nobody else comes in."""
    coach, payment = platform.coach(), platform.paid()
    platform.transfer(payment, coach, 9_000)
    link = platform.v1.accounts.login_links.create(coach).url
    page = browser.get(link).headers["Location"]

    for _ in range(2):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert "90.00 CAD" in shown.text
    assert browser.get(link).status_code == 404
    assert Browser(platform).get(page).status_code == 404
    assert browser.get(page.replace(coach, platform.coach())).status_code == 404


def test_the_express_dashboard_shows_what_was_paid_out(platform: Platform, browser: Browser) -> None:
    """And what was taken back."""
    coach, payment = platform.coach(), platform.paid(card="pm_card_bypassPending")
    transfer = platform.transfer(payment, coach, 9_000)
    platform.v1.transfers.reversals.create(transfer.id, {"amount": 1_050})
    platform.clock.advance(2 * 86_400)
    shown = browser.get(browser.get(platform.v1.accounts.login_links.create(coach).url).headers["Location"]).text

    assert "-10.50 CAD" in shown
    assert "taken back" in shown
    assert "79.50 CAD" in shown


def test_no_page_runs_a_script_of_its_own_or_is_framed_unless_it_has_to_be(platform: Platform) -> None:
    """The pages inside a shop's page run files of the sandbox's and may be framed; every other page does neither."""
    intent = platform.paid(card="pm_card_authenticationRequired")
    challenge = intent.next_action.use_stripe_sdk.stripe_js.removeprefix("http://stripe.test")
    policies = {
        path: platform.raw("GET", path, key=None).headers["Content-Security-Policy"]
        for path in ("/", "/dashboard/events", "/setup/s/x", "/express/acct_x", "/elements/card", challenge)
    }

    for path, policy in policies.items():
        framed = path in {"/elements/card", challenge}
        assert ("script-src 'self';" in policy) is framed
        assert ("frame-ancestors 'none'" in policy) is not framed
        assert policy.startswith("default-src 'none'; style-src 'self';")
        assert "unsafe" not in policy
