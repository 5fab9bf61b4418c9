"""The command line: `passerelle --help` shows what there is, `passerelle COMMAND --help` teaches each."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from adapters.base import BadConfiguration, InvalidExport
from adapters.native.database import AWAY, FAULTS, unreachable
from gateway.adapters_installed import readers
from gateway.app import prepare
from gateway.authentication import KINDS
from gateway.checks import run_checks
from gateway.demonstration import DEFAULT_SEED, load_demo, write_demo_export
from gateway.downloads import located
from gateway.exports import columns_of, export_oneroster, templates, write_empty_table
from gateway.identities import decide, proposed
from gateway.import_history import read_imports, show_imports
from gateway.import_report_text import printable, report_console, show_report
from gateway.imports import start_import
from gateway.known_people import PERSONS, is_known
from gateway.server import application, server_options
from gateway.sessions import revoke_sessions
from gateway.settings import load_settings, settings_reference, unknown_variables
from gateway.welcome import issue_token, list_people, print_welcome
from resolvers.registry import strawberry_schema

app = typer.Typer(
    name="passerelle",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="**Passerelle**: one GraphQL endpoint over a school's data, for guardians.\n\n"
    "First steps: `passerelle import aaf FOLDER`, then `passerelle serve`.\n\n"
    "Settings come from PASSERELLE_... variables or passerelle.toml; see docs/settings.md.",
)
console = Console(stderr=True)


def show_version(is_asked: bool) -> None:
    """Print the version, where it is asked for, and end."""
    if is_asked:
        typer.echo(f"passerelle {version('passerelle')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before any command."""


DRY_RUN = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


def readable_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print errors of settings, exports and a database that is away as one message, and exit with 2."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            try:
                command(*args, **kwargs)
            except FAULTS:
                raise
            except AWAY as error:
                raise unreachable(error) from error
        except (BadConfiguration, InvalidExport) as error:
            # An error repeats what a file says: names of its columns, of its members, of its system.
            text = "\n".join(map(printable, str(error).split("\n")))
            console.print(text, style="red", markup=False, highlight=False)
            raise typer.Exit(2) from error

    return run


def name_strange_variables() -> None:
    """Name variables of the environment that look like settings, and are like none."""
    if strange := sorted(unknown_variables(os.environ)):
        names, are = ", ".join(strange), "are no settings" if len(strange) > 1 else "is no setting"
        text = f"Ignored: {names} {are}; `passerelle check --settings` lists all."
        console.print(printable(text), markup=False, highlight=False)


@app.command()
@readable_errors
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that answer; one a core.")] = None,
    welcome: Annotated[bool, typer.Option("--welcome", help="Print a token and example queries.")] = False,
) -> None:
    """Start the gateway: GraphQL at /graphql, GraphiQL in a browser at the same address.

    Example: `passerelle serve --port 8080 --workers 4`.
    """
    asked = {"host": host, "port": port, "workers": workers}
    settings = load_settings(**{name: value for name, value in asked.items() if value is not None})
    name_strange_variables()
    if welcome:
        print_welcome(settings)
    # Once before any worker: who named a wrong database hears of it at once.
    asyncio.run(prepare(settings))
    if settings.workers == 1:
        return uvicorn.run(application(settings), **server_options(settings))
    uvicorn.run(
        "gateway.server:application", factory=True, workers=settings.workers, **server_options(settings)
    )


