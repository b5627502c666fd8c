"""A process that falls behind refuses the newest, before Flask and Stripe, with the answer that Flask would give."""

from __future__ import annotations

import socket
import struct
import sys
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.http.admission import BODY_SHARE, MeasuredBody, Room
from backend.http.errors import Overloaded
from backend.http.shedding import LATE_SECONDS, MAKE_REFUSAL, TIGHT_SECONDS, Gate, Shedder, waited
from tests.raw_http import PATIENCE_SECONDS
from tests.routes.conftest import Backend, make_backend

ORIGIN = "https://app.example.com"


class Late:
    """A process that is as late as it is told to be, and a clock that moves by hand."""

    def __init__(self) -> None:
        self.late = 0.0
        self.seconds = 0.0
        self.shedder = Shedder(lambda: self.late, lambda: self.seconds)

    def refuses(self, late: float, webhook: bool = False) -> bool:
        """The decision about a request that begins so late."""
        self.late = late
        return self.shedder.refuses(webhook)


def test_a_burst_is_worked_off() -> None:
    """Up to a second late, nobody is refused."""
    process = Late()

    assert not any(process.refuses(late / 100 * LATE_SECONDS) for late in range(101))


def test_the_newest_is_refused_first() -> None:
    """Of a line that is longer than a second, those at its end."""
    process = Late()
    refused = [process.refuses(late / 10) for late in range(20)]

    assert refused == [late / 10 > LATE_SECONDS for late in range(20)]


def test_after_a_refusal_only_a_short_line_is_let_in() -> None:
    """Until a second without one: then a burst is welcome again."""
    process = Late()
    assert process.refuses(LATE_SECONDS * 1.1)

    assert process.refuses(TIGHT_SECONDS * 1.1)
    assert not process.refuses(TIGHT_SECONDS)
    process.seconds += 0.9
    assert process.refuses(TIGHT_SECONDS * 1.1)
    process.seconds += 1.1
    assert not process.refuses(TIGHT_SECONDS * 1.1)


def test_webhooks_are_let_in_when_purchases_are_not() -> None:
    """They move money, and are few; they too are refused at last."""
    process = Late()
    assert process.refuses(LATE_SECONDS * 1.1)

    assert not process.refuses(TIGHT_SECONDS * 2, webhook=True)
    assert process.refuses(TIGHT_SECONDS * 2)
    assert process.refuses(TIGHT_SECONDS * 5, webhook=True)


def test_who_has_waited_for_four_seconds_is_refused() -> None:
    """Then whoever has waited for a fifth of a second, until a second has passed without one: the others are served fast."""
    process = Late()

    assert not process.shedder.refuses(False, 4 * LATE_SECONDS)
    assert process.shedder.refuses(False, 4.1 * LATE_SECONDS)
    assert process.shedder.refuses(False, 4.1 * TIGHT_SECONDS)
    assert not process.shedder.refuses(False, 4 * TIGHT_SECONDS)
    assert not process.shedder.refuses(True, 4.1 * TIGHT_SECONDS)


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell")
def test_the_kernel_tells_how_long_a_request_has_lain() -> None:
    """From when its bytes came in, read or not; what is no TCP has not waited."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
    ):
        client.sendall(b"POST /")
        line, _ = listener.accept()
        with line:
            end = time.monotonic() + PATIENCE_SECONDS
            while waited({"gunicorn.socket": line}) < 0.05 and time.monotonic() < end:
                pass
            assert 0.05 <= waited({"gunicorn.socket": line}) < PATIENCE_SECONDS
    ends = socket.socketpair()
    assert [waited({"gunicorn.socket": one}) for one in (*ends, line)] == [0.0] * 3
    assert waited({}) == 0.0
    for one in ends:
        one.close()


class Lain:
    """A connection whose bytes came in five seconds ago."""

    def getsockopt(self, *_: int) -> bytes:
        """The beginning of tcp_info."""
        return struct.pack("52xI", 5_000)


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tell")
def test_a_request_that_lay_too_long_is_refused_before_flask(backend: Backend) -> None:
    """At the production server, though the process itself is in time; a probe is answered."""
    client = backend(ratelimit_enabled=False)
    reached = Reached(client)
    given = {"gunicorn.socket": Lain()}

    assert client.post("/api/payments/create-intent", data=b"{", environ_overrides=given).status_code == 503
    assert client.get("/health", environ_overrides=given).status_code == 200
    assert reached.paths == ["/health"]


class Reached:
    """Counts what goes past the gate into Flask, for all but the making of a refusal."""

    def __init__(self, client: FlaskClient) -> None:
        self.paths: list[str] = []
        app = client.application
        gate = _gate_of(app)
        inner = gate._wsgi

        def counted(head: Any, start_response: Any) -> Any:
            if MAKE_REFUSAL not in head:
                self.paths.append(head["PATH_INFO"])
            return inner(head, start_response)

        gate._wsgi = counted


def _gate_of(app: Any) -> Gate:
    wsgi = app.wsgi_app
    while not isinstance(wsgi, Gate):
        cells = [cell.cell_contents for cell in getattr(wsgi, "__closure__", None) or ()]
        wsgi = getattr(wsgi, "app", None) or next(one for one in cells if callable(one))
    return wsgi


@pytest.fixture
def late(backend: Backend) -> tuple[FlaskClient, Reached]:
    """A backend that is hopelessly late, and what reaches its Flask."""
    client = backend(ratelimit_enabled=False)
    _gate_of(client.application)._shedder = Shedder(lambda: 100.0, lambda: 0.0)
    return client, Reached(client)


def test_a_refused_request_reaches_neither_flask_nor_stripe(late: tuple[FlaskClient, Reached]) -> None:
    """It is answered before anything is read."""
    client, reached = late

    answers = [client.post("/api/payments/create-intent", data=b"{") for _ in range(5)]

    assert {answer.status_code for answer in answers} == {503}
    assert reached.paths == []


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_probes_are_never_refused(late: tuple[FlaskClient, Reached], path: str) -> None:
    """However late the process is."""
    client, reached = late
    client.application.config["PROPAGATE_EXCEPTIONS"] = False

    client.get(path).close()

    assert reached.paths == [path]


CHEAP = ["/static/js/paymentService.js", "/docs", "/openapi.json", "/test"]
NO_ROUTE = ["/", "/health/", "/healthy", "/ready/x", "/metrics.txt", "/static", "/no/such/page"]


@pytest.mark.parametrize("path", CHEAP + NO_ROUTE)
def test_pages_and_files_are_refused_like_the_rest(late: tuple[FlaskClient, Reached], path: str) -> None:
    """Whoever asks for many of them would keep the processor from payments, though each costs little."""
    client, reached = late

    assert [client.get(path).status_code for _ in range(2)] == [503, 503]
    assert reached.paths == []


def test_a_browser_can_still_ask_whether_it_may_ask(late: tuple[FlaskClient, Reached]) -> None:
    """Else it would never learn why it was refused."""
    client, _ = late
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}

    assert client.options("/api/payments/create-intent", headers=asked).status_code == 200


@pytest.mark.parametrize("origin", [None, ORIGIN, "https://evil.example.com"])
@pytest.mark.parametrize("path", ["/api/payments/confirm", "/payment-success", "/static/js/paymentService.js", "/docs"])
def test_the_kept_refusal_has_every_header_of_flasks_own(origin: str | None, path: str) -> None:
    """The first is made by Flask, the second is kept: no header differs but the request's id."""
    client = make_backend(ratelimit_enabled=False, allowed_origins=(ORIGIN,), app_env="production", force_https=False)
    headers = {"X-Request-Id": "mine-1", **({"Origin": origin} if origin else {})}

    _gate_of(client.application)._shedder = Shedder(lambda: 0.0)
    by_flask = client.post(path, headers=headers, environ_overrides={MAKE_REFUSAL: True})
    _gate_of(client.application)._shedder = Shedder(lambda: 100.0, lambda: 0.0)
    kept = [client.post(path, headers=headers) for _ in range(2)]

    for answer in kept:
        assert answer.status_code == by_flask.status_code == 503
        assert answer.data == by_flask.data
        assert answer.headers["X-Request-Id"] == "mine-1"
        assert int(answer.headers["Retry-After"]) > 0
        if origin != "https://evil.example.com":
            assert sorted(answer.headers) == sorted(by_flask.headers)
            assert _stable(answer.headers) == _stable(by_flask.headers)
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if origin == ORIGIN else None)


