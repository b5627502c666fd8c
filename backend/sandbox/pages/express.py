"""The Express dashboard: a login link opens it once, and the browser then stays logged in."""

from collections.abc import Iterator
from itertools import islice

from markupsafe import Markup
from werkzeug import Request, Response

from ..state import money
from ..state.store import Row
from ..state.world import World
from .dashboard_lists import amount, pill, when
from .html import not_there, page, redirect, table

COOKIE = "express_session"
SHOWN = 20
CLOSED = "This login link was used already, or never existed. Ask the platform for a new one."
TOTALS = Markup("<ul class='cards'>{}</ul>")
TOTAL = Markup("<li><span><b>{amount}</b>{name}</span></li>")
BODY = Markup(
    "<p>{email} <code>{account}</code></p>{totals}<p class='soft'>{next}</p>"
    "<h2>Payouts to your bank</h2>{payouts}<h2>Payments from the platform</h2>{earned}"
)


def enter(world: World, request: Request, account: str, token: str) -> Response:
    """The login link: single use. What it leaves behind is a cookie for this account's pages."""
    row = world.store.anywhere(account)
    logins = row.hidden.get("logins", set()) if row else set()
    if row is None or token not in logins:
        return not_there("Link not valid", CLOSED)
    logins.discard(token)
    session = world.ids.text(24)
    row.hidden.setdefault("sessions", set()).add(session)
    response = redirect(f"/express/{account}")
    response.set_cookie(COOKIE, session, path=f"/express/{account}", httponly=True, samesite="Lax")
    return response


def show(world: World, request: Request, account: str) -> Response:
    """The dashboard, for who came in by a login link; a reload shows it again."""
    row = world.store.anywhere(account)
    if row is None or request.cookies.get(COOKIE) not in row.hidden.get("sessions", set()):
        return not_there("Not logged in", CLOSED)
    body = BODY.format(
        email=row["email"] or "",
        account=account,
        totals=TOTALS.format(Markup().join(_totals(world, account))),
        next=_next_payout(world, account),
        payouts=_payouts(world, account),
        earned=_earned(world, account),
    )
    return page("Express dashboard", body)


def _totals(world: World, account: str) -> Iterator[Markup]:
    currencies = world.ledger.currencies(account) or [world.must(account)["default_currency"]]
    for currency in currencies:
        for name, held in (
            ("available", world.ledger.available(account, currency)),
            ("on its way", world.ledger.pending(account, currency)),
        ):
            yield TOTAL.format(amount=money.spelled(held, currency), name=name)


def _next_payout(world: World, account: str) -> str:
    due = world.payouts.next_of(account)
    if due is None:
        return "No payout is scheduled."
    return f"The next payout leaves on {when(due)[:10]}, with what is available by then."


def _payouts(world: World, account: str) -> Markup:
    rows = islice(world.store.of(account, "payouts").walk({}, 0, None, newest=True), SHOWN)
    cells = [(amount(row), pill(row["status"]), when(row["arrival_date"])[:10]) for row in rows]
    return table((" amount", "status", "arrives"), cells, "Nothing was paid out yet.")


def _earned(world: World, account: str) -> Markup:
    entries = world.store.of(account, "balance_transactions").walk({}, 0, None, newest=True)
    earned = islice((row for row in entries if row["type"] != "payout"), SHOWN)
    cells = [(amount(row, "net"), _sort(row), when(row["available_on"])[:10]) for row in earned]
    return table((" amount", "for", "available"), cells, "Nothing was earned yet.")


def _sort(row: Row) -> str:
    return "earned" if row["net"] >= 0 else "taken back"
