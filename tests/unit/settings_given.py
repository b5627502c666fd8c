"""Settings from an environment that a test gives."""

from __future__ import annotations

from backend.config.settings import Settings, load_settings


def load(**given: str) -> Settings:
    """Settings from exactly these variables."""
    return load_settings(given, env_file=None)
