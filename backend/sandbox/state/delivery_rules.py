"""Rules for what goes wrong between Stripe and an endpoint, on request: lost, doubled, late, told twice, never told."""

from dataclasses import dataclass
from typing import Any

from ..wire.errors import invalid
from ..wire.given import checked
from ..wire.triggers import Trigger

EFFECTS = {
    "drop": "the event exists but is not delivered",
    "duplicate": "the same event is delivered twice",
    "twin": "a second event object with another id tells of the same change",
    "suppress": "the event is never generated, so it is not in the list of events either",
}


@dataclass(slots=True)
class Rule:
    """One thing to do to events of one type."""

    kind: str
    effect: str
    delay: int
    trigger: Trigger


class DeliveryRules:
    """The rules in force, first match first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, given: dict[str, Any] | None = None, **fields: Any) -> None:
        """`match={"type": "charge.*"}`, `effect="drop" | "duplicate" | "twin" | "suppress" | {"delay": seconds}`,
        and when: `nth`, `times`, `p`, `seed`.
        """
        spec = {**(given or {}), **fields}
        effect: Any = spec.get("effect")
        delay = 0
        if isinstance(effect, dict) and isinstance(effect.get("delay"), int):
            delay, effect = effect["delay"], "delay"
        elif not isinstance(effect, str) or effect not in EFFECTS:
            raise invalid(f"effect must be one of {', '.join(EFFECTS)}, or {{'delay': seconds}}.", param="effect")
        kind = checked(spec.get("match", {}), {"type": str}, "match.").get("type", "*")
        self._rules.append(Rule(kind, str(effect), delay, Trigger.of(spec)))

    def dump(self) -> list[Any]:
        """The rules, to be saved."""
        return [[rule.kind, rule.effect, rule.delay, rule.trigger.dump()] for rule in self._rules]

    def load(self, saved: list[Any]) -> None:
        """Take these rules instead."""
        self._rules = [Rule(kind, effect, delay, Trigger.load(trigger)) for kind, effect, delay, trigger in saved]

    def clear(self) -> None:
        """Back to a perfect network."""
        self._rules.clear()

    def to_json(self) -> list[dict[str, Any]]:
        """The rules, with how often each has fired."""
        return [
            {"type": rule.kind, "effect": rule.effect, "delay": rule.delay, "fired": rule.trigger.fired}
            for rule in self._rules
        ]

    def delays(self, kind: str) -> list[int]:
        """The times to deliver an event, in seconds from now: once, at once, if no rule says otherwise."""
        if self._fires(kind, "drop"):
            return []
        if self._fires(kind, "duplicate"):
            return [0, 0]
        late = self._fires(kind, "delay")
        return [late.delay if late else 0]

    def twins(self, kind: str) -> bool:
        """True if a second event tells of the same change."""
        return self._fires(kind, "twin") is not None

    def suppresses(self, kind: str) -> bool:
        """True if Stripe fails to generate the event at all."""
        return self._fires(kind, "suppress") is not None

    def _fires(self, kind: str, effect: str) -> Rule | None:
        for rule in self._rules:
            if rule.effect == effect and matches_type(rule.kind, kind) and rule.trigger.fires():
                return rule
        return None


def matches_type(pattern: str, kind: str) -> bool:
    """`payment_intent.*` matches by its beginning, anything else exactly, `*` everything."""
    return kind.startswith(pattern[:-1]) if pattern.endswith("*") else kind == pattern
