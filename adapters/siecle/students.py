"""Students, their classes and groups, subjects and courses of SIECLE (elements of BEE_ELEVES)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from adapters import records as r
from adapters.base import Item, LeftOut, Notice, with_unread
from adapters.french_schools import school_of_number
from adapters.xml_documents import attribute, children, content_of, text
from adapters.xml_export import XmlExport, lines_of_repeated

BOARDING = {
    "0": "DAY_STUDENT", "1": "DAY_STUDENT", "2": "HALF_BOARD", "3": "FULL_BOARD",
    "4": "FULL_BOARD", "5": "FULL_BOARD", "6": "HALF_BOARD",
}  # fmt: skip
"""Régime by the first digit of CODE_REGIME."""
DAYS = {"DATE_NAISS": "date_of_birth", "DATE_ENTREE": "enrolled_from", "DATE_SORTIE": "enrolled_to"}
SHARED = "several entries of different content have this number"
UNSHARE = "Have the double entry removed in SIECLE, then export again."


@dataclass(slots=True)
class Found(XmlExport):
    """The school of the export, and what was read of it so far."""

    courses: dict[str, str] = field(default_factory=dict)
    has_courses: bool = False
    """Whether the export describes courses; without its nomenclature, any code may be right."""
    missing_courses: set[str] = field(default_factory=set)
    students: dict[str, str] = field(default_factory=dict)
    shared_students: dict[str, str] = field(default_factory=dict)
    """Numbers that several students have, with their lines: nothing is tied to them."""
    guardians: dict[str, tuple[str | None, bool | None]] = field(default_factory=dict)
    """Titles of guardians by PERSONNE_ID, and whether they accept text messages."""
    shared_guardians: dict[str, str] = field(default_factory=dict)

    def school(self) -> r.School:
        """Make the record of the school; SIECLE knows no more of it than its number."""
        return school_of_number(self.source, self.uai)

    def notices(self) -> Iterator[Notice]:
        """Yield what no single entry is at fault for."""
        yield from self.unknown_codes()
        for code in sorted(self.missing_courses):
            yield Notice(self.file, f"CODE_MEF {code!r} is not in the nomenclature: the course has no name.")
        self.missing_courses.clear()


def nomenclature(root: Any, found: Found) -> Iterator[Item]:
    """Yield subjects and courses."""
    found.has_courses = True
    for path, kind, read in (
        (("MATIERES", "MATIERE"), "CODE_MATIERE", _subject),
        (("MEFS", "MEF"), "CODE_MEF", _course),
    ):
        listed = list(children(root, "DONNEES", *path))
        shared = lines_of_repeated(listed, partial(_code, kind), content_of)
        yield from found.entries(
            listed, partial(_named_by_code, kind=kind, read=read, shared=shared, found=found)
        )


def _code(kind: str, one: Any) -> str | None:
    return attribute(one, kind)


def _named_by_code(one: Any, kind: str, read: Any, shared: dict[str, str], found: Found) -> Iterator[Item]:
    code = attribute(one, kind)
    if code is None:
        yield found.refusal(one, "", kind, "", "no code", "Complete the nomenclature in SIECLE.")
    elif code in shared:
        yield found.refusal(one, code, kind, shared[code], SHARED, UNSHARE)
    else:
        yield read(one, code, found)


def _subject(one: Any, code: str, found: Found) -> r.Subject:
    return r.Subject(
        **found.common("Subject", code),
        code=code,
        management_code=text(one, "CODE_GESTION"),
        name=text(one, "LIBELLE_EDITION", "LIBELLE_LONG", "LIBELLE_COURT", "CODE_GESTION") or code,
        short_name=text(one, "LIBELLE_COURT"),
    )


def _course(one: Any, code: str, found: Found) -> r.Course:
    name = text(one, "LIBELLE_EDITION", "LIBELLE_LONG", "FORMATION") or code
    found.courses[code] = name
    return r.Course(**{**found.common("Course", code), "school_id": None}, name=name)


def students(root: Any, found: Found) -> Iterator[Item]:
    """Yield students, the classes and groups they name, and who is in which."""
    listed = list(children(root, "DONNEES", "ELEVES", "ELEVE"))
    found.shared_students = lines_of_repeated(listed, partial(_code, "ELEVE_ID"), content_of)
    periods: dict[str, tuple[date | None, date | None]] = {}
    yield from found.entries(listed, partial(_student, periods=periods, found=found))
    known: set[str] = set()
    places = children(root, "DONNEES", "STRUCTURES", "STRUCTURES_ELEVE")
    yield from found.entries(places, partial(_structures, periods=periods, known=known, found=found))


def _student(one: Any, periods: dict[str, tuple[date | None, date | None]], found: Found) -> Iterator[Item]:
    number = attribute(one, "ELEVE_ID")
    last_name = text(one, "NOM_USAGE", "NOM_DE_FAMILLE", "NOM")
    if number is None or last_name is None:
        name, why = ("ELEVE_ID", "no number") if number is None else ("NOM_DE_FAMILLE", "no name")
        yield found.refusal(one, number or "", name, "", why, "Complete the student in SIECLE.")
        return
    if number in found.shared_students:
        yield found.refusal(one, number, "ELEVE_ID", found.shared_students[number], SHARED, UNSHARE)
        return
    first_name, common = text(one, "PRENOM"), found.common("Student", number)
    written = {column: text(one, name) for name, column in DAYS.items()}
    born, start, end = (found.day(one, number, name, written[column]) for name, column in DAYS.items())
    regime, course = text(one, "CODE_REGIME"), text(one, "CODE_MEF")
    if course and found.has_courses and course not in found.courses:
        found.missing_courses.add(course)
    periods[number], found.students[number] = (start, end), common["id"]
    made = r.Student(
        **common,
        first_name=first_name,
        last_name=last_name,
        birth_name=text(one, "NOM_DE_FAMILLE", "NOM"),
        date_of_birth=born,
        match_code=r.person_code(last_name, first_name, born),
        national_id=r.number_code("INE", text(one, "ID_NATIONAL", "INE_RNIE", "INE_BEA")),
        information_system_id=number,
        boarding_status=_boarding(regime, found),
        course_id=found.id("Course", course) if course else None,
        grade_level=found.courses.get(course or ""),
        enrolled_from=start,
        enrolled_to=end,
    )
    yield with_unread(
        made, [name for name, value in written.items() if value and getattr(made, name) is None]
    )
    for kind, place in (("SCHOOL", common["school_id"]), ("SELF", common["id"])):
        yield _enrolment(found, number, place, kind, start, end)


def _boarding(regime: str | None, found: Found) -> str | None:
    if regime is None:
        return None
    if regime[0] not in BOARDING:
        found.unknown["CODE_REGIME", regime] += 1
    return BOARDING.get(regime[0], "UNKNOWN")


def _structures(
    one: Any, periods: dict[str, tuple[date | None, date | None]], known: set[str], found: Found
) -> Iterator[Item]:
    number = attribute(one, "ELEVE_ID") or ""
    if number in found.shared_students:
        yield found.refusal(one, number, "ELEVE_ID", found.shared_students[number], SHARED, UNSHARE)
        return
    if number not in found.students:
        why, do = "this student is not among the ELEVE of the file", "Export the file again."
        yield found.refusal(one, number, "ELEVE_ID", number, why, do)
        return
    structures = list(children(one, "STRUCTURE"))
    if not structures:
        yield LeftOut("names no class and no group")
    for structure in structures:
        name, kind = text(structure, "CODE_STRUCTURE"), text(structure, "TYPE_STRUCTURE")
        if name is None or kind not in ("D", "G"):
            why, do = "neither a class (D) nor a group (G) with a code", "Correct it in SIECLE."
            field_name, value = ("TYPE_STRUCTURE", kind or "") if name else ("CODE_STRUCTURE", "")
            found.fault(structure, number, field_name, value, why, do)
            continue
        class_type = "HOMEROOM" if kind == "D" else "SCHEDULED"
        common = found.common("SchoolClass", f"{class_type}:{name}")
        if common["id"] not in known:
            known.add(common["id"])
            yield r.SchoolClass(**common, name=name, class_type=class_type)
        which = "CLASS" if kind == "D" else "GROUP"
        yield _enrolment(found, number, common["id"], which, *periods[number])


def _enrolment(
    found: Found, number: str, place: str, kind: str, start: date | None, end: date | None
) -> r.Enrolment:
    return r.Enrolment(
        **found.common("Enrolment", f"{number}:{kind}:{place}"),
        student_id=found.students[number],
        class_id=place,
        kind=kind,
        start_date=start,
        end_date=end,
    )
