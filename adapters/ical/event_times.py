"""The times of a VEVENT: its beginning and end, and repetitions, all in a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar.prop import vBroken, vDDDLists, vDDDTypes

from adapters.ical.properties import listed


def end_of(component: Any) -> date:
    """Return the end of an event, by DTEND or DURATION; a day without either lasts that day.

    See RFC 5545, 3.6.1. Raises TypeError or OverflowError where a duration cannot be added.
    """
    start: date = component["DTSTART"].dt
    if "DTEND" in component:
        end: date = component["DTEND"].dt
        return end
    if "DURATION" in component:
        length: timedelta = component["DURATION"].dt
        if not isinstance(start, datetime) and length % timedelta(days=1):
            start = datetime(start.year, start.month, start.day)
        return start + length
    return start if isinstance(start, datetime) else start + timedelta(days=1)


def instant(moment: date, zone: ZoneInfo) -> datetime:
    """Return a point in time in UTC; a floating one, and the beginning of a day, by the school's clock."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)


def moment_key(moment: date, zone: ZoneInfo) -> str:
    """Write a day or a point in time the same way whatever zone it is written in."""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return f"{instant(moment, zone):%Y%m%dT%H%M%SZ}"


def unknown_zone(component: Any) -> str | None:
    """Return the name of a time zone that neither the file nor the zone database defines."""
    for start in listed(component.get("DTSTART")):
        zone = start.params.get("TZID")
        if zone and not isinstance(start, vBroken) and getattr(start.dt, "tzinfo", zone) is None:
            return str(zone)
    return None


def fix_to_zone(component: Any, zone: ZoneInfo) -> None:
    """Give floating times the school's zone, and the end of a repetition the form of its beginning.

    recurring_ical_events would give floating times the zone of whatever else stands in the series, and would
    end a repetition of times at the beginning of a day that UNTIL names without a time.
    """
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name in component:
            params = component[name].params
            component[name] = vDDDTypes(_in_zone(component[name].dt, zone))
            component[name].params = params
    for name in ("RDATE", "EXDATE"):
        if name in component:
            days = [_in_zone(one.dt, zone) for value in listed(component[name]) for one in value.dts]
            component[name] = vDDDLists(days)
    start = component["DTSTART"].dt
    for rule in listed(component.get("RRULE")):
        if "UNTIL" in rule:
            rule["UNTIL"] = [_until(one, start, zone) for one in listed(rule["UNTIL"])]


def _in_zone(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, tuple):
        return tuple(_in_zone(one, zone) for one in value)
    return value.replace(tzinfo=zone) if isinstance(value, datetime) and value.tzinfo is None else value


def _until(until: date, start: date, zone: ZoneInfo) -> date:
    if not isinstance(start, datetime):
        in_zone = _in_zone(until, zone)
        return in_zone.astimezone(zone).date() if isinstance(until, datetime) else until
    theirs = start.tzinfo or zone
    if not isinstance(until, datetime):
        until = datetime(until.year, until.month, until.day, 23, 59, 59)
    return (until if until.tzinfo is not None else until.replace(tzinfo=theirs)).astimezone(UTC)
