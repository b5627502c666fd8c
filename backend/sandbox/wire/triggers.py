"""Triggers: on which of the matching occasions a rule fires, how often, and with what probability."""

import random
from dataclasses import dataclass, field
from typing import Any

from .errors import invalid


@dataclass(slots=True)
class Trigger:
    """Skips the first `nth - 1` occasions, then fires `times` times (None: until cleared) with probability `p`."""

    nth: int = 1
    times: int | None = None
    p: float = 1.0
    seed: int = 0
    seen: int = 0
    fired: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @classmethod
    def of(cls, spec: dict[str, Any]) -> "Trigger":
        """From the JSON of a control call. `nth` may also stand inside `match`; naming one means that one only,
        unless `times` says more.
        """
        nth = spec.get("match", {}).get("nth", spec.get("nth"))
        times = spec.get("times", None if nth is None else 1)
        nth, p, seed = (1 if nth is None else nth), spec.get("p", 1.0), spec.get("seed", 0)
        if not isinstance(nth, int) or not isinstance(times, int | None) or not isinstance(seed, int):
            raise invalid("nth, times and seed must be integers.")
        if not isinstance(p, int | float) or not 0 <= p <= 1:
            raise invalid("p must be a probability between 0 and 1.", param="p")
        return cls(nth=nth, times=times, p=float(p), seed=seed)

    def dump(self) -> dict[str, Any]:
        """Rule and count, to be saved."""
        names = ("nth", "times", "p", "seed", "seen", "fired")
        return {name: getattr(self, name) for name in names} | {"random": self._random.getstate()}

    @classmethod
    def load(cls, saved: dict[str, Any]) -> "Trigger":
        """Go on from what was saved."""
        trigger = cls(**{name: value for name, value in saved.items() if name != "random"})
        trigger._random.setstate(saved["random"])
        return trigger

    def fires(self) -> bool:
        """Count one occasion and say whether this is one to act on."""
        if self.times is not None and self.fired >= self.times:
            return False
        self.seen += 1
        if self.seen < self.nth or self._random.random() >= self.p:
            return False
        self.fired += 1
        return True
