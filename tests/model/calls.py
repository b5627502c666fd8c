"""The order of calls: in the replica as the search saw it, and in the service as the tapes have it."""

from __future__ import annotations

from itertools import pairwise

from backend.domain.metadata import SETTLEMENT
from tests.model.tapes import Request, Tape, repeats

Pair = tuple[str, str]

_CHECKS = {"waits", "balance", "lifted"}


def of_replica(pairs: set[Pair]) -> set[Pair]:
    """The replica's pairs in the words of tapes, which cannot tell for what an account or a balance is read."""
    return {("check" if one in _CHECKS else one, "check" if two in _CHECKS else two) for one, two in pairs}


def of_tape(tape: Tape) -> set[Pair]:
    """The pairs of an activation in which nothing but ``settle`` was called."""
    names = ["start"]
    for number, request in enumerate(tape.requests):
        name = _name(request)
        again = number > 0 and repeats(tape.requests[number - 1], request)
        if name and not again and not (name == "charge" and names == ["start"] and number == 0):
            names.append(name)
    return set(pairwise(names))


def _name(request: Request) -> str:
    resource = request.path.split("/")[2]
    if request.moves_money:
        return "send"
    if resource == "payment_intents" and request.method == "POST":
        text = request.params.get(f"metadata[{SETTLEMENT}]")
        return "" if text is None else "note" if text else "clear"
    if request.path == "/v1/transfers":
        return "group" if "transfer_group" in request.params else "wide"
    return {"payment_intents": "charge", "balance": "check", "accounts": "check"}.get(
        resource, resource if resource in ("refunds", "disputes") else ""
    )
