"""The time zones that a calendar defines: those whose changes of the clock are few enough to be followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from adapters.ical.limits import LONGEST_OTHER, property_of, values_of

MOST_ZONES = 200
"""Time zones that a calendar may define."""
MOST_CHANGES = 2_000
"""Changes of the clock that a zone may have: every time of an event in it is looked for among them."""
LAST_YEAR = 2110
READ = frozenset(
    {"BEGIN", "END", "TZID", "DTSTART", "RRULE", "RDATE", "EXDATE", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME"}
)
RULE_PARTS = frozenset(
    {"FREQ", "INTERVAL", "BYMONTH", "BYDAY", "BYMONTHDAY", "BYHOUR", "BYMINUTE", "UNTIL", "COUNT", "WKST"}
)
DAY = re.compile(r"DTSTART[^:]*:(?P<year>\d{4})\d{2}(?P<day>\d{2})", re.IGNORECASE)
NUMBERED_DAY = re.compile(r"[+-]?[1-5][A-Z]{2}")
NAMED_DAY = re.compile(r"[A-Z]{2}")


def without_costly_zones(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the lines of a calendar without zones that would take long to follow, and the names of these.

    A zone is kept whose rules name one day of each year, as those of all places do; it has no more than
    MOST_CHANGES changes of the clock. Times in another are those of a zone that is not known.
    """
    kept, costly, number = list[str](), list[str](), 0
    for block in _blocks(lines):
        if not _begins(block[0], "VTIMEZONE"):
            kept += block
            continue
        number += 1
        if number <= MOST_ZONES and _changes(block) <= MOST_CHANGES:
            kept += [line for line in block if property_of(line) in READ]
        else:
            costly.append(next((one[5:].strip() for one in block if property_of(one) == "TZID"), "?")[:100])
    return kept, costly


def _blocks(lines: Iterable[str]) -> Iterator[Sequence[str]]:
    """Yield each definition of a zone as a whole, and other lines alone."""
    zone = list[str]()
    for line in lines:
        if zone or _begins(line, "VTIMEZONE"):
            zone.append(line)
            if re.fullmatch(r"END\s*:\s*VTIMEZONE\s*", line, re.IGNORECASE):
                yield zone
                zone = []
        else:
            yield [line]


def _begins(line: str, name: str) -> bool:
    return re.fullmatch(rf"BEGIN\s*:\s*{name}\s*", line, re.IGNORECASE) is not None


def _changes(zone: Sequence[str]) -> int:
    """Return how many changes of the clock a zone may have; more than are allowed where that is not told."""
    number = 0
    rules, start = list[str](), None
    for line in zone:
        name = property_of(line)
        if name in READ and len(line) > LONGEST_OTHER:
            return MOST_CHANGES + 1
        if name == "BEGIN":
            number, rules, start = number + 1, [], None
        elif name == "DTSTART":
            start = DAY.match(line)
        elif name == "RRULE":
            rules.append(line.partition(":")[2].strip().upper())
        elif name == "RDATE":
            number += values_of(line)
        elif name == "END" and rules:
            if start is None or not all(_is_yearly(one, int(start["day"])) for one in rules):
                return MOST_CHANGES + 1
            number += len(rules) * max(1, LAST_YEAR - int(start["year"]))
            rules = []
    return number


def _is_yearly(rule: str, day: int) -> bool:
    """Tell whether a rule names one day a year or so, and never none for long; `day` is that of DTSTART."""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    days = parts.get("BYMONTHDAY", str(day)).split(",")
    by_day = parts.get("BYDAY", "")
    if NUMBERED_DAY.fullmatch(by_day):
        is_one = "BYMONTHDAY" not in parts
    else:
        # A day that each month has must be among them: others may never come.
        is_one = len(days) <= 7 and any(
            one.isascii() and one.isdigit() and 1 <= int(one) <= 28 for one in days
        )
        is_one = is_one and (not by_day or (NAMED_DAY.fullmatch(by_day) is not None and len(days) > 1))
    return (
        is_one
        and RULE_PARTS.issuperset(parts)
        and parts.get("FREQ") == "YEARLY"
        and parts.get("INTERVAL", "1") == "1"
        and parts.get("BYMONTH", "").isdigit()
        and all("," not in parts.get(name, "") for name in ("BYHOUR", "BYMINUTE"))
    )
