"""The file that ``flask webhooks sync`` writes signing secrets to: readable by its owner alone, and never half-written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from backend.commands.env_file import write_secret
from tests.builders import Marketplace
from tests.processes import ROOT
from tests.routes.synced import URL, sync
from tests.routes.test_commands import run

NAMES = {"STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET"}
GROUP, OTHERS = "the group may read it still", "others could read it"


@pytest.fixture
def bare(market: Marketplace) -> Marketplace:
    """No endpoint exists yet."""
    for one in market.stripe.v1.webhook_endpoints.list({"limit": 100}).data:
        market.stripe.v1.webhook_endpoints.delete(one.id)
    return market


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def _file(folder: Path, mode: int) -> Path:
    """As ``cp env.example .env`` leaves it, with one setting of the operator's."""
    file = folder / ".env"
    file.write_text("# mine\nPORT=4001\n")
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0o644, 0o600, OTHERS),
        (0o666, 0o600, OTHERS),
        (0o604, 0o600, OTHERS),
        (0o664, 0o600, OTHERS),
        (0o640, 0o640, GROUP),
        (0o660, 0o640, GROUP),
        (0o620, 0o600, OTHERS),
        (0o600, 0o600, None),
        (0o400, 0o600, None),
    ],
)
def test_what_others_could_read_they_cannot_afterwards(
    bare: Marketplace, tmp_path: Path, before: int, after: int, said: str | None
) -> None:
    """Whoever could read the file before is told of; every other line of it stays."""
    file = _file(tmp_path, before)

    code, output = sync(bare, file)

    assert (code, _mode(file)) == (0, after)
    assert ("can read it" in output, "now only its owner can" in output) == (said == GROUP, said == OTHERS)
    assert file.read_text().startswith("# mine\nPORT=4001\n")
    assert set(dotenv_values(file)) == {"PORT", *NAMES}
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_a_link_and_its_file_is_written(bare: Marketplace, tmp_path: Path, exists: bool) -> None:
    """A link that leads nowhere yet too."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if exists:
        _file(elsewhere, 0o644)
    link = tmp_path / ".env"
    link.symlink_to(elsewhere / ".env")

    assert sync(bare, link)[0] == 0

    assert link.is_symlink()
    assert _mode(elsewhere / ".env") == 0o600
    assert set(dotenv_values(link)) >= NAMES


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_stays_when_root_writes(bare: Marketplace, tmp_path: Path) -> None:
    """Else the service's own user could no longer read its settings."""
    file = _file(tmp_path, 0o644)
    os.chown(file, 65_534, 65_534)

    assert sync(bare, file)[0] == 0

    assert (file.stat().st_uid, file.stat().st_gid, _mode(file)) == (65_534, 65_534, 0o600)


def test_what_is_no_file_is_not_replaced(bare: Marketplace, tmp_path: Path) -> None:
    """A pipe that another program reads stays a pipe."""
    pipe = tmp_path / ".env"
    os.mkfifo(pipe)

    code, output = run(bare, "webhooks", "sync", URL, "--env-file", str(pipe))

    assert (code, "is not a regular file" in output, stat.S_ISFIFO(pipe.stat().st_mode)) == (1, True, True)


def test_a_secret_can_be_read_by_nobody_else_at_any_moment(tmp_path: Path) -> None:
    """Each file that is opened on the way has mode 0600 from its first byte, whatever the umask is."""
    file = _file(tmp_path, 0o644)
    program = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from backend.commands.env_file import write_secret
seen = []
def watch(event, args):
    if event == "open" and isinstance(args[0], (str, os.PathLike)) and str(args[0]).startswith({str(tmp_path)!r}):
        for path in Path({str(tmp_path)!r}).iterdir():
            if path.read_bytes().count(b"whsec_1") if path.stat().st_mode & 0o077 and path.stat().st_mode & 0o444 else 0:
                seen.append((path.name, oct(path.stat().st_mode)))
    if event == "os.rename":
        seen.append(("renamed", oct(os.stat(args[0]).st_mode & 0o777)))
reading = False
def guarded(event, args):
    global reading
    if not reading:
        reading = True
        try:
            watch(event, args)
        finally:
            reading = False
os.umask(0)
sys.addaudithook(guarded)
write_secret(Path({str(file)!r}), "STRIPE_WEBHOOK_SECRET", "whsec_1")
print(seen)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    # python-dotenv renames its own draft onto ours, and ours takes the file's place.
    assert ran.stdout.strip() == "[('renamed', '0o600'), ('renamed', '0o600')]"
    assert _mode(file) == 0o600


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """And nothing beside it that holds the secret."""
    file = _file(tmp_path, 0o600)
    file.write_bytes(b"\xff\xfe not UTF-8\n")

    with pytest.raises(ValueError, match="utf-8"):
        write_secret(file, "STRIPE_WEBHOOK_SECRET", "whsec_1")

    assert file.read_bytes() == b"\xff\xfe not UTF-8\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
