"""Objects of Stripe's as the SDK gives them, a payment that is read from them, and a line that answers with given ones."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import stripe

from backend.domain.namespace import UNNAMED, Namespace
from backend.services.reads import Payment, payment_of
from backend.stripe_client.platform import PlatformClient
from tests.builders import NODE_PURCHASE
from tests.conftest import NOW

OURS = {"app": "coaching-payments"}
# The ``Date`` of an answer at NOW.
TODAY = {"Date": "Mon, 02 Nov 2026 15:00:00 GMT"}
PURCHASE = {"coachId": "coach-1", **NODE_PURCHASE, "coachAccountId": "acct_1", "feePercent": "10"}


def made(object_type: str, object_id: str, **fields: Any) -> Any:
    """An object of Stripe's."""
    return stripe.StripeObject.construct_from({"object": object_type, "id": object_id, **fields}, "sk_test_a1")


def pages(*items: Any) -> Any:
    """A list of Stripe's, in one page."""
    data = [item.to_dict() for item in items]
    return made("list", "", data=data, has_more=False, url="/v1/x")


def intent(metadata: dict[str, str] | None = None, **fields: Any) -> Any:
    """A succeeded PaymentIntent of ours, unless said otherwise; ``metadata`` is added to the purchase's."""
    given = {"status": "succeeded", "currency": "cad", "amount": 4725, "latest_charge": "ch_1", "transfer_group": "g"}
    return made("payment_intent", "pi_1", **{**given, "metadata": {**PURCHASE, **OURS, **(metadata or {})}, **fields})


def charge(**fields: Any) -> Any:
    """The charge that paid it."""
    given = {"payment_intent": "pi_1", "status": "succeeded", "currency": "cad", "amount_captured": 4725}
    more = {"amount_refunded": 0, "disputed": False, "transfer_group": "g", "created": NOW}
    return made("charge", "ch_1", **{**given, **more, **fields})


def transfer(name: str = "tr_1", amount: int = 4252, **fields: Any) -> Any:
    """Our transfer of the whole share, unless said otherwise."""
    marks = {**OURS, "paymentIntentId": "pi_1", "coachId": "coach-1", "slot": "0"}
    given = {
        "source_transaction": "ch_1",
        "transfer_group": "g",
        "destination": "acct_1",
        "currency": "cad",
        "created": NOW,
    }
    given["reversals"] = {"object": "list", "data": [], "has_more": False, "url": "/v1/x", "total_count": 0}
    return made("transfer", name, **{**given, "amount": amount, "amount_reversed": 0, "metadata": marks, **fields})


def refund(name: str = "re_1", amount: int = 1000, status: str = "succeeded") -> Any:
    """A refund of the payment."""
    return made("refund", name, payment_intent="pi_1", amount=amount, status=status)


def payment(metadata: dict[str, str] | None = None, paid: Any = None, **fields: Any) -> Payment:
    """A payment of ours, paid by the given charge (None: unpaid)."""
    one = intent(metadata, latest_charge=paid, **fields)
    read = payment_of(one, UNNAMED)
    assert read is not None
    return read


def event(kind: str, thing: Any, at: int = NOW, waits: int = 0, before: Any = None) -> Any:
    """An event of Stripe's."""
    data = {"object": thing.to_dict()} | ({"previous_attributes": before} if before else {})
    return made("event", f"evt_{kind}", type=kind, created=at, pending_webhooks=waits, data=data)


class Line(stripe.HTTPClient):
    """A line on which Stripe answers with given objects, by id. ``told``: the headers.

    A status and a code are a refusal; headers of its own may follow, also after a status and an object.
    """

    name = "given"

    def __init__(self, told: dict[str, str] | None = None, **objects: Any) -> None:
        super().__init__()
        self.told = told or {}
        self.objects = objects
        self.asked: list[str] = []
        self.urls: list[str] = []
        self.sent: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        self.paces = 0

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_rest: Any) -> Any:
        """One call: the object whose id ends the path."""
        where = urlsplit(url)
        object_id = where.path.rpartition("/")[2]
        self.urls.append(unquote(f"{where.path}?{where.query}" if where.query else where.path))
        self.keys.append({name.lower(): value for name, value in headers.items()}.get("idempotency-key"))
        self.sent.append(dict(parse_qsl(str(post_data or ""), keep_blank_values=True)))
        self.asked.append(object_id)
        answer = self.objects[object_id]
        if isinstance(answer, list):
            answer = answer.pop(0)  # what is answered first, then, ...
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            status, code, *headers = answer
            kind = "idempotency_error" if code == "idempotency_error" else "invalid_request_error"
            body = (
                {"error": {"message": "No.", "code": code, "type": kind}} if isinstance(code, str) else code.to_dict()
            )
            return json.dumps(body), status, headers[0] if headers else self.told
        return json.dumps(answer.to_dict()), 200, self.told

    def close(self) -> None:
        """Nothing is open."""

    @property
    def client(self) -> stripe.StripeClient:
        """The official SDK on this line."""
        return stripe.StripeClient("sk_test_a1", http_client=self, max_network_retries=0)

    def client_of(self, name: str, *also: str) -> PlatformClient:
        """The client of a deployment with a name, and perhaps earlier names, whose accounts are all v1 accounts."""
        options: dict[str, Any] = {"http_client": self, "max_network_retries": 0}
        return PlatformClient("sk_test_a1", namespace=Namespace(name, also), accounts_v2=False, **options)

    @property
    def client_of_v1(self) -> PlatformClient:
        """The client of a platform whose accounts are all v1 accounts, on this line."""
        return self.client_of("")

    def pace(self) -> None:
        """Count the calls that were announced."""
        self.paces += 1
