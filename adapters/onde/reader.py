"""Reads ONDE extractions (primary schools): CSVExtraction-eleves, -responsables and -enseignants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters import records as r
from adapters.base import EntryCount, Export, InvalidExport, Item, Notice, Options, OtherFormat
from adapters.export_files import ExportFile, export_files
from adapters.french_schools import school_of_number
from adapters.onde.people import Pupils, guardians, pupils, teachers
from adapters.school_numbers import check_letter_notices, needed_school_number
from adapters.tables import read_table

KINDS = {"Prénom Elève": "eleves", "Prénom Responsable": "responsables", "Directeur": "enseignants"}
"""Kinds of files by a column that only they have, in the order of reading."""
COVERS: dict[str, set[type[r.Record]]] = {
    "eleves": {r.Student, r.Enrolment, r.SchoolClass},
    "responsables": {r.Guardian, r.Guardianship},
    "enseignants": {r.StaffMember, r.Teaching},
}


class OndeReader:
    """Reads ONDE extractions: a folder or zip of CSV files, or the one of the pupils."""

    name = "onde"
    title = "ONDE (primary schools): CSVExtraction-eleves, -responsables, -enseignants"
    options = {  # noqa: RUF012
        "school": "National id (UAI) of the school; the files do not name it.",
        "access": "`all`: every guardian reads the data of their children; `none`: nobody does. "
        "The files do not say who has parental authority.",
    }

    def inspect(self, path: Path, options: Options) -> Export:
        """Find the files. Raises InvalidExport."""
        files, _ = _files(path)
        school, _ = _choices(path, options, files)
        covered = frozenset[type[r.Record]]().union(*(COVERS[kind] for kind in files))
        size = sum(file.size for file in files.values())
        return Export(f"onde:{school}", f"ONDE {school}", True, size, covered)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield pupils, then guardians and teachers, who name them. Raises InvalidExport."""
        files, others = _files(path)
        school, access = _choices(path, options, files)
        known, done = Pupils(school, f"onde:{school}", ""), 0
        for file, why in others.items():
            yield Notice(file, f"this file was not read: {why}")
        yield from check_letter_notices(school, "--option school")
        yield school_of_number(known.source, school, kind="PRIMARY")
        for kind, one in files.items():
            yield EntryCount(one.name, sum(1 for _ in read_table(one).rows))
            table = read_table(one)
            if kind == "eleves":
                yield from pupils(table, one.name, known)
            elif kind == "responsables":
                yield from guardians(table, one.name, known, access)
            else:
                yield from teachers(table, one.name, known)
            done += one.size
            yield done


def _files(path: Path) -> tuple[dict[str, ExportFile], dict[str, str]]:
    """Return the files by what they hold, and why the others are not read."""
    found: dict[str, ExportFile] = {}
    others: dict[str, str] = {}
    damaged: InvalidExport | None = None
    for file in export_files(path):
        kind, others[file.name] = None, "it is no CSV file."
        if file.name.lower().endswith(".csv"):
            try:
                kind, others[file.name] = _kind(read_table(file).header), "it is not of ONDE."
            except InvalidExport as error:
                damaged, others[file.name] = error, str(error)
        if kind is not None:
            if kind in found:
                raise InvalidExport(f"{path}: has {kind} twice, {found[kind].name} and {file.name}.")
            found[kind] = file
            del others[file.name]
    if "eleves" not in found:
        raise damaged or OtherFormat(
            f'{path}: no ONDE file of pupils found; it has the column "Prénom Elève".'
        )
    return {kind: found[kind] for kind in KINDS.values() if kind in found}, others


def _kind(header: list[str] | object) -> str | None:
    names = {r.folded(str(one)) for one in header} if isinstance(header, list) else set()
    return next((kind for column, kind in KINDS.items() if r.folded(column) in names), None)


def _choices(path: Path, options: Options, files: dict[str, ExportFile]) -> tuple[str, bool]:
    school, access = options.get("school"), options.get("access", "")
    if not school:
        raise InvalidExport(f"{path.name}: say which school it is: --option school=UAI.")
    number = needed_school_number(school, f"{path.name}, --option school", "Correct the option.")
    if "responsables" in files and access not in ("all", "none"):
        raise InvalidExport(
            f"{path.name}: ONDE does not say who has parental authority. Write --option access=all if every "
            "guardian in the file may read the data of their children, or access=none."
        )
    return number, access == "all"
