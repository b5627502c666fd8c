"""Requests to the sandbox that no SDK sends, byte by byte: each is answered in Stripe's shape, and nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.processes import sandbox_server
from tests.raw_http import Answer, exchange

KEY = b"Authorization: Bearer sk_test_sandbox\r\n"
HOST = b"Host: 127.0.0.1\r\n"
CLOSE = b"Connection: close\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A sandbox on a socket; one for all, so that what breaks it is found by the next."""
    with sandbox_server() as sandbox:
        yield int(sandbox.base_url.rpartition(":")[2])


def one(port: int, sent: bytes) -> Answer:
    """The only answer to what is whole, or ends before it is."""
    found = exchange(port, sent)
    assert len(found.answers) == 1, found
    return found.answers[0]


def head(line: bytes, *more: bytes) -> bytes:
    """A request of the API up to its body."""
    return line + b" HTTP/1.1\r\n" + HOST + KEY + CLOSE + b"".join(one + b"\r\n" for one in more) + b"\r\n"


def form(body: bytes, *more: bytes) -> bytes:
    """A request that makes a customer."""
    kind = b"Content-Type: application/x-www-form-urlencoded"
    return head(b"POST /v1/customers", kind, b"Content-Length: %d" % len(body), *more) + body


def is_stripes(answer: Answer) -> bool:
    """True if an answer is a refusal as Stripe makes it."""
    document = answer.json()
    error = document.get("error") if isinstance(document, dict) else None
    shaped = isinstance(error, dict) and isinstance(error.get("type"), str) and isinstance(error.get("message"), str)
    return shaped and answer.headers.get("Request-Id", "").startswith("req_") and answer.kind == "application/json"


