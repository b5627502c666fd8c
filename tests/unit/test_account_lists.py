"""The list of v2 accounts has no filter: where it may be left is known from its order alone."""

from __future__ import annotations

from typing import Any

import pytest

from backend.services.coach.account_lists import v2_accounts
from tests.unit.given import Line, made

OLD, SINCE, NEW = "2026-01-01T00:00:00.000Z", 1_780_000_000, "2026-11-01T00:00:00.000Z"


def _page(*created: str, following: str | None = None) -> Any:
    rows = [
        made(
            "v2.core.account", f"acct_{at}", created=at, dashboard="express", contact_email=None, metadata={}
        ).to_dict()
        for at in created
    ]
    return made("list", "", data=rows, next_page_url=following)


@pytest.mark.parametrize(
    ("since", "first", "pages"),
    [
        (SINCE, (NEW, OLD), 1),  # newest first: what follows is older still
        (SINCE, (NEW, NEW), 2),
        (SINCE, (OLD, NEW), 2),  # oldest first: what follows is newer
        (SINCE, (OLD, OLD), 2),  # the order is not known yet
        (0, (NEW, OLD), 2),  # nothing was adopted: all are looked at
    ],
)
def test_the_list_is_left_only_where_it_is_known_to_go_on_older(since: int, first: tuple[str, str], pages: int) -> None:
    """Whichever way Stripe sorts it, no account made since is missed."""
    on = Line(accounts=[_page(*first, following="/v2/core/accounts?page=2"), _page(NEW)])

    found = list(v2_accounts(on.client, since))

    assert len(on.asked) == pages
    assert len(found) == (1 if pages == 1 else 3)
