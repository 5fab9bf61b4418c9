"""Reads OneRoster CSV 1.1 and 1.2, bulk and delta."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import MappingProxyType

from adapters import records as r
from adapters.base import EntryCount, Export, Item, Options, Used
from adapters.oneroster.enrollments import enrollments
from adapters.oneroster.files import Bundle, CsvRow, Unreadable, bundle
from adapters.oneroster.gradebook import (
    categories,
    line_items,
    results,
    score_scales,
    users_of_scales,
)
from adapters.oneroster.people import Roles, role_of, switched_off, user
from adapters.oneroster.roster import (
    Roster,
    classes,
    courses,
    demographics,
    find_schools,
    orgs,
    sessions,
)
from adapters.oneroster.ties import ties
from adapters.school_export import source_name

Take = Callable[[CsvRow, Roster], Iterable[Item]]
BEFORE_USERS: dict[str, Take] = {
    "orgs": orgs,
    "academicSessions": sessions,
    "courses": courses,
    "classes": classes,
    "demographics": demographics,
}
AFTER_USERS: dict[str, Take] = {
    "enrollments": enrollments,
    "categories": categories,
    "scoreScales": score_scales,
    "lineItemScoreScales": users_of_scales("lineItemSourcedId"),
    "resultScoreScales": users_of_scales("resultSourcedId"),
    "lineItems": line_items,
    "results": results,
}
"""What is read of each row of a file, in this order."""
OPTIONS: Options = MappingProxyType(
    {"source": "Name of the source, where two systems give the same name or none"}
)
COVERS: dict[str, set[type[r.Record]]] = {
    "orgs": {r.School},
    "academicSessions": {r.GradingPeriod},
    "courses": {r.Subject},
    "classes": {r.SchoolClass},
    "users": {r.Student, r.Guardian, r.Guardianship, r.StaffMember},
    "enrollments": {r.Teaching, r.Enrolment},
    "lineItems": {r.Assessment},
    "results": {r.Grade},
}


class OneRosterReader:
    """Reads OneRoster exports: a folder or zip with a manifest."""

    name = "oneroster"
    title = "OneRoster CSV 1.1 or 1.2 (1EdTech), bulk or delta; folder or zip"
    options = OPTIONS

    def inspect(self, path: Path, options: Options) -> Export:
        """Read the manifest. Raises InvalidExport."""
        found = bundle(path)
        covered = frozenset[type[r.Record]]().union(*(COVERS.get(name, set()) for name in found.files))
        name = f"OneRoster {options.get('source') or found.system}"
        return Export(_source(found, options), name, not found.is_delta, found.size, covered)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield what the files hold, and after each the bytes read so far. Raises InvalidExport."""
        found = bundle(path)
        roster, done = Roster(_source(found, options), found), 0
        yield from found.notices
        for file in found.files.values():
            yield from file.notices
        find_schools(roster)
        for name in (*BEFORE_USERS, "users", *AFTER_USERS):
            if name == "users":
                yield from _users(roster)
            else:
                take = BEFORE_USERS.get(name) or AFTER_USERS[name]
                yield from _file(name, found.rows(name), take, roster)
            done += found.files[name].file.size if name in found.files else 0
            yield done
        yield found.size


def _source(found: Bundle, options: Options) -> str:
    return source_name("oneroster", options.get("source") or found.system)


def _file(name: str, rows: Iterable[CsvRow], take: Take, roster: Roster) -> Iterator[Item]:
    """Yield the entries of a file and what came of each."""
    if name in roster.found.files:
        yield EntryCount(f"{name}.csv", roster.found.files[name].count)
    for row in rows:
        yield row.entry
        yield from _entry(row, take, roster)


def _entry(row: CsvRow, take: Take, roster: Roster) -> Iterator[Item]:
    """Yield what came of one entry."""
    if row.is_repetition:
        yield Used()
    elif row.fault is not None:
        yield row.fault
    else:
        try:
            yield from list(take(row, roster))
        except Unreadable as error:
            yield error.refusal
        yield from dict.fromkeys(row.faults)


def _users(roster: Roster) -> Iterator[Item]:
    """Yield staff, guardians and students, then who is the guardian of whom."""
    roles: Roles = defaultdict(list)
    yield from _file("roles", roster.found.rows("roles"), lambda row, at: role_of(row, at, roles), roster)
    yield from _file("users", roster.found.rows("users"), lambda row, at: user(row, at, roles), roster)
    yield from ties(roster)
    yield from switched_off(roster)
