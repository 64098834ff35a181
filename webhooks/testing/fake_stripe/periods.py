"""Billing periods on the calendar."""

from calendar import monthrange
from datetime import UTC, datetime

DAY = 24 * 3600


def after(moment: int, interval: str, count: int = 1) -> int:
    """Return the unix second a number of days, weeks, months or years later."""
    if interval in ("day", "week"):
        return moment + count * DAY * (7 if interval == "week" else 1)
    then = datetime.fromtimestamp(moment, UTC)
    months = then.year * 12 + then.month - 1 + count * (12 if interval == "year" else 1)
    year, month = months // 12, months % 12 + 1
    # From the 31st of January to the end of February: no period skips a month.
    day = min(then.day, monthrange(year, month)[1])
    return int(then.replace(year=year, month=month, day=day).timestamp())
