"""Numbers, minutes and days as people write them in tables; what is not certain is refused, never guessed."""

from __future__ import annotations

import re
from datetime import date, timedelta

SPACES = "[ \u00a0\u2009\u202f]"
NUMBER = re.compile(
    rf"(?P<sign>[+-]?)(?P<whole>[0-9]{{1,3}}(?:{SPACES}[0-9]{{3}})+|[0-9]*)(?:[.,](?P<part>[0-9]+))?"
)
MOST_DIGITS = 15
MINUTES = re.compile(rf"(?P<minutes>[0-9]{{1,5}}){SPACES}*(?:min|mn|minutes?)?\.?", re.IGNORECASE)
HOURS = re.compile(
    rf"(?P<hours>[0-9]{{1,3}}){SPACES}*h(?:{SPACES}*(?P<minutes>[0-5][0-9]){SPACES}*(?:min|mn)?)?",
    re.IGNORECASE,
)
MIDNIGHT = re.compile(r"[T ]+0?0:00(?::00(?:\.0+)?)?\Z")
"""The time of day that programs add to a day."""
DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})([/.-])(?P<month>[0-9]{1,2})\2(?P<year>[0-9]{4})")
YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})([/-])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})")
SHORT_YEAR = re.compile(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{2}")
SERIAL = re.compile(r"[0-9]{5}")
FIRST_SERIAL = date(1899, 12, 30)
"""Day 0 of spreadsheets (ECMA-376, part 1, 18.17.4.1), but for those of Macs of old."""


class Unreadable(ValueError):
    """A text that cannot be read: why, and what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def number(text: str) -> float:
    """Read a number with a decimal comma or point; thousands may be apart by spaces. Raises Unreadable."""
    found = NUMBER.fullmatch(text.strip().replace("\u2212", "-"))
    digits = "" if found is None else re.sub("[^0-9]", "", found["whole"])
    if found is None or not digits + (found["part"] or "") or len(digits) > MOST_DIGITS:
        raise Unreadable("is not a number", "Write it as 12,5.")
    return float(f"{found['sign']}{digits or '0'}.{found['part'] or '0'}")


def minutes(text: str) -> int:
    """Read a duration: `45`, `45 min` or `1h30`. Raises Unreadable."""
    stripped = text.strip()
    if found := MINUTES.fullmatch(stripped):
        return int(found["minutes"])
    if found := HOURS.fullmatch(stripped):
        return 60 * int(found["hours"]) + int(found["minutes"] or 0)
    raise Unreadable("is no whole number of minutes", "Write it as 45, or as 1h30.")


def day(text: str) -> date:
    """Read a day: 23/11/2026, 23.11.2026, 23-11-2026, 2026-11-23 or 2026/11/23, with midnight or without.

    Raises Unreadable, also for years of two digits and for days that are only counted.
    """
    stripped = MIDNIGHT.sub("", text.strip())
    found = DAY_FIRST.fullmatch(stripped) or YEAR_FIRST.fullmatch(stripped)
    if found is None:
        raise _no_day(stripped)
    try:
        read = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError as error:
        raise _no_day(stripped) from error
    if not 1900 <= read.year <= 2100:
        raise Unreadable("is no day from 1900 to 2100", "Correct the year.")
    return read


def _no_day(text: str) -> Unreadable:
    if SHORT_YEAR.fullmatch(text):
        return Unreadable("does not say the century", "Write the year with four digits: 23/11/2026.")
    if SERIAL.fullmatch(text):
        shown = FIRST_SERIAL + timedelta(int(text))
        do = f"Format the column as a date and save again; most spreadsheets mean {shown:%d/%m/%Y}."
        return Unreadable("is a count of days, not a day", do)
    if ":" in text:
        do = "Write the day alone, as 23/11/2026; a time of day has its own column."
        return Unreadable("is not a day alone", do)
    return Unreadable("is not a day", "Write it as 2026-11-23 or 23/11/2026.")
