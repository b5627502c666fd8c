"""The benchmark's parts work: the SDK reads what the canned upstream says, and every server does the same work on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import stripe

from tests.bench.load import order
from tests.bench.servers import NAMES, Server, server_process
from tests.bench.shapes import signed
from tests.bench.upstream import Upstream, upstream_process
from tests.programs import NODE

pytestmark = pytest.mark.needs(NODE)

PAID = "3Paid0000000000000000001"


@pytest.fixture(scope="module")
def running_upstream() -> Iterator[Upstream]:
    """An upstream for the module."""
    with upstream_process() as upstream:
        yield upstream


@pytest.fixture
def upstream(running_upstream: Upstream) -> Upstream:
    """The upstream with its counts at nothing, and answering at once."""
    running_upstream.reset(delay=0)
    return running_upstream


@pytest.fixture
def sdk(upstream: Upstream) -> stripe.StripeClient:
    """Stripe's SDK, speaking to the upstream."""
    return stripe.StripeClient("sk_test_a1", base_addresses={"api": upstream.url}, max_network_retries=0)


@pytest.fixture(scope="module", params=NAMES)
def server(
    request: pytest.FixtureRequest, running_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Ours and the peers, as they are measured."""
    with server_process(request.param, running_upstream, tmp_path_factory.mktemp("bench")) as server:
        yield server


def _buy(server: Server, player: str, **changes: Any) -> requests.Response:
    return requests.post(f"{server.url}/api/payments/create-intent", json=order(player) | changes, timeout=10)


def _tell(server: Server, event: str, signature: str) -> int:
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
    return requests.post(f"{server.url}/api/webhooks/stripe", event.encode(), headers=headers, timeout=10).status_code


def _event(upstream: Upstream) -> str:
    return upstream.shapes.event.replace("@n@", PAID).replace("@created@", str(int(time.time())))


def test_an_intent_says_what_was_asked_for(sdk: stripe.StripeClient) -> None:
    """The amount, the metadata with any characters, and an id of its own come back."""
    params: Any = {"amount": 1_234, "currency": "cad", "metadata": {"coachName": "Zoë & Co + 1"}}
    first, second = sdk.v1.payment_intents.create(params), sdk.v1.payment_intents.create(params)

    assert (first.amount, first.currency, first.status) == (1_234, "cad", "requires_payment_method")
    assert first.metadata.to_dict() == {"coachName": "Zoë & Co + 1"}
    assert first.id != second.id
    assert str(first.client_secret).startswith(f"{first.id}_secret_")


def test_a_player_who_never_bought_has_no_customer_until_one_is_made(sdk: stripe.StripeClient) -> None:
    """All other players have one."""
    assert len(sdk.v1.customers.list({"email": "player1@example.com"}).data) == 1
    assert sdk.v1.customers.list({"email": "first-1@example.com"}).data == []

    made = sdk.v1.customers.create({"email": "first-1@example.com"})
    assert [one.id for one in sdk.v1.customers.list({"email": "first-1@example.com"}).data] == [made.id]


def test_a_payment_is_paid_out_and_shows_in_its_group(sdk: stripe.StripeClient, upstream: Upstream) -> None:
    """The charge comes expanded, the transfer is listed, and the payment is counted once however often it is sent."""
    payment = sdk.v1.payment_intents.retrieve(f"pi_{PAID}", {"expand": ["latest_charge"]})
    charge: Any = payment.latest_charge
    params: Any = {"amount": 5, "currency": "cad", "destination": "acct_1", "source_transaction": charge.id}
    made = [sdk.v1.transfers.create(params | {"expand": ["source_transaction"]}) for _ in range(2)]

    assert (payment.status, charge.payment_intent, charge.paid) == ("succeeded", payment.id, True)
    assert [one.source_transaction.id for one in made] == [charge.id, charge.id]
    assert [one.id for one in sdk.v1.transfers.list({"transfer_group": charge.transfer_group}).data] == [made[0].id]
    assert (upstream.counts()["calls"]["transfers.create"], upstream.counts()["payments"]) == (2, 1)


def test_a_call_that_it_does_not_know_is_refused_and_counted(sdk: stripe.StripeClient, upstream: Upstream) -> None:
    """So that a backend that began to make other calls is not measured on refusals."""
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.refunds.create({"charge": "ch_1"})

    assert upstream.counts()["unknown"] == {"POST /v1/refunds": 1}


def test_above_its_ceiling_it_answers_429(sdk: stripe.StripeClient, upstream: Upstream) -> None:
    """One call a second is let through, so some of four calls in a row are refused."""
    upstream.reset(delay=0, ceiling=1)
    refused = 0
    for _ in range(4):
        try:
            sdk.v1.balance.retrieve()
        except stripe.RateLimitError:
            refused += 1

    assert refused == upstream.counts()["refused"] > 0


def test_it_takes_as_long_as_it_is_told(sdk: stripe.StripeClient, upstream: Upstream) -> None:
    """The delay is a lower bound."""
    upstream.reset(delay=50)
    began = time.monotonic()
    sdk.v1.balance.retrieve()

    assert time.monotonic() - began >= 0.049


def test_a_purchase_makes_one_intent(server: Server, upstream: Upstream) -> None:
    """The peers do it in two calls, three for a player who never bought; ours makes no call that is unknown here."""
    repeat = _buy(server, "player7")
    counts = upstream.counts()
    upstream.reset(delay=0)
    first = _buy(server, f"first-{server.name}")
    first_counts = upstream.counts()

    for answer in (repeat, first):
        assert answer.status_code == 200, answer.text
        assert answer.json()["paymentIntent"]["amount"] == 4_725
        assert answer.json()["feeBreakdown"] == {"totalAmount": 4_725, "platformFee": 473, "coachAmount": 4_252}
    assert counts["calls"]["payment_intents.create"] == first_counts["calls"]["payment_intents.create"] == 1
    assert counts["unknown"] == first_counts["unknown"] == {}
    if server.name != "ours":
        assert counts["calls"] == {"customers.list": 1, "payment_intents.create": 1}
        assert first_counts["calls"] == counts["calls"] | {"customers.create": 1}


def test_a_paid_webhook_reads_the_payment_and_makes_one_transfer(server: Server, upstream: Upstream) -> None:
    """The same two calls in all of them."""
    event = _event(upstream)

    assert _tell(server, event, signed(event, int(time.time()))) == 200
    assert upstream.counts()["calls"] == {"payment_intents.retrieve": 1, "transfers.create": 1}
    assert upstream.counts()["payments"] == 1


def test_what_is_not_signed_and_what_is_not_for_sale_is_refused(server: Server, upstream: Upstream) -> None:
    """The peers check what ours checks, and no call is made for it."""
    event = _event(upstream)

    assert _tell(server, event + " ", signed(event, int(time.time()))) == 400
    assert _tell(server, event, signed(event, int(time.time()) - 3_600)) == 400
    assert _buy(server, "player7", packageId=99).status_code == 400
    assert _buy(server, "player7", coachName="").status_code == 400
    assert upstream.counts()["total"] == 0
