"""Reads SIECLE exports: ElevesSansAdresses or ElevesAvecAdresses, ResponsablesAvecAdresses, Nomenclature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters import records as r
from adapters.base import NO_OPTIONS, Export, InvalidExport, Item, Options, OtherFormat
from adapters.export_files import ExportFile, export_files
from adapters.school_numbers import check_letter_notices, needed_school_number
from adapters.siecle.families import guardians, ties
from adapters.siecle.students import Found, nomenclature, students
from adapters.xml_documents import children, document, notices_of_files, root_name, text
from adapters.xml_export import Layout

ROOTS = {"BEE_NOMENCLATURES": "Nomenclature", "BEE_ELEVES": "Elèves", "BEE_RESPONSABLES": "Responsables"}
"""Root elements, in the order of reading."""
COVERS: dict[str, set[type[r.Record]]] = {
    "BEE_NOMENCLATURES": {r.Subject, r.Course},
    "BEE_ELEVES": {r.Student, r.Enrolment, r.SchoolClass},
    "BEE_RESPONSABLES": {r.Guardian, r.Guardianship},
}
"""What each file has all of."""
LISTS = {
    "BEE_NOMENCLATURES": {"MATIERE": "MATIERES", "MEF": "MEFS"},
    "BEE_ELEVES": {"ELEVE": "ELEVES", "STRUCTURES_ELEVE": "STRUCTURES"},
    "BEE_RESPONSABLES": {
        "PERSONNE": "PERSONNES", "RESPONSABLE_ELEVE": "RESPONSABLES", "ADRESSE": "ADRESSES",
    },
}  # fmt: skip
"""Elements that are read of each file, and the list they stand in."""
LAYOUTS = {
    root: Layout(
        {kind: frozenset([f"DONNEES/{one}"]) for kind, one in lists.items()},
        ("DONNEES",),
        {
            "OPTION": "options are not shown",
            "BOURSE": "grants are not shown",
            "ADRESSE": "addresses of students are not shown",
        },
    )
    for root, lists in LISTS.items()
}


class SiecleReader:
    """Reads SIECLE exports: one file, or several of one school in a folder or zips."""

    name = "siecle"
    title = "SIECLE (base élèves): ElevesAvecAdresses, ResponsablesAvecAdresses, Nomenclature; XML or zip"
    options = NO_OPTIONS

    def inspect(self, path: Path, options: Options) -> Export:
        """Find the files and their school. Raises InvalidExport."""
        files = _files(path)
        school = _school([(file, document(file)) for _, file in files])
        covered = frozenset[type[r.Record]]().union(*(COVERS[root] for root, _ in files))
        size = sum(file.size for _, file in files)
        return Export(f"siecle:{school}", f"SIECLE {school}", True, size, covered)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield records and refusals, and after each file the bytes read. Raises InvalidExport."""
        files = _files(path)
        documents = [(file, document(file)) for _, file in files]
        uai, done = _school(documents), 0
        found = Found(uai, f"siecle:{uai}", "")
        yield from notices_of_files(path, [file for _, file in files])
        yield from check_letter_notices(uai, documents[0][0].name)
        yield found.school()
        for (root, _), (file, element) in zip(files, documents, strict=True):
            found.file = file.name
            yield from _items(root, element, found)
            yield from found.notices()
            done += file.size
            yield done


def _items(root: str, element: Any, found: Found) -> Iterator[Item]:
    if next(children(element, "DONNEES"), None) is None:
        raise InvalidExport(f"{found.file}: has no DONNEES; export again.")
    yield from LAYOUTS[root].counts(element)
    if root == "BEE_NOMENCLATURES":
        yield from nomenclature(element, found)
    elif root == "BEE_ELEVES":
        yield from students(element, found)
    else:
        yield from guardians(element, found)
        yield from ties(element, found)
    yield from found.left_out(LAYOUTS[root].left_out(element))


def _files(path: Path) -> list[tuple[str, ExportFile]]:
    found = [(root, file) for file in export_files(path) if (root := root_name(file)) in ROOTS]
    if not found:
        raise OtherFormat(f"{path}: no SIECLE file found; their root elements are {', '.join(ROOTS)}.")
    roots = [root for root, _ in found]
    for root in ROOTS:
        if roots.count(root) > 1:
            names = ", ".join(file.name for one, file in found if one == root)
            raise InvalidExport(f"{path}: has {ROOTS[root]} more than once: {names}. Keep the newest.")
    return sorted(found, key=lambda one: list(ROOTS).index(one[0]))


def _school(documents: list[tuple[ExportFile, Any]]) -> str:
    schools = {}
    for file, element in documents:
        parameters = next(children(element, "PARAMETRES"), None)
        uai = text(parameters, "UAJ") if parameters is not None else None
        if uai is None:
            raise InvalidExport(f"{file.name}: PARAMETRES/UAJ does not name the school.")
        number = needed_school_number(uai, f"{file.name}, PARAMETRES/UAJ", "Export the file again.")
        schools[number] = file.name
    if len(schools) > 1:
        each = ", ".join(f"{name} of {uai}" for uai, name in schools.items())
        raise InvalidExport(f"These files are of several schools: {each}. Import one school at a time.")
    return next(iter(schools))
