"""A Node project's own tests, with Node's own test runner, against a sandbox on a socket."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.processes import ROOT, sandbox_server
from tests.programs import NODE

pytestmark = pytest.mark.needs(NODE)


def test_a_node_project_uses_it_with_the_official_sdk() -> None:
    """Every test passes, and none is left out."""
    with sandbox_server() as sandbox:
        run = subprocess.run(
            ["node", "--test", "--test-reporter=tap", "sandbox.test.mjs"],
            cwd=ROOT / "tests/node",
            env={"PATH": os.environ["PATH"], "SANDBOX_URL": sandbox.base_url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "# pass 5\n" in run.stdout
    assert "# skipped 0\n" in run.stdout
