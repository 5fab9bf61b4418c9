"""Importing on the command line: progress while it runs, then the report."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from adapters.base import (
    NO_OPTIONS,
    BadConfiguration,
    Export,
    InvalidExport,
    Item,
    Options,
    OtherFormat,
    ReaderAdapter,
)
from adapters.native.database import migrate, open_database
from adapters.native.import_report import Report
from adapters.native.import_rules import ANYTHING, Rules
from adapters.native.loader import load
from adapters.native.precedence import DEFAULT, Precedence
from gateway.adapters_installed import reader, readers
from gateway.import_report_text import printable
from gateway.national_numbers import read_secret, with_secret
from gateway.settings import Settings


def start_import(
    settings: Settings,
    export_format: str | None,
    path: Path,
    dry_run: bool,
    console: Console,
    now: datetime | None = None,
    allow_shrink: bool = False,
    allow_renamed: bool = False,
    options: Options = NO_OPTIONS,
) -> Report:
    """Read an export and load it; without a format, the one that the export is found to have.

    Raises BadConfiguration or InvalidExport with nothing changed.
    """
    chosen = reader(export_format) if export_format else recognised(path, options)
    unknown = sorted(options.keys() - chosen.options.keys())
    if unknown:
        known = ", ".join(chosen.options) or "none"
        raise BadConfiguration(f"{chosen.name} has no option {unknown[0]!r}; it knows: {known}.")
    export = chosen.inspect(path, options)
    most_ended = None if allow_shrink else settings.import_shrink_limit
    rules = Rules(most_ended, allow_renamed, Precedence(believed(settings)))
    found = chosen.read(path, options)
    if settings.national_id_key is not None:
        found = with_secret(found, read_secret(settings.national_id_key))
    return load_with_progress(settings, export, found, dry_run, console, now, rules)


def believed(settings: Settings) -> dict[str, Sequence[str]]:
    """Return the order of formats for each kind of data: the usual one, but for what the settings say.

    Raises BadConfiguration where they name a format that is not installed.
    """
    known = sorted(one.name for one in readers())
    for kind, order in settings.import_precedence.items():
        if unknown := [one for one in order if one not in known]:
            raise BadConfiguration(
                f"import_precedence: {kind}: there is no format {unknown[0]!r}; there are {', '.join(known)}."
            )
    return dict(DEFAULT) | {str(kind): order for kind, order in settings.import_precedence.items()}


def recognised(path: Path, options: Options) -> ReaderAdapter:
    """Find the reader that an export is for. Raises InvalidExport where none or several take it."""
    found: list[ReaderAdapter] = []
    faults: dict[str, None] = {}
    said = []
    for one in readers():
        given = {name: value for name, value in options.items() if name in one.options}
        try:
            one.inspect(path, given)
            found.append(one)
        except OtherFormat as error:
            said.append(f"  {one.name}: {error}")
        except InvalidExport as error:
            faults[str(error)] = None
    if len(found) == 1:
        return found[0]
    if faults and not found:
        raise InvalidExport("\n".join(faults))
    if found:
        names = ", ".join(one.name for one in found)
        raise InvalidExport(
            f"{path} may be of several formats: {names}. Write `passerelle import FORMAT PATH`."
        )
    raise InvalidExport("\n".join([f"{path} is of no format that is known. Each says why:", *said]))


def load_with_progress(
    settings: Settings,
    export: Export,
    records: Iterable[Item],
    dry_run: bool,
    console: Console,
    now: datetime | None = None,
    rules: Rules = ANYTHING,
) -> Report:
    """Load records while a bar shows how far it is."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )

    async def run(bar: Progress) -> Report:
        engine = open_database(settings.database_url)
        try:
            await migrate(engine)
            task = bar.add_task(f"Importing {printable(export.source_name)}", total=export.size)
            return await load(
                engine,
                export,
                records,
                now,
                dry_run=dry_run,
                progress=lambda done: bar.update(task, completed=done),
                rules=rules,
            )
        finally:
            await engine.dispose()

    with Progress(*columns, console=console) as bar:
        return asyncio.run(run(bar))
