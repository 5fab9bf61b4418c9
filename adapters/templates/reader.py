"""Reads tables that people fill in or programs write: CSV or XLSX, one kind of record each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters import records as r
from adapters.base import Export, InvalidExport, Item, Options, OtherFormat, Refusal
from adapters.export_files import ExportFile, export_files
from adapters.tables import TableRow, read_table
from adapters.templates.catalogue import TEMPLATES
from adapters.templates.columns import BadField, Column, Fields, Known, Template

ENDINGS = (".csv", ".xlsx", ".txt")


class TemplateReader:
    """Reads one table; which kind it is, its columns or its name say."""

    name = "csv"
    title = "Table (CSV or XLSX) after a template: " + ", ".join(TEMPLATES)
    options = {  # noqa: RUF012
        "school": "National id (UAI) of the school.",
        "entity": "Kind of table, where neither its columns nor its name tell.",
        "partial": "`yes`: rows are added or changed, none that is missing ends.",
    }

    def inspect(self, path: Path, options: Options) -> Export:
        """Find out which template a table follows. Raises InvalidExport."""
        file, template, _ = _opened(path, options)
        known = _known(file, template, options)
        complete = options.get("partial", "no") != "yes"
        return Export(known.source, f"{template.title} of {known.uai}", complete, file.size)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield the records of each row; a row with a bad field is refused alone. Raises InvalidExport."""
        file, template, places = _opened(path, options)
        known = _known(file, template, options)
        columns = {one.name: one for one in template.all_columns}
        seen: set[str] = set()
        for row in read_table(file).rows:
            values = {name: _field(row, place) for name, place in places.items()}
            yield from _row(Fields(values, columns, known, row.line), template, seen)
        yield file.size


def _field(row: TableRow, place: int) -> str:
    return row.fields[place] if place < len(row.fields) else ""


def _row(fields: Fields, template: Template, seen: set[str]) -> Iterator[Item]:
    where = f"{fields.known.file}, line {fields.line}"
    try:
        fields.school()
        key = fields.text("id") or ":".join(r.folded(fields.text(one)) for one in template.key)
        if key in seen:
            raise BadField("id", key, "another row is the same", "Give the rows different values of `id`.")
        made = list(template.make(fields, key))
        seen.add(key)
    except BadField as error:
        yield from fields.mentions
        yield Refusal(where, template.name, error.column, error.value, error.reason, error.remedy)
        return
    yield from fields.mentions
    yield from made


def _opened(path: Path, options: Options) -> tuple[ExportFile, Template, dict[str, int]]:
    files = export_files(path)
    if len(files) != 1 or not files[0].name.lower().endswith(ENDINGS):
        raise OtherFormat(f"{path}: a table is one file that ends in {', '.join(ENDINGS)}.")
    header = read_table(files[0]).header
    template = _template(files[0], header, options)
    return files[0], template, _places(files[0], template, header)


def _template(file: ExportFile, header: Sequence[str], options: Options) -> Template:
    named = options.get("entity")
    if named is not None and named not in TEMPLATES:
        raise InvalidExport(f"--option entity={named}: there are {', '.join(TEMPLATES)}.")
    if named is not None:
        return TEMPLATES[named]
    stem = r.folded(file.stem)
    for template in TEMPLATES.values():
        if any(stem.startswith(r.folded(one)) for one in (template.name, *template.also)):
            return template
    folded = {r.folded(one) for one in header}
    fitting = [
        template
        for template in TEMPLATES.values()
        if all(one.spellings & folded for one in template.columns if one.required)
    ]
    if len(fitting) != 1:
        known = ", ".join(TEMPLATES)
        raise OtherFormat(
            f"{file.name}: its columns ({', '.join(header[:8])} …) do not tell what it is. Name the file "
            f"after a template, or add --option entity=NAME; there are {known}."
        )
    return fitting[0]


def _places(file: ExportFile, template: Template, header: Sequence[str]) -> dict[str, int]:
    """Find the columns by their spellings; what a template does not know is left out."""
    folded = [r.folded(one) for one in header]
    places: dict[str, int] = {}
    for column in template.all_columns:
        found = [index for index, one in enumerate(folded) if one in column.spellings]
        if len(found) > 1:
            raise InvalidExport(f"{file.name}: the column {column.name} is there twice.")
        if found:
            places[column.name] = found[0]
        elif column.required:
            raise InvalidExport(f"{file.name}: lacks the column {_described(column)}.")
    return places


def _described(column: Column) -> str:
    also = f" (also {', '.join(column.also)})" if column.also else ""
    return f"{column.name}{also}: {column.help}"


def _known(file: ExportFile, template: Template, options: Options) -> Known:
    school = options.get("school")
    if not school:
        raise InvalidExport(f"{file.name}: say which school it is of: --option school=UAI.")
    return Known(school, f"csv:{school}:{template.name}", file.name)
