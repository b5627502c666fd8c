"""The coverage of this sandbox: what it does and what it knowingly does not, generated from the tables it runs by.

Served as a page at /_sandbox/coverage and as data at /_sandbox/coverage.json; `python -m backend.sandbox --coverage`
writes COVERAGE.md.
"""

import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import stripe
from markupsafe import Markup
from werkzeug import Response

from .calls.routing import Route
from .control.control_routes import CONTROL_ROUTES
from .facts import FACTS
from .pages import html, stripe_js
from .resources import ROUTES
from .sdk_calls import sdk_calls
from .state.banks import BANKS, Bank
from .state.cards import CARDS, Card
from .state.delivery_rules import EFFECTS as DELIVERY_EFFECTS
from .state.event_types import EVENT_TYPES, V2_EVENT_TYPES
from .state.switches import SWITCHES
from .wire.faults import ABOUT
from .wire.http import API_VERSION
from .wire.limits import DIFFERENCES, Feature
from .wire.params import parameters

TITLE = "What the sandbox does, and what it does not"
COMMITTED = Path(__file__).with_name("COVERAGE.md")
PAGE, DATA = "/_sandbox/coverage", "/_sandbox/coverage.json"

MAIN = Markup(
    "<main class='wide texts'><h1>{}</h1><p><a href='/'>The dashboard</a> · <a href='{}.json'>This page as data</a></p>{}"
    "</main></body></html>"
)
SECTION = Markup("<section id='{}'><h2>{}</h2><p>{}</p>{}</section>")


class Section(NamedTuple):
    """One table: its name as data, its title, what it is about, its columns and its rows."""

    name: str
    title: str
    about: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections() -> tuple[Section, ...]:
    """Everything there is to say."""
    return (
        _section("endpoints", "Endpoints served", _SERVED, _ENDPOINT_HEADS, [_endpoint(route) for route in ROUTES]),
        _section("not_served", "Not served of the same resources", _UNSERVED, ("endpoint", "in the SDK"), _unserved()),
        _section("other_resources", "Resources not served at all", _UNSERVED, ("resource", "calls"), _others()),
        _section("not_supported", "Features refused by name", _REFUSED, ("feature",), [(one,) for one in Feature]),
        _section("differences", "Known differences", _DIFFERENT, ("difference",), [(one,) for one in DIFFERENCES]),
        _section("behaviours", "Open questions about Stripe", _OPEN, ("name", "choices", "it decides"), _switches()),
        _section("facts", "Rules of Stripe's", _KNOWN, ("about", "rule", "here", "by"), _facts()),
        _section("cards", "Test cards", _CARDS, ("number", "payment method", "what it does"), _cards()),
        _section("banks", "Test bank accounts", _BANKS, ("payment method", "type", "what it does"), _banks()),
        _section("stripe_js", "In a browser", _SCRIPT, ("call", "here"), _script()),
        _section("events", "Events sent", _EVENTS, ("type", "when"), [*EVENT_TYPES.items(), *V2_EVENT_TYPES.items()]),
        _section("faults", "Faults of calls", _FAULTS, ("effect", "what happens"), list(ABOUT.items())),
        _section("deliveries", "Faults of deliveries", _RULES, ("effect", "what happens"), _delivery_effects()),
        _section("control", "The control path", _CONTROL, ("call", "what it does"), _routes()),
    )


_ENDPOINT_HEADS = ("endpoint", "parameters", "refused by name", "taken, without effect")
_SERVED = (
    "Parameters are checked against the SDK's own types; what is refused says so, and nothing is taken in silence."
)
_UNSERVED = "These answer 404 with the code sandbox_unsupported and the name of the call."
_REFUSED = "These lie behind a value of a parameter that is otherwise served; the code is sandbox_unsupported."
_DIFFERENT = "Calls that are served, and not quite as Stripe serves them."
_OPEN = "No source says what Stripe does. The first choice is the default; POST /_sandbox/behaviour takes another."
_KNOWN = "Enforced rules name the test that holds them, switchable ones their switch in the table above."
_CARDS = "By number in a browser, by name anywhere. Any other number is declined for not being a test card."
_BANKS = (
    "By name anywhere. A payment is processing until the bank answers, or /_sandbox/payment_intents/{id}/settle does."
)
_SCRIPT = (
    "The script at /v3/, for pages of any origin: their policy has to allow the sandbox as script-src and frame-src."
)
_EVENTS = (
    "No other is ever sent; each of v1 has a thin twin. Endpoints are subscribed to them one by one, or to all (*)."
)
_FAULTS = "POST /_sandbox/faults: before the work or after it, on the nth call, so many times, with a probability."
_RULES = "POST /_sandbox/delivery_rules, by type of event."
_CONTROL = "Outside /v1, with JSON, without a key."


