"""Requests to the sandbox: its API, its control path and its pages, with what it answered before as names."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote_plus

from tests.fuzz.drafts import Case, Dice, Draft, Name, spoil
from tests.fuzz.values import PATHS, TEXTS, damaged, json_bytes, value
from tests.fuzz.words import Words

_KINDS = {"form": 50, "control": 20, "page": 12, "spoiled": 18}
_PARAMS = """
amount currency customer email name metadata[a] metadata[coachId] description confirm payment_method transfer_group
destination source_transaction payment_intent charge type country capabilities[transfers][requested] expand[] expand[0]
limit starting_after ending_before query created[gte] transfer_data[destination] id url enabled_events[] account
refresh_url return_url business_profile[name] individual[dob][day] active automatic_payment_methods[enabled] client_secret
reason refund_application_fee
""".split()
_GIVEN = """
100 -1 0 1e3 cad usd xxx true false express CA latest_charge data.source account_onboarding * succeeded acct_x
""".split()
# What each call needs to get beyond the check of its parameters.
_NEEDED: dict[str, str] = {
    "/v1/accounts": "type=express&country=CA&capabilities[transfers][requested]=true",
    "/v1/account_links": "account={acct}&type=account_onboarding&return_url=http://127.0.0.1:9/&refresh_url=http://127.0.0.1:9/",
    "/v1/customers": "email=a@example.com&metadata[a]=b",
    "/v1/payment_intents": "amount=5400&currency=cad&confirm=true&payment_method=pm_card_visa&return_url=http://127.0.0.1:9/",
    "/v1/payment_intents/search": "query=metadata['a']:'b' AND status:'succeeded'",
    "/v1/products": "name=x&active=false&metadata[a]=b",
    "/v1/refunds": "payment_intent={pi}&amount=1",
    "/v1/transfers": "amount=10&currency=cad&destination={acct}&source_transaction={ch}",
    "/v1/transfers/<id>/reversals": "amount=1",
    "/v1/webhook_endpoints": "url=http://127.0.0.1:9/&enabled_events[]=*",
}
_JSON: dict[str, Any] = {
    "clock": {"advance": 60},
    "settlement": {"charges_in": "cad", "settle_in": "usd", "rate": "0.7"},
    "webhooks": {"url": "http://127.0.0.1:9/hook", "connect": False},
    "faults": {"match": {"method": "POST", "path": "/v1/x"}, "stage": "before", "effect": "close"},
    "delivery_rules": {"match": {"type": "*"}, "effect": "drop"},
    "disputes": {"charge": "ch_1", "reason": "fraudulent", "amount": 1},
    "behaviour": {"key_scope": "account"},
    "deliveries": {"order": "shuffle"},
}
_PAGES = """
/ /dashboard/payment_intents /dashboard/faults /dashboard/find?id=x /setup/e/acct_1/x /express/acct_1 /v3/ /elements/card
""".split()
# The sandbox may be told to deliver to any address; here to this machine alone.
_ELSEWHERE = re.compile(
    rb"(?:https?|file|javascript):(?:%2F|/)*(?!127\.0\.0\.1|(?:%2F)*127\.0\.0\.1)[\w.-]*", re.IGNORECASE
)


class SandboxCases:
    """Makes the cases of one run."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def make(self, dice: Dice, number: int, target: str) -> Case:
        """The case of a number."""
        kind = dice.weighed(_KINDS)
        draft = self._draft(dice, kind if kind != "spoiled" else dice.weighed({"form": 60, "control": 30, "page": 10}))
        if dice.often(4):
            draft.method = dice.choice(["HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "BREW", "get"])
        if draft.body and dice.often(8):
            draft.chunks = [dice.choice([1, 100, 8_192]) for _ in range(2)]
            draft.body = draft.body[:5_000]
        sent = draft.sent()
        if kind == "spoiled":
            return Case(number, target, kind, spoil(dice, sent))
        return Case(number, target, kind, sent, (str(draft.method),))

    def _draft(self, dice: Dice, kind: str) -> Draft:
        makers = {"form": self._form, "control": self._control_call, "page": self._page}
        draft = makers[kind](dice)
        draft.add(
            "Host", "127.0.0.1" if dice.often(95) else dice.choice(["evil.example", "localhost", "[::1]:3002", b"\xff"])
        )
        for name, values in _HEADERS.items():
            if dice.often(4):
                draft.add(name, dice.choice(values))
        return draft

    def _form(self, dice: Dice) -> Draft:
        method, path = dice.choice(self._words.stripes)
        target = _filled(dice, path, self._words)
        needed = [self._real(dice, _NEEDED.get(path, ""))] if dice.often(75) else []
        form = "&".join(
            filter(None, [*needed, *(_pair(dice, self._words) for _ in range(dice.choice([0, 0, 0, 1, 2, 5])))])
        )
        draft = Draft(method, target)
        if method in ("GET", "DELETE"):
            draft.target = f"{target}?{form}"
        else:
            draft.body = _form_bytes(dice, form)
            draft.add("Content-Type", "application/x-www-form-urlencoded" if dice.often(95) else "application/json")
        if dice.often(96):
            key = "sk_test_sandbox" if dice.often(95) else "pk_test_sandbox"
            draft.add("Authorization", f"Bearer {key}")
        if dice.often(20):
            draft.add(
                "Idempotency-Key",
                f"k{dice.randrange(900)}" if dice.often(90) else dice.choice(["k" * 300, b"\xff", ""]),
            )
        return draft

    def _real(self, dice: Dice, form: str) -> str:
        """The form with ids of objects that are there, where one is known."""
        return re.sub(r"\{(\w+)\}", lambda found: dice.choice(self._words.of_kind(found[1]) or ["x"]), form).replace(
            " ", "+"
        )

    def _control_call(self, dice: Dice) -> Draft:
        method, path = dice.choice(self._words.control_routes)
        if path.endswith("reset") and dice.often(90):
            method, path = "GET", "/_sandbox/state"  # an empty world is soon looked through
        if path.endswith("deliveries"):
            method = "GET"  # how long it takes to make them all is up to who receives them
        name = path.split("/")[2]
        given = damaged(dice, _JSON.get(name, {}), dice.choice([0, 1, 1, 2]))
        body = _ELSEWHERE.sub(b"x", json_bytes(dice, given)) if method == "POST" else None
        kind = "application/json" if dice.often(95) else "text/plain"
        return Draft(method, _filled(dice, path, self._words), [("Content-Type", kind)], body)

    def _page(self, dice: Dice) -> Draft:
        page: str = dice.choice(_PAGES)
        target: Name = page
        if dice.often(60):
            target = f"{page}/{dice.choice(PATHS)}" if dice.often(70) else page.encode() + b"/\xff\xfe"
        if dice.often(20):
            given = quote_plus(json.dumps(value(dice)))[:5_000]
            form = f"route={quote_plus(dice.choice(TEXTS[:12]))}&method=POST&given={given}"
            head: list[tuple[Name, Name]] = [("Content-Type", "application/x-www-form-urlencoded")]
            return Draft("POST", dice.one("/dashboard/do", "/dashboard/faults", "/setup/s/x"), head, form.encode())
        return Draft("GET", target)


_HEADERS: dict[str, list[Name]] = {
    "Stripe-Account": ["acct_1", "acct_\u20ac", b"\xff", "a" * 4_000, ""],
    "Stripe-Version": ["2020-01-01", "x" * 4_000, b"\xff"],
    "Origin": ["https://evil.example", "http://localhost", "null", b"\xff", "http://[::1"],
    "Sec-Fetch-Site": ["cross-site", "same-origin"],
    "Authorization": [
        "Basic c2tfdGVzdF9zYW5kYm94Og==",
        "Basic \u20ac",
        "Basic /w==",
        "Bearer sk_live_x",
        b"\xff",
        "Bearer " + "x" * 3_000,
    ],
    "Expect": ["100-continue"],
    "Cookie": ["express_session=x", b"\xff=;"],
    "Range": ["bytes=0-1", "x"],
    "If-Modified-Since": ["x"],
}


def _filled(dice: Dice, path: str, words: Words) -> str:
    """The path with ids: known ones, or none."""
    kind = _PREFIXES.get(path.split("/")[2], "")
    known = words.of_kind(kind) if dice.often(70) else [*words.seen, "x", *PATHS]
    return re.sub(r"<[^>]+>", lambda _: dice.choice(known or ["x"]), path)


# The beginning of an id, by the collection in the path.
_PREFIXES = {
    "accounts": "acct",
    "charges": "ch",
    "customers": "cus",
    "disputes": "dp",
    "events": "evt",
    "payment_intents": "pi",
    "payouts": "po",
    "products": "prod",
    "refunds": "re",
    "transfers": "tr",
    "webhook_endpoints": "we",
}


def _pair(dice: Dice, words: Words) -> str:
    name = (
        dice.choice(_PARAMS)
        if dice.often(92)
        else dice.choice(["a" + "[b]" * 5_000, "a[", "]", "[a]", "", "a[" + "9" * 99 + "]", "\u20ac"])
    )
    texts = [one for one in TEXTS if "://" not in one and "javascript" not in one]
    given = dice.choice(
        [dice.choice(_GIVEN), dice.choice(words.seen or ["x"]), dice.choice(texts), "http://127.0.0.1:9/"]
    )
    return f"{quote_plus(name, safe='[]')}={quote_plus(given.encode('utf-8', 'surrogatepass'))}"


def _form_bytes(dice: Dice, form: str) -> bytes:
    if dice.often(95):
        return form.encode()
    return dice.choice(
        [
            b"\xff\xfe",
            b"a=1&" * 100_000,
            b"=" * 1_000,
            b"a=" + b"x" * 1_100_000,
            b"&" * 50_000,
            b"%" * 999,
            b"a[]=1&" * 9_000,
        ]
    )
