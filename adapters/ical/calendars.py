"""Occurrences of the events of a calendar: repetitions expanded, floating times in the school's zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from adapters.base import InvalidExport
from adapters.export_files import ExportFile

LARGEST = 32 * 2**20
TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
"""How often nothing of a school repeats; a calendar that says so would never end."""
FORWARD = timedelta(days=400)
"""How long after the last event that is written out repetitions are followed."""
YEARS = range(1950, 2100)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event on one day. `key` stays the same when it is moved; times are in UTC."""

    key: str
    title: str
    starts_at: datetime
    ends_at: datetime
    day: date
    last_day: date
    is_all_day: bool
    is_cancelled: bool
    location: str | None
    description: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The occurrences of a calendar, in order, and how many events could not be read."""

    occurrences: list[Occurrence]
    unreadable: list[tuple[str, str]]
    """UID and reason."""


def read_calendar(file: ExportFile, zone: str) -> Calendar:
    """Read a calendar. Raises InvalidExport."""
    if file.size > LARGEST:
        raise InvalidExport(f"{file.name}: {file.size} bytes are too many for a calendar.")
    with file.open() as stream:
        content = stream.read()
    try:
        found = icalendar.Calendar.from_ical(content)
        events = list(found.walk("VEVENT"))
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise InvalidExport(f"{file.name}: is no iCalendar ({error}); export again.") from error
    good, unreadable = [], []
    for event in events:
        if (reason := _fault(event)) is None:
            good.append(event)
        else:
            unreadable.append((str(event.get("UID", "")), reason))
    return Calendar(_occurrences(found, events, good, file, zone), unreadable)


def _fault(event: Any) -> str | None:
    """Say why an event cannot be taken."""
    for name, error in event.errors:
        return f"{name}: {error}"
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date) or start.year not in YEARS:
        return "no day on which it begins"
    if not event.get("UID"):
        return "no UID"
    rules = event.get("RRULE")
    for rule in rules if isinstance(rules, list) else [rules] if rules else []:
        if TOO_OFTEN & {str(one).upper() for one in rule.get("FREQ", [])}:
            return "repeats more often than daily"
    return None


def _occurrences(
    found: Any, events: list[Any], good: list[Any], file: ExportFile, zone: str
) -> list[Occurrence]:
    if not good:
        return []
    bad = {id(one) for one in events} - {id(one) for one in good}
    found.subcomponents = [one for one in found.subcomponents if id(one) not in bad]
    repeated = {str(one["UID"]) for one in good if "RRULE" in one or "RDATE" in one}
    days = [_day(one["DTSTART"].dt) for one in good]
    try:
        expanded = recurring_ical_events.of(found, skip_bad_series=True).between(
            min(days) - timedelta(days=1), max(days) + FORWARD
        )
        return sorted(_each(expanded, repeated, ZoneInfo(zone)), key=lambda one: (one.starts_at, one.key))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidExport(f"{file.name}: an event cannot be read ({error}); export again.") from error


def _each(events: list[Any], repeated: set[str], zone: ZoneInfo) -> Iterator[Occurrence]:
    for event in events:
        start, end = event["DTSTART"].dt, event.end
        begin, finish = _instant(start, zone), _instant(end, zone)
        is_all_day = not isinstance(start, datetime)
        last = (finish - timedelta(seconds=1)).astimezone(zone).date()
        uid = str(event["UID"])
        original = event["RECURRENCE-ID"].dt if uid in repeated and "RECURRENCE-ID" in event else None
        yield Occurrence(
            key=uid if original is None else f"{uid}:{original.isoformat()}",
            title=_text(event, "SUMMARY") or "?",
            starts_at=begin,
            ends_at=max(finish, begin),
            day=begin.astimezone(zone).date(),
            last_day=max(last, begin.astimezone(zone).date()),
            is_all_day=is_all_day,
            is_cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
            location=_text(event, "LOCATION"),
            description=_text(event, "DESCRIPTION"),
            url=_text(event, "URL"),
        )


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    """Return a point in time; a floating one, and the beginning of a day, by the school's clock."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _text(event: Any, name: str) -> str | None:
    value = event.get(name)
    return str(value).strip() or None if value is not None and not isinstance(value, list) else None
