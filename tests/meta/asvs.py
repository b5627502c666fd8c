"""The checklist of OWASP ASVS 5.0.0: docs/asvs.toml, read and written as the page docs/asvs.md.

``python -m tests.meta.asvs`` (or ``make asvs``) writes the page. The texts are ours; the standard's own are at
https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en (CC BY-SA 4.0).
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DATA, PAGE = ROOT / "docs/asvs.toml", ROOT / "docs/asvs.md"
STANDARD = "https://github.com/OWASP/ASVS/tree/v5.0.0/5.0/en"
# The level of each requirement of a section, in the standard's order: 345 in all, of which 70, 183 and 92 are of level 1, 2, 3.
LEVELS = {
    "1.1": "22",
    "1.2": "1111122223",
    "1.3": "112222222223",
    "1.4": "222",
    "1.5": "123",
    "2.1": "122",
    "2.2": "112",
    "2.3": "12223",
    "2.4": "23",
    "3.1": "3",
    "3.2": "113",
    "3.3": "12223",
    "3.4": "11222233",
    "3.5": "11122333",
    "3.6": "3",
    "3.7": "22333",
    "4.1": "12233",
    "4.2": "23333",
    "4.3": "22",
    "4.4": "1222",
    "5.1": "2",
    "5.2": "112333",
    "5.3": "113",
    "5.4": "222",
    "6.1": "122",
    "6.2": "111111112222",
    "6.3": "11223333",
    "6.4": "112233",
    "6.5": "22222333",
    "6.6": "2223",
    "6.7": "33",
    "6.8": "2222",
    "7.1": "222",
    "7.2": "1111",
    "7.3": "22",
    "7.4": "11222",
    "7.5": "223",
    "7.6": "22",
    "8.1": "1233",
    "8.2": "1123",
    "8.3": "133",
    "8.4": "23",
    "9.1": "111",
    "9.2": "1222",
    "10.1": "22",
    "10.2": "223",
    "10.3": "22223",
    "10.4": "1111122222233333",
    "10.5": "22222",
    "10.6": "22",
    "10.7": "222",
    "11.1": "2233",
    "11.2": "22233",
    "11.3": "11233",
    "11.4": "1222",
    "11.5": "23",
    "11.6": "23",
    "11.7": "33",
    "12.1": "12233",
    "12.2": "11",
    "12.3": "22223",
    "13.1": "2333",
    "13.2": "222223",
    "13.3": "2233",
    "13.4": "1222233",
    "14.1": "22",
    "14.2": "12223333",
    "14.3": "122",
    "15.1": "12233",
    "15.2": "12233",
    "15.3": "1222222",
    "15.4": "3333",
    "16.1": "2",
    "16.2": "22222",
    "16.3": "2222",
    "16.4": "222",
    "16.5": "2223",
    "17.1": "23",
    "17.2": "22223333",
    "17.3": "22",
}
CHAPTERS = (
    "Encoding and sanitization",
    "Validation and business logic",
    "Web front end",
    "API and web service",
    "Files",
    "Authentication",
    "Sessions",
    "Authorization",
    "Self-contained tokens",
    "OAuth and OIDC",
    "Cryptography",
    "Secure communication",
    "Configuration",
    "Data protection",
    "Secure coding and architecture",
    "Logging and error handling",
    "WebRTC",
)

# https://owasp.org/API-Security/editions/2023/en/0x11-t10/, each with the requirements that are about it.
TOP_TEN = {
    "API1 Broken object level authorization": ("8.2.2",),
    "API2 Broken authentication": ("6.3.1", "6.8.2", "9.1.1", "9.1.2", "9.2.1", "9.2.3"),
    "API3 Broken object property level authorization": ("8.2.3", "15.3.1", "15.3.3"),
    "API4 Unrestricted resource consumption": ("2.4.1", "15.2.2"),
    "API5 Broken function level authorization": ("8.2.1", "6.3.4"),
    "API6 Unrestricted access to sensitive business flows": ("2.3.1", "2.3.2", "2.4.1"),
    "API7 Server side request forgery": ("1.3.6", "15.3.2"),
    "API8 Security misconfiguration": ("3.4.2", "3.4.3", "4.2.1", "13.2.3", "13.4.2", "16.5.1"),
    "API9 Improper inventory management": ("13.4.5", "15.2.3"),
    "API10 Unsafe consumption of APIs": ("12.3.2", "13.2.4", "2.2.3"),
}


def levels() -> dict[str, int]:
    """Every requirement of the standard with its level, in the standard's order: ``1.2.3`` -> 1."""
    return {
        f"{section}.{number}": int(level)
        for section, row in LEVELS.items()
        for number, level in enumerate(row, start=1)
    }


