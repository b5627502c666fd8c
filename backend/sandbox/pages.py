"""The pages that people see at Stripe: onboarding, the Express dashboard, and the 3-D Secure challenge."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from markupsafe import Markup
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from . import connect, money, payments
from .html import button, facts, page, table
from .store import Row

if TYPE_CHECKING:
    from .world import World

Page = Callable[..., Response]


class Pages:
    """Plain HTML; nothing is loaded from anywhere."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._routes = Map(
            [
                Rule("/setup/e/<account>/<token>", endpoint=self._onboard),
                Rule("/express/<account>/<token>", endpoint=self._express),
                Rule("/3d_secure/<intent>/<token>", endpoint=self._challenge),
            ]
        ).bind("sandbox")

    def respond(self, request: Request) -> Response:
        """The page at an address."""
        try:
            handler, ids = self._routes.match(request.path, request.method)
        except HTTPException:
            return page("Nothing here", "<p>The sandbox has no such page. <a href='/'>What there is</a></p>", 404)
        with self._world.lock:
            self._world.timeline.run_due()
            answer: Response = handler(request, **ids)
            return answer

    def _onboard(self, request: Request, account: str, token: str) -> Response:
        """Opening the link is finishing onboarding. Afterwards, or too late, it leads to the refresh_url."""
        link = self._world.links.get(token)
        row = self._world.store.anywhere(account)
        if link is None or row is None or link["account"] != account:
            return page("Link not valid", "<p>This onboarding link does not exist.</p>", 404)
        if link["used"] or self._world.now() >= link["expires_at"]:
            return _redirect(link["refresh_url"])
        link["used"] = True
        if not row["details_submitted"]:
            connect.onboard(self._world, row)
        return page(
            "You are set up",
            Markup(
                "<p>The sandbox has filled in everything that Stripe would have asked: identity, bank account, terms.</p>"
            )
            + facts([("account", account), ("transfers", row["capabilities"].get("transfers", "not requested"))])
            + Markup("<p><a class='button' href='{}'>Return to the platform</a></p>").format(link["return_url"]),
            status=303,
            headers={"Location": link["return_url"]},
        )

    def _express(self, request: Request, account: str, token: str) -> Response:
        """The Express dashboard: once per login link."""
        row = self._world.store.anywhere(account)
        logins = row.hidden.get("logins", set()) if row else set()
        if row is None or token not in logins:
            return page("Link not valid", "<p>This login link was used already, or never existed.</p>", 404)
        logins.discard(token)
        return page("Express dashboard", self._dashboard(row))

    def _dashboard(self, row: Row) -> str:
        ledger, account = self._world.ledger, row["id"]
        held = [
            (
                currency.upper(),
                money.text(ledger.available(account, currency), currency),
                money.text(ledger.pending(account, currency), currency),
            )
            for currency in ledger.currencies(account)
        ]
        sent = [
            (payout["id"], money.text(payout["amount"], payout["currency"]), payout["status"])
            for payout in reversed(list(self._world.store.of(account, "payouts")))
        ]
        balance = table(("currency", " available", " pending"), held)
        return (
            facts([("account", account)])
            + balance
            + Markup("<h2>Payouts</h2>")
            + table(("payout", " amount", "status"), sent)
        )

    def _challenge(self, request: Request, intent: str, token: str) -> Response:
        """3-D Secure: GET asks, POST answers `outcome=authorise` or `outcome=fail`."""
        row = self._world.store.anywhere(intent)
        asked = row.hidden.get("challenge") if row else None
        if row is None or not asked or asked["token"] != token:
            return page("Nothing to authorise", "<p>This payment is not waiting for authentication.</p>", 404)
        if request.method != "POST":
            amount = money.text(row["amount"], row["currency"])
            ask = Markup(
                "<p>Your bank asks: do you want to pay <strong>{}</strong>?</p><form method='post'>{}{}</form>"
            )
            buttons = button("authorise", "Authorise"), button("fail", "Fail", quiet=True)
            return page("3-D Secure", ask.format(amount, *buttons))
        payments.authenticate(self._world, row, request.form.get("outcome") == "authorise")
        return _return_to_shop(row, asked["return_url"])


def _return_to_shop(row: Row, return_url: str | None) -> Response:
    """Where the browser lands after the challenge (facts 1.12)."""
    outcome = "succeeded" if row["status"] == "succeeded" else "failed"
    if return_url is None:
        return page("Done", f"<p>The authentication has {outcome}. You can close this window.</p>")
    query = urlencode(
        {
            "payment_intent": row["id"],
            "payment_intent_client_secret": row["client_secret"],
            "redirect_status": outcome,
        }
    )
    return _redirect(f"{return_url}{'&' if '?' in return_url else '?'}{query}")


def _redirect(url: str) -> Response:
    body = Markup("<p>Continue to <a href='{0}'>{0}</a>.</p>").format(url)
    return page("Moving on", body, 303, {"Location": url})
