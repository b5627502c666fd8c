"""Tapes that were changed in one place, so that their last write is one that the model must reject."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backend.domain.settlement import Next
from tests.model.acceptor import Acceptor, RejectedError
from tests.model.tapes import Request, Tape

_FORBIDS = (Next.WAIT, Next.LEAVE, Next.HOLD, Next.FINISH)


def mutants(tape: Tape, accepted: Acceptor) -> Iterator[tuple[str, Tape]]:
    """Each change that matters, at each write: its name, and the tape up to the changed write."""
    requests = tape.requests
    for number in accepted.first_tries:
        request, before = requests[number], requests[:number]
        for name, changed in _changed(request):
            yield name, replace(tape, requests=[*before, changed])
        unlisted = [one for one in before if not _lists(one)]
        if len(unlisted) < len(before) and not tape.just_paid:
            yield "no list before it", replace(tape, requests=[*unlisted, request])
        if accepted.verdicts.get(number) in _FORBIDS:
            more = replace(request, key=_next_generation(request.key))
            yield "a write after an answer that forbids it", replace(tape, requests=[*requests[: number + 1], more])


def _changed(request: Request) -> Iterator[tuple[str, Request]]:
    params = request.params
    yield "one unit more", replace(request, params={**params, "amount": str(int(params["amount"]) + 1)})
    if "destination" in params:
        yield "another payee", replace(request, params={**params, "destination": "acct_other"})
    else:
        yield "another transfer", replace(request, path="/v1/transfers/tr_other/reversals")
    kind, owner, slot, *_ = request.key.split(":")
    yield "the key of another slot", replace(request, key=f"{kind}:{owner}:{int(slot) + 1}")
    yield "the key of another generation", replace(request, key=_next_generation(request.key))


def _next_generation(key: str) -> str:
    slot, _, generation = key.partition(":g")
    return f"{slot}:g{int(generation or 0) + 1}"


def _lists(request: Request) -> bool:
    return request.method == "GET" and request.path == "/v1/transfers"


def is_rejected(tape: Tape) -> bool:
    """True if the last write is what the acceptor does not allow."""
    acceptor = Acceptor(tape.just_paid)
    try:
        acceptor.read(tape.requests)
    except RejectedError:
        return True
    return False
