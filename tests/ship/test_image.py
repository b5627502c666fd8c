"""The image and its companions: the Dockerfile's steps are performed, and what they make is run as nobody."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.processes import free_port_pair, sandbox_server
from tests.routes.test_servers import ORDER
from tests.ship.image import ROOT, Image, build, is_ignored

COMPOSE: Any = yaml.safe_load((ROOT / "compose.yaml").read_text())
_PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built once, where nobody may read it."""
    folder = Path(tempfile.mkdtemp(prefix="payments-image-"))
    folder.chmod(0o755)
    try:
        yield build(folder)
    finally:
        shutil.rmtree(folder)


def _healthy(image: Image, port: int) -> bool:
    with image.start(image.healthcheck, PORT=str(port)) as check:
        check.communicate(timeout=_PATIENCE_SECONDS)
    return check.returncode == 0


def test_what_the_dockerfile_makes_serves_sweeps_and_holds_no_secret(image: Image) -> None:
    """One build for the three: it takes a while."""
    _serves_sells_and_stops(image)
    _sweeps_as_compose_has_it(image)

    files = {str(path.relative_to(image.folder)) for path in image.folder.rglob("*") if path.is_file()}
    assert {name.split("/")[0] for name in files} == {"backend", "requirements"}
    assert not [name for name in files if "__pycache__" in name or ".env" in name]
    assert image.user == 65_534


def _serves_sells_and_stops(image: Image) -> None:
    """Its own healthcheck says when; a purchase goes through; the stop signal ends it with exit code 0."""
    port = free_port_pair()
    with sandbox_server() as sandbox:
        settings = {"HOST": "127.0.0.1", "PORT": str(port), "STRIPE_API_BASE": sandbox.base_url}
        server = image.start(image.command, **settings)
        try:
            while not _healthy(image, port):
                assert server.poll() is None, server.communicate()[0]
            answer = requests.post(f"http://127.0.0.1:{port}/api/payments/create-intent", json=ORDER, timeout=30)
            server.send_signal(image.stop_signal)
            log, _ = server.communicate(timeout=_PATIENCE_SECONDS)
        finally:
            server.kill()

    assert answer.status_code == 200, log
    assert server.returncode == 0, log
    assert "Traceback" not in log
    assert not _healthy(image, port)


def _sweeps_as_compose_has_it(image: Image) -> None:
    """From the same image; it ends when it is told to."""
    words = COMPOSE["services"]["reconcile"]["command"]
    with sandbox_server() as sandbox:
        service = image.start(words, STRIPE_API_BASE=sandbox.base_url)
        assert service.stdout is not None
        swept = next(line for line in service.stdout if line.startswith("{"))
        service.send_signal(image.stop_signal)
        service.communicate(timeout=_PATIENCE_SECONDS)

    assert json.loads(swept)["payments"] == []
    assert service.returncode == 0


@pytest.mark.parametrize(
    ("name", "ignored"),
    [
        (".env", True),
        (".git/config", True),
        ("tests/conftest.py", True),
        ("backend/.env", True),
        ("backend/__pycache__/server.cpython-311.pyc", True),
        ("backend/server.py", False),
        ("backend/sandbox/static/dashboard.css", False),
        ("requirements/run.lock", False),
        ("requirements/sbom.json", False),
        ("requirements/sandbox.lock", False),
        ("requirements/dev.lock", True),
        ("requirements.txt", True),
    ],
)
def test_secrets_stay_out_of_the_image(name: str, ignored: bool) -> None:
    """By a list of what goes in, rather than one of what does not."""
    assert is_ignored(Path(name)) is ignored


def test_compose_runs_the_backend_the_sweep_and_redis() -> None:
    """Each with pinned images, restarted, and with no more rights than it needs."""
    services = COMPOSE["services"]

    assert set(services) == {"backend", "reconcile", "redis"}
    assert services["reconcile"]["command"] == ["flask", "reconcile", "--every", "1h", "--json"]
    assert services["redis"]["image"].startswith("redis:7.")
    for service in services.values():
        assert service["restart"] == "unless-stopped"
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"]
    assert int(services["backend"]["stop_grace_period"].removesuffix("s")) > 25
    assert services["backend"]["ports"] == ["127.0.0.1:3001:3001"]


def test_compose_sets_only_variables_that_exist() -> None:
    """A misspelled one would be ignored in silence."""
    example = (ROOT / "env.example").read_text()

    for service in COMPOSE["services"].values():
        for name in service.get("environment", {}):
            assert f"\n{name}=" in example, name


def test_composes_redis_is_told_what_redis_understands(tmp_path: Path) -> None:
    """The command, on a real Redis of this machine."""
    words = [*COMPOSE["services"]["redis"]["command"], "--port", str(free_port_pair()), "--bind", "127.0.0.1"]
    redis = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    killer = threading.Timer(_PATIENCE_SECONDS, redis.kill)
    killer.start()
    assert redis.stdout is not None
    ready = any("Ready to accept connections" in line for line in redis.stdout)
    redis.terminate()
    redis.communicate()
    killer.cancel()

    assert ready
