"""The application that a command runs in."""

from __future__ import annotations

from flask import current_app

from backend.config.settings import Settings
from backend.services import Services


def current_services() -> Services:
    """The use cases of the application."""
    services: Services = current_app.extensions["payments"]
    return services


def current_settings() -> Settings:
    """The settings of the application."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings
