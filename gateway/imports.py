"""Importing on the command line: progress while it runs, then the report."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from adapters.base import Export, Refusal
from adapters.native.database import migrate, open_database
from adapters.native.loader import Report, load
from adapters.records import Record
from gateway.adapters_installed import reader
from gateway.settings import Settings

SHOWN_REFUSALS = 50


def start_import(
    settings: Settings,
    export_format: str,
    path: Path,
    dry_run: bool,
    console: Console,
    now: datetime | None = None,
    allow_shrink: bool = False,
) -> Report:
    """Read an export and load it. Raises BadConfiguration or InvalidExport with nothing changed."""
    chosen = reader(export_format)
    export = chosen.inspect(path)
    most_ended = None if allow_shrink else settings.import_shrink_limit
    return load_with_progress(settings, export, chosen.read(path), dry_run, console, now, most_ended)


def load_with_progress(
    settings: Settings,
    export: Export,
    records: Iterable[Record | Refusal | int],
    dry_run: bool,
    console: Console,
    now: datetime | None = None,
    most_ended: float | None = None,
) -> Report:
    """Load records while a bar shows how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())

    async def run(bar: Progress) -> Report:
        engine = open_database(settings.database_url)
        try:
            await migrate(engine)
            task = bar.add_task(f"Importing {export.source_name}", total=export.size)
            return await load(
                engine,
                export,
                records,
                now,
                dry_run=dry_run,
                progress=lambda done: bar.update(task, completed=done),
                most_ended=most_ended,
            )
        finally:
            await engine.dispose()

    with Progress(*columns, console=console) as bar:
        return asyncio.run(run(bar))


def show_report(report: Report, console: Console) -> None:
    """Print what an import did."""
    title = f"{report.source}{' (dry run, nothing was changed)' if report.dry_run else ''}"
    table = Table(title=title, title_justify="left")
    table.add_column("record")
    for name in ("added", "changed", "unchanged", "ended"):
        table.add_column(name, justify="right")
    for kind, counts in sorted(report.counts.items()):
        numbers = (counts.added, counts.changed, counts.unchanged, counts.ended)
        table.add_row(kind, *(str(number) for number in numbers))
    console.print(table)
    console.print(f"{report.changes} changes, {len(report.refused)} refused")
    if report.links:
        console.print(
            f"{report.links} links between guardians and students, {report.legal_links} of them legal; "
            f"{report.students_without_guardian} students without guardian"
        )
    for refusal in report.refused[:SHOWN_REFUSALS]:
        console.print(
            f"refused: {refusal.file}, record {refusal.record}, {refusal.field} = {refusal.value!r}: "
            f"{refusal.reason}. {refusal.remedy}",
            markup=False,
        )
    if len(report.refused) > SHOWN_REFUSALS:
        console.print(f"... and {len(report.refused) - SHOWN_REFUSALS} more")
