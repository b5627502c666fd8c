"""Keeps a sandbox's state in its file: read at the start, written every few seconds if anything changed, and at the end."""

import json
import sys
import threading
import time
from pathlib import Path

from ..wire.errors import StripeError
from .capture import Kept, capture, restore
from .file import StateError, StateFile

SAVE_EVERY = 5.0
# Between two saves at least so many times the time passes that one takes: a great state is saved less often.
REST = 20


class Keeper:
    """The thread that saves. Raises StateError if the file cannot be used."""

    def __init__(self, sandbox: Kept, path: Path, every_seconds: float = SAVE_EVERY) -> None:
        self._sandbox = sandbox
        self._file = StateFile(path)
        self._every = every_seconds
        self._saved = b""
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-state", daemon=True)

    def load(self) -> None:
        """Go on from the file, if there is one. Raises StateError, and leaves the file as it is and to others."""
        try:
            self._load()
        except StateError:
            self.close()
            raise

    def _load(self) -> None:
        document = self._file.read()
        if document is None:
            return
        try:
            restore(self._sandbox, document)
        except (LookupError, TypeError, ValueError, AttributeError, StripeError) as error:
            raise self._file.damaged() from error

    def start(self) -> None:
        """Save now, and from now on. Raises StateError if it cannot be."""
        self.save()
        self._thread.start()

    def stop(self) -> None:
        """Save for the last time. Raises StateError if it cannot be."""
        self._ended.set()
        self._thread.join()
        self.save()
        self.close()

    def close(self) -> None:
        """Let others have the file."""
        self._file.close()

    def save(self) -> bool:
        """Write the state, unless the file says the same already; True if it was written. Raises StateError."""
        with self._one_at_a_time:
            try:
                body = json.dumps(capture(self._sandbox), separators=(",", ":")).encode()
            except TypeError as error:
                raise StateError(f"The state cannot be saved: {error}.") from error
            if body == self._saved:
                return False
            self._file.write(body)
            self._saved = body
            return True

    def _run(self) -> None:
        rest = self._every
        while not self._ended.wait(rest):
            began = time.monotonic()
            try:
                self.save()
            except StateError as error:
                # The file of before stays, and the next try may find room.
                print(error, file=sys.stderr, flush=True)  # noqa: T201
            rest = max(self._every, REST * (time.monotonic() - began))
