"""Students of an EDT export, the classes, parts and groups they are in, and their guardians."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.edt.layout import entities, ident_of
from adapters.edt.resources import SHARED, UNSHARE, School
from adapters.french_schools import GUARDIAN_PERMISSIONS
from adapters.xml_documents import attribute, children, name_of
from adapters.xml_export import lines_of_repeated

OF_THE_TIE = ("Ident", "RespLegal")
"""Attributes of a guardian that belong to one child."""
LEVELS = {"0": "CONTACT", "1": "LEGAL_GUARDIAN", "2": "LEGAL_GUARDIAN"}


@dataclass(slots=True)
class Families:
    """The guardians of the file: each is written once under every child."""

    shared: dict[str, str]
    """Idents that persons of different names have."""
    fullest: dict[str, Any]
    """The element of each guardian that says most; the first of those that say the same."""


def students(root: Any, school: School) -> Iterator[Item]:
    """Yield students with their enrolments, then their guardians."""
    yield from school.taken(root, "Eleve", _student)
    guardians = list(entities(root, "Responsable"))
    fullest: dict[str, Any] = {}
    for one in guardians:
        ident = ident_of(one) or ""
        if ident not in fullest or _filled(one) > _filled(fullest[ident]):
            fullest[ident] = one
    families = Families(lines_of_repeated(guardians, ident_of, _names), fullest)
    yield from school.entries(guardians, partial(_guardian, families=families, school=school))


def _names(one: Any) -> tuple[str, ...]:
    return tuple(r.folded(attribute(one, name)) for name in ("Nom", "Prenom"))


def _filled(one: Any) -> int:
    return sum(1 for value in one.attrib.values() if value.strip())


def _student(one: Any, ident: str, school: School) -> Iterator[Item]:
    last_name, first_name = attribute(one, "Nom"), attribute(one, "Prenom")
    if last_name is None:
        yield school.refusal(one, ident, "Nom", "", "no name", "Complete the student in EDT.")
        return
    common, born = school.common("Student", ident), school.date_of(one, ident, "DateNaissance")
    school.students[ident] = common["id"]
    yield r.Student(
        **common,
        first_name=first_name,
        last_name=last_name,
        date_of_birth=born,
        match_code=r.person_code(last_name, first_name, born),
        national_id=r.number_code("INE", attribute(one, "NumeroNational")),
        information_system_id=attribute(one, "IDSconet"),
    )
    for kind, place in (("SCHOOL", common["school_id"]), ("SELF", common["id"])):
        yield _enrolment(school, ident, place, kind, None, None, f"{ident}:{place}")
    yield from _places(one, ident, school)


def _places(one: Any, ident: str, school: School) -> Iterator[Item]:
    """Yield where a student is, once for each period: several parts of classes may lead to one group."""
    found: dict[tuple[str, str], dict[tuple[date | None, date | None], None]] = {}
    for below in one:
        kind = name_of(below)
        if kind not in ("Classe", "PartieDeClasse"):
            continue
        place = (school.classes if kind == "Classe" else school.parts).get(ident_of(below) or "")
        if place is None:
            school.missing(below, ident, kind)
            continue
        period = school.date_of(below, ident, "DateEntree"), school.date_of(below, ident, "DateSortie")
        found.setdefault((place, "CLASS" if kind == "Classe" else "GROUP"), {})[period] = None
        for group in school.groups_of.get(place, ()):
            found.setdefault((group, "GROUP"), {})[period] = None
    for group in school.members.get(ident, ()):
        found.setdefault((group, "GROUP"), {})[None, None] = None
    for (place, kind), periods in found.items():
        always = (None, None) in periods
        for number, (start, end) in enumerate([(None, None)] if always else sorted(periods, key=str)):
            key = f"{ident}:{place}" if number == 0 else f"{ident}:{place}:{start}:{end}"
            yield _enrolment(school, ident, place, kind, start, end, key)


def _enrolment(
    school: School, ident: str, place: str, kind: str, start: date | None, end: date | None, key: str
) -> r.Enrolment:
    return r.Enrolment(
        **school.common("Enrolment", key),
        student_id=school.students[ident],
        class_id=place,
        kind=kind,
        start_date=start,
        end_date=end,
    )


def _guardian(one: Any, families: Families, school: School) -> Iterator[Item]:
    child, number, last_name = ident_of(one.getparent()) or "", ident_of(one), attribute(one, "Nom")
    if number is None or last_name is None:
        why, do = "no Ident or no name", "Complete the guardian in EDT."
        yield school.refusal(one, child, "Responsable", last_name or "", why, do)
        return
    if number in families.shared:
        yield school.refusal(one, child, "Responsable/Ident", families.shared[number], SHARED, UNSHARE)
        return
    fullest = families.fullest[number]
    yield _person(fullest, number, school)
    for name, value in one.attrib.items():
        other = attribute(fullest, name)
        if name not in OF_THE_TIE and value.strip() and other and other != value.strip():
            why = "the same guardian has another value elsewhere in the file, which was taken"
            school.fault(one, number, f"Responsable/{name}", value, why, "Correct the guardian in EDT.")
    if child not in school.students:
        school.missing(one.getparent(), number, "Eleve")
        return
    levels = Counter(
        attribute(other, "RespLegal")
        for other in children(one.getparent(), "Responsable")
        if ident_of(other) == number
    )
    if len(levels) > 1:
        value = ", ".join(str(level) for level in levels)
        why = "the guardian is there twice with different values: the tie is not taken"
        school.fault(one, number, "Responsable/RespLegal", value, why, "Correct the guardian in EDT.")
        return
    yield _tie(one, number, child, school)


def _person(one: Any, number: str, school: School) -> r.Guardian:
    lines = [attribute(one, f"Adresse{line}") for line in range(1, 5)]
    return r.Guardian(
        **{**school.common("Guardian", number), "school_id": None},
        title=attribute(one, "Civilite"),
        first_name=attribute(one, "Prenom"),
        last_name=attribute(one, "Nom") or "",
        address_lines=[line for line in lines if line],
        postal_code=attribute(one, "CodePostal"),
        city=attribute(one, "Ville"),
    )


def _tie(one: Any, number: str, child: str, school: School) -> r.Guardianship:
    level = attribute(one, "RespLegal")
    if level is not None and level not in LEVELS:
        why = "no rank of a legal guardian (1 or 2) and not 0: the tie gives no access"
        school.fault(one, number, "Responsable/RespLegal", level, why, "Correct the guardian in EDT.")
    responsibility = LEVELS.get(level or "", "UNKNOWN")
    is_legal = responsibility == "LEGAL_GUARDIAN"
    return r.Guardianship(
        **school.common("Guardianship", f"{number}:{child}"),
        guardian_id=school.id("Guardian", number),
        student_id=school.students[child],
        responsibility=responsibility,
        legal_rank=int(level) if is_legal and level else None,
        has_data_access=is_legal,
        permissions=GUARDIAN_PERMISSIONS if is_legal else [],
    )
