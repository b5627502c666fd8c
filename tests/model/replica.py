"""A replica of the loop of ``settle.py`` and ``steps.py`` in ``services/settlement/``: one call to Stripe at a time.

A worker's memory is a tuple; ``advance`` makes its next call and answers with each state that may follow.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend.domain.settlement import Next, Reason
from backend.domain.states import MoneyState
from tests.model.core import Core, Move, Seen
from tests.model.memory import Worker, charge_of, overwritten, told_of, words_of
from tests.model.outside import answers, older
from tests.model.reads import Outcome, Reader
from tests.model.world import (
    ALL,
    OVER_TWENTY,
    YOUNG,
    Config,
    Key,
    Noted,
    World,
    index_of,
    refunded,
    share,
    with_key,
)

_REASONS = {"not_ready": Reason.COACH_NOT_READY, "platform_balance": Reason.PLATFORM_BALANCE}

ENDED = "settled"
# The services climb 50 in one activation; each is like the last.
MOST_GENERATIONS = 3


class Replica(Reader):
    """Workers on one payment."""

    def __init__(self, config: Config, core: Core) -> None:
        super().__init__(config, core)
        self._age = YOUNG if config.dated else OVER_TWENTY  # of a hold: without a time it counts as of long ago

    def starts(self, world: World) -> Iterator[Outcome]:
        """A worker reads the payment, and knows whether it must list."""
        charge = charge_of(world)
        worker = Worker("list", note=world.note, charge=charge, kept=world.kept, knew=told_of(world))
        yield "reads the payment", world, self._list(worker)
        skips = world.young and self._config.dated and world.note is None and charge == (0, False)
        if self._config.fast and (skips or self._core.rules.never_lists):
            taken = worker._replace(listed=False, moved=world.excused, basis=(refunded(world), world.disputed))
            yield "reads the payment and skips the list", world, self._decide(taken)

    def basis(self, worker: Worker) -> int:
        """The outside level on which the worker decides: each part as it was at the list, or read later."""
        return share(self._config, *worker.basis) - worker.moved

    def advance(self, world: World, worker: Worker) -> Iterator[Outcome]:
        """The next call."""
        if worker.at == "send":
            yield from self._send(world, worker)
        else:
            label, after, worker_after = getattr(self, f"_{worker.at}_")(world, worker)
            yield label, after, worker_after

    def _again(self, worker: Worker, **changes: object) -> Worker:
        """Look once more: lists first, and reads the payment after them."""
        fresh = Worker(
            "list",
            True,
            True,
            worker.looked_for,
            worker.crossed,
            worker.refused,
            worker.note,
            worker.edge,
            worker.charge,
        )._replace(knew=worker.knew, kept=worker.kept)
        return self._list(fresh._replace(**changes))  # type: ignore[arg-type]

    def _seen(self, worker: Worker) -> Seen:
        config = self._config
        return Seen(config.captured, config.percent, worker.refunded, worker.disputed, worker.transfers, worker.note)

    def _decide(self, worker: Worker) -> Worker | None:
        what, move, generation = self._core.plan(self._seen(worker))
        if what == "end":
            return self._end(worker, "")
        if move is None:
            return None
        if "r" not in move.slot and not self._core.may_send(worker.kept):
            return self._kept_back(worker, move, generation)
        planned = worker._replace(at="send", move=move, generation=generation, first=generation)
        reason = self._core.holds_still(worker.note, move)
        if reason in ("", Reason.UNDELIVERED):  # the share was released since
            return planned
        if reason in (Reason.COACH_NOT_READY, Reason.PLATFORM_BALANCE, Reason.CLAWBACK_PENDING):
            return planned._replace(at="waits")
        return planned if worker.note and worker.note.age and self._config.dated else None

    def _kept_back(self, worker: Worker, move: Move, generation: int) -> Worker | None:
        """The share is not released: the note says so, unless an open outcome stands there, and nothing is sent."""
        if self._core.is_open(self._seen(worker)):
            return None
        out = Noted(MoneyState.HELD, str(Reason.UNDELIVERED), move.slot, generation, self._age, False, move.owed)
        if worker.note is not None and out == worker.note._replace(age=out.age):
            return None
        return worker._replace(at="note", out=out)

    def _waits_(self, world: World, worker: Worker) -> Outcome:
        """Read what the hold waits for."""
        note, move = worker.note, worker.planned
        assert note is not None
        if note.reason == Reason.COACH_NOT_READY:
            lifted = world.ready
        elif note.reason == Reason.PLATFORM_BALANCE:
            lifted = world.funds
        else:
            there = world.coach == ALL or world.coach >= (note.amount or 0)
            part = self._core.part(move, worker.transfers[index_of(move.slot)], world.coach)
            lifted = there or bool(part) or (note.age > 20 and self._config.dated)
        return f"looks whether {note.reason} is over", world, worker._replace(at="send") if lifted else None

    def _end(self, worker: Worker, filled: str) -> Worker | None:
        seen = self._seen(worker)
        still_open = self._core.is_open(seen) and worker.note is not None and worker.note.slot != filled
        if worker.note is not None and (not still_open or self._core.rules.clears_open_notes):
            return worker._replace(at="clear")
        return worker._replace(at=ENDED)

    def _clear_(self, world: World, worker: Worker) -> Outcome:
        return "clears the note", overwritten(world, worker)._replace(note=None), worker._replace(at=ENDED)

    def _send(self, world: World, worker: Worker) -> Iterator[Outcome]:
        move = worker.planned
        generation = 1000 + len(world.keys) if self._core.rules.random_keys else worker.generation
        write = Key(
            move.slot,
            generation,
            move.amount,
            move.sourced,
            "",
            level=self.basis(worker),
            crossed=worker.hand != world.hands,
        )
        words = f"{'takes back' if 'r' in move.slot else 'sends'} {move.amount} under {move.slot}.{generation}"
        for said, after, (answer, replayed, code) in answers(self._config, world, write):
            yield f"{words}: Stripe {said}", after, self._answered(after, worker, answer, replayed, code)

    def _answered(self, world: World, worker: Worker, answer: str, replayed: bool, code: str) -> Worker | None:
        move = worker.planned
        here = (move.slot, worker.generation)
        facts = (worker.note, *here, worker.listed, here in worker.crossed, here in worker.refused)
        verdict = self._core.judged(answer, replayed, facts)
        if answer in ("key_taken", "in_flight"):
            worker = worker._replace(crossed=tuple(sorted({*worker.crossed, here})))
        elif answer == "refused" and not replayed:
            worker = worker._replace(refused=tuple(sorted({*worker.refused, here})))
        if verdict == Next.FINISH:
            return self._done(world, worker, move)
        if verdict == Next.LOOK:
            return self._again(worker)
        if verdict in (Next.CLIMB, Next.REPEAT):
            generation = worker.generation + (verdict == Next.CLIMB)
            return worker._replace(generation=generation) if generation < worker.first + MOST_GENERATIONS else None
        if verdict in (Next.LEAVE, Next.WAIT):
            return self._unknown(worker, answer, replayed) if verdict == Next.WAIT else None
        held_back = worker._replace(code=code, out=Noted(MoneyState.HELD, "", *here, self._age, replayed, move.owed))
        if "r" in move.slot and move.amount >= move.whole:
            return held_back._replace(at="balance")
        return self._refused(held_back)

    def _done(self, world: World, worker: Worker, move: Move) -> Worker | None:
        """A transfer from the charge brings the charge with it; everything else is followed by a look."""
        if self._core.rules.ends_on_the_write:
            return self._end(worker, move.slot)
        # A refund or a dispute may go on, and a charge that has one does not tell.
        quiet = worker.charge == (0, False) or self._core.rules.trusts_the_charge
        if "r" in move.slot or not move.sourced or not quiet or charge_of(world) != worker.charge:
            return self._again(worker)
        return self._end(worker, move.slot)

    def _unknown(self, worker: Worker, answer: str, replayed: bool) -> Worker | None:
        move = worker.planned
        stored = answer != "unknown" or replayed
        if not self._config.dated:
            return None
        note = worker.note
        other = note is not None and (note.slot, note.generation) != (move.slot, worker.generation)
        if other and self._core.is_open(self._seen(worker)):
            return None
        out = self._core.waiting(worker.note, move.slot, worker.generation, stored)
        return worker._replace(at="note", out=out) if out is not None else None

    def _balance_(self, world: World, worker: Worker) -> Outcome:
        """The coach's balance, after a refusal to take back the whole."""
        move, out = worker.planned, worker.out
        assert out is not None
        part = self._core.part(move, worker.transfers[index_of(move.slot)], world.coach)
        if not part:
            return "reads the coach's balance", world, self._refused(worker)
        generation = worker.generation + out.pinned
        parted = worker._replace(at="send", move=move._replace(amount=part), generation=generation, out=None, code="")
        return "reads the coach's balance", world, parted

    def _refused(self, worker: Worker) -> Worker | None:
        """The hold that is noted; an unknown outcome that stands there in another's name keeps its place."""
        move, out, before = worker.planned, worker.out, worker.note
        assert out is not None
        reason = Reason.CLAWBACK_PENDING if "r" in move.slot else _REASONS.get(worker.code, Reason.REFUSED)
        if reason == worker.looked_for == Reason.COACH_NOT_READY:
            reason = Reason.NOT_ALLOWED
        out = out._replace(reason=str(reason))
        worker = worker._replace(out=out, code="")
        if before is not None and out == before._replace(age=out.age):
            return self._noted_hold(worker)
        other = before is not None and (before.slot, before.generation) != (out.slot, out.generation)
        if other and self._core.is_open(self._seen(worker)):
            return None
        return worker._replace(at="note")

    def _noted_hold(self, worker: Worker) -> Worker | None:
        reason = worker.out.reason if worker.out else ""
        if reason != Reason.COACH_NOT_READY or worker.looked_for == reason:
            return None
        return worker._replace(at="lifted", looked_for=reason, out=None, refused=())

    def _note_(self, world: World, worker: Worker) -> Outcome:
        out = worker.out
        assert out is not None
        before = worker.note
        if worker.edge and before is not None and before[:4] == out[:4] and out.kind != MoneyState.HELD:
            out = out._replace(age=older(out.age))  # the time is kept, and it has passed a limit since it was read
        after = overwritten(world, worker)._replace(note=out)
        for key in after.keys:
            if key.late and out.kind != MoneyState.HELD and key[:2] == (out.slot, out.generation):
                after = with_key(after, key._replace(noted=True))
        return f"notes {words_of(out)}", after, self._noted_hold(worker) if out.kind == MoneyState.HELD else None

    def _lifted_(self, world: World, worker: Worker) -> Outcome:
        return "reads the account", world, self._again(worker) if world.ready else None
