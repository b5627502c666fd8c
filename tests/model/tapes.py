"""Tapes: every request of the backend to Stripe with its answer, in order, one tape for each activation."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from backend.domain.metadata import PAYMENT
from backend.domain.money import FeeRate
from backend.domain.stripe_time import stripes_time
from backend.sandbox import Sandbox
from backend.services.errors import Undecided
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.workers import Interleaver, ObservedStripe

HOUR = 3_600


@dataclass(frozen=True)
class Request:
    """One request and its answer. ``status`` 0: the line went dead."""

    method: str
    path: str
    params: dict[str, str]
    key: str
    status: int = 0
    replayed: bool = False
    at: int | None = None
    body: Any = None

    @property
    def moves_money(self) -> bool:
        """True for a transfer or a reversal."""
        parts = self.path.split("/")
        return self.method == "POST" and parts[:3] == ["", "v1", "transfers"] and len(parts) in (3, 5)


def repeats(request: Request, following: Request) -> bool:
    """True if the SDK sent the same request again, because the answer was none."""
    same = (request.method, request.path, request.params, request.key)
    unanswered = request.status in (0, 409, 429) or request.status >= 500
    return unanswered and same == (following.method, following.path, following.params, following.key)


@dataclass
class Tape:
    """One activation. ``just_paid``: begun by the payment's own success. ``alone``: nothing but ``settle`` was called."""

    requests: list[Request] = field(default_factory=list)
    just_paid: bool = False
    alone: bool = False


@dataclass
class Tapes:
    """All tapes of a run."""

    all: list[Tape] = field(default_factory=list)
    _mine: threading.local = field(default_factory=threading.local)

    def begin(self, just_paid: bool = False, alone: bool = False) -> None:
        """Begin a new activation: later requests of this thread belong to it."""
        self._mine.tape = Tape(just_paid=just_paid, alone=alone)
        self.all.append(self._mine.tape)

    def add(self, request: Request) -> None:
        """Keep one request."""
        if not hasattr(self._mine, "tape"):
            self.begin()
        self._mine.tape.requests.append(request)


class TapedStripe(ObservedStripe):
    """The in-process line to the sandbox, taped."""

    def __init__(self, sandbox: Sandbox, tapes: Tapes) -> None:
        super().__init__(sandbox)
        self._tapes = tapes

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **rest: Any
    ) -> Any:
        """One call; one that is cut is taped too."""
        split = urlsplit(url)
        given = dict(parse_qsl(split.query) + parse_qsl(str(post_data or ""), keep_blank_values=True))
        asked = (method.upper(), split.path, given, str((headers or {}).get("Idempotency-Key", "")))
        try:
            body, status, answered = super().request(method, url, headers, post_data, **rest)
        except stripe.APIConnectionError:
            self._tapes.add(Request(*asked))
            raise
        said = None
        with suppress(ValueError):
            said = json.loads(body)
        replayed = answered.get("Idempotent-Replayed") == "true"
        self._tapes.add(Request(*asked, status, replayed, stripes_time(answered), said))
        return body, status, answered


class TapedMarket(Marketplace):
    """A marketplace whose backend is taped; each webhook is an activation of its own."""

    def __init__(self, percent: str) -> None:
        super().__init__(NOW, fee_rate=FeeRate.from_percent(percent))
        self.tapes = Tapes()
        self.line = TapedStripe(self.sandbox, self.tapes)
        self.app = self.another_backend()
        self.http = self.app.test_client()

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.tapes.begin(just_paid=json.loads(body).get("type") == "payment_intent.succeeded")
        return super()._post(url, body, headers)

    def settle_taped(self, payment: str) -> None:
        """Settle in an activation of its own, whatever comes of it."""
        self.tapes.begin(alone=True)
        with suppress(Undecided, stripe.StripeError):
            self.settle(payment)


