"""What an operation becomes: for each object type met its fields, for each edge its batch and arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationType,
    VariableDefinitionNode,
    is_leaf_type,
    print_ast,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from resolvers.catalogue import Catalogue
from resolvers.context import plain_arguments
from resolvers.fields import Edge
from resolvers.selection import Selection

if TYPE_CHECKING:
    from gateway.execution.direct import DirectList


INTROSPECTION = ("__schema", "__type")
"""Fields of the root that tell of the schema; graphql-core answers them."""
MOST_OBJECTS = 1_000
"""Objects of one plan: fragments on interfaces are compiled for each type."""


PlanKey = tuple[Any, ...]
"""Under what a plan is kept: the document, the name of the operation, and the variables that decide what is
selected."""


class TooManyTypes(Exception):
    """An operation with interfaces in interfaces, for which far too many types would be compiled."""


@dataclass(slots=True)
class Shape:
    """A type as values are completed by it: non-null or not, a leaf, a list, or objects."""

    non_null: bool
    leaf: GraphQLLeafType | None = None
    item: Shape | None = None
    objects: dict[str, ObjectPlan] = field(default_factory=dict)

    def plans(self) -> list[ObjectPlan]:
        """List the plans of the objects that a value may hold, in lists too."""
        return self.item.plans() if self.item is not None else list(self.objects.values())


@dataclass(slots=True)
class Arguments:
    """The arguments of one edge: the same at every execution, unless variables are among them."""

    definition: GraphQLField
    field: StrawberryField
    node: FieldNode
    strawberry: Any
    fixed: dict[str, Any] | None = None

    def read(self, variables: VariableValues) -> dict[str, Any]:
        """Return the arguments under their names here."""
        if self.fixed is not None:
            return self.fixed
        return plain_arguments(
            convert_arguments(
                get_argument_values(self.definition, self.node, variables),
                self.field.arguments,
                scalar_registry=self.strawberry.schema_converter.scalar_registry,
                config=self.strawberry.config,
            )
        )


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
    arguments: Arguments | None = None
    """How the arguments of an edge are read."""
    selection: Selection | None = None
    slot: int = -1
    """The place of an edge in the plan."""
    complete: Callable[..., Any] = field(init=False)
    has_fixed_owners: bool = False
    """Whether the objects that the edge starts from are always the same to a viewer (`Edge.is_fixed`)."""
    direct: DirectList | None = None
    """How the edge is written straight from rows, where it can be."""
    below: list[ObjectPlan] = field(default_factory=list)
    """Objects with edges that the values of this edge may hold, at any depth before the next edge."""

    @property
    def is_fixed(self) -> bool:
        """Tell whether a viewer always gets the same values."""
        return self.has_fixed_owners and self.edge is not None and self.edge.is_fixed


@dataclass(slots=True)
class ObjectPlan:
    """The selection on one object type."""

    type_name: str
    number: int
    fields: list[FieldPlan] = field(default_factory=list)
    edges: list[FieldPlan] = field(default_factory=list)
    slot: int = -1
    """The place among the object plans that have edges."""
    write: Callable[..., Any] = field(init=False)

    def with_edges(self) -> list[ObjectPlan]:
        """List this plan and those of objects nested in it that have edges."""
        nested = [
            found
            for one in self.fields
            if one.edge is None
            for plan in one.shape.plans()
            for found in plan.with_edges()
        ]
        return [self, *nested] if self.edges else nested


@dataclass(slots=True)
class Plan:
    """A compiled operation."""

    operation: OperationType
    variable_definitions: Sequence[VariableDefinitionNode] = ()
    objects: list[ObjectPlan] = field(default_factory=list)
    edges: list[FieldPlan] = field(default_factory=list)
    slots: int = 0
    size: int = 0
    """An estimate of the bytes that it takes, with the document that it was compiled from."""
    introspection: list[FieldPlan] = field(default_factory=list)
    """Fields of the root that graphql-core answers."""

    def arguments(self, variables: VariableValues) -> list[dict[str, Any]]:
        """Read the arguments of every edge, in the order of the edges."""
        return [one.arguments.read(variables) for one in self.edges if one.arguments is not None]

    @property
    def root(self) -> ObjectPlan:
        """The selection on the root type."""
        return self.objects[0]


@dataclass(slots=True, eq=False)
class OperationArguments:
    """What hangs on the variables of an operation; the plan is kept by itself, and may go before this."""

    plan_key: PlanKey
    edges: list[dict[str, Any]]
    """Those of the edges, in the order of the edges."""
    cost: int
    given: dict[str, Any]
    """The variables, as they were sent."""
    size: int
    """An estimate of the bytes that this takes."""
    described: dict[str, Any] | None = None
    """What the fields of introspection answer, once they were asked."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles a selection against the contract and the registered batches."""

    schema: GraphQLSchema
    catalogue: Catalogue
    strawberry: Any
    plan: Plan

    def object_plan(self, type_name: str, selection: Selection, is_fixed: bool) -> ObjectPlan:
        """Compile the selection on one object type; `is_fixed` tells whether a viewer always gets the same.

        Raises TooManyTypes.
        """
        if len(self.plan.objects) >= MOST_OBJECTS:
            raise TooManyTypes
        kind = self.schema.get_type(type_name)
        assert isinstance(kind, GraphQLObjectType)
        found = ObjectPlan(type_name, len(self.plan.objects))
        self.plan.objects.append(found)
        for key, nodes in selection.by_response_key(type_name).items():
            name = nodes[0].name.value
            if name == "__typename":
                found.fields.append(FieldPlan(key, type_name, name, "", nodes, Shape(True)))
                continue
            if name in INTROSPECTION:
                one = FieldPlan(key, type_name, name, "", nodes, Shape(False), selection=selection)
                found.fields.append(one)
                self.plan.introspection.append(one)
                continue
            found.fields.append(self._field(kind, key, nodes, selection, is_fixed))
        found.edges = [one for one in found.fields if one.edge is not None]
        if found.edges:
            found.slot = self.plan.slots
            self.plan.slots += 1
        return found

    def _field(
        self,
        kind: GraphQLObjectType,
        key: str,
        nodes: list[FieldNode],
        selection: Selection,
        is_fixed: bool,
    ) -> FieldPlan:
        definition: GraphQLField = kind.fields[nodes[0].name.value]
        field_: StrawberryField = definition.extensions["strawberry-definition"]
        name = field_.python_name
        below = selection.of_nodes(nodes)
        edge = self.catalogue.edges.get((kind.name, name)) if field_.metadata.get("edge") else None
        one = FieldPlan(
            key,
            kind.name,
            name,
            f"{kind.name}.{nodes[0].name.value}",
            nodes,
            self._shape(definition.type, below, is_fixed and (edge is None or edge.is_fixed)),
            edge,
            has_fixed_owners=is_fixed,
        )
        if one.edge is not None:
            one.arguments = Arguments(definition, field_, nodes[0], self.strawberry)
            if not any("$" in print_ast(argument) for argument in nodes[0].arguments or ()):
                one.arguments.fixed = one.arguments.read(selection.variables)
            one.selection = below
            one.slot = len(self.plan.edges)
            one.below = [found for plan in one.shape.plans() for found in plan.with_edges()]
            self.plan.edges.append(one)
        return one

    def _shape(self, kind: GraphQLOutputType, below: Selection, is_fixed: bool) -> Shape:
        if isinstance(kind, GraphQLNonNull):
            inner = self._shape(kind.of_type, below, is_fixed)
            inner.non_null = True
            return inner
        if isinstance(kind, GraphQLList):
            return Shape(False, item=self._shape(kind.of_type, below, is_fixed))
        if is_leaf_type(kind):
            return Shape(False, leaf=kind)
        names = below.possible_types(kind.name)
        return Shape(False, objects={one: self.object_plan(one, below, is_fixed) for one in names})
