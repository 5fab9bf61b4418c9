"""The files of an AAF export, in a folder or a zip, each streamed as requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.base import InvalidExport, Notice, OtherFormat
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
class Request:
    """One request: the category it declares, its id, its attributes, its line and what it asks for.

    The id is empty where it has none; what it asks for may be something that is not known.
    """

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


@dataclass(frozen=True, slots=True)
class AafExport:
    """The files of an export in the order of reading, and what to say of those that are not read."""

    files: list[AafFile]
    notices: list[Notice]

    @property
    def is_delta(self) -> bool:
        """Whether it tells changes only."""
        return self.files[0].is_delta

    @property
    def missing(self) -> list[str]:
        """The categories of which there is no file, or only empty ones: nothing of them ends."""
        present = {file.category for file in self.files if file.size}
        return [one for one in CATEGORIES if one not in present]


def aaf_export(path: Path) -> AafExport:
    """Find the files of an export. Raises InvalidExport."""
    found, notices = [], []
    for file in export_files(path):
        parts = NAME.match(Path(file.name).name)
        if parts is None or parts["category"] not in CATEGORIES:
            if not file.name.endswith(".dtd"):
                known = ", ".join(CATEGORIES)
                text = f"this file was not read: its name has none of the categories {known}."
                notices.append(Notice(file.name, text))
            continue
        if file.size == 0:
            notices.append(Notice(file.name, "this file is empty: it counts as one without entries"))
        is_delta = parts["scope"] == "Delta"
        found.append(AafFile(file.name, file.size, file.path, file.in_zip, parts["category"], is_delta))
    if not found:
        raise OtherFormat(
            f"{path}: no AAF file found. They are named like ENT_Complet_20260901_Eleve_0000.xml."
        )
    if len({file.is_delta for file in found}) > 1:
        raise InvalidExport(f"{path}: holds a complete export and a delta; import the complete one first.")
    found.sort(key=lambda one: (CATEGORIES.index(one.category), one.name))
    export = AafExport(found, notices)
    if not export.is_delta and "EtabEducNat" in export.missing:
        raise InvalidExport(
            f"{path}: has no EtabEducNat file; without it no student has a school. Ask for a whole export."
        )
    return export


class Requests:
    """The requests of one file, streamed; `number` counts the ends of their elements in the XML."""

    def __init__(self, file: AafFile) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> Iterator[Request]:
        """Stream the requests. Raises InvalidExport, naming file and line."""
        file = self._file
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
                remove_comments=True,
                remove_pis=True,
            )
            try:
                for _, element in parser:
                    self.number += 1
                    _refuse_entities(file, element)
                    yield from self._strangers(element)
                    yield _request(file, element)
                    element.clear(keep_tail=False)
            except etree.XMLSyntaxError as error:
                raise InvalidExport(
                    f"{file.name}, line {error.lineno}: {error.msg}. The file is damaged; export again."
                ) from error
            root = parser.root
            if root is None or root.tag != "ficAlimMENESR":
                raise InvalidExport(f"{file.name}: the root element must be ficAlimMENESR.")
            _refuse_entities(file, root)
            for last in root[-1:]:
                yield from self._strangers(last)
                yield from self._stranger(last)

    def _strangers(self, element: Any) -> Iterator[Request]:
        """Let go of what stands before a request; yield what of it is no request that is known."""
        before = element.getprevious()
        while before is not None:
            yield from self._stranger(before)
            element.getparent().remove(before)
            before = element.getprevious()

    def _stranger(self, element: Any) -> Iterator[Request]:
        if element.tag not in REQUESTS:
            self.number += 1
            yield Request("", "", {}, element.sourceline, str(element.tag))


def _refuse_entities(file: AafFile, element: Any) -> None:
    dtd = element.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise InvalidExport(f"{file.name}: declares XML entities, which no AAF export does.")


def _request(file: AafFile, element: Any) -> Request:
    line = element.sourceline
    if element.tag != "addRequest" and not file.is_delta:
        raise InvalidExport(f"{file.name}, line {line}: {element.tag} in a complete export.")
    category = element.findtext("operationalAttributes/attr/value") or ""
    identifier = (element.findtext("identifier/id") or "").strip()
    attributes: dict[str, list[str]] = {}
    for attribute in element.iterfind("attributes/attr"):
        values = [(value.text or "").strip() for value in attribute.iterfind("value")]
        attributes.setdefault(attribute.get("name", ""), []).extend(value for value in values if value)
    for change in element.iterfind("modifications/modification"):
        if change.get("operation", "replace") != "replace":
            raise InvalidExport(
                f"{file.name}, line {line}: operation {change.get('operation')!r}; only replace is known."
            )
        values = [(value.text or "").strip() for value in change.iterfind("value")]
        attributes[change.get("name", "")] = [value for value in values if value]
    return Request(category, identifier, attributes, line, element.tag)
