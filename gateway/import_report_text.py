"""The report of an import as people read it: each cause once, with how often and where first."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.base import Refusal
from adapters.native.import_report import SHOWN_PLACES, Report

SHOWN_CAUSES = 50
UNBROKEN = 100_000
"""Characters of a line that is not for a terminal: programs and files get it unbroken."""


def report_console() -> Console:
    """Return a console for standard output that breaks no line unless somebody looks at it."""
    return Console(width=None if sys.stdout.isatty() else UNBROKEN)


def show_report(report: Report, console: Console) -> None:
    """Print what an import did."""
    title = f"{printable(report.source)}{' (dry run, nothing was changed)' if report.dry_run else ''}"
    _show_entries(report, f"{title}: what the export contains", console)
    _show_records(report, f"{title}: records", console)
    waiting = sum(one.waiting for one in report.entries.values())
    emptied = f", {len(report.emptied)} fields left empty" if report.emptied else ""
    unread = f", {report.unread} values not taken" if report.unread else ""
    console.print(
        f"{report.changes} changes, {report.number_refused} refused, {waiting} waiting{emptied}{unread}"
    )
    if report.links or report.students_without_guardian:
        console.print(
            f"{report.links} links between guardians and students, {report.legal_links} of them legal; "
            f"{report.students_without_guardian} students without guardian"
        )
    for kind, number in sorted(report.joined.items()):
        console.print(f"{number} of {kind} joined with records of other sources")
    if report.proposals:
        console.print(f"{report.proposals} pairs of persons may be one: see `passerelle identities`")
    lines = [
        *_ended(report),
        *_causes("refused", report.refused),
        *_causes("waiting", report.waiting),
        *_causes("left empty", report.emptied),
    ]
    for one in report.taken_out:
        more = f"; and {one.times - len(one.places)} more" if one.times > len(one.places) else ""
        lines.append(
            f"taken out {_times(one.times)}: {one.record} {one.column}: {one.what}: "
            f"{'; '.join(one.places)}{more}"
        )
    lines += [f"note: {one.place}: {one.text}" for one in report.notices]
    for line in lines[:SHOWN_CAUSES]:
        console.print(printable(line), markup=False)
    if len(lines) > SHOWN_CAUSES:
        console.print(f"... and {len(lines) - SHOWN_CAUSES} more causes; --report FILE writes all of them")


def _show_entries(report: Report, title: str, console: Console) -> None:
    """Print what became of every entry of the export, by what the format calls it."""
    if not report.entries:
        return
    table = Table(title=Text(title), title_justify="left")
    table.add_column("entry")
    for name in ("read", "taken", "refused", "waiting", "left out"):
        table.add_column(name, justify="right")
    for kind, counts in sorted(report.entries.items()):
        numbers = (counts.read, counts.taken, counts.refused, counts.waiting, sum(counts.left_out.values()))
        table.add_row(Text(printable(kind)), *(str(number) for number in numbers))
    console.print(table)
    for kind, counts in sorted(report.entries.items()):
        for reason, number in sorted(counts.left_out.items()):
            console.print(printable(f"left out: {number} of {kind}: {reason}"), markup=False)


def _show_records(report: Report, title: str, console: Console) -> None:
    table = Table(title=Text(title), title_justify="left")
    table.add_column("record")
    for name in ("added", "changed", "unchanged", "waiting", "ended"):
        table.add_column(name, justify="right")
    for kind, counts in sorted(report.counts.items()):
        numbers = (counts.added, counts.changed, counts.unchanged, counts.waiting, counts.ended)
        table.add_row(kind, *(str(number) for number in numbers))
    console.print(table)


def _ended(report: Report) -> Iterator[str]:
    """Yield what ended because the export has it no longer, and what to do where it should not have."""
    if report.lacking:
        ended = ", ".join(f"{number} of {kind}" for kind, number in sorted(report.lacking.items()))
        remedy = (
            " If it is only a part, import the earlier one again, then this one with "
            f"{report.as_part}: nothing ends then."
            if report.as_part
            else ""
        )
        yield f"ended: {ended}, because {report.source} does not have them.{remedy}"


def _causes(what: str, refusals: Sequence[Refusal]) -> Iterator[str]:
    """Yield one line for each cause: how often, the first places with their values, and the remedy."""
    by_cause: dict[tuple[str, str, str], list[Refusal]] = defaultdict(list)
    for one in refusals:
        by_cause[one.field, one.reason, one.remedy].append(one)
    for (field, reason, remedy), found in by_cause.items():
        times = f" {_times(len(found))}" if len(found) > 1 else ""
        places = [f"{one.file} (record {one.record}, {one.value!r})" for one in found[:SHOWN_PLACES]]
        more = f"; and {len(found) - SHOWN_PLACES} more" if len(found) > SHOWN_PLACES else ""
        yield f"{what}{times}: {field}: {reason}: {'; '.join(places)}{more}. {remedy}".rstrip()


def printable(text: str) -> str:
    """Return a text of an export as a terminal may show it: control characters would give orders to it."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
