"""Reads AAF exports, complete or delta, as canonical records, streaming."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from adapters.aaf.changes import KINDS, deleted, modified
from adapters.aaf.files import REQUESTS, AafFile, Request, Requests, aaf_export
from adapters.aaf.known import ASK, SOURCE, Known
from adapters.aaf.people import check_person, guardian, staff_member, student
from adapters.aaf.places import declared_classes
from adapters.base import Entry, EntryCount, Export, InvalidExport, Item, Notice, Options
from adapters.french_schools import KINDS as SCHOOL_KINDS
from adapters.french_schools import school_kind, time_zone
from adapters.records import (
    Course,
    Enrolment,
    Guardianship,
    Record,
    School,
    SchoolClass,
    Subject,
    Teaching,
)
from adapters.school_numbers import school_number

DECLARED_CATEGORIES = {
    "EtabEducNat": "EtabEducNat",
    "MatiereEducNat": "MatEducNat",
    "MefEducNat": "MefEducNat",
    "PersRelEleve": "PersRelEleve",
    "Eleve": "Eleve",
    "PersEducNat": "PersEducNat",
}
"""What the requests of a file of each category call themselves."""
WITH: dict[str, set[type[Record]]] = {
    "EtabEducNat": {SchoolClass},
    "Eleve": {Enrolment, Guardianship, SchoolClass},
    "PersEducNat": {Teaching},
}
"""What else the files of a category have all of."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class AafReader:
    """Reads AAF exports: a folder or a zip."""

    name = "aaf"
    title = "AAF, annuaire académique fédérateur (folder or zip of XML files)"
    options = {  # noqa: RUF012
        "source": "Name of this académie's directory, where there are several; the same for its deltas.",
    }

    def inspect(self, path: Path, options: Options) -> Export:
        """List the files of the export. Raises InvalidExport."""
        found, source = aaf_export(path), _source(options)
        name = f"AAF {source.partition(':')[2]}".strip()
        covered = None
        if found.missing:
            present = KINDS.keys() - set(found.missing)
            covered = frozenset[type[Record]](
                one for category in present for one in (KINDS[category], *WITH.get(category, ()))
            )
        size = sum(file.size for file in found.files)
        return Export(source, name, not found.is_delta, size, covered)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield records and refusals, and after each file the bytes read so far. Raises InvalidExport."""
        found, done = aaf_export(path), 0
        yield from found.notices
        if not found.is_delta:
            for category in found.missing:
                yield Notice(category, "there is no file of this category: what was imported before stays.")
        known = Known(_source(options), found.is_delta)
        for file in found.files:
            requests = Requests(file)
            for request in requests:
                yield Entry(file.category, f"{file.name}, line {request.line}")
                known.at(file, request)
                yield from _items(file, request, known)
                if known.faults:
                    yield from known.told()
            yield EntryCount(file.category, requests.number)
            done += file.size
            yield done
        yield from known.notices()


def _source(options: Options) -> str:
    """Return the id of the source. Raises InvalidExport for a name that cannot be one."""
    name = options.get("source", "").strip().lower()
    if not name:
        return SOURCE
    if NAME.fullmatch(name) is None:
        raise InvalidExport(
            f"--option source={name}: write up to 40 letters a to z, digits, dots, hyphens or underscores."
        )
    return f"{SOURCE}:{name}"


def _items(file: AafFile, request: Request, known: Known) -> Iterator[Item]:
    if request.request not in REQUESTS:
        yield known.refusal("request", request.request, "a kind of request that is not known", ASK)
    elif not request.identifier:
        yield known.refusal("identifier", "", "a request without identifier", ASK)
    elif request.category != DECLARED_CATEGORIES[file.category]:
        raise InvalidExport(
            f"{file.name}, line {request.line}: category {request.category!r} in a file of {file.category}."
        )
    elif request.request == "deleteRequest":
        yield from deleted(file, request, known)
    else:
        check_person(request, known)
        if request.request == "addRequest":
            yield from _records(file, request, known)
        else:
            yield from modified(file, request, known)


def _records(file: AafFile, request: Request, known: Known) -> Iterator[Item]:
    match file.category:
        case "EtabEducNat":
            yield from _school(request, known)
        case "MatiereEducNat":
            known.subjects.add(request.identifier)
            yield Subject(
                id=known.id("Subject", request.identifier),
                source_id=known.source,
                external_id=request.identifier,
                code=request.identifier,
                name=request.one("ENTLibelleMatiere") or request.identifier,
            )
        case "MefEducNat":
            known.courses.add(request.identifier)
            yield Course(
                id=known.id("Course", request.identifier),
                source_id=known.source,
                external_id=request.identifier,
                name=request.one("ENTLibelleMef") or request.identifier,
            )
        case "PersRelEleve":
            yield from guardian(request, known)
        case "Eleve":
            yield from student(request, known)
        case _:
            yield from staff_member(request, known)


def _school(request: Request, known: Known) -> Iterator[Record]:
    known.schools.add(request.identifier)
    written = request.one("ENTStructureUAI")
    uai = school_number(written) if written else None
    if written and uai is None:
        why = "no number of a school (UAI), which has seven digits and a letter"
        known.fault("ENTStructureUAI", written, why)
    kind = (request.one("ENTStructureTypeStruct") or "").upper()
    if not kind.startswith(tuple(SCHOOL_KINDS)):
        known.check(SCHOOL_KINDS, "ENTStructureTypeStruct", kind)
    street = request.one("street") or ""
    yield School(
        id=known.id("School", request.identifier),
        school_id=known.id("School", request.identifier),
        source_id=known.source,
        external_id=request.identifier,
        national_id=uai,
        name=request.one("ENTStructureNomCourant") or uai or request.identifier,
        kind=school_kind(kind),
        address_lines=[line.strip() for line in street.split("$") if line.strip()],
        postal_code=request.one("postalCode"),
        city=request.one("l"),
        phone=request.one("telephoneNumber"),
        time_zone=time_zone(uai),
    )
    yield from declared_classes(request, known)
