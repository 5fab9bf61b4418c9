"""Repetitions (RRULE) that can be followed: parts that have a meaning, days that come before long."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import islice
from math import prod
from typing import Any

from dateutil.rrule import rrulestr

from adapters.base import InvalidExport
from adapters.ical.limits import MOST_RARE, MOST_SERIES
from adapters.ical.properties import listed

RULE_PARTS = frozenset(
    {"FREQ", "UNTIL", "COUNT", "INTERVAL", "BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY",
     "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST"}
)  # fmt: skip
"""Parts of an RRULE by RFC 5545, 3.3.10."""
TOO_OFTEN = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
"""How often nothing of a school repeats; a calendar that says so would never end."""
RANGES = {
    "BYMONTH": (1, 12), "BYMONTHDAY": (1, 31), "BYYEARDAY": (1, 366), "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366), "BYHOUR": (0, 23), "BYMINUTE": (0, 59), "BYSECOND": (0, 59),
}  # fmt: skip
"""From what to what a number may count, from the beginning or, below 0, from the end."""
ORDINALS = {"MONTHLY": 5, "YEARLY": 53}
"""How many days of one name the times of a repetition have."""
MOST_TIMES_A_DAY = 24
PICKING = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
"""Parts that together may pick no day at all, such as 30 February, which takes minutes to find out."""
MOST_RULES = 5
"""Rules that one event may have; RFC 5545 wants one."""
MOST_VALUES = {"BYYEARDAY": 366, "BYMINUTE": 60, "BYSECOND": 60}
"""How many values a part may have, where it may have more than MOST_OF_OTHERS."""
MOST_OF_OTHERS = 53
CYCLE = 28
"""Years after which days of the week and leap days come again alike, but for the year 2100."""
ENOUGH = 2
RARE = timedelta(days=4 * 366)
FIRST_LAST_YEAR = 9928
"""The years from here to 9999, the last that there is, are days alike those from 1928 to 1999."""


def fault_of_rule(rule: Any) -> str | None:
    """Say why a repetition cannot be read; None where it can."""
    parts = {str(name).upper(): listed(value) for name, value in rule.items()}
    often = {str(one).upper() for one in parts.get("FREQ", [])}
    if unknown := sorted(parts.keys() - RULE_PARTS):
        return f"{unknown[0]} is no part of a repetition"
    if len(often) != 1:
        return "FREQ does not say once how often it repeats"
    if TOO_OFTEN & often or times_a_day(rule) > MOST_TIMES_A_DAY:
        return "repeats more often than daily"
    for name in ("COUNT", "INTERVAL"):
        if any(int(one) < 1 for one in parts.get(name, [])):
            return f"{name} must be 1 or more"
    if reason := _out_of_range(parts, min(often)):
        return reason
    if often != {"YEARLY"} and sum(name in parts for name in PICKING) > 1:
        return f"only a yearly repetition may have several of {', '.join(PICKING)}"
    return None


def _out_of_range(parts: dict[str, list[Any]], often: str) -> str | None:
    """Say which part names no day or time that exists: it would be looked for until the year 9999."""
    for name, values in parts.items():
        if len(values) > (most := MOST_VALUES.get(name, MOST_OF_OTHERS)):
            return f"{name} has {len(values)} values, of {most} that it may have"
    for name, (lowest, highest) in RANGES.items():
        for one in parts.get(name, []):
            if not lowest <= abs(int(one)) <= highest:
                return f"{name} cannot be {int(one)}"
    for one in parts.get("BYDAY", []):
        ordinal = re.sub(r"\D", "", str(one))
        if ordinal and not 1 <= int(ordinal) <= ORDINALS.get(often, 53):
            return f"BYDAY cannot be {one}"
    if "BYSETPOS" in parts and often not in ORDINALS:
        return "only a monthly or yearly repetition may have BYSETPOS"
    return None


def times_a_day(rule: Any) -> int:
    """Return how often a repetition may happen on one day."""
    return prod(max(1, len(listed(rule.get(name)))) for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))


class Search:
    """Looks whether the repetitions of one calendar have days at all, and how rare they are."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._series = self._rare = 0

    def fault(self, component: Any) -> str | None:
        """Say why the repetition of an event is not followed. Raises InvalidExport at one too many."""
        rules = listed(component.get("RRULE"))
        self._series += bool(rules)
        self._check(self._series, MOST_SERIES, "events that repeat")
        for rule in rules:
            begins = _in_last_years(component["DTSTART"].dt)
            days = _first_days(rule, begins)
            if days is not None and (len(days) < ENOUGH or days[-1] - begins > RARE):
                self._rare += 1
                self._check(self._rare, MOST_RARE, "rules without a second day within four years")
            if days == []:
                return f"has no day within {CYCLE} years"
        return None

    def _check(self, number: int, most: int, what: str) -> None:
        if number > most:
            raise InvalidExport(f"{self._file}: has more than {most:,} {what}; export fewer years.")


def _in_last_years(start: date) -> datetime:
    """Return a day before the year 9999 after which the calendar goes on as it does after a day."""
    return datetime(FIRST_LAST_YEAR + (start.year - 1928) % CYCLE, start.month, start.day)


def _first_days(rule: Any, begins: datetime) -> list[datetime] | None:
    """Return the first two days of a repetition, whenever it ends; None where it cannot be read.

    dateutil would look until the year 9999 for a day that never comes, such as 30 February: in a series that
    begins in the last years before that, it gives up soon.
    """
    parts = {name: value for name, value in rule.items() if str(name).upper() not in ("UNTIL", "COUNT")}
    try:
        days = rrulestr(type(rule)(parts).to_ical().decode(), dtstart=begins)
        return list(islice(days, ENOUGH))
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None  # the expansion says why
