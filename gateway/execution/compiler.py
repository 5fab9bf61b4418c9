"""How an operation is compiled: for each object type met its fields, and the functions that write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationType,
    is_leaf_type,
    print_ast,
)
from strawberry.types.field import StrawberryField

from gateway.execution.direct import direct_list
from gateway.execution.plan import INTROSPECTION, Arguments, FieldPlan, ObjectPlan, Plan, Shape
from gateway.execution.writers import generate
from resolvers.catalogue import Catalogue
from resolvers.selection import Selection
from schema.cost import Cost

MOST_OBJECTS = 1_000
"""Objects of one plan: fragments on interfaces are compiled for each type."""


class TooManyTypes(Exception):
    """An operation with interfaces in interfaces, for which far too many types would be compiled."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles an operation against the contract and the registered batches."""

    schema: GraphQLSchema
    catalogue: Catalogue
    strawberry: Any
    plan: Plan

    def operation(self, selection: Selection) -> None:
        """Compile an operation: its plan, and the functions that write its answer. Raises TooManyTypes."""
        operation = self.plan.operation
        self.object_plan(operation.value.capitalize(), selection, operation is OperationType.QUERY)
        generate(self.plan, {name: known.kind for name, known in self.catalogue.types.items()})
        for edge in self.plan.edges:
            edge.direct = direct_list(edge, self.catalogue)

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
            weight=next((int(cost.weight) for cost in field_.directives if isinstance(cost, Cost)), 1),
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
