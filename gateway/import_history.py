"""What was imported, when, and with what outcome."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import Row, select

from adapters.native.database import migrate, open_database
from adapters.native.import_report import number_refused
from adapters.records import DataSource, ImportRun
from gateway.import_report_text import printable
from gateway.settings import Settings


async def read_imports(settings: Settings, most: int) -> list[Row[Any]]:
    """Return the last imports, the newest first: source, name, begin and end in UTC, and the report."""
    engine, run, source = open_database(settings.database_url), ImportRun.table(), DataSource.table()
    wanted = (
        select(run.c.source_id, source.c.name, run.c.started_at, run.c.finished_at, run.c.report)
        .outerjoin(source, source.c.id == run.c.source_id)
        .order_by(run.c.started_at.desc())
        .limit(most)
    )
    try:
        await migrate(engine)
        async with engine.connect() as connection:
            return list(await connection.execute(wanted))
    finally:
        await engine.dispose()


def show_imports(runs: list[Row[Any]], console: Console) -> None:
    """Print imports as a table, in local time."""
    if not runs:
        console.print("Nothing was imported yet; `passerelle import aaf PATH` does.")
        return
    table = Table("when", "source", "added", "changed", "ended", "refused", "waiting")
    for run in runs:
        counts = run.report["counts"].values()
        numbers = [sum(one[name] for one in counts) for name in ("added", "changed", "ended")]
        when = f"{run.started_at.astimezone():%Y-%m-%d %H:%M}"
        entries = run.report.get("entries", {}).values()
        last = (number_refused(run.report), sum(one["waiting"] for one in entries))
        table.add_row(
            when, Text(printable(run.name or run.source_id)), *(str(one) for one in (*numbers, *last))
        )
    console.print(table)
