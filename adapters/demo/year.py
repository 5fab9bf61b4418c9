"""A school year for the people of an export: what every widget shows, awkward cases included.

The people are canonical records, wherever they came from; `today` decides what has happened already.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from adapters import records as r

SOURCE = "demo"
T = TypeVar("T", bound=r.Record)
HOLIDAYS = (
    ("Vacances de la Toussaint", (10, 17), (11, 1)),
    ("Armistice", (11, 11), (11, 11)),
    ("Vacances de Noël", (12, 19), (1, 3)),
    ("Vacances d'hiver", (2, 6), (2, 21)),
    ("Vacances de printemps", (4, 3), (4, 18)),
    ("Fête du Travail", (5, 1), (5, 1)),
)
"""Invented holidays in the shape of a real year: name, first and last day as (month, day)."""


@dataclass
class DemoSchool:
    """One school with its people, its calendar, and the ids of what the year refers to."""

    record: r.School
    today: date
    now: datetime
    chance: random.Random
    classes: list[r.SchoolClass]
    students_of: dict[str, list[r.Student]]
    teachings_of: dict[str, list[r.Teaching]]
    staff: list[r.StaffMember]
    guardians_of: dict[str, list[tuple[r.Guardianship, r.Guardian]]]
    subjects: dict[str, r.Subject]
    year_start: date
    year_end: date
    number: int = 0
    holidays: list[tuple[str, date, date]] = field(default_factory=list)

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the school."""
        return ZoneInfo(self.record.time_zone)

    @property
    def homerooms(self) -> list[r.SchoolClass]:
        """Return the classes, without groups."""
        return [one for one in self.classes if one.class_type == "HOMEROOM" and self.students_of[one.id]]

    @property
    def students(self) -> list[r.Student]:
        """Return all students, class by class."""
        return [student for one in self.homerooms for student in self.students_of[one.id]]

    @property
    def office(self) -> r.StaffMember:
        """Return someone of the school's offices."""
        return next((one for one in self.staff if one.role == "SCHOOL_LIFE"), self.staff[0])

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Return an instant by the clock of the school."""
        return datetime.combine(day, time(hour, minute), self.zone)

    def make(self, record_type: type[T], key: str, /, **columns: Any) -> T:
        """Make one record of the demo source, in this school."""
        identity = r.record_id(SOURCE, record_type.__name__, f"{self.record.external_id}:{key}")
        values: dict[str, Any] = {"id": identity, "school_id": self.record.id, **columns}
        if issubclass(record_type, r.Imported):
            values |= {"source_id": SOURCE, "external_id": f"{self.record.external_id}:{key}"}
        return record_type(**values)

    def is_school_day(self, day: date) -> bool:
        """Tell whether there are lessons on a day."""
        return day.weekday() < 5 and not any(start <= day <= end for _, start, end in self.holidays)

    @cached_property
    def days(self) -> list[date]:
        """Return every school day of the year."""
        length = (self.year_end - self.year_start).days + 1
        every = (self.year_start + timedelta(days=offset) for offset in range(length))
        return [day for day in every if self.is_school_day(day)]

    def past_days(self, count: int) -> list[date]:
        """Return the last school days before today, newest first."""
        days = [day for day in self.days if day < self.today]
        return days[::-1][:count] or [self.year_start]

    def coming_day(self, number: int) -> date:
        """Return the n-th school day from tomorrow on."""
        days = [day for day in self.days if day > self.today]
        return days[min(number, len(days) - 1)] if days else self.today + timedelta(days=1 + number)

    def period_of(self, day: date) -> str:
        """Return the id of the trimester that holds a day."""
        return self.period_id(1 if day < self.term(2)[0] else 2 if day < self.term(3)[0] else 3)

    def period_id(self, number: int) -> str:
        """Return the id of a trimester."""
        return r.record_id(SOURCE, "GradingPeriod", f"{self.record.external_id}:T{number}")

    def term(self, number: int) -> tuple[date, date]:
        """Return the first and last day of a trimester."""
        second, third = date(self.year_start.year, 12, 1), date(self.year_start.year + 1, 3, 9)
        starts = (self.year_start, second, third, self.year_end + timedelta(days=1))
        return starts[number - 1], starts[number] - timedelta(days=1)


Part = Callable[[DemoSchool], Iterable[r.Record]]


def demo_schools(people: Iterable[r.Record], seed: int, now: datetime) -> list[DemoSchool]:
    """Sort the people of an export by school."""
    kinds: dict[type, list[Any]] = defaultdict(list)
    for record in people:
        kinds[type(record)].append(record)
    return [
        _demo_school(number, school, kinds, random.Random(f"{seed}:{school.external_id}"), now)
        for number, school in enumerate(kinds[r.School])
    ]


def _demo_school(
    number: int, school: r.School, kinds: dict[type, list[Any]], chance: random.Random, now: datetime
) -> DemoSchool:
    today = now.astimezone(ZoneInfo(school.time_zone)).date()
    first = today.year if today.month >= 8 else today.year - 1
    students = {one.id: one for one in kinds[r.Student] if one.school_id == school.id}
    guardians = {one.id: one for one in kinds[r.Guardian]}
    members: dict[str, list[r.Student]] = defaultdict(list)
    for enrolment in kinds[r.Enrolment]:
        if enrolment.student_id in students and enrolment.kind in ("CLASS", "GROUP"):
            members[enrolment.class_id].append(students[enrolment.student_id])
    teachings: dict[str, list[r.Teaching]] = defaultdict(list)
    for teaching in kinds[r.Teaching]:
        teachings[teaching.class_id].append(teaching)
    ties: dict[str, list[tuple[r.Guardianship, r.Guardian]]] = defaultdict(list)
    for tie in kinds[r.Guardianship]:
        if tie.has_data_access:
            ties[tie.student_id].append((tie, guardians[tie.guardian_id]))
    made = DemoSchool(
        record=school,
        today=today,
        now=now,
        chance=chance,
        classes=[one for one in kinds[r.SchoolClass] if one.school_id == school.id],
        students_of=members,
        teachings_of=teachings,
        staff=[one for one in kinds[r.StaffMember] if one.school_id == school.id],
        guardians_of=ties,
        subjects={one.id: one for one in kinds[r.Subject]},
        year_start=date(first, 9, 1),
        year_end=date(first + 1, 7, 3),
        number=number,
    )
    made.holidays = _holidays(first, today)
    return made


def _holidays(first: int, today: date) -> list[tuple[str, date, date]]:
    """Place the holidays, but for one around today: a demo shown in it would be empty."""
    placed = []
    for name, (month, day), (last_month, last_day) in HOLIDAYS:
        start = date(first if month >= 8 else first + 1, month, day)
        end = date(first if last_month >= 8 else first + 1, last_month, last_day)
        near = start - timedelta(days=10) <= today <= end + timedelta(days=3)
        if not (near and (end - start).days > 3):
            placed.append((name, start, end))
    return placed


def settings(school: DemoSchool) -> Iterator[r.Record]:
    """Yield what the school says of its year and of what it shows; the second school hides more."""
    monday = school.year_start - timedelta(days=school.year_start.weekday())
    weeks = {(monday + timedelta(weeks=n)).isoformat(): "AB"[n % 2] for n in range(45)}
    hides = school.number == 1
    yield school.make(
        r.SchoolSettings,
        "settings",
        year_label=f"{school.year_start.year}-{school.year_end.year}",
        year_start=school.year_start,
        year_end=school.year_end,
        holidays=[
            {"name": name, "start": start.isoformat(), "end": end.isoformat()}
            for name, start, end in school.holidays
        ],
        cycle_weeks=weeks,
        counting_unit="HOUR" if hides else "HALF_DAY",
        display_policy={
            "show_coefficients": not hides,
            "show_rank": not hides,
            "online_justification": True,
            "show_punishment_author": not hides,
        },
    )


def grading_periods(school: DemoSchool) -> Iterator[r.Record]:
    """Yield the year, its trimesters, and the periods that never are current."""
    year: dict[str, Any] = {"start_date": school.year_start, "end_date": school.year_end}
    yield school.make(r.GradingPeriod, "year", name="Année", kind="YEAR", **year)
    whole = r.record_id(SOURCE, "GradingPeriod", f"{school.record.external_id}:year")
    for number in (1, 2, 3):
        start, end = school.term(number)
        yield school.make(
            r.GradingPeriod,
            f"T{number}",
            name=f"Trimestre {number}",
            kind="TRIMESTER",
            start_date=start,
            end_date=end,
            parent_id=whole,
            is_closed=end < school.today,
            council_at=school.at(end - timedelta(days=2), 17),
        )
    january = date(school.year_end.year, 1, 18)
    mock: dict[str, Any] = {"start_date": january, "end_date": january + timedelta(days=4)}
    yield school.make(r.GradingPeriod, "mock", name="Brevet blanc", kind="MOCK_EXAM", **mock)
    yield school.make(r.GradingPeriod, "out", name="Hors période", kind="OUT_OF_PERIOD", **year)


def school_year(
    people: Sequence[r.Record], seed: int, now: datetime, parts: Sequence[Part]
) -> Iterator[r.Record | int]:
    """Yield a school year for all schools of an export, and after each part how many parts are done."""
    done = 0
    for school in demo_schools(people, seed, now):
        for part in parts:
            yield from part(school)
            done += 1
            yield done
