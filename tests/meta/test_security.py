"""The security decisions of docs/security.md are about this code: secrets, ways in and out, cryptography, data, logs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from marshmallow import Schema, fields

from backend.config.env import SECRETS
from backend.domain.access import OPEN_BLUEPRINTS
from tests.operations import OPERATIONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text()
BACKEND = sorted(path for path in (ROOT / "backend").rglob("*.py") if "sandbox" not in path.parts)
CRYPTOGRAPHY = {"hashlib", "hmac", "secrets", "jwt", "ssl", "cryptography", "random"}
# The libraries that open a connection, and the only files that use them. Redis is reached by flask-limiter.
CONNECTS = {
    "requests",
    "urllib3",
    "socket",
    "http.client",
    "urllib.request",
    "redis",
    "websockets",
    "ftplib",
    "smtplib",
}
# The production server opens no line out: it listens. The acts beside a picture are development's, and ask the sandbox alone.
WAYS_OUT = {
    "commands/drill_environment.py",
    "commands/demo.py",
    "commands/webhooks.py",
    "config/certificate.py",
    "gunicorn.conf.py",
    "http/signing_keys.py",
    "web/sandbox_acts.py",
}


def section(title: str) -> str:
    """The text under one heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(title: str) -> list[str]:
    """The first cell of every row of a section's tables."""
    return re.findall(r"^\| (.+?) \|", section(title), re.MULTILINE)


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _uses(path: Path, libraries: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for name in _imports(path) for one in libraries)


# What a decision of each chapter has to speak of; the standard asks for all of them in writing.
DECIDED = {
    "Who is trusted with what": ("proxy", "Stripe", "operator", "browser"),
    "Ways in": ("Guessing", "429", "Sessions", "second factor", "exp"),
    "Who may do what": ("playerId", "coachId", "Which fields may be sent", "Which fields are shown", "APP_NAMESPACE"),
    "What is checked of what comes in": (
        "packageId",
        "sessionData",
        "A refund is at most",
        "Idempotency-Key",
        "for each client",
    ),
    "Data": ("secret", "card data", "personal", "Retention", "Encryption at rest", "Third parties"),
    "Secrets": ("vault", "0600", "revoked", "two holders"),
    "Cryptography": ("HMAC-SHA256", "RS256", "SHA-256", "TLS", "Quantum"),
    "Ways out": ("firewall", "redirect", "time limit", "503", "rediss://"),
    "What takes long, or much": ("in flight", "bodies", "sweep", "slow client"),
    "Libraries": ("critical", "PyPI alone", "90 days"),
    "Logging": ("standard error", "UTC", "90 days", "never has", "NTP"),
    "Failing": ("http/errors.py", "refuses"),
    "Browsers": ("HSTS", "Content-Security-Policy", "less protection"),
}


def test_every_decision_that_has_to_be_written_down_is() -> None:
    """The chapters of the page, and what each has to speak of."""
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == list(DECIDED)
    for title, words in DECIDED.items():
        text = " ".join(section(title).split())
        for word in words:
            assert word in text, (title, word)


def test_every_secret_has_a_row_with_its_holders_and_its_end() -> None:
    """And there is no row for what is none."""
    named = {name for cell in first_cells("Secrets") for name in re.findall(r"`([A-Z_]+)`", cell)}

    assert named == SECRETS


def test_every_way_in_has_a_row() -> None:
    """Each part of the backend that answers without a token says why."""
    named = {name for cell in first_cells("Ways in") for name in re.findall(r"`(\w+)`", cell)}

    assert named == OPEN_BLUEPRINTS | {"payments", "connect", "flask"}


def test_every_use_of_cryptography_has_a_row() -> None:
    """By file: a new one is a decision."""
    found = {path.relative_to(ROOT / "backend").as_posix() for path in BACKEND if _uses(path, CRYPTOGRAPHY)}
    named = {name for cell in first_cells("Cryptography") for name in re.findall(r"`([\w/]+\.py)`", cell)}

    assert named - {"routes/webhooks.py"} == found  # there Stripe's SDK does it


