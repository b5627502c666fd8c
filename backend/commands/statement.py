"""``flask statement``: a month of the books as CSV."""

from __future__ import annotations

from typing import Any

import click
import stripe

from backend.commands.current import current_services
from backend.commands.operator_errors import operator_error
from backend.commands.parameters import asks_stripe
from backend.domain.months import Month, MonthError
from backend.services.errors import PaymentsError
from backend.services.statements.output import statement_csv, summary


class MonthType(click.ParamType[Month]):
    """``2026-11``: a month of the calendar."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        """The month."""
        try:
            return Month.read(str(value))
        except MonthError as error:
            self.fail(f"{value!r} {error}", param, ctx)


@click.command(short_help="Write a month of the books as CSV, whole or of one coach.")
@click.option("--month", type=MonthType(), required=True, help="Such as 2026-11. It begins and ends at 00:00 UTC.")
@click.argument("coach", required=False)
@asks_stripe
def statement(month: Month, coach: str | None) -> None:
    """Write a month's sales, fees, refunds, disputes, transfers and payouts as CSV, from Stripe's books.

    Of all coaches, or of one COACH (the coach's id). The lines go to standard output, the sums and how far the look went
    to standard error, so that the CSV can be sent to a file:

    \b
    flask statement --month 2026-11 > november.csv
    flask statement --month 2026-11 coach-7 > coach-7.csv

    Each line is one balance transaction, in the month in which Stripe booked it. An amount below zero left the balance.
    stripe_fee is Stripe's; platform_fee and coach_share are the division of a sale's whole price. books says whose
    balance moved: the platform's, or for a coach's payouts the coach's account.

    All coaches cost a call to Stripe for each hundred lines. One coach costs a call for each hundred payments and transfers,
    and nine for refunds, disputes and reversals, which Stripe lists for the whole platform only.

    Exit code 0 when the month was read, an empty month too, and 1 when it could not be.
    """
    services = current_services()
    try:
        found = services.statements.read(month, coach)
    except (stripe.StripeError, PaymentsError) as error:
        raise operator_error(error) from error
    click.echo(statement_csv(found), nl=False)
    for line in summary(found):
        click.echo(line, err=True)
