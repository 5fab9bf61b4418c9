"""The files of a OneRoster CSV binding: the manifest, and rows read by the names of their columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import NoReturn, TypeVar

from adapters.base import Entry, InvalidExport, Notice, OtherFormat, Refusal
from adapters.export_files import ExportFile, export_files
from adapters.oneroster.columns import REQUIRED, check_header
from adapters.tables import DataTable, read_table

Value = TypeVar("Value")
VERSIONS = ("1.1", "1.2")
NAMES = (
    "orgs", "academicSessions", "courses", "classes", "users", "roles", "demographics", "enrollments",
    "categories", "scoreScales", "lineItemScoreScales", "resultScoreScales", "lineItems", "results",
)  # fmt: skip
"""Files that are read."""
NEEDED = frozenset({"orgs", "users", "roles", "classes", "enrollments"})
"""Files without which persons, ties or rights would be wrong: one that is announced must be there."""
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
STATUSES = {"", "active", "tobedeleted", "inactive"}
"""`inactive` is of version 1.0; systems still write it for what is no longer valid."""


class Unreadable(Exception):
    """A filled field cannot be read; `refusal` describes it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


@dataclass(slots=True)
class CsvRow:
    """One row: its file and line, its fields by the names of the standard, and what is wrong with it."""

    file: str
    line: int
    fields: dict[str, str]
    fault: Refusal | None = None
    """Why nothing of the row can be taken."""
    is_repetition: bool = False
    """Whether the same row, field for field, came before."""
    faults: list[Refusal] = field(default_factory=list)
    """Fields that could not be read; the rest of the row is taken."""

    @property
    def where(self) -> str:
        """The file and line, as reports name it."""
        return f"{self.file}, line {self.line}"

    @property
    def entry(self) -> Entry:
        """The row as an entry of the export."""
        return Entry(self.file, self.where)

    @property
    def identity(self) -> str:
        """The sourcedId; empty where there is none (`fault` says so)."""
        return self.get("sourcedId") or ""

    def get(self, name: str) -> str | None:
        """Return a field; None where it is empty or the file has no such column."""
        return _filled(self.fields.get(name, ""))

    def several(self, name: str) -> list[str]:
        """Return the parts of a list in one field, each once."""
        return list(dict.fromkeys(one.strip() for one in (self.get(name) or "").split(",") if one.strip()))

    def day(self, name: str) -> date | None:
        """Return a date; None where the field is empty. Raises Unreadable for all but yyyy-mm-dd."""
        text = self.get(name)
        if text is None:
            return None
        try:
            found = date.fromisoformat(text) if DAY.fullmatch(text) else None
        except ValueError:
            found = None
        if found is None or not 1900 <= found.year <= 2100:
            self._unreadable(name, "no day of the form yyyy-mm-dd", "Write it as 2026-09-01.")
        return found

    def days(self, first: str, last: str) -> tuple[date | None, date | None]:
        """Return the days from and to; None where not limited. Raises Unreadable."""
        begins, ends = self.day(first), self.day(last)
        if begins is not None and ends is not None and ends < begins:
            self._unreadable(last, f"before {first} ({begins})", "Correct one of the two.")
        return begins, ends

    def moment(self, name: str) -> datetime | None:
        """Return a point in time; None where the field is empty. Raises Unreadable, also without a zone."""
        text = self.get(name)
        if text is None:
            return None
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self._unreadable(
                name, "no point in time with its zone (ISO 8601)", "Write it as 2026-09-01T08:00:00Z."
            )
        return found

    def number(self, name: str) -> float | None:
        """Return a number; None where the field is empty. Raises Unreadable."""
        text = self.get(name)
        if text is None:
            return None
        if NUMBER.fullmatch(text) is None:
            self._unreadable(name, "no number", "Write it with digits and a point, as 15.5.")
        return float(text)

    def truth(self, name: str) -> bool | None:
        """Return true or false; None where the field is empty. Raises Unreadable."""
        text = self.get(name)
        if text is not None and text.lower() not in ("true", "false"):
            self._unreadable(name, "neither true nor false", "Write true or false.")
        return None if text is None else text.lower() == "true"

    def tolerated(self, read: Callable[[str], Value | None], name: str) -> Value | None:
        """Read a field without which the row can be taken: one that is unreadable is noted in `faults`."""
        try:
            return read(name)
        except Unreadable as error:
            self.faults.append(error.refusal)
            return None

    @property
    def modified_at(self) -> datetime | None:
        """When the source changed it last."""
        return self.tolerated(self.moment, "dateLastModified")

    @property
    def is_deleted(self) -> bool:
        """Tell whether the record is no longer valid."""
        return (self.get("status") or "").lower() in ("tobedeleted", "inactive")

    def refusal(self, name: str, why: str, do: str, value: str | None = None) -> Refusal:
        """Describe what could not be taken; `value` where it is a part of the field."""
        return Refusal(self.where, self.identity, name, value or self.get(name) or "", why, do)

    def _unreadable(self, name: str, why: str, do: str) -> NoReturn:
        raise Unreadable(self.refusal(name, why, do))


