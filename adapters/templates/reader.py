"""Reads tables that people fill in or programs write: CSV or XLSX, one kind of record each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from adapters import records as r
from adapters.base import (
    Entry,
    EntryCount,
    Export,
    InvalidExport,
    Item,
    LeftOut,
    Notice,
    Options,
    OtherFormat,
    Refusal,
)
from adapters.export_files import ExportFile, export_files
from adapters.school_numbers import needed_school_number
from adapters.tables import DataTable, TableRow, read_table
from adapters.templates import plain_values as plain
from adapters.templates.catalogue import TEMPLATES
from adapters.templates.columns import BadField, Column, Fields, Known, Template

ENDINGS = (".csv", ".xlsx", ".txt")
NAMES = frozenset(
    one for kind in TEMPLATES.values() for column in kind.all_columns for one in column.spellings
)
"""Everything that a column of a table may be called, folded: the header is the row that has most of them."""
ALIKE = 0.75
"""How alike an unknown name must be to one that is known to be taken for a slip (difflib)."""

BESIDE_ID = ("guardian_email", "classes", "subject")
"""Columns that tell rows of one id apart, beside the student: two tables may both number theirs from 1."""
WITHOUT_SIGNS = {"last_name", "first_name", "date", "due_date", "start_date", "start_time"}
"""Columns of keys whose punctuation does not count: `Jean-Pierre` is `Jean Pierre`."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A table: its file, what it is, where its columns are, and those that are not read."""

    file: ExportFile
    table: DataTable
    template: Template
    places: Mapping[str, int]

    @property
    def width(self) -> int:
        """How many columns there are up to the last one with a name."""
        return max(number for number, name in enumerate(self.table.header, 1) if name)


