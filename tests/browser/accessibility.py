"""axe-core, in the page: what a machine can tell about how usable it is for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page

_AXE = Path(__file__).parents[1] / "node/node_modules/axe-core/axe.min.js"
_WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_RUN = "(tags) => axe.run(document, {resultTypes: ['violations'], iframes: false, runOnly: tags})"


def violations(page: Page | Frame) -> list[str]:
    """Each violation of WCAG 2.2 A and AA with the element it is about, whatever its impact."""
    # By the debugger and not as an element of the page, whose policy would refuse it.
    page.evaluate(_AXE.read_text(encoding="utf-8") + "\n;0")
    found: dict[str, Any] = page.evaluate(_RUN, _WCAG)
    return [
        f"{one['id']} ({one['impact']}): {node['html']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
