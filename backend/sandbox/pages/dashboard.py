"""The dashboard: what is in the sandbox, how its webhooks fare, and what can be done to its world.

Every action is one of the routes of the control path, so that nothing can be done here that a test could not do.
"""

import json
import re
from itertools import islice
from typing import Any

from markupsafe import Markup
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from ..control.routes import Control
from ..state import money
from ..state.deliveries import event_object
from ..state.store import Row
from ..state.world import World
from .actions import FAULTABLE, actions, fault_of
from .dashboard_lists import KINDS, amount, pill, when
from .html import document, link, table

ON_A_PAGE = 25


_RULES = (
    Rule("/", methods=["GET"], endpoint="_overview"),
    Rule("/dashboard/do", methods=["POST"], endpoint="_do"),
    Rule("/dashboard/find", methods=["GET"], endpoint="_find"),
    Rule("/dashboard/faults", methods=["GET"], endpoint="_faults"),
    Rule("/dashboard/faults", methods=["POST"], endpoint="_break"),
    Rule("/dashboard/<kind>", methods=["GET"], endpoint="_list"),
    Rule("/dashboard/<kind>/<id>", methods=["GET"], endpoint="_detail"),
)
_ROUTES = Map(_RULES, merge_slashes=False).bind("sandbox")


class Dashboard:
    """Pages under `/` and `/dashboard/`; plain forms, no script."""

    def __init__(self, world: World, control: Control, publishable_key: str) -> None:
        self._world = world
        self._control = control
        self._publishable_key = publishable_key

    def respond(self, request: Request) -> Response:
        """The page at an address."""
        try:
            name, ids = _ROUTES.match(request.path, request.method)
        except HTTPException as error:
            return self._page("Nothing here", Markup("<p>The sandbox has no such page.</p>"), status=error.code or 404)
        handler = getattr(self, str(name))
        if request.method == "POST":
            # Without the lock: a route takes it where it needs it, and one lets webhooks out, whose receivers may call back.
            done: Response = handler(request, **ids)
            return done
        with self._world.lock:
            self._world.timeline.run_due()
            answer: Response = handler(request, **ids)
            return answer

    def _overview(self, request: Request) -> Response:
        store, platform = self._world.store, self._world.platform
        cards = Markup().join(
            Markup("<li><a href='/dashboard/{}'><b>{:,}</b>{}</a></li>").format(
                kind, len(store.of(platform, kind)), k.name
            )
            for kind, k in KINDS.items()
        )
        how = Markup(
            "<p>A local stand-in for Stripe: no money moves. Point an SDK at <code>{}</code> with a test key; browsers use "
            "<code>{}</code>. <a href='/_sandbox/coverage'>What it does and what it does not</a>, and everything that can be "
            "done from outside: <a href='/_sandbox/'>/_sandbox/</a>.</p>"
        ).format(self._world.base_url, self._publishable_key)
        tools = Markup("<div class='row'>{}{}{}</div>").format(
            _action("clock", {"advance": 3_600}, "Move the clock by 1 hour", "/"),
            _action("clock", {"advance": 86_400}, "by 1 day", "/"),
            _action("reset", {}, "Forget everything", "/", "danger"),
        )
        body = how + Markup("<ul class='cards'>{}</ul>").format(cards) + self._balance(platform) + tools
        newest = self._table("payment_intents", platform, None)[0]
        return self._page("Stripe sandbox", body + Markup("<h2>Newest payments</h2>") + newest, "")

    def _list(self, request: Request, kind: str) -> Response:
        if kind not in KINDS:
            return self._page("Nothing here", Markup("<p>There is no such list.</p>"), status=404)
        account = request.args.get("account", self._world.platform)
        rows, last = self._table(kind, account, request.args.get("after"))
        more = Markup("<p>{}</p>").format(link(f"?after={last}&account={account}", "Older ones")) if last else ""
        whose = "" if account == self._world.platform else Markup("<p>of {}</p>").format(self._linked(account))
        return self._page(KINDS[kind].name, whose + rows + more, kind)

    def _detail(self, request: Request, kind: str, id: str) -> Response:
        row = self._world.store.anywhere(id)
        if row is None or row.kind != kind:
            return self._page("Not found", Markup("<p>There is no {} here.</p>").format(id), status=404)
        here = f"/dashboard/{kind}/{id}"
        shown = event_object(row) if kind == "events" else row
        doing = Markup().join(
            _action(a.route, a.given, a.label, here, a.look, a.method) for a in actions(self._world, row)
        )
        summary = table(KINDS[kind].heads, [KINDS[kind].cells(row)]) if kind in KINDS else Markup()
        parts = [summary, Markup("<div class='row'>{}</div>").format(doing) if doing else Markup()]
        if kind == "events":
            parts += [Markup("<h2>Deliveries</h2>"), self._deliveries(id)]
        if kind == "accounts":
            parts += [self._balance(id), self._of_account(id)]
        moved = self._world.store.of(row.account, "balance_transactions").find(source=id)
        if moved:
            parts += [
                Markup("<h2>Balance</h2>"),
                table(("", "type", " amount", " fee", " net", "available"), map(_entry, moved)),
            ]
        text = json.dumps(shown, indent=2, ensure_ascii=False)
        parts += [Markup("<h2>Object</h2><pre tabindex='0'>{}</pre>").format(self._with_links(text))]
        return self._page(id, Markup().join(parts), kind)

    def _find(self, request: Request) -> Response:
        wanted = request.args.get("id", "").strip()
        row = self._world.store.anywhere(wanted)
        if row is None:
            return self._page("Not found", Markup("<p>There is nothing called {} here.</p>").format(wanted), status=404)
        return _moved_to(f"/dashboard/{row.kind}/{wanted}")

    def _faults(self, request: Request, problem: str = "") -> Response:
        told = Markup("<p class='problem' role='alert'>{}</p>").format(problem) if problem else ""
        in_force = [
            (
                _call_of(f["match"]),
                f["stage"],
                json.dumps(f["effect"]),
                str(f["fired"]),
            )
            for f in self._control.call("GET", "faults")[0]["faults"]
        ]
        listed = table(("call", "stage", "effect", "struck"), in_force, "Everything works.")
        clear = (
            _action("faults", {}, "Everything works again", "/dashboard/faults", "quiet", "DELETE") if in_force else ""
        )
        return self._page("Faults", told + FAULT_FORM + listed + clear, "faults", 400 if problem else 200)

    def _break(self, request: Request) -> Response:
        body, status = self._control.call("POST", "faults", json.dumps(fault_of(request.form)))
        return _moved_to("/dashboard/faults") if status == 200 else self._faults(request, body["error"]["message"])

    def _do(self, request: Request) -> Response:
        form = request.form
        body, status = self._control.call(form.get("method", "POST"), form.get("route", ""), form.get("given", ""))
        back = form.get("back", "")
        back = back if re.fullmatch(r"/dashboard/[\w/]+", back, re.ASCII) else "/"
        if status == 200:
            return _moved_to(back)
        said = Markup("<p class='problem' role='alert'>{}</p>").format(body["error"]["message"])
        return self._page("That did not work", said + link(back, "Back"), status=status)

    def _table(self, kind: str, account: str, after: str | None) -> tuple[Markup, str | None]:
        """The newest, or those before `after`; and the last one's id when there are more."""
        collection, shown = self._world.store.of(account, kind), KINDS[kind]
        start = collection.get(after) if after else None
        rows = collection.walk({}, 0, start.seq if start else None, newest=True)
        found = list(islice(rows, ON_A_PAGE + 1))
        page = found[:ON_A_PAGE]
        lines = [(self._linked(row["id"]), *shown.cells(row)) for row in page]
        return table(("id", *shown.heads), lines, shown.empty), page[-1]["id"] if len(found) > ON_A_PAGE else None

    def _of_account(self, account: str) -> Markup:
        payouts, events = (self._table(kind, account, None)[0] for kind in ("payouts", "events"))
        return Markup("<h2>Payouts</h2>{}<h2>Events</h2>{}").format(payouts, events)

    def _balance(self, account: str) -> Markup:
        ledger = self._world.ledger
        held = [
            (c.upper(), money.spelled(ledger.available(account, c), c), money.spelled(ledger.pending(account, c), c))
            for c in ledger.currencies(account)
        ]
        return table(("balance", " available", " pending"), held, "No money has moved yet.")

    def _deliveries(self, event: str) -> Markup:
        made = [delivery.to_json() for delivery in self._world.events.deliveries.of_event(event)]
        lines = [
            (
                d["url"],
                pill(d["status"]),
                str(d["tries"]),
                _last(d["attempts"]),
                when(d["next_try"]) if d["next_try"] else "",
            )
            for d in made
        ]
        return table(("endpoint", "status", "tries", "last answer", "next try"), lines, "No endpoint wants this event.")

    def _linked(self, row_id: str) -> Markup:
        row = self._world.store.anywhere(row_id)
        shown = Markup("<code>{}</code>").format(row_id)
        return link(f"/dashboard/{row.kind}/{row_id}", shown) if row is not None else shown

    def _with_links(self, text: str) -> Markup:
        """JSON in which every id that the sandbox knows leads to its object."""
        parts = re.split(r'"([a-z]+_[A-Za-z0-9]+)"', text)
        known = [
            part
            if place % 2 == 0
            else Markup('"{}"').format(self._linked(part) if self._world.store.anywhere(part) else part)
            for place, part in enumerate(parts)
        ]
        return Markup().join(known)

    def _page(self, title: str, body: Markup, current: str | None = None, status: int = 200) -> Response:
        lists = {**{kind: k.name for kind, k in KINDS.items()}, "faults": "Faults"}
        links = Markup().join(
            Markup("<a href='/dashboard/{}'{}>{}</a>").format(kind, CURRENT if kind == current else "", name)
            for kind, name in lists.items()
        )
        whole = TOP.format(links=links, now=when(self._world.now())) + MAIN.format(title=title, body=body)
        return document(title, whole, status)


