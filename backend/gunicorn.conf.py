"""Production server settings: ``gunicorn -c backend/gunicorn.conf.py 'backend.server:create_app()'``."""

from __future__ import annotations

import logging
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# gunicorn runs this file before it has put the project on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from backend.config.env import SettingsError
from backend.config.settings import load_settings
from backend.config.validators import LOOPBACK

try:
    _settings = load_settings()
except SettingsError as error:
    raise SystemExit(error.format_message()) from error

# A connection needs a file, and so does the one to Stripe: as many as this machine allows the process.
_, _most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (_most_files, _most_files))

bind = f"{_settings.host}:{_settings.port}"
# One process a core is plenty: a request waits for Stripe nearly all its time.
workers = _settings.web_concurrency
# Greenlets, because a connection must cost nothing: with threads, as many slow clients as there are threads shut
# everybody out, /health too. How many requests may be at work is bounded in backend/http/admission.py.
worker_class = "backend.http.worker.Worker"
# Connections of one worker, slow and idle ones included.
worker_connections = 2 * _settings.max_in_flight + 1_000
# Connections that the kernel keeps until a worker takes them.
backlog = 2_048
# Each worker opens a listener of its own, and the kernel deals connections out evenly: from one common listener, whichever
# worker wakes first takes most of a burst.
reuse_port = True
# A worker that shows no sign of life for so long hangs, and is killed. Requests have time limits of their own.
timeout = 30
# A deployment lets requests in flight finish, which takes 20 seconds at most: money is moving in them.
graceful_timeout = 25
# An idle connection, and the head of a request, may take this long.
keepalive = 5
# Which proxies are believed is said once, in backend/http/middleware.py. gunicorn by itself would believe this machine.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
limit_request_line = 4_094
limit_request_fields = 64
# A bearer token of 8 kB, and the word before it.
limit_request_field_size = 8_300
# gunicorn's own socket for commands: signals do, and what is not there cannot be abused.
control_socket_disable = True
# Requests are logged by the app, with their ids and the calls they made.
accesslog = None


def _drop_quotations(record: logging.LogRecord) -> bool:
    """Cut out of a line what gunicorn quotes of a request: an address may hold a client secret, a header a token."""
    record.msg, record.args = re.sub(r"'.*'|\?\S*", "[removed]", record.getMessage(), flags=re.DOTALL), None
    return True


logging.getLogger("gunicorn.error").addFilter(_drop_quotations)

# The workers count together, in files: see backend/observability/metrics.py.
_counts = tempfile.mkdtemp(prefix="payments-metrics-")
raw_env = [f"PROMETHEUS_MULTIPROC_DIR={_counts}"]


# In a process of its own: what the check loads must be loaded by each worker anew, after gevent has changed it.
_CHECK = "import sys; sys.path.insert(0, sys.argv[1]); from backend.commands.startup import main; main()"


def _refuse_port_in_use() -> None:
    """Two servers on one port would share its requests and know nothing of each other."""
    family, kind, _, _, address = socket.getaddrinfo(_settings.host, _settings.port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            shutil.rmtree(_counts, ignore_errors=True)
            raise SystemExit(f"Port {_settings.port} is in use, or not ours: {error.strerror}.") from error


def on_starting(server: Any) -> None:
    """Refuse to start on a port in use, and when payments of an earlier namespace are not settled."""
    if not server.master_pid:  # else it takes over the listeners of the server that started it
        _refuse_port_in_use()
    if urlsplit(_settings.app_url).hostname in LOOPBACK:
        return  # nothing is remembered for such an address
    root = str(Path(__file__).resolve().parents[1])
    if subprocess.run([sys.executable, "-c", _CHECK, root], check=False).returncode:
        shutil.rmtree(_counts, ignore_errors=True)
        raise SystemExit(1)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the requests that a dead worker had in flight; what it counted stays."""
    # Not before the workers know the directory: the library looks for it when it is imported.
    from prometheus_client import multiprocess  # noqa: PLC0415

    multiprocess.mark_process_dead(worker.pid, _counts)  # type: ignore[no-untyped-call]


def on_exit(_server: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(_counts, ignore_errors=True)
