"""Worlds apart: a key with a suffix opens a platform of its own."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests
import stripe

from backend.sandbox import Sandbox
from backend.sandbox.worlds import WORLDS_MAX
from tests.processes import sandbox_server
from tests.sandbox.conftest import Platform

PAID: Any = {
    "amount": 10_000,
    "currency": "cad",
    "confirm": True,
    "payment_method": "pm_card_visa",
    "return_url": "https://shop.test",
}


def _of(platform: Platform, name: str) -> Any:
    return platform.client(f"sk_test_sandbox_{name}").v1


def _control(platform: Platform, name: str, path: str, **body: Any) -> Any:
    answer = platform.raw("POST", f"/_sandbox{path}", key=f"sk_test_sandbox_{name}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_world_sees_only_itself(platform: Platform) -> None:
    """Objects, money and events of one are not there in another, nor in the shared one."""
    for name, payments in (("w1", 1), ("w2", 2)):
        for _ in range(payments):
            _of(platform, name).payment_intents.create(PAID)

    assert [len(_of(platform, name).charges.list({}).data) for name in ("w1", "w2")] == [1, 2]
    assert platform.v1.charges.list({}).data == []
    assert [_of(platform, name).balance.retrieve().pending[0].amount for name in ("w1", "w2")] == [9_680, 19_360]


def test_an_object_of_another_world_is_not_there(platform: Platform) -> None:
    """As if it had never been made."""
    customer = _of(platform, "w1").customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        _of(platform, "w2").customers.retrieve(customer.id)


@pytest.mark.parametrize("key", ["sk_test_sandbox", "sk_test_other", "pk_test_sandbox"])
def test_a_key_without_a_suffix_opens_the_shared_world_alone(platform: Platform, key: str) -> None:
    """404 for an id of another world, and the shared world's own object for an id that both have."""
    platform.control("/worlds", name="w1", seed=0)
    shared, twin = (of.payment_intents.create(PAID | {"metadata": {"of": name}})
                    for name, of in (("shared", platform.v1), ("w1", _of(platform, "w1"))))  # fmt: skip
    apart = _of(platform, "w1").payment_intents.create(PAID)
    secret = {"client_secret": shared.client_secret} if key.startswith("pk") else {}

    assert shared.id == twin.id
    assert platform.raw("GET", f"/v1/payment_intents/{apart.id}", key=key, query_string=secret).status_code == 404
    assert platform.raw("GET", f"/v1/payment_intents/{shared.id}", key=key, query_string=secret).status_code == 200


def test_a_page_of_an_id_that_two_worlds_have_is_the_shared_ones(platform: Platform) -> None:
    """Nothing else in an address without a key could tell them apart."""
    platform.control("/worlds", name="w1", seed=0)
    coach: Any = {"type": "express", "country": "CA"}
    shared, twin = (of.accounts.create(coach).id for of in (platform.v1, _of(platform, "w1")))
    platform.control(f"/accounts/{shared}/onboard")

    assert shared == twin
    assert platform.v1.accounts.retrieve(shared).details_submitted
    assert not _of(platform, "w1").accounts.retrieve(twin).details_submitted


def test_an_idempotency_key_is_a_worlds_own(platform: Platform) -> None:
    """The same key makes a payment in each."""
    made = {_of(platform, name).customers.create({}, {"idempotency_key": "k"}).id for name in ("w1", "w2", "w1")}

    assert len(made) == 2


def test_a_browser_pays_in_its_world(platform: Platform) -> None:
    """A client secret opens an intent with the publishable key of its own world only."""
    intent = _of(platform, "w1").payment_intents.create({"amount": 500, "currency": "cad"})
    card: Any = {
        "client_secret": intent.client_secret,
        "payment_method": "pm_card_visa",
        "return_url": "https://s.test",
    }
    with pytest.raises(stripe.InvalidRequestError):
        platform.client("pk_test_sandbox_w2").v1.payment_intents.confirm(intent.id, card)

    assert platform.client("pk_test_sandbox_w1").v1.payment_intents.confirm(intent.id, card).status == "succeeded"


def test_stripe_js_may_send_its_key_as_a_field(platform: Platform) -> None:
    """It leads to the same world."""
    intent = _of(platform, "w1").payment_intents.create({"amount": 500, "currency": "cad"})
    given = {"key": "pk_test_sandbox_w1", "client_secret": intent.client_secret}
    answer = platform.raw("GET", f"/v1/payment_intents/{intent.id}", key=None, query_string=given)

    assert answer.status_code == 200


def test_a_page_belongs_to_the_world_of_its_ids(platform: Platform) -> None:
    """An onboarding link of a world leads to that world's account, at the address that all worlds share."""
    account = _of(platform, "w1").accounts.create({"type": "express", "country": "CA"})
    urls: Any = {"return_url": "http://a/done", "refresh_url": "http://a", "type": "account_onboarding"}
    link = _of(platform, "w1").account_links.create({**urls, "account": account.id})
    visit = platform.raw("GET", link.url.removeprefix("http://stripe.test"), key=None).headers["Location"]
    platform.raw("POST", visit, key=None, data={"outcome": "finish", "verification": "verified"})

    assert _of(platform, "w1").accounts.retrieve(account.id).details_submitted


