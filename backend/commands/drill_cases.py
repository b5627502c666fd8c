"""The drills: each makes one thing go wrong, lets time pass, and compares the money. Its docstring is what people read."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from backend.commands.drill_environment import DrillEnvironment

_HOUR = 3_600


def lost_response(drill: DrillEnvironment) -> None:
    """Stripe makes the transfer, and the answer is lost on the way"""
    drill.register()
    payment = drill.buy()
    drill.break_stripe("/v1/transfers", "after", "close", times=2)
    drill.deliver()
    drill.wait(_HOUR)
    drill.expect_transfers(1)
    drill.expect_money(payment)


def double_webhook(drill: DrillEnvironment) -> None:
    """The same event comes eight times at once, and again three days later"""
    drill.register()
    payment = drill.buy()
    event = drill.stripe("events", type="payment_intent.succeeded")["data"][0]["id"]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: drill.control(f"events/{event}/resend"), range(8)))
    drill.deliver()
    drill.wait(72 * _HOUR)
    drill.control(f"events/{event}/resend")
    drill.deliver()
    drill.expect_transfers(1)
    drill.expect_money(payment)


def confirm_first(drill: DrillEnvironment) -> None:
    """The front end confirms before any webhook comes, and again after"""
    drill.register()
    payment = drill.buy()
    before = drill.confirm(payment)
    drill.deliver()
    drill.expect("session", before, drill.confirm(payment), "the first answer; the second")
    drill.expect_money(payment)


def crash_in_between(drill: DrillEnvironment) -> None:
    """The work stops between the charge and the transfer"""
    drill.register()
    payment = drill.buy()
    drill.break_stripe("/v1/transfers", "before", "close", times=100)
    drill.deliver()
    drill.expect(
        "transferred before", 0, drill.received(payment), "the drill; Stripe's transfers", drill.terms.currency
    )
    drill.works_again()
    drill.wait(_HOUR)
    drill.expect_money(payment)


def coach_not_ready(drill: DrillEnvironment) -> None:
    """The coach is paid for before being able to receive money"""
    drill.register(ready=False)
    payment = drill.buy()
    drill.deliver()
    drill.expect("note", "held:coach_not_ready", drill.note(payment)[:20], "the rule; Stripe's PaymentIntent")
    drill.confirm(payment)
    drill.control(f"accounts/{drill.account}/onboard")
    drill.deliver()
    drill.expect_money(payment)


def refund_in_flight(drill: DrillEnvironment) -> None:
    """The player is refunded before the coach's transfer has been made"""
    drill.register()
    payment = drill.buy()
    drill.refund(payment)
    drill.deliver()
    drill.expect_money(payment, refunded=drill.terms.price)


def refund_in_part(drill: DrillEnvironment) -> None:
    """The player is refunded a part when the coach has been paid, and another part after"""
    drill.register()
    payment = drill.buy()
    drill.deliver()
    first, second = drill.terms.price // 3, drill.terms.price // 5
    drill.refund(payment, first)
    drill.expect_money(payment, refunded=first)
    drill.refund(payment, second)
    drill.deliver()
    drill.expect_money(payment, refunded=first + second)


def refund_that_fails(drill: DrillEnvironment) -> None:
    """The player's bank sends the refund back, and the coach is paid again"""
    drill.register()
    payment = drill.buy("pm_card_refundFail")
    drill.deliver()
    drill.refund(payment)
    drill.deliver()
    drill.expect_money(payment, refunded=drill.terms.price)
    drill.wait(60)
    # What the coach is paid with now comes from the platform's own balance, where the payment is still pending.
    drill.wait(48 * _HOUR)
    drill.sweep()
    drill.expect_money(payment)


def dispute_after_payout(drill: DrillEnvironment) -> None:
    """The bank takes the money back when the coach has long been paid out"""
    drill.register()
    payment = drill.buy()
    drill.deliver()
    drill.wait(120 * _HOUR)
    drill.control("disputes", charge=drill.charge(payment))
    drill.deliver()
    share, currency = drill.terms.share_of(drill.terms.price), drill.terms.currency
    note = drill.note(payment).split(":")
    drill.expect("note", ["held", "clawback_pending"], note[:2], "the rule; Stripe's PaymentIntent")
    drill.expect("to come back", str(share), note[-1], "the share of the price; the note")
    drill.expect("coach has", share, drill.received(payment), "the share of the price; Stripe's transfers", currency)


