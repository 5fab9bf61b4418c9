"""The rows of a sheet of an XLSX file, as text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from adapters.base import InvalidExport
from adapters.export_files import HIGHEST_RATIO, ExportFile

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
    with file.open() as stream:
        content = stream.read()
    try:
        has_formulas = _checked(content, file)
        book = _opened(content, data_only=True)
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
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > HIGHEST_RATIO * max(file.size, 2**20):
            raise InvalidExport(f"{file.name}: would unpack to {total} bytes; this is no table.")
        sheets = [one for one in members if one.filename.startswith("xl/worksheets/")]
        return any(b"<f>" in (text := archive.read(one)) or b"<f " in text for one in sheets)


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
    return any(_plain(cell) for cells in sheet.iter_rows(values_only=True) for cell in cells)


def _rows(file: ExportFile, sheet: Any, formulas: Any) -> Iterator[TableRow]:
    try:
        written = formulas.iter_rows(values_only=True) if formulas is not None else None
        for number, cells in enumerate(sheet.iter_rows(), 1):
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
