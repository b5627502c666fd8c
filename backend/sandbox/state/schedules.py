"""Payout schedules: every day, on days of the week, on days of the month, or only when asked."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from ..wire.errors import invalid

DAY = 86_400
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def next_payout(schedule: Mapping[str, Any], now: int) -> int | None:
    """The first midnight (UTC) after `now` at which the schedule pays out; None: never by itself.

    Weekends are days like any other here. A day of the month that a month does not have is its last one.
    """
    if schedule["interval"] == "manual":
        return None
    midnight = (now // DAY + 1) * DAY
    while not _is_payday(schedule, datetime.fromtimestamp(midnight, UTC).date()):
        midnight += DAY
    return midnight


def applicable(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule without the days of another interval. Raises a 400 if its own interval needs days and has none."""
    interval = schedule["interval"]
    others = {"weekly", "monthly"} - {interval}
    kept = {name: value for name, value in schedule.items() if name.split("_")[0] not in others}
    days = (f"{interval}_anchor", f"{interval}_payout_days")
    if interval in ("weekly", "monthly") and not any(kept.get(name) for name in days):
        param = f"settings[payouts][schedule][{days[0]}]"
        raise invalid(f"Missing required param: {param}.", param, "parameter_missing")
    return kept


def _is_payday(schedule: Mapping[str, Any], day: date) -> bool:
    match schedule["interval"]:
        case "weekly":
            return WEEKDAYS[day.weekday()] in _wanted(schedule, "weekly")
        case "monthly":
            last = monthrange(day.year, day.month)[1]
            return day.day in {min(wanted, last) for wanted in _wanted(schedule, "monthly")}
        case _:
            return True


def _wanted(schedule: Mapping[str, Any], interval: str) -> list[Any]:
    """The days as a list, or the one anchor that was the only way to name them before."""
    days: list[Any] | None = schedule.get(f"{interval}_payout_days")
    return days or [schedule[f"{interval}_anchor"]]
