"""The servers that are compared: ours as it is documented, and the peers. What each takes of the machine."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.bench.upstream import Upstream, node
from tests.builders import PRODUCTION_ENVIRONMENT
from tests.processes import ROOT, free_port_pair
from tests.programs import PEERS

NAMES = ("ours", "express", "fastify")
WORKERS = 2
# The weight of our session among the machine's; see sched(7), "The autogroup feature".
_PRIORITY = Path("/proc/self/autogroup")
_LOCK = Path(tempfile.gettempdir()) / "payments-bench.lock"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A server that runs. ``cold_start`` is the seconds from its start to its first answer."""

    name: str
    url: str
    pid: int
    cold_start: float
    log: Path

    def cpu_seconds(self) -> float:
        """The seconds of processor that its processes have taken, those included that have ended."""
        return sum(cpu_seconds(pid, ended_too=pid == self.pid) for pid in tree(self.pid))

    def memory(self) -> list[float]:
        """Megabytes of each worker, its part of what is shared included (PSS)."""
        return sorted(pss(pid) for pid in tree(self.pid)[1:])


@contextmanager
def server_process(name: str, upstream: Upstream, folder: Path, root: Path = ROOT, **settings: str) -> Iterator[Server]:
    """A server, alive and well, stopped in the end; its output goes to a file in ``folder``.

    ``root`` is the checkout that our backend is taken from, and ``settings`` are more of its variables.
    """
    port, log = free_port_pair(), folder / f"{name}.log"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(root),
        **PRODUCTION_ENVIRONMENT,
        "STRIPE_API_BASE": upstream.url,
        "PORT": str(port),
        "WEB_CONCURRENCY": str(WORKERS),
        # Ours has limits that no setting raises; that of the peers is so high that nobody meets it.
        "RATELIMIT_ENABLED": "false",
        "FORCE_HTTPS": "false",
        "COACH_ACCOUNT": upstream.shapes.document["account"],
        "NODE_ENV": "production",
        **settings,
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(root / "backend/gunicorn.conf.py")]
    words = [node(), str(PEERS / f"{name}.mjs")] if name in NAMES[1:] else [*gunicorn, "backend.server:create_app()"]
    began = time.monotonic()
    with log.open("wb") as output:
        # In our session: the kernel shares the processor out between sessions first, and load and server must be one.
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(process, url, log)
        yield Server(name, url, process.pid, time.monotonic() - began, log)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    every = tree(process.pid)
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        for pid in every:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(30)


@contextmanager
def alone_on_the_machine(ahead: bool) -> Iterator[None]:
    """Wait until no other benchmark runs here. ``ahead``: take the processor before everybody else (Linux, root)."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if ahead:
                _PRIORITY.write_text("-15")
            yield
        finally:
            if ahead:
                _PRIORITY.write_text("0")


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(f"{url}/health", timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.02)
    raise AssertionError(f"the server did not come up: {log.read_text()}")


def cpu_seconds(pid: int, ended_too: bool = False) -> float:
    """The seconds of processor that a process has taken; with ``ended_too`` also its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11 : 15 if ended_too else 13]) / _TICKS


def machine_seconds() -> float:
    """The seconds of processor that everything on this machine has taken."""
    ticks = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / _TICKS


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found, looked = [pid], 0
    while looked < len(found):
        found += _children(found[looked])
        looked += 1
    return found


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def pss(pid: int) -> float:
    """Megabytes that a process holds, its part of what is shared included; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