@dataclass(frozen=True)
class Requirement:
    """One row. ``how`` says how it is met, ``reason`` why it does not apply, ``falls_short`` what is missing: one of the three.

    ``yours`` is what the operator has to do besides.
    """

    id: str
    level: int
    asks: str
    applies: bool = True
    how: str = ""
    reason: str = ""
    falls_short: str = ""
    yours: str = ""
    tests: tuple[str, ...] = ()

    @property
    def chapter(self) -> int:
        """The number of the chapter."""
        return int(self.id.split("-")[1].split(".")[0])

    @property
    def met(self) -> bool:
        """True if the backend does its part."""
        return self.applies and not self.falls_short


def read() -> list[Requirement]:
    """The rows of docs/asvs.toml, in the order in which they stand there."""
    with DATA.open("rb") as file:
        rows: dict[str, dict[str, Any]] = tomllib.load(file)
    return [Requirement(id=name, **{**row, "tests": tuple(row.get("tests", ()))}) for name, row in rows.items()]


@cache
def _tests_of(file: Path) -> frozenset[str]:
    """The names of the tests in a file: functions of Python, titles of node's runner."""
    text = file.read_text()
    if file.suffix == ".mjs":
        return frozenset(re.findall(r'^\s*test\("([^"]+)"', text, re.MULTILINE))
    return frozenset(node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))


def exists(test: str) -> bool:
    """True if there is a test of that name: ``tests/x/test_y.py::test_z``."""
    file, _, name = test.partition("::")
    named_so = name.startswith("test_") or file.endswith(".mjs")
    return named_so and (ROOT / file).is_file() and name in _tests_of(ROOT / file)


def share(rows: Iterable[Requirement], level: int) -> tuple[int, int, int]:
    """The counts of a level: applicable, met, and met with a part that is the operator's."""
    applying = [one for one in rows if one.level == level and one.applies]
    met = [one for one in applying if one.met]
    return len(applying), len(met), sum(bool(one.yours) for one in met)


def page(rows: list[Requirement]) -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(rows)) + "\n"


def _lines(rows: list[Requirement]) -> Iterator[str]:
    yield "# OWASP ASVS 5.0.0, requirement by requirement"
    yield ""
    yield "Made from [asvs.toml](asvs.toml) by `make asvs`; a test compares them, and looks for every test that is named."
    yield "What a requirement asks is told in a few words of ours; the words that count are those of the"
    yield f"[OWASP Application Security Verification Standard 5.0.0]({STANDARD}) (CC BY-SA 4.0)."
    yield "We judged ourselves: nobody outside has verified it."
    yield ""
    yield "| level | requirements | apply | met | with a part of yours | fall short |"
    yield "|---|---|---|---|---|---|"
    for level in (1, 2):
        applying, met, yours = share(rows, level)
        many = sum(one.level == level for one in rows)
        yield f"| {level} | {many} | {applying} | {met} ({100 * met // applying}%) | {yours} | {applying - met} |"
    yield ""
    yield "Level 3 is not gone through."
    yield ""
    yield from _list("What falls short", [(one, one.falls_short) for one in rows if one.falls_short])
    yield from _list("What is yours to do", [(one, one.yours) for one in rows if one.yours])
    yield "## The API Security Top 10 of 2023"
    yield ""
    yield "| risk | requirements below |"
    yield "|---|---|"
    yield from (f"| {risk} | {', '.join(names)} |" for risk, names in TOP_TEN.items())
    yield ""
    for number, title in enumerate(CHAPTERS, start=1):
        yield from _chapter(f"V{number} {title}", [one for one in rows if one.chapter == number])


def _list(title: str, told: list[tuple[Requirement, str]]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    for one, text in told:
        yield f"- **{_short(one)}** {one.asks}: {text}"
    yield ""


def _chapter(title: str, rows: list[Requirement]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if kept := [one for one in rows if one.applies]:
        yield "| id | level | asks | how it is met | tests |"
        yield "|---|---|---|---|---|"
        for one in kept:
            how = one.how or f"**Falls short.** {one.falls_short}"
            tests = ", ".join(f"`{test}`" for test in one.tests)
            yield f"| {_short(one)} | {one.level} | {one.asks} | {how} | {tests} |"
        yield ""
    reasons: dict[str, list[Requirement]] = {}
    for one in rows:
        if not one.applies:
            reasons.setdefault(one.reason, []).append(one)
    if reasons:
        yield "Does not apply:"
        yield ""
    for reason, these in reasons.items():
        named = "; ".join(f"{_short(one)} {one.asks}" for one in these)
        yield f"- {named}. {reason}"
    if reasons:
        yield ""


def _short(one: Requirement) -> str:
    return one.id.split("-")[1]


if __name__ == "__main__":
    PAGE.write_text(page(read()))
