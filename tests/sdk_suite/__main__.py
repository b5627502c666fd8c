"""``make sdk-suite``: run the suite, and compare with the score on record.

The suite is written for stripe-mock, which answers any call with a canned object. So a test of a resource that the sandbox
does not serve fails here, and has to fail by a refusal that names the call and the sandbox. What is held: no fewer calls
are answered than on record, none is answered by an error of the server, and each refusal that is not the sandbox's own is
on the list of those that Stripe would give too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from .server import Answered, serving

SCORE = Path(__file__).with_name("score.json")
# Tests of HTTP itself, which bring servers of their own and reach none of the sandbox's calls.
_OF_HTTP = ("test_http_client.py", "test_integration.py")


def run(environment: Path, workers: str) -> tuple[list[Answered], Counter[str]]:
    """Run the suite. Return the sandbox's answers, and how many tests passed and failed."""
    (source,) = environment.glob("stripe-*.tar.gz")
    with tempfile.TemporaryDirectory() as folder, serving() as (app, port):
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        (root,) = Path(folder).iterdir()
        # The installed SDK is tested, as the backend uses it.
        shutil.rmtree(root / "stripe")
        told = _pytest(environment, root, port, workers)
    found = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error)", told)}
    if not found:
        raise click.ClickException(f"The suite did not run:\n{told[-2000:]}")
    return app.answered, Counter(found)


def _pytest(environment: Path, root: Path, port: int, workers: str) -> str:
    ignored = [word for name in _OF_HTTP for word in ("--ignore", f"tests/{name}")]
    python = str((environment / "bin/python").absolute())
    words = [python, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "-n", workers, *ignored, "tests"]
    places = {"STRIPE_MOCK_HOST": "127.0.0.1", "STRIPE_MOCK_PORT": str(port)}
    done = subprocess.run(
        words, cwd=root, env={"PATH": os.environ["PATH"], **places}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def score_of(answered: Iterable[Answered], tests: Counter[str]) -> dict[str, Any]:
    """As it is kept on record."""
    outcomes = Counter(one.outcome for one in answered)
    refused = {
        (one.method, _named(one.path), one.status, one.code or one.message)
        for one in answered
        if one.outcome == "refused"
    }
    return {
        "tests": {word: tests[word] for word in ("passed", "failed")},
        "calls": {word: outcomes[word] for word in ("answered", "unsupported", "refused")},
        "refused_as_by_stripe": sorted(" ".join(map(str, one)) for one in refused),
    }


def _named(path: str) -> str:
    """The path with `{}` for the ids in it, so that a random one makes no difference."""
    return re.sub(r"/[a-z]+_[A-Za-z0-9]{10,}", "/{}", path)


def complaints(score: dict[str, Any], record: dict[str, Any], answered: Iterable[Answered]) -> list[str]:
    """Say in sentences how a run is worse than the record."""
    found = [f"{one.method} {one.path} was answered by {one.status}" for one in answered if one.status >= 500]
    found += [
        f"{one.method} {one.path} is refused without being named: {one.message}"
        for one in answered
        if one.outcome == "unsupported" and not one.message
    ]
    for part, word in (("tests", "passed"), ("calls", "answered")):
        if score[part][word] < record[part][word]:
            found.append(f"{score[part][word]} {part} {word}; on record are {record[part][word]}")
    new = set(score["refused_as_by_stripe"]) - set(record["refused_as_by_stripe"])
    return found + [f"refused, and not on record as Stripe's refusal: {one}" for one in sorted(new)]


@click.command()
@click.option(
    "--environment", type=click.Path(path_type=Path, exists=True), required=True, help="Made by make sdk-suite."
)
@click.option("--workers", default="auto", help="Processes; auto takes one a core.")
@click.option("--write", is_flag=True, help="Put this run on record.")
def main(environment: Path, workers: str, write: bool) -> None:
    """Run the SDK's own suite against the sandbox."""
    answered, tests = run(environment, workers)
    score = score_of(answered, tests)
    if write:
        SCORE.write_text(json.dumps(score, indent=2) + "\n", encoding="utf-8")
    calls, passed = score["calls"], score["tests"]
    click.echo(
        f"{passed['passed']} of {sum(passed.values())} tests passed. Of {sum(calls.values())} calls {calls['answered']} were "
        f"answered, {calls['unsupported']} refused as not supported by the sandbox, {calls['refused']} as Stripe refuses them."
    )
    worse = complaints(score, json.loads(SCORE.read_text(encoding="utf-8")), answered)
    for sentence in worse:
        click.echo(sentence, err=True)
    sys.exit(bool(worse))


if __name__ == "__main__":
    main()
