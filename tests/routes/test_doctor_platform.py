"""``flask doctor`` about the platform: the accounts that it makes, for whom, with what, and who tells of them."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.account_requests import BOTH, AccountTerms
from tests.builders import Marketplace
from tests.routes.doctoring import APP_URL, change, findings
from tests.routes.test_commands import run


def test_accounts_of_each_make_are_counted(staged: Marketplace) -> None:
    """And the setting that decides about the next."""
    staged.register("coach-1")
    staged.control("POST", "/behaviour", {"accounts_v1": "refused"})
    staged.register("coach-2")
    staged.register("coach-3")

    said = findings(staged)["coaches' accounts"]["text"]

    assert said == "1 by v1 and 2 by v2, of the newest; CONNECT_ACCOUNTS is auto"


def test_capabilities_that_pull_each_other_down_are_told(staged: Marketplace) -> None:
    """With what to ask Stripe for."""
    assert findings(staged)["capabilities"]["remedy"] == ""
    staged.control("POST", "/behaviour", {"transfers_alone": "refused"})
    staged.register()

    said = findings(staged)["capabilities"]

    assert "1 of the newest accounts have card_payments too" in said["text"]
    assert "Ask Stripe's support" in said["remedy"]


def test_a_chosen_set_is_told_as_chosen(staged: Marketplace) -> None:
    """Nothing is widened then."""
    change(staged, account_terms=AccountTerms("auto", BOTH))

    assert findings(staged)["capabilities"]["text"] == "COACH_CAPABILITIES asks for card_payments and transfers"


@pytest.mark.parametrize(("country", "said"), [("US", "US, CA, GB, CH and the EEA"), ("BR", "its own region")])
def test_the_countries_of_coaches_follow_from_the_platforms(staged: Marketplace, country: str, said: str) -> None:
    """Across borders only where Stripe needs not be asked."""
    world = staged.sandbox.world
    world.must(world.platform)["country"] = country

    assert said in findings(staged)["coaches' countries"]["text"]


def test_v2_accounts_that_nobody_tells_of_are_a_warning(staged: Marketplace) -> None:
    """Until the thin endpoint beside the snapshots is made."""
    staged.control("POST", "/behaviour", {"accounts_v1": "refused"})
    assert "thin webhooks (accounts)" not in findings(staged)
    staged.register()

    said = findings(staged)["thin webhooks (accounts)"]

    assert (said["level"], "flask webhooks sync" in said["remedy"]) == ("warning", True)


def test_thin_endpoints_are_looked_at_where_events_are_thin(staged: Marketplace, tmp_path: Any) -> None:
    """Instead of those of snapshots; once made they are well."""
    change(staged, webhook_payload="thin")
    before = findings(staged)
    assert {before[f"thin webhooks ({kind})"]["level"] for kind in ("platform", "connected")} == {"warning"}
    assert "webhooks (platform)" not in before
    file = tmp_path / ".env"
    assert run(staged, "webhooks", "sync", APP_URL, "--env-file", str(file))[0] == 0
    written = dict(line.split("=", 1) for line in file.read_text().splitlines())
    change(
        staged,
        stripe_webhook_secrets=tuple(written["STRIPE_WEBHOOK_SECRET"].split(",")),
        stripe_connect_webhook_secrets=tuple(written["STRIPE_CONNECT_WEBHOOK_SECRET"].split(",")),
    )

    after = findings(staged)

    assert {after[f"thin webhooks ({kind})"]["level"] for kind in ("platform", "connected")} == {"ok"}


def test_destinations_that_cannot_be_seen_are_a_warning(staged: Marketplace) -> None:
    """A restricted key may not look."""
    change(staged, webhook_payload="thin")
    staged.fault("GET", "/v2/core/event_destinations", "before", {"status": 403, "body": {"error": {"type": "y"}}})

    assert findings(staged)["thin webhooks"]["level"] == "warning"
