"""Requests of an AAF delta that change or end what was imported (modifyRequest, deleteRequest)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters import records as r
from adapters.aaf.files import AafFile, Request
from adapters.aaf.known import Known
from adapters.aaf.people import guardian_columns, staff_columns, student_columns
from adapters.aaf.places import MAIN, TAUGHT, class_enrolments, enrolment, teachings
from adapters.aaf.ties import guardianships
from adapters.base import Changed, Item, LeftOut, Remaining

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
    "givenName": ("first_name", "match_code"),
    "sn": ("last_name", "match_code"),
    "ENTPersonDateNaissance": ("match_code",),
    "ENTPersonFonctions": ("role", "function_label"),
    "mail": ("email",),
}
TIES = {
    "ENTElevePersRelEleve", "ENTEleveParents", "ENTElevePere", "ENTEleveMere", "ENTEleveAutoriteParentale",
    "ENTElevePersRelEleve1", "ENTElevePersRelEleve2",
}  # fmt: skip
SCHOOL = "ENTPersonStructRattach"
PLACES = {"ENTEleveClasses": "CLASS", "ENTEleveGroupes": "GROUP"}
LISTED = {name for name, _ in TAUGHT}
NEXT = "Import the next complete export."
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


def deleted(file: AafFile, request: Request, known: Known) -> Iterator[Item]:
    """Yield the end of a record, and of what belongs to it."""
    kind = KINDS[file.category]
    identity = known.id(kind.__name__, request.identifier)
    for below, column in BELOW.get(file.category, ()):
        yield Remaining(below, {column: identity})
    yield Remaining(kind, {"id": identity})


def modified(file: AafFile, request: Request, known: Known) -> Iterator[Item]:
    """Yield what a request changes; what it does not name stays."""
    named = request.attributes.keys()
    if file.category == "Eleve":
        columns = student_columns(request, known)
        yield from _changed(r.Student, request, STUDENT, columns, known, bool(named & (TIES | PLACES.keys())))
        yield from _lists_of_student(request, known)
    elif file.category == "PersRelEleve":
        yield from _changed(r.Guardian, request, GUARDIAN, guardian_columns(request), known)
    elif file.category == "PersEducNat":
        taught = bool(named & {*LISTED, MAIN})
        yield from _changed(r.StaffMember, request, STAFF, staff_columns(request, known), known, taught)
        yield from _taught(request, known)
    else:
        yield _renamed(file, request, known)


def _changed(
    kind: type[r.Imported],
    request: Request,
    decided: Mapping[str, tuple[str, ...]],
    columns: dict[str, Any],
    known: Known,
    has_lists: bool = False,
) -> Iterator[Item]:
    named = {column for attribute in request.attributes for column in decided.get(attribute, ())}
    values = {name: columns[name] for name in named if name in columns}
    if "last_name" in values and values["last_name"] is None:
        known.fault("sn", "", "takes the name away, which everybody has: the name stays")
        del values["last_name"]
    structure = request.one(SCHOOL)
    if SCHOOL in request.attributes and kind is r.Student:
        if structure:
            values["school_id"] = known.id("School", structure)
        else:
            why = "takes the school away: the student stays in it until a deleteRequest"
            known.fault(SCHOOL, "", why, NEXT)
    if values or has_lists:
        yield Changed(kind, known.id(kind.__name__, request.identifier), values)
    elif known.faults:
        yield from known.told()
    else:
        yield LeftOut("changes nothing that is shown")


def _renamed(file: AafFile, request: Request, known: Known) -> Item:
    """Take the one thing that changes of schools, subjects and courses: the name."""
    name = next(
        (
            request.one(attribute)
            for attribute in ("ENTStructureNomCourant", "ENTLibelleMatiere", "ENTLibelleMef")
            if request.one(attribute)
        ),
        None,
    )
    if name is None:
        names = ", ".join(request.attributes)
        return known.refusal("modification", names, "a change that is not known here", NEXT)
    kind = KINDS[file.category]
    return Changed(kind, known.id(kind.__name__, request.identifier), {"name": name})


def _lists_of_student(request: Request, known: Known) -> Iterator[Item]:
    """Yield school, classes, groups and guardians where the request names them; they replace those before."""
    student = known.id("Student", request.identifier)
    structure = request.one(SCHOOL)
    school = known.id("School", structure) if structure else None
    if school is not None:
        place = enrolment(request, student, school, school, "SCHOOL", known)
        yield place
        yield Remaining(r.Enrolment, {"student_id": student, "kind": "SCHOOL"}, (place.id,))
    if request.attributes.keys() & PLACES.keys():
        made = list(class_enrolments(request, student, None, known))
        yield from made
        for attribute, kind in PLACES.items():
            if attribute in request.attributes:
                kept = tuple(one.id for one in made if isinstance(one, r.Enrolment) and one.kind == kind)
                yield Remaining(r.Enrolment, {"student_id": student, "kind": kind}, kept)
    if request.attributes.keys() & TIES:
        ties = list(guardianships(request, student, school, known))
        yield from ties
        kept = tuple(one.id for one in ties if isinstance(one, r.Guardianship))
        yield Remaining(r.Guardianship, {"student_id": student}, kept)


def _taught(request: Request, known: Known) -> Iterator[Item]:
    """Yield what a member of staff teaches where the request names it."""
    named = request.attributes.keys() & {*LISTED, MAIN}
    if not named:
        return
    staff = known.id("StaffMember", request.identifier)
    made = list(teachings(request, staff, known))
    yield from made
    if named >= LISTED:
        yield Remaining(r.Teaching, {"staff_id": staff}, tuple(one.id for one in made))
    else:
        why = "not all lists of what this person teaches are named: what was taught before stays too"
        known.fault(", ".join(sorted(named)), "", why, NEXT)
