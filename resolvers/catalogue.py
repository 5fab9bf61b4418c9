"""What the contract says of each object type, read once at start-up from the Strawberry schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
)

import schema as contract
from adapters import records as r
from adapters.content import CLEANERS, LINES, clean_row
from resolvers.fields import Fields
from resolvers.selection import python_name

T = TypeVar("T")
SCALAR_TYPES: Mapping[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
    "DateTime": (datetime,),
    "Date": (date,),
}


@dataclass(slots=True)
class ObjectType:
    """One object type: its class, its columns with the values they may hold, and its edges."""

    kind: type
    columns: dict[str, GraphQLField] = field(default_factory=dict)
    texts: dict[str, str | None] = field(default_factory=dict)
    """What those of its columns hold that are shown as texts: HTML, a URL, a colour, or plain text (None)."""
    edges: set[str] = field(default_factory=set)
    interfaces: tuple[str, ...] = ()


class Catalogue:
    """All object types, and which columns a selection of their fields needs."""

    def __init__(self, graphql: strawberry.Schema, fields: Fields) -> None:
        self.types: dict[str, ObjectType] = {}
        contents = {one.__name__: one.contents() for one in r.kinds_of_records()}
        for name, kind in graphql._schema.type_map.items():
            if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
                self._describe(name, kind, contents.get(name, {}))
        self.edges = self._spread(fields.edges)
        self.derived = self._spread(fields.derived)
        self._check()

    def _describe(self, name: str, kind: GraphQLObjectType, contents: Mapping[str, str | None]) -> None:
        definition: Any = kind.extensions["strawberry-definition"]
        described = ObjectType(definition.origin, interfaces=tuple(one.name for one in kind.interfaces))
        edges = {one.python_name for one in definition.fields if one.metadata.get("edge")}
        for field_name, graphql_field in kind.fields.items():
            python = python_name(field_name)
            if python in edges:
                described.edges.add(python)
            else:
                described.columns[python] = graphql_field
                holds = get_named_type(graphql_field.type).name
                if holds in CLEANERS or holds == "String":
                    described.texts[python] = contents.get(python) if holds == "String" else holds
        self.types[name] = described

    def _spread(self, declared: Mapping[tuple[str, str], T]) -> dict[tuple[str, str], T]:
        """Give what was declared for an interface to every type that implements it."""
        found = dict(declared)
        for name, described in self.types.items():
            for interface in described.interfaces:
                for (owner, python), value in declared.items():
                    if owner == interface:
                        found.setdefault((name, python), value)
        return found

    def _check(self) -> None:
        """Refuse to start unless every edge has exactly one batch and every batch an edge."""
        declared = {(name, edge) for name, described in self.types.items() for edge in described.edges}
        interfaces = {name for described in self.types.values() for name in described.interfaces}
        missing = declared - self.edges.keys()
        unknown = {key for key in self.edges.keys() - declared if key[0] not in interfaces}
        unknown |= {
            (name, python)
            for name, python in self.derived
            if name not in interfaces and python not in self.types[name].columns
        }
        if missing or unknown:
            raise TypeError(
                f"Edges without a batch: {sorted(missing)}; batches without a field: {sorted(unknown)}"
            )

    def needs(self, type_name: str, fields: Mapping[str, object]) -> tuple[str, ...]:
        """List the columns that the selected fields of a type need, in a stable order."""
        columns: set[str] = set()
        for name in fields:
            key = (type_name, name)
            if key in self.derived:
                columns.update(self.derived[key].needs)
            elif key in self.edges:
                columns.update(need for need in self.edges[key].needs if not need.startswith("_"))
            elif name in self.types[type_name].columns:
                columns.add(name)
        return tuple(sorted(columns))

    def instants(self, type_name: str, columns: tuple[str, ...]) -> tuple[str, ...]:
        """List those of the columns that hold an instant."""
        known = self.types[type_name].columns
        return tuple(
            name for name in columns if name in known and get_named_type(known[name].type).name == "DateTime"
        )

    def clean(self, type_name: str, row: dict[str, Any]) -> None:
        """Clean the texts of a row that a foreign source gave; what cannot be used becomes null.

        Columns that no field shows as they are, such as the names behind a display name, hold lines.
        """
        texts = self.types[type_name].texts
        others = {name for name, value in row.items() if isinstance(value, str)} - texts.keys()
        shown = {name: LINES for name in others if name != "id" and not name.startswith(("@", "_"))}
        clean_row({**shown, **texts}, row)

    def fault(self, type_name: str, row: Mapping[str, Any], columns: tuple[str, ...]) -> str | None:
        """Say what is wrong with a row that a foreign source gave, or None."""
        for name in ("id", *columns):
            if name not in row:
                return f"{type_name} without {name}"
            known = self.types[type_name].columns.get(name)
            if (
                known is not None
                and (type_name, name) not in self.derived
                and not _fits(known.type, row[name])
            ):
                return f"{type_name}.{name} cannot be {row[name]!r}"
        return None


def _fits(kind: Any, value: Any) -> bool:
    if value is None:
        return not isinstance(kind, GraphQLNonNull)
    nullable = get_nullable_type(kind)
    if isinstance(nullable, GraphQLList):
        return isinstance(value, list) and all(_fits(nullable.of_type, one) for one in value)
    if isinstance(nullable, GraphQLEnumType):
        return value in nullable.values
    allowed = SCALAR_TYPES.get(nullable.name, (str,))
    if isinstance(value, datetime):
        return nullable.name == "DateTime" and value.tzinfo is not None
    return isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))


def contract_types() -> list[type]:
    """List the object types of the contract, those reached only through an interface included."""
    skipped = {"Connection", "Edge"}
    return [
        kind
        for name, kind in vars(contract).items()
        if isinstance(kind, type) and hasattr(kind, "__strawberry_definition__") and name not in skipped
    ]