TOP = Markup(
    "<header class='bar'><strong><a href='/'>Stripe sandbox</a></strong><nav aria-label='Lists'>{links}</nav>"
    "<form action='/dashboard/find'><input name='id' aria-label='Find by id' placeholder='Find by id'></form>"
    "<time title='the time in the sandbox'>{now}</time></header>"
)
CURRENT = Markup(" aria-current='page'")
MAIN = Markup("<main class='wide'><h1>{title}</h1>{body}</main></body></html>")
FAULT_FORM = Markup(
    "<p>The next calls fail as you say here. <em>Before</em>: nothing has happened. <em>After</em>: the work is done, and the "
    "answer is lost.</p><form method='post' class='row'><label>What<select name='effect'>{effects}</select></label>"
    "<label>Which call<select name='call'>{calls}</select></label><label>When<select name='stage'>"
    "<option value='before'>before the work</option><option value='after'>after the work</option></select></label>"
    "<label>How often<input name='times' type='number' min='1' max='1000' value='1'></label><button>Break it</button></form>"
).format(
    effects=Markup().join(Markup("<option value='{}'>{}</option>").format(*pair) for pair in FAULTABLE.effects.items()),
    calls=Markup().join(Markup("<option>{}</option>").format(call) for call in FAULTABLE.calls),
)


def _last(attempts: list[dict[str, Any]]) -> str:
    return str(attempts[-1]["status"] or attempts[-1]["problem"]) if attempts else ""


def _entry(row: Row) -> tuple[str, ...]:
    amounts = (amount(row), amount(row, "fee"), amount(row, "net"))
    return (row["id"], row["type"], *amounts, when(row["available_on"]))


def _call_of(match: dict[str, str | None]) -> str:
    return f"{match['method'] or 'any'} {match['path'] or 'call'}"


def _action(
    route: str, given: dict[str, Any], label: str, back: str, look: str = "quiet", method: str = "POST"
) -> Markup:
    """One button that calls one route of the control path."""
    return Markup(
        "<form method='post' action='/dashboard/do'><input type='hidden' name='route' value='{}'>"
        "<input type='hidden' name='method' value='{}'><input type='hidden' name='given' value='{}'>"
        "<input type='hidden' name='back' value='{}'><button class='{}'>{}</button></form>"
    ).format(route, method, json.dumps(given), back, look, label)


def _moved_to(path: str) -> Response:
    return Response(status=303, headers={"Location": path})
