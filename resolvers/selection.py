"""What an operation asks of the objects a field returns, so that only that is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)


@lru_cache(maxsize=4096)
def python_name(name: str) -> str:
    """Turn the GraphQL name of a field into its name here: dueDate to due_date."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match.group(1).lower(), name)
    return {"from": "from_", "value_out_of20": "value_out_of_20"}.get(snake, snake)


@dataclass(slots=True)
class Selection:
    """The fields selected under one field, by object type; `below` goes one level down."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Any
    nodes: list[FieldNode]
    types: dict[str, dict[str, list[FieldNode]]] = field(default_factory=dict)
    lower: dict[tuple[str, ...], Selection] = field(default_factory=dict)
    recipes: dict[str, Any] = field(default_factory=dict)
    """What was worked out for a type from this selection; plans are kept, and so is this."""

    @classmethod
    def of(cls, info: Any) -> Selection:
        """Read the selection under the field being resolved."""
        return cls(info.schema, info.fragments, info.variable_values, list(info.field_nodes))

    def fields(self, type_name: str) -> dict[str, list[FieldNode]]:
        """Return the selected fields of one object type, under their names here."""
        found = self.types.get(type_name)
        if found is None:
            found = self.types[type_name] = {}
            object_type = self.schema.get_type(type_name)
            assert isinstance(object_type, GraphQLObjectType)
            for node in self.nodes:
                if node.selection_set:
                    self._collect(object_type, node.selection_set, found)
        return found

    def by_response_key(self, type_name: str) -> dict[str, list[FieldNode]]:
        """Return the selected fields of one object type as the answer names and orders them."""
        found: dict[str, list[FieldNode]] = {}
        object_type = self.schema.get_type(type_name)
        assert isinstance(object_type, GraphQLObjectType)
        for node in self.nodes:
            if node.selection_set:
                self._collect(object_type, node.selection_set, found, by_key=True)
        return found

    def below(self, type_name: str, *names: str) -> Selection:
        """Return the selection under the named fields of a type, taken together."""
        below = self.lower.get((type_name, *names))
        if below is None:
            found = self.fields(type_name)
            nodes = [node for name in names for node in found.get(name, ())]
            below = self.lower[(type_name, *names)] = self.of_nodes(nodes)
        return below

    def of_nodes(self, nodes: list[FieldNode]) -> Selection:
        """Return the selection under other fields of the same operation."""
        return Selection(self.schema, self.fragments, self.variables, nodes)

    def possible_types(self, type_name: str) -> Iterable[str]:
        """Return the object types behind an interface or union, or the type itself."""
        named = get_named_type(self.schema.get_type(type_name))
        if isinstance(named, GraphQLObjectType):
            return (type_name,)
        return tuple(kind.name for kind in self.schema.get_possible_types(named))  # type: ignore[arg-type]

    def _collect(
        self,
        object_type: GraphQLObjectType,
        selections: SelectionSetNode,
        found: dict[str, list[FieldNode]],
        by_key: bool = False,
    ) -> None:
        for node in selections.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                alias = node.alias or node.name
                key = alias.value if by_key else python_name(node.name.value)
                found.setdefault(key, []).append(node)
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                fragment = getattr(fragment, "definition", fragment)
            assert isinstance(fragment, InlineFragmentNode | FragmentDefinitionNode)
            if self._applies(fragment, object_type):
                self._collect(object_type, fragment.selection_set, found, by_key)

    def _applies(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, object_type: GraphQLObjectType
    ) -> bool:
        if fragment.type_condition is None:
            return True
        condition = self.schema.get_type(fragment.type_condition.name.value)
        return condition is object_type or (
            condition is not None
            and not isinstance(condition, GraphQLObjectType)
            and self.schema.is_sub_type(condition, object_type)  # type: ignore[arg-type]
        )

    def _included(self, node: Any) -> bool:
        if not node.directives:
            return True
        conditions = {
            directive.name.value: self._condition(directive.arguments[0].value)
            for directive in node.directives
            if directive.name.value in ("skip", "include")
        }
        return not conditions.get("skip", False) and conditions.get("include", True)

    def _condition(self, value: Any) -> bool:
        """Read the `if` of a directive: a literal, or a variable."""
        if not isinstance(value, VariableNode):
            return bool(value.value)
        known = getattr(self.variables, "coerced", self.variables)
        return bool(known[value.name.value])
