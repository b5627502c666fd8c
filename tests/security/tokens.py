"""Tokens of a sign-in that shares a secret with the backend."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import jwt

from backend.config.settings import Settings

SECRET = "a-secret-of-thirty-two-characters"
PLAYER = {"sub": "player-1", "role": "player"}
COACH = {"sub": "coach-1", "role": "coach"}
ADMIN = {"sub": "ops-1", "role": "admin"}


def bearer(claims: dict[str, Any], key: str = SECRET) -> dict[str, str]:
    """The header with a token that lives for a minute."""
    return {"Authorization": f"Bearer {jwt.encode({'exp': int(time.time()) + 60, **claims}, key)}"}


def with_sign_in(settings: Settings, mode: Any = "required") -> Settings:
    """The same settings, of a backend that asks who calls."""
    return replace(settings, auth=replace(settings.auth, mode=mode, jwt_secret=SECRET))
