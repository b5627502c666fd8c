"""The money's pages: payments by what they mean, the map of one, and statements. Not there in production."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import stripe
from flask import Blueprint, Response, redirect, request, url_for

from backend.domain.days import DAY
from backend.domain.money_life import Moment
from backend.domain.months import Month, MonthError
from backend.domain.statement import Statement
from backend.http.requests import path_payment_id, services, settings
from backend.services.errors import Forbidden, InvalidRequest, NotFound, PaymentsError
from backend.services.operators.lives import Life, LifeReader
from backend.services.operators.standings import PROCESSING, Listing, Row, Standing, Standings
from backend.services.operators.timeline import timeline_of
from backend.services.operators.why import Explainer
from backend.services.operators.why_ends import NOT_A_PURCHASE, Look
from backend.services.operators.why_words import unpaid_reason
from backend.services.reads import NO_SUCH_PAYMENT
from backend.services.statements.output import LINES, NAMES, statement_csv
from backend.web.money_map import WIDTH, pictures
from backend.web.rendering import page, problem
from backend.web.sandbox_acts import ACTS, SandboxActs, acts_for

money_pages = Blueprint("money_pages", __name__, template_folder="templates")

# Stripe keeps events so long. https://docs.stripe.com/api/events
_EVENTS_KEPT = 30 * DAY

# The heading of each group of payments, and how it is coloured.
GROUPS = {
    Standing.UNCLEAR: ("It cannot be told", "bad"),
    Standing.OWED_BACK: ("Owed back by the coach", "bad"),
    Standing.HELD: ("Kept for the coach", "wait"),
    Standing.BY_HAND: ("Settled by a person", "wait"),
    Standing.NOT_ADOPTED: ("Sold by the earlier backend", "wait"),
    Standing.UNDER_WAY: ("Under way to the platform", "wait"),
    Standing.DISPUTED: ("Disputed", "bad"),
    Standing.REFUNDED: ("Refunded", "plain"),
    Standing.SETTLED: ("Settled", "good"),
}

# What a cart waits for, by the status of its payment.
_CARTS = {
    "requires_payment_method": "not paid",
    "requires_confirmation": "not confirmed",
    "requires_action": "the bank asks the player",
    "requires_capture": "authorized, not taken",
    "canceled": "given up",
}

for _failure in (stripe.StripeError, PaymentsError):
    money_pages.register_error_handler(_failure, problem)


@money_pages.get("/money")
def payments() -> Response:
    """The payments by what they mean: what waits or is owed first, abandoned carts apart."""
    standings = Standings(services().client, services().registry)
    query = request.args.get("q", "").strip()[:200]
    since, until = _day("from"), _day("to", end=True)
    after = request.args.get("after") or None
    if query:
        found = standings.found(query, since, until)
    else:
        found = standings.newest(path_payment_id(after) if after else None, since, until)
    facts: dict[str, Any] = {
        "groups": _groups(found),
        "carts": _carts(found),
        "found": found,
        "asked": request.args,
        "words": _CARTS,
    }
    return page("payments.html", forms=True, **facts)


def _groups(found: Listing) -> list[tuple[str, str, list[Row], list[tuple[int, str]]]]:
    """Each group with its heading, its colour, its payments, and what is owed in it by currency."""
    groups = []
    for standing, (heading, tone) in GROUPS.items():
        rows = [row for row in found.rows if row.standing == standing]
        currencies = sorted({row.currency for row in rows if row.owed})
        owed = [(abs(sum(row.owed for row in rows if row.currency == one)), one) for one in currencies]
        if rows:
            groups.append((heading, tone, rows, owed))
    return groups


def _carts(found: Listing) -> list[Row]:
    return [row for row in found.rows if row.standing == Standing.CART]


def _day(name: str, end: bool = False) -> int | None:
    """A day of the query as unix seconds: its first second, or the first of the next day. Raises ``InvalidRequest``."""
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidRequest(f"The day {name!r} must be written like 2026-11-02.", field=name) from error
    return int(day.timestamp()) + (DAY if end else 0)


@money_pages.get("/money/<payment_id>")
def money_map(payment_id: str) -> Response:
    """The holders of one payment's money, now and at each moment of its life. The page looks again by itself."""
    return _map(_look(payment_id), request.args.get("did", ""))


