"""Tokens for the tests of security. They are those of ``tests/routes/sign_in.py``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.config.settings import Settings
from tests.routes.sign_in import SECRET, bearer

__all__ = ["ADMIN", "COACH", "PLAYER", "SECRET", "bearer", "with_sign_in"]

PLAYER = {"sub": "player-1", "role": "player"}
COACH = {"sub": "coach-1", "role": "coach"}
ADMIN = {"sub": "ops-1", "role": "admin"}


def with_sign_in(settings: Settings, mode: Any = "required") -> Settings:
    """The same settings, of a backend that asks who calls."""
    return replace(settings, auth=replace(settings.auth, mode=mode, jwt_secret=SECRET))
