"""Times of day at a school, as exports write them, and the points in time they are."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CLOCK = re.compile(r"(?P<hours>\d{1,2})[h:]?(?P<minutes>\d{2})?(?::\d{2})?")


def clock(text: str) -> time:
    """Read a time of day: `0815`, `815`, `8h15`, `08:15` or `08:15:00`. Raises ValueError."""
    digits = text.strip().lower()
    if digits.isdigit() and len(digits) == 3:
        digits = "0" + digits
    found = CLOCK.fullmatch(digits)
    if found is None:
        raise ValueError(f"{text!r} is no time of day; write it as 08:15")
    return time(int(found["hours"]), int(found["minutes"] or 0))


def duration(text: str) -> timedelta:
    """Read hours and minutes, written like a time of day. Raises ValueError."""
    of_day = clock(text)
    return timedelta(hours=of_day.hour, minutes=of_day.minute)


def instant(day: date, of_day: time, zone: str) -> datetime:
    """Return the point in time, in UTC, at which a school's clock shows a time of day."""
    return datetime.combine(day, of_day, ZoneInfo(zone)).astimezone(UTC)
