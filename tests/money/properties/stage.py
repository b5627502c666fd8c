"""A random history: the marketplace with its watch, what the test sold, and how a job is begun."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import Any, ClassVar

import stripe
from hypothesis.stateful import RuleBasedStateMachine
from werkzeug.test import TestResponse

from backend.commands.sweep import SweepOptions, Swept, run_sweep
from backend.config.settings import DEFAULT_CATALOGUE
from backend.domain.catalogue import Catalogue, parse_catalogue
from backend.domain.money import FeeRate
from backend.services import Services
from backend.services.errors import PaymentsError
from tests.builders import Marketplace, key_of
from tests.conftest import NOW
from tests.money.properties.books import Sale, TrueBooks
from tests.money.properties.ears import HostApp
from tests.money.properties.watch import Watch, WatchedStripe

GRACE_DAYS = 1
MINUTE = 60
HOUR = 3_600
DAY = 24 * HOUR
COACHES = ["coach-1", "coach-2"]
# A sweep without a mark looks back 35 days; a history never goes further without one.
_LONGEST_WITHOUT_A_SWEEP = 28 * DAY
REFUSED = (stripe.StripeError, PaymentsError)


class WatchedMarket(Marketplace):
    """A marketplace whose backends are watched call by call."""

    def __init__(self, percent: str, kept: Mapping[int, str], **sort: Any) -> None:
        super().__init__(NOW, fee_rate=FeeRate.from_percent(percent), catalogue=_catalogue(kept), **sort)
        self.books = TrueBooks(self.sandbox)
        self.sales: dict[str, Sale] = {}
        self.watch = Watch(self.books, self.sales)
        self.line = WatchedStripe(self.sandbox, self.watch)
        self.restart()
        # Marketplace asks for webhooks at its own app: this one, from now on.
        self.clock.subscribe(self.watch.time_passed)

    def restart(self) -> None:
        """The process is gone; a new one remembers nothing."""
        self.app = self.another_backend()
        self.http = self.app.test_client()

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        with self.job():
            return super()._post(url, body, headers)

    @contextmanager
    def job(self) -> Iterator[None]:
        """One thing that the backend does."""
        watch: Watch | None = getattr(self, "watch", None)
        if watch is None:
            yield
            return
        with watch.job():
            yield

    def ask(self, path: str, body: Any, app: Any = None, key: str | None = None) -> TestResponse:
        """POST JSON to a backend, from any thread."""
        headers = {"Idempotency-Key": key_of(key)} if key else {}
        with self.job():
            answer: TestResponse = (app or self.app).test_client().post(path, json=body, headers=headers)
        return answer

    def sweep(self, app: Any = None, **options: Any) -> Swept:
        """The code of ``flask reconcile``; with no options, exactly as cron runs it."""
        with self.watch.sweeping():
            return run_sweep(services_of(app or self.app), SweepOptions(calls_per_second=1_000_000, **options))


def _catalogue(kept: Mapping[int, str]) -> Catalogue:
    """The catalogue of the repository, with some packages' shares kept."""
    document: Any = tomllib.loads(DEFAULT_CATALOGUE.read_text(encoding="utf-8"))
    for package, release in kept.items():
        document["packages"][str(package)]["release"] = release
    return parse_catalogue(document, None, GRACE_DAYS)


def services_of(app: Any) -> Services:
    """The backend's use cases."""
    services: Services = app.extensions["payments"]
    return services


class RandomHistory(RuleBasedStateMachine):
    """The state of a history, and the helpers of its rules."""

    market: WatchedMarket
    # The kind of event and the make of accounts, as Marketplace takes them; these are the usual ones.
    sort: ClassVar[dict[str, Any]] = {}

    def set_up(self, percent: str, kept: Mapping[int, str]) -> None:
        """An empty marketplace. ``kept``: the packages whose share is kept, with their terms."""
        self.market = WatchedMarket(percent, kept, **self.sort)
        self.books = self.market.books
        self.fee = Fraction(percent) / 100
        self.host = HostApp()
        self.host.listen()
        self.answers: dict[tuple[str, str], set[str]] = {}
        self.wrong: list[str] = []
        self.began_at = self.swept_at = self.market.clock.now()

    @property
    def sales(self) -> dict[str, Sale]:
        """The sales, by payment."""
        return self.market.sales

    def pick(self, index: int) -> Sale | None:
        """One of the sales that were paid, or whose money is on its way."""
        paid = [
            sale for sale in self.sales.values() if self.books.row(self.books.row(sale.payment_id)["latest_charge"])
        ]
        return paid[index % len(paid)] if paid else None

    def payee(self, sale: Sale) -> str | None:
        """The account that a person would pay: the frozen one, else the first of the coach's."""
        frozen = self.books.metadata(sale.payment_id).get("coachAccountId")
        accounts = [row["id"] for row in self.books.accounts(sale.coach)]
        return frozen or (accounts[0] if accounts else None)

    def person(self, act: Callable[[], Any]) -> None:
        """Somebody does something at Stripe itself, or with a command; Stripe, or a fault, may refuse it."""
        with suppress(*REFUSED), self.market.job():
            act()

    def call_control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """The bank, the cardholder or Stripe acts; answers with the object, or None where that cannot be."""
        answer = self.market.control(method, path, body)
        return answer.json if answer.status_code == 200 else None

    def wait_for(self, seconds: int) -> None:
        """Time passes, unless the sweep would have to reach back too far."""
        if self.market.clock.now() + seconds - self.swept_at < _LONGEST_WITHOUT_A_SWEEP:
            self.market.clock.advance(seconds)

    def may_lose_the_mark(self) -> bool:
        """True while a sweep without a mark would reach back to the beginning; from then on it has to."""
        young = self.market.clock.now() - self.began_at < _LONGEST_WITHOUT_A_SWEEP
        if young:
            self.swept_at = self.began_at
        return young

    def sweep(self, app: Any = None, **options: Any) -> None:
        """The sweep runs, as far as Stripe lets it."""
        began = self.market.clock.now()
        swept = self.market.sweep(app, **options)
        if swept.findings.whole and not options and not swept.findings.unread:
            self.swept_at = began
