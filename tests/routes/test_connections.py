"""The line to Stripe: kept alive, bounded in time, and honest about what it does not know."""

from __future__ import annotations

import socket
import struct

import pytest
import stripe

from backend.observability.metrics import STRIPE_RETRIES
from backend.stripe_client.client import stripe_budget
from backend.stripe_client.connections import Connections
from tests.scripted import BALANCE, Script, Server, answer, asking, says, serving

HELD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def buy(client: stripe.StripeClient) -> stripe.PaymentIntent:
    """A call that must not be made twice under two keys."""
    return client.v1.payment_intents.create({"amount": 100, "currency": "cad"}, {"idempotency_key": "a-key"})


def test_calls_one_after_another_share_one_connection() -> None:
    """Reads and writes."""
    with serving(says(answer())) as server:
        client = asking(server.base)
        for _ in range(5):
            client.v1.balance.retrieve()
            buy(client)

    assert (server.lines, len(server.requests)) == (1, 10)


def test_a_request_is_what_stripe_expects() -> None:
    """Method, path, host, length and body; a read carries no body and no length."""
    with serving(says(answer())) as server:
        client = asking(server.base)
        buy(client)
        client.v1.balance.retrieve()

    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/payment_intents HTTP/1.1\r\n")
    assert body == b"amount=100&currency=cad"
    for line in (b"Host: 127.0.0.1:%d" % server.port, b"Content-Length: 23", b"Idempotency-Key: a-key"):
        assert head.split(b"\r\n").count(line) == 1
    assert server.requests[1].startswith(b"GET /v1/balance HTTP/1.1\r\n")
    assert b"content-length" not in server.requests[1].lower()


def test_a_connection_that_was_closed_while_idle_is_not_used() -> None:
    """The next call opens another: no failure, no repetition."""
    with serving(says(answer(), then_close=True)) as server:
        client = asking(server.base)
        before = STRIPE_RETRIES._value.get()
        for _ in range(3):
            with stripe_budget(8):
                client.v1.balance.retrieve()
            _until_closed(client)

    assert (server.lines, len(server.requests)) == (3, 3)
    assert STRIPE_RETRIES._value.get() == before


def _until_closed(client: stripe.StripeClient) -> None:
    """Wait for the other side's end of the idle connection."""
    connections: Connections = client._requestor._client._connections
    for _, line in list(connections._idle):
        line.settimeout(10)
        line.recv(1, socket.MSG_PEEK)


def _cut(times: int, after: bytes = b"") -> Script:
    left = [times]

    def script(_server: Server, line: socket.socket, _request: bytes) -> bool:
        if left[0]:
            left[0] -= 1
            line.sendall(after)
            return False
        line.sendall(answer())
        return True

    return script


def test_a_line_that_was_cut_before_an_answer_is_asked_again_under_the_same_key() -> None:
    """Once."""
    script = _cut(1)
    with serving(script) as server:
        buy(asking(server.base))
    assert [request.count(b"Idempotency-Key: a-key") for request in server.requests] == [1, 1]

    script = _cut(2)
    with serving(script) as server, pytest.raises(stripe.APIConnectionError):
        buy(asking(server.base))
    assert len(server.requests) == 2


TORN = {
    "amid the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "amid the body": HELD.encode() + b"Content-Length: 40\r\n\r\n" + BALANCE[:20],
    "amid a chunk": HELD.encode() + b"Transfer-Encoding: chunked\r\n\r\n28\r\n" + BALANCE[:20],
    "without the last chunk": HELD.encode() + b"Transfer-Encoding: chunked\r\n\r\n28\r\n" + BALANCE + b"\r\n",
}


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN)
def test_an_answer_that_was_cut_is_no_answer(torn: bytes) -> None:
    """Never taken for a whole one."""
    script = _cut(9, torn)
    with serving(script) as server, pytest.raises(stripe.APIConnectionError):
        asking(server.base).v1.balance.retrieve()