@app.command("import")
@readable_errors
def import_export(
    format_or_path: Annotated[
        str, typer.Argument(metavar="[FORMAT] PATH", help="Format, where it is not to be found out.")
    ],
    path: Annotated[
        str | None, typer.Argument(metavar="", help="File, folder or zip; or the address of a feed.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What the export does not say; see `passerelle formats`."),
    ] = None,
    dry_run: DRY_RUN = False,
    allow_shrink: Annotated[
        bool, typer.Option("--allow-shrink", help="Also end more than the usual part of the records.")
    ] = False,
    allow_renamed: Annotated[
        bool,
        typer.Option(
            "--allow-renamed", help="Take known ids though names and days of birth are others than before."
        ),
    ] = False,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Also write the report to this file, as JSON.")
    ] = None,
) -> None:
    """Import an export the school already has, in one transaction.

    The report says what was added, changed, ended, joined with other exports, and what was refused and why.
    The same export twice changes nothing; a damaged one changes nothing either. A complete export that lacks
    more than a fifth of the records of some kind is stopped (`import_shrink_limit`): it may be a wrong one.
    So is one whose ids belong to other persons or schools than before: it may be another system's.

    A table (CSV or XLSX) is all there is of its kind for a school: what an earlier one had and this one has
    not *ends*, and is shown no longer. `--option partial=yes` says that it is only a part: rows are added or
    changed, and nothing ends.

    Exit code 0: imported. 1: imported, with records refused. 2: not imported.

    Examples: `passerelle import ExportXML_Eleves.zip`; `passerelle import aaf ../exports/ENT-2026 --dry-run`;
    `passerelle import ical https://school.example/3A.ics --option school=0750001A`.
    """
    options = dict(_named_value(one) for one in option or ())
    if report_file is not None and not report_file.resolve().parent.is_dir():
        raise BadConfiguration(f"--report {report_file}: there is no such folder; nothing was imported.")
    with located(path or format_or_path) as found:
        report = start_import(
            load_settings(),
            format_or_path if path is not None else None,
            found,
            dry_run,
            console,
            allow_shrink=allow_shrink,
            allow_renamed=allow_renamed,
            options=options,
        )
    show_report(report, report_console())
    if report_file is not None:
        text = json.dumps(report.as_json(), indent=2, ensure_ascii=False)
        report_file.write_text(text + "\n", encoding="utf-8")
    if report.refused:
        raise typer.Exit(1)


def _named_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadConfiguration(f"--option {text!r}: write NAME=VALUE, as in school=0750001A.")
    return name.strip(), value.strip()


@app.command()
@readable_errors
def formats() -> None:
    """List the formats of exports that can be imported, and the options of each."""
    for one in readers():
        typer.echo(f"{one.name:10} {one.title}")
        for name, text in one.options.items():
            typer.echo(f"{'':10}   --option {name}=...  {text}")


@app.command()
@readable_errors
def template(
    name: Annotated[str | None, typer.Argument(help="Template; left out, all are listed.")] = None,
    path: Annotated[Path | None, typer.Argument(help="New file to write: .csv or .xlsx.")] = None,
) -> None:
    """Write an empty table to fill in, or explain its columns where no file is given.

    Examples: `passerelle template`; `passerelle template grades`; `passerelle template grades notes.xlsx`.
    """
    if name is None:
        for line in templates():
            typer.echo(line)
    elif path is not None:
        write_empty_table(name, path)
        console.print(f"wrote {path}")
    else:
        table = Table("column", "needed", "also called", "meaning")
        for row in columns_of(name):
            table.add_row(*row)
        Console().print(table)


@app.command()
@readable_errors
def export(
    export_format: Annotated[str, typer.Argument(metavar="FORMAT", help="oneroster.")],
    path: Annotated[Path, typer.Argument(help="File to write.")],
    school: Annotated[str | None, typer.Option(help="National id (UAI) of one school; else all.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")] = False,
) -> None:
    """Write people, classes, enrolments and grades for other systems: a OneRoster 1.2 zip.

    Example: `passerelle export oneroster roster.zip --school 0750001A`.
    """
    if export_format != "oneroster":
        raise BadConfiguration(f"{export_format!r} cannot be written; oneroster can.")
    if path.exists() and not force:
        raise BadConfiguration(f"{path} is there already, and was left as it is: --force replaces it.")
    for name, rows in asyncio.run(export_oneroster(load_settings(), path, school)).items():
        console.print(f"{rows:8} {name}", highlight=False)
    console.print(f"wrote {path}")


@app.command()
@readable_errors
def identities(
    merge: Annotated[str | None, typer.Option(metavar="ID", help="Make one person of a pair.")] = None,
    apart: Annotated[str | None, typer.Option(metavar="ID", help="Note that a pair is two persons.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Merge without asking once more.")] = False,
) -> None:
    """List pairs of persons that may be one, or decide on one.

    Imports join persons by what they surely share, such as numbers, or names and day of birth. Who may be the
    same beside that is listed here; nothing happens until you decide. A merge cannot be undone, and a
    guardian made of two sees the children of both: it asks once more.

    Examples: `passerelle identities`; `passerelle identities --merge ID`; `passerelle identities --apart ID`.
    """
    settings = load_settings()
    if merge and not yes:
        for one in asyncio.run(proposed(settings)):
            if one["id"] == merge:
                pair = printable(" and ".join(one["people"]))
                typer.confirm(f"{pair} become one person for good. Go on?", abort=True)
    if merge or apart:
        asyncio.run(decide(settings, str(merge or apart), bool(merge)))
        return
    for one in asyncio.run(proposed(settings)):
        typer.echo(printable(f"{one['id']}  {one['kind']}: {' / '.join(one['people'])}: {one['reason']}"))


