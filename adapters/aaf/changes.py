"""Requests of an AAF delta that change or end what was imported (modifyRequest, deleteRequest)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters import records as r
from adapters.aaf.files import AafFile, Entry
from adapters.aaf.people import (
    Known,
    aaf_id,
    class_enrolments,
    guardian_columns,
    guardianships,
    refusal,
    student_columns,
    teachings,
)
from adapters.base import Changed, Item, Remaining

PERSON = {
    "personalTitle": ("title",),
    "givenName": ("first_name", "match_code"),
    "sn": ("last_name", "match_code"),
    "ENTPersonDateNaissance": ("date_of_birth", "match_code"),
}
"""Columns that each attribute decides."""
STUDENT: Mapping[str, tuple[str, ...]] = PERSON | {
    "ENTPersonNomPatro": ("birth_name",),
    "ENTEleveNivFormation": ("grade_level",),
    "ENTEleveRegime": ("boarding_status",),
    "ENTEleveMEF": ("course_id",),
    "ENTEleveStructRattachId": ("information_system_id",),
}
GUARDIAN: Mapping[str, tuple[str, ...]] = {
    "personalTitle": ("title",),
    "givenName": ("first_name",),
    "sn": ("last_name",),
    "ENTPersonMail": ("email",),
    "mail": ("email",),
    "mobile": ("mobile_phone",),
    "homePhone": ("landline_phone",),
    "ENTPersonAdresse": ("address_lines",),
    "ENTPersonCodePostal": ("postal_code",),
    "ENTPersonVille": ("city",),
    "ENTPersonPays": ("country",),
}
STAFF: Mapping[str, tuple[str, ...]] = {
    "personalTitle": ("title",),
    "givenName": ("first_name",),
    "sn": ("last_name",),
    "mail": ("email",),
}
TIES = {
    "ENTElevePersRelEleve", "ENTEleveParents", "ENTElevePere", "ENTEleveMere", "ENTEleveAutoriteParentale",
    "ENTElevePersRelEleve1", "ENTElevePersRelEleve2",
}  # fmt: skip
PLACES = {"ENTEleveClasses": "CLASS", "ENTEleveGroupes": "GROUP"}
TAUGHT = {"ENTAuxEnsClassesMatieres", "ENTAuxEnsGroupesMatieres"}
KINDS: Mapping[str, type[r.Imported]] = {
    "EtabEducNat": r.School,
    "MatiereEducNat": r.Subject,
    "MefEducNat": r.Course,
    "PersRelEleve": r.Guardian,
    "Eleve": r.Student,
    "PersEducNat": r.StaffMember,
}
BELOW: Mapping[str, tuple[tuple[type[r.Imported], str], ...]] = {
    "PersRelEleve": ((r.Guardianship, "guardian_id"),),
    "Eleve": ((r.Enrolment, "student_id"), (r.Guardianship, "student_id")),
    "PersEducNat": ((r.Teaching, "staff_id"),),
}
"""What ends together with a record, by category."""


def deleted(file: AafFile, entry: Entry) -> Iterator[Item]:
    """Yield the end of a record, and of what belongs to it."""
    kind = KINDS[file.category]
    identity = aaf_id(kind.__name__, entry.identifier)
    for below, column in BELOW.get(file.category, ()):
        yield Remaining(below, {column: identity})
    yield Remaining(kind, {"id": identity})


def modified(file: AafFile, entry: Entry, known: Known) -> Iterator[Item]:
    """Yield what a request changes; what it does not name stays."""
    if file.category == "Eleve":
        yield _changed(r.Student, entry, STUDENT, student_columns(entry))
        yield from _lists_of_student(file, entry, known)
    elif file.category == "PersRelEleve":
        yield _changed(r.Guardian, entry, GUARDIAN, guardian_columns(entry))
    elif file.category == "PersEducNat":
        name = entry.one("givenName")
        columns = {
            "title": entry.one("personalTitle"),
            "first_name": name.title() if name else None,
            "last_name": entry.one("sn") or "?",
            "email": entry.one("mail"),
        }
        yield _changed(r.StaffMember, entry, STAFF, columns)
        if entry.attributes.keys() & TAUGHT:
            staff = aaf_id("StaffMember", entry.identifier)
            made = list(teachings(entry, staff, known))
            yield from made
            if entry.attributes.keys() >= TAUGHT:
                yield Remaining(r.Teaching, {"staff_id": staff}, tuple(one.id for one in made))
    else:
        yield _renamed(file, entry)


def _changed(
    kind: type[r.Imported], entry: Entry, decided: Mapping[str, tuple[str, ...]], columns: dict[str, Any]
) -> Changed:
    named = {column for attribute in entry.attributes for column in decided.get(attribute, ())}
    values = {name: columns[name] for name in named}
    return Changed(kind, aaf_id(kind.__name__, entry.identifier), values)


def _renamed(file: AafFile, entry: Entry) -> Item:
    """Take the one thing that changes of schools, subjects and courses: the name."""
    name = next(
        (
            entry.one(attribute)
            for attribute in ("ENTStructureNomCourant", "ENTLibelleMatiere", "ENTLibelleMef")
            if entry.one(attribute)
        ),
        None,
    )
    if name is None:
        names = ", ".join(entry.attributes)
        why, do = "a change that is not known here", "Import the next complete export."
        return refusal(file, entry, "modification", names, why, do)
    kind = KINDS[file.category]
    return Changed(kind, aaf_id(kind.__name__, entry.identifier), {"name": name})


def _lists_of_student(file: AafFile, entry: Entry, known: Known) -> Iterator[Item]:
    """Yield classes, groups and guardians where the request names them; they replace those before."""
    student = aaf_id("Student", entry.identifier)
    if entry.attributes.keys() & PLACES.keys():
        made = list(class_enrolments(entry, student, None, known))
        yield from made
        for attribute, kind in PLACES.items():
            if attribute in entry.attributes:
                kept = tuple(one.id for one in made if isinstance(one, r.Enrolment) and one.kind == kind)
                yield Remaining(r.Enrolment, {"student_id": student, "kind": kind}, kept)
    if entry.attributes.keys() & TIES:
        structure = entry.one("ENTPersonStructRattach")
        school = aaf_id("School", structure) if structure else None
        ties = list(guardianships(entry, student, school, known, file))
        yield from ties
        kept = tuple(one.id for one in ties if isinstance(one, r.Guardianship))
        yield Remaining(r.Guardianship, {"student_id": student}, kept)
