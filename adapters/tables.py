"""Tables of CSV and spreadsheet files: encodings, separators and headers as schools really have them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence, Set
from itertools import chain, islice

from adapters.base import InvalidExport, Notice
from adapters.export_files import ExportFile
from adapters.records import folded
from adapters.spreadsheets import TableRow, read_sheet
from adapters.text_encoding import decoded

LARGEST = 512 * 2**20
LONGEST_FIELD = 200_000
"""Characters that a field may have."""
SEPARATORS = ";,\t|"
SEPARATOR_LINE = re.compile(r'"?sep=(?P<separator>[;,\t|])"?[;,\t|]*\s*', re.IGNORECASE)
"""The line by which Excel is told the separator; it is no part of the table."""
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
"""A line with its end: those of Windows, Unix, and Macs of old."""
FIRST_ROWS = 20
"""Rows in which the header is looked for."""
NUMBER = re.compile(r"[+-][\d .,()]+")
"""What begins like a formula and is none: numbers, also of telephones."""
NOT_CLOSED = "a field begins with a quotation mark, and does not end with one"
QUOTE = 'Write such a field as """Title"" and more", or save the table from a spreadsheet program.'

__all__ = ("DataTable", "TableRow", "harmless", "read_table")


class DataTable:
    """A table: the names of its columns, which may repeat, and its rows; those without content are left out.

    `number` counts the rows given out so far, and `notices` says what of the file is not part of the table.
    """

    def __init__(
        self, file: str, before: Sequence[TableRow], rows: Iterator[TableRow], notices: list[Notice]
    ) -> None:
        self.file = file
        header = before[-1]
        self.header = [field.strip() for field in header.fields]
        self.line = header.line
        self.number = 0
        self.notices = notices
        self._rows = rows
        if len(before) > 1:
            said = " / ".join(" ".join(filter(None, map(str.strip, one.fields))) for one in before[:-1])
            text = f"what is before the header in line {self.line} is not read: {said[:200]}"
            notices.append(Notice(file, text))

    @property
    def rows(self) -> Iterator[TableRow]:
        """The rows. Raises InvalidExport at one that cannot be read."""
        for row in self.rows_and_faults:
            if row.fault:
                raise InvalidExport(f"{self.file}, line {row.line}: {row.fault}. {row.remedy}")
            yield row

    @property
    def rows_and_faults(self) -> Iterator[TableRow]:
        """The rows, with those that cannot be read: their `fault` says why. Raises InvalidExport."""
        for row in self._rows:
            self.number += 1
            yield row


class _Lines:
    """Lines of a text, given one by one; `position` may be set back."""

    def __init__(self, text: str) -> None:
        self._lines = LINE.findall(text)
        self.position = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.position >= len(self._lines):
            raise StopIteration
        self.position += 1
        return str(self._lines[self.position - 1])


def read_table(file: ExportFile, names: Set[str] = frozenset(), sheet: str | None = None) -> DataTable:
    """Open a CSV or XLSX file. Raises InvalidExport, also while rows are read.

    Of the first rows, the header is the one that has most of `names` (folded), two at least; without names,
    or where none has, it is the first row. `sheet` is the name or number of a sheet of an XLSX file.
    """
    if file.size > LARGEST:
        raise InvalidExport(f"{file.name}: {file.size} bytes are too many for a table.")
    notices: list[Notice] = []
    if file.name.lower().endswith(".xlsx"):
        found = read_sheet(file, sheet)
        rows = _filled(found.rows)
        if found.others:
            titles = ", ".join(f'"{one}"' for one in found.others)
            how = f'--option sheet="{found.others[0]}" --option partial=yes'
            notices.append(Notice(file.name, f"further sheets are not read: {titles}; to add one, {how}"))
    elif sheet is not None:
        raise InvalidExport(f"{file.name}: --option sheet={sheet}: only an XLSX file has sheets.")
    else:
        rows = _filled(_separated(file, names, notices))
    first = list(islice(rows, FIRST_ROWS))
    if not first:
        raise InvalidExport(f"{file.name}: is empty; the first row must name the columns.")
    place = _header_place(first, names)
    if first[place].fault:
        raise InvalidExport(
            f"{file.name}, line {first[place].line}: {first[place].fault}. {first[place].remedy}"
        )
    return DataTable(file.name, first[: place + 1], chain(first[place + 1 :], rows), notices)


def _filled(rows: Iterator[TableRow]) -> Iterator[TableRow]:
    return (row for row in rows if row.fault or any(field.strip() for field in row.fields))


def _header_place(rows: Sequence[TableRow], names: Set[str]) -> int:
    known = [_known(row, names) for row in rows]
    return known.index(max(known)) if max(known) > 1 else 0


def _known(row: TableRow, names: Set[str]) -> int:
    return len({folded(field) for field in row.fields} & names)


def _separated(file: ExportFile, names: Set[str], notices: list[Notice]) -> Iterator[TableRow]:
    with file.open() as stream:
        text, remark = decoded(stream.read(), file.name)
    if remark:
        notices.append(Notice(file.name, remark))
    csv.field_size_limit(LONGEST_FIELD)
    lines = _Lines(text)
    said = next((SEPARATOR_LINE.fullmatch(line) for line in lines), None)
    begin = lines.position if said else 0
    if said:
        return _parsed(lines, said["separator"], file)
    chances = []
    for separator in SEPARATORS:
        lines.position = begin
        rows = list(islice(_filled(_parsed(lines, separator, file)), FIRST_ROWS))
        header = rows[_header_place(rows, names)] if rows else TableRow(1, [])
        chances.append((_known(header, names), len(header.fields)))
    lines.position = begin
    return _parsed(lines, SEPARATORS[chances.index(max(chances))], file)


def _parsed(lines: _Lines, separator: str, file: ExportFile) -> Iterator[TableRow]:
    """Yield the rows of the lines that follow; one that cannot be read ends at its first line."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        begin = lines.position
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "limit" in str(error):
                remedy = "A quotation mark may not be closed; correct it and export again."
                raise InvalidExport(f"{file.name}, line {begin + 1}: {error}. {remedy}") from error
            lines.position = begin
            yield TableRow(begin + 1, [next(lines).strip()], NOT_CLOSED, QUOTE)
            continue
        yield TableRow(begin + 1, fields)


def harmless(value: str) -> str:
    """Return a field for writing: what a spreadsheet would take for a formula begins with an apostrophe."""
    if value[:1] not in ("=", "+", "-", "@", "\t", "\r") or NUMBER.fullmatch(value):
        return value
    return f"'{value}"
