"""Reads the XML export of EDT and PRONOTE (schema ExportEmploiDuTemps of Index Éducation)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.base import Export, InvalidExport, Item, Options
from adapters.edt.layout import counts, entities, unread
from adapters.edt.lessons import lessons
from adapters.edt.people import students
from adapters.edt.resources import School, resources, year_and_grid
from adapters.export_files import ExportFile
from adapters.french_schools import school_of_number
from adapters.school_numbers import check_letter_notices, needed_school_number
from adapters.xml_documents import attribute, document, notices_of_files, only_file

ROOT = "ExportEmploiDuTemps"


class EdtReader:
    """Reads EDT exports: one XML file, or the zip of it."""

    name = "edt"
    title = "EDT or PRONOTE (Index Éducation): timetable, cancellations, groups and people; XML or zip"
    options = {"school": "National id (UAI) of the school, where the file does not name it."}  # noqa: RUF012

    def inspect(self, path: Path, options: Options) -> Export:
        """Find the file and its school. Raises InvalidExport."""
        file = only_file(path, ROOT, "EDT")
        uai = _uai(document(file), file, options)
        return Export(f"edt:{uai}", f"EDT {uai}", True, file.size)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield the school, its resources, students and every lesson. Raises InvalidExport."""
        file = only_file(path, ROOT, "EDT")
        root = document(file)
        uai = _uai(root, file, options)
        school = School(uai, f"edt:{uai}", file.name)
        yield from notices_of_files(path, [file])
        yield from check_letter_notices(uai, f"{file.name}, UAI")
        yield from counts(root)
        yield school_of_number(school.source, school.uai)
        yield from year_and_grid(root, school)
        yield from resources(root, school)
        yield from students(root, school)
        yield file.size // 2
        yield from lessons(root, school)
        materials = ((one, "materials are not shown") for one in entities(root, "Materiel"))
        yield from school.left_out(materials)
        yield from school.left_out((one, "nothing that is shown needs this list") for one in unread(root))
        yield file.size


def _uai(root: Any, file: ExportFile, options: Options) -> str:
    """Return the number of the school. Raises InvalidExport, also where file and option differ."""
    named, given = attribute(root, "UAI"), options.get("school")
    if not named and not given:
        raise InvalidExport(f"{file.name}: does not name the school; add --option school=UAI.")
    found = [
        needed_school_number(written, where, remedy)
        for written, where, remedy in (
            (named, f"{file.name}, UAI", "Correct the school's number in EDT."),
            (given, f"{file.name}, --option school", "Correct the option."),
        )
        if written
    ]
    if len(set(found)) > 1:
        raise InvalidExport(
            f"{file.name}: is of the school {found[0]}, not of {found[1]} as --option school says. "
            "Leave the option out, or import the other file."
        )
    return found[0]
