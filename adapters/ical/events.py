"""One VEVENT: its place, its values checked, and what cannot be read of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from adapters.ical.event_checks import REPEATING, Fault, faults_of, refusal_of
from adapters.ical.event_times import end_of, moment_key, unknown_zone
from adapters.ical.lesson_states import without_state
from adapters.ical.limits import BadLine
from adapters.ical.properties import categories_of, listed, text_of, written

STAMP = re.compile(r"-\d{8}T\d{6}Z?(?=-Index-Education$)")
"""The time of the export that PRONOTE writes into UIDs: `Cours-40048-1-20260924T195501Z-Index-Education`."""
COMPARED = (
    "DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE", "SUMMARY", "LOCATION",
    "DESCRIPTION", "STATUS", "URL", "CATEGORIES",
)  # fmt: skip
"""Properties that make two events the same, or not."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says of each of its occurrences."""

    title: str
    is_cancelled: bool
    location: str | None
    description: str | None
    url: str | None
    categories: tuple[str, ...]

    @property
    def length(self) -> int:
        """How many characters its texts have."""
        texts = (self.title, self.location, self.description, self.url, *self.categories)
        return sum(len(one or "") for one in texts)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event on one day. `key` stays the same when it is moved; times are in UTC."""

    key: str
    starts_at: datetime
    ends_at: datetime
    day: date
    last_day: date
    is_all_day: bool
    told: Told
    """Shared by the occurrences of an event."""


@dataclass(slots=True)
class Event:
    """A VEVENT, and what became of it: occurrences, a refusal, or a reason to leave it out.

    `faults` are those of properties without which the rest was taken. With neither occurrences nor a reason,
    other events contain it: every occurrence of a series was changed, each by an event of its own.
    """

    number: int
    component: Any
    uid: str
    """The UID without the time of the export; empty where there is none."""
    name: str
    """What a refusal calls it: its UID as written, or else its title."""
    place: str
    faults: list[Fault] = field(default_factory=list)
    refusal: Fault | None = None
    left_out: str | None = None
    occurrences: list[Occurrence] = field(default_factory=list)
    key: str = ""
    """Names it within the source; occurrences of a series add when they were to be."""
    unknown_zone: str | None = None
    """The time zone it names, where neither the file nor the zone database knows it."""

    @property
    def is_change(self) -> bool:
        """Whether it changes one occurrence of a series."""
        return "RECURRENCE-ID" in self.component

    @property
    def is_series(self) -> bool:
        """Whether it repeats."""
        return not self.is_change and ("RRULE" in self.component or "RDATE" in self.component)

    @property
    def sequence(self) -> int | None:
        """The number of its version, where it has one."""
        value = self.component.get("SEQUENCE")
        return int(value) if isinstance(value, int) else None

    def told(self) -> Told:
        """Return what it says of its occurrences."""
        found = self.component
        return Told(
            title=text_of(found, "SUMMARY") or "?",
            is_cancelled=(text_of(found, "STATUS") or "").upper() == "CANCELLED",
            location=text_of(found, "LOCATION"),
            description=text_of(found, "DESCRIPTION"),
            url=text_of(found, "URL"),
            categories=categories_of(found),
        )

    def content(self) -> bytes:
        """Return what two events must have in common to be the same."""
        values = ((name, self.component[name]) for name in COMPARED if name in self.component)
        parts = (one for name, value in values for one in (name.encode(), *map(written, listed(value))))
        return b"\x1f".join(parts)

    def identity(self, zone: ZoneInfo) -> str:
        """Name an event by its start, its end and its title without the state of the lesson."""
        title, _ = without_state(text_of(self.component, "SUMMARY") or "")
        start, end = self.component["DTSTART"].dt, end_of(self.component)
        return f"{moment_key(start, zone)}/{moment_key(end, zone)}/{title}"


def read_event(number: int, component: Any, unreadable: list[BadLine], file: str, zone: ZoneInfo) -> Event:
    """Check a VEVENT, and fix its floating times to a zone; one with a refusal is not to be used."""
    uid = text_of(component, "UID") or ""
    called = f"UID {uid}" if uid else "no UID"
    name = uid or text_of(component, "SUMMARY") or f"event {number}"
    event = Event(number, component, STAMP.sub("", uid), name, f"{file}, event {number} ({called})")
    event.unknown_zone = unknown_zone(component)
    event.refusal = refusal_of(component, unreadable, zone)
    if event.refusal is None:
        event.faults = faults_of(component, unreadable)
        if event.is_change:
            for name in REPEATING:
                component.pop(name, None)
        if event.sequence is None:
            component.pop("SEQUENCE", None)
    return event
