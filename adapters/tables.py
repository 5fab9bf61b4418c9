"""Tables of CSV and spreadsheet files: encodings, separators and headers as schools really have them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from adapters.base import InvalidExport
from adapters.export_files import HIGHEST_RATIO, ExportFile

LARGEST = 512 * 2**20
LONGEST_FIELD = 200_000
"""Characters that a field may have."""
SEPARATORS = ";,\t|"
NUMBER = re.compile(r"[+-][\d .,()]+")
"""What begins like a formula and is none: numbers, also of telephones."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its line in the file, and its fields in the order of the header; empty ones as empty text."""

    line: int
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table: the names of its columns, which may repeat, and its rows."""

    header: Sequence[str]
    rows: Iterator[TableRow]


def read_table(file: ExportFile) -> DataTable:
    """Open a CSV or XLSX file; empty rows are left out. Raises InvalidExport, also while rows are read."""
    if file.size > LARGEST:
        raise InvalidExport(f"{file.name}: {file.size} bytes are too many for a table.")
    rows = _spreadsheet(file) if file.name.lower().endswith(".xlsx") else _separated(file)
    for row in rows:
        return DataTable([field.strip() for field in row.fields], rows)
    raise InvalidExport(f"{file.name}: is empty; the first row must name the columns.")


def _separated(file: ExportFile) -> Iterator[TableRow]:
    with file.open() as stream:
        content = stream.read()
    text = _decoded(content, file)
    separator = max(SEPARATORS, key=text.partition("\n")[0].count)
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                yield TableRow(reader.line_num, fields)
    except csv.Error as error:
        raise InvalidExport(f"{file.name}, line {reader.line_num}: {error}; export again.") from error


def _decoded(content: bytes, file: ExportFile) -> str:
    """Decode UTF-8 with or without a mark, UTF-16 with one, or else Windows' Western European letters."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252", "iso-8859-15"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise InvalidExport(f"{file.name}: is no text (it has NUL or unknown bytes); save it as CSV in UTF-8.")


def _spreadsheet(file: ExportFile) -> Iterator[TableRow]:
    """Yield the rows of the first sheet."""
    with file.open() as stream:
        content = io.BytesIO(stream.read())
    try:
        with zipfile.ZipFile(content) as archive:
            total = sum(member.file_size for member in archive.infolist())
        if total > HIGHEST_RATIO * max(file.size, 2**20):
            raise InvalidExport(f"{file.name}: would unpack to {total} bytes; this is no table.")
        book = openpyxl.load_workbook(content, read_only=True, data_only=True)
        for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
            fields = [_plain(cell) for cell in cells]
            if any(fields):
                yield TableRow(number, fields)
    except InvalidExport:
        raise
    except (InvalidFileException, zipfile.BadZipFile, ValueError, KeyError, IndexError, TypeError) as error:
        raise InvalidExport(f"{file.name}: the spreadsheet is damaged; save it again.") from error
    except (AttributeError, SyntaxError, OSError) as error:
        raise InvalidExport(f"{file.name}: the spreadsheet is damaged; save it again.") from error


def _plain(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def harmless(value: str) -> str:
    """Return a field for writing: what a spreadsheet would take for a formula begins with an apostrophe."""
    if value[:1] not in ("=", "+", "-", "@", "\t", "\r") or NUMBER.fullmatch(value):
        return value
    return f"'{value}"
