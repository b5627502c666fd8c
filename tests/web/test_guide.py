"""The front-end section of the guide: its page is executed, its components are compiled, its tables are complete."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT, backend_process, free_port_pair
from tests.programs import NODE
from tests.web.test_types import SERVICES, compiled

pytestmark = pytest.mark.needs(NODE)

README = (ROOT / "README.md").read_text()
SECTION = (ROOT / "SETUP_GUIDE.md").read_text().split("## 5.")[1].split("## 6.")[0]
(PAGE,) = re.findall(r"```js\n(.*?)```", SECTION, re.DOTALL)
COMPONENTS = re.findall(r"```jsx\n(.*?)```", SECTION, re.DOTALL)
(FIRST,) = re.findall(r"```js\n(.*?)```", README, re.DOTALL)
SERVED = "http://localhost:3001/static/js/"

# Stripe.js speaks to Stripe alone. This one pays at the sandbox, with the part of it that the guide's page uses.
STRIPE_JS = """
globalThis.Stripe = (publishableKey) => ({
  elements: () => ({ create: (type) => ({ type, mount() {} }) }),
  async confirmCardPayment(secret, { payment_method: { card } }) {
    const id = secret.split("_secret_")[0];
    const body = new URLSearchParams({
      client_secret: secret, payment_method: "pm_card_visa", return_url: "http://127.0.0.1/"
    });
    const headers = { Authorization: `Bearer ${publishableKey}` };
    const url = `${process.env.SANDBOX_URL}/v1/payment_intents/${id}/confirm`;
    const answer = await (await fetch(url, { method: "POST", headers, body })).json();
    return card.type === "card" ? answer : { error: new Error("no card") };
  },
});
"""
PAY = """
const { pay } = await import("./page.js");
const [first, second] = [await pay().catch((error) => error), await pay().catch((error) => error)];
console.log(JSON.stringify({ first, second: second.message ?? second }));
"""


def _node(folder: Path, script: str, port: int) -> str:
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "run.js").write_text(script)
    run = subprocess.run(
        ["node", "run.js"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "SANDBOX_URL": f"http://127.0.0.1:{port + 1}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def _here(text: str, port: int) -> str:
    """The example as it stands, but for the port, and with the modules from where the backend has them."""
    text = text.replace(SERVED, f"{SERVICES.as_uri()}/").replace("localhost:3001", f"127.0.0.1:{port}")
    return text.replace("pk_test_…", "pk_test_sandbox")


def test_the_examples_buy(tmp_path: Path) -> None:
    """The guide's page pays and has its session; a second click finds the same purchase. The README's has a secret."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path / "log"):
        (tmp_path / "page.js").write_text(_here(PAGE, port))
        told = json.loads(_node(tmp_path, STRIPE_JS + PAY, port))
        secret = _node(tmp_path, _here(FIRST, port) + "console.log(client_secret, amount);", port)

    assert (told["first"]["clipsRemaining"], told["first"]["coachId"]) == (5, "coach-7")
    assert told["first"]["status"] == "active"
    assert told["second"] == told["first"]
    assert re.fullmatch(r"pi_\w+_secret_\w+ 5400\n", secret)


@pytest.mark.parametrize("component", COMPONENTS, ids=["react", "react-native"])
def test_a_component_compiles(component: str, tmp_path: Path) -> None:
    """With the services' own types; React and Stripe's packages are taken as they come."""
    folder = tmp_path / "payments"
    folder.mkdir()
    for file in SERVICES.glob("*.d.ts"):
        (folder / file.name).write_text(file.read_text())
    order = '{import("./payments/paymentService.js").Order}'
    session = '{(session: import("./payments/paymentService.js").Session) => void}'
    props = f"/** @param {{{{ order: {order[1:-1]}, price: number, onSession: {session[1:-1]} }}}} props */\n"
    (tmp_path / "component.jsx").write_text(component.replace("export function", props + "export function"))
    (tmp_path / "packages.d.ts").write_text(
        'declare module "react" { export function useState<T>(made: T | (() => T)): [T, (to: T) => void]; }\n'
        'declare module "react-native";\n'
        'declare module "@stripe/react-stripe-js";\n'
        'declare module "@stripe/stripe-react-native";\n'
        "declare namespace JSX { interface IntrinsicElements { [name: string]: any } }\n"
    )

    options = {"jsx": "preserve", "noImplicitAny": False, "useUnknownInCatchVariables": False}
    assert compiled(tmp_path, tmp_path / "component.jsx", tmp_path / "packages.d.ts", **options) == ""


def test_the_tables_are_complete() -> None:
    """Every function, every field of an error and every option is explained."""
    declared = {path.name: path.read_text() for path in SERVICES.glob("*.d.ts")}
    calls = declared["paymentService.d.ts"] + declared["paymentCoaches.d.ts"]
    functions = re.findall(r"^export declare function (\w+)", calls, re.MULTILINE)
    error = declared["paymentError.d.ts"].split("class PaymentError")[1]
    config = declared["stripeConfig.d.ts"].split("interface Config {")[1].split("\n}")[0]
    fields = set(re.findall(r"readonly (\w+):", error)) - {"cause"}
    rows = re.findall(r"^\| (`[^|]*) \|", SECTION, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)[^`]*`", row)]

    assert sorted(named) == sorted([*functions, *fields, *re.findall(r"readonly (\w+):", config)])
