"""A way through the model, told in sentences."""

from __future__ import annotations

from tests.model.search import Found
from tests.model.world import Config, held, target

_EVENTS = {
    "refund": "The player is refunded {}.",
    "refund-fails": "The newest refund fails: the bank sends the money back.",
    "dispute": "The player's bank takes {} in a dispute.",
    "dispute-won": "The dispute is won: the money comes back.",
    "hand": "A person transfers {} to the coach by hand, in the payment's group.",
    "hand-apart": "A person transfers {} to the coach by hand, outside the group.",
    "hand-back": "A person reverses {} of the newest transfer by hand.",
    "+": "{} hours pass.",
    "edge": "The note, and the keys of its age, pass the next limit.",
}


def told(config: Config, found: Found) -> list[str]:
    """The sentences, and last what is wrong."""
    lines = [f"The player pays {config.captured}; the fee is {config.percent}%; the coach should hold {_goal(config)}."]
    for who, what, state in found.story:
        lines.append(_sentence(who, what))
        if "Stripe does it" in what or what.startswith(("hand", "late")):
            lines.append(f"  The coach now holds {held(state.world)}, of a target of {target(config, state.world)}.")
    return [*lines, f"WRONG: {found.wrong}."]


def _goal(config: Config) -> int:
    return config.captured - (config.captured * config.percent + 50) // 100


def _sentence(who: str, what: str) -> str:
    if who:
        return f"Worker {who} {what}."
    if what.startswith("late:"):
        return f"What Stripe answered with a stored 500 under {what.removeprefix('late:')} comes true after all."
    kind, _, number = what.partition(":")
    if kind in ("ready", "funds", "coach"):
        return _state(kind, int(number))
    return _EVENTS[kind].format(number)


def _state(kind: str, value: int) -> str:
    if kind == "coach":
        return "The coach's balance covers anything." if value < 0 else f"The coach's balance is {value}."
    subject = "The coach's transfers" if kind == "ready" else "The platform's funds"
    return f"{subject} {'are there' if value else 'are not there'}."
