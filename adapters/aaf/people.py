"""AAF persons as canonical records (formats: annexe AAF of the SDET, attributes ENT*)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from adapters.aaf.files import AafFile, Entry
from adapters.base import Changed, Item, Refusal
from adapters.french_schools import GUARDIAN_PERMISSIONS, ROLES, boarding_status, relation
from adapters.records import (
    Enrolment,
    Guardian,
    Guardianship,
    Record,
    SchoolClass,
    StaffMember,
    Student,
    Teaching,
    person_code,
    record_id,
)

SOURCE = "aaf"
OLD_DUPLICATE = ["1", "1", "1", "1", "0"]
"""Fields after the person of a link that older exports write beside the true one."""


def aaf_id(kind: str, external_id: str) -> str:
    """Return the id of an AAF record."""
    return record_id(SOURCE, kind, external_id)


@dataclass(slots=True)
class Known:
    """What was read so far: an export names things before or without declaring them."""

    schools: set[str] = field(default_factory=set)
    guardians: dict[str, str | None] = field(default_factory=dict)
    """Guardians and their form of address."""
    classes: set[tuple[str, str]] = field(default_factory=set)
    is_delta: bool = False
    """Whether what is not in the files may have been imported before."""

    def has_school(self, structure: str | None) -> bool:
        """Tell whether a structure is known, or may be."""
        return structure in self.schools or (self.is_delta and structure is not None)

    def has_guardian(self, person: str) -> bool:
        """Tell whether a guardian is known, or may be."""
        return person in self.guardians or self.is_delta


def refusal(file: AafFile, entry: Entry, name: str, value: str, reason: str, remedy: str) -> Refusal:
    """Describe what could not be taken, with file and line."""
    return Refusal(f"{file.name}, line {entry.line}", entry.identifier, name, value, reason, remedy)


def parse_day(text: str | None) -> date | None:
    """Read dd/mm/yyyy. Raises ValueError."""
    return datetime.strptime(text, "%d/%m/%Y").date() if text else None


def _birth(entry: Entry) -> date | None:
    try:
        return parse_day(entry.one("ENTPersonDateNaissance"))
    except ValueError:
        return None


def _address(entry: Entry) -> dict[str, Any]:
    lines = [line.strip() for line in (entry.one("ENTPersonAdresse") or "").split("$")]
    return {
        "address_lines": [line for line in lines if line],
        "postal_code": entry.one("ENTPersonCodePostal"),
        "city": entry.one("ENTPersonVille"),
        "country": entry.one("ENTPersonPays"),
    }


def guardian(entry: Entry, known: Known) -> Iterator[Record]:
    """Read a guardian (PersRelEleve)."""
    known.guardians[entry.identifier] = entry.one("personalTitle")
    yield Guardian(
        id=aaf_id("Guardian", entry.identifier),
        source_id=SOURCE,
        external_id=entry.identifier,
        **guardian_columns(entry),
    )


def guardian_columns(entry: Entry) -> dict[str, Any]:
    """Read what stands in attributes of a guardian."""
    return {
        "title": entry.one("personalTitle"),
        "first_name": entry.one("givenName"),
        "last_name": entry.one("sn") or entry.one("ENTPersonNomPatro") or "?",
        "email": entry.one("ENTPersonMail") or entry.one("mail"),
        "mobile_phone": entry.one("mobile") or entry.one("ENTPersonMobileSMS"),
        "landline_phone": entry.one("homePhone") or entry.one("telephoneNumber"),
        **_address(entry),
    }


def school_of(entry: Entry) -> str | None:
    """Find the school of a student: declared, or the first part of the class."""
    declared = entry.one("ENTPersonStructRattach")
    return declared or (entry.one("ENTEleveClasses") or "").partition("$")[0] or None


def student(entry: Entry, known: Known, file: AafFile) -> Iterator[Item]:
    """Read a student with classes, groups and guardians (Eleve)."""
    structure = school_of(entry)
    if not known.has_school(structure):
        yield refusal(
            file,
            entry,
            "ENTPersonStructRattach",
            structure or "",
            "the school is not in the export",
            "Add the EtabEducNat file of this school.",
        )
        return
    assert structure is not None
    born = _birth(entry)
    if born is None and (day := entry.one("ENTPersonDateNaissance")):
        yield refusal(file, entry, "ENTPersonDateNaissance", day, "not a date", "Write it as dd/mm/yyyy.")
    identity = aaf_id("Student", entry.identifier)
    school = aaf_id("School", structure)
    yield Student(
        id=identity,
        school_id=school,
        source_id=SOURCE,
        external_id=entry.identifier,
        **student_columns(entry),
    )
    yield _enrolment(entry, identity, school, school, "SCHOOL")
    yield _enrolment(entry, identity, school, identity, "SELF")
    yield from class_enrolments(entry, identity, school, known)
    yield from guardianships(entry, identity, school, known, file)


def student_columns(entry: Entry) -> dict[str, Any]:
    """Read what stands in attributes of a student."""
    born, first_name = _birth(entry), entry.one("givenName")
    last_name = entry.one("sn") or entry.one("ENTPersonNomPatro") or "?"
    return {
        "title": entry.one("personalTitle"),
        "first_name": first_name,
        "last_name": last_name,
        "match_code": person_code(last_name, first_name, born),
        "birth_name": entry.one("ENTPersonNomPatro"),
        "date_of_birth": born,
        "grade_level": entry.one("ENTEleveNivFormation") or entry.one("ENTEleveLibelleMEF"),
        "boarding_status": boarding_status(entry.one("ENTEleveRegime")),
        "course_id": aaf_id("Course", mef) if (mef := entry.one("ENTEleveMEF")) else None,
        "information_system_id": entry.one("ENTEleveStructRattachId"),
    }


def _enrolment(entry: Entry, student_id: str, school: str, class_id: str, kind: str) -> Enrolment:
    return Enrolment(
        id=aaf_id("Enrolment", f"{entry.identifier}:{class_id}"),
        school_id=school,
        source_id=SOURCE,
        external_id=f"{entry.identifier}:{kind}",
        student_id=student_id,
        class_id=class_id,
        kind=kind,
    )


def school_class(structure: str, name: str, class_type: str, **others: Any) -> SchoolClass:
    """Make the record of a class or group."""
    return SchoolClass(
        id=aaf_id("SchoolClass", f"{class_type}:{structure}${name}"),
        school_id=aaf_id("School", structure),
        source_id=SOURCE,
        external_id=f"{structure}${name}",
        name=name,
        class_type=class_type,
        **others,
    )


def class_enrolments(entry: Entry, student_id: str, school: str | None, known: Known) -> Iterator[Item]:
    """Yield classes and groups, also those that the school did not declare, and who is in them."""
    for attribute, kind, class_type in (
        ("ENTEleveClasses", "CLASS", "HOMEROOM"),
        ("ENTEleveGroupes", "GROUP", "SCHEDULED"),
    ):
        for value in entry.all(attribute):
            structure, _, name = value.partition("$")
            if not known.has_school(structure) or not name:
                continue
            made = school_class(structure, name, class_type)
            if (made.class_type, value) not in known.classes:
                known.classes.add((made.class_type, value))
                yield Changed(SchoolClass, made.id, {}, made) if known.is_delta else made
            yield _enrolment(entry, student_id, school or aaf_id("School", structure), made.id, kind)


def _links(entry: Entry) -> list[tuple[str, list[str]]]:
    """Return person and fields of each link, of the newer attribute or else of the older ones."""
    links: dict[str, list[str]] = {}
    for value in entry.all("ENTElevePersRelEleve"):
        person, *fields = value.split("$")
        if person not in links or links[person] == OLD_DUPLICATE:
            links[person] = fields
    if links:
        return list(links.items())
    legal = entry.all("ENTEleveAutoriteParentale")
    relations = {entry.one("ENTElevePere"): "1", entry.one("ENTEleveMere"): "2"}
    for person in dict.fromkeys([*entry.all("ENTEleveParents"), *legal]):
        rank = str(legal.index(person) + 1) if person in legal else "0"
        links[person] = [relations.get(person, ""), "", rank, "", ""]
    for number in ("1", "2"):
        other = entry.one(f"ENTElevePersRelEleve{number}")
        if other and other not in links:
            links[other] = ["", "", "0", "1", ""]
    return list(links.items())


def guardianships(
    entry: Entry, student_id: str, school: str | None, known: Known, file: AafFile
) -> Iterator[Item]:
    """Yield the ties of a student to guardians."""
    for person, fields in _links(entry):
        if not known.has_guardian(person):
            yield refusal(
                file,
                entry,
                "ENTElevePersRelEleve",
                person,
                "this guardian is in no PersRelEleve file",
                "The student is kept without this guardian; ask for a complete export.",
            )
            continue
        code, financial, legal, contact, _ = [*fields, "", "", "", "", ""][:5]
        rank = int(legal) if legal in ("1", "2") else None
        kind = relation(code, known.guardians.get(person))
        access = rank is not None or kind == "SELF"
        yield Guardianship(
            id=aaf_id("Guardianship", f"{person}:{entry.identifier}"),
            school_id=school,
            source_id=SOURCE,
            external_id=f"{person}:{entry.identifier}",
            guardian_id=aaf_id("Guardian", person),
            student_id=student_id,
            relation=kind,
            responsibility="LEGAL_GUARDIAN" if rank else ("CONTACT" if contact == "1" else "UNKNOWN"),
            legal_rank=rank,
            pays_fees=financial == "1" if financial else None,
            is_emergency_contact=contact == "1" if contact else None,
            has_data_access=access,
            permissions=GUARDIAN_PERMISSIONS if access else [],
        )


def staff_member(entry: Entry, known: Known) -> Iterator[Item]:
    """Read a member of staff (PersEducNat); functions in schools outside the export are normal."""
    functions = [value.split("$") for value in entry.all("ENTPersonFonctions")]
    here = [parts for parts in functions if known.has_school(parts[0])]
    structure = entry.one("ENTPersonStructRattach")
    if not known.has_school(structure):
        structure = here[0][0] if here else None
    function = next(iter(here or functions), [])
    identity = aaf_id("StaffMember", entry.identifier)
    last_name = entry.one("sn") or entry.one("ENTPersonNomPatro") or "?"
    yield StaffMember(
        id=identity,
        school_id=aaf_id("School", structure) if structure else None,
        source_id=SOURCE,
        external_id=entry.identifier,
        title=entry.one("personalTitle"),
        first_name=(entry.one("givenName") or "").title() or None,
        last_name=last_name,
        match_code=person_code(last_name, entry.one("givenName"), _birth(entry)),
        information_system_id=entry.identifier,
        role=ROLES.get(function[1] if len(function) > 1 else "", "OTHER"),
        function_label=function[-1].capitalize() if len(function) > 2 else None,
        email=entry.one("mail"),
    )
    yield from teachings(entry, identity, known)


def teachings(entry: Entry, staff: str, known: Known) -> Iterator[Record]:
    """Yield what a member of staff teaches, and to whom."""
    main = {("HOMEROOM", value) for value in entry.all("ENTAuxEnsClassesPrincipal")}
    taught: dict[tuple[str, str, str | None], None] = {}
    for attribute, class_type in (
        ("ENTAuxEnsClassesMatieres", "HOMEROOM"),
        ("ENTAuxEnsGroupesMatieres", "SCHEDULED"),
    ):
        for value in entry.all(attribute):
            place, _, subject = value.rpartition("$")
            taught[class_type, place, subject] = None
    named = {(kind, place) for kind, place, _ in taught}
    for kind, place in sorted(main - named):
        taught[kind, place, None] = None
    for class_type, place, code in taught:
        if (class_type, place) not in known.classes and not known.is_delta:
            continue
        structure, _, name = place.partition("$")
        yield Teaching(
            id=aaf_id("Teaching", f"{entry.identifier}:{class_type}:{place}:{code or ''}"),
            school_id=aaf_id("School", structure),
            source_id=SOURCE,
            external_id=f"{entry.identifier}:{place}:{code or ''}",
            staff_id=staff,
            class_id=school_class(structure, name, class_type).id,
            subject_id=aaf_id("Subject", code) if code else None,
            is_main_teacher=(class_type, place) in main,
        )
