"""Writes an empty table after a template, and explains its columns."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
from openpyxl.comments import Comment

from adapters.templates.columns import Template


def write_template(template: Template, path: Path) -> None:
    """Write a header, as XLSX with a note on each column, or else as CSV that spreadsheets open.

    Raises FileExistsError where the file is there: somebody may have filled it in.
    """
    names = [column.name for column in template.all_columns]
    if path.suffix.lower() == ".xlsx":
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.append(names)
        for cell, column in zip(sheet[1], template.all_columns, strict=True):
            cell.comment = Comment(f"{column.help} {column.example}".strip(), "Passerelle")
        with path.open("xb") as file:
            book.save(file)
        return
    with path.open("x", encoding="utf-8-sig", newline="") as text:
        csv.writer(text, delimiter=";").writerow(names)


def explained(template: Template) -> list[tuple[str, str, str, str]]:
    """List for each column its name, whether it is needed, its other names, and its meaning."""
    return [
        (
            column.name,
            "yes" if column.required else "",
            ", ".join(column.also),
            " ".join(one for one in (column.help, column.example and f"As: {column.example}") if one),
        )
        for column in template.all_columns
    ]
