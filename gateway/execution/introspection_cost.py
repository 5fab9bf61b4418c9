"""What a question about the schema itself may cost: graphql-core answers it, field by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
)

WEIGHT = 2
"""What each field counts."""
ROOTS = ("queryType", "mutationType", "subscriptionType")
ONE_TYPE = frozenset({"type", "ofType", "possibleTypes", "interfaces", *ROOTS})
"""Fields that lead to certain types, of which each may be the largest."""
WRAPPED = 0.3
"""How many types are lists or non-null, of those that a reference names; three at the most in one another."""
Fragments = Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True)
class SchemaSizes:
    """How many of each the schema has in what holds them: on average, and at the most."""

    average: Mapping[str, float]
    largest: Mapping[str, float]

    @classmethod
    def of(cls, schema: GraphQLSchema) -> SchemaSizes:
        """Count the lists of a schema."""
        found: dict[str, list[int]] = defaultdict(list)
        for one in schema.type_map.values():
            described = one if isinstance(one, GraphQLObjectType | GraphQLInterfaceType) else None
            fields = described.fields if described else {}
            found["fields"].append(len(fields))
            found["args"] += [len(field.args) for field in fields.values()]
            found["interfaces"].append(len(described.interfaces) if described else 0)
            found["enumValues"].append(len(one.values) if is_enum_type(one) else 0)
            found["inputFields"].append(len(one.fields) if is_input_object_type(one) else 0)
            found["possibleTypes"].append(len(schema.get_possible_types(one)) if is_abstract_type(one) else 0)
        everything = {"types": float(len(schema.type_map)), "directives": float(len(schema.directives))}
        return cls(
            everything | {name: sum(sizes) / len(sizes) for name, sizes in found.items()},
            everything | {name: float(max(sizes)) for name, sizes in found.items()},
        )

    def cost(self, node: Any, fragments: Fragments) -> int:
        """Return the cost of `__schema` or `__type` with what is selected of it."""
        return round(self._cost(node, fragments, node.name.value == "__schema"))

    def _cost(self, node: Any, fragments: Fragments, is_all: bool) -> float:
        """Count a field, or the fields of a fragment; `is_all` says that it is asked of all types alike."""
        if isinstance(node, FragmentSpreadNode):
            node = fragments[node.name.value]
        name = node.name.value if isinstance(node, FieldNode) else ""
        selected = node.selection_set.selections if node.selection_set else ()
        is_below_all = is_all and name not in ONE_TYPE
        below = sum(self._cost(one, fragments, is_below_all) for one in selected)
        if not isinstance(node, FieldNode):
            return below
        if name == "ofType":
            return WEIGHT + below * (1 if self._has_list(node, fragments) else WRAPPED)
        return WEIGHT + below * (self.average if is_all else self.largest).get(name, 1.0)

    def _has_list(self, node: Any, fragments: Fragments) -> bool:
        """Tell whether a list is selected somewhere below a node."""
        if isinstance(node, FragmentSpreadNode):
            node = fragments[node.name.value]
        selected = node.selection_set.selections if node.selection_set else ()
        return any(
            (isinstance(one, FieldNode) and one.name.value in self.largest) or self._has_list(one, fragments)
            for one in selected
        )
