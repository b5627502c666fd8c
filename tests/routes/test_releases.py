"""``delivered`` and ``accept``: who may release a coach's share, and what everybody is shown of one that is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.config.env import SettingsError
from backend.config.settings import load_settings
from backend.domain.release import AT_ONCE, ReleaseError, ReleaseKind, ReleaseTerms, terms_of
from tests.builders import Marketplace
from tests.money.kept import SHARE, accept_work, deliver_work, town_of
from tests.money.sweeping import DAY
from tests.routes.sign_in import ADMIN, COACH, OTHER_COACH, OTHER_PLAYER, PLAYER, SECRET, bearer
from tests.routes.test_commands import run

DELIVERED, ACCEPT = "/api/payments/delivered", "/api/payments/accept"
AS_PLAYER, AS_OTHER = {"sub": PLAYER, "role": "player"}, {"sub": OTHER_PLAYER, "role": "player"}
AS_COACH, AS_OTHER_COACH = {"sub": COACH, "role": "coach"}, {"sub": OTHER_COACH, "role": "coach"}


@pytest.fixture
def town() -> Marketplace:
    """A marketplace that keeps shares until the work is delivered."""
    return town_of("on_delivery:14")


def signed_in(market: Marketplace, mode: Any) -> FlaskClient:
    """A backend that asks who calls."""
    auth = replace(market.settings.auth, mode=mode, jwt_secret=SECRET)
    client: FlaskClient = market.another_backend(replace(market.settings, auth=auth)).test_client()
    return client


def bought(market: Marketplace, **changes: Any) -> tuple[str, str]:
    """A paid payment of the player, and its client secret."""
    intent = market.buy(**{"playerId": PLAYER, **changes})
    market.pay(intent)
    market.deliver()
    return str(intent["id"]), str(intent["client_secret"])


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        (DELIVERED, AS_COACH, 200),
        (DELIVERED, AS_OTHER_COACH, 404),
        (DELIVERED, AS_PLAYER, 403),
        (DELIVERED, ADMIN, 200),
        (DELIVERED, None, 401),
        (ACCEPT, AS_PLAYER, 200),
        (ACCEPT, AS_OTHER, 404),
        (ACCEPT, AS_COACH, 403),
        (ACCEPT, ADMIN, 200),
        (ACCEPT, None, 403),
    ],
)
def test_who_may_release(town: Marketplace, path: str, who: Any, status: int) -> None:
    """By token, where tokens are optional; another's payment is not found."""
    payment, _ = bought(town)

    answer = signed_in(town, "optional").post(path, json={"paymentIntentId": payment}, headers=bearer(who))

    assert answer.status_code == status, answer.json
    assert town.held(payment) == (SHARE if (path, status) == (ACCEPT, 200) else 0)


@pytest.mark.parametrize("mode", ["optional", "off"])
def test_the_client_secret_says_who_the_player_is(town: Marketplace, mode: str) -> None:
    """Without a token, also in production where nobody signs in; a wrong one finds nothing."""
    payment, secret = bought(town)
    if mode == "off":
        town.go_live()
    client = signed_in(town, mode)

    wrong = client.post(ACCEPT, json={"paymentIntentId": payment, "clientSecret": f"{payment}_secret_wrong"})
    before = town.held(payment)
    right = client.post(ACCEPT, json={"paymentIntentId": payment, "clientSecret": secret})

    assert (wrong.status_code, before) == (404, 0)
    assert (right.status_code, town.held(payment)) == (200, SHARE)


def test_nobody_is_the_player_of_a_payment_that_names_none(town: Marketplace) -> None:
    """A guest's payment: neither another guest, nor one with a wrong secret, nor a signed-in player without it."""
    payment, _ = bought(town, playerId=None)
    client = signed_in(town, "optional")
    asked = {"paymentIntentId": payment}

    answers = [client.post(ACCEPT, json=asked, headers=bearer(who)).status_code for who in (None, AS_PLAYER)]
    wrong = client.post(ACCEPT, json={**asked, "clientSecret": f"{payment}_secret_wrong"}).status_code

    assert (answers, wrong, town.held(payment)) == ([403, 404], 404, 0)


def test_in_production_without_sign_in_only_the_secret_and_the_operator_release(town: Marketplace) -> None:
    """Anybody could say that the work is delivered."""
    payment, _ = bought(town)
    town.go_live()
    refused = [deliver_work(town, payment), accept_work(town, payment)]
    before = town.held(payment)

    code, output = run(town, "release", payment)

    assert ([one.status_code for one in refused], before) == ([403, 403], 0)
    assert (code, town.held(payment)) == (0, SHARE), output


def test_who_released_it_is_written_down(town: Marketplace) -> None:
    """The word of a player, an admin and an operator can be told apart later."""
    payments = [bought(town)[0] for _ in range(3)]
    client = signed_in(town, "optional")
    for payment, who in zip(payments, (AS_PLAYER, ADMIN), strict=False):
        client.post(ACCEPT, json={"paymentIntentId": payment}, headers=bearer(who))
    run(town, "release", payments[2])

    written = [town.stripe.v1.payment_intents.retrieve(one).metadata["acceptedBy"] for one in payments]
    assert written == ["player", "admin", "operator"]


