"""The files of an AAF export, in a folder or a zip, each streamed as requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.base import InvalidExport, OtherFormat
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
    is_delta: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One request: the category it declares, its id, its attributes, its line and what it asks for."""

    category: str
    identifier: str
    attributes: dict[str, list[str]]
    line: int
    request: str = "addRequest"

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
        is_delta = parts["scope"] == "Delta"
        found.append(AafFile(file.name, file.size, file.path, file.in_zip, parts["category"], is_delta))
    if not found:
        raise OtherFormat(
            f"{path}: no AAF file found. They are named like ENT_Complet_20260901_Eleve_0000.xml."
        )
    if len({file.is_delta for file in found}) > 1:
        raise InvalidExport(f"{path}: holds a complete export and a delta; import the complete one first.")
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
    if element.tag != "addRequest" and not file.is_delta:
        raise InvalidExport(f"{file.name}, line {line}: {element.tag} in a complete export.")
    category = element.findtext("operationalAttributes/attr/value") or ""
    identifier = (element.findtext("identifier/id") or "").strip()
    if not identifier:
        raise InvalidExport(f"{file.name}, line {line}: a request without identifier.")
    attributes: dict[str, list[str]] = {}
    for attribute in element.iterfind("attributes/attr"):
        values = [(value.text or "").strip() for value in attribute.iterfind("value")]
        attributes[attribute.get("name", "")] = [value for value in values if value]
    for change in element.iterfind("modifications/modification"):
        if change.get("operation", "replace") != "replace":
            raise InvalidExport(
                f"{file.name}, line {line}: operation {change.get('operation')!r}; only replace is known."
            )
        values = [(value.text or "").strip() for value in change.iterfind("value")]
        attributes[change.get("name", "")] = [value for value in values if value]
    return Entry(category, identifier, attributes, line, element.tag)