def _filled(text: str) -> str | None:
    value = text.strip()
    return None if not value or value.upper() == "NULL" else value


@dataclass
class CsvFile:
    """A file of the binding, looked through once before it is read: how many rows, and which ids repeat."""

    name: str
    file: ExportFile
    required: Sequence[str]

    @property
    def title(self) -> str:
        """What reports call it."""
        return f"{self.name}.csv"

    @cached_property
    def notices(self) -> list[Notice]:
        """What is to be said of its columns. Raises InvalidExport."""
        return check_header(self.title, self.name, list(read_table(self.file).header), self.required)

    @cached_property
    def _survey(self) -> tuple[int, dict[str, int], dict[str, list[int]]]:
        """Count the rows; find the first line of each sourcedId, and lines of those whose rows differ."""
        table, count = read_table(self.file), 0
        place = table.header.index("sourcedId")
        first: dict[str, tuple[int, int]] = {}
        again: dict[str, list[int]] = {}
        differ = set()
        for row in table.rows:
            count += 1
            identity, content = _filled("".join(row.fields[place : place + 1])) or "", hash(tuple(row.fields))
            line, before = first.setdefault(identity, (row.line, content))
            if line != row.line:
                again.setdefault(identity, [line]).append(row.line)
                if before != content:
                    differ.add(identity)
        lines = {identity: line for identity, (line, _) in first.items() if identity}
        return count, lines, {one: again[one] for one in differ if one}

    @property
    def count(self) -> int:
        """How many rows it has."""
        return self._survey[0]

    @property
    def ids(self) -> dict[str, int]:
        """The sourcedIds of its rows, with the first line of each."""
        return self._survey[1]

    @property
    def ambiguous(self) -> dict[str, list[int]]:
        """The sourcedIds that several rows give to different content, with their lines."""
        return self._survey[2]

    def rows(self) -> Iterator[CsvRow]:
        """Yield the rows. Raises InvalidExport."""
        for row in _rows(self.title, read_table(self.file)):
            row.fault = row.fault or self._fault(row)
            row.is_repetition = row.fault is None and self.ids[row.identity] != row.line
            yield row

    def _fault(self, row: CsvRow) -> Refusal | None:
        if not row.identity:
            return row.refusal(
                "sourcedId", "without it nothing can refer to the row", "Give it a sourcedId of its own."
            )
        if row.identity in self.ambiguous:
            return row.refusal(
                "sourcedId", self.ambiguity(row.identity), "Give each row a sourcedId of its own."
            )
        if (row.get("status") or "").lower() not in STATUSES:
            return row.refusal("status", "neither active nor tobedeleted", "Write one of the two.")
        return None

    def ambiguity(self, identity: str) -> str:
        """Say which lines an ambiguous sourcedId stands in."""
        lines = ", ".join(str(one) for one in self.ambiguous[identity])
        return f"this sourcedId stands in several rows of {self.title} that differ: lines {lines}"


def _rows(title: str, table: DataTable) -> Iterator[CsvRow]:
    for row in table.rows:
        fields = dict(zip(table.header, row.fields, strict=False))
        found = CsvRow(title, row.line, fields)
        beyond = [one for one in row.fields[len(table.header) :] if one.strip()]
        if beyond:
            found.fault = found.refusal(
                "sourcedId",
                f"the row has more fields than there are columns: {', '.join(beyond)[:80]}",
                "Put quotation marks round fields that contain separators.",
            )
        yield found


