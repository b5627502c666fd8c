"""Repairs of a sweep: it tells, settles, and goes on whatever becomes of one payment."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.namespace import Namespace
from backend.webhooks import signals
from tests.builders import Marketplace
from tests.conftest import NOW
from tests.money.news_heard import lines, news
from tests.money.sweep_ends import ends
from tests.money.sweeping import send


def refuse(_sender: object, **_facts: Any) -> None:
    """A subscriber of the host app that cannot take the news."""
    raise KeyError("the host app's own")


def test_a_payment_that_fails_is_reported_and_logged_and_the_next_is_settled(market: Marketplace) -> None:
    """By its id, with the class of what went wrong."""
    market.ready_coach()
    first, second = market.paid(), market.paid()
    market.fault("GET", f"/v1/payment_intents/{first}", "before", {"status": 500}, times=20)

    with capture_logs() as logs:
        mended = ends(market)

    assert (mended[first].state, mended[first].reason) == ("failed", "APIError")
    assert (mended[second].state, mended[second].moved, mended[second].currency) == ("settled", 4252, "cad")
    assert lines(logs, "reconcile.failed") == [{"payment": first, "kind": "APIError"}]
    assert market.held(second) == 4252


def test_a_subscriber_that_fails_is_the_end_of_a_settled_payment(market: Marketplace) -> None:
    """Its money moved all the same, and the end says how much."""
    market.ready_coach()
    payment = market.paid()

    with signals.session_opened.connected_to(refuse):
        mended = ends(market)[payment]

    assert (mended.state, mended.reason, mended.moved) == ("failed", "KeyError", 4252)
    assert market.held(payment) == 4252


def test_the_first_failure_of_a_subscriber_is_the_one_that_is_told(market: Marketplace) -> None:
    """Others after it are logged."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 1_000)

    def give_up(_sender: object, **_facts: Any) -> None:
        raise ValueError("the host app's own")

    with signals.session_opened.connected_to(refuse), signals.refund_made.connected_to(give_up), capture_logs() as logs:
        mended = ends(market)[payment]

    assert (mended.state, mended.reason) == ("failed", "KeyError")
    assert [line["kind"] for line in logs if line["event"] == "signal.failed"] == ["KeyError", "ValueError"]


@pytest.mark.parametrize(("amount", "open_still"), [(4724, True), (4725, False)])
def test_a_settled_payment_tells_its_session_unless_it_is_refunded_whole(
    market: Marketplace, amount: int, open_still: bool
) -> None:
    """One cent that stays with us keeps the session open; a whole refund is told as its end."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, amount)
    market.deliver()

    with news() as told:
        assert ends(market) == {}

    session, refund = f"session_{payment[3:]}", market.refunds(payment)[0].id
    ids = {(name, facts["id"]) for name, facts in told}
    about = ("session-opened", session) if open_still else ("session-revoked", f"{session}:{refund}")
    assert ids == {("refund-made", refund), about}


def test_a_dry_run_tells_nothing_of_a_payment_that_balances(market: Marketplace) -> None:
    """The next sweep tells it."""
    market.ready_coach()
    market.paid()
    market.deliver()

    with news() as told:
        assert ends(market, dry_run=True) == {}

    assert told == []


def test_a_whole_refund_of_the_window_is_told_at_no_call(market: Marketplace) -> None:
    """The books say that nothing is left: its refunds are not asked for."""
    market.ready_coach()
    payment = market.paid()
    market.deliver()
    market.refund_in_dashboard(payment, 4725)
    market.deliver()
    ends(market)
    market.forget_calls()

    ends(market)

    asked = [call for call in market.calls() if call == "GET /v1/refunds"]
    assert len(asked) == 1  # the sweep's own look at refunds that are not final
    assert f"GET /v1/payment_intents/{payment}" not in market.calls()


def test_a_payment_that_a_person_settles_tells_its_session(market: Marketplace) -> None:
    """Its money is not reckoned; the player bought a session all the same."""
    market.ready_coach()
    payment = market.paid()
    market.stripe.v1.payment_intents.update(payment, {"metadata": {"settlementMode": "manual"}})

    with news() as told:
        assert ends(market) == {}

    assert [(name, facts["id"]) for name, facts in told] == [("session-opened", f"session_{payment[3:]}")]
    assert market.held(payment) == 0


def test_a_sweep_tells_what_it_settles_in_order(market: Marketplace) -> None:
    """The session first, then the refund that no event told of, then the dispute."""
    market.ready_coach()
    payment = market.paid()
    market.refund_in_dashboard(payment, 1_000)
    dispute = market.dispute(payment)

    with news() as told:
        ends(market)

    mine = [name for name, facts in told if facts.get("payment_id") == payment or name == "session-opened"]
    assert mine[:3] == ["session-opened", "refund-made", "dispute-opened"]
    assert [facts["dispute_id"] for name, facts in told if name == "dispute-opened"] == [dispute]


def test_a_refund_is_told_before_the_money_that_waits(market: Marketplace) -> None:
    """As it happened: the refund was first."""
    payment = market.paid()
    market.refund_in_dashboard(payment, 1_000)

    with news() as told:
        ends(market)

    assert [name for name, _ in told] == ["session-opened", "refund-made", "transfer-held"]


def test_a_node_payment_that_a_named_deployment_paid_is_settled_by_it() -> None:
    """By its own mark on the transfer; another deployment's mark makes it nobody's here."""
    blue = Namespace("blue")
    market = Marketplace(now=NOW, namespace=blue)
    account = market.ready_coach()
    ours, theirs = market.node_payment(), market.node_payment()
    for payment, mark in ((ours, blue.mark), (theirs, Namespace("red").mark)):
        metadata = {**mark, "paymentIntentId": payment, "coachId": "coach-1"}
        send(market, account, 4252, metadata, source_transaction=market.charge(payment))
        market.refund_in_dashboard(payment, 1_000)

    mended = ends(market)

    assert mended[ours].moved == -900
    assert mended[theirs].state == "not_ours"
