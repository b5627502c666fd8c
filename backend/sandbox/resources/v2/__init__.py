"""The endpoints under /v2: JSON in and out, times as text, pages by address."""

from ...calls.routing import Route
from . import account_links, accounts, event_destinations, events

ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *account_links.ROUTES,
    *event_destinations.ROUTES,
    *events.ROUTES,
)
