"""Money is spelled one way: by the backend, by the scripts of its pages, and on the pages of the sandbox."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from backend.domain.money import THREE_DECIMAL, ZERO_DECIMAL, decimal_text, format_money
from backend.sandbox.state import money as sandbox_money
from tests.processes import ROOT
from tests.programs import NODE

SPELLING = ROOT / "backend/web/static/js/spelling.js"
AMOUNTS = (0, 1, 5, 50, 99, 100, 4725, 10_125, 99_999, 123_456, 1_234_567, 99_999_999, -1, -4725, -1_234_567)
CURRENCIES = sorted(sandbox_money.KNOWN)
EVERYTHING = [(amount, currency) for currency in CURRENCIES for amount in AMOUNTS]


@pytest.mark.parametrize(
    ("amount", "currency", "spelled"),
    [
        (4725, "cad", "47.25 CAD"),
        (5, "cad", "0.05 CAD"),
        (-5, "cad", "-0.05 CAD"),
        (1_012_500, "cad", "10,125.00 CAD"),
        (123_456_789, "usd", "1,234,567.89 USD"),
        (4725, "jpy", "4,725 JPY"),
        (4725, "kwd", "4.725 KWD"),
        (-1_234_567, "kwd", "-1,234.567 KWD"),
        (500, "isk", "5.00 ISK"),
        (500, "ugx", "5.00 UGX"),
    ],
)
def test_an_amount_has_its_currencys_decimals_and_its_code(amount: int, currency: str, spelled: str) -> None:
    """With thousands apart. Stripe counts krónur and Ugandan shillings in hundredths, although nobody has any."""
    assert format_money(amount, currency) == spelled


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (1_012_500, "cad", "10125.00"),
        (-1_012_500, "cad", "-10125.00"),
        (1_234_567, "jpy", "1234567"),
        (-5, "cad", "-0.05"),
    ],
)
def test_an_amount_for_programs_is_a_plain_number(amount: int, currency: str, written: str) -> None:
    """Statements are read by spreadsheets: nothing stands between the thousands, and no code behind."""
    assert decimal_text(amount, currency) == written


@pytest.mark.needs(NODE)
def test_the_scripts_of_the_pages_spell_every_amount_as_the_server_does() -> None:
    """In each currency, of a few digits and of many."""
    script = (
        f"import {{ spellMoney }} from {json.dumps(SPELLING.as_uri())};"
        "const all = JSON.parse(process.env.AMOUNTS);"
        "console.log(JSON.stringify(all.map(([amount, currency]) => spellMoney(amount, currency))));"
    )
    run = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        env={"PATH": os.environ["PATH"], "AMOUNTS": json.dumps(EVERYTHING)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(run.stdout) == [format_money(amount, currency) for amount, currency in EVERYTHING]


def test_the_sandboxs_pages_spell_every_amount_as_the_backend_does() -> None:
    """The sandbox shares no code with the backend, and people see both in one sitting."""
    assert [sandbox_money.spelled(*one) for one in EVERYTHING] == [format_money(*one) for one in EVERYTHING]


def test_the_tables_of_decimals_agree() -> None:
    """Of the backend, and of the sandbox."""
    assert ZERO_DECIMAL == sandbox_money.ZERO_DECIMAL
    assert sandbox_money.THREE_DECIMAL <= THREE_DECIMAL


@pytest.mark.parametrize("own_way", ["formatAmount(", "toFixed(", 'style: "currency"'])
def test_no_page_spells_money_in_a_way_of_its_own(own_way: str) -> None:
    """The scripts of pages, which are those without declarations, leave `formatAmount` to the apps of others."""
    scripts = [path for path in SPELLING.parent.glob("*.js") if not path.with_suffix(".d.ts").exists()]

    assert SPELLING in scripts
    assert [path.name for path in scripts if own_way in path.read_text()] == []
