"""Secrets: where they may come from, and where they are not seen."""

from __future__ import annotations

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from backend.config.auth import AuthSettings
from backend.config.env import SECRETS, SettingsError
from backend.config.settings import Settings, load_settings
from tests.processes import GUNICORN, backend_process, free_port_pair

VALUES = {
    "STRIPE_SECRET_KEY": "sk_test_a1",
    "STRIPE_WEBHOOK_SECRET": "whsec_a1",
    "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_b1",
    "AUTH_JWT_SECRET": "a-secret-of-thirty-two-characters",
    "METRICS_TOKEN": "a-token-of-twenty-characters",
    "RATELIMIT_STORAGE_URI": "redis://:a-password@127.0.0.1:1",
}


def test_every_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """As a vault, Kubernetes or Docker lays them down: the environment then says only where."""
    environ = {}
    for name, value in VALUES.items():
        (tmp_path / name).write_text(f"{value}\n")
        environ[f"{name}_FILE"] = str(tmp_path / name)

    assert set(VALUES) == SECRETS
    assert load_settings(environ, env_file=None) == load_settings(VALUES, env_file=None)


def test_a_file_that_is_not_there_is_said_by_its_variable(tmp_path: Path) -> None:
    """And not taken for a secret that is not set."""
    with pytest.raises(SettingsError, match=r"\ASTRIPE_SECRET_KEY_FILE: cannot be read"):
        load_settings({"STRIPE_SECRET_KEY_FILE": str(tmp_path / "nothing")}, env_file=None)


def test_a_file_that_is_empty_is_no_secret(tmp_path: Path) -> None:
    """An empty file is refused: what a vault has not filled yet must not start the sandbox in its place."""
    (tmp_path / "empty").touch()
    with pytest.raises(SettingsError, match=r"\ASTRIPE_SECRET_KEY_FILE: "):
        load_settings({"STRIPE_SECRET_KEY_FILE": str(tmp_path / "empty")}, env_file=None)


def test_a_secret_is_given_in_one_way(tmp_path: Path) -> None:
    """Two ways could say two things."""
    (tmp_path / "key").write_text("sk_test_b2")
    environ = {"STRIPE_SECRET_KEY": "sk_test_a1", "STRIPE_SECRET_KEY_FILE": str(tmp_path / "key")}
    with pytest.raises(SettingsError, match=r"\ASTRIPE_SECRET_KEY_FILE: "):
        load_settings(environ, env_file=None)


def test_every_secret_is_hidden_when_settings_are_printed() -> None:
    """The fields that are left out of the representation are those of the list."""
    hidden = {one.name.removesuffix("s") for kind in (Settings, AuthSettings) for one in fields(kind) if not one.repr}

    assert {name.lower().removeprefix("auth_") for name in SECRETS} == hidden
    shown = repr(load_settings(VALUES, env_file=None))
    for secret in VALUES.values():
        assert secret not in shown


def test_a_server_in_production_shows_its_secrets_to_nobody(tmp_path: Path) -> None:
    """Neither in its words, which every user of the machine may read, nor in its log."""
    port = free_port_pair()
    environ = {
        **VALUES,
        "APP_ENV": "production",
        "APP_URL": "https://localhost",
        "AUTH_MODE": "required",
        "ALLOW_TEST_KEYS": "true",
        "FORCE_HTTPS": "false",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "WEB_CONCURRENCY": "1",
        "RATELIMIT_STORAGE_URI": "memory://",
    }
    with backend_process(GUNICORN, port, tmp_path / "log", **environ) as server:
        words = Path(f"/proc/{server.pid}/cmdline").read_bytes().decode() if os.path.exists("/proc") else ""

    log = (tmp_path / "log").read_text()
    for name in SECRETS - {"RATELIMIT_STORAGE_URI"}:
        assert VALUES[name] not in words
        assert VALUES[name] not in log
    assert not re.search("Traceback", log)
