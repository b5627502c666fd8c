"""The acts that stand beside a payment's picture, in development with the sandbox: refund it, dispute it, break something.

Each goes the way it goes in life: a refund through the use case that the API calls, the rest through the sandbox's control
path, which is where a bank, a coach or a cut line would act.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import requests
import stripe

from backend.domain.requests import RefundRequest
from backend.services import Services
from backend.services.errors import Conflict, Undecided
from backend.services.operators.why_ends import Look

_TIMEOUT_SECONDS = 10
_PART_MINOR = 1_000
_OPEN = frozenset(["needs_response", "under_review", "warning_needs_response", "warning_under_review"])


@dataclass(frozen=True)
class Act:
    """A button: its name in the form, its label, and what to watch once it was pressed."""

    name: str
    label: str
    watch: str
    group: str = "play"


_ACTS = (
    Act("refund", "Refund all of it", "The player has the money back, and the coach's part follows."),
    Act(
        "refund_part",
        "Refund a part of it",
        "The player has a part back, and the coach gives up the share of that part.",
    ),
    Act("dispute", "The bank disputes it", "The bank took the money and a fee; the coach's part follows."),
    Act("win", "The platform wins", "The bank gives the money back, and the coach is paid again."),
    Act("lose", "The player wins", "The dispute is over. Nothing moves: the money was gone already."),
    Act(
        "cut",
        "Cut the line to transfers",
        "Now refund or dispute it: the coach's part cannot follow, and is owed.",
        "break",
    ),
    Act("lose_webhooks", "Lose all webhooks", "Now dispute it, or buy something: nobody tells the backend.", "break"),
    Act("close", "Close the coach's account", "Nothing can be sent to the coach, nor taken back, any more.", "break"),
    Act("hour", "Let an hour pass", "Webhooks that failed have been sent again.", "time"),
    Act("days", "Let two days pass", "Money became available, and payouts left for the bank.", "time"),
    Act(
        "mend",
        "Mend it and look again",
        "All works again, and the payment was settled as the sweep does it.",
        "time",
    ),
)
ACTS: Mapping[str, Act] = {act.name: act for act in _ACTS}


def acts_for(look: Look) -> dict[str, list[Act]]:
    """The acts that make sense for a payment as it is, by group."""
    able = {"hour", "days", "mend", "cut", "lose_webhooks"} | _of_money(look)
    groups: dict[str, list[Act]] = {"play": [], "break": [], "time": []}
    for act in _ACTS:
        if act.name in able:
            groups[act.group].append(act)
    return groups


def _of_money(look: Look) -> set[str]:
    view = look.view
    if view is None:
        return set()
    able = {"close"} if view.destination else set()
    if any(dispute.status in _OPEN for dispute in view.disputes):
        return able | {"win", "lose"}
    if view.position.kept > 0 and not view.disputes:
        able |= {"refund", "dispute"}
        if view.position.kept > _PART_MINOR:
            able.add("refund_part")
    return able


class SandboxActs:
    """Does them. ``sandbox``: the address of the bundled sandbox."""

    def __init__(self, services: Services, sandbox: str) -> None:
        self._services = services
        self._sandbox = sandbox

    def do(self, name: str, look: Look) -> None:
        """Do one. Raises ``Conflict`` for one that does not fit the payment, ``Undecided`` and what Stripe raises."""
        offered = {act.name for group in acts_for(look).values() for act in group}
        if name not in offered:
            raise Conflict("This cannot be done to the payment as it is now.")
        self._doings()[name](look)

    def _doings(self) -> dict[str, Callable[[Look], None]]:
        return {
            "refund": lambda look: self._refund(look, None),
            "refund_part": lambda look: self._refund(look, _PART_MINOR),
            "dispute": lambda look: self._control("POST", "disputes", charge=_charge(look)),
            "win": lambda look: self._decide(look, "win"),
            "lose": lambda look: self._decide(look, "lose"),
            "cut": lambda _: self._control("POST", "faults", match=_TRANSFERS, stage="before", effect="close"),
            "lose_webhooks": lambda _: self._control("POST", "delivery_rules", match={}, effect="drop"),
            "close": lambda look: self._control("POST", f"accounts/{look.view and look.view.destination}/reject"),
            "hour": lambda _: self._control("POST", "clock", advance=3_600),
            "days": lambda _: self._control("POST", "clock", advance=2 * 86_400),
            "mend": self._mend,
        }

    def _refund(self, look: Look, amount: int | None) -> None:
        # The refund stands even where the coach's part cannot be taken back now: then the picture shows what is owed.
        with suppress(stripe.APIConnectionError):
            self._services.refunds.refund(RefundRequest(_payment_id(look), amount=amount), None)

    def _decide(self, look: Look, how: str) -> None:
        disputes = look.view.disputes if look.view is not None else ()
        for dispute in disputes:
            if dispute.status in _OPEN:
                self._control("POST", f"disputes/{dispute.id}/{how}")

    def _mend(self, look: Look) -> None:
        self._control("DELETE", "faults")
        self._control("DELETE", "delivery_rules")
        self._services.settler.settle(_payment_id(look))

    def _control(self, method: str, path: str, **body: Any) -> None:
        address = f"{self._sandbox}/_sandbox/{path}"
        try:
            answer = requests.request(method, address, json=body, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise Undecided("The sandbox does not answer. Is it running?") from error
        if not answer.ok:
            raise Conflict("The sandbox does not do this to the payment as it is now.")


_TRANSFERS = {"method": "POST", "path": "/v1/transfers"}


def _payment_id(look: Look) -> str:
    return look.explanation.payment_id


def _charge(look: Look) -> str:
    charge = look.payment.charge if look.payment is not None else None
    return charge.id if charge is not None else ""
