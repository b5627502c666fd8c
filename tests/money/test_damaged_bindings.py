"""A lost or damaged entry of the registry pays nobody, and never brings an old account back."""

from __future__ import annotations

import pytest

from backend.domain.namespace import UNNAMED, entry_id
from tests.builders import Marketplace
from tests.money.bindings import account_of, accounts, adopt, ask, bound, rebind, reject, restart
from tests.routes.test_commands import run


@pytest.mark.parametrize("way", ["sweep", "adopt", "create-account", "event"])
def test_a_lost_first_entry_never_brings_the_old_account_back(market: Marketplace, way: str) -> None:
    """Whoever puts it back, it leads to the account that a person chose."""
    old = market.ready_coach()
    new = account_of(market, ready=True)
    rebind(market, new)
    market.deliver()
    market.stripe.v1.products.delete(UNNAMED.registry_id("coach-1"))
    restart(market)

    match way:
        case "sweep":
            run(market, "reconcile", "--rate", "1000")
        case "adopt":
            assert adopt(market)[0] == 0
        case "create-account":
            reject(market, new)  # so that only the old one could be chosen
            assert ask(market).status_code == 409
        case "event":
            market.stripe.v1.accounts.update(old, {"metadata": {"seen": "again"}})
            market.deliver()

    assert bound(market) == new


@pytest.mark.parametrize(
    "damage",
    [
        {"account": ""},
        {"account": "acct"},
        {"account": "cus_1234567890"},
        {"account": "acct_12345678/../9"},
        {"account": "", "emailHash": "", "coachId": "", "app": ""},
    ],
)
def test_a_damaged_entry_pays_nobody_and_is_mended_by_a_person(market: Marketplace, damage: dict[str, str]) -> None:
    """Sales go on and wait, create-account says to ask support, the commands report it, a rebind mends it."""
    account = market.ready_coach()
    market.stripe.v1.products.update(UNNAMED.registry_id("coach-1"), {"metadata": damage})
    restart(market)

    payment = market.paid()
    market.deliver()
    waiting = market.note(payment)
    answer = ask(market)
    code, output = adopt(market)
    rebind(market, account)
    run(market, "reconcile", "--rate", "1000")

    assert str(waiting).startswith("held:no_account:")
    assert (answer.status_code, "contact support" in answer.json["message"]) == (409, True)
    assert (code, "damaged" in output) == (1, True)
    assert market.held(payment) == 4252
    assert accounts(market) == {account}


@pytest.mark.parametrize("number", ["two", "0", "-1", "99", "１"])
def test_a_damaged_number_still_leads_to_the_next_entry(market: Marketplace, number: str) -> None:
    """A damaged number still says that a replacement was begun, and the next entry is read."""
    market.register()
    new = account_of(market)
    rebind(market, new)
    market.stripe.v1.products.update(UNNAMED.registry_id("coach-1"), {"metadata": {"next": number}})

    assert bound(market) == new


def test_an_entry_without_an_address_is_known_by_the_accounts_own(market: Marketplace) -> None:
    """The hash was lost: the coach gets in, nobody else does."""
    account = market.register()
    market.stripe.v1.products.update(UNNAMED.registry_id("coach-1"), {"metadata": {"emailHash": "?"}})

    assert ask(market).json["account"]["id"] == account
    assert ask(market, email="eve@example.com").status_code == 409


def test_entry_ids_in_use_never_change() -> None:
    """A deployed registry is found again."""
    assert entry_id(UNNAMED.registry_id("coach-1"), 1) == "coach_05ddb6f8871d6e9b7a9f09e6b59441e30d"
    assert entry_id(UNNAMED.registry_id("coach-1"), 2) == "coach_05ddb6f8871d6e9b7a9f09e6b59441e30d_2"
