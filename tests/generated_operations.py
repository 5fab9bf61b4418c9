"""Random operations over the schema: selections, arguments, aliases, fragments, directives, variables."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from resolvers.identifiers import GlobalId, decode
from resolvers.registry import strawberry_schema

GRAPHQL: GraphQLSchema = strawberry_schema()._schema
DIRECTIVES = ["", "", "", " @include(if: $yes)", " @skip(if: $yes)", " @skip(if: $no)", " @include(if: true)"]
INTEGERS = {"first": (0, 6), "last": (0, 3), "length": (0, 60)}
WORDS = {
    "search": ["princ", "suivi", "é", "%"],
    "slug": ["justifier-une-absence", "nothing"],
    "locale": ["fr"],
}


class Operation:
    """Draws one operation; `identifiers` are global ids an argument may name."""

    def __init__(self, draw: Any, identifiers: list[str], shows_ids: bool = False) -> None:
        self.draw = draw
        self.shows_ids = shows_ids
        """Whether every record that has an id shows it."""
        self.identifiers = identifiers
        self.fragments: list[str] = []
        self.aliases = 2

    def text(self, depth: int = 4) -> str:
        """Draw the whole operation."""
        fields = self.selection(GRAPHQL.type_map["Query"], depth)
        used = "{ yes: __typename @include(if: $yes) no: __typename @skip(if: $no) " + fields.removeprefix(
            "{ "
        )
        head = "query Drawn($yes: Boolean = true, $no: Boolean = false) "
        return head + used + " " + " ".join(self.fragments)

    def of_records(self) -> str:
        """Draw an operation that reaches records: by their ids, and from the viewer's students."""
        named: str = self.draw(st.sampled_from(self.identifiers))
        kind = (decode(named) or GlobalId("Node", "", "")).type_name
        below = self.selection(GRAPHQL.type_map[kind], 3)
        student = GRAPHQL.type_map["Student"]
        head = "query Drawn($yes: Boolean = true, $no: Boolean = false) "
        used = "yes: __typename @include(if: $yes) no: __typename @skip(if: $no)"
        return (
            f'{head}{{ {used} node(id: "{named}") {{ id ... on {kind} {below} }} '
            f"viewer {{ students {self.selection(student, 3)} }} "
            f'students(ids: ["{named}"]) {self.selection(student, 2)} }} {" ".join(self.fragments)}'
        )

    def of_lists(self) -> str:
        """Draw an operation of flat lists, as widgets ask for them: leaves, and single records of leaves."""
        mine, common = self._lists("Student"), self._lists("Query")
        head = "query Drawn($yes: Boolean = true, $no: Boolean = false) "
        used = "yes: __typename @include(if: $yes) no: __typename @skip(if: $no)"
        return f"{head}{{ {used} viewer {{ students {{ id {mine} }} }} {common} }}"

    def _lists(self, owner: str) -> str:
        kind = GRAPHQL.type_map[owner]
        assert isinstance(kind, GraphQLObjectType)
        names = sorted(one for one, field in kind.fields.items() if _nodes(field) is not None)
        parts = []
        for index, name in enumerate(self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3))):
            field = kind.fields[name]
            node: Any = _nodes(field)
            below = self._fields(node, 0).removesuffix("}")
            for place, one in enumerate(self.draw(st.lists(st.sampled_from(_single(node)), max_size=2))):
                below += f" one{place}: {one} {self._fields(get_named_type(node.fields[one].type), 0)}"
            total = self.draw(st.sampled_from(["", "totalCount", "count: totalCount __typename"]))
            self.aliases += 1
            parts.append(f"list{index}: {name}{self._arguments(field) or ''} {{ {total} nodes {below} }} }}")
        return " ".join(parts)

    def selection(self, kind: Any, depth: int) -> str:
        """Draw a selection of a type, through fragments where it is abstract."""
        named = get_named_type(kind)
        if is_leaf_type(named):
            return ""
        if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
            known = sorted(GRAPHQL.get_possible_types(named), key=lambda one: one.name)
            chosen = self.draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
            parts = [f"... on {one.name}{self._directive()} {self.selection(one, depth)}" for one in chosen]
            return "{ __typename " + " ".join(parts) + " }"
        assert isinstance(named, GraphQLObjectType)
        inner = self._fields(named, depth)
        if self.draw(st.integers(0, 9)) == 0:
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {named.name} {inner}")
            return f"{{ __typename ...{name} ... {{ again: __typename }} }}"
        return inner

    def _fields(self, kind: GraphQLObjectType, depth: int) -> str:
        names = sorted(
            one for one in kind.fields if depth > 0 or is_leaf_type(get_named_type(kind.fields[one].type))
        )
        parts = ["__typename gid: id" if self.shows_ids and "id" in kind.fields else "__typename"]
        for index, name in (
            enumerate(self.draw(st.lists(st.sampled_from(names), max_size=4))) if names else ()
        ):
            field = kind.fields[name]
            arguments = self._arguments(field)
            if arguments is None:
                continue
            # A name of its own: fields of other types or with other arguments do not merge.
            self.aliases += 1
            below = self.selection(field.type, depth - 1)
            parts.append(f"{kind.name}{index}: {name}{arguments}{self._directive()} {below}")
        return "{ " + " ".join(parts) + " }"

    def _directive(self) -> str:
        found: str = self.draw(st.sampled_from(DIRECTIVES))
        return found

    def _arguments(self, field: GraphQLField) -> str | None:
        given = []
        for name, argument in field.args.items():
            required = isinstance(argument.type, GraphQLNonNull)
            if required or self.draw(st.booleans()):
                value = self._value(name, argument)
                if value is None and required:
                    return None
                if value is not None:
                    given.append(f"{name}: {value}")
        return f"({', '.join(given)})" if given else ""

    def _value(self, name: str, argument: GraphQLArgument) -> str | None:
        named = get_named_type(argument.type)
        nullable = argument.type.of_type if isinstance(argument.type, GraphQLNonNull) else argument.type
        one = self._scalar(name, named)
        return None if one is None else (f"[{one}]" if isinstance(nullable, GraphQLList) else one)

    def _scalar(self, name: str, named: Any) -> str | None:
        if isinstance(named, GraphQLEnumType):
            return str(self.draw(st.sampled_from(sorted(named.values))))
        if named.name == "Boolean":
            return str(self.draw(st.sampled_from(["true", "false", "$yes", "$no"])))
        if name in INTEGERS:
            return str(self.draw(st.integers(*INTEGERS[name])))
        if named.name == "ID":
            return f'"{self.draw(st.sampled_from(self.identifiers))}"'
        if named.name == "Date":
            return f'"2026-11-{self.draw(st.integers(16, 29))}"'
        if name in WORDS:
            return f'"{self.draw(st.sampled_from(WORDS[name]))}"'
        return None


def _nodes(field: GraphQLField) -> GraphQLObjectType | None:
    """Return the type of the nodes of a connection."""
    named = get_named_type(field.type)
    if not isinstance(named, GraphQLObjectType) or "nodes" not in named.fields:
        return None
    node = get_named_type(named.fields["nodes"].type)
    return node if isinstance(node, GraphQLObjectType) else None


def _single(kind: GraphQLObjectType) -> list[str]:
    """List the fields that hold one object and need no arguments."""
    found = []
    for name, field in kind.fields.items():
        nullable = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        if isinstance(nullable, GraphQLObjectType) and not field.args:
            found.append(name)
    return sorted(found) or ["__typename"]
