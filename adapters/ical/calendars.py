"""The events of a calendar with their occurrences: repetitions expanded, floating times in the school's zone.

Every VEVENT ends up with occurrences, a refusal, a reason why it is left out, or within others of its series.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from adapters.base import InvalidExport
from adapters.export_files import ExportFile
from adapters.ical.components import PARSING_ERRORS, read_components
from adapters.ical.event_checks import Fault
from adapters.ical.event_times import instant, moment_key
from adapters.ical.events import Event, Occurrence, Told, read_event
from adapters.ical.limits import MOST_TEXT
from adapters.ical.properties import listed, shown
from adapters.ical.repetitions import Search, times_a_day
from adapters.ical.time_zones import MOST_CHANGES, MOST_ZONES

FORWARD = timedelta(days=400)
"""How long after the last event that is written out repetitions are followed."""
MOST = 20_000
"""Occurrences that a calendar may have."""
MOST_MOVED_ON = 100
"""Changes of an occurrence and all that follow (RANGE=THISANDFUTURE) that a series may have."""
MOST_NAMED = 20
"""Zones that are named in notices."""
MARK = "X-EVENT-NUMBER"
"""Carries the number of a VEVENT through its expansion."""
EXPANSION_ERRORS = (*PARSING_ERRORS, OverflowError)
"""What recurring_ical_events raises for what it cannot expand."""
REPEATED = "the same event stands in the calendar before, word for word"
OLDER = "the calendar has a newer version of the event (SEQUENCE)"
EXCLUDED = "the series leaves out what it stands for (EXDATE)"


@dataclass(frozen=True, slots=True)
class Window:
    """The days in which occurrences are taken, `end` excluded."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Calendar:
    """The events of a calendar in the order of the file; `number` counts them apart from their parsing."""

    events: list[Event]
    number: int
    notices: list[str]

    @property
    def occurrences(self) -> list[Occurrence]:
        """Return what takes place, in order."""
        found = (one for event in self.events for one in event.occurrences)
        return sorted(found, key=lambda one: (one.starts_at, one.key))


def read_calendar(file: ExportFile, zone: str) -> Calendar:
    """Read a calendar. Raises InvalidExport where the file as a whole is none."""
    found, here = read_components(file), ZoneInfo(zone)
    events = [
        read_event(number, one, found.unreadable.get(number, []), file.name, here)
        for number, one in enumerate(found.events, 1)
    ]
    search = Search(file.name)
    for one in events:
        if one.refusal is None and one.is_series and (why := search.fault(one.component)):
            one.refusal = Fault("RRULE", shown(one.component["RRULE"]), why)
    notices = [f"{number} {name} are not read, only VEVENT" for name, number in sorted(found.others.items())]
    zones = sorted({one.unknown_zone for one in events if one.unknown_zone})
    notices += [
        f"the time zone {one} is not known: its times were read by the school's clock" for one in zones
    ]
    notices += [
        f"the definition of the time zone {one} is not read: a calendar may define {MOST_ZONES} zones of "
        f"{MOST_CHANGES:,} changes of the clock, and rules that name one day of each year"
        for one in sorted(set(found.costly_zones))[:MOST_NAMED]
    ]
    good = [one for one in events if one.refusal is None]
    if good:
        notices += _Expansion(good, here, file.name).run()
    return Calendar(events, found.number, notices)


