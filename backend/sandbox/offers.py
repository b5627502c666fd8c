"""What the dashboard offers to do: to an object, and to the calls of the API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .store import Row

if TYPE_CHECKING:
    from .world import World

UNPAID = frozenset(["requires_payment_method", "requires_confirmation"])
UNDECIDED = frozenset(["needs_response", "under_review", "warning_needs_response", "warning_under_review"])


class Action(NamedTuple):
    """A button: the door of the control path behind it, and what is handed in there."""

    label: str
    door: str
    given: dict[str, Any]
    look: str = "quiet"


class Faultable(NamedTuple):
    """The choices of the fault switch."""

    effects: dict[str, str]
    calls: dict[str, dict[str, str]]


FAULTABLE = Faultable(
    {
        "close": "the line is cut",
        "server_error": "500, stored under the key",
        "uncached": "500, not stored",
        "html_502": "502 from a proxy",
        "truncate": "half an answer",
        "rate_limit": "429 rate limit",
        "lock_timeout": "429 lock timeout",
        "slow": "10 seconds late",
    },
    {
        "any call": {},
        "any POST": {"method": "POST"},
        **{
            f"{method} {path}": {"method": method, "path": path}
            for method, path in (
                ("POST", "/v1/payment_intents"),
                ("POST", "/v1/transfers"),
                ("POST", "/v1/refunds"),
                ("POST", "/v1/accounts"),
                ("GET", "/v1/payment_intents"),
                ("GET", "/v1/transfers"),
            )
        },
    },
)
_EFFECTS: dict[str, Any] = {"uncached": {"status": 500}, "slow": {"delay": 10}}


def fault_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The fault that the switch's form describes, as the control path takes it."""
    effect, times = form.get("effect", ""), form.get("times", "1")
    return {
        "match": FAULTABLE.calls.get(form.get("call", ""), {}),
        "stage": form.get("stage", "before"),
        "effect": _EFFECTS.get(effect, effect),
        "times": int(times) if times.isdecimal() else times,
    }


def actions(world: "World", row: Row) -> list[Action]:
    """What can be done to an object now."""
    here = f"{row.kind}/{row['id']}"
    match row.kind:
        case "payment_intents":
            return _of_payment(world, row, here)
        case "accounts" if row["id"] != world.platform:
            return [
                Action("Finish onboarding", f"{here}/onboard", {}),
                Action("Disable", f"{here}/disable", {}, "danger"),
            ]
        case "disputes" if row["status"] in UNDECIDED:
            return [
                Action("The platform wins", f"{here}/win", {}),
                Action("The cardholder wins", f"{here}/lose", {}, "danger"),
            ]
        case "payouts" if row["status"] in ("pending", "in_transit", "paid"):
            return [Action("The bank sends it back", f"{here}/fail", {}, "danger")]
        case "events":
            return [Action("Send again", f"{here}/resend", {})]
        case _:
            return []


def _of_payment(world: "World", row: Row, here: str) -> list[Action]:
    if row["status"] in UNPAID:
        return [
            Action("Pay with 4242 4242 4242 4242", f"{here}/pay", {"card": "pm_card_visa"}),
            Action("Pay with 3-D Secure", f"{here}/pay", {"card": "pm_card_authenticationRequired"}),
        ]
    if row["status"] == "requires_action":
        return [
            Action("The bank says yes", f"{here}/authenticate", {"passed": True}),
            Action("The bank says no", f"{here}/authenticate", {"passed": False}, "danger"),
        ]
    charge = world.store.anywhere(row["latest_charge"] or "")
    if row["status"] == "succeeded" and charge is not None and not charge["disputed"]:
        return [Action("The cardholder disputes it", "disputes", {"charge": charge["id"]}, "danger")]
    return []
