"""How much a calendar and one of its events may hold; counted line by line, before anything is parsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from adapters.base import InvalidExport
from adapters.content import LONGEST_TEXT

LARGEST = 16 * 2**20
"""Bytes that a calendar may have."""
MOST_LINES = 1_000_000
"""Lines that a calendar may have, folded as they are."""
MOST_PARSED = 400_000
"""Lines of a calendar that may be parsed: those that are read of events and of time zones."""
MOST_EVENTS = 20_000
"""Events that a calendar may have; as many as occurrences."""
MOST_DATES = 20_000
"""Values of RDATE and EXDATE that a calendar may have."""
MOST_TEXT = 20_000_000
"""Characters that the texts of a calendar may have, of each event as often as it takes place."""
MOST_EVENT_LINES = 1_500
"""Lines that one event may have, but for those that nothing reads."""
MOST_EVENT_DATES = 1_000
"""Values of RDATE and EXDATE that one event may have: five school years of days."""
MOST_CATEGORIES = 50
MOST_PARAMETERS = 20
"""Parameters that a property may have, such as TZID."""
MOST_SERIES = 5_000
"""Events with a rule of repetition that a calendar may have."""
MOST_RARE = 300
"""Rules of a calendar that have no second day within four years; each takes long to follow."""
MOST_TOLD = 50
"""Lines of one event that are reported one by one."""
LONGEST = {
    "UID": 2_000, "DTSTART": 500, "DTEND": 500, "DURATION": 500, "RECURRENCE-ID": 500, "SEQUENCE": 500,
    "RRULE": 2_000, "EXRULE": 2_000, "RDATE": 100_000, "EXDATE": 100_000, "STATUS": 500, "URL": 5_000,
    "SUMMARY": 10_000, "LOCATION": 10_000, "CATEGORIES": 10_000, "DESCRIPTION": 2 * LONGEST_TEXT,
}  # fmt: skip
"""The properties of an event that are read, and how many characters a line of each may have."""
LONGEST_OTHER = 2_000
"""Characters of a line without the name of a property, and of one of a time zone."""
DATES = ("RDATE", "EXDATE")
NAME = re.compile(r"([A-Z0-9-]+)\s*[;:]", re.IGNORECASE)
UNPARSABLE = "the line cannot be parsed"
LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of an event that is not taken: the property, how it begins, and why.

    `costs_event` is true where the event as a whole is too much to read.
    """

    field: str
    text: str
    reason: str
    costs_event: bool = False


class FileTally:
    """Counts what is parsed of a file. Raises InvalidExport at what is more than a calendar may have."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._events = self._lines = self._dates = 0

    def event(self) -> int:
        """Count an event; returns its number, from 1."""
        self._events += 1
        self._check(self._events, MOST_EVENTS, "events")
        return self._events

    def line(self, line: str) -> None:
        """Count a line that is parsed, and its dates."""
        self._lines += 1
        self._check(self._lines, MOST_PARSED, "lines that are read")
        if property_of(line) in DATES:
            self._dates += values_of(line)
            self._check(self._dates, MOST_DATES, "dates in RDATE and EXDATE")

    def _check(self, number: int, most: int, what: str) -> None:
        if number > most:
            raise InvalidExport(f"{self._name}: has more than {most:,} {what}; export fewer years.")


class EventLines:
    """The lines of one event: which are to be parsed, and what is wrong with others."""

    def __init__(self, is_readable: Callable[[str], bool]) -> None:
        self.bad: list[BadLine] = []
        self._is_readable = is_readable
        self._lines = self._dates = self._untold = 0

    def keeps(self, line: str) -> bool:
        """Tell whether a line is to be parsed. Of properties that are not read, nothing is looked at."""
        name = property_of(line)
        if name and name not in LONGEST:
            return False
        self._lines += 1
        if self._lines > MOST_EVENT_LINES:
            if self._lines == MOST_EVENT_LINES + 1:
                reason = f"more than {MOST_EVENT_LINES:,} lines, which is what an event may have"
                self.bad.append(BadLine("line", line[:LONGEST_SHOWN], reason, costs_event=True))
            return False
        reason = self._too_much(name, line) or ("" if self._is_readable(line) else UNPARSABLE)
        if reason:
            self._tell(name, line, reason)
        return not reason

    def _too_much(self, name: str, line: str) -> str:
        """Say which limit a line breaks; empty where it breaks none."""
        longest = LONGEST.get(name, LONGEST_OTHER)
        if len(line) > longest:
            return f"a line of {len(line):,} characters, of {longest:,} that it may have"
        number = values_of(line)
        if (parameters := line.partition(":")[0].count(";")) > MOST_PARAMETERS:
            return f"{parameters:,} parameters, of {MOST_PARAMETERS:,} that it may have"
        if name == "CATEGORIES" and number > MOST_CATEGORIES:
            return f"{number:,} values, of {MOST_CATEGORIES:,} that an event may have"
        if name in DATES:
            self._dates += number
            if self._dates > MOST_EVENT_DATES:
                return f"more than {MOST_EVENT_DATES:,} dates, which RDATE and EXDATE of an event may have"
        return ""

    def _tell(self, name: str, line: str, reason: str) -> None:
        self._untold += 1
        if self._untold <= MOST_TOLD:
            field = name if reason != UNPARSABLE and name else "line"
            self.bad.append(BadLine(field, line[:LONGEST_SHOWN], reason))
        elif self._untold == MOST_TOLD + 1:
            self.bad.append(BadLine("line", line[:LONGEST_SHOWN], "this and further lines are not taken"))


def property_of(line: str) -> str:
    """Return the name of the property that a line holds; empty where it begins with none."""
    found = NAME.match(line)
    return found[1].upper() if found else ""


def values_of(line: str) -> int:
    """Return how many values a line may hold, or more."""
    return line.count(",") + 1
