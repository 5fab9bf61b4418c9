"""Services and weekly lessons of STS-WEB, as dated lessons over the school year.

The file knows no holidays: its lessons are marked as of a pattern, and the loader hides those on days that
the calendar of the school calls free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.school_time import clock, duration, instant
from adapters.sts.structure import School
from adapters.xml_documents import attribute, children, text


@dataclass(slots=True)
class Slot:
    """One weekly lesson of a class or group; several teachers may give it together (CO_ENS)."""

    class_type: str
    place: str
    subject: str
    weekday: int
    begin: time
    length: timedelta
    alternation: str
    rooms: list[str] = field(default_factory=list)
    teachers: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """What is the same at every export."""
        parts = (self.class_type, self.place, self.subject, self.weekday, self.begin, self.alternation)
        return ":".join(str(one) for one in parts)


def lessons(root: Any, school: School) -> Iterator[Item]:
    """Yield who teaches what to whom, and every lesson of the year."""
    slots: dict[str, Slot] = {}
    for path, class_type in ((("DIVISIONS", "DIVISION"), "HOMEROOM"), (("GROUPES", "GROUPE"), "SCHEDULED")):
        for place in children(root, "DONNEES", "STRUCTURE", *path):
            code = attribute(place, "CODE") or ""
            for service in children(place, "SERVICES", "SERVICE"):
                yield from _service(service, class_type, code, slots, school)
    for (number, code), teaches in school.main_teachers.items():
        if not teaches:
            yield _teaching(number, "HOMEROOM", code, "", school)
    for slot in slots.values():
        yield from _dated(slot, school)


def _service(
    service: Any, class_type: str, code: str, slots: dict[str, Slot], school: School
) -> Iterator[Item]:
    subject = attribute(service, "CODE_MATIERE") or ""
    for teacher in children(service, "ENSEIGNANTS", "ENSEIGNANT"):
        number = f"{attribute(teacher, 'TYPE') or 'epp'}:{attribute(teacher, 'ID')}"
        if number not in school.staff:
            why, do = "this teacher is not among the INDIVIDU of the file", "Export the file again."
            yield school.refusal(teacher, code, "ENSEIGNANT/ID", number, why, do)
            continue
        yield _teaching(number, class_type, code, subject, school)
        for one in children(teacher, "COURS_RATTACHES", "COURS"):
            slot = _slot(one, class_type, code, subject)
            if slot is None or slot.alternation not in school.weeks:
                value = ", ".join(
                    f"{name} {text(one, name)}"
                    for name in ("JOUR", "HEURE_DEBUT", "DUREE", "CODE_ALTERNANCE")
                )
                why = "no day from 1 to 7, no time of day, or an alternation that the file does not have"
                yield school.refusal(one, f"{code} {subject}", "COURS", value, why, "Correct it in STS-WEB.")
                continue
            known = slots.setdefault(slot.key, slot)
            known.teachers.append(number)
            if (room := text(one, "CODE_SALLE")) and room not in known.rooms:
                known.rooms.append(room)


def _teaching(number: str, class_type: str, code: str, subject: str, school: School) -> r.Teaching:
    is_main = class_type == "HOMEROOM" and (number, code) in school.main_teachers
    if is_main:
        school.main_teachers[number, code] = True
    return r.Teaching(
        **school.common("Teaching", f"{number}:{class_type}:{code}:{subject}"),
        staff_id=school.id("StaffMember", number),
        class_id=school.id("SchoolClass", f"{class_type}:{code}"),
        subject_id=school.id("Subject", subject) if subject in school.subjects else None,
        is_main_teacher=is_main,
    )


def _slot(one: Any, class_type: str, code: str, subject: str) -> Slot | None:
    try:
        weekday = int(text(one, "JOUR") or "")
        begin, length = clock(text(one, "HEURE_DEBUT") or ""), duration(text(one, "DUREE") or "")
    except ValueError:
        return None
    if not 1 <= weekday <= 7 or not length:
        return None
    alternation = text(one, "CODE_ALTERNANCE") or ""
    return Slot(class_type, code, subject, weekday, begin, length, alternation)


def _dated(slot: Slot, school: School) -> Iterator[r.Lesson]:
    place = school.id("SchoolClass", f"{slot.class_type}:{slot.place}")
    teachers = [school.id("StaffMember", one) for one in dict.fromkeys(slot.teachers)]
    for day in _days(slot, school):
        starts_at = instant(day, slot.begin, school.zone)
        yield r.Lesson(
            **school.common("Lesson", f"{slot.key}:{day.isoformat()}"),
            date=day,
            class_ids=[place],
            group_ids=[place] if slot.class_type == "SCHEDULED" else [],
            title=school.subjects.get(slot.subject, slot.subject),
            subject_id=school.id("Subject", slot.subject) if slot.subject in school.subjects else None,
            starts_at=starts_at,
            ends_at=starts_at + slot.length,
            teacher_ids=teachers,
            room_ids=[school.id("Room", room) for room in slot.rooms if room in school.rooms],
            is_from_pattern=True,
        )


def _days(slot: Slot, school: School) -> Iterator[date]:
    for monday in sorted(set(school.weeks[slot.alternation])):
        day = monday + timedelta(days=slot.weekday - 1)
        if school.first_day <= day <= school.last_day:
            yield day