def test_every_event_of_the_log_has_a_row() -> None:
    """And none is described that is not written."""
    written = set()
    for path in BACKEND:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                to_log = isinstance(node.func.value, ast.Name) and node.func.value.id in ("log", "_log", "logger")
                name = node.args[1] if node.func.attr == "log" and len(node.args) > 1 else node.args[0]
                if to_log and isinstance(name, ast.Constant):
                    written.add(name.value)
    described = {name for cell in first_cells("Logging") for name in re.findall(r"`([a-z_.]+)`", cell)}

    assert described == written


def test_nothing_is_logged_but_through_the_one_log() -> None:
    """No print, no logger of another kind, no file: what a line goes through is decided once."""
    for path in BACKEND:
        text = path.read_text()
        assert not re.search(r"\bprint\(|FileHandler|SysLogHandler|HTTPHandler|SMTPHandler", text), path
        if "logging.getLogger" in text or "StreamHandler" in text:
            assert path.name in ("logs.py", "gunicorn.conf.py"), path


def test_every_field_that_is_sent_is_of_a_level() -> None:
    """Each field of a request is named among the data, or is a part of one that is."""
    found: set[str] = set()
    for operation in OPERATIONS.values():
        for kind in (operation.body, operation.query):
            if kind is not None:
                found |= {field.data_key or name for name, field in kind().fields.items()}
    named = set(re.findall(r"`(\w+)`", section("Data")))

    assert found <= named, found - named


def test_only_named_files_open_a_connection() -> None:
    """Only stripe_client/ calls Stripe; the other files are named, each with an address of our own or of the sign-in."""
    outside = [path for path in BACKEND if path.parent.name != "stripe_client" and _uses(path, CONNECTS)]
    found = {path.relative_to(ROOT / "backend").as_posix() for path in outside}

    assert found <= WAYS_OUT, found - WAYS_OUT


def test_every_setting_that_is_an_address_to_go_to_is_a_way_out() -> None:
    """Each address in the settings is either asked over the network or only written into answers."""
    asked = set(re.findall(r"`([A-Z_]+)`", "".join(re.findall(r"^\|.*\|$", section("Ways out"), re.MULTILINE))))
    text = (ROOT / "backend/config/settings.py").read_text()
    read = set(re.findall(r'read\.convert\(\s*"([A-Z_]+)",\s*(?:base_url|keys_url|storage_uri)\b', text))

    assert read - asked == {"APP_URL"}
    assert asked <= read


def test_every_package_that_was_chosen_has_a_row() -> None:
    """With what it is for and what is risky about it; what those need is pinned below them."""
    text = (ROOT / "requirements.txt").read_text().split("# What those need")[0]
    chosen = set(re.findall(r"^([a-z-]+)(?:\[\w+\])?==", text, re.MULTILINE))
    named = {name for cell in first_cells("Libraries") for name in re.findall(r"`([a-z-]+)`", cell)}

    assert named == chosen


def test_holes_have_a_time_by_which_they_are_mended_and_are_looked_for() -> None:
    """In days, for each rating; and CI looks."""
    times = dict(re.findall(r"^\| (.+?) \| (\d+) days \|$", section("Libraries"), re.MULTILINE))

    assert len(times) == 4
    assert [int(days) for days in times.values()] == sorted(int(days) for days in times.values())
    assert re.search(r"^make .*\baudit\b", (ROOT / ".ci/run").read_text(), re.MULTILINE)


def test_every_file_and_chapter_that_is_named_exists() -> None:
    """A link leads to a file of the repository, and to a heading in it."""
    for target, anchor in re.findall(r"\]\(([^)#:]+)(?:#([^)]+))?\)", PAGE):
        file = (ROOT / "docs" / target).resolve()
        assert file.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, anchor


@pytest.mark.parametrize("schema", [one.body for one in OPERATIONS.values() if one.body], ids=lambda one: one.__name__)
def test_every_field_of_a_request_has_a_bound(schema: type[Schema]) -> None:
    """A length, a range, a pattern or a list of values; in what is nested too."""
    todo = [schema()]
    while todo:
        for name, field in todo.pop().fields.items():
            if isinstance(field, fields.Nested):
                todo.append(field.schema)
            elif name != "package_id":  # its number is checked with the kind of package: see the schema
                bounded = any(hasattr(field, one) for one in ("max_length", "maximum", "pattern")) or field.validators
                assert bounded, name
