"""What cannot be read of a VEVENT: a reason to refuse it, or a value without which the rest is taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from icalendar.prop import vBroken, vRecur

from adapters.ical.event_times import end_of, fix_to_zone, instant
from adapters.ical.limits import BadLine
from adapters.ical.properties import listed, shown
from adapters.ical.repetitions import MOST_RULES, fault_of_rule

NEEDED = ("UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "EXRULE")
"""Properties without which an event would be shown at a wrong time, or as a wrong one."""
ONCE = frozenset({"UID", "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"})
TEXTS = ("SUMMARY", "LOCATION", "DESCRIPTION", "STATUS", "URL")
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


def refusal_of(component: Any, unreadable: list[BadLine], zone: ZoneInfo) -> Fault | None:
    """Say why an event cannot be taken; one that can has its floating times fixed to the zone."""
    for name in NEEDED:
        values = listed(component.get(name))
        for one in values:
            if isinstance(one, vBroken):
                return Fault(name, str(one), f"cannot be read ({one.parse_error})")
        if name in ONCE and len(values) > 1:
            return Fault(name, shown(values), "stands more than once in one event")
    for line in unreadable:
        name = re.split(r"[^A-Z-]", line.text.upper(), maxsplit=1)[0]
        if name in NEEDED or line.costs_event:
            return Fault(name if name in NEEDED else line.field, line.text, line.reason)
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
    rules = listed(component.get("RRULE"))
    if len(rules) > MOST_RULES:
        return Fault("RRULE", shown(rules[0]), f"{len(rules)} rules, of {MOST_RULES} that an event may have")
    for rule in rules:
        if not isinstance(rule, vRecur):
            return Fault("RRULE", shown(rule), "is no repetition")
        if reason := fault_of_rule(rule):
            return Fault("RRULE", shown(rule), reason)
    return None


def faults_of(component: Any, unreadable: list[BadLine]) -> list[Fault]:
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
    rest = "; the rest of the event was taken"
    return [*found, *(Fault(one.field, one.text, one.reason + rest) for one in unreadable)]
