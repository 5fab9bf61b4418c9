"""The VEVENT components of a calendar file, counted apart from their parsing, and what else stands in it."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import icalendar
from icalendar.parser import Contentline, Contentlines

from adapters.base import InvalidExport
from adapters.export_files import ExportFile
from adapters.ical.limits import (
    LARGEST,
    LONGEST_OTHER,
    MOST_LINES,
    BadLine,
    EventLines,
    FileTally,
    property_of,
)
from adapters.ical.time_zones import without_costly_zones

PARSING_ERRORS = (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError)
"""What icalendar raises for what it cannot parse."""
CONTAINERS = frozenset({"VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"})
"""Components that are read; others, such as the alarms of an event, may be as unreadable as they please."""


@dataclass(slots=True)
class Components:
    """What stands in a calendar file."""

    events: list[Any] = field(default_factory=list)
    """Every VEVENT as icalendar parses it, in the order of the file; a value it cannot parse is a vBroken."""
    number: int = 0
    """How many lines `BEGIN:VEVENT` there are."""
    unreadable: dict[int, list[BadLine]] = field(default_factory=dict)
    """Lines of a VEVENT, by its number from 1, that cannot be parsed or are too much."""
    others: dict[str, int] = field(default_factory=dict)
    """Other components, such as VTODO, by name; nothing is read of them."""
    costly_zones: list[str] = field(default_factory=list)
    """Names of VTIMEZONEs whose rules would take too long to follow; they are not read."""


def read_components(file: ExportFile) -> Components:
    """Parse a calendar file. Raises InvalidExport where it is none, cut off, too large or not UTF-8."""
    lines = Contentlines.from_ical(_text(file))  # type: ignore[no-untyped-call]
    found = Components()
    try:
        kept = _kept(lines, found, file.name, _has_name_and_value)
        calendars = _parsed(kept, found)
    except PARSING_ERRORS:
        # A value of a kind that icalendar does not expect fails the file, not the event: look for the line.
        found = Components()
        try:
            kept = _kept(lines, found, file.name, _is_parsed_alone)
            calendars = _parsed(kept, found)
        except PARSING_ERRORS as error:
            raise InvalidExport(f"{file.name}: is no iCalendar ({error}); export again.") from error
    for calendar in calendars:
        if calendar.name != "VCALENDAR":
            raise InvalidExport(f"{file.name}: {calendar.name} stands outside of a calendar; export again.")
        scale = str(calendar.get("CALSCALE", "GREGORIAN"))
        if scale.upper() != "GREGORIAN":
            raise InvalidExport(f"{file.name}: CALSCALE {scale} is not read; export with CALSCALE GREGORIAN.")
        found.events += calendar.walk("VEVENT")
    return found


def _parsed(lines: list[Contentline], found: Components) -> list[Any]:
    """Parse the calendars of a file, without zones that are too costly. Raises PARSING_ERRORS."""
    bounded, found.costly_zones = without_costly_zones(lines)
    # icalendar remembers the time zones that earlier files defined; this one may mean others by their names.
    icalendar.use_zoneinfo()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names of time zones that it understands all the same
        return list(icalendar.Calendar.from_ical("\r\n".join(bounded), multiple=True))


def _text(file: ExportFile) -> str:
    if file.size > LARGEST:
        raise InvalidExport(
            f"{file.name}: {file.size} bytes are too many for a calendar, which may have {LARGEST}."
        )
    with file.open() as stream:
        content = stream.read(LARGEST)
    if (number := max(content.count(b"\n"), content.count(b"\r"))) > MOST_LINES:
        raise InvalidExport(f"{file.name}: has {number:,} lines; a calendar may have {MOST_LINES:,}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidExport(
            f"{file.name}, line {line}: is not in UTF-8, as RFC 5545 wants; save it as UTF-8."
        ) from error
    if (where := text.find("\x00")) >= 0:
        line = text.count("\n", 0, where) + 1
        raise InvalidExport(f"{file.name}, line {line}: holds a NUL character: damaged; export again.")
    return text


def _kept(
    lines: Iterable[Contentline], found: Components, name: str, is_readable: Callable[[str], bool]
) -> list[Contentline]:
    """Count components, and leave out lines that are not needed to read the VEVENTs. Raises InvalidExport."""
    open_, kept, others = list[str](), list[Contentline](), Counter[str]()
    tally, event = FileTally(name), EventLines(is_readable)
    for line in lines:
        begins, ends = _component("BEGIN", line), _component("END", line)
        if begins == "VEVENT":
            found.number, event = tally.event(), EventLines(is_readable)
            if open_ != ["VCALENDAR"]:
                where = f"within {open_[-1]}" if open_ else "outside of the calendar"
                raise InvalidExport(f"{name}, event {found.number}: begins {where}; export again.")
        if begins:
            others[begins] += begins not in CONTAINERS and open_ == ["VCALENDAR"]
            open_.append(begins)
        if line and CONTAINERS.issuperset(open_) and (begins or ends or _is_read(line, open_, event)):
            kept.append(line)
            tally.line(line)
        if ends == "VEVENT" and event.bad:
            found.unreadable[found.number] = event.bad
        if ends and (not open_ or open_.pop() != ends):
            raise InvalidExport(f"{name}, event {found.number}: END:{ends} ends nothing; export again.")
    if open_:
        raise InvalidExport(
            f"{name}: is cut off within {open_[-1]}, after the beginning of event {found.number}; "
            "download or export it again."
        )
    found.others = {one: n for one, n in others.items() if n}
    return kept


def _is_read(line: str, open_: list[str], event: EventLines) -> bool:
    """Tell whether a property is to be parsed, by the components that it stands in. Raises ValueError."""
    name = property_of(line)
    if name in ("BEGIN", "END"):
        raise ValueError(f"{line[:80]!r} begins or ends no component")
    if open_[-1:] == ["VEVENT"]:
        return event.keeps(line)
    return open_ != ["VCALENDAR"] or (name == "CALSCALE" and len(line) <= LONGEST_OTHER)


def _component(word: str, line: str) -> str:
    """Return the name of the component that a line begins or ends; empty for other lines."""
    matched = re.fullmatch(rf"{word}\s*:\s*(\S+)\s*", line, re.IGNORECASE)
    return matched[1].upper() if matched else ""


def _has_name_and_value(line: str) -> bool:
    try:
        Contentline(line).parts()  # type: ignore[no-untyped-call]
    except PARSING_ERRORS:
        return False
    return True


def _is_parsed_alone(line: str) -> bool:
    try:
        Contentline(line).parts()  # type: ignore[no-untyped-call]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            icalendar.Event.from_ical(f"BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n")
    except PARSING_ERRORS:
        return False
    return True
