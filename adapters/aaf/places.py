"""AAF classes and groups: who is in them, and who teaches them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.aaf.files import Request
from adapters.aaf.known import Known
from adapters.base import Changed, Item
from adapters.records import Enrolment, Record, SchoolClass, Teaching

PLACES = (("ENTEleveClasses", "CLASS", "HOMEROOM"), ("ENTEleveGroupes", "GROUP", "SCHEDULED"))
TAUGHT = (("ENTAuxEnsClassesMatieres", "HOMEROOM"), ("ENTAuxEnsGroupesMatieres", "SCHEDULED"))
MAIN = "ENTAuxEnsClassesPrincipal"


def school_class(structure: str, name: str, class_type: str, known: Known, **others: Any) -> SchoolClass:
    """Make the record of a class or group."""
    return SchoolClass(
        id=known.id("SchoolClass", f"{class_type}:{structure}${name}"),
        school_id=known.id("School", structure),
        source_id=known.source,
        external_id=f"{structure}${name}",
        name=name,
        class_type=class_type,
        **others,
    )


def declared_classes(request: Request, known: Known) -> Iterator[Record]:
    """Yield the classes and groups that a school declares: `name$label` and `name$label$class$class…`."""
    structure = request.identifier
    for attribute, class_type in (("ENTStructureClasses", "HOMEROOM"), ("ENTStructureGroupes", "SCHEDULED")):
        for value in request.all(attribute):
            name, *others = value.split("$")
            if not name:
                known.fault(attribute, value, "no name before the first $")
                continue
            parents = [one for one in others[1:] if one] if class_type == "SCHEDULED" else []
            for parent in parents:
                if ("HOMEROOM", f"{structure}${parent}") not in known.classes:
                    known.fault(attribute, value, "the school does not declare the class of this group")
            known.classes.add((class_type, f"{structure}${name}"))
            ids = [
                known.id("SchoolClass", f"HOMEROOM:{structure}${parent}")
                for parent in parents
                if ("HOMEROOM", f"{structure}${parent}") in known.classes
            ]
            yield school_class(structure, name, class_type, known, parent_class_ids=ids)


def enrolment(
    request: Request, student_id: str, school: str, class_id: str, kind: str, known: Known
) -> Enrolment:
    """Make the record of a student being somewhere."""
    return Enrolment(
        id=known.id("Enrolment", f"{request.identifier}:{class_id}"),
        school_id=school,
        source_id=known.source,
        external_id=f"{request.identifier}:{kind}",
        student_id=student_id,
        class_id=class_id,
        kind=kind,
    )


def class_enrolments(request: Request, student_id: str, school: str | None, known: Known) -> Iterator[Item]:
    """Yield classes and groups, also those that the school did not declare, and who is in them."""
    for attribute, kind, class_type in PLACES:
        for value in request.all(attribute):
            structure, _, name = value.partition("$")
            if not known.has_school(structure) or not name:
                why = "no name after the $" if not name else "the school is not in the export"
                known.fault(attribute, value, why, "The student is kept without it; ask for a whole export.")
                continue
            made = school_class(structure, name, class_type, known)
            if (made.class_type, value) not in known.classes:
                known.classes.add((made.class_type, value))
                yield Changed(SchoolClass, made.id, {}, made) if known.is_delta else made
            where = school or known.id("School", structure)
            yield enrolment(request, student_id, where, made.id, kind, known)


def teachings(request: Request, staff: str, known: Known) -> Iterator[Record]:
    """Yield what a member of staff teaches, and to whom."""
    main = {("HOMEROOM", value) for value in request.all(MAIN)}
    taught: dict[tuple[str, str, str | None], str] = {}
    for attribute, class_type in TAUGHT:
        for value in request.all(attribute):
            place, _, subject = value.rpartition("$")
            taught[class_type, place, subject] = attribute
    named = {(kind, place) for kind, place, _ in taught}
    for kind, place in sorted(main - named):
        taught[kind, place, None] = MAIN
    for (class_type, place, code), attribute in taught.items():
        structure, _, name = place.partition("$")
        if not known.has_school(structure):
            known.outside[structure] += 1
            continue
        if not name or ((class_type, place) not in known.classes and not known.is_delta):
            known.fault(attribute, place, "no student is in this class or group, and no school declares it")
            continue
        if not known.is_delta:
            known.check(known.subjects, "MatiereEducNat", code)
        yield Teaching(
            id=known.id("Teaching", f"{request.identifier}:{class_type}:{place}:{code or ''}"),
            school_id=known.id("School", structure),
            source_id=known.source,
            external_id=f"{request.identifier}:{place}:{code or ''}",
            staff_id=staff,
            class_id=known.id("SchoolClass", f"{class_type}:{place}"),
            subject_id=known.id("Subject", code) if code else None,
            is_main_teacher=(class_type, place) in main,
        )