def dispute_won(drill: DrillEnvironment) -> None:
    """The bank takes the money back, decides for the platform, and the coach is paid again"""
    drill.register()
    payment = drill.buy()
    drill.deliver()
    dispute = drill.control("disputes", charge=drill.charge(payment))["id"]
    drill.deliver()
    drill.expect_money(payment, disputed=drill.terms.price)
    drill.control(f"disputes/{dispute}/win")
    drill.deliver()
    drill.wait(48 * _HOUR)
    drill.sweep()
    drill.expect_money(payment)


def stored_500(drill: DrillEnvironment) -> None:
    """Stripe answers with a 500, and keeps answering so under the same key"""
    drill.register()
    payment = drill.buy()
    drill.break_stripe("/v1/transfers", "before", {"status": 500, "cache": True})
    drill.deliver()
    drill.expect("note", "unknown", drill.note(payment)[:7], "the rule; Stripe's PaymentIntent")
    for _ in range(8):
        drill.wait(4 * _HOUR)
    drill.expect_transfers(1)
    drill.expect_money(payment)


def late_500(drill: DrillEnvironment) -> None:
    """Stripe answers with a 500, keeps answering so, and makes the transfer two hours later"""
    drill.register()
    payment = drill.buy()
    drill.break_stripe("/v1/transfers", "before", {"status": 500, "cache": True, "late": 2 * _HOUR})
    drill.deliver()
    for _ in range(8):
        drill.wait(_HOUR)
        drill.sweep()
    drill.expect_transfers(1)
    drill.expect_money(payment)


def throttling(drill: DrillEnvironment) -> None:
    """Stripe throttles every write for a while"""
    drill.register()
    payment = drill.buy()
    drill.break_stripe("/v1/transfers", "before", "rate_limit", times=3)
    drill.deliver()
    for _ in range(6):
        drill.wait(4 * _HOUR)
    drill.expect_transfers(1)
    drill.expect_money(payment)


def lost_events(drill: DrillEnvironment) -> None:
    """Stripe generates no event of the payment, nor of a refund in the Dashboard; the sweep finds both"""
    drill.register()
    drill.lose_events()
    payment = drill.buy()
    drill.wait(_HOUR)
    drill.sweep()
    drill.expect_transfers(1)
    drill.expect_money(payment)
    part = drill.terms.price // 3
    drill.refund_by_hand(payment, part)
    drill.wait(_HOUR)
    drill.sweep()
    drill.expect_money(payment, refunded=part)


def paid_by_hand(drill: DrillEnvironment) -> None:
    """Our webhook is lost, and a person sends the coach the charge's money in the Dashboard"""
    drill.register()
    drill.lose_events()
    payment = drill.buy()
    share = drill.terms.share_of(drill.terms.price)
    drill.transfer_by_hand(amount=share, source_transaction=drill.charge(payment))
    drill.works_again()
    drill.wait(_HOUR)
    drill.sweep()
    drill.expect_transfers(1)
    drill.expect_money(payment)


def refund_failed_unseen(drill: DrillEnvironment) -> None:
    """All is refunded before our webhook came, the refund fails, and no event says so; the sweep pays the coach"""
    drill.register()
    payment = drill.buy("pm_card_refundFail")
    drill.refund(payment)
    drill.deliver()
    drill.expect_money(payment, refunded=drill.terms.price)
    drill.lose_events()
    drill.wait(48 * _HOUR)
    drill.sweep()
    drill.expect_transfers(1)
    drill.expect_money(payment)


DRILLS: list[Callable[[DrillEnvironment], None]] = [
    lost_response,
    double_webhook,
    confirm_first,
    crash_in_between,
    coach_not_ready,
    refund_in_flight,
    refund_in_part,
    refund_that_fails,
    dispute_after_payout,
    dispute_won,
    stored_500,
    late_500,
    throttling,
    lost_events,
    paid_by_hand,
    refund_failed_unseen,
]
