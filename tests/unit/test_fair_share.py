"""The arithmetic that the demo and the drills judge by."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from backend.commands.fair_share import Comparison, Terms, compare_money, moved, read_books, read_terms
from backend.config.settings import DEFAULT_CATALOGUE, load_settings

ROOT = Path(__file__).parents[2]
CHARGE = {
    "id": "ch_1",
    "amount_captured": 4725,
    "currency": "cad",
    "created": 1_793_631_600,
    "transfer_group": "purchase_1",
}


def test_it_needs_the_standard_library_and_nothing_else() -> None:
    """A mistake elsewhere in the backend cannot reach it."""
    for node in ast.walk(ast.parse((ROOT / "backend/commands/fair_share.py").read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names, name


@pytest.mark.parametrize(
    ("kept", "percent", "share"),
    [
        (4725, "10", 4252),
        (6075, "10", 5467),
        (4500, "12.5", 3937),
        (4503, "12.50", 3940),
        (1, "50", 0),
        (0, "10", 0),
        (4725, "0", 4725),
        (4725, "100", 0),
        (99_999_999, "33.33", 66_669_999),
    ],
)
def test_the_fee_is_rounded_half_up_and_the_coach_has_the_rest(kept: int, percent: str, share: int) -> None:
    """By hand: 10% of 47.25 is 4.725, so 4.73; 12.5% of 45.00 is 5.625, so 5.63."""
    assert Terms(4725, "cad", 5, 3, percent).share_of(kept) == share


def test_the_terms_are_those_of_the_file() -> None:
    """Of a sport in any case; the configured currency goes before the file's."""
    assert read_terms(DEFAULT_CATALOGUE, "GOLF", 2, "10") == Terms(6075, "cad", 7, 5, "10")
    assert read_terms(DEFAULT_CATALOGUE, "golf", 2, "10", "USD").currency == "usd"


@pytest.mark.parametrize(("sport", "package_id"), [("chess", 1), ("golf", 9)])
def test_what_is_not_in_the_file_is_a_key_error(sport: str, package_id: int) -> None:
    """It is never sold at a price of another."""
    with pytest.raises(KeyError):
        read_terms(DEFAULT_CATALOGUE, sport, package_id, "10")


def test_the_settings_hand_on_what_is_written() -> None:
    """The percentage's text as it stands, the file, and the currency."""
    environ = {"PLATFORM_FEE_PERCENTAGE": "12.50", "DEFAULT_CURRENCY": "USD"}
    written = load_settings(environ, env_file=None).as_written

    assert (written.fee_percent, written.catalogue, written.currency) == ("12.50", DEFAULT_CATALOGUE, "USD")


def _stripe(refunds: list[Any], disputes: list[Any], transfers: list[Any]) -> Any:
    """Stripe with one payment and these objects; ``acct_1`` is the coach's."""
    lists = {"refunds": refunds, "disputes": disputes}

    def read(path: str, **params: Any) -> Any:
        if path.startswith("payment_intents/"):
            return {"latest_charge": CHARGE}
        if path == "transfers":
            return {
                "data": [
                    one for one in transfers if params.get("destination", one["destination"]) == one["destination"]
                ]
            }
        return {"data": lists[path]}

    return read


def _transfer(id: str, amount: int, reversed_: int = 0, destination: str = "acct_1") -> dict[str, Any]:
    reversals = {"data": [{"id": f"trr_{id}"}] if reversed_ else []}
    whole = {"id": id, "amount": amount, "amount_reversed": reversed_, "destination": destination}
    return {**whole, "reversals": reversals}


def test_refunds_that_came_back_are_none() -> None:
    """A pending one is on its way to the player."""
    states = {"succeeded": 1000, "pending": 200, "failed": 30, "canceled": 4}
    refunds = [{"id": f"re_{status}", "amount": amount, "status": status} for status, amount in states.items()]

    assert read_books(_stripe(refunds, [], []), "pi_1", "acct_1").refunded == 1200


@pytest.mark.parametrize(
    ("status", "movements", "taken"),
    [
        ("needs_response", [-4725], 4725),
        ("needs_response", [-2000], 2000),
        ("won", [-4725, 4725], 0),
        ("lost", [-4725], 4725),
        ("needs_response", [], 4725),
        ("warning_needs_response", [], 0),
        ("prevented", [], 0),
    ],
)
def test_a_dispute_took_what_its_movements_say(status: str, movements: list[int], taken: int) -> None:
    """While there are none: all of it, but for inquiries and what was prevented."""
    entries = [{"amount": amount} for amount in movements]
    dispute = {"amount": 4725, "status": status, "balance_transactions": entries}

    assert read_books(_stripe([], [dispute], []), "pi_1", "acct_1").disputed == taken


@pytest.mark.parametrize(
    ("transfers", "wrong"),
    [
        ([_transfer("tr_1", 4252)], []),
        ([_transfer("tr_1", 4725, 473)], []),
        ([_transfer("tr_1", 4725)], ["coach has", "platform keeps"]),
        ([_transfer("tr_1", 4252), _transfer("tr_2", 4252)], ["coach has", "platform keeps"]),
        ([_transfer("tr_1", 4252, destination="acct_2")], ["coach has"]),
        ([_transfer("tr_1", 4252), _transfer("tr_2", 1, destination="acct_2")], ["platform keeps"]),
        ([], ["coach has", "platform keeps"]),
    ],
)
def test_money_in_the_wrong_place_is_named(transfers: list[Any], wrong: list[str]) -> None:
    """Too much, too little, twice, or to another account."""
    books = read_books(_stripe([], [], transfers), "pi_1", "acct_1")
    compared = compare_money(Terms(4725, "cad", 5, 3, "10"), books)

    assert [one.name for one in compared if not one.holds] == wrong


def test_another_price_than_the_files_is_named() -> None:
    """The share is that of the file's price, whatever was charged."""
    books = read_books(_stripe([], [], [_transfer("tr_1", 4252)]), "pi_1", "acct_1")
    compared = compare_money(Terms(5400, "usd", 5, 3, "10"), books)

    assert [one.name for one in compared if not one.holds] == ["currency", "price", "coach has", "platform keeps"]


def test_movements_leave_out_what_went_to_the_bank() -> None:
    """A payout is still the account's money."""
    entries = [{"type": "payment", "amount": 4252}, {"type": "payout", "amount": -4252}]

    assert moved(entries) == 4252


def test_a_comparison_of_a_number_and_its_text_does_not_hold() -> None:
    """``"5"`` clips are not 5."""
    assert not Comparison("clips", 5, "5", "the file; the session").holds
