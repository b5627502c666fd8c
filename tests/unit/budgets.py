"""Backends, machines and lines to Stripe, with a clock that only a test moves."""

from __future__ import annotations

from typing import Any

import stripe

from backend.stripe_client.rate import (
    RatedClient,
    StripeBusy,
    StripeRate,
    stripe_activation,
)
from backend.stripe_client.rate_windows import LocalWindows

URL = "https://api.stripe.com/v1/"


class Time:
    """A clock that moves only when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.waited = 0.0
        self.stands = False

    def now(self) -> float:
        """Seconds."""
        return self.seconds

    def wait(self, seconds: float) -> None:
        """Let time pass; while it stands, who would wait gives up."""
        if self.stands:
            raise StripeBusy
        self.seconds += seconds
        self.waited += seconds


class Line(stripe.HTTPClient):
    """A way to Stripe that notes every call, and answers with a status."""

    name = "line"

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.status = 200

    def request(self, method: str, url: str, *_: Any, **__: Any) -> Any:
        """Note each call; the answer is empty, with ``status``."""
        self.calls.append(f"{method} {url.removeprefix(URL)}")
        reason = {"Stripe-Rate-Limited-Reason": "global-rate"} if self.status == 429 else {}
        return "{}", self.status, reason

    def close(self) -> None:
        """Nothing is open."""


class Backend:
    """A process with a budget of its own share, or of windows that it shares."""

    def __init__(self, calls: int, windows: Any = None, time: Time | None = None) -> None:
        self.time = time or Time()
        self.line = Line()
        self.rate = StripeRate(calls, windows or LocalWindows(1, now=self.time.now), self.time.now, self.time.wait)
        self.client = RatedClient(self.line, self.rate)

    def act(self, part: str, *calls: str, kind: str = "one") -> bool:
        """An activation that makes these calls. False if it was refused."""
        try:
            with stripe_activation(part, kind):
                for call in calls or ("get accounts",):
                    method, path = call.split()
                    self.client.request(method, URL + path, {})
        except StripeBusy:
            return False
        return True

    def flood(self, part: str, *calls: str, kind: str = "one", times: int = 1_000) -> int:
        """As many at the same moment as get through."""
        self.time.stands = True
        done = sum(self.act(part, *calls, kind=kind) for _ in range(times))
        self.time.stands = False
        return done
