"""What an operation may cost at the most, worked out before it runs, from what the schema declares (`@cost`,
`@listSize`, `@window`).

Every selected field counts its weight, once for each object that has it; every object counts 1 more. Objects
are counted by multiplying the sizes of lists along the path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, GraphQLError

from gateway.execution.plan import INTROSPECTION, FieldPlan, ObjectPlan, Plan
from resolvers.fields import Arguments
from schema.cost import LONGEST_WINDOW, USUAL_LIST, Cost, ListSize, Window

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
SIZES_IN_SCHEMA = {
    "types": 230.0,
    "fields": 4.5,
    "args": 0.2,
    "enumValues": 2.0,
    "inputFields": 0.3,
    "possibleTypes": 0.3,
    "interfaces": 1.0,
    "directives": 10.0,
    "ofType": 0.3,
}
"""How many of each the schema has, on average, in what holds them."""
WEIGHT_IN_SCHEMA = 2
"""What a field of the schema itself counts: graphql-core answers it, one by one."""
Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Costs:
    """Works out costs, and refuses what costs too much."""

    max_cost: int

    def of(self, plan: Plan, arguments: Sequence[Arguments]) -> int:
        """Return the cost of an operation with the arguments of its edges."""
        return _selection(plan.root, arguments, {})

    def fault(self, cost: int) -> GraphQLError | None:
        """Return an error for an operation that costs too much."""
        if cost <= self.max_cost:
            return None
        return GraphQLError(
            f"The operation may cost {cost}; at the most {self.max_cost} are allowed (the setting max_cost). "
            "Ask for fewer records with `first`, a shorter window, or fewer levels of lists in one another; "
            "the schema says with @listSize, @window and @cost what counts, and extensions.cost what an "
            "operation does."
        )


def _selection(plan: ObjectPlan, arguments: Sequence[Arguments], sizes: Sizes) -> int:
    return sum(_field(one, arguments, sizes) for one in plan.fields)


def _field(one: FieldPlan, arguments: Sequence[Arguments], sizes: Sizes) -> int:
    if one.name in INTROSPECTION:
        assert one.selection is not None
        return round(sum(_introspection(node, one.selection.fragments) for node in one.nodes))
    weight, assumed, below = 1, USUAL_LIST, dict[str, int]()
    if one.arguments is not None:
        weight, assumed, below = _declared(one, arguments[one.slot])
    plans = one.shape.plans()
    if not plans:
        return weight
    count = sizes.get(one.nodes[0].name.value, assumed) if one.shape.item is not None else 1
    return weight + count * (1 + max(_selection(plan, arguments, below) for plan in plans))


def _declared(one: FieldPlan, given: Arguments) -> tuple[int, int, dict[str, int]]:
    """Return the weight of an edge, the length of its list, and those of the lists just below."""
    assert one.arguments is not None
    weight, size, below, is_sliced = 1, USUAL_LIST, dict[str, int](), False
    for directive in one.arguments.field.directives:
        if isinstance(directive, Cost):
            weight = int(directive.weight)
        elif isinstance(directive, ListSize):
            sliced = [given.get(name) for name in directive.slicing_arguments or ()]
            asked = [max(0, one) for one in sliced if one is not None]
            is_sliced, size = bool(asked), min([directive.assumed_size, *asked])
            below |= dict.fromkeys(directive.sized_fields or (), size)
        elif isinstance(directive, Window) and not is_sliced:
            days = _days(given) * directive.per_day
            if directive.sized_fields is None:
                size = days
            below |= {name: min(days, below.get(name, days)) for name in directive.sized_fields or ()}
    return weight, size, below


def _days(given: Arguments) -> int:
    """Count the days of a window; one open on a side is taken to be as long as any."""
    lower, upper = given.get("from_"), given.get("to")
    if isinstance(lower, date) and isinstance(upper, date):
        return min(max((upper - lower).days + 1, 1), LONGEST_WINDOW)
    if lower is not None or upper is not None:
        return LONGEST_WINDOW
    return DAYS.get(given.get("range") or "", LONGEST_WINDOW)


def _introspection(node: Any, fragments: Mapping[str, FragmentDefinitionNode]) -> float:
    """Return the cost of a field of introspection, or of a fragment of such fields."""
    if isinstance(node, FragmentSpreadNode):
        node = fragments[node.name.value]
    selected = node.selection_set.selections if node.selection_set else ()
    below = sum(_introspection(one, fragments) for one in selected)
    if not isinstance(node, FieldNode):
        return below
    return WEIGHT_IN_SCHEMA + SIZES_IN_SCHEMA.get(node.name.value, 1.0) * below
