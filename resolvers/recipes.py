"""How rows become objects of one type for one selection: worked out once, used for every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import Row
from adapters.generated_functions import define
from resolvers.catalogue import Catalogue
from resolvers.fields import Context, Derived
from resolvers.identifiers import GlobalId
from resolvers.selection import Selection

STUDENT_BOUND = {"AbsenceJustification", "Acknowledgement", "TripUpdate"}
"""Types that belong to one student without being StudentScoped: their id names the student too."""

Build = Callable[[Sequence[Row], Context, str | None], list[Any]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to read for the objects of one type, and the function that makes them."""

    type_name: str
    columns: tuple[str, ...]
    is_student_bound: bool
    is_viewer_bound: bool
    """Whether objects may differ from viewer to viewer: by derived fields, or by the zone of their times."""
    build: Build
    """Makes objects of rows, for a student where they are bound to one: (rows, context, student)."""


def recipe_of(catalogue: Catalogue, type_name: str, selection: Selection) -> Recipe:
    """Return the recipe for the objects of one type under a selection."""
    found: Recipe | None = selection.recipes.get(type_name)
    if found is None:
        found = selection.recipes[type_name] = _write(catalogue, type_name, selection)
    return found


def _write(catalogue: Catalogue, type_name: str, selection: Selection) -> Recipe:
    fields = selection.fields(type_name)
    columns = catalogue.needs(type_name, fields)
    rules = {
        name: catalogue.derived[type_name, name]
        for name in fields
        if (type_name, name) in catalogue.derived and name != "id"
    }
    described = catalogue.types[type_name]
    is_bound = type_name in STUDENT_BOUND or "StudentScoped" in described.interfaces
    names: dict[str, Any] = {"new": object.__new__, "kind": described.kind, "GlobalId": GlobalId}
    names["columns"] = columns
    instants = catalogue.instants(type_name, columns)
    inner = [
        *_times(instants),
        *_identity(type_name, "id" in fields, is_bound),
        *_derivations(rules, columns, names),
    ]
    lines = [*_HEAD, *inner, "        built.append(one)", "    return built"]
    build = define(type_name, lines, names)
    return Recipe(type_name, columns, is_bound, bool(rules or instants), build)


_HEAD = (
    "def build(rows, context, student):",
    "    native, zones = context.sources.native.name, context.scope.zones",
    "    built = []",
    "    for row in rows:",
    "        row = row.copy()",
    "        source = row.pop('@source', native)",
    "        if source != native: context.check(kind, source, row, columns)",
    "        school, key = row.get('school_id'), row.get('id')",
)


def _identity(type_name: str, with_id: bool, is_bound: bool) -> list[str]:
    """Write the identifier for clients, and what edges need to know of the object they start from."""
    owner = "student" if is_bound else "None"
    lines = []
    if with_id:
        lines.append(
            f"        if key is not None: row['id'] = {identifier(type_name, 'source', 'key', owner)}"
        )
    known = origin(type_name, "key", owner, "school", "source")
    return [
        *lines,
        *(f"        row[{name!r}] = {value}" for name, value in known.items()),
        "        one = new(kind)",
        "        one.__dict__ = row",
    ]


def identifier(type_name: str, source: str, key: str, owner: str) -> str:
    """Write the expression for the global id of a record, from those for its parts."""
    return f"GlobalId({type_name!r}, {source}, {key}, {owner}).encode()"


def origin(type_name: str, key: str, owner: str, school: str, source: str) -> dict[str, str]:
    """Write, by attribute, what edges and derived fields need to know of a record beside its columns."""
    student = key if type_name == "Student" else owner
    return {"_id": key, "_student": student, "_school": school, "_source": source}


def _times(instants: Sequence[str]) -> list[str]:
    """Write how points in time are put into the zone of the row's school."""
    lines = ["        zone = zones.get(school) or context.scope.zone(school)"] if instants else []
    for name in instants:
        lines.append(f"        if row[{name!r}] is not None: row[{name!r}] = row[{name!r}].astimezone(zone)")
    return lines


def _derivations(rules: dict[str, Derived], columns: Sequence[str], names: dict[str, Any]) -> list[str]:
    """Write how derived fields are filled in.

    A derived field may hide the column of its own name; an edge may need what the source gave.
    """
    hidden = [name for name in rules if name in columns]
    values = {}
    for index, (name, rule) in enumerate(rules.items()):
        names[f"derive{index}"] = rule.function
        values[name] = f"derive{index}(row, context)"
        if rule.of is not None:
            values[name] = f"context.nested({rule.of.__name__!r}, {values[name]}, row)"
    if hidden:
        kept = ", ".join(f"{name!r}: row[{name!r}]" for name in hidden)
        derived = ", ".join(f"{name!r}: {value}" for name, value in values.items())
        return [f"        row['_hidden'] = {{{kept}}}", f"        row.update({{{derived}}})"]
    return [f"        row[{name!r}] = {value}" for name, value in values.items()]
