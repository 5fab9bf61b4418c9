"""Services and weekly lessons of STS-WEB, as dated lessons over the school year.

The file knows no holidays: its lessons are marked as of a pattern, and the loader hides those on days that
the calendar of the school calls free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import partial
from typing import Any

from adapters import records as r
from adapters.base import Item, LeftOut, Refusal, Used
from adapters.school_time import clock, duration, instant
from adapters.sts.structure import SHARED, UNSHARE, School
from adapters.xml_documents import attribute, children, text

Place = tuple[str, str]
"""Kind and code of a class or group."""


@dataclass(slots=True)
class Slot:
    """One weekly lesson of a class or group; several teachers may give it together (CO_ENS)."""

    element: Any
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
            here = class_type, attribute(place, "CODE") or ""
            for service in children(place, "SERVICES", "SERVICE"):
                yield from school.entries([service], partial(_service, here=here, school=school))
                yield from _lessons_of(service, here, slots, school)
    for (number, code), teaches in school.main_teachers.items():
        if not teaches:
            yield _teaching(number, ("HOMEROOM", code), "", school)
    for slot in slots.values():
        yield school.entry(slot.element, is_continued=True)
        yield from _dated(slot, school)


def _against_place(element: Any, here: Place, school: School) -> Refusal | None:
    """Say why nothing can be tied to the class or group that an element stands in."""
    class_type, code = here
    if not code:
        why, do = "the class or group has no code", "Complete it in STS-WEB."
        return school.refusal(element, "", "CODE", "", why, do)
    if class_type == "SCHEDULED" and code in school.shared_groups:
        return school.refusal(element, code, "CODE", school.shared_groups[code], SHARED, UNSHARE)
    return None


def _against_teacher(teacher: Any, number: str, code: str, school: School) -> Refusal | None:
    if number in school.staff:
        return None
    why, do = "this teacher is not among the INDIVIDU that were read", "Correct the person in STS-WEB."
    return school.refusal(teacher, code, "ENSEIGNANT/ID", number, why, do)


def _teacher(teacher: Any) -> str:
    return f"{attribute(teacher, 'TYPE') or 'epp'}:{attribute(teacher, 'ID') or ''}"


def _service(service: Any, here: Place, school: School) -> Iterator[Item]:
    """Yield who teaches the subject of a service."""
    if refused := _against_place(service, here, school):
        yield refused
        return
    subject = attribute(service, "CODE_MATIERE")
    school.code(school.subjects, "SERVICE/CODE_MATIERE", subject)
    if subject is None:
        why, do = "no subject: who teaches is taken without it", "Complete the service in STS-WEB."
        school.fault(service, here[1], "CODE_MATIERE", "", why, do)
    teachers = list(children(service, "ENSEIGNANTS", "ENSEIGNANT"))
    if not teachers:
        yield LeftOut("no teacher is assigned")
    for teacher in teachers:
        number = _teacher(teacher)
        yield _against_teacher(teacher, number, here[1], school) or _teaching(
            number, here, subject or "", school
        )


def _lessons_of(service: Any, here: Place, slots: dict[str, Slot], school: School) -> Iterator[Item]:
    for teacher in children(service, "ENSEIGNANTS", "ENSEIGNANT"):
        found = children(teacher, "COURS_RATTACHES", "COURS")
        read = partial(_weekly, service=service, teacher=teacher, here=here, slots=slots, school=school)
        yield from school.entries(found, read)


def _weekly(
    one: Any, service: Any, teacher: Any, here: Place, slots: dict[str, Slot], school: School
) -> Iterator[Item]:
    """Keep a weekly lesson; several teachers of one give one slot. Its dated lessons follow all others."""
    number, subject = _teacher(teacher), attribute(service, "CODE_MATIERE") or ""
    refused = _against_place(one, here, school) or _against_teacher(one, number, here[1], school)
    if refused:
        yield refused
        return
    slot = _slot(one, here, subject)
    if slot is None or slot.alternation not in school.weeks:
        names = ("JOUR", "HEURE_DEBUT", "DUREE", "CODE_ALTERNANCE")
        value = ", ".join(f"{name} {text(one, name)}" for name in names)
        why = "no day from 1 to 7, no time of day, or an alternation that the file does not have"
        yield school.refusal(one, f"{here[1]} {subject}", "COURS", value, why, "Correct it in STS-WEB.")
        return
    if next(_days(slot, school), None) is None:
        yield LeftOut("none of its weeks lies in the school year")
        return
    known = slots.setdefault(slot.key, slot)
    if known.length != slot.length:
        why, do = "another teacher of the same lesson has another DUREE", "Correct it in STS-WEB."
        yield school.refusal(one, f"{here[1]} {subject}", "DUREE", text(one, "DUREE") or "", why, do)
        return
    known.teachers.append(number)
    if (room := text(one, "CODE_SALLE")) and room not in known.rooms:
        known.rooms.append(room)
        if room not in school.rooms:
            school.rooms.add(room)
            yield r.Room(**school.common("Room", room), name=room)
    yield Used()


def _teaching(number: str, here: Place, subject: str, school: School) -> r.Teaching:
    class_type, code = here
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


def _slot(one: Any, here: Place, subject: str) -> Slot | None:
    try:
        weekday = int(text(one, "JOUR") or "")
        begin, length = clock(text(one, "HEURE_DEBUT") or ""), duration(text(one, "DUREE") or "")
    except ValueError:
        return None
    if not 1 <= weekday <= 7 or not length:
        return None
    alternation = text(one, "CODE_ALTERNANCE") or ""
    return Slot(one, *here, subject, weekday, begin, length, alternation)


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
            room_ids=[school.id("Room", room) for room in slot.rooms],
            is_from_pattern=True,
        )


def _days(slot: Slot, school: School) -> Iterator[date]:
    for monday in sorted(set(school.weeks[slot.alternation])):
        day = monday + timedelta(days=slot.weekday - 1)
        if school.first_day <= day <= school.last_day:
            yield day
