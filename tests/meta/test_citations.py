"""References of comments, docstrings and documents lead to something in this repository."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from backend.sandbox.state.switches import BY_NAME

ROOT = Path(__file__).parents[2]
STRIPE = (ROOT / "docs/stripe.md").read_text()
FACTS = re.findall(r"^### (\d+\.\d+) ", STRIPE, re.MULTILINE)
_TEXTS = (".py", ".md", ".toml", ".mjs", ".js", ".ts", ".html", ".yml", ".yaml", ".example", "Makefile", "Dockerfile")
# Words that lead to a paper which a reader of this repository does not have.
_ELSEWHERE = re.compile(
    r"\bfacts? [0-9A-E]+\.\d|\bSF \d+\.\d|\bthe design\b|\bstripe-facts|\breliability\.md|\blessons\.md|\.\./shared"
)


def _texts() -> list[Path]:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    here = Path(__file__)
    return [
        path for name in tracked.split() if name.endswith(_TEXTS) and (path := ROOT / name) != here and path.exists()
    ]


def _documents() -> list[Path]:
    return [path for path in _texts() if path.suffix == ".md"]


@cache
def _anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_fact_that_is_cited_is_in_the_list() -> None:
    """``docs/stripe.md 4.6`` is a heading there."""
    cited = {
        (path.relative_to(ROOT), number)
        for path in _texts()
        for run in re.findall(r"docs/stripe\.md ((?:\d+\.\d+(?:, | and )?)+)", path.read_text())
        for number in re.findall(r"\d+\.\d+", run)
    }

    assert len(cited) >= 20
    assert {(path, number) for path, number in cited if number not in FACTS} == set()


def test_every_rule_that_is_cited_is_in_the_list() -> None:
    """``docs/architecture.md, rule 10`` is an entry of the rules of settling."""
    section = (ROOT / "docs/architecture.md").read_text().split("## The rules of settling")[1].split("\n## ")[0]
    rules = set(re.findall(r"^(\d+)\. ", section, re.MULTILINE))
    cited = {number for path in _texts() for number in re.findall(r"architecture\.md\)?, rule (\d+)", path.read_text())}

    assert cited
    assert cited <= rules


@pytest.mark.parametrize("path", list(_texts()), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_reference_leads_out_of_the_repository(path: Path) -> None:
    """A paper that somebody else has explains nothing; and every page of ``docs/`` that is named exists."""
    text = path.read_text()

    assert not _ELSEWHERE.findall(text)
    for name in re.findall(r"(?<![\w/.])docs/([\w.-]+\.(?:md|toml|svg))", text):
        assert (ROOT / "docs" / name).exists(), name


@pytest.mark.parametrize("path", list(_documents()), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    """Relative links, with the anchor where there is one."""
    for target, anchor in re.findall(r"\]\(([^)#: ]*)(?:#([^) ]+))?\)", path.read_text()):
        file = (path.parent / target) if target else path
        assert file.exists(), target
        assert not anchor or file.suffix != ".md" or anchor in _anchors(file), f"{target}#{anchor}"


def test_facts_are_numbered_without_a_gap() -> None:
    """So that a number that is cited can be found by scrolling."""
    parts = [int(number) for number in re.findall(r"^## (\d+)\. ", STRIPE, re.MULTILINE)]
    counted = [f"{part}.{place}" for part in parts for place in range(1, _facts_of(part) + 1)]

    assert parts == list(range(1, len(parts) + 1))
    assert counted == FACTS


def _facts_of(part: int) -> int:
    return sum(number.startswith(f"{part}.") for number in FACTS)


def test_every_fact_has_a_source() -> None:
    """A page of Stripe's own, or the plain word that it was only observed."""
    for fact in re.split(r"^### ", STRIPE, flags=re.MULTILINE)[1:]:
        body = fact.split("\n## ")[0].rstrip()
        assert re.fullmatch(r"Source: (?:https://docs\.stripe\.com/\S+|observed\.)", body.splitlines()[-1]), body


def test_every_open_question_names_a_switch_of_the_sandbox() -> None:
    """And both answers can be tried."""
    named = set(re.findall(r"\(switch `(\w+)`\)", STRIPE))

    assert named
    assert named <= set(BY_NAME)


def test_the_contract_has_every_error_and_status_of_the_map() -> None:
    """The table and ``http/errors.py`` say the same."""
    source = (ROOT / "backend/http/errors.py").read_text()
    words = dict(re.findall(r'^([A-Z_]+) = "([^"]+)"$', source, re.MULTILINE))
    pattern = r"(?:Failure|_ours)\((\d{3}), (\w+|\"[^\"]+\")|(\d{3}): \((\w+|\"[^\"]+\")"
    told = {
        (first or third, words.get(word, word.strip('"')))
        for first, second, third, fourth in re.findall(pattern, source)
        if (word := second or fourth)
    } - {("415", "Validation error")}
    table = set(re.findall(r"^\| (\d{3}) \| `([^`]+)` \|", (ROOT / "docs/contract.md").read_text(), re.MULTILINE))

    assert table == told
