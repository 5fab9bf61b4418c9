"""Reads STS-WEB exports (sts_emp_<UAI>_<year>.xml)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.base import NO_OPTIONS, Export, InvalidExport, Item, Options
from adapters.export_files import ExportFile
from adapters.school_numbers import check_letter_notices, needed_school_number
from adapters.sts.lessons import lessons
from adapters.sts.structure import School, people, places, school_and_year
from adapters.xml_documents import attribute, children, document, notices_of_files, only_file
from adapters.xml_export import Layout

_PLACES = {f"DONNEES/STRUCTURE/{one}" for one in ("DIVISIONS/DIVISION", "GROUPES/GROUPE")}
LAYOUT = Layout(
    {
        "MATIERE": frozenset(["NOMENCLATURES/MATIERES"]),
        "INDIVIDU": frozenset(["DONNEES/INDIVIDUS"]),
        "ALTERNANCE": frozenset(["DONNEES/ALTERNANCES"]),
        "SALLE_COURS": frozenset(["DONNEES", "DONNEES/SALLES_COURS"]),
        "DIVISION": frozenset(["DONNEES/STRUCTURE/DIVISIONS"]),
        "GROUPE": frozenset(["DONNEES/STRUCTURE/GROUPES"]),
        "SERVICE": frozenset(f"{one}/SERVICES" for one in _PLACES),
        "COURS": frozenset(
            f"{one}/SERVICES/SERVICE/ENSEIGNANTS/ENSEIGNANT/COURS_RATTACHES" for one in _PLACES
        ),
    },
    ("NOMENCLATURES", "DONNEES"),
    {"CIVILITE": "staff name these codes"},
)


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
        yield from notices_of_files(path, [file])
        yield from check_letter_notices(uai, f"{file.name}, PARAMETRES/UAJ")
        yield from LAYOUT.counts(root)
        yield from school_and_year(root, school)
        yield from places(root, school)
        yield from people(root, school)
        yield file.size // 2
        yield from lessons(root, school)
        yield from school.left_out(LAYOUT.left_out(root))
        yield from school.unknown_codes()
        yield file.size


def _uai(root: Any, file: ExportFile) -> str:
    for one in children(root, "PARAMETRES", "UAJ"):
        if uai := attribute(one, "CODE"):
            where = f"{file.name}, PARAMETRES/UAJ"
            return needed_school_number(uai, where, "Export the file again.")
    raise InvalidExport(f"{file.name}: PARAMETRES/UAJ does not name the school in CODE.")