class _Expansion:
    """Finds the series of a calendar and follows them; used once."""

    def __init__(self, events: Sequence[Event], zone: ZoneInfo, name: str) -> None:
        self._zone = zone
        self._numbered = {one.number: one for one in events}
        days = [_day(one.component["DTSTART"].dt) for one in events]
        self._window = Window(min(days) - timedelta(days=1), max(days) + FORWARD)
        self._name = name
        self._unfinished = self._total = self._text = 0
        self._unnamed: defaultdict[str, list[Event]] = defaultdict(list)

    def run(self) -> list[str]:
        """Give events their occurrences; returns what the reader of the report should know."""
        by_uid: defaultdict[str, list[Event]] = defaultdict(list)
        for one in self._numbered.values():
            by_uid[one.uid].append(one)
        series = [found for uid, some in by_uid.items() for found in self._series(uid, some)]
        for identity, some in self._unnamed.items():
            # By content, so that the order of the file does not matter.
            for number, one in enumerate(sorted(some, key=Event.content), 1):
                one.key = identity if number == 1 else f"{identity}/{number}"
        for core, changes in series:
            self._expand(core, changes)
        if not self._unfinished:
            return []
        return [
            f"{self._unfinished} series go on after {self._window.end}: they were followed up to that day; "
            "import the calendar again before it"
        ]

    def _series(self, uid: str, events: list[Event]) -> list[tuple[Event | None, list[Event]]]:
        """Sort out the events of one UID: an event with the changes of its occurrences, and events alone.

        Several events of one UID that change nothing are no series, as in feeds that call every event `none`.
        """
        changes = self._current_changes([one for one in events if one.is_change], bool(uid))
        cores = [one for one in events if not one.is_change]
        if uid:
            cores = _current(cores)
        repeating = cores if len(cores) == 1 else [one for one in cores if one.is_series]
        core = repeating[0] if uid and len(repeating) == 1 else None
        for one in [*cores, *changes]:
            if uid and (one is core or one.is_change):
                one.key = uid
            else:
                start = f"{uid}/" if uid else ""
                self._unnamed[start + one.identity(self._zone)].append(one)
        alone: list[tuple[Event | None, list[Event]]] = [(one, []) for one in cores if one is not core]
        if core is None:
            return [*alone, *((None, [one]) for one in changes)]
        return [(core, changes), *alone]

    def _current_changes(self, changes: list[Event], have_uid: bool) -> list[Event]:
        """Return one change of each occurrence; others of the same UID are left out or refused."""
        if not have_uid:
            return changes
        by_moment: defaultdict[str, list[Event]] = defaultdict(list)
        for one in changes:
            by_moment[moment_key(one.component["RECURRENCE-ID"].dt, self._zone)].append(one)
        found = []
        for some in by_moment.values():
            first, *rivals = _current(some)
            found.append(first)
            for one in rivals:
                value = shown(one.component["RECURRENCE-ID"])
                why = f"event {first.number} changes the same occurrence, in another way"
                one.refusal = Fault("RECURRENCE-ID", value, why, "Keep one of them, or give it a SEQUENCE.")
        return found

    def _expand(self, core: Event | None, changes: list[Event]) -> None:
        together = [*([core] if core else []), *changes]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = [(self._numbered[int(one[MARK])], one) for one in self._occurrences(together)]
                told = {one.number: one.told() for one in together}
                occurrences = [(one, self._occurrence(each, one, told[one.number])) for one, each in found]
        except EXPANSION_ERRORS as error:
            blamed, *others = together
            _refuse(blamed, error)
            for one in others:
                self._expand(None, [one])
            return
        self._total += len(occurrences)
        if self._total > MOST:
            raise InvalidExport(f"{self._name}: has more than {MOST} occurrences; export fewer years.")
        for event, occurrence in occurrences:
            event.occurrences.append(occurrence)
            self._text += occurrence.told.length
        if self._text > MOST_TEXT:
            why = f"texts of more than {MOST_TEXT:,} characters, of each event as often as it takes place"
            raise InvalidExport(f"{self._name}: has {why}; shorten them, or export fewer years.")
        for event in together:
            if not event.occurrences and (event is not core or not occurrences):
                event.left_out = EXCLUDED

    def _occurrences(self, events: list[Event]) -> list[Any]:
        calendar = icalendar.Calendar()
        for one in events:
            one.component[MARK] = one.number
            one.component["UID"] = icalendar.vText(one.key)
            calendar.subcomponents.append(one.component)
        if (number := sum(_is_of_all_that_follow(one) for one in events)) > MOST_MOVED_ON:
            raise ValueError(f"{number} changes of all that follow, of {MOST_MOVED_ON} that it may have")
        if self._bound(events[0]) > MOST:
            raise ValueError(f"it may have more than {MOST} occurrences")
        query = recurring_ical_events.of(calendar)
        found: list[Any] = query.between(self._window.start, self._window.end)
        if events[0].is_series and self._goes_on(events[0], query):
            self._unfinished += 1
        return found

    def _goes_on(self, series: Event, query: Any) -> bool:
        """Say whether a series has occurrences after the window."""
        for rule in listed(series.component.get("RRULE")):
            until = listed(rule.get("UNTIL"))
            if "COUNT" not in rule and (not until or _day(until[0]) > self._window.end):
                return True
        return next(query.after(self._window.end), None) is not None

    def _bound(self, event: Event) -> int:
        """Return a number that the occurrences of an event cannot exceed."""
        days = (self._window.end - _day(event.component["DTSTART"].dt)).days
        return sum(days * times_a_day(rule) for rule in listed(event.component.get("RRULE")))

    def _planned(self, found: Any, event: Event) -> date:
        """Return when an occurrence was to begin before it was changed."""
        planned: date = found["RECURRENCE-ID"].dt
        if not _is_of_all_that_follow(event):
            return planned
        own = event.component["RECURRENCE-ID"]
        # The change and all that follow it carry the RECURRENCE-ID of the first.
        moved_by = instant(event.component["DTSTART"].dt, self._zone) - instant(own.dt, self._zone)
        begins = instant(found["DTSTART"].dt, self._zone) - moved_by
        return begins if isinstance(planned, datetime) else begins.astimezone(self._zone).date()

    def _occurrence(self, found: Any, event: Event, told: Told) -> Occurrence:
        start, end = found["DTSTART"].dt, found["DTEND"].dt
        begin, finish = instant(start, self._zone), instant(end, self._zone)
        key = event.key
        if event.is_series or event.is_change:
            key = f"{key}/{moment_key(self._planned(found, event), self._zone)}"
        day = begin.astimezone(self._zone).date()
        last = (finish - timedelta(seconds=1)).astimezone(self._zone).date()
        return Occurrence(
            key=key,
            starts_at=begin,
            ends_at=finish,
            day=day,
            last_day=max(last, day),
            is_all_day=not isinstance(start, datetime),
            told=told,
        )


def _current(rivals: Iterable[Event]) -> list[Event]:
    """Return events without those that stand twice, and the newest alone where each has a version."""
    found: dict[bytes, Event] = {}
    for one in rivals:
        if found.setdefault(one.content(), one) is not one:
            one.left_out = REPEATED
    current = list(found.values())
    versions = {one.sequence for one in current}
    if len(current) > 1 and None not in versions and len(versions) == len(current):
        *older, newest = sorted(current, key=lambda one: one.sequence or 0)
        for one in older:
            one.left_out = OLDER
        return [newest]
    return current


def _is_of_all_that_follow(event: Event) -> bool:
    own = event.component.get("RECURRENCE-ID")
    return own is not None and str(own.params.get("RANGE", "")).upper() == "THISANDFUTURE"


def _refuse(event: Event, error: Exception) -> None:
    name = "RRULE" if "RRULE" in event.component else "RDATE" if "RDATE" in event.component else "DTSTART"
    value, why = shown(event.component[name]), f"its days cannot be found out ({error})"
    event.refusal = Fault(name, value, why)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
