"""Students, their classes and groups, subjects and courses of SIECLE (elements of BEE_ELEVES)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.french_schools import french_date, school_of_number
from adapters.school_export import SchoolExport
from adapters.xml_documents import attribute, children, text

BOARDING = {
    "0": "DAY_STUDENT", "1": "DAY_STUDENT", "2": "HALF_BOARD", "3": "FULL_BOARD",
    "4": "FULL_BOARD", "5": "FULL_BOARD", "6": "HALF_BOARD",
}  # fmt: skip
"""Régime by the first digit of CODE_REGIME."""


@dataclass(slots=True)
class Found(SchoolExport):
    """The school of the export, and what was read of it so far."""

    courses: dict[str, str] = field(default_factory=dict)
    students: dict[str, str] = field(default_factory=dict)
    guardians: dict[str, str | None] = field(default_factory=dict)
    """Titles of guardians by PERSONNE_ID."""

    def school(self) -> r.School:
        """Make the record of the school; SIECLE knows no more of it than its number."""
        return school_of_number(self.source, self.uai)


def nomenclature(data: Any, found: Found) -> Iterator[Item]:
    """Yield subjects and courses."""
    for one in children(data, "MATIERES", "MATIERE"):
        code = attribute(one, "CODE_MATIERE")
        if code is not None:
            name = text(one, "LIBELLE_EDITION", "LIBELLE_LONG", "LIBELLE_COURT", "CODE_GESTION") or code
            yield r.Subject(
                **found.common("Subject", code),
                code=code,
                management_code=text(one, "CODE_GESTION"),
                name=name,
                short_name=text(one, "LIBELLE_COURT"),
            )
    for one in children(data, "MEFS", "MEF"):
        code = attribute(one, "CODE_MEF")
        if code is not None:
            name = text(one, "LIBELLE_EDITION", "LIBELLE_LONG", "FORMATION") or code
            found.courses[code] = name
            yield r.Course(**{**found.common("Course", code), "school_id": None}, name=name)


def students(data: Any, found: Found) -> Iterator[Item]:
    """Yield students, the classes and groups they name, and who is in which."""
    periods: dict[str, tuple[date | None, date | None]] = {}
    for one in children(data, "ELEVES", "ELEVE"):
        number = attribute(one, "ELEVE_ID")
        last_name = text(one, "NOM_USAGE", "NOM_DE_FAMILLE", "NOM")
        if number is None or last_name is None:
            name, why = ("ELEVE_ID", "no number") if number is None else ("NOM_DE_FAMILLE", "no name")
            yield found.refusal(one, number or "", name, "", why, "Complete the student in SIECLE.")
            continue
        days: dict[str, date | None] = {}
        for name in ("DATE_NAISS", "DATE_ENTREE", "DATE_SORTIE"):
            value = text(one, name)
            try:
                days[name] = french_date(value)
            except ValueError:
                days[name] = None
                yield found.refusal(one, number, name, value or "", "not a date", "Write it as dd/mm/yyyy.")
        periods[number] = days["DATE_ENTREE"], days["DATE_SORTIE"]
        yield from _student(one, number, last_name, days, found)
    yield from _structures(data, found, periods)


def _student(
    one: Any, number: str, last_name: str, days: dict[str, date | None], found: Found
) -> Iterator[Item]:
    course = text(one, "CODE_MEF")
    first_name, born = text(one, "PRENOM"), days["DATE_NAISS"]
    common = found.common("Student", number)
    found.students[number] = common["id"]
    yield r.Student(
        **common,
        first_name=first_name,
        last_name=last_name,
        birth_name=text(one, "NOM_DE_FAMILLE", "NOM"),
        date_of_birth=born,
        match_code=r.person_code(last_name, first_name, born),
        national_id=r.number_code("INE", text(one, "ID_NATIONAL", "INE_RNIE", "INE_BEA")),
        information_system_id=number,
        boarding_status=BOARDING.get((text(one, "CODE_REGIME") or " ")[0], "UNKNOWN"),
        course_id=found.id("Course", course) if course else None,
        grade_level=found.courses.get(course or ""),
        enrolled_from=days["DATE_ENTREE"],
        enrolled_to=days["DATE_SORTIE"],
    )
    for kind, place in (("SCHOOL", common["school_id"]), ("SELF", common["id"])):
        yield _enrolment(found, number, place, kind, days["DATE_ENTREE"], days["DATE_SORTIE"])


def _structures(
    data: Any, found: Found, periods: dict[str, tuple[date | None, date | None]]
) -> Iterator[Item]:
    known: set[str] = set()
    for one in children(data, "STRUCTURES", "STRUCTURES_ELEVE"):
        number = attribute(one, "ELEVE_ID") or ""
        if number not in found.students:
            why, do = "this student is not among the ELEVE of the file", "Export the file again."
            yield found.refusal(one, number, "ELEVE_ID", number, why, do)
            continue
        for structure in children(one, "STRUCTURE"):
            name, kind = text(structure, "CODE_STRUCTURE"), text(structure, "TYPE_STRUCTURE")
            if name is None or kind not in ("D", "G"):
                why = "neither a class (D) nor a group (G) with a code"
                yield found.refusal(
                    structure, number, "TYPE_STRUCTURE", kind or "", why, "Correct it in SIECLE."
                )
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
