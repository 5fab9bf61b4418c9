"""What an operation may cost at the most, worked out before it runs, from what the schema declares (`@cost`,
`@listSize`, `@window`).

Every selected field counts its weight, once for each object that has it; every object counts 1 more. Objects
are counted by multiplying the sizes of lists along the path. The students of the viewer are counted as they
are: a guardian has a few, a partner may have thousands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from graphql import GraphQLError

from gateway.execution.introspection_cost import SchemaSizes
from gateway.execution.plan import INTROSPECTION, FieldPlan, ObjectPlan, Plan
from resolvers.fields import Arguments
from schema.cost import LONGEST_WINDOW, USUAL_LIST, ListSize, Window

DAYS = {
    "TODAY": 1,
    "TOMORROW": 1,
    "NEXT_SCHOOL_DAY": 1,
    "CURRENT_WEEK": 7,
    "NEXT_WEEK": 7,
    "UPCOMING_WEEK": 7,
    "NEXT_7_DAYS": 7,
    "LAST_7_DAYS": 7,
    "NEXT_14_DAYS": 14,
    "NEXT_30_DAYS": 30,
    "LAST_30_DAYS": 30,
    "CURRENT_PERIOD": 100,
    "SCHOOL_YEAR": 320,
}
"""Days of the relative ranges; periods and years have about as many."""
Sizes = Mapping[str, int]
STUDENTS = {("Viewer", "students"), ("Query", "students")}
"""Lists of the students of the viewer, unless some are named."""


def counted(students: int) -> int:
    """Round the number of a viewer's students up, so that the viewers of a school have few different ones."""
    return USUAL_LIST if students <= USUAL_LIST else 1 << (students - 1).bit_length()


@dataclass(frozen=True, slots=True)
class Costs:
    """Works out costs, and refuses what costs too much."""

    max_cost: int
    schema: SchemaSizes

    def of(self, plan: Plan, arguments: Sequence[Arguments], students: int) -> int:
        """Return the cost of an operation with the arguments of its edges, for a viewer of some students."""
        return _Count(arguments, students, self.schema).selection(plan.root, {})

    def fault(self, cost: int) -> GraphQLError | None:
        """Return an error for an operation that costs too much."""
        if cost <= self.max_cost:
            return None
        return GraphQLError(
            f"The operation may cost {cost}; at the most {self.max_cost} are allowed (the setting max_cost). "
            "Ask for fewer records with `first`, for fewer students with `ids`, a shorter window, or fewer "
            "levels of lists in one another; the schema says with @listSize, @window and @cost what counts, "
            "and extensions.cost what an operation does."
        )


@dataclass(frozen=True, slots=True)
class _Count:
    """Counts one operation of one viewer."""

    arguments: Sequence[Arguments]
    students: int
    schema: SchemaSizes

    def selection(self, plan: ObjectPlan, sizes: Sizes) -> int:
        """Count a selection; `sizes` are those of the lists in it that a field above has decided."""
        return sum(self._field(one, sizes) for one in plan.fields)

    def _field(self, one: FieldPlan, sizes: Sizes) -> int:
        if one.name in INTROSPECTION:
            assert one.selection is not None
            return sum(self.schema.cost(node, one.selection.fragments) for node in one.nodes)
        assumed, below = USUAL_LIST, dict[str, int]()
        if one.arguments is not None:
            given = self.arguments[one.slot]
            assumed, below = _declared(one, given)
            if (one.owner, one.name) in STUDENTS:
                named = given.get("ids")
                assumed = self.students if named is None else len(named)
        plans = one.shape.plans()
        if not plans:
            # What counts the records of a window walks through all of them.
            return max(one.weight, sizes.get(one.nodes[0].name.value, 1))
        count = sizes.get(one.nodes[0].name.value, assumed) if one.shape.item is not None else 1
        return one.weight + count * (1 + max(self.selection(plan, below) for plan in plans))


def _declared(one: FieldPlan, given: Arguments) -> tuple[int, dict[str, int]]:
    """Return the length of the list of an edge, and those of the lists and counts just below."""
    assert one.arguments is not None
    size, below, is_sliced = USUAL_LIST, dict[str, int](), False
    for directive in one.arguments.field.directives:
        if isinstance(directive, ListSize):
            sliced = [given.get(name) for name in directive.slicing_arguments or ()]
            asked = [max(0, one) for one in sliced if one is not None]
            is_sliced, size = bool(asked), min([directive.assumed_size, *asked])
            below |= dict.fromkeys(directive.sized_fields or (), size)
        elif isinstance(directive, Window):
            days = _days(given) * directive.per_day
            if directive.sized_fields is None and not is_sliced:
                size = days
            for name in directive.sized_fields or ():
                if not is_sliced or name not in below:
                    below[name] = min(days, below.get(name, days))
    return size, below


def _days(given: Arguments) -> int:
    """Count the days of a window; one open on a side is taken to be as long as any."""
    lower, upper = given.get("from_"), given.get("to")
    if isinstance(lower, date) and isinstance(upper, date):
        return min(max((upper - lower).days + 1, 1), LONGEST_WINDOW)
    if lower is not None or upper is not None:
        return LONGEST_WINDOW
    return DAYS.get(given.get("range") or "", LONGEST_WINDOW)
