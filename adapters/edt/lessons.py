"""Lessons (Cours) of an EDT export: a weekday and places of the grid, in the weeks of masks of bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.edt.resources import WEEKS, School
from adapters.school_time import instant
from adapters.xml_documents import attribute, children, name_of

LARGEST_MASK = 2**64


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
        kinds = [kind for kind in ("Groupe", "Classe", "PartieDeClasse", "Eleve") if self.parts.get(kind)]
        found = self.cancelled
        for kind in kinds or ["Professeur", "Personnel"]:
            for _, mask in self.parts.get(kind, []):
                found |= mask
        return found


def lessons(root: Any, school: School) -> Iterator[Item]:
    """Yield every dated lesson; cancelled ones with their state."""
    containers = list(children(root, "Cours"))
    for container in containers:
        # In flat exports the first `Cours` is the container itself; a lesson has a day.
        found = [container] if attribute(container, "Jour") else list(children(container, "Cours"))
        for one in found:
            yield from _lesson(one, school)


def _lesson(one: Any, school: School) -> Iterator[Item]:
    numbers: dict[str, int] = {}
    for name in ("Jour", "NumeroPlaceDebut", "NombrePlaces"):
        try:
            numbers[name] = int(attribute(one, name) or "")
        except ValueError:
            why, do = "not a number", "Export the file again."
            yield school.refusal(one, one.get("Ident") or "", name, one.get(name) or "", why, do)
            return
    first = numbers["NumeroPlaceDebut"]
    last = first + numbers["NombrePlaces"] - 1
    if not 1 <= numbers["Jour"] <= 7 or last < first or first not in school.grid or last not in school.grid:
        why = "no day from 1 to 7, or a place that the grid of the day does not have"
        do = "Correct the grid in EDT."
        value = ", ".join(f"{name} {number}" for name, number in numbers.items())
        yield school.refusal(
            one, one.get("Ident") or "", "NumeroPlaceDebut", value, why, "Correct the grid in EDT."
        )
        return
    weekly = Weekly("", numbers["Jour"], school.grid[first][0], school.grid[last][1], None)
    yield from _parts(one, weekly, school)
    weekly.key = one.get("Ident") or _key(weekly, first, last)
    yield from _dated(weekly, school)


def _parts(one: Any, weekly: Weekly, school: School) -> Iterator[Item]:
    """Read what takes part in a lesson, and in which weeks."""
    record = one.get("Ident") or ""
    weekly.cancelled = _mask(attribute(one, "SemainesAnnulation")) or 0
    known = {
        "Classe": school.classes, "PartieDeClasse": school.parts, "Groupe": school.groups,
        "Salle": school.rooms,
    }  # fmt: skip
    for below in one:
        kind, ident = name_of(below), attribute(below, "Ident") or ""
        if kind == "Matiere":
            weekly.subject = school.subjects.get(ident)
            continue
        if kind in ("Professeur", "Personnel"):
            found = school.staff.get(f"{kind}:{ident}")
        elif kind == "Eleve":
            found = school.common("Student", ident)["id"]
        elif kind in known:
            found = known[kind].get(ident)
        else:
            continue
        mask = _mask(attribute(below, "Semaines") or attribute(below, "SemainesInclusion"))
        if found is None or mask is None:
            why = "not in the file, or no mask of weeks (a number below 2^64)"
            value = f"{kind} {ident}, Semaines {below.get('Semaines')}"
            yield school.refusal(below, record, kind, value, why, "Export the file again.")
            continue
        weekly.parts.setdefault(kind, []).append((found, mask))


def _mask(value: str | None) -> int | None:
    try:
        mask = int(value or "")
    except ValueError:
        return None
    return mask if 0 <= mask < LARGEST_MASK else None


def _key(weekly: Weekly, first: int, last: int) -> str:
    """Name a lesson that the export does not: by its place in the grid, its subject and who takes part."""
    who = sorted(
        one for kind in ("Groupe", "Classe", "PartieDeClasse") for one, _ in weekly.parts.get(kind, [])
    )
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
