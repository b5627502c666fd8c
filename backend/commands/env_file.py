"""Writing a secret into the file of settings: nobody but its owner can read it, at no moment."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dotenv import set_key

_OWNER_ONLY = 0o600
_GROUP_TOO = 0o640


def write_secret(file: Path, name: str, value: str) -> str | None:
    """Set ``name`` to ``value`` in the file, whole or not at all. Returns a warning about who can read it, or None.

    A link stays one: the file that it leads to is written. The owner stays. A file that everybody could read becomes its
    owner's alone; one that was opened to its group only stays so. Raises ``OSError`` when any of this is not possible.
    """
    target = Path(os.path.realpath(file))
    before = _regular(target)
    mode = _OWNER_ONLY if before is None else _closed(before.st_mode)
    with _draft(target.parent) as draft:
        if before is not None:
            draft.write_bytes(target.read_bytes())
        set_key(draft, name, value, quote_mode="never")
        with draft.open("rb") as written:
            os.fchmod(written.fileno(), mode)
            if before is not None:
                _give(written.fileno(), before)
            os.fsync(written.fileno())
        draft.replace(target)
    _sync_folder(target.parent)
    return _warning(file, before, mode)


def _regular(target: Path) -> os.stat_result | None:
    try:
        found = target.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "it is not a regular file")
    return found


def _closed(mode: int) -> int:
    """A file that is open to its group and closed to others was opened on purpose."""
    return _GROUP_TOO if mode & 0o040 and not mode & 0o007 else _OWNER_ONLY


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """An empty file that only its owner can read; gone afterwards, if nobody moved it."""
    # mkstemp opens with mode 0600, so there is no moment at which others could open it.
    handle, name = tempfile.mkstemp(prefix=".env-", dir=folder)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _give(handle: int, before: os.stat_result) -> None:
    """Keep owner and group: a file that root rewrote must still be readable by the service's user."""
    now = os.fstat(handle)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        os.fchown(handle, before.st_uid, before.st_gid)


def _sync_folder(folder: Path) -> None:
    """See that the new name outlives a power cut: Stripe tells a signing secret once."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _warning(file: Path, before: os.stat_result | None, mode: int) -> str | None:
    if mode == _GROUP_TOO:
        return f"The group of {file} can read it, and the secrets in it. Unless that is meant: chmod 600 {file}"
    if before is not None and before.st_mode & 0o077:
        return f"Others could read {file}; now only its owner can. Earlier secrets in it may be known to them."
    return None