def test_a_door_opens_in_the_world_of_its_key_or_of_its_ids(platform: Platform) -> None:
    """The control path is as far apart as the rest."""
    account = _of(platform, "w1").accounts.create({"type": "express", "country": "CA"})
    platform.control(f"/accounts/{account.id}/onboard")
    _control(platform, "w1", "/clock", advance=86_400)

    assert _of(platform, "w1").accounts.retrieve(account.id).payouts_enabled
    assert platform.sandbox.worlds.open("w1").clock.now() == platform.clock.now() + 86_400
    assert platform.sandbox.worlds.open("w2").clock.now() == platform.clock.now()


def test_a_dashboard_has_a_name_of_its_own(platform: Platform) -> None:
    """w1.localhost; every browser takes that for this machine."""
    _of(platform, "w1").customers.create({})
    page = platform.raw("GET", "/", key=None, headers={"Host": "w1.localhost:3002"})

    assert "pk_test_sandbox_w1" in page.text
    assert "pk_test_sandbox_w1" not in platform.raw("GET", "/", key=None).text


def test_webhooks_are_a_worlds_own(platform: Platform) -> None:
    """An endpoint hears of its own world, and of no other."""
    for name in ("w1", "w2"):
        endpoint: Any = {"url": f"https://{name}.test/hook", "enabled_events": ["*"]}
        _of(platform, name).webhook_endpoints.create(endpoint)
    _of(platform, "w1").customers.create({})
    for name in ("w1", "w2"):
        platform.sandbox.worlds.open(name).deliver_due()

    assert [url for url, _, _ in platform.received] == ["https://w1.test/hook"]


def test_a_fault_strikes_in_its_world(platform: Platform) -> None:
    """The others go on."""
    _control(platform, "w1", "/faults", effect="rate_limit", times=1)

    assert platform.raw("GET", "/v1/balance", key="sk_test_sandbox_w2").status_code == 200
    assert platform.raw("GET", "/v1/balance", key="sk_test_sandbox_w1").status_code == 429


def test_a_world_is_made_with_a_seed(platform: Platform) -> None:
    """The same seed gives the same ids; without one, worlds have ids of their own, the same at every start."""
    platform.control("/worlds", name="a", seed=7)
    platform.control("/worlds", name="b", seed=7)
    ids = {name: _of(platform, name).customers.create({}).id for name in ("a", "b", "c", "d")}

    assert ids["a"] == ids["b"]
    assert len(set(ids.values())) == 3
    assert Platform().sandbox.worlds.open("c").world.ids.new("x") == Sandbox().worlds.open("c").world.ids.new("x")


def test_a_world_is_dropped_and_its_key_opens_a_new_one(platform: Platform) -> None:
    """Nothing of it is left."""
    _of(platform, "w1").customers.create({})
    answer = platform.raw("DELETE", "/_sandbox/worlds/w1", key=None).json

    assert answer == {"worlds": []}
    assert _of(platform, "w1").customers.list({}).data == []
    assert platform.raw("DELETE", "/_sandbox/worlds/gone", key=None).status_code == 404


@pytest.mark.parametrize("name", ["", "W", "a-b", "x" * 41, "../a"])
def test_a_name_has_its_letters(platform: Platform, name: str) -> None:
    """Small letters and digits, so that it can stand in a key and in the name of a host."""
    assert platform.raw("POST", "/_sandbox/worlds", key=None, json={"name": name}).status_code == 400


def test_there_is_an_end_to_worlds(platform: Platform) -> None:
    """A program that forgets to drop them is told."""
    for number in range(WORLDS_MAX):
        platform.sandbox.worlds.open(f"n{number}")

    assert platform.raw("GET", "/v1/balance", key="sk_test_sandbox_onemore").status_code == 429
    assert platform.raw("GET", "/v1/balance").status_code == 200


def test_a_reset_leaves_the_others_alone(platform: Platform) -> None:
    """It is for the world of its key."""
    for name in ("w1", "w2"):
        _of(platform, name).customers.create({})
    _control(platform, "w1", "/reset")

    assert [len(_of(platform, name).customers.list({}).data) for name in ("w1", "w2")] == [0, 1]


def test_a_hundred_worlds_at_once() -> None:
    """Each thread pays in its own, over a socket; each world's books are its own."""
    with sandbox_server() as sandbox:

        def pay(number: int) -> None:
            for _ in range(3):
                given = {**PAID, "confirm": "true"}
                key = {"Authorization": f"Bearer sk_test_sandbox_n{number}"}
                requests.post(f"{sandbox.base_url}/v1/payment_intents", given, headers=key, timeout=60)

        threads = [threading.Thread(target=pay, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        held = [one.world.ledger.pending(one.world.platform, "cad") for one in sandbox.worlds.all()]
    assert held == [3 * 9_680] * 100
