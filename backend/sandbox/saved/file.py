"""A file that holds a sandbox's state: replaced whole, checked when it is read, and of one sandbox at a time.

Its first line says what it is, in which version, and the checksum of the second, which is the state as JSON.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

FORMAT, VERSION = "stripe-sandbox-state", 1
_KEPT = "It was left as it is. Move it away to begin with an empty sandbox, or name another file."


class StateError(Exception):
    """The file cannot be used. The message is a sentence for the person who named it."""


class StateFile:
    """The file, from when it is opened until the process ends. Raises StateError if another sandbox has it."""

    def __init__(self, path: Path) -> None:
        # Of a link, what it leads to is replaced, never the link.
        self._path = path.resolve()
        self._lock = self._claim()

    def read(self) -> dict[str, Any] | None:
        """The state; None where there is no file yet. Raises StateError for a file that is not one of this version's."""
        try:
            whole = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{self._path} cannot be read: {error.strerror}.") from error
        head, _, body = whole.partition(b"\n")
        self._check(head, body)
        document: dict[str, Any] = json.loads(body)
        return document

    def close(self) -> None:
        """Let others have the file."""
        os.close(self._lock)

    def damaged(self) -> StateError:
        """The error for a file whose state does not hold together."""
        return StateError(f"{self._path} is damaged, or is not the state of a sandbox. {_KEPT}")

    def write(self, body: bytes) -> None:
        """Put a state in place of the old one. Raises StateError if it cannot be, and the old one stays."""
        try:
            self._replace(body)
        except OSError as error:
            raise StateError(f"The state cannot be saved in {self._path}: {error.strerror}.") from error

    def _replace(self, body: bytes) -> None:
        """All of it is on the disk before the name leads to it."""
        head = {"format": FORMAT, "version": VERSION, "sha256": hashlib.sha256(body).hexdigest()}
        fresh = self._path.with_name(self._path.name + ".new")
        with open(fresh, "wb", opener=_for_owner) as file:
            file.write(json.dumps(head).encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        _sync_folder(self._path.parent)

    def _check(self, head: bytes, body: bytes) -> None:
        try:
            found = json.loads(head)
            ours = found["format"] == FORMAT
            version, checksum = int(found["version"]), found["sha256"]
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise self.damaged() from error
        if ours and version > VERSION:
            raise StateError(
                f"{self._path} was written by a newer sandbox (version {version}; this one reads {VERSION}). {_KEPT}"
            )
        if not ours or version != VERSION or checksum != hashlib.sha256(body).hexdigest():
            raise self.damaged()

    def _claim(self) -> int:
        """Lock a file beside the one that is replaced with every save; the system unlocks it when the process ends."""
        try:
            lock = _for_owner(f"{self._path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise StateError(f"{self._path} cannot be written: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StateError(
                f"{self._path} is in use by another sandbox. Stop that one, or name another file."
            ) from error
        return lock


def _for_owner(path: str, flags: int) -> int:
    """The secrets of webhook endpoints are inside."""
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    # Some file systems cannot; then the name may lead to the state before after the machine loses power.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