def test_an_answer_that_was_cut_is_not_asked_for_again() -> None:
    """Stripe has decided: whoever asked comes back with the same key."""
    script = _cut(1, TORN["amid the body"])
    with serving(script) as server, pytest.raises(stripe.APIConnectionError) as caught:
        buy(asking(server.base))

    assert (len(server.requests), caught.value.should_retry) == (1, False)


def test_a_line_that_was_reset_amid_an_answer_is_not_asked_again() -> None:
    """However it ends."""

    def reset(_server: Server, line: socket.socket, _request: bytes) -> bool:
        line.sendall(TORN["amid the body"])
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    with serving(reset) as server, pytest.raises(stripe.APIConnectionError):
        buy(asking(server.base))

    assert len(server.requests) == 1


WHOLE = {
    "in chunks": HELD.encode() + b"Transfer-Encoding: chunked\r\n\r\n14\r\n" + BALANCE[:20] + b"\r\n14\r\n"
    + BALANCE[20:] + b"\r\n0\r\n\r\n",
    "after an interim answer": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(),
    "after a go-on": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
}  # fmt: skip


@pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE)
def test_an_answer_is_read_whole_and_the_line_goes_on(whole: bytes) -> None:
    """However it is framed."""
    with serving(says(whole)) as server:
        client = asking(server.base)
        read = [client.v1.balance.retrieve().to_dict() for _ in range(2)]

    assert read == [{"object": "balance", "livemode": False}] * 2
    assert server.lines == 1


ENDING = {
    "no length": (HELD.encode() + b"\r\n" + BALANCE, True),
    "close is announced": (answer(headers="Connection: close\r\n"), False),
    "HTTP/1.0": (answer().replace(b"HTTP/1.1", b"HTTP/1.0"), False),
}


@pytest.mark.parametrize(("last", "closes"), ENDING.values(), ids=ENDING)
def test_a_line_that_ends_with_its_answer_is_not_used_again(last: bytes, closes: bool) -> None:
    """The answer is whole all the same."""
    with serving(says(last, then_close=closes)) as server:
        client = asking(server.base)
        for _ in range(2):
            assert client.v1.balance.retrieve().object == "balance"

    assert server.lines == 2


def test_what_follows_an_answer_unasked_reaches_nobody() -> None:
    """Or the next call would be told another's answer."""
    with serving(says(answer(), answer(b'{"object": "somebody else\'s"}'))) as server:
        client = asking(server.base)
        read = [client.v1.balance.retrieve().object for _ in range(3)]

    assert read == ["balance"] * 3
    assert server.lines == 3


@pytest.mark.parametrize("nonsense", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x16\x03\x01\x02", b"HTTP/1.1 twohundred\r\n\r\n"])
def test_what_is_no_http_is_no_answer(nonsense: bytes) -> None:
    """Asked again once, then told."""
    with serving(says(nonsense, then_close=True)) as server, pytest.raises(stripe.APIConnectionError):
        asking(server.base).v1.balance.retrieve()

    assert len(server.requests) == 2


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b'{"object": '])
def test_an_answer_that_is_not_stripes_is_the_sdks_own_error(body: bytes) -> None:
    """A 200 with nothing, a page, or half an object in it."""
    with serving(says(answer(body))) as server, pytest.raises(stripe.APIError):
        asking(server.base).v1.balance.retrieve()


def test_the_names_of_headers_are_compared_without_case() -> None:
    """Stripe's own are in lower case over HTTP/2, and a proxy may write them in any."""
    with serving(says(answer(headers="REQUEST-ID: req_1\r\nidempotent-replayed: true\r\n"))) as server:
        told = asking(server.base).v1.balance.retrieve().last_response

    assert told is not None
    assert (told.request_id, told.headers["Idempotent-Replayed"]) == ("req_1", "true")
    assert "Request-Id" in told.headers
