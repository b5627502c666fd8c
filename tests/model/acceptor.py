"""An acceptor of tapes: from the requests and answers before it, is a write of money allowed?

It knows the rules and not the services' code: the look before the write, what follows from the look (by
``backend/domain``), the key, and what each answer forbids afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from backend.domain import metadata as names
from backend.domain.membership import Belongs, PaymentFacts, TransferFacts, belongs
from backend.domain.money import FeeRate
from backend.domain.settlement import (
    Answered,
    Attempt,
    Next,
    Note,
    Position,
    Reason,
    Step,
    TakeBack,
    TransferRecord,
    first_generation,
    judge,
    next_step,
    part_of,
    read_note,
    stands_in_the_way,
)
from backend.domain.states import MoneyState
from tests.model.tapes import HOUR, Request, Tape, repeats

_LOOKED_UP = (Reason.COACH_NOT_READY, Reason.PLATFORM_BALANCE, Reason.CLAWBACK_PENDING)
_HARMLESS = ("won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed")


class RejectedError(Exception):
    """The model does not allow this request."""


@dataclass
class Look:
    """The answers of one look, as they come in. ``listed``: both lists were read; ``charged``: the charge after them."""

    wide: dict[str, Any] = field(default_factory=dict)
    group: dict[str, Any] | None = None
    charged: bool = False
    refunds: list[Any] | None = None
    disputes: list[Any] | None = None
    counted: dict[str, list[Any]] = field(default_factory=dict)
    checked: bool = False
    available: int | None = None
    sent: tuple[Step, int] | None = None
    part: tuple[TakeBack, int] | None = None


class Acceptor:
    """Reads one tape."""

    def __init__(self, just_paid: bool) -> None:
        self._just_paid = just_paid
        self.accepted: list[int] = []
        self.first_tries: list[int] = []
        self.verdicts: dict[int, Next] = {}
        self._known: dict[str, tuple[Any, int | None]] = {}  # payments that were read, by group
        self._intent: Any = None
        self._at: int | None = None
        self._charge: Any = None
        self._look = Look()
        self._fresh = True  # nothing of this payment was written or judged yet
        self._over = False
        self._whole: Step | None = None  # the step as the look gave it: only all of it is refused in favour of a part
        self._crossed: set[str] = set()
        self._refused: set[str] = set()

    @classmethod
    def of(cls, tape: Tape) -> Acceptor:
        """The acceptor that has read the whole tape. Raises ``RejectedError``."""
        acceptor = cls(tape.just_paid)
        acceptor.read(tape.requests)
        return acceptor

    def read(self, tape: list[Request]) -> None:
        """Raise ``RejectedError`` at the first write that is not allowed."""
        for number, request in enumerate(tape):
            if not request.moves_money:
                self._learn(request)
                continue
            if not _is_retry(tape, number):
                self._look.sent = self._allowed(request)
                self.first_tries.append(number)
            self.accepted.append(number)
            following = tape[number + 1] if number + 1 < len(tape) else None
            if following is None or not repeats(request, following):
                self._judge(number, request)

    def _learn(self, request: Request) -> None:
        if request.status != 200 or request.body is None:
            return
        parts = request.path.split("/")[2:]
        if request.method == "GET" and parts[0] == "payment_intents" and len(parts) == 2:
            self._read_payment(request)
        elif request.method == "GET" and parts[0] == "transfers":
            self._read_transfers(request, parts)
        elif parts[0] in ("refunds", "disputes") and len(parts) == 1:
            known = getattr(self._look, parts[0]) if "starting_after" in request.params else []
            setattr(self._look, parts[0], (known or []) + request.body["data"])
        elif parts[0] in ("balance", "accounts"):
            self._look.checked = True
            if parts[0] == "balance":
                self._look.available = sum(e["amount"] for e in request.body["available"] if e["currency"] == "cad")

    def _read_payment(self, request: Request) -> None:
        if not isinstance(request.body.get("latest_charge"), dict):
            return
        self._known[request.body["latest_charge"]["transfer_group"]] = request.body, request.at
        if self._intent is None or self._intent["id"] != request.body["id"]:
            self._look = Look()
        self._turn_to(request.body, request.at)
        self._look.charged = self._look.group is not None

    def _turn_to(self, intent: Any, at: int | None) -> None:
        """One activation may settle several payments that it has read before."""
        if self._intent is None or self._intent["id"] != intent["id"]:
            self._fresh, self._over = True, False
        self._intent, self._at, self._charge = intent, at, intent["latest_charge"]

    def _read_transfers(self, request: Request, parts: list[str]) -> None:
        if len(parts) == 3:
            self._look.counted.setdefault(parts[1], []).extend(request.body["data"])
            return
        if len(parts) == 2:
            self._look.wide[request.body["id"]] = request.body
            return
        more = "starting_after" in request.params
        found = {made["id"]: made for made in request.body["data"]}
        if "transfer_group" not in request.params:
            self._look = self._look if more else Look()
            self._look.wide |= found
            return
        intent, at = self._known.get(request.params["transfer_group"], (None, None))
        if intent is not None and intent["id"] != self._intent["id"]:
            self._turn_to(intent, at)
        self._look.group = (self._look.group or {}) | found if more else found
        for made in found.values():
            source = made["source_transaction"]
            if isinstance(source, dict) and self._charge is not None and source["id"] == self._charge["id"]:
                # The payment is read again after a write; until then the charge here is not older than the list.
                self._charge, self._look.charged = source, self._fresh

    def _allowed(self, request: Request) -> tuple[Step, int]:
        _must(self._intent is not None, "the payment was not read")
        _must(not self._over, "an answer before forbids it")
        if self._look.part is not None:
            whole, generation = self._look.part
            some = part_of(whole, self._look.available or 0, self._at)
            _must(some is not None, "no part of it is there")
            self._look.part = None
            self._compare(request, cast(TakeBack, some), generation)
            return cast(TakeBack, some), generation
        position, note = self._position(), self._note()
        if self._look.sent is None:
            step = next_step(position)
            if step is None:
                raise RejectedError("nothing is to be sent")
            _must(not stands_in_the_way(note, step, position, self._at), "another write may still come true")
            self._whole = step
            generation = first_generation(note, step.slot, self._at)
            _must(self._may_pass(note, step), "its hold still stands")
        else:
            step, generation = self._look.sent
        self._compare(request, step, generation)
        return step, generation

    def _may_pass(self, note: Note | None, step: Step) -> bool:
        if (
            note is None
            or note.kind != MoneyState.HELD
            or note.slot != step.slot
            or note.amount not in (None, step.owed)
        ):
            return True
        return self._look.checked if note.reason in _LOOKED_UP else (self._at or 0) - note.at > HOUR

    def _compare(self, request: Request, step: Step, generation: int) -> None:
        suffix = f":g{generation}" if generation else ""
        _must(request.params.get("amount") == str(step.amount), f"the amount is {step.amount}")
        _must(request.params.get(f"metadata[{names.SLOT}]") == step.slot, f"the slot is {step.slot}")
        if isinstance(step, TakeBack):
            _must(request.path == f"/v1/transfers/{step.transfer_id}/reversals", "another transfer is the newest")
            _must(request.key == f"reversal:{step.transfer_id}:{step.reversal_count}{suffix}", "the key is another")
            return
        _must(request.path == "/v1/transfers", "money has to be sent")
        _must(request.params.get("destination") == self._payee, "the payee is another")
        _must(request.key == f"transfer:{self._intent['id']}:{step.slot}{suffix}", "the key is another")
        source = self._charge["id"] if step.from_charge else None
        _must(request.params.get("source_transaction") == source, "the source is another")

    def _position(self) -> Position:
        charge, look = self._charge, self._look
        if look.group is None:
            young = (self._at or 0) - charge["created"] < HOUR
            untouched = self._note() is None and not charge["amount_refunded"] and not charge["disputed"]
            _must(self._just_paid and self._fresh and young and untouched, "the transfers were not listed")
        else:
            _must(look.charged, "the charge is older than the list")
        _must(look.refunds is not None or not charge["amount_refunded"], "the refunds were not read")
        _must(look.disputes is not None or not charge["disputed"], "the disputes were not read")
        gone = sum(one["amount"] for one in look.refunds or [] if one["status"] not in ("failed", "canceled"))
        taken = sum(one["amount"] for one in look.disputes or [] if one["status"] not in _HARMLESS)
        rate = FeeRate.from_percent(self._intent["metadata"][names.FEE_PERCENT])
        return Position(charge["amount_captured"], gone, taken, rate, list(self._records()))

    def _records(self) -> Iterator[TransferRecord]:
        everything = self._look.wide | (self._look.group or {})
        facts = PaymentFacts(self._intent["id"], self._charge["id"], "cad", lambda account: account == self._payee)
        oldest_first = list(everything.values())[::-1]  # as Stripe lists them: the newest first
        oldest_first.sort(key=lambda made: made["created"])
        for made in oldest_first:
            source = made["source_transaction"]
            source_id = source["id"] if isinstance(source, dict) else source
            if belongs(TransferFacts(source_id, "cad", made["destination"], made["metadata"]), facts) != Belongs.MINE:
                continue
            back = made["reversals"]["data"]
            slots = (one["metadata"].get(names.SLOT) for one in (made, *back))
            yield TransferRecord(
                made["id"],
                made["amount"],
                made["amount_reversed"],
                made["reversals"]["total_count"],
                max((one["created"] for one in back), default=0),
                frozenset(slot for slot in slots if slot),
            )

    @property
    def _payee(self) -> str:
        return str(self._intent["metadata"][names.COACH_ACCOUNT_ID])

    def _note(self) -> Note | None:
        return read_note(self._intent["metadata"].get(names.SETTLEMENT))

    def _judge(self, number: int, request: Request) -> None:
        """Learn from the answer what may come next."""
        assert self._look.sent is not None
        step, generation = self._look.sent
        kind = _answer_of(request)
        if kind is None:
            self._over = True
            return
        known = request.key in self._crossed, request.key in self._refused
        listed = self._look.group is not None
        verdict = judge(kind, request.replayed, Attempt(self._note(), step.slot, generation, self._at, listed, *known))
        self.verdicts[number] = verdict
        if kind in (Answered.KEY_TAKEN, Answered.IN_FLIGHT):
            self._crossed.add(request.key)
        elif kind == Answered.REFUSED and not request.replayed:
            self._refused.add(request.key)
        self._fresh = False
        if verdict in (Next.CLIMB, Next.REPEAT):
            self._look.sent = step, generation + (verdict == Next.CLIMB)
        elif verdict in (Next.FINISH, Next.LOOK, Next.HOLD):
            if verdict == Next.HOLD and isinstance(step, TakeBack) and step == self._whole:
                part = step, generation + request.replayed
                self._look.sent, self._look.part, self._look.available = None, part, None
            else:
                self._look = Look()
                if verdict == Next.HOLD:
                    self._refused.clear()  # if it looks again, then because the coach is ready now
        else:
            self._over = True


def _must(allowed: bool, otherwise: str) -> None:
    if not allowed:
        raise RejectedError(otherwise)


def _is_retry(tape: list[Request], number: int) -> bool:
    return number > 0 and repeats(tape[number - 1], tape[number])


def _answer_of(request: Request) -> Answered | None:
    """The answer in the domain's terms; None for one that says nothing of the write, which ends the activation."""
    error = (request.body or {}).get("error", {}) if isinstance(request.body, dict) else {}
    if request.status == 200 and isinstance(request.body, dict) and not error:
        return Answered.DONE
    if error.get("type") == "idempotency_error":
        return Answered.KEY_TAKEN
    if request.status == 409:
        return Answered.IN_FLIGHT
    if request.status >= 500:
        return Answered.UNKNOWN
    return Answered.REFUSED if request.status in (400, 404, 403) else None