def _stable(headers: Any) -> dict[str, str]:
    """The headers that say the same at any time."""
    return {name: value for name, value in headers.items() if name not in ("Date", "Retry-After")}


@pytest.mark.parametrize("first", ["/docs", "/no/such/page"])
def test_a_refused_file_says_who_may_load_it_whatever_was_refused_before(
    late: tuple[FlaskClient, Reached], first: str
) -> None:
    """Another site's page that loads the front-end services is told that they are busy, and not that they are not for it."""
    client, _ = late
    name = "Cross-Origin-Resource-Policy"

    assert client.get(first).headers[name] == "same-origin"
    assert client.get("/static/js/paymentService.js").headers[name] == "cross-origin"


def test_an_allowed_origin_does_not_leak_to_another() -> None:
    """Refusals are kept for each origin by itself."""
    client = make_backend(ratelimit_enabled=False, allowed_origins=(ORIGIN,), app_env="production", force_https=False)
    _gate_of(client.application)._shedder = Shedder(lambda: 100.0, lambda: 0.0)

    allowed = [client.post("/api/payments/confirm", headers={"Origin": origin}) for origin in (ORIGIN, "null", ORIGIN)]

    assert [one.headers.get("Access-Control-Allow-Origin") for one in allowed] == [ORIGIN, None, ORIGIN]


class Endless:
    """A body that never ends."""

    def read(self, size: int) -> bytes:
        """As many bytes as are asked for."""
        return b"x" * size


def test_a_large_body_takes_room_and_gives_it_back() -> None:
    """The room that every request has is free; beyond it there is so much for all, and it is given back."""
    room = Room(BODY_SHARE)
    first, second = MeasuredBody(Endless(), room), MeasuredBody(Endless(), room)
    for _ in range(4):
        first.read(BODY_SHARE)
    while second.held < BODY_SHARE:
        second.read(BODY_SHARE)
    with pytest.raises(Overloaded):
        second.read(1)
    first.release()
    second.release()

    third = MeasuredBody(Endless(), room)
    for _ in range(4):
        third.read(BODY_SHARE)
    with pytest.raises(Overloaded):
        third.read(1)


def test_small_bodies_find_room_when_large_ones_hold_it_all() -> None:
    """A purchase is not kept out by somebody's unfinished megabytes."""
    room = Room(0)
    small = MeasuredBody(Endless(), room)

    assert sum(len(small.read(BODY_SHARE)) for _ in range(2)) == BODY_SHARE
