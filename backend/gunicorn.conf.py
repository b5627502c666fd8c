"""Production server settings: ``gunicorn -c backend/gunicorn.conf.py 'backend.server:create_app()'``."""

from __future__ import annotations

import sys
from pathlib import Path

# gunicorn runs this file before it has put the project on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from backend.config.reading import SettingsError
from backend.config.settings import load_settings

try:
    _settings = load_settings()
except SettingsError as error:
    raise SystemExit(error.format_message()) from error

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.web_concurrency
# A request spends its time waiting for Stripe, so each worker waits for many at once.
worker_class = "gthread"
threads = 16
# Longer than any request may take (20 seconds), so that only a worker that hangs is killed.
timeout = 30
# A deployment lets requests in flight finish: money is moving in them.
graceful_timeout = 25
keepalive = 5
# Memory that creeps is given back; the jitter keeps the workers from restarting together.
max_requests = 10_000
max_requests_jitter = 1_000
# Requests are logged by the app, with their ids and the calls they made.
accesslog = None
