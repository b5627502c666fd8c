"""The reads of one look at a payment: transfers, charge, refunds, disputes, each a call of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod

from tests.model.core import Core
from tests.model.memory import Worker, charge_of, told_of
from tests.model.world import Config, Sent, World, refunded

Outcome = tuple[str, World, Worker | None]


class Reader(ABC):
    """Reads; what follows from it is decided by ``_decide``."""

    def __init__(self, config: Config, core: Core) -> None:
        self._config = config
        self._core = core

    @abstractmethod
    def _decide(self, worker: Worker) -> Worker | None:
        """The worker once all is read; None where it has nothing more to do."""

    def _list(self, worker: Worker) -> Worker:
        if self._core.rules.charge_before_list and worker.stale:
            return worker._replace(at="charge")
        return worker._replace(at="wide" if self._config.apart else "group")

    def _wide_(self, world: World, worker: Worker) -> Outcome:
        """Transfers to the payee; those of the group are read again by the next call."""
        apart = tuple(sent for sent in world.transfers if not sent.grouped)
        return (
            "lists the coach's transfers",
            world,
            worker._replace(at="group", transfers=apart, hand=world.hands, moved=world.by_hand),
        )

    def _group_(self, world: World, worker: Worker) -> Outcome:
        hand, by_hand = (worker.hand, worker.moved) if self._config.apart else (world.hands, world.by_hand)
        seen = worker._replace(
            transfers=self._merged(world, worker),
            hand=hand,
            moved=by_hand + world.excused,
            basis=(refunded(world), world.disputed),
            right=False,
            others=hand != world.hands,
        )
        sourced = any(sent.sourced for sent in world.transfers)
        if self._core.rules.charge_before_list:
            return "lists the group", world, self._after_charge(seen)
        if worker.stale or not sourced:
            return "lists the group", world, seen._replace(at="charge")
        return "lists the group, with its charge", world, self._after_charge(seen._replace(charge=charge_of(world)))

    def _merged(self, world: World, worker: Worker) -> tuple[Sent, ...]:
        """In the order of creation; one that lies apart as the wide list had it, or not at all."""
        if not self._config.apart:
            return world.transfers
        apart = list(worker.transfers)
        merged = [sent if sent.grouped else apart.pop(0) if apart else None for sent in world.transfers]
        return tuple(sent for sent in merged if sent is not None)

    def _charge_(self, world: World, worker: Worker) -> Outcome:
        seen = worker._replace(
            charge=charge_of(world), note=world.note, edge=False, kept=world.kept, knew=told_of(world)
        )
        if self._core.rules.charge_before_list:
            return "reads the payment again", world, seen._replace(at="wide" if self._config.apart else "group")
        return "reads the payment again", world, self._after_charge(seen)

    def _after_charge(self, worker: Worker) -> Worker | None:
        if worker.charge[0]:
            return worker._replace(at="refunds")
        return self._after_refunds(worker)

    def _refunds_(self, world: World, worker: Worker) -> Outcome:
        now = refunded(world)
        seen = worker._replace(refunded=now, basis=(now, worker.basis[1]))
        return "lists the refunds", world, self._after_refunds(seen)

    def _after_refunds(self, worker: Worker) -> Worker | None:
        return worker._replace(at="disputes") if worker.charge[1] else self._after_disputes(worker)

    def _disputes_(self, world: World, worker: Worker) -> Outcome:
        seen = worker._replace(disputed=world.disputed, basis=(worker.basis[0], world.disputed))
        return "lists the disputes", world, self._after_disputes(seen)

    def _after_disputes(self, worker: Worker) -> Worker | None:
        if self._core.rules.count_apart and any(sent.reversals for sent in worker.transfers):
            return worker._replace(at="counts")
        return self._decide(worker)

    def _counts_(self, world: World, worker: Worker) -> Outcome:
        """Only a planted bug makes this call."""
        pairs = zip(worker.transfers, world.transfers, strict=False)
        counted = tuple(sent._replace(reversals=now.reversals) for sent, now in pairs)
        return "counts the reversals", world, self._decide(worker._replace(transfers=counted))
