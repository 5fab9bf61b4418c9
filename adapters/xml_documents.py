"""XML of one school, read whole and safely: no entities, no DTDs, no network, no endless files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.base import InvalidExport, OtherFormat
from adapters.export_files import ExportFile, export_files

LARGEST = 256 * 2**20
"""Bytes that a document of one school may have."""
PIECE, MOST_PIECES = 256, 256
"""Bytes of a piece, and how many are read to find the root element."""


def root_name(file: ExportFile) -> str | None:
    """Return the name of the root element, from the beginning of a file; None where it is no XML."""
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, load_dtd=False, no_network=True)
    try:
        with file.open() as stream:
            for _ in range(MOST_PIECES):
                # In small pieces: damage further on must not hide what the document is.
                parser.feed(stream.read(PIECE))
                for _, element in parser.read_events():
                    return name_of(element)
    except (etree.XMLSyntaxError, OSError):
        return None
    return None


def only_file(path: Path, root: str, title: str) -> ExportFile:
    """Find the one file of an export with this root element; `title` is what the format is called.

    Raises OtherFormat where there is none or more than one.
    """
    found = [file for file in export_files(path) if root_name(file) == root]
    if len(found) != 1:
        many = "no" if not found else "more than one"
        raise OtherFormat(f"{path}: {many} {title} file found; the root element is {root}.")
    return found[0]


def document(file: ExportFile) -> Any:
    """Parse a file and return its root element. Raises InvalidExport, naming file and line."""
    if file.size > LARGEST:
        raise InvalidExport(f"{file.name}: {file.size} bytes are too many for one school.")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True
    )
    try:
        with file.open() as stream:
            root = etree.parse(stream, parser).getroot()
    except etree.XMLSyntaxError as error:
        raise InvalidExport(
            f"{file.name}, line {error.lineno}: {error.msg}. The file is damaged; export again."
        ) from error
    except OSError as error:  # what lxml makes of bytes that are not of the encoding
        raise InvalidExport(f"{file.name}: bytes that are no text of its encoding; export again.") from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise InvalidExport(f"{file.name}: declares XML entities, which no export of a school does.")
    return root


def name_of(element: Any) -> str:
    """Return the name of an element without its namespace; empty for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children(element: Any, *path: str) -> Iterator[Any]:
    """Yield the elements at the end of a path of names, whatever their namespace."""
    if not path:
        yield element
        return
    for one in element:
        if name_of(one) == path[0]:
            yield from children(one, *path[1:])


def text(element: Any, *names: str) -> str | None:
    """Return the text of the first child of one of these names that has any; the first name counts most."""
    for name in names:
        for one in children(element, name):
            value = " ".join((one.text or "").split())
            if value:
                return value
    return None


def attribute(element: Any, name: str) -> str | None:
    """Return an attribute; None when it is missing or empty."""
    value = (element.get(name) or "").strip()
    return value or None