EFFECTS: list[tuple[str, Any]] = [
    ("before", {"status": 500, "cache": True}),
    ("after", {"status": 500, "cache": True}),
    ("before", {"status": 500, "cache": True, "late": HOUR}),
    ("before", {"status": 500, "cache": False}),
    ("after", "close"),
    ("before", "lock_timeout"),
    ("after", "html_502"),
    ("before", {"status": 409, "code": "idempotency_key_in_use"}),
    ("before", {"status": 400, "code": "balance_insufficient", "cache": True}),
    ("before", {"status": 400, "cache": False}),
]


class History:
    """A random life of some payments. The same seed gives the same life."""

    def __init__(self, seed: int, payments: int = 4) -> None:
        self._random = random.Random(seed)
        self.market = TapedMarket(self._random.choice(["10", "60", "0"]))
        self._account = self.market.ready_coach()
        self._disputes: dict[str, str] = {}
        with self._other_hands():
            self._payments = [self.market.paid() for _ in range(payments)]
            self.market.paid_available()

    def run(self, steps: int) -> list[Tape]:
        """Live so many steps; answers with the tapes."""
        changes = [self._refund, self._hand, self._hand_back, self._dispute, self._flip, self._wait, self._nothing]
        for number in range(steps):
            payment = self._random.choice(self._payments)
            self._random.choice(changes)(payment)
            if self._random.random() < 0.4:
                self._fault()
            self._random.choice([self.market.settle_taped, self._at_once])(payment)
            if number % 10 == 9:
                self.market.sandbox.deliver_due(order="shuffle")
        return self.market.tapes.all

    @contextmanager
    def _other_hands(self) -> Any:
        """Pass over a refusal that Stripe gives to a person: it is not the backend's concern."""
        with suppress(stripe.StripeError, IndexError):
            yield

    def _nothing(self, payment: str) -> None:
        """Somebody looks all the same."""

    def _at_once(self, payment: str) -> None:
        """Two or three workers on one payment, interleaved call by call; some die."""
        schedule = [self._random.choice([0, 1, 2, 0, 1, 2, 0, 1, 2, -1]) for _ in range(40)]
        interleaver = Interleaver(schedule)
        with self.market.line.watched(interleaver):
            interleaver.run([lambda: self.market.settle_taped(payment)] * self._random.choice([2, 3]))

    def _refund(self, payment: str) -> None:
        with self._other_hands():
            self.market.refund_in_dashboard(payment, self._random.randint(1, 2000))

    def _wait(self, _payment: str) -> None:
        self.market.clock.advance(self._random.choice([60, HOUR, 4 * HOUR, 19 * HOUR, 21 * HOUR, 25 * HOUR]))

    def _fault(self) -> None:
        stage, effect = self._random.choice(EFFECTS)
        self.market.sandbox.faults.clear()
        self.market.fault("POST", "/v1/transfers", stage, effect, times=self._random.choice([1, 3]))

    def _hand(self, payment: str) -> None:
        params: Any = {
            "amount": self._random.randint(1, 900),
            "currency": "cad",
            "destination": self._account,
            "metadata": {PAYMENT: payment},
        }
        with self._other_hands():
            self.market.stripe.v1.transfers.create(params)

    def _hand_back(self, payment: str) -> None:
        with self._other_hands():
            made = self._random.choice(self.market.transfers(payment))
            self.market.stripe.v1.transfers.reversals.create(made.id, {"amount": self._random.randint(1, 500)})

    def _flip(self, _payment: str) -> None:
        action = self._random.choice(["onboard", "disable"])
        self.market.control("POST", f"/accounts/{self._account}/{action}")

    def _dispute(self, payment: str) -> None:
        known = self._disputes.get(payment)
        if known is not None:
            self.market.control("POST", f"/disputes/{known}/{self._random.choice(['win', 'lose'])}")
        elif self._random.random() < 0.5:
            with suppress(AssertionError):
                self._disputes[payment] = self.market.dispute(payment)