@money_pages.post("/money/<payment_id>/do")
def act(payment_id: str) -> Response:
    """Do one of the things that stand beside the picture. Only with the sandbox, and only from this site's own page."""
    if not settings().uses_sandbox:
        raise NotFound(NO_SUCH_PAYMENT)
    _check_from_here()
    name, look = request.form.get("act", ""), _look(payment_id)
    SandboxActs(services(), settings().stripe_api_base or "").do(name, look)
    return redirect(url_for("money_pages.money_map", payment_id=payment_id, did=name), 303)  # type: ignore[return-value]


def _check_from_here() -> None:
    """Raises ``Forbidden`` for a form that another site's page has sent.

    Browsers say so in Sec-Fetch-Site. In Origin an own page says nothing: it sends no referrer.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    here = site in ("same-origin", "none") if site else origin is None or urlsplit(origin).netloc == request.host
    if not here:
        raise Forbidden("This form was sent by a page of another site.")


def _look(payment_id: str) -> Look:
    look = Explainer(services().client, services().registry).look(path_payment_id(payment_id))
    if look is None or look.explanation.state == NOT_A_PURCHASE:
        raise NotFound(NO_SUCH_PAYMENT)
    return look


def _map(look: Look, did: str) -> Response:
    client, view = services().client, look.view
    life = LifeReader(client).read(view) if view is not None else Life([])
    drawn = pictures(life.moments, look.explanation.currency)
    offered = acts_for(look) if settings().uses_sandbox else {}
    return page(
        "money.html",
        scripts=True,
        forms=bool(offered),
        look=look,
        told=look.explanation,
        ledger=look.ledger,
        pictures=drawn,
        shown=_shown(life.moments),
        remarks=life.remarks,
        timeline=timeline_of(client, look.payment) if look.payment is not None else [],
        forgotten=_is_forgotten(look),
        acts=offered,
        did=ACTS.get(did),
        unpaid=_unpaid(look),
        width=WIDTH,
    )


def _unpaid(look: Look) -> str:
    """The sentence that stands where a picture would; empty for a payment that is not told."""
    if look.payment is None:
        return ""
    status = look.payment.intent.status
    return f"{unpaid_reason(status)}." + ("" if status == PROCESSING else " Nothing was charged.")


def _shown(moments: list[Moment]) -> int:
    """The moment that the address names, counted from 1; else the last, which is now."""
    asked = request.args.get("moment", "")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else len(moments)
    return min(max(number, 1), len(moments))


def _is_forgotten(look: Look) -> bool:
    """True if the purchase is older than Stripe's events."""
    payment = look.payment
    return payment is not None and (payment.at or 0) - payment.intent.created > _EVENTS_KEPT


@money_pages.get("/money/statement")
def statement() -> Response:
    """A month of the books: its sums and its lines."""
    found = _statement()
    return page(
        "statement.html",
        forms=True,
        statement=found,
        names=NAMES,
        lines=LINES,
        asked=request.args,
        this_month=Month.of(services().now()),
    )


@money_pages.get("/money/statement.csv")
def statement_file() -> Response:
    """The same month as a file."""
    found = _statement()
    response = Response(statement_csv(found), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="statement-{found.month}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _statement() -> Statement:
    """The statement that the address asks for; this month's if it names none. Raises ``InvalidRequest``."""
    text, coach = request.args.get("month", ""), request.args.get("coach", "").strip()[:200]
    try:
        month = Month.read(text) if text else Month.of(services().now())
    except MonthError as error:
        raise InvalidRequest(f"The month {error}.", field="month") from error
    return services().statements.read(month, coach or None)
