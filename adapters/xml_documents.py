"""XML of one school, read whole and safely: no entities, no DTDs, no network, no endless files."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.base import InvalidExport, Notice, OtherFormat
from adapters.export_files import ExportFile, export_files

LARGEST = 256 * 2**20
"""Bytes that a document of one school may have."""
MOST_ELEMENTS = 2_000_000
"""Elements that a document may have; each takes some 250 bytes of memory when it is read."""
MOST_ATTRIBUTES = 4_000_000
PIECE, MOST_PIECES = 256, 256
"""Bytes of a piece, and how many are read to find the root element."""
ONE_BYTE = re.compile(rb"""<\?xml[^>]*encoding=["'](iso-8859-|windows-125)""", re.IGNORECASE)
"""The declaration of an encoding in which every byte is a letter, so that a wrong one goes unnoticed."""


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


def notices_of_files(path: Path, read: list[ExportFile]) -> Iterator[Notice]:
    """Yield what to say of the files of an export: those that are not read, and wrong declarations."""
    for file in export_files(path):
        if file not in read:
            name = root_name(file)
            what = "no XML" if name is None else f"its root element is {name}"
            yield Notice(file.name, f"this file was not read: it is not of this format ({what}).")
        elif _is_utf8_in_disguise(_content(file)):
            yield Notice(file.name, "declares another encoding, but is UTF-8; it was read as UTF-8.")


def document(file: ExportFile) -> Any:
    """Parse a file and return its root element. Raises InvalidExport, naming file and line.

    Elements and attributes are counted before they are parsed. A file that declares ISO-8859 or Windows
    letters, but is UTF-8 throughout, is read as UTF-8.
    """
    content = _content(file)
    _refuse_too_many(content, file)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True,
        remove_pis=True, encoding="utf-8" if _is_utf8_in_disguise(content) else None,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidExport(
            f"{file.name}, line {error.lineno}: {error.msg}. The file is damaged; export again."
        ) from error
    except (OSError, LookupError) as error:  # what lxml makes of bytes that are not of the encoding
        raise InvalidExport(f"{file.name}: bytes that are no text of its encoding; export again.") from error
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise InvalidExport(f"{file.name}: declares XML entities, which no export of a school does.")
    return root


def _content(file: ExportFile) -> bytes:
    if file.size > LARGEST:
        raise InvalidExport(f"{file.name}: {file.size} bytes are too many; one school may have {LARGEST}.")
    with file.open() as stream:
        return stream.read()


def _refuse_too_many(content: bytes, file: ExportFile) -> None:
    # The signs that begin them: those in comments count too, and in UTF-16 what ends an element.
    elements = content.count(b"<") - content.count(b"</")
    for number, most, what in (
        (elements, MOST_ELEMENTS, "elements"),
        (content.count(b"="), MOST_ATTRIBUTES, "attributes"),
    ):
        if number > most:
            raise InvalidExport(f"{file.name}: has {number:,} {what}; one school may have {most:,}.")


def _is_utf8_in_disguise(content: bytes) -> bool:
    """Tell whether letters beyond ASCII are UTF-8 though another encoding is declared.

    French text in ISO-8859 is never UTF-8 by chance: each of its accents would need a second odd letter.
    """
    if ONE_BYTE.match(content) is None or content.isascii():
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


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
    """Return the text of the children of the first of these names that have any, without needless spaces.

    None where children of a name differ: nobody can tell which of the values is meant.
    """
    for name in names:
        found = _texts(element, name)
        if found:
            return found[0] if len(found) == 1 else None
    return None


def values_that_differ(element: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the names of children without children of their own that have several values, and the values."""
    names: dict[str, int] = {}
    for one in element:
        if not len(one):
            names[name_of(one)] = names.get(name_of(one), 0) + 1
    for name, number in names.items():
        if number > 1 and len(values := _texts(element, name)) > 1:
            yield name, values


def _texts(element: Any, name: str) -> list[str]:
    """Return the different filled texts of the children of a name, in order."""
    found = (" ".join((one.text or "").split()) for one in children(element, name))
    return list(dict.fromkeys(value for value in found if value))


def content_of(element: Any) -> Hashable:
    """Return something that is the same for elements of the same content, wherever they stand."""
    return tuple(
        (name_of(one), tuple(sorted(one.attrib.items())), " ".join((one.text or "").split()))
        for one in element.iter()
    )


def attribute(element: Any, name: str) -> str | None:
    """Return an attribute; None when it is missing or empty."""
    value = (element.get(name) or "").strip()
    return value or None
