"""Reads iCalendar files (RFC 5545) as the timetable of a class, the agenda of a school, or its holidays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from adapters.base import Export, InvalidExport, Item, Options, OtherFormat
from adapters.export_files import ExportFile, export_files
from adapters.ical.calendars import Calendar, read_calendar
from adapters.ical.records import Feed, agenda, holidays, mentioned, timetable
from adapters.school_export import source_name
from adapters.school_numbers import needed_school_number

KINDS = ("timetable", "agenda", "holidays")
READ = {"timetable": timetable, "agenda": agenda, "holidays": holidays}


class IcalReader:
    """Reads calendar feeds: one `.ics` file."""

    name = "ical"
    title = "iCalendar feed (.ics file or address): timetable of a class, agenda or holidays of a school"
    options = {  # noqa: RUF012
        "school": "National id (UAI) of the school.",
        "as": f"What the feed is: {', '.join(KINDS)}; timetable where it is not said.",
        "class": "Class of a timetable; the name of the file where it is not said.",
        "year": "Year in which the school year of the holidays begins; this one where it is not said.",
    }

    def inspect(self, path: Path, options: Options) -> Export:
        """Read the calendar and say what it is for. Raises InvalidExport."""
        file, feed = _file(path), _feed(path, options)
        found = read_calendar(file, feed.zone).occurrences
        # Feeds forget lessons that are over, and may keep the holidays of the whole year.
        lessons = [one for one in found if not one.is_all_day] if feed.kind == "timetable" else []
        since = min((one.day for one in lessons or found), default=date.max)
        return Export(feed.source, f"Calendar {feed.kind} {feed.called}", True, file.size, None, since)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield the lessons, events or holidays of the calendar. Raises InvalidExport."""
        file, feed = _file(path), _feed(path, options)
        calendar: Calendar = read_calendar(file, feed.zone)
        yield from mentioned(feed)
        yield from READ[feed.kind](calendar, feed)
        yield file.size


def _file(path: Path) -> ExportFile:
    files = export_files(path)
    if len(files) != 1:
        raise OtherFormat(f"{path}: import one calendar at a time; each is a source of its own.")
    with files[0].open() as stream:
        beginning = stream.read(64)
    if b"BEGIN:VCALENDAR" not in beginning.upper():
        raise OtherFormat(f"{files[0].name}: a calendar begins with BEGIN:VCALENDAR.")
    return files[0]


def _feed(path: Path, options: Options) -> Feed:
    school, kind = options.get("school"), options.get("as", "timetable")
    if not school:
        raise InvalidExport(f"{path.name}: say whose calendar it is: --option school=UAI.")
    school = needed_school_number(school, f"{path.name}, --option school", "Correct the option.")
    if kind not in KINDS:
        raise InvalidExport(f"--option as={kind}: write one of {', '.join(KINDS)}.")
    year = options.get("year", "")
    if year and not (year.isdigit() and 1900 < int(year) < 2100):
        raise InvalidExport(f"--option year={year}: write the year in which the school year begins, as 2026.")
    called = options.get("class") or path.stem
    source = source_name("ical", school, kind, called)
    first = int(year) if year else _school_year(date.today())
    return Feed(school, source, path.name, kind, called, first)


def _school_year(day: date) -> int:
    return day.year if day.month >= 8 else day.year - 1
