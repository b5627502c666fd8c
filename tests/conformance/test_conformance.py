"""The kit finds this backend in order, over real HTTP; and it would say so if it were not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug import Request, Response

from tests.conformance.kit import CASES, Stripe, differences, run
from tests.processes import ROOT, backend_process, free_port_pair, served

PAGE = (ROOT / "docs/conformance.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A backend as ``make run`` starts it, with the sandbox on the port after it."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path_factory.mktemp("backend") / "log"):
        yield port


def test_every_case_is_satisfied(port: int) -> None:
    """Nothing differs, and nothing is left out."""
    outcomes = list(run(f"http://127.0.0.1:{port}", Stripe(f"http://127.0.0.1:{port + 1}", "pk_test_sandbox")))

    assert len(outcomes) == len(CASES)
    assert [(one.name, one.problems, one.skipped) for one in outcomes if one.problems or one.skipped] == []


def test_the_command_is_the_guides(port: int) -> None:
    """As make types it: a line for each case, and the sum."""
    assert "-m tests.conformance $(URL)" in MAKEFILE
    words = [sys.executable, "-m", "tests.conformance", f"http://127.0.0.1:{port}"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.splitlines()[-1] == f"{len(CASES)} as the screens need it, 0 not, 0 not tried."


def test_without_a_stripe_to_pay_at_the_rest_is_still_tried(port: int) -> None:
    """And what was not is named."""
    outcomes = list(run(f"http://127.0.0.1:{port}", None))

    assert [one.problems for one in outcomes if one.problems] == []
    assert {one.name for one in outcomes if one.skipped} == {
        case["name"] for case in CASES if "step" in case or "needs" in case
    }


@contextmanager
def spoiled(port: int, name: str, change: Any) -> Iterator[str]:
    """The backend behind a proxy that changes the answers to one case's address and method."""
    spoilt = next(case["request"] for case in CASES if case["name"] == name)
    end = spoilt["path"].rpartition("/")[2].partition("?")[0]

    @Request.application
    def app(request: Request) -> Response:
        headers = {k: v for k, v in request.headers if k not in ("Host", "Content-Length")}
        url = f"http://127.0.0.1:{port}{request.full_path}"
        answer = requests.request(request.method, url, data=request.get_data(), headers=headers, timeout=30)
        body: bytes = answer.content
        if request.method == spoilt["method"] and request.path.endswith(end) and answer.ok:
            told = json.loads(body)
            change(told)
            body = json.dumps(told).encode()
        return Response(body, answer.status_code, mimetype="application/json")

    with served(app) as between:
        yield f"http://127.0.0.1:{between}"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (
            "the coach connects",
            lambda told: told.pop("onboardingLink"),
            "answer.onboardingLink is missing",
        ),
        (
            "the coach's screen: ready",
            lambda told: told["account"].update(payoutsEnabled="yes"),
            'answer.account.payoutsEnabled is "yes", not True',
        ),
        (
            "confirmed with the whole order",
            lambda told: told["session"].update(sessionExpiry="tomorrow"),
            "answer.session.sessionExpiry is \"tomorrow\", not 'time'",
        ),
        (
            "the coach's earnings",
            lambda told: told["summary"].update(totalEarnings=42.52),
            "answer.summary.totalEarnings is 42.52, not 'integer'",
        ),
    ],
    ids=["missing", "of another type", "no time", "no whole number"],
)
def test_a_backend_that_answers_otherwise_is_found_out(port: int, name: str, change: Any, said: str) -> None:
    """The place is named."""
    with spoiled(port, name, change) as url:
        outcomes = list(run(url, Stripe(f"http://127.0.0.1:{port + 1}", "pk_test_sandbox")))

    problems = [problem for one in outcomes for problem in one.problems]
    assert said in problems, problems


def test_nothing_that_answers_is_found_out() -> None:
    """Every case that is tried says that no server answers."""
    outcomes = list(run("http://127.0.0.1:1", None))

    tried = [one for one in outcomes if not one.skipped]
    assert tried
    assert all(one.problems == ["no answer: ConnectionError"] for one in tried)


@pytest.mark.parametrize(
    ("shape", "value", "fits"),
    [
        ("integer", True, False),
        ("integer", 1.0, False),
        (0, False, False),
        (True, 1, False),
        ("string?", None, True),
        ("string?", 5, False),
        ("time", "2026-11-02T15:00:00.000Z", True),
        ("time", "2026-11-02", False),
        ([], [1], False),
        (["integer"], [1, "2"], False),
        ({"a": None}, {}, False),
        ({"a": None}, {"a": None, "b": 1}, True),
        ("=x", "xy", False),
        ("^x", "xy", True),
    ],
)
def test_a_shape_is_exact(shape: Any, value: Any, fits: bool) -> None:
    """JavaScript would take one for the other, and a screen would show it."""
    assert (list(differences(shape, value)) == []) is fits


def test_the_page_tells_every_difference() -> None:
    """Each with its reason, in the kit's own words."""
    told = [case["differs"] for case in CASES if "differs" in case]

    assert len(told) > 10
    for sentence in told:
        assert sentence in PAGE, sentence


def test_every_route_of_the_api_is_in_the_kit() -> None:
    """A new one has to be added."""
    readme = (Path(ROOT) / "README.md").read_text()
    named = {line.split("`")[1] for line in readme.splitlines() if line.startswith("| `") and " /api/" in line}
    variables = {"payment_id": "x", "account_id": "x", "coach_id": "x"}
    tried = set()
    for case in CASES:
        if "request" in case:
            path = case["request"]["path"].partition("?")[0]
            for name in ("{coachId}", "{accountId}", "{paymentIntentId}"):
                path = path.replace(name, "x")
            tried.add(f"{case['request']['method']} {path}")
    for name, value in variables.items():
        named = {route.replace(f"<{name}>", value) for route in named}

    assert named <= tried
