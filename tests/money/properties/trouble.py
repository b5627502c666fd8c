"""Time, deliveries that are lost or late, and a Stripe that fails in every way that it can."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.money.properties.stage import DAY, HOUR, MINUTE, RandomHistory

Fault = tuple[str, str, str, Any]

WRITES = ["/v1/transfers", "/v1/transfers", "/v1/refunds", "/v1/payment_intents", "/v1/products", "/v1/accounts"]
READS = [
    "/v1/payment_intents",
    "/v1/payment_intents/search",
    "/v1/transfers",
    "/v1/charges",
    "/v1/refunds",
    "/v1/disputes",
    "/v1/accounts",
    "/v1/balance",
    "/v1/balance_transactions",
    "/v1/products",
    "/v1/events",
]
EFFECTS: list[Any] = [
    "close",
    "truncate",
    "garbage",
    "empty_200",
    "html_502",
    "rate_limit",
    "lock_timeout",
    "conflict",
    "no_permission",
    {"status": 500},
]
STORED: list[Any] = [
    {"status": 500, "cache": True},
    {"status": 500, "cache": True, "late": 10 * MINUTE},
    {"status": 500, "cache": True, "late": 170 * MINUTE},
    {"status": 400, "cache": True, "code": "parameter_invalid", "message": "Stored."},
]
stages = st.sampled_from(["before", "after"])
broken_writes = st.tuples(st.just("POST"), st.sampled_from(WRITES), stages, st.sampled_from(EFFECTS))
stored_writes = st.tuples(st.just("POST"), st.sampled_from(WRITES[:3]), st.just("before"), st.sampled_from(STORED))
broken_reads = st.tuples(st.just("GET"), st.sampled_from(READS), stages, st.sampled_from(EFFECTS))
faults = st.one_of(broken_writes, stored_writes, broken_reads)

TYPES = ["*", "payment_intent.*", "charge.*", "refund.*", "transfer.*", "account.*", "charge.dispute.*"]
LOSSES: list[Any] = [
    "drop",
    "drop",
    "suppress",
    "suppress",
    "duplicate",
    "twin",
    {"delay": 5 * HOUR},
    {"delay": 2 * DAY},
]
SWITCHES: dict[str, list[Any]] = {
    "appeal_moves_funds": ["decision", "opening"],
    "bounce_reopens_intent": [False, True],
    "charge_follows_metadata": [False, True],
    "debit_booked": ["success", "pending"],
    "debit_bounces_as": ["dispute", "failure"],
    "deleted_account_tells": [False, True],
    "deleted_product_id": ["free", "taken"],
    "destination_payment_event": ["payment.created", "charge.succeeded", "both"],
    "dispute_marks_charge": [True, False],
    "duplicate_product_status": [400, 409],
    "excess_code": [None, "amount_too_large"],
    "failed_refund_lowers_charge": [True, False],
    "fee_rounding": ["half_up", "down", "up"],
    "gone_destination_code": ["resource_missing", "account_invalid"],
    "key_scope": ["account", "platform"],
    "new_capability": ["inactive", "pending"],
    "other_transfer_group": ["refused", "ignored"],
    "pending_refund_counts": [True, False],
    "prevented_is_closed": [False, True],
    "prevented_pays": ["refund", "dispute"],
    "refund_begins": ["succeeded", "succeeded", "requires_action"],
    "refund_waits_for_balance": [False, True],
    "refunded_tells_previous": [True, False],
    "reversals_free_source_room": [False, True],
}
switches = st.fixed_dictionaries({name: st.sampled_from(choices) for name, choices in SWITCHES.items()})
WAITS = [MINUTE, 20 * MINUTE, HOUR, 4 * HOUR, 4 * HOUR, 21 * HOUR, 25 * HOUR, 73 * HOUR, 6 * DAY]


class Trouble(RandomHistory):
    """Its rules."""

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: int) -> None:
        """Time passes: keys are forgotten, funds mature, payouts leave, banks answer."""
        self.wait_for(seconds)

    @rule(order=st.sampled_from(["fifo", "lifo", "shuffle"]))
    def deliver(self, order: Any) -> None:
        """Stripe delivers what is due, in some order."""
        self.market.sandbox.deliver_due(order=order)

    @rule(which=st.integers(0, 200))
    def deliver_again(self, which: int) -> None:
        """Any event comes again, with its old payload."""
        events = self.books.rows("events")
        if events:
            self.call_control(f"/events/{events[which % len(events)]['id']}/resend")

    @rule(
        kind=st.sampled_from(TYPES),
        effect=st.sampled_from(LOSSES),
        p=st.sampled_from([0.5, 1.0]),
        seed=st.integers(0, 9),
    )
    def lose_events(self, kind: str, effect: Any, p: float, seed: int) -> None:
        """From now on some events are lost, never made, doubled or late."""
        self.market.sandbox.world.events.deliveries.rules.add(match={"type": kind}, effect=effect, p=p, seed=seed)

    @rule(fault=faults, times=st.integers(1, 4))
    def break_stripe(self, fault: Fault, times: int) -> None:
        """The next calls of a kind fail: before the work, or after it."""
        self.market.fault(*fault, times=times)

    @rule(
        what=st.sampled_from(
            "mend_stripe find_events restart break_host_app mend_host_app settle_abroad settle_at_home".split()
        )
    )
    def turn(self, what: str) -> None:
        """The circumstances change."""
        getattr(self, what)()

    def mend_stripe(self) -> None:
        """Stripe works again."""
        self.market.sandbox.faults.clear()

    def find_events(self) -> None:
        """The network works again; what was lost stays lost."""
        self.market.sandbox.world.events.deliveries.rules.clear()

    def restart(self) -> None:
        """Every process is gone; the new one remembers nothing."""
        self.market.restart()

    def break_host_app(self) -> None:
        """The subscribers of the signals fail."""
        self.host.broken = True

    def mend_host_app(self) -> None:
        """They do not any more."""
        self.host.broken = False

    def settle_abroad(self) -> None:
        """New charges arrive on the balance in another currency."""
        self.call_control("/settlement", {"charges_in": "cad", "settle_in": "usd", "rate": "0.7"})

    def settle_at_home(self) -> None:
        """They no longer do."""
        self.call_control("/settlement", {"charges_in": "cad", "settle_in": "cad"})
