"""The actions of the dashboard: on an object, and on the calls of the API."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..state.banks import debited_in
from ..state.disputes import OPEN
from ..state.store import Row
from ..state.world import World

UNPAID = frozenset(["requires_payment_method", "requires_confirmation"])
DEBITS = {
    "acss_debit": "pm_acssDebit_success",
    "sepa_debit": "pm_success_de",
    "us_bank_account": "pm_usBankAccount_success",
}


class Action(NamedTuple):
    """A button: the route of the control path behind it, and what is handed in there."""

    label: str
    route: str
    given: dict[str, Any]
    look: str = "quiet"
    method: str = "POST"


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
        "no_permission": "403, the key may not",
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


def actions(world: World, row: Row) -> list[Action]:
    """The actions that are possible on an object now."""
    of = _OF_KIND.get(row.kind)
    return of(world, row, f"{row.kind}/{row['id']}") if of else []


def _of_payout(world: World, row: Row, here: str) -> list[Action]:
    if row["status"] not in ("pending", "in_transit", "paid"):
        return []
    return [Action("The bank sends it back", f"{here}/fail", {}, "danger")]


def _of_event(world: World, row: Row, here: str) -> list[Action]:
    return [Action("Send again", f"{here}/resend", {})]


def _of_account(world: World, row: Row, here: str) -> list[Action]:
    if row["id"] == world.platform:
        return []
    refused = "transfers_refused" in row.hidden
    transfers = (
        Action("Let transfers through again", f"{here}/refuse_transfers", {}, method="DELETE")
        if refused
        else Action("Refuse transfers", f"{here}/refuse_transfers", {}, "danger")
    )
    return [
        Action("Finish onboarding", f"{here}/onboard", {}),
        Action("Disable", f"{here}/disable", {}, "danger"),
        transfers,
        Action("Reject", f"{here}/reject", {}, "danger"),
        Action("Disconnect", f"{here}/disconnect", {}, "danger"),
    ]


def _of_dispute(world: World, row: Row, here: str) -> list[Action]:
    if row["status"] in {"won", "lost"}:
        return [Action("Appeal", f"{here}/appeal", {})]
    if row["status"] not in OPEN:
        return []
    return [
        Action("The platform wins", f"{here}/win", {}),
        Action("The cardholder wins", f"{here}/lose", {}, "danger"),
    ]


def _of_refund(world: World, row: Row, here: str) -> list[Action]:
    if row.account != world.platform or row["status"] in {"failed", "canceled"}:
        return []
    fails = Action("The money comes back", f"{here}/fail", {}, "danger")
    if row["status"] != "requires_action":
        return [fails]
    return [Action("The customer answers", f"{here}/succeed", {}), Action("Call it back", f"{here}/cancel", {}), fails]


def _of_charge(world: World, row: Row, here: str) -> list[Action]:
    if row["status"] != "succeeded" or not row["payment_intent"]:
        return []
    given = {"charge": row["id"]}
    offered = [
        Action("The cardholder disputes it", "disputes", given, "danger"),
        Action("The issuer warns of fraud", "early_fraud_warnings", given, "danger"),
    ]
    if row["payment_method_details"]["type"] == "card":
        return offered
    return [*offered, Action("The bank takes it back", f"{here}/bounce", {}, "danger")]


def _of_payment(world: World, row: Row, here: str) -> list[Action]:
    if row["status"] in UNPAID:
        debits = [Action("Pay from a bank account", f"{here}/pay", {"card": DEBITS[m]}) for m in _debits(row)]
        return [
            Action("Pay with 4242 4242 4242 4242", f"{here}/pay", {"card": "pm_card_visa"}),
            Action("Pay with 3-D Secure", f"{here}/pay", {"card": "pm_card_authenticationRequired"}),
            *debits,
        ]
    if row["status"] == "requires_action":
        return [
            Action("The bank says yes", f"{here}/authenticate", {"passed": True}),
            Action("The bank says no", f"{here}/authenticate", {"passed": False}, "danger"),
        ]
    if row["status"] == "processing":
        return [
            Action("The bank pays", f"{here}/settle", {}),
            Action("The bank refuses", f"{here}/settle", {"succeeded": False}, "danger"),
        ]
    charge = world.store.anywhere(row["latest_charge"] or "")
    if row["status"] == "succeeded" and charge is not None and not charge["disputed"]:
        return [Action("The cardholder disputes it", "disputes", {"charge": charge["id"]}, "danger")]
    return []


def _debits(row: Row) -> list[str]:
    """The first bank debit that the intent takes: one is enough to offer."""
    return [method for method in debited_in(row["currency"]) if method in row["payment_method_types"]][:1]


_OF_KIND = {
    "accounts": _of_account,
    "charges": _of_charge,
    "disputes": _of_dispute,
    "events": _of_event,
    "payment_intents": _of_payment,
    "payouts": _of_payout,
    "refunds": _of_refund,
}
