"""Generated functions that turn objects into the answer: one for each object type met, one for each edge.

A generated function writes leaves, nested objects and lists in one go, in the order of the selection, and
notes the objects whose edges are still to be loaded in `notes`. Anything unusual, such as an error, a null
that may not be, or a value of another kind, raises: then the answer is completed with care (`executor`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLEnumType, GraphQLLeafType

from adapters.generated_functions import define
from gateway.execution.plan import INTROSPECTION, FieldPlan, ObjectPlan, Plan, Shape
from resolvers.work import LONG, LongText

Noted = list[tuple[Any, dict[str, Any]]]
"""Objects whose edges are still to be loaded, each with what was written of it so far."""


class Notes(list[Noted]):
    """Those of each object plan with edges, and what puts long texts into the answer."""

    def __init__(self, slots: int, long: Callable[[str], LongText]) -> None:
        super().__init__([] for _ in range(slots))
        self.long = long


MAY_BE_LONG = frozenset({"String", "HTML", "URL"})
"""Scalars whose texts may be long."""
PASSED_ON = frozenset({"ID", "Int", "Boolean", "Color"})
"""Scalars whose values in rows are already what JSON holds."""


class NeedsCare(Exception):
    """A value that the generated function cannot write."""


UNWRITABLE = (NeedsCare, KeyError, TypeError, ValueError, AttributeError)
"""What a generated function raises when a value is not as usual."""


def _care() -> Any:
    raise NeedsCare


def generate(plan: Plan, kinds: dict[str, type]) -> None:
    """Generate the functions of a plan; `kinds` gives the class of each object type.

    Keys and names go in as literals of checked GraphQL names; values come from the objects alone.
    """
    functions = Functions(kinds)
    for index, one in enumerate(plan.objects):
        functions.object_function(index, one)
    for edge in plan.edges:
        functions.edge_function(edge)
    define("operation", functions.lines, functions.names)
    for index, one in enumerate(plan.objects):
        one.write = functions.names[f"write{index}"]
    for edge in plan.edges:
        edge.complete = functions.names[f"complete{edge.slot}"]


class Functions:
    """The text of generated functions, and what they refer to."""

    def __init__(self, kinds: dict[str, type]) -> None:
        self.kinds = kinds
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"care": _care}
        self._counter = 0

    def object_function(self, index: int, plan: ObjectPlan) -> None:
        """Write `write<index>(value, notes)`, which returns the answer of one object."""
        parts = []
        for one in plan.fields:
            if one.name == "__typename":
                parts.append(f"{one.key!r}: {plan.type_name!r}")
            elif one.edge is not None or one.name in INTROSPECTION:
                parts.append(f"{one.key!r}: None")
            else:
                parts.append(f"{one.key!r}: {self.value(one.shape, f'row[{one.name!r}]')}")
        self.names[f"kind{index}"] = self.kinds[plan.type_name]
        self.lines += [
            f"def write{index}(value, notes):",
            f"    if value.__class__ is not kind{index}: care()",
            "    row = value.__dict__",
            "    written = {" + ", ".join(parts) + "}",
        ]
        if plan.edges:
            self.lines.append(f"    notes[{plan.slot}].append((value, written))")
        self.lines.append("    return written")

    def edge_function(self, one: FieldPlan) -> None:
        """Write `complete<slot>(value, notes)`, which returns the answer of one value of an edge."""
        self.lines += [
            f"def complete{one.slot}(value, notes):",
            f"    return {self.value(one.shape, 'value')}",
        ]

    def value(self, shape: Shape, expression: str) -> str:
        """Return an expression that completes a value by its type."""
        name = self._name("value")
        missing = "care()" if shape.non_null else "None"
        if shape.leaf is not None:
            written = self._leaf(shape.leaf, name)
        elif shape.item is not None:
            item = self._name("item")
            inner = self.value(shape.item, item)
            written = f"[{inner} for {item} in ({name} if {name}.__class__ is list else care())]"
        elif len(shape.objects) == 1:
            written = f"write{next(iter(shape.objects.values())).number}({name}, notes)"
        else:
            written = f"{self._by_class(shape)}[{name}.__class__]({name}, notes)"
        return f"({missing} if ({name} := {expression}) is None else {written})"

    def _leaf(self, leaf: GraphQLLeafType, name: str) -> str:
        if isinstance(leaf, GraphQLEnumType):
            known = self.refer("enum", {member: member for member in leaf.values})
            return f"{known}[{name}]"
        if leaf.name in MAY_BE_LONG:
            return f"({name} if len({name}) < {LONG} else notes.long({name}))"
        if leaf.name in PASSED_ON:
            return name
        if leaf.name == "Float":
            return f"float({name})"
        if leaf.name in ("Date", "DateTime"):
            return f"{name}.isoformat()"
        return f"{self.refer('leaf', leaf.coerce_output_value)}({name})"

    def _by_class(self, shape: Shape) -> str:
        """Refer to a table of the functions for each type of an interface or union."""
        table: dict[type, Callable[..., Any]] = {}
        name = self.refer("table", table)
        for type_name, plan in shape.objects.items():
            # The functions do not exist yet when the table is made: look them up at the first call.
            table[self.kinds[type_name]] = self._later(f"write{plan.number}")
        return name

    def _later(self, function: str) -> Callable[..., Any]:
        names = self.names
        return lambda value, notes: names[function](value, notes)

    def refer(self, prefix: str, value: Any) -> str:
        """Make a value known to the functions; returns its name."""
        name = self._name(prefix)
        self.names[name] = value
        return name

    def _name(self, prefix: str) -> str:
        self._counter += 1
        return f"{prefix}_{self._counter}"