@app.command()
@readable_errors
def imports(
    most: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
) -> None:
    """List what was imported, the newest first: counts of records added, changed, ended and refused.

    Example: `passerelle imports --most 5`.
    """
    show_imports(asyncio.run(read_imports(load_settings(), most)), Console())


@app.command()
@readable_errors
def demo(
    students: Annotated[int, typer.Option(min=6, max=20_000, help="Number of students in all.")] = 600,
    schools: Annotated[int, typer.Option(min=1, max=40, help="Number of schools.")] = 2,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people.")] = DEFAULT_SEED,
    people: Annotated[
        Path | None, typer.Option(help="An AAF export to make a school year for, instead of new people.")
    ] = None,
    as_format: Annotated[str | None, typer.Option("--as", help="Write an export instead: aaf.")] = None,
    directory: Annotated[Path | None, typer.Argument(help="Where --as writes.")] = None,
) -> None:
    """Fill the database with a believable school year around today, or write its people as an export.

    All persons are invented. The awkward cases of real schools are in it: cancelled and replaced lessons,
    A/B weeks, absent grades, separated guardians, children in two time zones.

    Examples: `passerelle demo --students 600 --schools 1`; `passerelle demo --as aaf export/`.
    """
    if as_format is not None:
        if as_format != "aaf" or directory is None:
            raise BadConfiguration("Write `--as aaf DIRECTORY`; aaf is the only format so far.")
        for path in write_demo_export(directory, seed, students, schools):
            console.print(f"wrote {path}")
        return
    for report in load_demo(load_settings(), seed, students, schools, people, console):
        show_report(report, report_console())


@app.command()
@readable_errors
def token(
    person: Annotated[str | None, typer.Argument(help="Id of the person; left out, one is chosen.")] = None,
    kind: Annotated[str, typer.Option(help=f"Kind of viewer: {', '.join(KINDS)}.")] = "GUARDIAN",
    school: Annotated[
        list[str] | None, typer.Option(help="School (UAI or id), for STAFF and PARTNER.")
    ] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Scope of a PARTNER, as GRADES_READ.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=8760, help="How long it is valid.")] = 24,
    people: Annotated[
        bool, typer.Option("--list", help="List persons of the --kind to choose from.")
    ] = False,
) -> None:
    """Print a token signed with the local development key (never valid where a JWKS is set).

    Examples: `passerelle token`; `passerelle token --list`; `passerelle token --list --kind STUDENT`;
    `passerelle token --kind PARTNER --school 0750001A --scope TIMETABLE_READ`.
    """
    settings, kind = load_settings(), kind.upper()
    if people:
        for line in list_people(settings, kind):
            typer.echo(printable(line))
        return
    typer.echo(issue_token(settings, person, kind, school or [], scope or [], hours))
    if person is not None and kind in PERSONS and not asyncio.run(is_known(settings, person, kind)):
        text = f"No {kind.lower()} of the database has the id {person}; one who left is not counted."
        hint = f" `passerelle token --list --kind {kind}` lists some."
        console.print(text + hint, markup=False, highlight=False, soft_wrap=True)


@app.command()
@readable_errors
def revoke(
    person: Annotated[str, typer.Argument(help="Id of the person, as in their tokens; a partner's too.")],
) -> None:
    """Close every session of a person: tokens issued until now are refused, open subscriptions end.

    Partners are in no database: an id that is not known is revoked too, with a warning.

    Who signs in again waits for half a minute: clocks may differ by so much (the setting jwt_leeway).

    Example: `passerelle revoke agenda-partner`.
    """
    settings = load_settings()
    asyncio.run(revoke_sessions(settings, person))
    if not asyncio.run(is_known(settings, person)):
        text = f"Nobody of the database has the id {person}: right for a partner, else a slip perhaps."
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"Every token of {person} issued until now is refused.", highlight=False)


@app.command()
def schema() -> None:
    """Print the GraphQL schema (SDL). `make schema` writes it to schema.graphql."""
    typer.echo(strawberry_schema().as_str())


@app.command()
@readable_errors
def check(
    settings: Annotated[bool, typer.Option("--settings", help="Print the reference of settings.")] = False,
) -> None:
    """Check settings, database, sources, key set, store of rates and web pages, and say what each lacks.

    Exit code 0: everything is well. 1: a part does not answer now. 2: something must be set right.
    """
    if settings:
        sys.stdout.write(settings_reference())
        return
    read = load_settings()
    name_strange_variables()
    if code := run_checks(read, Console()):
        raise typer.Exit(code)