def _section(name: str, title: str, about: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Section:
    return Section(name, title, about, heads, tuple(tuple(map(str, row)) for row in rows))


def _endpoint(route: Route) -> tuple[str, ...]:
    refused, unused = set(route.refuses), set(route.unused)
    taken = parameters(route.operation) - refused - unused - {"expand"}
    lists = (", ".join(sorted(names)) for names in (taken, refused, unused))
    return (f"{route.method} {route.path.replace('<', '{').replace('>', '}')}", *lists)


def _unserved() -> list[tuple[str, ...]]:
    served = {route.operation for route in ROUTES}
    resources = {operation.partition(".")[0] for operation in served}
    calls = [call for call in sdk_calls() if call.resource in resources and call.operation not in served]
    return [(f"{call.method} {call.path}", call.operation) for call in calls]


def _others() -> list[tuple[str, ...]]:
    served = {route.operation.partition(".")[0] for route in ROUTES}
    found = Counter(call.resource for call in sdk_calls() if call.resource not in served)
    return [(resource, str(count)) for resource, count in sorted(found.items())]


def _switches() -> list[tuple[str, ...]]:
    return [(one.name, ", ".join(json.dumps(choice) for choice in one.choices), one.decides) for one in SWITCHES]


def _facts() -> list[tuple[str, ...]]:
    return [(about, fact.rule, fact.status, fact.kept) for about, facts in FACTS.items() for fact in facts]


def _cards() -> list[tuple[str, ...]]:
    return [(card.number, ", ".join(card.tokens), _habit(card)) for card in CARDS]


def _habit(card: Card) -> str:
    habits = {
        "always": "asks for 3-D Secure",
        "setup": "asks for 3-D Secure unless set up for off-session use",
    }
    told = [habits[card.authenticate]] if card.authenticate else []
    if card.decline:
        codes = [card.decline.code, card.decline.decline_code]
        told.append("declines: " + " / ".join(code for code in codes if code))
        told += ["can be saved"] if card.attaches else []
    if card.dispute:
        often = f" {card.disputes} times" if card.disputes > 1 else ""
        told.append(f"is {'inquired about' if card.inquiry else 'disputed'}{often}: {card.dispute}")
    if card.warned:
        told.append("brings an early fraud warning")
    if card.refund:
        told.append({"pending": "refunds are pending first", "failed": "refunds fail later"}[card.refund])
    if card.instant:
        told.append("the money is available at once")
    return "; ".join(told) or f"succeeds ({card.brand}, {card.country})"


def _banks() -> list[tuple[str, ...]]:
    return [(bank.token, bank.method, _answer_of(bank)) for bank in BANKS]


def _answer_of(bank: Bank) -> str:
    if not bank.answers:
        return "stays in processing"
    if bank.failure:
        return f"fails after days: {bank.failure}"
    return "succeeds after days" + (", and is disputed: debit_not_authorized" if bank.disputed else "")


def _script() -> list[tuple[str, ...]]:
    return [*stripe_js.SERVED.items(), *((name, "throws, and says so") for name in stripe_js.REFUSED)]


def _delivery_effects() -> list[tuple[str, ...]]:
    return [*DELIVERY_EFFECTS.items(), ('{"delay": seconds}', "the event is delivered later")]


def _routes() -> list[tuple[str, ...]]:
    routes = [
        (f"{route.method} /_sandbox/{route.path.replace('<', '{').replace('>', '}')}", route.about)
        for route in CONTROL_ROUTES
    ]
    return [*routes, (f"GET {PAGE}", "this page"), (f"GET {DATA}", "this page as data")]


def data() -> dict[str, object]:
    """As JSON has it: each section a list of its rows by column."""
    tables = {one.name: [dict(zip(one.heads, row, strict=True)) for row in one.rows] for one in sections()}
    return {"api_version": API_VERSION, "sdk": f"stripe-python {stripe.VERSION}", **tables}


def markdown() -> str:
    """As the repository has it."""
    lines = [
        f"# {TITLE}",
        "",
        "Generated by `python -m backend.sandbox --coverage` from the tables that the sandbox runs by; a test fails when",
        f"it is out of date. API version `{API_VERSION}`, stripe-python {stripe.VERSION}.",
    ]
    for one in sections():
        lines += ["", f"## {one.title}", "", one.about, ""]
        lines += [_line(one.heads), _line(["---"] * len(one.heads)), *map(_line, one.rows)]
    return "\n".join(lines) + "\n"


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def respond(path: str) -> Response:
    """The page, or the data."""
    if path == DATA:
        text = json.dumps(data(), indent=2, ensure_ascii=False) + "\n"
        return Response(text, mimetype="application/json")
    parts = (SECTION.format(one.name, one.title, one.about, html.table(one.heads, one.rows)) for one in sections())
    return html.document(TITLE, MAIN.format(TITLE, PAGE, Markup().join(parts)))
