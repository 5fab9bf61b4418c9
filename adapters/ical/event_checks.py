"""What cannot be read of a VEVENT: a reason to refuse it, or a value without which the rest is taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from math import prod
from typing import Any
from zoneinfo import ZoneInfo

from icalendar.prop import vBroken, vRecur

from adapters.ical.event_times import end_of, fix_to_zone, instant
from adapters.ical.properties import listed, shown

NEEDED = ("UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "EXRULE")
"""Properties without which an event would be shown at a wrong time, or as a wrong one."""
ONCE = frozenset({"UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"})
TEXTS = ("SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "URL")
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
REPEATING = ("RDATE", "EXDATE", "RRULE")
CALCULATION_ERRORS = (ValueError, TypeError, AttributeError, OverflowError)
"""What values of a form that is not expected raise."""
YEARS = range(1950, 2100)


@dataclass(frozen=True, slots=True)
class Fault:
    """A property that cannot be taken: its value, why, and what to do."""

    field: str
    value: str
    reason: str
    remedy: str = "Correct it in the calendar and export again."


def refusal_of(component: Any, unreadable: list[str], zone: ZoneInfo) -> Fault | None:
    """Say why an event cannot be taken; one that can has its floating times fixed to the zone."""
    for name in NEEDED:
        values = listed(component.get(name))
        for one in values:
            if isinstance(one, vBroken):
                return Fault(name, str(one), f"cannot be read ({one.parse_error})")
        if name in ONCE and len(values) > 1:
            return Fault(name, shown(values), "stands more than once in one event")
    for line in unreadable:
        name = re.split(r"[^A-Z-]", line.upper(), maxsplit=1)[0]
        if name in NEEDED:
            return Fault(name, line, "the line cannot be parsed")
    if "EXRULE" in component:
        why, do = "exceptions as a rule (EXRULE) are not read", "Write the excluded days as EXDATE."
        return Fault("EXRULE", shown(component["EXRULE"]), why, do)
    return (
        _fault_of_days(component)
        or _fault_of_rules(component)
        or _fault_of_zones(component, zone)
        or _fault_of_end(component, zone)
    )


def _fault_of_days(component: Any) -> Fault | None:
    if "DTSTART" not in component:
        return Fault("DTSTART", "", "no day on which it begins")
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        moment = getattr(component.get(name), "dt", None)
        if name in component and (not isinstance(moment, date) or moment.year not in YEARS):
            return Fault(name, shown(component[name]), f"no day from {YEARS[0]} to {YEARS[-1]}")
    return None


def _fault_of_zones(component: Any, zone: ZoneInfo) -> Fault | None:
    try:
        fix_to_zone(component, zone)
    except CALCULATION_ERRORS as error:
        names = [name for name in REPEATING if name in component]
        value = shown(component[names[0]]) if names else ""
        return Fault(names[0] if names else "DTSTART", value, f"cannot be read ({error})")
    return None


def _fault_of_end(component: Any, zone: ZoneInfo) -> Fault | None:
    name, start = "DTEND" if "DTEND" in component else "DURATION", component["DTSTART"].dt
    try:
        end = end_of(component)
        is_before = instant(end, zone) < instant(start, zone)
    except CALCULATION_ERRORS as error:
        return Fault(name, shown(component.get(name)), f"cannot be added to DTSTART ({error})")
    if name == "DTEND" and isinstance(start, datetime) is not isinstance(end, datetime):
        return Fault(name, shown(component[name]), "DTSTART and DTEND must both be days or both be times")
    if is_before:
        why = f"lies before the beginning, {shown(component['DTSTART'])}"
        return Fault(name, shown(component[name]), why)
    return None


def _fault_of_rules(component: Any) -> Fault | None:
    for rule in listed(component.get("RRULE")):
        if not isinstance(rule, vRecur):
            return Fault("RRULE", shown(rule), "is no repetition")
        if reason := _fault_of_rule(rule):
            return Fault("RRULE", shown(rule), reason)
    return None


def _fault_of_rule(rule: Any) -> str | None:
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


def faults_of(component: Any, unreadable: list[str]) -> list[Fault]:
    """List what cannot be taken of an event that is taken."""
    found = []
    for name in TEXTS:
        values = listed(component.get(name))
        if len(values) > 1:
            found.append(Fault(name, shown(values), "stands more than once; the first was taken"))
        elif values and isinstance(values[0], vBroken):
            found.append(Fault(name, str(values[0]), "cannot be read; the rest of the event was taken"))
    if "DTEND" in component and "DURATION" in component:
        found.append(Fault("DURATION", shown(component["DURATION"]), "stands beside DTEND, which was taken"))
    for name in REPEATING if "RECURRENCE-ID" in component else ():
        if name in component:
            why = "means nothing beside RECURRENCE-ID; the one occurrence was taken"
            found.append(Fault(name, shown(component[name]), why))
    why = "the line cannot be parsed; the rest of the event was taken"
    return [*found, *(Fault("line", line[:200], why) for line in unreadable)]
