"""Occurrences of a calendar as lessons, events or holidays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from adapters import records as r
from adapters.base import Item, Mention, Refusal
from adapters.ical.calendars import Calendar, Occurrence
from adapters.school_export import SchoolExport

REASON = re.compile(
    r"^(?P<reason>prof(?:esseur|\.)?\s+absent\w*|cours\s+annul\w+|classe\s+absente|annul\w+|cancel\w+)\s*[:\-–]*\s*",
    re.IGNORECASE,
)
"""Why a lesson does not take place, as PRONOTE writes it before the subject."""


@dataclass(slots=True)
class Feed(SchoolExport):
    """What a calendar is for: a school, and for a timetable a class."""

    kind: str
    called: str
    year: int


def mentioned(feed: Feed) -> Iterator[Item]:
    """Yield the school, and the class of a timetable, that the calendar is for."""
    school = r.School(**feed.common("School", feed.uai), name=feed.uai, national_id=feed.uai)
    why, do = "this school is in no export that was imported", "Import its people; the calendar shows then."
    yield Mention(school, Refusal(feed.file, feed.called, "school", feed.uai, why, do))
    if feed.kind == "timetable":
        place = r.SchoolClass(**feed.common("SchoolClass", feed.called), name=feed.called)
        why = "this class is in no export that was imported"
        do = "Write --option class=NAME as the school writes it; the lessons show as soon as it is known."
        yield Mention(place, Refusal(feed.file, feed.called, "class", feed.called, why, do))


def _unreadable(calendar: Calendar, feed: Feed) -> Iterator[Refusal]:
    for uid, reason in calendar.unreadable:
        yield Refusal(feed.file, uid, "VEVENT", "", reason, "Correct it in the calendar and export again.")


def timetable(calendar: Calendar, feed: Feed) -> Iterator[Item]:
    """Yield lessons; what lasts all day is an event of the class."""
    yield from _unreadable(calendar, feed)
    place, known = feed.id("SchoolClass", feed.called), set[str]()
    for one in calendar.occurrences:
        if one.is_all_day:
            yield _event(one, feed, [place])
            continue
        reason = REASON.match(one.title)
        title, _, others = one.title[reason.end() if reason else 0 :].partition(" - ")
        title = title.strip() or one.title
        for kind, name in (("Subject", title), ("Room", one.location)):
            if name and (identity := feed.id(kind, name)) not in known:
                known.add(identity)
                yield (r.Subject if kind == "Subject" else r.Room)(**feed.common(kind, name), name=name)
        yield r.Lesson(
            **feed.common("Lesson", one.key),
            date=one.day,
            class_ids=[place],
            title=title,
            subject_id=feed.id("Subject", title),
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            status="CANCELLED" if one.is_cancelled or reason else "SCHEDULED",
            cancellation_reason=reason["reason"] if reason else None,
            room_ids=[feed.id("Room", one.location)] if one.location else [],
            memo=others.strip() or None,
        )


def agenda(calendar: Calendar, feed: Feed) -> Iterator[Item]:
    """Yield events of the whole school."""
    yield from _unreadable(calendar, feed)
    for one in calendar.occurrences:
        yield _event(one, feed, [])


def _event(one: Occurrence, feed: Feed, classes: list[str]) -> r.Event:
    return r.Event(
        **feed.common("Event", one.key),
        date=one.day,
        class_ids=classes,
        is_for_whole_school=not classes,
        title=one.title,
        description=one.description,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        is_all_day=one.is_all_day,
        location=one.location,
        online_url=one.url if (one.url or "").startswith("https://") else None,
        is_cancelled=one.is_cancelled,
    )


def holidays(calendar: Calendar, feed: Feed) -> Iterator[Item]:
    """Yield the holidays of one school year."""
    yield from _unreadable(calendar, feed)
    first, last = date(feed.year, 8, 1), date(feed.year + 1, 7, 31)
    found = [one for one in calendar.occurrences if first <= one.last_day and one.day <= last]
    if not found:
        why, do = f"no holidays from {first} to {last}", "Write --option year=YEAR, or take a newer calendar."
        yield Refusal(feed.file, feed.called, "DTSTART", "", why, do)
        return
    yield r.SchoolSettings(
        **feed.common("SchoolSettings", str(feed.year)),
        year_label=f"{feed.year}-{feed.year + 1}",
        year_start=date(feed.year, 9, 1),
        year_end=last,
        holidays=[
            {"name": one.title, "start": one.day.isoformat(), "end": one.last_day.isoformat()}
            for one in found
            if not one.is_cancelled
        ],
    )
