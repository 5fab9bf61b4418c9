"""The files of a OneRoster CSV binding: the manifest, and rows read by the names of their columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from adapters.base import InvalidExport, OtherFormat, Refusal
from adapters.export_files import ExportFile, export_files
from adapters.french_schools import french_date
from adapters.tables import read_table

VERSIONS = ("1.1", "1.2")
NAMES = (
    "orgs", "academicSessions", "courses", "classes", "users", "userProfiles", "roles", "demographics",
    "enrollments", "categories", "scoreScales", "lineItemScoreScales", "resultScoreScales", "lineItems",
    "results",
)  # fmt: skip
"""Files that are read, in the order of reading."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: where it stands, and its fields by the names of the standard."""

    where: str
    fields: dict[str, str]

    def get(self, name: str) -> str | None:
        """Return a field; None where it is empty or the file has no such column."""
        value = self.fields.get(name, "").strip()
        return None if not value or value.upper() == "NULL" else value

    def several(self, name: str) -> list[str]:
        """Return the parts of a list in one field."""
        return [one.strip() for one in (self.get(name) or "").split(",") if one.strip()]

    def day(self, name: str) -> date | None:
        """Return a date; None where it is none."""
        try:
            return french_date((self.get(name) or "")[:10])
        except ValueError:
            return None

    def moment(self, name: str) -> datetime | None:
        """Return a point in time of ISO 8601; None where it is none, or has no zone."""
        try:
            found = datetime.fromisoformat(self.get(name) or "")
        except ValueError:
            return None
        return found if found.tzinfo is not None else None

    def number(self, name: str) -> float | None:
        """Return a number; None where it is none."""
        try:
            found = float((self.get(name) or "").replace(",", "."))
        except ValueError:
            return None
        return found if found - found == 0 else None

    @property
    def is_deleted(self) -> bool:
        """Tell whether a delta takes the record away."""
        return (self.get("status") or "").lower() == "tobedeleted"

    def refusal(self, name: str, why: str, do: str) -> Refusal:
        """Describe what could not be taken."""
        return Refusal(self.where, self.get("sourcedId") or "", name, self.get(name) or "", why, do)


@dataclass(slots=True)
class Bundle:
    """A binding: its version, the system it is from, and its files by name."""

    version: str
    system: str
    is_delta: bool
    files: dict[str, ExportFile] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    def rows(self, name: str) -> Iterator[CsvRow]:
        """Yield the rows of a file; none where the binding has no such file. Raises InvalidExport."""
        file = self.files.get(name)
        if file is None or file.size == 0:
            return
        table = read_table(file)
        if "sourcedId" not in table.header:
            raise InvalidExport(f"{file.name}: lacks the column sourcedId.")
        for row in table.rows:
            yield CsvRow(f"{file.name}, line {row.line}", dict(zip(table.header, row.fields, strict=False)))


def bundle(path: Path) -> Bundle:
    """Open a folder or zip with a manifest. Raises InvalidExport."""
    found = {Path(file.name).name.lower(): file for file in export_files(path)}
    manifest = found.get("manifest.csv")
    if manifest is None:
        raise OtherFormat(f"{path}: has no manifest.csv; a OneRoster export is a zip or folder with one.")
    table = read_table(manifest)
    if table.header[:2] != ["propertyName", "value"]:
        raise InvalidExport(f"{manifest.name}: the columns must be propertyName and value.")
    properties = {row.fields[0].strip(): row.fields[1].strip() for row in table.rows if len(row.fields) > 1}
    version = properties.get("oneroster.version", "")
    if version not in VERSIONS:
        raise InvalidExport(
            f"{manifest.name}: oneroster.version is {version!r}; {' and '.join(VERSIONS)} are read."
        )
    modes = {name: properties.get(f"file.{name}", "absent").lower() for name in NAMES}
    for name, mode in modes.items():
        if mode not in ("absent", "bulk", "delta"):
            raise InvalidExport(f"{manifest.name}: file.{name} is {mode!r}, not absent, bulk or delta.")
        if mode != "absent" and f"{name.lower()}.csv" not in found:
            raise InvalidExport(f"{path}: the manifest announces {name}.csv, which is missing.")
    files = {name: found[f"{name.lower()}.csv"] for name, mode in modes.items() if mode != "absent"}
    if not files:
        raise InvalidExport(f"{manifest.name}: every file is absent.")
    system = properties.get("source.systemCode") or properties.get("source.systemName") or "export"
    return Bundle(version, system, "delta" in modes.values(), files)
