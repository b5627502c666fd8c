"""The sandbox's own image: the Dockerfile's steps are performed, and what they make is run as nobody."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.processes import free_port_pair
from tests.ship.image import Image, build

_PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built once, where nobody may read it."""
    folder = Path(tempfile.mkdtemp(prefix="sandbox-image-"))
    folder.chmod(0o755)
    try:
        yield build(folder, "backend/sandbox/Dockerfile")
    finally:
        shutil.rmtree(folder)


def _at(words: list[str], port: int) -> list[str]:
    """The words for another port than the image's: this machine's ports are shared."""
    return [re.sub("12111", str(port), word) for word in words]


def _is_healthy(image: Image, port: int) -> bool:
    with image.start(_at(image.healthcheck, port)) as check:
        check.communicate(timeout=_PATIENCE_SECONDS)
    return check.returncode == 0


def _coach(address: str) -> Any:
    """Register a coach; the account and the link to onboard it."""
    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": address})
    account = client.v1.accounts.create({"type": "express", "capabilities": {"transfers": {"requested": True}}})
    link: Any = {"account": account.id, "type": "account_onboarding", "refresh_url": address, "return_url": address}
    return client.v1.account_links.create(link)


def test_what_the_sandboxs_dockerfile_makes_serves_and_stops(image: Image) -> None:
    """Its own healthcheck says when; its links lead to it; the stop signal ends it in peace."""
    port = free_port_pair()
    server = image.start(_at(image.entrypoint + image.command, port))
    try:
        while not _is_healthy(image, port):
            assert server.poll() is None, server.communicate()[0]
        link = _coach(f"http://localhost:{port}")
        server.send_signal(image.stop_signal)
        log, _ = server.communicate(timeout=_PATIENCE_SECONDS)
    finally:
        server.kill()

    assert link.url.startswith(f"http://localhost:{port}/setup/")
    assert (server.returncode, "Traceback" in log) == (0, False), log
    assert not _is_healthy(image, port)


def test_the_sandboxs_image_has_the_sandbox_and_nothing_else(image: Image) -> None:
    """No backend, no tests, no secret; and it runs as nobody."""
    names = {path.relative_to(image.folder).parts[0] for path in image.folder.rglob("*") if path.is_file()}
    installed = subprocess.run(
        ["python", "-m", "pip", "list", "--format=freeze"],
        env=image.variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.lower()

    assert names == {"requirements", "stripe_sandbox"}
    assert image.user == 65_534
    assert "stripe==" in installed
    assert "flask" not in installed
