"""Placeholders: the values that front ends send for what they do not know. They mean "not given". Pure."""

from __future__ import annotations

import re

_PLAYER_ID = re.compile(r"temp_user|temp_user_session|temp_player|player_[0-9]+", re.ASCII)
_NAME = "Player"
_EMAIL = "player@example.com"


def real_player_id(player_id: str | None) -> str | None:
    """The player's id; None for a placeholder."""
    return None if player_id is None or _PLAYER_ID.fullmatch(player_id) else player_id


def real_name(name: str | None) -> str | None:
    """The player's name; None for a placeholder."""
    return None if name == _NAME else name


def real_email(email: str | None) -> str | None:
    """The email address, in the player's own spelling; None for a placeholder."""
    return None if email is None or email.strip().lower() == _EMAIL else email
