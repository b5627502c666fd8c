"""Real processes on loopback: servers that a test starts, waits for, and always stops."""

from __future__ import annotations

import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import make_server

from backend.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 30


def free_port_pair() -> int:
    """A port that is free together with the one after it.

    Below those that the system gives to connections: one of those could be taken before the server is up.
    """
    while True:
        port = random.randrange(20_000, 32_000, 2)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@contextmanager
def served(app: Any, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A WSGI application on a socket of this machine, until the end of the block: its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(_PATIENCE_SECONDS)
        server.server_close()


@contextmanager
def sandbox_server(secret_key: str = "sk_test_sandbox") -> Iterator[Sandbox]:
    """A sandbox on a socket, delivering webhooks at once."""
    sandbox = Sandbox(secret_key=secret_key)
    server = sandbox.serve("127.0.0.1", 0)
    sandbox.move_to(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    sandbox.start_background()
    try:
        yield sandbox
    finally:
        sandbox.stop_background()
        server.shutdown()
        thread.join(_PATIENCE_SECONDS)
        server.server_close()


def _environment(**variables: str) -> dict[str, str]:
    """The environment of a process of the backend: nothing of the machine's but how to run Python."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "FLASK_APP": "backend.server", **variables}


def command(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command, from start to end. It runs in ``folder``, so that a ``.env`` in the checkout does not reach it."""
    return subprocess.run(
        words,
        cwd=folder,
        env=_environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def backend_process(arguments: list[str], port: int, log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A backend process, alive and well; its output goes to ``log``, and it runs in the folder of that."""
    environment = _environment(PORT=str(port), **{"RATELIMIT_ENABLED": "false", **variables})
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=log.parent,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            certificate = arguments[arguments.index("--certfile") + 1] if "--certfile" in arguments else None
            _wait_until_healthy(process, port, log, certificate)
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_PATIENCE_SECONDS)


def kill_all_of(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL a backend process and its workers: gunicorn's would finish their requests if only the first died."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(_PATIENCE_SECONDS)


GUNICORN = ["-m", "gunicorn", "-c", str(ROOT / "backend/gunicorn.conf.py"), "backend.server:create_app()"]


def _wait_until_healthy(process: subprocess.Popen[bytes], port: int, log: Path, certificate: str | None) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    address = f"https://localhost:{port}" if certificate else f"http://127.0.0.1:{port}"
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(f"{address}/health", timeout=2, verify=certificate or True).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            # Nothing tells another process that a port is open but trying it.
            threading.Event().wait(0.05)
    raise AssertionError(f"the server did not come up: {log.read_text()}")
