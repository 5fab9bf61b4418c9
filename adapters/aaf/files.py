"""The files of an AAF export, in a folder or a zip, each streamed as requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.base import InvalidExport
from adapters.export_files import ExportFile, export_files

NAME = re.compile(
    r"^(?P<prefix>.+)_(?P<scope>Complet|Delta)_(?P<day>\d{8})_(?P<category>[A-Za-z]+)_\d+\.xml$"
)
CATEGORIES = ("EtabEducNat", "MatiereEducNat", "MefEducNat", "PersRelEleve", "Eleve", "PersEducNat")
"""Categories in the order in which they are read: guardians before the students that name them."""
REQUESTS = ("addRequest", "modifyRequest", "deleteRequest")


@dataclass(frozen=True, slots=True)
class AafFile(ExportFile):
    """A file of an AAF export: its category, and whether it tells changes only."""

    category: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One addRequest: the category it declares, its id, its attributes and its line."""

    category: str
    identifier: str
    attributes: dict[str, list[str]]
    line: int

    def one(self, name: str) -> str | None:
        """Return the first value of an attribute; None when it is missing or empty."""
        values = self.attributes.get(name)
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Return all values of an attribute."""
        return self.attributes.get(name, [])


def aaf_files(path: Path) -> list[AafFile]:
    """List the files of an export in the order of reading. Raises InvalidExport."""
    found = []
    for file in export_files(path):
        parts = NAME.match(Path(file.name).name)
        if parts is None:
            continue
        if parts["category"] not in CATEGORIES:
            raise InvalidExport(
                f"{file.name}: unknown category {parts['category']!r}; AAF has {', '.join(CATEGORIES)}."
            )
        if parts["scope"] == "Delta":
            raise InvalidExport(f"{file.name}: this is a delta; import the complete export (…_Complet_…).")
        found.append(AafFile(file.name, file.size, file.path, file.in_zip, parts["category"]))
    if not found:
        raise InvalidExport(
            f"{path}: no AAF file found. They are named like ENT_Complet_20260901_Eleve_0000.xml."
        )
    return sorted(found, key=lambda one: (CATEGORIES.index(one.category), one.name))


def entries(file: AafFile) -> Iterator[Entry]:
    """Stream the requests of one file. Raises InvalidExport, naming file and line."""
    if file.size == 0:
        return
    with file.open() as stream:
        # Entities are never expanded, the DTD never fetched: an export needs neither.
        parser = etree.iterparse(
            stream,
            events=("end",),
            tag=REQUESTS,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
        )
        try:
            for _, element in parser:
                _refuse_entities(file, element)
                yield _entry(file, element)
                element.clear(keep_tail=False)
                while element.getprevious() is not None:
                    del element.getparent()[0]
        except etree.XMLSyntaxError as error:
            raise InvalidExport(
                f"{file.name}, line {error.lineno}: {error.msg}. The file is damaged; export again."
            ) from error
        root = parser.root
        if root is None or root.tag != "ficAlimMENESR":
            raise InvalidExport(f"{file.name}: the root element must be ficAlimMENESR.")
        _refuse_entities(file, root)


def _refuse_entities(file: AafFile, element: Any) -> None:
    dtd = element.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise InvalidExport(f"{file.name}: declares XML entities, which no AAF export does.")


def _entry(file: AafFile, element: Any) -> Entry:
    line = element.sourceline
    if element.tag != "addRequest":
        raise InvalidExport(f"{file.name}, line {line}: {element.tag} in a complete export.")
    category = element.findtext("operationalAttributes/attr/value") or ""
    identifier = (element.findtext("identifier/id") or "").strip()
    if not identifier:
        raise InvalidExport(f"{file.name}, line {line}: a request without identifier.")
    attributes: dict[str, list[str]] = {}
    for attribute in element.iterfind("attributes/attr"):
        values = [(value.text or "").strip() for value in attribute.iterfind("value")]
        attributes[attribute.get("name", "")] = [value for value in values if value]
    return Entry(category, identifier, attributes, line)