@pytest.mark.parametrize("payment", ["pi_000000000000000000000000"])
def test_what_is_not_there_cannot_be_released(town: Marketplace, payment: str) -> None:
    """By no route, and by no command."""
    code, _ = run(town, "release", payment)

    assert (deliver_work(town, payment).status_code, accept_work(town, payment).status_code, code) == (404, 404, 1)


def test_what_waits_for_nothing_is_refused_by_the_command(market: Marketplace) -> None:
    """The share was sent at once."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()

    code, output = run(market, "release", payment)

    assert (code, "does not wait" in output) == (1, True)


# What people are shown.


def test_the_ledger_of_a_kept_share_balances_and_says_until_when(town: Marketplace) -> None:
    """Exit code 0: it is owed, and not yet due."""
    payment, _ = bought(town)

    code, output = run(town, "ledger", payment)

    assert code == 0
    assert "42.52 CAD is kept for the coach until 2026-11-16 15:00 UTC at the latest." in output


def test_why_says_what_a_kept_share_waits_for(town: Marketplace) -> None:
    """The terms, the delivery, the day, and the command that sends it now."""
    payment, _ = bought(town)
    town.clock.advance(DAY)
    deliver_work(town, payment)

    _, output = run(town, "why", payment)

    said = " ".join(output.split())
    assert "kept until the work is delivered" in said
    assert "It may be sent from 2026-11-06 15:00 UTC." in said
    assert f"flask release {payment}" in said


def test_why_says_when_the_wait_is_over(town: Marketplace) -> None:
    """The deadline has passed, and no sweep ran yet."""
    payment, _ = bought(town)
    town.clock.advance(15 * DAY)

    _, output = run(town, "why", payment)

    assert f"flask settle {payment}" in output


def test_the_price_list_says_what_a_share_waits_for(town: Marketplace) -> None:
    """By package, in fields of their own."""
    packages = town.http.get("/api/payments/packages").json["packages"]

    terms = {(one["packageId"], one["release"], one["releaseDays"], one["releaseGraceDays"]) for one in packages}
    assert terms >= {(1, "on_delivery", 14, 3), (2, "at_once", 0, 0), (None, "at_once", 0, 0)}


def test_the_storefront_says_when_the_coach_is_paid(town: Marketplace) -> None:
    """At the package whose share is kept, and at no other."""
    coach = town.http.get("/").text.partition("/coaches/")[2].partition('"')[0]

    page = town.http.get(f"/coaches/{coach}").text

    told = "Your coach is paid when you accept the work, or 3 days after delivering, and after 14 days at the latest."
    assert page.count(told) == 1


# The setting and the catalogue.


@pytest.mark.parametrize(
    ("text", "grace", "terms"),
    [
        ("at_once", 3, AT_ONCE),
        ("after_days:7", 3, ReleaseTerms(ReleaseKind.AFTER_DAYS, 7)),
        ("on_delivery:87", 3, ReleaseTerms(ReleaseKind.ON_DELIVERY, 87, 3)),
        ("on_delivery:90", 0, ReleaseTerms(ReleaseKind.ON_DELIVERY, 90, 0)),
    ],
)
def test_terms_that_a_catalogue_may_have(text: str, grace: int, terms: ReleaseTerms) -> None:
    """N and grace are at most 90 days together."""
    assert terms_of(text, grace) == terms


@pytest.mark.parametrize(
    "text",
    [
        "on_delivery:88",
        "after_days:88",
        "on_delivery:0",
        "on_delivery",
        "on_delivery:-1",
        "after_days:1.5",
        "later",
        "",
        7,
        None,
    ],
)
def test_terms_that_no_catalogue_may_have(text: object) -> None:
    """Beyond 90 days with three of grace, without a whole number of days, or of another kind."""
    with pytest.raises(ReleaseError):
        terms_of(text, 3)


def test_a_catalogue_that_keeps_for_too_long_is_refused_at_start(tmp_path: Any) -> None:
    """The message names the entry, the days, the grace and the setting, and why."""
    file = tmp_path / "catalogue.toml"
    file.write_text(
        '[packages]\n1 = { clips = 5, days = 3, release = "on_delivery:80" }\n[prices.golf]\n1 = 5400\n',
        encoding="utf-8",
    )
    given = {"CATALOGUE_PATH": str(file)}
    assert load_settings({**given, "RELEASE_GRACE_DAYS": "10"}, env_file=None).catalogue.kept_days == {80}

    with pytest.raises(SettingsError) as refusal:
        load_settings({**given, "RELEASE_GRACE_DAYS": "11"}, env_file=None)

    said = str(refusal.value)
    assert all(word in said for word in ("packages.1.release", "80 days", "11 of grace", "RELEASE_GRACE_DAYS", "90"))


@pytest.mark.parametrize("days", ["-1", "61", "three", "1.5"])
def test_a_grace_that_is_no_number_of_days_is_refused(days: str) -> None:
    """By name, at start."""
    with pytest.raises(SettingsError, match="RELEASE_GRACE_DAYS"):
        load_settings({"RELEASE_GRACE_DAYS": days}, env_file=None)
