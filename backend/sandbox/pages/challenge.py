"""3-D Secure: the cardholder's bank asks, in a page of its own or in a frame that Stripe.js opens over the shop."""

from urllib.parse import urlencode

from markupsafe import Markup
from werkzeug import Request, Response

from ..state import money, payments, setups
from ..state.store import Row
from ..state.world import World
from .html import button, framed, redirect

# Tells the page around the frame that the bank is done with the cardholder.
SCRIPT = "challenge.js"
SHEET = Markup("<main class='sheet'><p class='bank'>Test bank <span>3-D Secure</span></p><h1>{title}</h1>{body}</main>")
ASK = Markup(
    "<dl><div><dt>Amount</dt><dd>{amount}</dd></div><div><dt>Card</dt><dd>•••• {last4}</dd></div></dl>"
    "<p>In the sandbox you decide what the bank hears.</p><form method='post'>{complete}{fail}</form>"
)


def ask(world: World, request: Request, intent: str, token: str) -> Response:
    """GET asks; POST answers `outcome=authorise` or `outcome=fail`, and leads back to the shop if there is a way."""
    row = world.store.anywhere(intent)
    asked = row.hidden.get("challenge") if row else None
    if row is None or not asked or asked["token"] != token:
        return _done("Nothing to approve", "This payment is not waiting for authentication.", 404)
    outcome = request.form.get("outcome")
    if outcome not in {"authorise", "fail"}:
        return _question(row, world.must(row["payment_method"]))
    answer = setups.authenticate if row["object"] == "setup_intent" else payments.authenticate
    answer(world, row, outcome == "authorise")
    passed = outcome == "authorise" and row["status"] != "requires_payment_method"
    if asked["return_url"] is None:
        return _done("Approved" if passed else "Not approved", "You can close this window.")
    return redirect(_way_back(row, asked["return_url"], passed))


def _question(row: Row, method: Row) -> Response:
    buttons = {"complete": button("authorise", "Approve payment"), "fail": button("fail", "Decline", quiet=True)}
    amount = money.spelled(row["amount"], row["currency"]) if "amount" in row else "nothing today: the card is saved"
    body = ASK.format(amount=amount, last4=method["card"]["last4"], **buttons)
    return framed("3-D Secure", SHEET.format(title="Is this you paying?", body=body), SCRIPT)


def _done(title: str, text: str, status: int = 200) -> Response:
    body = Markup("<p data-done>{}</p>").format(text)
    return framed(title, SHEET.format(title=title, body=body), SCRIPT, status)


def _way_back(row: Row, return_url: str, passed: bool) -> str:
    """The address at which the browser lands after the challenge (docs/stripe.md 1.3)."""
    query = urlencode(
        {
            row["object"]: row["id"],
            f"{row['object']}_client_secret": row["client_secret"],
            "redirect_status": "succeeded" if passed else "failed",
        }
    )
    return f"{return_url}{'&' if '?' in return_url else '?'}{query}"
