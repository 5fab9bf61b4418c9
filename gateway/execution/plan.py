"""What an operation becomes: for each object type met, its leaves in one function and its edges in a list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    is_leaf_type,
)
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from resolvers.catalogue import Catalogue
from resolvers.context import plain_arguments
from resolvers.fields import Edge
from resolvers.selection import Selection


class NotPlanned(Exception):
    """The operation has something the planner leaves to Strawberry's executor (introspection)."""


class NeedsCare(Exception):
    """A row has a value that the generated function cannot write; each field is then looked at alone."""


@dataclass(slots=True)
class Shape:
    """A type as values are completed by it: non-null or not, a leaf, a list, or objects."""

    non_null: bool
    leaf: GraphQLLeafType | None = None
    item: Shape | None = None
    objects: dict[str, ObjectPlan] = field(default_factory=dict)

    @property
    def waits(self) -> bool:
        """Tell whether completing a value asks a source."""
        if self.item is not None:
            return self.item.waits
        return any(plan.waiting for plan in self.objects.values())


@dataclass(slots=True)
class FieldPlan:
    """One field of the answer: where its value comes from, and how it is completed."""

    key: str
    owner: str
    name: str
    label: str
    nodes: list[FieldNode]
    shape: Shape
    edge: Edge | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    selection: Selection | None = None
    waits: bool = False
    """Whether this field or one below it asks a source."""


@dataclass(slots=True)
class ObjectPlan:
    """The selection on one object type: leaves written by one function, the rest field by field."""

    type_name: str
    leaves: list[FieldPlan]
    others: list[FieldPlan]
    write: Callable[[dict[str, Any]], dict[str, Any]]
    keys: list[str]
    waiting: list[FieldPlan] = field(init=False)

    def __post_init__(self) -> None:
        self.waiting = [one for one in self.others if one.waits]


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles selections against the contract and the registered batches."""

    schema: GraphQLSchema
    catalogue: Catalogue
    strawberry: Any

    def object_plan(self, type_name: str, selection: Selection) -> ObjectPlan:
        """Compile the selection on one object type. Raises NotPlanned."""
        kind = self.schema.get_type(type_name)
        assert isinstance(kind, GraphQLObjectType)
        leaves: list[FieldPlan] = []
        others: list[FieldPlan] = []
        keys: list[str] = []
        for key, nodes in selection.by_response_key(type_name).items():
            name = nodes[0].name.value
            keys.append(key)
            if name == "__typename":
                leaves.append(FieldPlan(key, type_name, name, "", nodes, Shape(True)))
                continue
            if name.startswith("__"):
                raise NotPlanned(name)
            one = self._field(kind, key, nodes, selection)
            (leaves if one.edge is None and one.shape.leaf is not None else others).append(one)
        return ObjectPlan(type_name, leaves, others, writer(type_name, leaves, keys), keys)

    def _field(
        self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode], selection: Selection
    ) -> FieldPlan:
        definition: GraphQLField = kind.fields[nodes[0].name.value]
        field_: StrawberryField = definition.extensions["strawberry-definition"]
        name = field_.python_name
        below = Selection(selection.schema, selection.fragments, selection.variables, nodes)
        one = FieldPlan(
            key,
            kind.name,
            name,
            f"{kind.name}.{nodes[0].name.value}",
            nodes,
            self._shape(definition.type, below),
            self.catalogue.edges.get((kind.name, name)) if field_.metadata.get("edge") else None,
        )
        if one.edge is not None:
            given = selection.arguments(definition, nodes[0])
            converted = convert_arguments(
                given,
                field_.arguments,
                scalar_registry=self.strawberry.schema_converter.scalar_registry,
                config=self.strawberry.config,
            )
            one.arguments = plain_arguments(converted)
            one.selection = below
        one.waits = one.edge is not None or one.shape.waits
        return one

    def _shape(self, kind: GraphQLOutputType, below: Selection) -> Shape:
        if isinstance(kind, GraphQLNonNull):
            inner = self._shape(kind.of_type, below)
            inner.non_null = True
            return inner
        if isinstance(kind, GraphQLList):
            return Shape(False, item=self._shape(kind.of_type, below))
        if is_leaf_type(kind):
            return Shape(False, leaf=kind)
        names = below.possible_types(kind.name)
        return Shape(False, objects={one: self.object_plan(one, below) for one in names})


PASSED_ON = frozenset({"String", "ID", "Int", "Boolean", "HTML", "URL", "Color"})
"""Scalars whose values in rows are already what JSON holds."""


def writer(
    type_name: str, leaves: list[FieldPlan], keys: list[str]
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Generate the function that writes all leaves of an object from its row, in the order of the answer.

    Keys and names go in as literals of checked GraphQL names; values come from the row alone.
    """
    by_key = {one.key: one for one in leaves}
    names: dict[str, Any] = {"care": _care, "type_name": type_name}
    parts = []
    for index, key in enumerate(keys):
        one = by_key.get(key)
        parts.append(f"{key!r}: {_expression(one, index, names) if one else 'None'}")
    return eval("lambda row: {" + ", ".join(parts) + "}", names)  # type: ignore[no-any-return]


def _care(_value: object = None) -> Any:
    raise NeedsCare


def _expression(one: FieldPlan, index: int, names: dict[str, Any]) -> str:
    if one.name == "__typename":
        return "type_name"
    leaf, value = one.shape.leaf, f"row[{one.name!r}]"
    assert leaf is not None
    if isinstance(leaf, GraphQLEnumType):
        names[f"enum{index}"] = {known: known for known in leaf.values}
        written = f"enum{index}.get(value) or care()"
    elif leaf.name in PASSED_ON:
        written = "value"
    elif leaf.name == "Float":
        written = "float(value)"
    elif leaf.name in ("Date", "DateTime"):
        written = "value.isoformat()"
    else:
        names[f"leaf{index}"] = leaf.coerce_output_value
        written = f"leaf{index}(value)"
    missing = "care()" if one.shape.non_null else "None"
    return f"({missing} if (value := {value}) is None else {written})"