@dataclass(slots=True)
class Bundle:
    """A binding: its version, the system it is from, and its files by name."""

    version: str
    system: str
    is_delta: bool
    files: dict[str, CsvFile] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    """What is to be said of files that are missing or not read."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.file.size for one in self.files.values())

    def rows(self, name: str) -> Iterator[CsvRow]:
        """Yield the rows of a file; none where the binding has no such file. Raises InvalidExport."""
        return self.files[name].rows() if name in self.files else iter(())

    def ids(self, name: str) -> Mapping[str, int]:
        """Return the sourcedIds of a file with their first lines; none where there is no such file."""
        return self.files[name].ids if name in self.files else {}

    def missing(self, name: str, identity: str | None) -> str:
        """Say why no record of a file can be meant by this sourcedId."""
        file = self.files.get(name)
        if file is None:
            return f"the export has no {name}.csv"
        if identity in file.ambiguous:
            return file.ambiguity(identity)
        if identity in file.ids:
            return f"was refused in {file.title}, line {file.ids[identity]}"
        return f"not in {file.title}"


def bundle(path: Path) -> Bundle:
    """Open a folder or zip with a manifest. Raises InvalidExport."""
    found = {Path(file.name).name.lower(): file for file in export_files(path)}
    manifest = found.pop("manifest.csv", None)
    if manifest is None:
        raise OtherFormat(f"{path}: has no manifest.csv; a OneRoster export is a zip or folder with one.")
    properties = _properties(manifest)
    version = properties.get("oneroster.version", "")
    if version not in VERSIONS:
        raise InvalidExport(
            f"{manifest.name}: oneroster.version is {version!r}; {' and '.join(VERSIONS)} are read."
        )
    modes = {name: properties.get(f"file.{name}", "absent").lower() for name in NAMES}
    notices = []
    for name, mode in modes.items():
        if mode not in ("absent", "bulk", "delta"):
            raise InvalidExport(f"{manifest.name}: file.{name} is {mode!r}, not absent, bulk or delta.")
        if mode != "absent" and f"{name.lower()}.csv" not in found:
            if name in NEEDED:
                raise InvalidExport(f"{path}: the manifest announces {name}.csv, which is missing.")
            notices.append(Notice(f"{name}.csv", "is announced in manifest.csv and missing: read without it"))
            modes[name] = "absent"
    files = {name: found.pop(f"{name.lower()}.csv") for name, mode in modes.items() if mode != "absent"}
    if not files:
        raise InvalidExport(f"{manifest.name}: every file is absent.")
    notices += [Notice(file.name, _unread(file)) for _, file in sorted(found.items())]
    system = properties.get("source.systemCode") or properties.get("source.systemName") or "export"
    tables = {name: CsvFile(name, file, _required(name, version, modes)) for name, file in files.items()}
    return Bundle(version, system, "delta" in modes.values(), tables, notices)


def _properties(manifest: ExportFile) -> dict[str, str]:
    table = read_table(manifest)
    if list(table.header[:2]) != ["propertyName", "value"]:
        raise InvalidExport(f"{manifest.name}: the columns must be propertyName and value.")
    return {row.fields[0].strip(): row.fields[1].strip() for row in table.rows if len(row.fields) > 1}


def _unread(file: ExportFile) -> str:
    name = {f"{one.lower()}.csv": one for one in NAMES}.get(Path(file.name).name.lower())
    if name is None:
        return "is not read: the graph shows nothing of what it holds"
    return f"is not read: manifest.csv says that it is absent (file.{name})"


def _required(name: str, version: str, modes: dict[str, str]) -> tuple[str, ...]:
    """Return the columns that a file must have: 1.1 keeps the roles of users in users.csv."""
    required = REQUIRED[name]
    if modes[name] == "delta":
        required = ("status", "dateLastModified", *required)
    if name == "users" and modes["roles"] == "absent" and (version == "1.1" or modes[name] == "bulk"):
        required = (*required, "role", "orgSourcedIds")
    return required
