"""Onboarding at Stripe: an account link leads to a page where the coach finishes, or leaves it for later."""

from markupsafe import Markup
from werkzeug import Request, Response

from ..state import connect
from ..state.store import Row
from ..state.world import World
from .html import button, facts, not_there, page, redirect

GONE = "This onboarding link does not exist."
FORM = Markup(
    "<p>The platform <strong>{name}</strong> pays you through Stripe. In the sandbox every answer is filled in for you, and "
    "nothing you see here is real.</p>{answers}<form method='post' class='steps'>"
    "<fieldset><legend>What Stripe makes of it</legend>"
    "<label class='choice'><input type='radio' name='verification' value='verified' checked>"
    "<span>Verified at once<small>You can be paid right away.</small></span></label>"
    "<label class='choice'><input type='radio' name='verification' value='pending'>"
    "<span>Still being checked<small>Money is held until Stripe is sure who you are.</small></span></label></fieldset>"
    "<div class='row'>{finish}{later}</div></form>"
)
NAME = "Stripe sandbox"


def enter(world: World, request: Request, account: str, token: str) -> Response:
    """The account link: good for one visit within five minutes. Later it leads to the refresh_url."""
    link = world.links.get(token)
    if link is None or link["account"] != account or world.store.anywhere(account) is None:
        return not_there("Link not valid", GONE)
    if link["used"] or world.now() >= link["expires_at"]:
        return redirect(link["refresh_url"])
    link["used"] = True
    visit = world.ids.text(24)
    world.visits[visit] = link
    return redirect(f"/setup/s/{visit}")


def visit(world: World, request: Request, visit: str) -> Response:
    """GET asks; POST answers `outcome=finish` or `later`. Both return, which tells nothing (docs/stripe.md 4.4)."""
    link = world.visits.get(visit)
    if link is None:
        return not_there("Link not valid", GONE)
    row, outcome = world.store.anywhere(link["account"]), request.form.get("outcome")
    if row is None:
        return not_there("Link not valid", GONE)
    nothing_due = row["details_submitted"] and not row["requirements"]["currently_due"]
    if outcome == "finish" and not nothing_due:
        connect.onboard(world, row, "pending" if request.form.get("verification") == "pending" else "verified")
    if outcome in {"finish", "later"} or nothing_due:
        return redirect(link["return_url"])
    buttons = {"finish": button("finish", "Agree and finish"), "later": button("later", "Not now", quiet=True)}
    return page("Get paid by Stripe", FORM.format(name=NAME, answers=facts(_answers(row)), **buttons))


def _answers(row: Row) -> list[tuple[str, str]]:
    profile = row["business_profile"] or {}
    return [
        ("Name", profile.get("name") or "Jenny Rosen"),
        ("Email", row["email"] or "jenny@example.com"),
        ("Country", row["country"]),
        ("Identity", "a test document"),
        ("Bank account", f"STRIPE TEST BANK •••• 6789, {row['default_currency'].upper()}"),
    ]
