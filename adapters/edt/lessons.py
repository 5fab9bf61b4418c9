"""Lessons (Cours) of an EDT export: a weekday and places of the grid, in the weeks of masks of bits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import partial
from typing import Any

from adapters import records as r
from adapters.base import Item, LeftOut
from adapters.edt.layout import entities, ident_of
from adapters.edt.resources import EXPORT_WHOLE, WEEKS, School
from adapters.school_time import instant
from adapters.xml_documents import attribute, name_of

LARGEST_MASK = 2**64
WEEKS_WRITTEN = re.compile(r"[0-9]{1,20}")
AUDIENCES = ("Groupe", "Classe", "PartieDeClasse", "Eleve")
"""Kinds of elements that say for whom a lesson is."""


@dataclass(slots=True)
class Weekly:
    """A lesson of the grid: what takes part in it, each with the weeks in which it does."""

    key: str
    weekday: int
    begin: time
    end: time
    subject: str | None
    cancelled: int = 0
    parts: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """By kind of element: ids of records, each with its mask of weeks."""

    def in_week(self, kind: str, week: int) -> list[str]:
        """Return what takes part in one week; of a cancelled one, whoever would have."""
        found = self.parts.get(kind, [])
        here = [one for one, mask in found if mask >> week & 1]
        return here or ([one for one, _ in found] if self.cancelled >> week & 1 else [])

    @property
    def weeks(self) -> int:
        """The mask of the weeks in which there is anybody to teach, cancelled ones included."""
        kinds = [kind for kind in AUDIENCES if self.parts.get(kind)]
        found = self.cancelled
        for kind in kinds or ["Professeur", "Personnel"]:
            for _, mask in self.parts.get(kind, []):
                found |= mask
        return found


def lessons(root: Any, school: School) -> Iterator[Item]:
    """Yield every dated lesson; cancelled ones with their state."""
    listed = list(entities(root, "Cours"))
    slots = Counter(_slot(one) for one in listed if ident_of(one) is None)
    yield from school.entries(listed, partial(_lesson, slots=slots, school=school))
    yield from school.unknown_codes()


def _slot(one: Any) -> tuple[str, ...]:
    """Return what tells lessons without Ident apart: when it is, of what, and for whom."""
    when = [attribute(one, name) or "" for name in ("Jour", "NumeroPlaceDebut", "NombrePlaces")]
    who = sorted(
        f"{name_of(below)}:{ident_of(below)}" for below in one if name_of(below) in ("Matiere", *AUDIENCES)
    )
    return (*when, *who)


def _lesson(one: Any, slots: Counter[tuple[str, ...]], school: School) -> Iterator[Item]:
    record, numbers = ident_of(one) or "", dict[str, int]()
    for name in ("Jour", "NumeroPlaceDebut", "NombrePlaces"):
        try:
            numbers[name] = int(attribute(one, name) or "")
        except ValueError:
            why, do = "not a number", EXPORT_WHOLE
            yield school.refusal(one, record, name, one.get(name) or "", why, do)
            return
    first = numbers["NumeroPlaceDebut"]
    last = first + numbers["NombrePlaces"] - 1
    if not 1 <= numbers["Jour"] <= 7 or last < first or first not in school.grid or last not in school.grid:
        why = "no day from 1 to 7, or a place that the grid of the day does not have"
        value = ", ".join(f"{name} {number}" for name, number in numbers.items())
        yield school.refusal(one, record, "NumeroPlaceDebut", value, why, "Correct the grid in EDT.")
        return
    weekly = Weekly("", numbers["Jour"], school.grid[first][0], school.grid[last][1], None)
    _read_parts(one, record, weekly, school)
    weekly.key = record or _key(weekly, first, last, slots[_slot(one)] > 1)
    if weekly.weeks:
        yield from _dated(weekly, school)
    elif not school.faults:
        yield LeftOut("takes place in no week of the year")


def _read_parts(one: Any, record: str, weekly: Weekly, school: School) -> None:
    """Read what takes part in a lesson, and in which weeks; what cannot be read is noted."""
    known = {
        "Classe": school.classes, "PartieDeClasse": school.parts, "Groupe": school.groups,
        "Salle": school.rooms, "Eleve": school.students, "Matiere": school.subjects,
    }  # fmt: skip
    cancelled = attribute(one, "SemainesAnnulation")
    weekly.cancelled = _mask(one, record, "SemainesAnnulation", cancelled, school) if cancelled else 0
    for below in one:
        kind, ident = name_of(below), ident_of(below) or ""
        if kind in ("Professeur", "Personnel"):
            found = school.staff.get(f"{kind}:{ident}")
        elif kind in known:
            found = known[kind].get(ident)
        else:
            if kind != "Materiel":
                school.unknown["Cours", kind] += 1
            continue
        if found is None:
            school.missing(below, record, kind)
        elif kind == "Matiere":
            weekly.subject = found
        else:
            weeks = attribute(below, "Semaines") or attribute(below, "SemainesInclusion") or ""
            mask = _mask(below, record, f"{kind}/Semaines", weeks, school)
            if mask:
                weekly.parts.setdefault(kind, []).append((found, mask))
    named = {name_of(below) for below in one}
    if "Groupe" in named and not weekly.parts.get("Groupe"):
        # A group stands for its classes: without it, the lesson is not that of the whole class.
        weekly.parts.pop("Classe", None)


def _mask(element: Any, record: str, name: str, value: str, school: School) -> int:
    """Read a mask of weeks; what is none is noted, and is no week."""
    if WEEKS_WRITTEN.fullmatch(value) and int(value) < LARGEST_MASK:
        return int(value)
    why = "no mask of weeks (a number below 2^64): nothing is shown for it"
    school.fault(element, record, name, value, why, EXPORT_WHOLE)
    return 0


def _key(weekly: Weekly, first: int, last: int, is_shared: bool) -> str:
    """Name a lesson that the export does not: by its place in the grid, its subject and who takes part.

    Where that is the same for several lessons, those who teach tell them apart.
    """
    kinds = ("Groupe", "Classe", "PartieDeClasse", *(("Professeur", "Personnel") if is_shared else ()))
    who = sorted(one for kind in kinds for one, _ in weekly.parts.get(kind, []))
    parts = [str(weekly.weekday), str(first), str(last), weekly.subject or "", *who]
    return r.record_id("edt", "Cours", ":".join(parts))


def _dated(weekly: Weekly, school: School) -> Iterator[r.Lesson]:
    for week in WEEKS:
        if not weekly.weeks >> week & 1:
            continue
        day = school.first_monday + timedelta(weeks=week - 1, days=weekly.weekday - 1)
        yield _one(weekly, week, day, school)


def _one(weekly: Weekly, week: int, day: date, school: School) -> r.Lesson:
    groups = weekly.in_week("Groupe", week)
    # A group stands for its classes: its students alone have the lesson.
    classes = groups or [*weekly.in_week("Classe", week), *weekly.in_week("PartieDeClasse", week)]
    is_cancelled = bool(weekly.cancelled >> week & 1)
    return r.Lesson(
        **school.common("Lesson", f"{weekly.key}:{day.isoformat()}"),
        date=day,
        class_ids=classes,
        group_ids=[*groups, *weekly.in_week("PartieDeClasse", week)] if classes else [],
        student_ids=weekly.in_week("Eleve", week),
        title=school.names.get(weekly.subject or "", "?"),
        subject_id=weekly.subject,
        starts_at=instant(day, weekly.begin, school.zone),
        ends_at=instant(day, weekly.end, school.zone),
        status="CANCELLED" if is_cancelled else "SCHEDULED",
        teacher_ids=weekly.in_week("Professeur", week),
        other_staff_ids=weekly.in_week("Personnel", week),
        room_ids=weekly.in_week("Salle", week),
    )
