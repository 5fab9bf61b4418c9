"""Reads AAF exports, complete or delta, as canonical records, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.aaf.changes import deleted, modified
from adapters.aaf.files import AafFile, Entry, aaf_files, entries
from adapters.aaf.people import SOURCE, Known, aaf_id, guardian, school_class, staff_member, student
from adapters.base import NO_OPTIONS, Export, InvalidExport, Item, Options
from adapters.french_schools import school_kind, time_zone
from adapters.records import Course, Record, School, Subject

DECLARED_CATEGORIES = {
    "EtabEducNat": "EtabEducNat",
    "MatiereEducNat": "MatEducNat",
    "MefEducNat": "MefEducNat",
    "PersRelEleve": "PersRelEleve",
    "Eleve": "Eleve",
    "PersEducNat": "PersEducNat",
}
"""What the requests of a file of each category call themselves."""


class AafReader:
    """Reads AAF exports: a folder or a zip."""

    name = "aaf"
    title = "AAF, annuaire académique fédérateur (folder or zip of XML files)"

    options = NO_OPTIONS

    def inspect(self, path: Path, options: Options) -> Export:
        """List the files of the export. Raises InvalidExport."""
        files = aaf_files(path)
        return Export(SOURCE, "AAF", not files[0].is_delta, sum(file.size for file in files))

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield records and refusals, and after each file the bytes read so far. Raises InvalidExport."""
        files, done = aaf_files(path), 0
        known = Known(is_delta=files[0].is_delta)
        for file in files:
            for entry in entries(file):
                if entry.category != DECLARED_CATEGORIES[file.category]:
                    raise InvalidExport(
                        f"{file.name}, line {entry.line}: category {entry.category!r} in a file of "
                        f"{file.category}."
                    )
                if entry.request == "addRequest":
                    yield from _records(file, entry, known)
                elif entry.request == "deleteRequest":
                    yield from deleted(file, entry)
                else:
                    yield from modified(file, entry, known)
            done += file.size
            yield done


def _records(file: AafFile, entry: Entry, known: Known) -> Iterator[Item]:
    match file.category:
        case "EtabEducNat":
            yield from _school(entry, known)
        case "MatiereEducNat":
            yield Subject(
                id=aaf_id("Subject", entry.identifier),
                source_id=SOURCE,
                external_id=entry.identifier,
                code=entry.identifier,
                name=entry.one("ENTLibelleMatiere") or entry.identifier,
            )
        case "MefEducNat":
            yield Course(
                id=aaf_id("Course", entry.identifier),
                source_id=SOURCE,
                external_id=entry.identifier,
                name=entry.one("ENTLibelleMef") or entry.identifier,
            )
        case "PersRelEleve":
            yield from guardian(entry, known)
        case "Eleve":
            yield from student(entry, known, file)
        case _:
            yield from staff_member(entry, known)


def _school(entry: Entry, known: Known) -> Iterator[Record]:
    known.schools.add(entry.identifier)
    uai = entry.one("ENTStructureUAI")
    kind = (entry.one("ENTStructureTypeStruct") or "").upper()
    street = entry.one("street") or ""
    yield School(
        id=aaf_id("School", entry.identifier),
        school_id=aaf_id("School", entry.identifier),
        source_id=SOURCE,
        external_id=entry.identifier,
        national_id=uai,
        name=entry.one("ENTStructureNomCourant") or uai or entry.identifier,
        kind=school_kind(kind),
        address_lines=[line.strip() for line in street.split("$") if line.strip()],
        postal_code=entry.one("postalCode"),
        city=entry.one("l"),
        phone=entry.one("telephoneNumber"),
        time_zone=time_zone(uai),
    )
    for value in entry.all("ENTStructureClasses"):
        name = value.split("$")[0]
        known.classes.add(("HOMEROOM", f"{entry.identifier}${name}"))
        yield school_class(entry.identifier, name, "HOMEROOM")
    for value in entry.all("ENTStructureGroupes"):
        name, *others = value.split("$")
        parents = others[1:]
        known.classes.add(("SCHEDULED", f"{entry.identifier}${name}"))
        ids = [school_class(entry.identifier, parent, "HOMEROOM").id for parent in parents if parent]
        yield school_class(entry.identifier, name, "SCHEDULED", parent_class_ids=ids)
