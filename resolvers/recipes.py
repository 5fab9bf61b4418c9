"""How rows become objects of one type for one selection: worked out once, used for every row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resolvers.catalogue import Catalogue
from resolvers.selection import Selection

if TYPE_CHECKING:
    from resolvers.context import RequestContext

STUDENT_BOUND = {"AbsenceJustification", "Acknowledgement", "TripUpdate"}
"""Types that belong to one student without being StudentScoped: their id names the student too."""


@dataclass(frozen=True, slots=True)
class DerivedField:
    """One derived field to fill in; `of` names the type of the nested object it makes, if any."""

    name: str
    function: Callable[[dict[str, Any], RequestContext], Any]
    of: str | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to read for the objects of one type, and what to do with each row."""

    type_name: str
    kind: type
    columns: tuple[str, ...]
    instants: tuple[str, ...]
    derived: tuple[DerivedField, ...]
    hidden: tuple[str, ...]
    """Columns that a derived field of the same name hides; an edge may need what the source gave."""
    is_student_bound: bool
    has_id: bool


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
    return Recipe(
        type_name,
        described.kind,
        columns,
        catalogue.instants(type_name, columns),
        tuple(
            DerivedField(name, rule.function, rule.of.__name__ if rule.of else None)
            for name, rule in rules.items()
        ),
        tuple(name for name in rules if name in columns),
        type_name in STUDENT_BOUND or "StudentScoped" in described.interfaces,
        "id" in fields,
    )
