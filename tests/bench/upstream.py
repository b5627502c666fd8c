"""The canned upstream's process: started, set, and asked what it did."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.bench.shapes import Shapes, record

_PROGRAM = Path(__file__).with_name("upstream.mjs")


def node() -> str:
    """The path of Node."""
    found = shutil.which("node")
    assert found, "Node 20 or newer is needed, with npm: https://nodejs.org"
    return found


@dataclass
class Upstream:
    """A canned Stripe on this machine."""

    url: str
    pid: int
    shapes: Shapes

    def reset(self, delay: int, ceiling: int = 0) -> None:
        """Forget what was counted; take ``delay`` milliseconds a call, and ``ceiling`` calls a second (0: any number)."""
        self._ask(f"reset?delay={delay}&ceiling={ceiling}")

    def counts(self) -> dict[str, Any]:
        """Return what it did since the last reset."""
        return self._ask("counts")

    def settled_counts(self) -> dict[str, Any]:
        """The same, once no call has come for a fifth of a second: a load that ends leaves requests behind."""
        deadline = time.monotonic() + 30
        before = self.counts()
        while time.monotonic() < deadline:
            time.sleep(0.2)
            counts = self.counts()
            if counts["inFlight"] == 0 and counts["total"] == before["total"]:
                return counts
            before = counts
        return before

    def _ask(self, what: str) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{self.url}/_bench/{what}", timeout=10).json()
        return answer


@contextmanager
def upstream_process() -> Iterator[Upstream]:
    """An upstream, stopped in the end. It ends by itself when this process is gone."""
    shapes = record()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(shapes.document, file)
        file.flush()
        with subprocess.Popen(
            [node(), str(_PROGRAM), file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            port = int(process.stdout.readline())
            try:
                yield Upstream(f"http://127.0.0.1:{port}", process.pid, shapes)
            finally:
                process.stdin.close()
