"""Reads OneRoster CSV 1.1 and 1.2, bulk and delta."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from adapters import records as r
from adapters.base import NO_OPTIONS, Export, Item, Options
from adapters.oneroster.files import Bundle, bundle
from adapters.oneroster.gradebook import (
    categories,
    line_items,
    results,
    score_scales,
    users_of_scales,
)
from adapters.oneroster.roster import (
    Roster,
    classes,
    courses,
    demographics,
    enrollments,
    orgs,
    sessions,
    users,
)

Part = Callable[[Bundle, Roster], Iterator[Item]]
PARTS: dict[str, Part] = {
    "orgs": orgs,
    "academicSessions": sessions,
    "courses": courses,
    "classes": classes,
    "demographics": demographics,
    "users": users,
    "enrollments": enrollments,
    "categories": categories,
    "scoreScales": score_scales,
    "lineItemScoreScales": users_of_scales("lineItemScoreScales", "lineItemSourcedId"),
    "resultScoreScales": users_of_scales("resultScoreScales", "resultSourcedId"),
    "lineItems": line_items,
    "results": results,
}
"""What is read of each file, in this order."""
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
    options = NO_OPTIONS

    def inspect(self, path: Path, options: Options) -> Export:
        """Read the manifest. Raises InvalidExport."""
        found = bundle(path)
        covered = frozenset[type[r.Record]]().union(*(COVERS.get(name, set()) for name in found.files))
        source = f"oneroster:{found.system}"[:64]
        return Export(source, f"OneRoster {found.system}", not found.is_delta, found.size, covered)

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield what the files hold, and after each the bytes read so far. Raises InvalidExport."""
        found = bundle(path)
        roster, done = Roster(f"oneroster:{found.system}"[:64], found.is_delta), 0
        for name, part in PARTS.items():
            yield from part(found, roster)
            done += found.files[name].size if name in found.files else 0
            yield done
        yield found.size
