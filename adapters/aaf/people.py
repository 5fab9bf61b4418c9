"""AAF persons as canonical records (formats: annexe AAF of the SDET, attributes ENT*)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.aaf.files import Request
from adapters.aaf.known import ASK, Known
from adapters.aaf.places import class_enrolments, enrolment, teachings
from adapters.aaf.ties import guardianships
from adapters.base import Item, Remaining, with_unread
from adapters.french_schools import ROLES, boarding_status
from adapters.records import Enrolment, Guardian, Guardianship, StaffMember, Student, Teaching, person_code

SINGLE = (
    "sn", "givenName", "personalTitle", "ENTPersonDateNaissance", "ENTPersonNomPatro", "mail", "mobile",
    "ENTPersonStructRattach", "ENTEleveStructRattachId", "ENTEleveMEF", "ENTEleveRegime", "homePhone",
    "ENTEleveNivFormation", "ENTPersonMail", "ENTPersonAdresse", "ENTPersonCodePostal", "ENTPersonVille",
)  # fmt: skip
"""Attributes of persons of which one value is taken."""


def check_person(request: Request, known: Known) -> None:
    """Note the values of attributes that are not taken."""
    attributes = request.attributes
    for name in SINGLE:
        values = attributes.get(name)
        if values and len(values) > 1 and len(set(values)) > 1:
            known.fault(name, ", ".join(values), "several values, of which the first was taken")


def _nameless(known: Known) -> Iterator[Item]:
    yield known.refusal("sn", "", "no name", ASK)


def _address(request: Request) -> dict[str, Any]:
    lines = [line.strip() for line in (request.one("ENTPersonAdresse") or "").split("$")]
    return {
        "address_lines": [line for line in lines if line],
        "postal_code": request.one("ENTPersonCodePostal"),
        "city": request.one("ENTPersonVille"),
        "country": request.one("ENTPersonPays"),
    }


def guardian(request: Request, known: Known) -> Iterator[Item]:
    """Read a guardian (PersRelEleve). The loader refuses both of two with one number."""
    columns = guardian_columns(request)
    if columns["last_name"] is None:
        yield from _nameless(known)
        return
    if known.is_another(request):
        known.shared.add(request.identifier)
    yield Guardian(
        id=known.id("Guardian", request.identifier),
        source_id=known.source,
        external_id=request.identifier,
        **columns,
    )


def guardian_columns(request: Request) -> dict[str, Any]:
    """Read what stands in attributes of a guardian."""
    return {
        "title": request.one("personalTitle"),
        "first_name": request.one("givenName"),
        "last_name": request.one("sn") or request.one("ENTPersonNomPatro"),
        "email": request.one("ENTPersonMail") or request.one("mail"),
        "mobile_phone": request.one("mobile") or request.one("ENTPersonMobileSMS"),
        "landline_phone": request.one("homePhone") or request.one("telephoneNumber"),
        **_address(request),
    }


def school_of(request: Request) -> str | None:
    """Find the school of a student: declared, or the first part of the class."""
    declared = request.one("ENTPersonStructRattach")
    return declared or (request.one("ENTEleveClasses") or "").partition("$")[0] or None


def student(request: Request, known: Known) -> Iterator[Item]:
    """Read a student with classes, groups and guardians (Eleve)."""
    structure = school_of(request)
    if structure is None or not known.has_school(structure):
        why, do = "the school is not in the export", "Add the EtabEducNat file of this school."
        yield known.refusal("ENTPersonStructRattach", structure or "", why, do)
        return
    columns = student_columns(request, known)
    if columns["last_name"] is None:
        yield from _nameless(known)
        return
    identity, school = known.id("Student", request.identifier), known.id("School", structure)
    made = Student(
        id=identity,
        school_id=school,
        source_id=known.source,
        external_id=request.identifier,
        **columns,
    )
    if known.is_another(request):
        yield made
        yield from _untied(known, (Enrolment, "student_id"), (Guardianship, "student_id"), identity=identity)
        return
    yield with_unread(made, () if "date_of_birth" in columns else ("date_of_birth",))
    yield enrolment(request, identity, school, school, "SCHOOL", known)
    yield enrolment(request, identity, school, identity, "SELF", known)
    yield from class_enrolments(request, identity, school, known)
    yield from guardianships(request, identity, school, known)


def _untied(known: Known, *ties: tuple[Any, str], identity: str) -> Iterator[Item]:
    """End what ties others to a number that several persons have, also what the first of them brought."""
    why = "several persons have this number: classes and guardians are tied to none of them"
    known.fault("ENTPersonJointure", known.number, why)
    for kind, column in ties:
        yield Remaining(kind, {column: identity})


def student_columns(request: Request, known: Known) -> dict[str, Any]:
    """Read what stands in attributes of a student."""
    born = known.day("ENTPersonDateNaissance", request.one("ENTPersonDateNaissance"))
    first_name = request.one("givenName")
    last_name = request.one("sn") or request.one("ENTPersonNomPatro")
    regime, course = request.one("ENTEleveRegime"), request.one("ENTEleveMEF")
    boarding = boarding_status(regime)
    if boarding == "UNKNOWN":
        known.check(set(), "ENTEleveRegime", regime)
    if not known.is_delta:
        known.check(known.courses, "ENTEleveMEF", course)
    is_unread = born is None and request.one("ENTPersonDateNaissance") is not None
    code = person_code(last_name, first_name, born)
    return {
        **({} if is_unread else {"date_of_birth": born, "match_code": code}),
        "title": request.one("personalTitle"),
        "first_name": first_name,
        "last_name": last_name,
        "birth_name": request.one("ENTPersonNomPatro"),
        "grade_level": request.one("ENTEleveNivFormation") or request.one("ENTEleveLibelleMEF"),
        "boarding_status": boarding,
        "course_id": known.id("Course", course) if course else None,
        "information_system_id": request.one("ENTEleveStructRattachId"),
    }


def staff_member(request: Request, known: Known) -> Iterator[Item]:
    """Read a member of staff (PersEducNat); functions in schools outside the export are normal."""
    columns = staff_columns(request, known)
    if columns["last_name"] is None:
        yield from _nameless(known)
        return
    structure = request.one("ENTPersonStructRattach")
    if not known.has_school(structure):
        functions = (value.split("$")[0] for value in request.all("ENTPersonFonctions"))
        structure = next((one for one in functions if known.has_school(one)), None)
    identity = known.id("StaffMember", request.identifier)
    yield StaffMember(
        id=identity,
        school_id=known.id("School", structure) if structure else None,
        source_id=known.source,
        external_id=request.identifier,
        information_system_id=request.identifier,
        **columns,
    )
    if known.is_another(request):
        yield from _untied(known, (Teaching, "staff_id"), identity=identity)
        return
    yield from teachings(request, identity, known)


def staff_columns(request: Request, known: Known) -> dict[str, Any]:
    """Read what stands in attributes of a member of staff; of several functions, the first one here."""
    functions = [value.split("$") for value in request.all("ENTPersonFonctions")]
    here = [parts for parts in functions if known.has_school(parts[0])]
    function = next(iter(here or functions), [])
    code = function[1] if len(function) > 1 else ""
    known.check(ROLES, "ENTPersonFonctions", code)
    last_name, first_name = request.one("sn") or request.one("ENTPersonNomPatro"), request.one("givenName")
    born = known.day("ENTPersonDateNaissance", request.one("ENTPersonDateNaissance"))
    return {
        "title": request.one("personalTitle"),
        "first_name": (first_name or "").title() or None,
        "last_name": last_name,
        "match_code": person_code(last_name, first_name, born),
        "role": ROLES.get(code, "OTHER"),
        "function_label": function[-1].capitalize() if len(function) > 2 else None,
        "email": request.one("mail"),
    }
