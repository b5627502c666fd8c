"""The documents say what the code does: routes, variables, commands, events, signals, reasons, examples."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest
import stripe

from backend.config.settings import load_settings
from backend.domain.decline_advice import ADVICE
from backend.domain.settlement import Reason
from backend.sandbox.state.cards import BY_TOKEN
from backend.server import create_app
from backend.webhooks import signals
from backend.webhooks.handlers import EVENT_TYPES
from tests.meta.documents import GUIDE, README, ROOT
from tests.operations import RULES

MAKEFILE = (ROOT / "Makefile").read_text()


CONTRACT_VARIABLES = set(
    """STRIPE_SECRET_KEY STRIPE_PUBLISHABLE_KEY STRIPE_WEBHOOK_SECRET STRIPE_CONNECT_WEBHOOK_SECRET STRIPE_API_BASE
    PORT HOST APP_ENV APP_URL PLATFORM_FEE_PERCENTAGE DEFAULT_CURRENCY ALLOWED_ORIGINS RATELIMIT_STORAGE_URI
    RATELIMIT_ENABLED TRUSTED_PROXIES FORCE_HTTPS AUTH_MODE ALLOW_TEST_KEYS WEB_CONCURRENCY""".split()
)


def _example_variables() -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", (ROOT / "env.example").read_text(), re.MULTILINE))


def _read_variables() -> set[str]:
    """The names that the settings ask their reader for."""
    tree = ast.parse((ROOT / "backend/config/settings.py").read_text())
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "read"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_route_is_in_the_readme_and_every_route_of_the_readme_exists() -> None:
    """The table and the URL map are the same."""
    app = create_app(load_settings({}, env_file=None))
    served = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.endpoint.endswith("static")
    }

    assert set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", README, re.MULTILINE)) == served


def test_every_variable_is_in_the_example_and_is_read() -> None:
    """The example lists what the settings read, and all that the contract promises."""
    assert _example_variables() == _read_variables()
    assert _example_variables() >= CONTRACT_VARIABLES


def test_the_guide_says_who_may_call_what() -> None:
    """Row by row what the views say."""
    section = GUIDE.split("### Who may call what")[1].split("\n#")[0]
    told = {
        name: (who, open_too) for name, who, open_too in re.findall(r"^\| `(\S+)` \| (.+?) \| (.*?) \|$", section, re.M)
    }
    rules = {
        name.partition(".")[2]: (
            ", ".join([*sorted(rule.roles), "admin"]),
            "yes" if rule.anonymous else "",
        )
        for name, rule in RULES.items()
    }

    assert told == rules


def test_every_variable_of_the_example_has_a_comment() -> None:
    """Each has a comment above it: what it accepts, its default, and why."""
    blocks = re.split(r"\n\s*\n", (ROOT / "env.example").read_text())
    for block in blocks:
        if re.search(r"^[A-Z_]+=", block, re.MULTILINE):
            assert block.lstrip().startswith("#"), block


def test_the_example_copied_unchanged_changes_nothing(tmp_path: Path) -> None:
    """A newcomer who copies it has the sandbox, and every value that it spells is the default."""
    env_file = tmp_path / ".env"
    env_file.write_text((ROOT / "env.example").read_text())

    copied = load_settings({}, env_file=env_file)
    assert copied.uses_sandbox
    assert copied == load_settings({}, env_file=None)


@pytest.mark.parametrize("document", ["README.md", "SETUP_GUIDE.md"])
def test_every_make_target_of_the_documents_exists(document: str) -> None:
    """And can be typed as it stands."""
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"(?:`|^|PORT=\d+ )make ([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))

    assert named
    assert named <= targets


def test_every_flask_command_of_the_documents_exists() -> None:
    """With every option that is named."""
    commands = create_app(load_settings({}, env_file=None)).cli.commands
    for name, rest in re.findall(r"(?:`|bin/)flask ([a-z]+)([^`\n|]*)", README + GUIDE):
        asked = commands[name]
        if isinstance(asked, click.Group) and (inner := asked.commands.get(rest.split()[0] if rest.strip() else "")):
            asked = inner
        options = {option for param in asked.params for option in param.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (name, rest)


def test_the_guide_lists_exactly_the_events_that_are_handled() -> None:
    """So that an endpoint made by the guide misses nothing and asks for nothing in vain."""
    listed = " ".join(re.findall(r"```events\n(.*?)```", GUIDE, re.DOTALL)).split()

    assert sorted(listed) == sorted(EVENT_TYPES)


def test_the_guide_lists_every_signal() -> None:
    """Each with when it is sent."""
    section = GUIDE.split("## 8.")[1].split("## 9.")[0]
    named = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))

    assert named == {
        name for name in vars(signals) if isinstance(vars(signals)[name], signals.session_opened.__class__)
    }


def test_the_guide_explains_every_note() -> None:
    """Whoever finds one on a payment can look it up."""
    section = GUIDE.split("## 10.")[1].split("## 11.")[0]
    named = set(re.findall(r"^\| `held:([a-z_]+)` \|", section, re.MULTILINE))

    assert named == {str(reason) for reason in Reason}


def test_the_guide_names_the_api_version_of_the_sdk() -> None:
    """An endpoint of another version sends events of another shape."""
    assert set(re.findall(r"`(20\d\d-\d\d-\d\d\.[a-z]+)`", GUIDE)) == {stripe.api_version}


def test_the_guides_test_cards_are_the_sandboxs() -> None:
    """Number and name stand for the same card."""
    rows = re.findall(r"^\| (\d{4} \d{4} \d{4} \d{4}) \| `(pm_card_\w+)` \|", GUIDE, re.MULTILINE)

    assert rows
    for number, token in rows:
        assert BY_TOKEN[token].number == number.replace(" ", "")


def test_every_link_of_the_documents_leads_somewhere() -> None:
    """Files that are named exist."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README + GUIDE):
        assert (ROOT / target).exists(), target


def test_the_readmes_map_names_every_part() -> None:
    """Whoever looks for a file of the backend finds what it is for."""
    named = re.findall(r"```\nbackend/\n(.*?)\ntests/", README, re.DOTALL)[0]
    patterns = re.findall(r"[\w*]+(?:\.py|/)", named)
    parts = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "backend").iterdir()
        if path.name not in ("__pycache__", "__init__.py")
    }

    for part in parts:
        assert any(fnmatch(part, pattern) for pattern in patterns) or f"{part} " in named, part


def test_every_metric_that_is_counted_is_in_the_guide() -> None:
    """Those of the backend and those of the sweep; and the guide names no other."""
    counted = set()
    for file in ("observability/metrics.py", "commands/sweep_report.py"):
        for kind, name in re.findall(r'(Counter|Gauge|Histogram)\(\s*"(\w+)"', (ROOT / "backend" / file).read_text()):
            counted.add(f"{name}_total" if kind == "Counter" else name)
    counted |= {f"payments_sweep_{name}" for name in ("looked_at", "failed", "finished_seconds")}

    assert set(re.findall(r"`(payments_\w+)", GUIDE)) == counted


def test_the_guide_has_the_advice_for_each_decline() -> None:
    """Sentence by sentence, with the codes that it is for."""
    section = GUIDE.split("### What to say after a decline")[1].split("\n#")[0]
    rows = re.findall(r"^\| ([A-Z][^|]+) \| (`[^|]+`) \|$", section, re.MULTILINE)
    told = {code: sentence for sentence, codes in rows for code in re.findall(r"`(\w+)`", codes)}

    assert told == ADVICE
