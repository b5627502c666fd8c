"""Reading variables by name into types; what is wrong is said by name, and never repeated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import click

_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9_+/=]+", re.ASCII)
# What must not end up in a place that is shown or sent about.
_ANY_SECRET = re.compile(r"(sk|rk)_(test|live)_|whsec_")

# What may also stand in a file of its own, as a vault, Kubernetes or Docker lays secrets down.
SECRETS = frozenset(
    [
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "STRIPE_CONNECT_WEBHOOK_SECRET",
        "AUTH_JWT_SECRET",
        "METRICS_TOKEN",
        "RATELIMIT_STORAGE_URI",
    ]
)

T = TypeVar("T")


class SettingsError(click.ClickException):
    """A variable is missing or wrong. The message names it and gives the accepted form, never the value.

    A ``ClickException``, so that every ``flask`` command says it in one line, without a traceback.
    """

    def __init__(self, name: str, accepted: str) -> None:
        super().__init__(f"{name}: {accepted}")
        self.name = name

    def format_message(self) -> str:
        """The message for a person who has started something."""
        return f"The configuration is not complete. {self.message}\nenv.example explains every variable."


def with_secret_files(given: Mapping[str, str]) -> dict[str, str]:
    """The variables, with each secret read from the file that ``NAME_FILE`` names. Raises ``SettingsError``."""
    whole = dict(given)
    for name in SECRETS:
        file = given.get(f"{name}_FILE")
        if not file:
            continue
        if given.get(name):
            raise SettingsError(f"{name}_FILE", f"must not be set together with {name}")
        try:
            whole[name] = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise SettingsError(f"{name}_FILE", "cannot be read") from error
        if not whole[name]:
            raise SettingsError(f"{name}_FILE", "names an empty file")
    return whole


class Reader:
    """The given variables, each read by name into a type."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def has(self, name: str) -> bool:
        """True if the variable is set."""
        return name in self._given

    def text(self, name: str, default: str) -> str:
        """As it stands; nothing that looks like a key."""
        value = self._given.get(name, default)
        if _ANY_SECRET.search(value):
            raise SettingsError(name, "must not be a key or a signing secret")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], form: str, default: str | None) -> str:
        """The value, which must have the form, or the default. None as default: it is required."""
        value = self._given.get(name, default)
        if value is None:
            raise SettingsError(name, f"is missing; it has the form {form}")
        if value != default and not pattern.fullmatch(value):
            raise SettingsError(name, f"must have the form {form}")
        return value

    def secrets(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """One or several signing secrets."""
        values = tuple(part.strip() for part in self._given.get(name, "").split(",") if part.strip())
        if not all(_WEBHOOK_SECRET.fullmatch(value) for value in values):
            raise SettingsError(name, "must be whsec_…, or several separated by commas while one is rolled")
        return values or default

    def choice(self, name: str, choices: tuple[T, ...], default: T | None) -> T:
        """One of these."""
        value = self._given.get(name, default)
        for choice in choices:
            if value == choice:
                return choice
        state = "must be set to" if value is None else "must be"
        raise SettingsError(name, f"{state} one of {', '.join(str(c) for c in choices)}")

    def integer(self, name: str, default: int, minimum: int, maximum: int) -> int:
        """A whole number within bounds."""
        text = self._given.get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not minimum <= int(text) <= maximum:
            raise SettingsError(name, f"must be a whole number from {minimum} to {maximum}")
        return int(text)

    def boolean(self, name: str, default: bool) -> bool:
        """true or false."""
        return self.choice(name, ("true", "false"), "true" if default else "false") == "true"

    def convert(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The value as `parse` reads it, or None when it is not set; a ValueError of its names the form."""
        if name not in self._given:
            return None
        try:
            return parse(self._given[name])
        except (ValueError, OSError) as error:
            raise SettingsError(name, str(error)) from error

    def convert_or(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """The value as `parse` reads it, or the default when it is not set."""
        parsed = self.convert(name, parse)
        return default if parsed is None else parsed
