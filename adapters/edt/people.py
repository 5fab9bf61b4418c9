"""Students of an EDT export, the classes, parts and groups they are in, and their guardians."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.edt.resources import School, entities, first_date
from adapters.french_schools import GUARDIAN_PERMISSIONS
from adapters.xml_documents import attribute, children, name_of


def students(root: Any, school: School) -> Iterator[Item]:
    """Yield students with their enrolments and guardians."""
    members = _group_members(root, school)
    for one in entities(root, "Eleves", "Eleve"):
        ident = one.get("Ident")
        last_name, first_name = attribute(one, "Nom"), attribute(one, "Prenom")
        if last_name is None:
            yield school.refusal(one, ident, "Nom", "", "no name", "Complete the student in EDT.")
            continue
        common, born = school.common("Student", ident), first_date(one, "DateNaissance")
        if born is None and (written := attribute(one, "DateNaissance")):
            why, do = "not a date", "Write it as 2012-03-31."
            yield school.refusal(one, ident, "DateNaissance", written, why, do)
        yield r.Student(
            **common,
            first_name=first_name,
            last_name=last_name,
            date_of_birth=born,
            match_code=r.person_code(last_name, first_name, born),
            national_id=r.number_code("INE", attribute(one, "NumeroNational")),
            information_system_id=attribute(one, "IDSconet"),
        )
        yield _enrolment(school, ident, common["id"], common["school_id"], "SCHOOL", None)
        yield _enrolment(school, ident, common["id"], common["id"], "SELF", None)
        yield from _places(one, ident, common["id"], members.get(ident, []), school)
        for guardian in children(one, "Responsable"):
            yield from _guardian(guardian, ident, common["id"], school)


def _group_members(root: Any, school: School) -> dict[str, list[str]]:
    """Return the groups that name students themselves, by the student's Ident."""
    found: dict[str, list[str]] = {}
    for group in entities(root, "Groupes", "Groupe"):
        for one in children(group, "Eleve"):
            found.setdefault(attribute(one, "Ident") or "", []).append(school.groups[group.get("Ident")])
    return found


def _places(one: Any, ident: str, student: str, groups: list[str], school: School) -> Iterator[Item]:
    for below in one:
        kind = name_of(below)
        if kind not in ("Classe", "PartieDeClasse"):
            continue
        known = school.classes if kind == "Classe" else school.parts
        place = known.get(attribute(below, "Ident") or "")
        if place is None:
            why, do = f"this {kind} is not in the file", "Export the file again."
            yield school.refusal(below, ident, f"{kind}/Ident", below.get("Ident") or "", why, do)
            continue
        which = "CLASS" if kind == "Classe" else "GROUP"
        yield _enrolment(school, ident, student, place, which, below)
        for group in school.groups_of.get(place, ()):
            yield _enrolment(school, ident, student, group, "GROUP", below)
    for group in groups:
        yield _enrolment(school, ident, student, group, "GROUP", None)


def _enrolment(school: School, ident: str, student: str, place: str, kind: str, dates: Any) -> r.Enrolment:
    return r.Enrolment(
        **school.common("Enrolment", f"{ident}:{place}"),
        student_id=student,
        class_id=place,
        kind=kind,
        start_date=first_date(dates, "DateEntree") if dates is not None else None,
        end_date=first_date(dates, "DateSortie") if dates is not None else None,
    )


def _guardian(one: Any, ident: str, student: str, school: School) -> Iterator[Item]:
    number, last_name = attribute(one, "Ident"), attribute(one, "Nom")
    if number is None or last_name is None:
        why, do = "no Ident or no name", "Complete the guardian in EDT."
        yield school.refusal(one, ident, "Responsable", last_name or "", why, do)
        return
    common = school.common("Guardian", number)
    lines = [attribute(one, f"Adresse{line}") for line in range(1, 5)]
    yield r.Guardian(
        **{**common, "school_id": None},
        title=attribute(one, "Civilite"),
        first_name=attribute(one, "Prenom"),
        last_name=last_name,
        address_lines=[line for line in lines if line],
        postal_code=attribute(one, "CodePostal"),
        city=attribute(one, "Ville"),
    )
    rank = attribute(one, "RespLegal")
    is_legal = rank in ("1", "2")
    yield r.Guardianship(
        **school.common("Guardianship", f"{number}:{ident}"),
        guardian_id=common["id"],
        student_id=student,
        responsibility="LEGAL_GUARDIAN" if is_legal else "CONTACT",
        legal_rank=int(rank) if is_legal and rank else None,
        has_data_access=is_legal,
        permissions=GUARDIAN_PERMISSIONS if is_legal else [],
    )