class TemplateReader:
    """Reads one table; which kind it is, its columns or its name say."""

    name = "csv"
    title = "Table (CSV or XLSX) after a template: " + ", ".join(TEMPLATES)
    options = {  # noqa: RUF012
        "school": "National id (UAI) of the school.",
        "entity": "Kind of table, where neither its columns nor its name tell.",
        "sheet": "Name or number of a sheet of an XLSX file; the first one where it is not said.",
        "partial": "`yes`: the table is a part; rows are added or changed, and none that it lacks ends.",
    }

    def inspect(self, path: Path, options: Options) -> Export:
        """Find out which template a table follows. Raises InvalidExport."""
        opened = _opened(path, options)
        known = _known(opened, options)
        complete = options.get("partial", "no") != "yes"
        title = f"{opened.template.title} of {known.uai}"
        return Export(known.source, title, complete, opened.file.size, as_part="--option partial=yes")

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield the records of each row; a row with a bad field is refused alone. Raises InvalidExport."""
        first, opened = _opened(path, options), _opened(path, options)
        known = _known(opened, options)
        same = _same_rows(first)
        yield from opened.table.notices
        yield from _unknown_columns(opened)
        columns = {one.name: one for one in opened.template.all_columns}
        unnamed: Counter[int] = Counter()
        for row in opened.table.rows_and_faults:
            fields = Fields(_values(row, opened), columns, known, row.line)
            yield Entry(opened.file.name, fields.place)
            unnamed.update(_without_name(row, opened))
            yield from _outcome(fields, row, opened, same)
        yield EntryCount(opened.file.name, first.table.number)
        yield Entry(opened.file.name, opened.file.name, is_continued=True)
        yield from opened.template.finish(known)
        for place, number in sorted(unnamed.items()):
            text = f"column {place + 1} has no name, and content in {number} rows that is not read: name it"
            yield Notice(opened.file.name, text)
        yield opened.file.size


Same = Mapping[str, Mapping[tuple[str, ...], Sequence[int]]]
"""By the key of a row, what the rows of this key say, and in which lines."""


def _same_rows(opened: _Opened) -> Same:
    """Read a table once to find the rows that are of one thing."""
    found: dict[str, dict[tuple[str, ...], list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in opened.table.rows_and_faults:
        if not row.fault:
            values = _values(row, opened)
            found[_key(values, opened.template)][tuple(values.values())].append(row.line)
    return found


def _key(values: Mapping[str, str], template: Template) -> str:
    """Return what tells a row from the others and keeps it the same record.

    An id counts for the person, the classes and the subject of the row only: where two tables number their
    rows from 1, none takes the place of another's. The day of birth and the class tell namesakes apart;
    beside a number they may change.
    """
    number = values.get("student_number") or values.get("ine")
    apart = [] if number else _told_apart(values)
    if values.get("id"):
        names = [number] if number else [values.get("last_name"), values.get("first_name")]
        person = [r.folded(one) for one in names if one]
        others = [_exact(values[one]) for one in BESIDE_ID if values.get(one)]
        return ":".join([values["id"], *person, *others, *apart])
    parts = [(r.folded if name in WITHOUT_SIGNS else _exact)(values.get(name, "")) for name in template.key]
    if number and not values.get("student_number") and "ine" not in template.key:
        # Within the key of the template, where it is mostly empty, it would make all known rows new.
        parts.append(r.folded(number))
    return ":".join([*parts, *apart])


def _exact(text: str) -> str:
    """Fold a text but for its signs: `3LAT+` is not `3LAT-`, nor `j.martin@` `jmartin@`."""
    return "".join(r.search_text(text).split()).replace(":", "\x1f")


def _told_apart(values: Mapping[str, str]) -> list[str]:
    """Return what a row says beside names: the class, and the day of birth, however that is written."""
    place, born = values.get("class"), values.get("birth_date")
    told = [r.folded(place)] if place else []
    if born:
        try:
            told.append(f"born {plain.day(born)}")
        except plain.Unreadable:
            told.append(f"born {born}")
    return told


def _values(row: TableRow, opened: _Opened) -> dict[str, str]:
    return {
        name: row.fields[place].strip() if place < len(row.fields) else ""
        for name, place in opened.places.items()
    }


def _without_name(row: TableRow, opened: _Opened) -> Iterator[int]:
    for place in range(min(opened.width, len(row.fields))):
        if not opened.table.header[place] and row.fields[place].strip():
            yield place


def _outcome(fields: Fields, row: TableRow, opened: _Opened, same: Same) -> Iterator[Item]:
    """Yield what becomes of a row: its records, why it is refused, or why it is left out."""
    template = opened.template
    if [field.strip() for field in row.fields] == opened.table.header:
        yield LeftOut("the header is there again")
        return
    key = "" if row.fault else _key(_values(row, opened), template)
    alike = same.get(key, {}) if key.strip(":|") else {}
    if len(alike) == 1 and row.line != next(iter(alike.values()))[0]:
        yield LeftOut("the same row is there twice")
        return
    try:
        _check_shape(row, opened)
        if len(alike) > 1:
            lines = ", ".join(str(line) for line in sorted(line for one in alike.values() for line in one))
            why = f"lines {lines} are of the same {', '.join(template.key)}, and say different things"
            do = "Keep the row that is right, or tell them apart, by a column id if by nothing else."
            raise BadField("id", key, why, do)
        fields.school()
        made = list(template.make(fields, key))
    except BadField as error:
        fields.forget()
        name = fields.identifier or template.name
        yield Refusal(fields.place, name, error.column, error.value, error.reason, error.remedy)
        return
    yield from fields.mentions
    yield from made
    yield from fields.untaken


def _check_shape(row: TableRow, opened: _Opened) -> None:
    """Raise BadField where a row does not have the fields of the header."""
    name, width = opened.file.name, opened.width
    if row.fault:
        raise BadField("", " ".join(filter(None, row.fields)), row.fault, row.remedy)
    beyond = next((one for one in row.fields[width:] if one.strip()), None)
    if beyond is not None:
        why = f"there is more in the row than the {width} columns of the header"
        do = "Put a field that has the separator in it into quotation marks, or name the column."
        raise BadField("", beyond, why, do)
    if len(row.fields) < width and not name.lower().endswith(".xlsx"):
        why = f"the row has {len(row.fields)} fields and the header {width} columns; a part may be cut off"
        do = "Put a text of several lines into quotation marks, and write a separator for each empty field."
        raise BadField("", " ".join(filter(None, row.fields)), why, do)


def _opened(path: Path, options: Options) -> _Opened:
    files = export_files(path)
    if len(files) != 1 or not files[0].name.lower().endswith(ENDINGS):
        raise OtherFormat(f"{path}: a table is one file that ends in {', '.join(ENDINGS)}.")
    table = read_table(files[0], NAMES, options.get("sheet"))
    template = _template(files[0], table, options)
    return _Opened(files[0], table, template, _places(table, template))


def _template(file: ExportFile, table: DataTable, options: Options) -> Template:
    named = options.get("entity")
    if named is not None and named not in TEMPLATES:
        raise InvalidExport(f"--option entity={named}: there are {', '.join(TEMPLATES)}.")
    if named is not None:
        return TEMPLATES[named]
    stem = r.folded(file.stem)
    for template in TEMPLATES.values():
        if any(stem.startswith(r.folded(one)) for one in (template.name, *template.also)):
            return template
    names = {r.folded(one) for one in table.header}
    fitting = [
        template
        for template in TEMPLATES.values()
        if all(one.spellings & names for one in template.columns if one.required)
    ]
    if len(fitting) > 1:
        # The empty table of one template has all that others need, too: it has all of its own, and no more.
        fitting = [one for one in fitting if _has_all(names, one)]
    if len(fitting) != 1:
        known = ", ".join(TEMPLATES)
        raise OtherFormat(
            f"{file.name}: its columns ({_shown_header(table)}) do not tell what it is. Name the file "
            f"after a template, or add --option entity=NAME; there are {known}."
        )
    return fitting[0]


def _has_all(names: set[str], template: Template) -> bool:
    """Tell whether a header has every column of a template, and no other."""
    columns = template.all_columns
    return all(one.spellings & names for one in columns) and len(names) == len(columns)


def _shown_header(table: DataTable) -> str:
    return f"line {table.line}: {', '.join(table.header)[:200]}"


def _places(table: DataTable, template: Template) -> dict[str, int]:
    """Find the columns by their spellings. Raises InvalidExport where one lacks or is there twice."""
    names = [r.folded(one) for one in table.header]
    places: dict[str, int] = {}
    for column in template.all_columns:
        found = [index for index, one in enumerate(names) if one in column.spellings]
        if len(found) > 1:
            where = " and ".join(f'"{table.header[one]}" (column {one + 1})' for one in found)
            raise InvalidExport(
                f"{table.file}: the column {column.name} is there twice: {where}. "
                "Keep one, or rename the other."
            )
        if found:
            places[column.name] = found[0]
        elif column.required:
            near = _nearest(names, column.spellings)
            hint = f' "{table.header[names.index(near)]}" looks like it: correct its name.' if near else ""
            raise InvalidExport(
                f"{table.file}: lacks the column {_described(column)}{hint} The header that was read is "
                f"{_shown_header(table)}."
            )
    return places


def _nearest(names: Sequence[str], spellings: Set[str]) -> str | None:
    """Return the name that is most like one of the spellings, if one is."""
    return next((one for one in names if one and get_close_matches(one, spellings, 1, ALIKE)), None)


def _unknown_columns(opened: _Opened) -> Iterator[Notice]:
    """Name the columns that are not read, each with the known name it looks like."""
    spelt = {
        r.folded(one): one for column in opened.template.all_columns for one in (column.name, *column.also)
    }
    unknown = []
    for place, name in enumerate(opened.table.header):
        if name and place not in opened.places.values():
            near = get_close_matches(r.folded(name), spelt, 1, ALIKE)
            unknown.append(f'"{name}"' + (f' (is "{spelt[near[0]]}" meant?)' if near else ""))
    if unknown:
        how = f"`passerelle template {opened.template.name}` lists the columns that are"
        yield Notice(opened.file.name, f"columns that are not read: {', '.join(unknown)}; {how}")


def _described(column: Column) -> str:
    also = f" (also {', '.join(column.also)})" if column.also else ""
    return f"{column.name}{also}: {column.help}"


def _known(opened: _Opened, options: Options) -> Known:
    file, school = opened.file, options.get("school")
    if not school:
        raise InvalidExport(f"{file.name}: say which school it is of: --option school=UAI.")
    school = needed_school_number(school, f"{file.name}, --option school", "Correct the option.")
    return Known(school, f"csv:{school}:{opened.template.name}", file.name)
