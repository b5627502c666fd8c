"""The guide's React Native component, as it stands: bundled as an app bundles it, its button pressed, in Node.

A phone's parts have stand-ins: the screen, and Stripe's sheet, which makes the calls that a sheet makes, at the sandbox.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.processes import ROOT, backend_process, free_port_pair
from tests.programs import NODE

pytestmark = pytest.mark.needs(NODE)

SECTION = (ROOT / "SETUP_GUIDE.md").read_text().split("## 5.")[1].split("## 6.")[0]
COMPONENT = re.findall(r"```jsx\n(.*?)```", SECTION, re.DOTALL)[1]
PHONE = Path(__file__).parent / "react_native"
PACKAGES = ROOT / "tests/node/node_modules"
STAND_INS = {"react-native": "react-native.mjs", "@stripe/stripe-react-native": "stripe-react-native.mjs"}
ORDER = {"coachId": "coach-7", "coachName": "Dana", "sport": "golf", "packageType": "package", "packageId": 1}
PRICE = 5400


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app as a bundler makes it of the guide's file and of the services that the guide says to copy."""
    folder = tmp_path_factory.mktemp("phone")
    shutil.copytree(PHONE, folder, dirs_exist_ok=True)
    (folder / "PayButton.jsx").write_text(COMPONENT)
    (folder / "payments").mkdir()
    for pattern in ("payment*.js", "stripe*.js"):
        for file in (ROOT / "backend/web/static/js").glob(pattern):
            shutil.copy(file, folder / "payments")
    (folder / "node_modules").symlink_to(PACKAGES)
    words = [str(PACKAGES / ".bin/esbuild"), "phone.jsx", "--bundle", "--jsx=automatic", "--platform=node"]
    words += ["--format=esm", "--outfile=phone.mjs", "--banner:js=import { createRequire } from 'module';"]
    words[-1] += "const require = createRequire(import.meta.url);"
    words += [f"--alias:{name}=./{file}" for name, file in STAND_INS.items()]
    made = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    return folder / "phone.mjs"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A backend as ``make run`` starts it, with the sandbox on the port after it."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path_factory.mktemp("backend") / "log"):
        yield port


def press(bundle: Path, port: int, *presses: dict[str, Any], coach: str) -> dict[str, Any]:
    """The app's words and sessions when its button is pressed once for each thing that the person then does."""
    script = {"order": {**ORDER, "coachId": coach}, "price": PRICE, "presses": presses}
    run = subprocess.run(
        ["node", bundle.name],
        cwd=bundle.parent,
        env={
            "PATH": os.environ["PATH"],
            "BACKEND_URL": f"http://127.0.0.1:{port}",
            "SANDBOX_URL": f"http://127.0.0.1:{port + 1}",
            "SCRIPT": json.dumps(script),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(run.stdout)
    return told


def paid_for(port: int, coach: str) -> list[int]:
    """The amounts that players paid for a coach, one for each payment that succeeded."""
    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": f"http://127.0.0.1:{port + 1}"})
    charges = client.v1.charges.list({"limit": 100}).data
    return [charge.amount for charge in charges if charge.paid and charge.metadata["coachId"] == coach]


def test_a_press_buys(bundle: Path, port: int) -> None:
    """The session comes back, the price is on the button, and nothing is complained of."""
    told = press(bundle, port, {"card": "pm_card_visa"}, coach="native-1")

    assert [(one["coachId"], one["clipsRemaining"], one["status"]) for one in told["sessions"]] == [
        ("native-1", 5, "active")
    ]
    assert (told["alerts"], "54.00" in told["title"]) == ([], True)
    assert paid_for(port, "native-1") == [PRICE]


def test_a_second_press_pays_nothing_and_finds_the_same_session(bundle: Path, port: int) -> None:
    """The sheet is not shown again: the purchase is paid."""
    told = press(bundle, port, {"card": "pm_card_visa"}, {"card": "pm_card_mastercard"}, coach="native-2")

    assert told["sessions"][0] == told["sessions"][1]
    assert (told["alerts"], paid_for(port, "native-2")) == ([], [PRICE])


def test_a_decline_is_told_and_another_card_buys(bundle: Path, port: int) -> None:
    """In Stripe's words; the second press pays the same purchase."""
    declined = {"card": "pm_card_visa_chargeDeclinedInsufficientFunds"}
    told = press(bundle, port, declined, {"card": "pm_card_visa"}, coach="native-3")

    assert told["alerts"] == [["Not paid", "Your card has insufficient funds."]]
    assert (len(told["sessions"]), paid_for(port, "native-3")) == (1, [PRICE])


def test_who_closes_the_sheet_has_bought_nothing(bundle: Path, port: int) -> None:
    """And is not told that something failed."""
    told = press(bundle, port, {"closes": True}, coach="native-4")

    assert (told["sessions"], told["alerts"], paid_for(port, "native-4")) == ([], [], [])
