"""Parts that the tests of the checkout share: the alert beside the button, and requests that are held back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route

STRIPE_JS = "**/v3/"


def alert(page: Page) -> Any:
    """The words beside the button."""
    return page.get_by_role("alert")


def keep_in(held: list[Route]) -> Callable[[Route], None]:
    """Hold requests back. Playwright takes a function, and no method of a list."""

    def keep(route: Route) -> None:
        held.append(route)

    return keep
