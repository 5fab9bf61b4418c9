"""Reads STS-WEB exports (sts_emp_<UAI>_<year>.xml)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.base import NO_OPTIONS, Export, InvalidExport, Item, Options
from adapters.export_files import ExportFile
from adapters.sts.lessons import lessons
from adapters.sts.structure import School, people, places, school_and_year
from adapters.xml_documents import attribute, children, document, only_file


class StsReader:
    """Reads STS-WEB exports: one XML file, or the zip of it."""

    name = "sts"
    title = "STS-WEB (sts_emp): staff, subjects, classes, services and the weekly timetable; XML or zip"
    options = NO_OPTIONS

    def inspect(self, path: Path, options: Options) -> Export:
        """Find the file and its school. Raises InvalidExport."""
        file = only_file(path, "STS_EDT", "STS-WEB")
        uai = _uai(document(file), file)
        return Export(f"sts:{uai}", f"STS-WEB {uai}", True, file.size)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield the school, its staff and classes, then the lessons of the year. Raises InvalidExport."""
        file = only_file(path, "STS_EDT", "STS-WEB")
        root = document(file)
        uai = _uai(root, file)
        school = School(uai, f"sts:{uai}", file.name)
        yield from school_and_year(root, school)
        yield from places(root, school)
        yield from people(root, school)
        yield file.size // 2
        yield from lessons(root, school)
        yield file.size


def _uai(root: Any, file: ExportFile) -> str:
    for one in children(root, "PARAMETRES", "UAJ"):
        if uai := attribute(one, "CODE"):
            return uai
    raise InvalidExport(f"{file.name}: PARAMETRES/UAJ does not name the school in CODE.")
