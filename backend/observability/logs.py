"""Logs: one line an event, as JSON in production and readable in development.

The story of a payment is told by its id. Nothing secret or personal is logged on purpose, and what slips in
by accident (in an exception's text, say) is taken out here, by name and by form.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import structlog

from backend.domain import card_numbers

_SECRET_NAMES = re.compile(
    r"secret|password|token|authorization|signature|api_key|email|phone|url\Z"
    r"|(?:\A|_|coach|player|customer|first|last)name\Z"
)
# Anywhere in a text: in an encoded address nothing stands apart ("email%3Dpat%40example.com"). None goes back
# over what it has read ("++"): a long path would cost seconds of a worker.
_STRIPE_KEY = re.compile(r"(?:sk|rk|pk)_(?:test|live)_\w+")
_EMAIL = re.compile(r"(?<![\w.+'-])[\w.+'-]++(?:@|%40)[\w-]++\.[\w.+'-]++")
# Each form with a part that it has to hold, where it has alternatives one by one: most texts hold none, and are not searched.
_SECRET_FORMS = [
    ("_test_", _STRIPE_KEY),
    ("_live_", _STRIPE_KEY),
    ("whsec_", re.compile(r"whsec_[\w+/=]+")),
    ("_secret_", re.compile(r"(?:pi|seti)_[A-Za-z0-9]++_secret_\w+")),
    ("eyJ", re.compile(r"eyJ[\w-]{1,2000}+\.[\w-]++\.[\w-]*+")),  # a JSON Web Token
    ("@", _EMAIL),
    ("%40", _EMAIL),
]
_REMOVED = "[removed]"
# The name of a module, what is written over whatever a caller gave, and what structlog keeps for itself.
_AS_THEY_ARE = frozenset(["logger", "level", "timestamp", "_record", "_from_structlog"])
# A traceback is meant to have lines; everything else is one.
_OF_SEVERAL_LINES = frozenset(["exception", "stack"])
_CHAIN: list[structlog.types.Processor] = []
_HANDLERS: list[logging.StreamHandler[Any]] = []


class _Lines:
    """Writes finished lines where the handler writes, without the record that ``logging`` would make of each."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name

    def write(self, line: str) -> None:
        """Write one line. One that cannot be written stops no payment."""
        handler = _HANDLERS[0]
        handler.acquire()
        try:
            handler.stream.write(line + handler.terminator)
            handler.flush()
        except (OSError, ValueError):
            pass
        finally:
            handler.release()

    debug = info = warning = error = critical = write


def configure_logs(json_lines: bool, level: str = "INFO") -> None:
    """Send every log of the process, the libraries' too, through one formatter to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        remove_secrets,
    ]
    # One list for ever: a logger keeps the list that it met at its first line.
    _CHAIN[:] = [*shared, *_renderers(json_lines)]
    structlog.configure(
        processors=_CHAIN,
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    _HANDLERS[:] = [handler]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(json_lines)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # The SDK logs every call with its parameters, the development server every request a second time.
    for noisy in ("stripe", "werkzeug", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def remove_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take out values that are secret or personal by their name or their form. ``exception`` texts too."""
    return {name: value if name in _AS_THEY_ARE else _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if _is_secret(name):
        return _REMOVED
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict):
        return {_without_secrets(str(key)): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(name, inner) for inner in value]
    # An exception, say, is printed as its repr, with the text inside.
    return _without_secrets(value if isinstance(value, str) else repr(value))


@lru_cache(maxsize=1_024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name.lower()) is not None


def _without_secrets(text: str) -> str:
    for part, form in _SECRET_FORMS:
        if part in text:
            text = form.sub(_REMOVED, text)
    return card_numbers.remove(text, _REMOVED)


def _renderers(json_lines: bool) -> list[structlog.types.Processor]:
    if json_lines:
        return [structlog.processors.JSONRenderer(serializer=_json)]
    return [_keep_lines, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), sort_keys=False, pad_event_to=26)]


_encode = json.JSONEncoder(ensure_ascii=True, check_circular=False).encode


def _json(event: Any, **_: Any) -> str:
    return _encode(event)


def _keep_lines(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape what a client sent (a path, a field's name): it neither forges a line nor speaks to the terminal."""
    return {name: _visible(value, name in _OF_SEVERAL_LINES) for name, value in event.items()}


def _visible(value: Any, lines: bool) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(char if char.isprintable() or (lines and char == "\n") else repr(char)[1:-1] for char in value)
