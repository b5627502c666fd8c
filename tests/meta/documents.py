"""The documents that the tests compare with the code."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


README = (ROOT / "README.md").read_text()


GUIDE = (ROOT / "SETUP_GUIDE.md").read_text()
