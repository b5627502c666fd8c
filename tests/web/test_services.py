"""The front-end services: Node's own test runner against the running backend, and what a browser is served."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.processes import ROOT, backend_process, free_port_pair
from tests.programs import NODE

pytestmark = pytest.mark.needs(NODE)

HERE = Path(__file__).parent
SERVICES = ROOT / "backend/web/static/js"
MODULES = sorted(path for path in SERVICES.glob("*.js") if path.with_suffix(".d.ts").exists())


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A backend as ``make run`` starts it, with the sandbox on the port after it."""
    port = free_port_pair()
    with backend_process(["-m", "backend"], port, tmp_path_factory.mktemp("backend") / "log"):
        yield port


@pytest.mark.parametrize("name", ["config", "requests", "times", "backend"])
def test_the_services_tests_pass_in_node(name: str, port: int) -> None:
    """Every test passes, and none is left out."""
    file = HERE / f"{name}.test.mjs"
    run = subprocess.run(
        ["node", "--test", "--test-reporter=tap", file.name],
        cwd=HERE,
        env={
            "PATH": os.environ["PATH"],
            "BACKEND_URL": f"http://127.0.0.1:{port}",
            "SANDBOX_URL": f"http://127.0.0.1:{port + 1}",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    ran = re.findall(r"^# (tests|pass|skipped|todo) (\d+)$", run.stdout, re.MULTILINE)
    counts = {word: int(count) for word, count in ran}
    assert counts["tests"] >= len(re.findall(r"^ *test\(", file.read_text(), re.MULTILINE))
    assert counts == {"tests": counts["tests"], "pass": counts["tests"], "skipped": 0, "todo": 0}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_is_served_so_that_any_page_may_import_it(module: Path, port: int) -> None:
    """As a script, which nosniff asks for; to any origin, in development; checked anew when it is loaded again."""
    url = f"http://127.0.0.1:{port}/static/js/{module.name}"
    answer = requests.get(url, headers={"Origin": "http://localhost:5173"}, timeout=30)

    assert answer.status_code == 200
    assert answer.content == module.read_bytes()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = requests.get(url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=30)
    assert (again.status_code, again.content) == (304, b"")


def test_declarations_are_served_as_text_and_what_is_not_there_as_an_error(port: int) -> None:
    """Not as MPEG video, which is what ``.ts`` means to many a machine."""
    url = f"http://127.0.0.1:{port}/static/js"

    assert requests.get(f"{url}/paymentService.d.ts", timeout=30).headers["Content-Type"].startswith("text/plain")
    missing = requests.get(f"{url}/none.js", timeout=30)
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/json")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_runs_anywhere(module: Path) -> None:
    """In at most 300 lines it imports only its neighbours, and asks for nothing that only a page or a bundler has."""
    text = module.read_text()
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)

    assert len(text.splitlines()) <= 300
    for target in re.findall(r'from "([^"]+)"', code):
        assert (SERVICES / target).is_file(), target
    assert not re.search(r"\b(window|document|navigator|localStorage|process|require|import\.meta)\b", code)
    # What React Native lacks, in some version that is still in use.
    assert not re.search(
        r"AbortSignal\.|throwIfAborted|DOMException|URLSearchParams|structuredClone|Object\.hasOwn", code
    )
