"""What an operation becomes: for each object type met its fields, for each edge its batch and arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLLeafType,
    OperationType,
    VariableDefinitionNode,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField

from resolvers.context import RequestContext, plain_arguments
from resolvers.fields import Edge
from resolvers.selection import Selection

INTROSPECTION = ("__schema", "__type")
"""Fields of the root that tell of the schema; graphql-core answers them."""
PlanKey = tuple[Any, ...]
"""Under what a plan is kept: the document, the name of the operation, and the variables that decide what is
selected."""


class EdgeWriter(Protocol):
    """Writes an edge into the answers of its owners."""

    async def write(
        self, context: RequestContext, notes: Any, arguments: Mapping[str, Any], binding: Any
    ) -> Sequence[Any] | None:
        """Write the edge; where it cannot, return the values of the owners."""

    async def fill(self, context: RequestContext, answers: Sequence[dict[str, Any]], bound: Any) -> bool:
        """Write the edge as it was bound before; tells whether that could be done."""


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
    weight: int = 1
    """What selecting it counts (`@cost`)."""
    complete: Callable[..., Any] = field(init=False)
    has_fixed_owners: bool = False
    """Whether the objects that the edge starts from are always the same to a viewer (`Edge.is_fixed`)."""
    direct: EdgeWriter | None = None
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
