"""Requests to the backend: every route, hostile in one way or in several."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from tests.fuzz.drafts import Case, Dice, Draft, Name, spoil
from tests.fuzz.tokens import Purse
from tests.fuzz.values import MARK, PATHS, damaged, json_bytes, value
from tests.fuzz.words import PAGES, ROLLED, Operation, Words

_KINDS = {"call": 45, "event": 18, "address": 15, "spoiled": 14, "pipeline": 3, "hang-up": 5}
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW", "get", "G\u00c9T"]
_CONTENT_TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "application/JSON",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/vnd.api+json",
    "",
    "a" * 4_000,
    b"\xff/\xfe",
    ";;;",
]
_HEADERS: dict[str, list[Name]] = {
    "Idempotency-Key": ["k" * 36, "short", "a,b", "k" * 255, "k" * 256, "4242424242424242", b"\xff\xfe", "", MARK],
    "X-Request-Id": ["sane-1", "x" * 129, MARK, b"\xff", "4242424242424242", ""],
    "X-Forwarded-For": [
        "::ffff:10.0.0.1",
        "2001:db8::1",
        "unknown",
        "1.2.3.4, 5.6.7.8",
        "x" * 4_000,
        b"\xff",
        "[::1]:80",
        "%",
    ],
    "X-Forwarded-Proto": ["http", "https", "ftp", "https,http", b"\xff"],
    "X-Forwarded-Host": ["evil.example", b"\xff"],
    "Forwarded": ["for=1.2.3.4;proto=https", "x" * 2_000],
    "Origin": ["https://app.example.com", "https://evil.example", "null", MARK, b"\xff", "*"],
    "Access-Control-Request-Method": ["POST", MARK],
    "Access-Control-Request-Headers": ["authorization", "x" * 3_000, b"\xff"],
    "Accept": ["*/*", "text/html", "x" * 3_000, ";q=;"],
    "Accept-Encoding": ["gzip", "identity;q=0", "\u20ac"],
    "Content-Encoding": ["gzip", "br", "x"],
    "Range": ["bytes=0-5", "bytes=5-0", "bytes=-99999999999999999999", "bytes=0-0," * 500, "lines=1", "bytes=a-b"],
    "If-None-Match": ["*", '"x"', "x" * 3_000, '"' * 50, b"\xff"],
    "If-Modified-Since": ["Mon, 99 Foo 2026 99:99:99 GMT", "x", "0"],
    "If-Range": ['"x"', "x"],
    "Cookie": ["a=b", "=;=;" * 500, b"\xff=\xfe"],
    "Authorization": ["Bearer metrics-token-of-thirty-characters", "Bearer x", b"\xff"],
    "Stripe-Signature": ["t=1,v1=a", b"\xff"],
    "Transfer-Encoding": ["identity"],
    "Expect": ["100-continue", "x"],
    "User-Agent": ["() { :;}; echo", "x" * 4_000],
    "Host": ["evil.example", "127.0.0.1:1", "[::1", b"\xff", "a" * 3_000, "x, y"],
}


class BackendCases:
    """Makes the cases of one run."""

    def __init__(self, words: Words, purse: Purse) -> None:
        self._words = words
        self._purse = purse

    def make(self, dice: Dice, number: int, target: str) -> Case:
        """The case of a number."""
        kind = dice.weighed(_KINDS)
        draft = self._draft(dice, number, target, kind)
        if kind == "spoiled":
            return Case(number, target, kind, spoil(dice, draft.sent()))
        if kind == "hang-up":
            return self._leaving(dice, number, target, draft)
        if kind == "pipeline":
            drafts = [draft, *(self._draft(dice, number, target, "call") for _ in range(dice.randrange(1, 4)))]
            return Case(number, target, kind, b"".join(one.sent() for one in drafts), tuple(map(_method, drafts)))
        return Case(number, target, kind, draft.sent(), (_method(draft),) if _is_whole(draft) else None)

    def _leaving(self, dice: Dice, number: int, target: str, draft: Draft) -> Case:
        """Gone in the head, in the body, or while it waits. Of a refund nobody would know then whether it was made."""
        sent = draft.sent()
        if b"refund" in sent:
            sent = Draft("GET", "/health", [("Host", "x")]).sent()
        at = dice.one(len(sent), dice.randrange(len(sent) + 1))
        return Case(number, target, "hang-up", sent[:at], hangs_up=True)

    def _draft(self, dice: Dice, number: int, target: str, kind: str) -> Draft:
        """One request, with the headers that make it taken seriously, and perhaps some that do not."""
        if kind == "spoiled":
            kind = dice.weighed({"call": 60, "event": 30, "address": 10})
        makers = {"event": self._event, "address": self._address}
        draft = makers.get(kind, self._call)(dice)
        names = {str(name).lower() for name, _ in draft.headers}
        if "authorization" not in names and kind != "event":
            token = self._purse.authorization(dice, target)
            draft.headers += [("Authorization", token)] if token is not None else []
        draft.add("Host", f"127.0.0.1:{dice.one(80, 3001)}")
        draft.add("X-Request-Id", f"case-{number}")
        if target == "secret":
            # Behind one proxy: each case is another client, and nearly all come over HTTPS.
            draft.add("X-Forwarded-For", f"198.{dice.randrange(18, 20)}.{dice.randrange(256)}.{dice.randrange(1, 255)}")
            draft.add("X-Forwarded-Proto", "https" if dice.often(97) else "http")
        for _ in range(dice.choice([0, 0, 0, 1, 3])):
            name = dice.choice(list(_HEADERS))
            draft.add(name, dice.choice(_HEADERS[name]))
        if dice.often(4):
            draft.method = dice.choice(_METHODS)
        if draft.body and dice.often(10):
            draft.chunks = [dice.choice([1, 3, 100, 8_192, 70_000]) for _ in range(3)]
            draft.body = draft.body[:20_000] if min(draft.chunks) < 100 else draft.body
        return draft

    def _call(self, dice: Dice) -> Draft:
        """A call of the reference."""
        operation: Operation = dice.choice(self._words.operations)
        if operation.path.startswith("/api/webhooks"):
            return self._event(dice)
        path: Name = self._words.fill(dice, operation.path)
        path = _odd(dice, path) if dice.often(12) else f"{path!s}{_query(dice, operation)}"
        draft = Draft(operation.method, path)
        if operation.example is not None:
            document = json.loads(self._words.fill(dice, json.dumps(operation.example)))
            if operation.path.endswith("refund"):
                document["amount"] = dice.randrange(1, 200)
            draft.body = json_bytes(dice, damaged(dice, document, dice.choice([0, 0, 1, 1, 1, 2, 5])))
        elif dice.often(10):
            draft.body = json_bytes(dice, value(dice))
        if draft.body is not None:
            draft.add("Content-Type", "application/json" if dice.often(85) else dice.choice(_CONTENT_TYPES))
        if dice.often(30):
            draft.add("Idempotency-Key", f"key-{dice.randrange(10_000):032}")
        return draft

    def _event(self, dice: Dice) -> Draft:
        """A delivery: signed as Stripe signs it, or nearly so."""
        event, secret = dice.choice(self._words.events)
        if dice.often(25):
            event = {**event, "type": dice.choice(self._words.events)[0]["type"]}
        body = json_bytes(dice, damaged(dice, event, dice.choice([0, 1, 1, 1, 2, 4])))
        draft = Draft("POST", "/api/webhooks/stripe", [("Content-Type", "application/json")], body)
        signature = _signature(dice, body, secret)
        if signature is not None:
            draft.add("Stripe-Signature", signature)
        return draft

    def _address(self, dice: Dice) -> Draft:
        """An address with something odd in it."""
        known = [one.path for one in self._words.operations] + [*ROLLED, *PAGES]
        target: Name = self._words.fill(dice, dice.choice(known))
        for _ in range(dice.choice([0, 1, 1, 2])):
            target = _odd(dice, target)
        return Draft(dice.choice(["GET", "GET", "GET", *_METHODS]), target)


def _odd(dice: Dice, target: Name) -> Name:
    if isinstance(target, bytes):
        return target + dice.choice([b"\xff", b"?\xff=\xfe", b"%"])
    parts = target.split("/")
    at = dice.randrange(1, len(parts)) if len(parts) > 1 else 0
    made: list[Name] = [
        "/".join([*parts[:at], dice.choice(PATHS), *parts[at + 1 :]]),
        "/".join([*parts[: at + 1], dice.choice(PATHS)]),
        f"{target}/",
        f"/{target}",
        target.upper(),
        f"{target}?{dice.choice(PATHS)}={dice.choice(PATHS)}",
        f"{target}?{'a=b&' * 400}",
        f"{target}?{'a' * 5_000}",
        f"{target}?card=4242424242424242",
        f"http://evil.example{target}",
        f"http://[::1{target}",
        "*",
        "evil.example:443",
        "",
        target.encode() + b"\xff\xfe",
        b"/\x80" + target.encode(),
        target + "#fragment",
    ]
    return dice.choice(made)


def _query(dice: Dice, operation: Operation) -> str:
    if not operation.query or dice.often(20):
        return "" if dice.often(90) else "?unknown=1"
    pairs = []
    for name in dice.choices(operation.query, k=dice.choice([1, 1, 2])):
        given = dice.choice(
            ["10", "-1", "1e9", "po_" + "a" * 24, "c1%40example.com", "https://app.example.com/x", *PATHS]
        )
        pairs.append(f"{name}={given}")
    return "?" + "&".join(pairs)


def _signature(dice: Dice, body: bytes, secret: str) -> Name | None:
    at = int(time.time()) + (0 if dice.often(90) else dice.choice([-299, -400, 400, 10**9, -(10**9)]))
    key = secret if dice.often(85) else dice.choice(["whsec_a1", "whsec_b1", "whsec_other", ""])
    digest = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    right = f"t={at},v1={digest}"
    if dice.often(85):
        return right
    return dice.choice(
        [
            None,
            "",
            f"t={at}",
            f"v1={digest}",
            f"t={at},v0={digest}",
            f"t={at},t={at},v1={digest}",
            f"t={'9' * 400},v1={digest}",
            f"t={at},v1={'0' * 64},v1={digest}",
            right + ",v1=" + "a" * 3_000,
            f"t={at}" + f",v1={digest}" * 100,
            f"t=\u0661,v1={digest}",
            b"t=1,v1=\xff\xfe",
            right.upper(),
        ]
    )


def _method(draft: Draft) -> str:
    return draft.method if isinstance(draft.method, str) else "GET"


def _is_whole(draft: Draft) -> bool:
    """True if any server has to read it as one request: then one answer is owed."""
    sent = draft.sent().partition(b"\r\n\r\n")[0]
    counted = [line.partition(b":")[0].strip().lower() for line in sent.split(b"\r\n")[1:]]
    once = all(counted.count(name) <= 1 for name in (b"host", b"content-length", b"transfer-encoding"))
    framed = not (b"transfer-encoding" in counted and b"content-length" in counted)
    plain = all(32 < byte < 127 for byte in sent.partition(b"\r\n")[0].replace(b" ", b""))
    words = len(sent.partition(b"\r\n")[0].split(b" ")) == 3
    return once and framed and plain and words and len(sent) < 60_000
