"""``python -m backend.sandbox``: a process that starts, says where it is, and stops when told."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

# Whoever starts it in the background from a script has it begin with SIGINT ignored.
IN_BACKGROUND = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); import runpy; {run}"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: str(stop.name))
@pytest.mark.parametrize("background", [False, True], ids=["foreground", "background"])
def test_it_stops_when_told(stop: signal.Signals, background: bool, tmp_path: Path) -> None:
    """Cleanly, with either signal."""
    words = ["-m", "backend.sandbox", "--port", "0"]
    if background:
        run = "sys.argv[1:] = ['--port', '0']; runpy.run_module('backend.sandbox', run_name='__main__')"
        words = ["-c", IN_BACKGROUND.format(run=run)]
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("The Stripe sandbox listens on http://127.0.0.1:")
        process.send_signal(stop)
        _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (0, "The sandbox has stopped.\n")
