"""The flask commands."""

from __future__ import annotations

from flask import Flask

from backend.demo import demo


def attach_commands(app: Flask) -> None:
    """Make ``flask demo`` and its siblings known."""
    app.cli.add_command(demo)
