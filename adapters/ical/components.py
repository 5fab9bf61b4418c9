"""The VEVENT components of a calendar file, counted apart from their parsing, and what else stands in it."""

from __future__ import annotations

import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import icalendar
from icalendar.parser import Contentline, Contentlines

from adapters.base import InvalidExport
from adapters.export_files import ExportFile

LARGEST = 32 * 2**20
"""Bytes that a calendar may have."""
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
    unreadable: dict[int, list[str]] = field(default_factory=dict)
    """Lines of a VEVENT, by its number from 1, that cannot be parsed."""
    others: dict[str, int] = field(default_factory=dict)
    """Other components, such as VTODO, by name; nothing is read of them."""


def read_components(file: ExportFile) -> Components:
    """Parse a calendar file. Raises InvalidExport where it is none, is cut off, or is not in UTF-8."""
    lines = Contentlines.from_ical(_text(file))  # type: ignore[no-untyped-call]
    found = Components()
    try:
        calendars = _parsed(_kept(lines, found, file.name, _has_name_and_value))
    except PARSING_ERRORS:
        # A value of a kind that icalendar does not expect fails the file, not the event: look for the line.
        found = Components()
        kept = _kept(lines, found, file.name, _is_parsed_alone)
        try:
            calendars = _parsed(kept)
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


def _parsed(lines: list[Contentline]) -> list[Any]:
    """Parse the calendars of a file. Raises PARSING_ERRORS."""
    # icalendar remembers the time zones that earlier files defined; this one may mean others by their names.
    icalendar.use_zoneinfo()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names of time zones that it understands all the same
        return list(icalendar.Calendar.from_ical("\r\n".join(lines), multiple=True))


def _text(file: ExportFile) -> str:
    if file.size > LARGEST:
        raise InvalidExport(f"{file.name}: {file.size} bytes are too many for a calendar.")
    with file.open() as stream:
        content = stream.read()
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
    lines: Iterable[Contentline], found: Components, name: str, is_readable: Callable[[Contentline], bool]
) -> list[Contentline]:
    """Count components, and leave out lines that are not needed to read the VEVENTs. Raises InvalidExport."""
    open_, kept, others = list[str](), list[Contentline](), Counter[str]()
    unreadable: defaultdict[int, list[str]] = defaultdict(list)
    for line in lines:
        begins, ends = _component("BEGIN", line), _component("END", line)
        is_property = open_[-1:] == ["VEVENT"] and not begins and not ends and bool(line)
        if begins == "VEVENT":
            found.number += 1
            if open_ != ["VCALENDAR"]:
                where = f"within {open_[-1]}" if open_ else "outside of the calendar"
                raise InvalidExport(f"{name}, event {found.number}: begins {where}; export again.")
        if begins:
            others[begins] += begins not in CONTAINERS and open_ == ["VCALENDAR"]
            open_.append(begins)
        if is_property and not is_readable(line):
            unreadable[found.number].append(str(line))
        elif CONTAINERS.issuperset(open_):
            kept.append(line)
        if ends and (not open_ or open_.pop() != ends):
            raise InvalidExport(f"{name}, event {found.number}: END:{ends} ends nothing; export again.")
    if open_:
        raise InvalidExport(
            f"{name}: is cut off within {open_[-1]}, after the beginning of event {found.number}; "
            "download or export it again."
        )
    found.unreadable, found.others = dict(unreadable), {one: n for one, n in others.items() if n}
    return kept


def _component(word: str, line: str) -> str:
    """Return the name of the component that a line begins or ends; empty for other lines."""
    matched = re.fullmatch(rf"{word}\s*:\s*(\S+)\s*", line, re.IGNORECASE)
    return matched[1].upper() if matched else ""


def _has_name_and_value(line: Contentline) -> bool:
    try:
        line.parts()
    except PARSING_ERRORS:
        return False
    return True


def _is_parsed_alone(line: Contentline) -> bool:
    try:
        line.parts()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            icalendar.Event.from_ical(f"BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n")
    except PARSING_ERRORS:
        return False
    return True
