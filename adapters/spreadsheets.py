"""The rows of a sheet of an XLSX file, as text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain, islice
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from adapters.base import InvalidExport
from adapters.export_files import HIGHEST_RATIO, ExportFile, members_of

LARGEST = 128 * 2**20
"""Bytes that a spreadsheet may have, and those that it unpacks to."""
MOST_SHEETS = 100
MOST_ROWS = 500_000
"""Rows that are read of a sheet, empty ones in between counted: a row may say that it is the billionth."""
MOST_CELLS = 5_000_000
"""Cells that are read of a sheet, empty ones counted: one cell at the right edge makes a row of 16,384."""
MOST_ELEMENTS = 6_000_000
"""XML elements of a spreadsheet: two for each cell, and those of texts and styles."""
FIRST_CELLS = 100_000
"""Cells in which the content of a sheet that is not read is looked for."""

FAULTS = (
    InvalidFileException, zipfile.BadZipFile, ValueError, KeyError, IndexError, TypeError, AttributeError,
    SyntaxError, OSError,
)  # fmt: skip
"""What openpyxl raises for files that are damaged."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its line in the file, its fields as text, and why it cannot be read (empty where it can)."""

    line: int
    fields: list[str]
    fault: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its rows, and the names of the other sheets that have content."""

    rows: Iterator[TableRow]
    others: list[str] = field(default_factory=list)


def read_sheet(file: ExportFile, name: str | None) -> Sheet:
    """Open the sheet of a name or number, or the first. Raises InvalidExport, also while rows are read."""
    if file.size > LARGEST:
        raise InvalidExport(f"{file.name}: {file.size} bytes are too many; a spreadsheet may have {LARGEST}.")
    with file.open() as stream:
        content = stream.read()
    try:
        has_formulas = _checked(content, file)
        book = _opened(content, data_only=True)
        if len(book.worksheets) > MOST_SHEETS:
            raise InvalidExport(f"{file.name}: has {len(book.worksheets)} sheets; it may have {MOST_SHEETS}.")
        chosen = _chosen(book.worksheets, file, name)
        others = [one.title for one in book.worksheets if one is not chosen and _has_content(one)]
        formulas = None
        if has_formulas:
            formulas = _opened(content, data_only=False)[chosen.title]
    except InvalidExport:
        raise
    except FAULTS as error:
        raise InvalidExport(f"{file.name}: the spreadsheet is damaged; save it again.") from error
    return Sheet(_rows(file, chosen, formulas), others)


def _opened(content: bytes, data_only: bool) -> Any:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    for sheet in book.worksheets:
        # One formatted cell at the end of a sheet would fill every row up to its column.
        sheet.reset_dimensions()
    return book


def _checked(content: bytes, file: ExportFile) -> bool:
    """Tell whether a workbook has formulas. Raises InvalidExport where it would unpack to too much."""
    members = members_of(io.BytesIO(content), file.name)
    total = sum(member.file_size for member in members)
    if total > LARGEST or total > HIGHEST_RATIO * max(file.size, 2**20):
        raise InvalidExport(
            f"{file.name}: would unpack to {total} bytes; a spreadsheet may have {LARGEST}. Save it as CSV."
        )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        elements, has_formulas = 0, False
        for member in members:
            text = archive.read(member)
            elements += text.count(b"<") - text.count(b"</")
            if elements > MOST_ELEMENTS:
                raise InvalidExport(
                    f"{file.name}: has more than {MOST_ELEMENTS:,} XML elements; a spreadsheet may not. "
                    "Save it as CSV."
                )
            is_sheet = member.filename.startswith("xl/worksheets/")
            has_formulas |= is_sheet and (b"<f>" in text or b"<f " in text)
        return has_formulas


def _chosen(sheets: list[Any], file: ExportFile, name: str | None) -> Any:
    if name is None:
        return sheets[0]
    titles = [one.title for one in sheets]
    if name in titles:
        return sheets[titles.index(name)]
    if name.isascii() and name.isdigit() and 1 <= int(name) <= len(sheets):
        return sheets[int(name) - 1]
    raise InvalidExport(f"{file.name}: has no sheet {name!r}; there are {', '.join(titles)}.")


def _has_content(sheet: Any) -> bool:
    cells = chain.from_iterable(islice(sheet.iter_rows(values_only=True), FIRST_CELLS))
    return any(_plain(cell) for cell in islice(cells, FIRST_CELLS))


def _rows(file: ExportFile, sheet: Any, formulas: Any) -> Iterator[TableRow]:
    total = 0
    try:
        written = formulas.iter_rows(values_only=True) if formulas is not None else None
        for number, cells in enumerate(sheet.iter_rows(), 1):
            total += len(cells)
            if number > MOST_ROWS or total > MOST_CELLS:
                raise InvalidExport(
                    f"{file.name}, line {number}: a sheet may have {MOST_ROWS:,} rows and {MOST_CELLS:,} "
                    "cells, those without content counted; save it as CSV."
                )
            faults = _faults(cells, next(written, ()) if written is not None else ())
            yield TableRow(number, [_plain(cell.value) for cell in cells], *faults)
    except FAULTS as error:
        raise InvalidExport(f"{file.name}: the spreadsheet is damaged; save it again.") from error


def _faults(cells: Any, written: Any) -> tuple[str, str]:
    """Return why a row cannot be read, and what to do; empty where it can."""
    for cell in cells:
        if cell.data_type == "e":
            return f"the cell {cell.coordinate} shows the error {cell.value}", "Correct its formula."
    for cell, formula in zip(cells, written, strict=False):
        if cell.value is None and formula is not None:
            do = "Open it in a spreadsheet program and save it."
            return f"the formula of the cell {cell.coordinate} has no result in the file", do
    return "", ""


def _plain(cell: object) -> str:
    """Write a cell as a French spreadsheet program shows it, days and times in ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "VRAI" if cell else "FAUX"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        # Fifteen digits are what spreadsheets show; more would tell of the binary fraction.
        return str(int(cell)) if cell.is_integer() else f"{cell:.15g}"
    return str(cell).strip()