MALFORMED: dict[str, tuple[bytes, int]] = {
    "no HTTP": (b"\x16\x03\x01\x02\r\n\r\n", 400),
    "another version": (b"GET / HTTP/9.9\r\n\r\n", 400),
    "no version": (b"GET / HTTP/x\r\n\r\n", 400),
    "no headers, as in HTTP/0.9": (b"GET /v1/balance\r\n\r\n", 400),
    "a header without a colon": (head(b"GET /v1/balance", b"no colon"), 400),
    "half a chunk": (head(b"POST /v1/customers", b"Transfer-Encoding: chunked") + b"9\r\nab\r\n", 400),
    "many chunks over the limit": (
        head(b"POST /v1/customers", b"Transfer-Encoding: chunked") + b"fffff\r\n" + b"x" * 0xFFFFF + b"\r\n2\r\nxx\r\n",
        413,
    ),
    "four words": (b"GET / HTTP/1.1 x\r\n\r\n", 400),
    "a long line": (b"GET /v1/" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    "a long header": (head(b"GET /v1/balance", b"X: " + b"a" * 70_000), 431),
    "many headers": (head(b"GET /v1/balance", *[b"X: 1"] * 200), 431),
    "a length that is no number": (head(b"POST /v1/customers", b"Content-Length: x"), 400),
    "a negative length": (head(b"POST /v1/customers", b"Content-Length: -1"), 400),
    "two lengths": (head(b"POST /v1/customers", b"Content-Length: 0", b"Content-Length: 1"), 400),
    "a length and chunks": (head(b"POST /v1/customers", b"Content-Length: 0", b"Transfer-Encoding: chunked"), 400),
    "an unknown encoding": (head(b"POST /v1/customers", b"Transfer-Encoding: gzip"), 400),
    "a chunk without a size": (head(b"POST /v1/customers", b"Transfer-Encoding: chunked") + b"zz\r\n\r\n", 400),
    "a negative chunk": (head(b"POST /v1/customers", b"Transfer-Encoding: chunked") + b"-1\r\n\r\n", 400),
    "a body of gigabytes": (head(b"POST /v1/customers", b"Content-Length: 99999999999"), 413),
    "a body over the limit": (form(b"name=" + b"x" * 1_100_000), 413),
    "many parameters": (form(b"&".join(b"a%d=1" % n for n in range(100_000))), 400),
    "many of one parameter": (form(b"&".join(b"expand[]=x" for n in range(50_000))), 400),
    "deep brackets": (form(b"a" + b"[b]" * 100_000 + b"=1"), 400),
    "brackets that do not close": (form(b"[" * 100_000 + b"=1"), 400),
    "a query of brackets": (head(b"GET /v1/customers?" + b"[b]" * 5_000), 400),
    "a body that is not UTF-8": (form(b"name=\xff\xfe"), 400),
    "half a letter": (form(b"name=%ED%A0%80"), 400),
    "JSON": (head(b"POST /v1/customers", b"Content-Type: application/json", b"Content-Length: 2") + b"{}", 400),
    "an address that cannot be read": (head(b"GET http://[::1/v1/balance"), 400),
    "a key with bytes": (b"GET /v1/balance HTTP/1.1\r\n" + HOST + b"Authorization: Bearer \xff\r\n\r\n", 401),
    "a user's name with bytes": (b"GET /v1/balance HTTP/1.1\r\n" + HOST + b"Authorization: Basic \xff\r\n\r\n", 401),
    "a user's name that is no text": (
        b"GET /v1/balance HTTP/1.1\r\n" + HOST + b"Authorization: Basic /w==\r\n\r\n",
        401,
    ),
    "a host with bytes": (b"GET /v1/balance HTTP/1.1\r\nHost: \xff\r\n" + KEY + b"\r\n", 403),
    "a host that cannot be read": (b"GET /v1/balance HTTP/1.1\r\nHost: [::1\r\n" + KEY + b"\r\n", 403),
    "an account with bytes": (head(b"GET /v1/balance", b"Stripe-Account: \xff"), 403),
    "an account over two lines": (head(b"GET /v1/balance", b"Stripe-Account: a\r\n b"), 400),
    "another method": (head(b"BREW /v1/customers"), 404),
    "a method with bytes": (head(b"\xff\xfe /v1/customers"), 404),
    "another's method": (head(b"PUT /v1/customers", b"Content-Length: 0"), 404),
    "CONNECT": (head(b"CONNECT 127.0.0.1:80"), 400),
}


@pytest.mark.parametrize(("sent", "status"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_refused_in_stripes_shape(port: int, sent: bytes, status: int) -> None:
    """At once, with JSON and an id of the request."""
    answer = one(port, sent)

    assert (answer.status, is_stripes(answer)) == (status, True), answer


ODD = [
    b"\xff\xfe",
    b"%ff%00",
    b"\x00",
    b"%0d%0aX-Evil:1",
    b"%E2%82%AC",
    b"%",
    b"%zz",
    b"..%2f..",
    b"a//b",
    b";x",
    b"%ed%a0%80",
]


@pytest.mark.parametrize("bad", ODD, ids=repr)
@pytest.mark.parametrize(
    "path", [b"/v1/%s", b"/v1/customers/%s", b"/v1/accounts/%s", b"/v1/accounts/%s/login_links", b"/v2/%s"]
)
def test_any_bytes_in_a_path_of_the_api_are_an_unknown_address_or_object(port: int, path: bytes, bad: bytes) -> None:
    """403 is what Stripe says of an account that is not there."""
    answer = one(port, head(b"GET " + path % bad))

    assert answer.status in (403, 404), answer
    assert is_stripes(answer)
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("bad", ODD, ids=repr)
def test_any_bytes_in_a_path_of_the_control_path_are_refused_in_json(port: int, bad: bytes) -> None:
    """In the shape of the API's refusals."""
    answer = one(port, head(b"GET /_sandbox/" + bad))

    assert (answer.status, answer.json()["error"]["type"]) == (404, "invalid_request_error")


@pytest.mark.parametrize("bad", ODD, ids=repr)
@pytest.mark.parametrize(
    "path", [b"/", b"/dashboard/", b"/dashboard/customers/", b"/static/", b"/setup/s/", b"/express/"]
)
def test_any_bytes_in_the_path_of_a_page_lead_to_a_page_of_the_sandboxs_own(port: int, path: bytes, bad: bytes) -> None:
    """The page says that there is nothing, under the policy of all its pages."""
    answer = one(port, head(b"GET " + path + bad))

    assert answer.status == 404, answer
    assert answer.body.startswith(b"<!doctype html><html lang='en'>")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_an_idempotency_key_of_any_bytes_is_sent_back_as_one_header_or_refused(port: int) -> None:
    """Over two lines it would be two headers."""
    for key in (b"\xff\xe9", b"x" * 300, b"a b", b""):
        answer = one(port, form(b"", b"Idempotency-Key: " + key))
        assert answer.status in (200, 400)
        assert answer.headers["Request-Id"].startswith("req_")


def test_a_message_holds_no_more_of_a_request_than_a_line(port: int) -> None:
    """However many parameters, and however long, are not known."""
    body = b"&".join(b"unknown%d=1" % number for number in range(9_000))
    path = b"/v1/customers/" + b"a" * 60_000

    for sent in (form(body), form(b"a" * 900_000 + b"=1"), head(b"GET " + path), head(b"GET /v1/" + b"b" * 60_000)):
        answer = one(port, sent)
        assert answer.status in (400, 404)
        assert len(answer.body) < 4_000


def test_an_answer_to_head_has_no_body(port: int) -> None:
    """As HTTP has it; the length is that of the answer to GET."""
    found = exchange(port, head(b"HEAD /v1/balance"), ["HEAD"])

    assert (found.answers[0].status, found.answers[0].body) == (200, b"")


def test_a_body_in_chunks_is_read(port: int) -> None:
    """As some HTTP clients send it."""
    kind = b"Content-Type: application/x-www-form-urlencoded"
    sent = head(b"POST /v1/customers", kind, b"Transfer-Encoding: chunked") + b"6\r\nname=x\r\n0\r\n\r\n"

    assert one(port, sent).json()["name"] == "x"


@pytest.mark.parametrize(
    "cut", [b"POST /v1/cus", head(b"POST /v1/customers", b"Content-Length: 10") + b"na"], ids=["head", "body"]
)
def test_who_leaves_in_the_middle_changes_nothing(port: int, cut: bytes) -> None:
    """A request that was not whole is not carried out."""
    before = one(port, head(b"GET /v1/customers?limit=100")).body

    exchange(port, cut)

    assert one(port, head(b"GET /v1/customers?limit=100")).body == before


@pytest.mark.parametrize("name", ["\u20ac", "a\r\nb", "\x00"])
def test_an_id_of_any_text_is_named_in_the_message(port: int, name: str) -> None:
    """It is JSON, which takes any."""
    answer = one(port, head(f"GET /v1/customers/{quote(name)}".encode()))

    assert json.loads(answer.body)["error"]["message"] == f"No such customer: '{name}'"


@pytest.mark.parametrize("half", [b"\xed\xa0\x80", b"\\ud800"], ids=["in bytes", "escaped"])
@pytest.mark.parametrize("body", [b'{"match": {"method": "%s"}, "stage": "before", "effect": "close"}', b'{"%s": 1}'])
def test_half_a_letter_is_refused_by_the_control_path(port: int, body: bytes, half: bytes) -> None:
    """It could be kept, and never be told again."""
    told = body % half
    kind, length = b"Content-Type: application/json", b"Content-Length: %d" % len(told)

    answer = one(port, head(b"POST /_sandbox/faults", kind, length) + told)

    assert (answer.status, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("effect", [b"{}", b"[]", b'{"drop": 1}', b"7", b"null", b'"none"'])
@pytest.mark.parametrize(
    ("path", "given"),
    [
        (b"faults", b'{"match": {}, "stage": "before", "effect": %s}'),
        (b"delivery_rules", b'{"match": {}, "effect": %s}'),
    ],
    ids=["faults", "deliveries"],
)
def test_an_effect_of_another_form_is_refused(port: int, path: bytes, given: bytes, effect: bytes) -> None:
    """Whatever JSON it is."""
    told = given % effect
    kind, length = b"Content-Type: application/json", b"Content-Length: %d" % len(told)

    assert one(port, head(b"POST /_sandbox/" + path, kind, length) + told).status == 400


def test_an_origin_that_cannot_be_read_is_another_sites(port: int) -> None:
    """A page of this machine has one that can."""
    told = head(b"POST /_sandbox/reset", b"Origin: http://[::1", b"Content-Length: 0")

    assert one(port, told).status == 403
