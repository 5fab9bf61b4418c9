"""The events of a calendar as lessons, events or holidays; every VEVENT is accounted for."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters import records as r
from adapters.base import Entry, EntryCount, Item, LeftOut, Mention, Notice, Refusal, Used
from adapters.ical.calendars import Calendar
from adapters.ical.events import Event, Occurrence
from adapters.ical.lesson_states import State, state_of, without_state
from adapters.school_export import SchoolExport

ENTRY = "VEVENT"
SEPARATOR = " - "
"""What PRONOTE writes between subject, teacher and room."""
ROOMS = re.compile(r"\s*,\s+|\s*;\s*|\s*\n\s*")
"""What stands between rooms; a comma without a space may be part of a name."""
SUBJECT = re.compile(r"^Matière\s*:\s*(?P<name>.+?)\s*$", re.MULTILINE | re.IGNORECASE)
"""The subject in a description of PRONOTE and HYPERPLANNING."""


@dataclass(slots=True)
class Feed(SchoolExport):
    """What a calendar is for: a school, and for a timetable a class."""

    kind: str
    called: str
    year: int


@dataclass(frozen=True, slots=True)
class FedLesson:
    """A lesson as a feed tells it; `columns` are those of the record but for the links between lessons."""

    title: str
    memo: str | None
    state: State
    columns: dict[str, Any]

    @property
    def slot(self) -> tuple[object, ...]:
        """What a lesson and the one that replaces it have in common."""
        return (self.columns["starts_at"], self.columns["ends_at"], self.title, self.memo)


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


def timetable(calendar: Calendar, feed: Feed) -> Iterator[Item]:
    """Yield lessons; what lasts all day is an event of the class."""
    place, known = feed.id("SchoolClass", feed.called), set[str]()
    timed = [one for one in calendar.occurrences if not one.is_all_day]
    lessons = {one.key: _lesson(one, feed, place) for one in timed}
    links = _replacements(lessons.values())

    def records(event: Event) -> Iterator[Item]:
        for one in event.occurrences:
            if one.is_all_day:
                yield _event(one, feed, [place])
                continue
            lesson = lessons[one.key]
            for kind, name in (("Subject", lesson.title), *(("Room", room) for room in _rooms(one))):
                if (identity := feed.id(kind, name)) not in known:
                    known.add(identity)
                    yield (r.Subject if kind == "Subject" else r.Room)(**feed.common(kind, name), name=name)
            yield r.Lesson(**lesson.columns, **links.get(lesson.columns["id"], {}))

    yield from _accounted(calendar, feed, records)
    unknown = Counter(one.state.label for one in lessons.values() if not one.state.is_known)
    for label, number in sorted(unknown.items(), key=str):
        text = f"{number} lessons are in a state that is not known, {label!r}: shown with it, as scheduled"
        yield Notice(feed.file, text)


def agenda(calendar: Calendar, feed: Feed) -> Iterator[Item]:
    """Yield events of the whole school."""
    yield from _accounted(calendar, feed, lambda event: (_event(one, feed, []) for one in event.occurrences))


def holidays(calendar: Calendar, feed: Feed) -> Iterator[Item]:
    """Yield the holidays of one school year."""
    first, last = date(feed.year, 8, 1), date(feed.year + 1, 7, 31)
    year = f"{feed.year}-{feed.year + 1}"

    def is_taken(one: Occurrence) -> bool:
        return first <= one.last_day and one.day <= last and not one.told.is_cancelled

    def fate(event: Event) -> Iterator[Item]:
        if any(is_taken(one) for one in event.occurrences):
            yield Used()
        elif event.occurrences:
            is_cancelled = all(one.told.is_cancelled for one in event.occurrences)
            yield LeftOut("cancelled" if is_cancelled else f"outside of the school year {year}")

    found = [one for one in calendar.occurrences if is_taken(one)]
    if found:
        yield r.SchoolSettings(
            **feed.common("SchoolSettings", str(feed.year)),
            year_label=year,
            year_start=date(feed.year, 9, 1),
            year_end=last,
            holidays=[
                {"name": one.told.title, "start": one.day.isoformat(), "end": one.last_day.isoformat()}
                for one in found
            ],
        )
    else:
        why, do = f"no holidays from {first} to {last}", "Write --option year=YEAR, or take a newer calendar."
        yield Refusal(feed.file, feed.called, "DTSTART", "", why, do)
    yield from _accounted(calendar, feed, fate)


def _accounted(calendar: Calendar, feed: Feed, records: Callable[[Event], Iterable[Item]]) -> Iterator[Item]:
    """Yield every VEVENT with what became of it."""
    yield EntryCount(ENTRY, calendar.number)
    for text in calendar.notices:
        yield Notice(feed.file, text)
    for event in calendar.events:
        yield Entry(ENTRY, event.place)
        for fault in [*event.faults, *([event.refusal] if event.refusal else [])]:
            place = f"{feed.file}, event {event.number}"
            yield Refusal(place, event.name, fault.field, fault.value, fault.reason, fault.remedy)
        if event.left_out:
            yield LeftOut(event.left_out)
        elif event.refusal is None and not event.occurrences:
            yield Used()
        yield from records(event)


def _lesson(one: Occurrence, feed: Feed, place: str) -> FedLesson:
    state = state_of(one.told.title, one.told.categories, one.told.is_cancelled)
    title, memo = _parts(one)
    columns = {
        **feed.common("Lesson", one.key),
        "date": one.day,
        "class_ids": [place],
        "title": title,
        "subject_id": feed.id("Subject", title),
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "status": state.status,
        "changes": list(state.changes),
        "cancellation_reason": state.reason,
        "status_label": state.label,
        "room_ids": [feed.id("Room", name) for name in _rooms(one)],
        "memo": memo,
    }
    return FedLesson(title, memo, state, columns)


def _rooms(one: Occurrence) -> list[str]:
    return list(dict.fromkeys(name for name in ROOMS.split(one.told.location or "") if name))


def _parts(one: Occurrence) -> tuple[str, str | None]:
    """Split a title into the subject, and what follows it: the teacher as a rule."""
    title, _ = without_state(one.told.title)
    if one.told.location and title.endswith(SEPARATOR + one.told.location):
        title = title.removesuffix(SEPARATOR + one.told.location).strip()
    named = SUBJECT.search(html.unescape(one.told.description or ""))
    if named and (title == named["name"] or title.startswith(named["name"] + SEPARATOR)):
        return named["name"], title.removeprefix(named["name"]).removeprefix(SEPARATOR).strip() or None
    subject, _, last = title.rpartition(SEPARATOR)
    return (subject.strip(), last.strip() or None) if subject.strip() else (title, None)


def _replacements(lessons: Iterable[FedLesson]) -> dict[str, dict[str, Any]]:
    """Link a lesson in another room with the one that PRONOTE cancels for it: by id, further columns.

    Both have the same hours, subject and teacher; the cancelled one names no other reason.
    """
    cancelled, moved = defaultdict[object, list[FedLesson]](list), defaultdict[object, list[FedLesson]](list)
    for one in lessons:
        if one.state.status == "CANCELLED" and one.state.reason == "UNKNOWN":
            cancelled[one.slot].append(one)
        elif "ROOM" in one.state.changes:
            moved[one.slot].append(one)
    links: dict[str, dict[str, Any]] = {}
    for slot, new in moved.items():
        old = cancelled[slot]
        if len(new) == len(old) == 1:
            before, after = old[0].columns, new[0].columns
            links[before["id"]] = {"is_superseded": True, "replaced_by_id": after["id"]}
            links[after["id"]] = {"replaces_id": before["id"], "original_room_ids": before["room_ids"]}
    return links


def _event(one: Occurrence, feed: Feed, classes: list[str]) -> r.Event:
    return r.Event(
        **feed.common("Event", one.key),
        date=one.day,
        class_ids=classes,
        is_for_whole_school=not classes,
        title=one.told.title,
        # Feeds write HTML in part: PRONOTE `&amp;`, Google whole tags.
        description=one.told.description,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        is_all_day=one.is_all_day,
        location=one.told.location,
        online_url=one.told.url,
        is_cancelled=one.told.is_cancelled,
    )
