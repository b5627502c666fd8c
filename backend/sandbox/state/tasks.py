"""The tasks that can be put off until later, by the name under which each waits and is saved."""

from functools import partial

from . import authorizations, debits, payments
from .timeline import Task
from .world import World


def tasks_of(world: World) -> dict[str, Task]:
    """The tasks of a world. A name that was once given stays: files of a saved state have it."""
    return {
        "account.pay_out": world.payouts.pay_out,
        "charge.dispute": partial(payments.dispute, world),
        "charge.show": partial(payments.show, world),
        "authorization.expire": partial(authorizations.expire, world),
        "debit.answer": partial(debits.answer, world),
        "dispute.decide": world.disputes.decide_later,
        "dispute.move_money": world.disputes.move,
        "fraud_warning.open": world.fraud_warnings.open,
        "funds.mature": world.ledger.mature,
        "payout.arrive": world.payouts.arrive,
        "payout.leave": world.payouts.leave,
        "refund.decide": world.refunds.decide,
        "refund.fail": world.refunds.fail_after_all,
        "refunds.try_again": world.refunds.try_again,
    }
