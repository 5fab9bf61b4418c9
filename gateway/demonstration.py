"""The demo: people written and read back as an AAF export, and a school year around them."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from adapters.aaf.reader import AafReader
from adapters.aaf.writer import write_export
from adapters.base import Export
from adapters.demo.parts import PARTS
from adapters.demo.people import people
from adapters.demo.year import SOURCE, school_year
from adapters.native.import_report import Report
from adapters.records import Record, School
from gateway.imports import load_with_progress
from gateway.settings import Settings

DEFAULT_SEED = 2026
FIRST_DAY = date(2026, 9, 1)
"""The day the demo's people are described on; fixed, so that the same seed writes the same export."""


def write_demo_export(directory: Path, seed: int, students: int, schools: int) -> list[Path]:
    """Write the demo's people as an AAF export and return the paths."""
    return write_export(directory, people(seed, students, schools, FIRST_DAY), FIRST_DAY)


def load_demo(
    settings: Settings,
    seed: int,
    students: int,
    schools: int,
    export: Path | None,
    console: Console,
    now: datetime | None = None,
) -> list[Report]:
    """Load people and year; of an export given, only the year for its people."""
    if export is not None:
        return [_load_year(settings, export, seed, now, console)]
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder)
        write_demo_export(written, seed, students, schools)
        reader = AafReader()
        found = reader.inspect(written, {})
        loaded = load_with_progress(settings, found, reader.read(written, {}), False, console)
        return [loaded, _load_year(settings, written, seed, now, console)]


def _load_year(settings: Settings, export: Path, seed: int, now: datetime | None, console: Console) -> Report:
    read = [record for record in AafReader().read(export, {}) if isinstance(record, Record)]
    schools = sum(isinstance(record, School) for record in read)
    year = school_year(read, seed, now or datetime.now(UTC), PARTS)
    described = Export(SOURCE, "Demo year", True, schools * len(PARTS))
    return load_with_progress(settings, described, year, False, console, now)
