"""Limits of a document, looked at before anything else walks it: each fragment is measured once.

Spreading a fragment twice in a fragment that is spread twice doubles the work at every step for whoever
follows the spreads. Here a fragment is summed up once and its sums are used wherever it is spread, so that
the time is linear in the document. What passes has few fields even when all fragments are spread, which
bounds all later work: validation, compilation and execution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MOST_DEFINITIONS = 100
"""Operations and fragments of one document: some rules compare each with each."""
MOST_FIELDS = 1_000
"""Fields of one operation, with all fragments spread."""
MOST_VALUES = 5_000
"""Values in all variables of an operation."""
MOST_KEYS = 100
"""Keys of one object, in the variables or in the document."""
CHARACTERS_OF_TOKEN = 15
"""Characters that a document may have for each token, on average."""
MOST_REPEATS = 60
"""Times that one field may be selected at one place of the answer: the rule of merged fields compares each
selection with each other."""


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """How large a document may be."""

    max_depth: int
    max_aliases: int
    max_tokens: int

    def fault_of_text(self, text: str) -> GraphQLError | None:
        """Return an error for a text that takes long to read, however few tokens it has."""
        most = CHARACTERS_OF_TOKEN * self.max_tokens
        if len(text) <= most:
            return None
        return GraphQLError(
            f"The document has {len(text)} characters; at the most {most} are allowed "
            f"({CHARACTERS_OF_TOKEN} for each of the setting max_tokens). Send long texts as variables."
        )

    def fault_of_variables(self, given: Mapping[str, Any]) -> GraphQLError | None:
        """Return an error for variables of too many values: messages about wrong ones name all others."""
        count, waiting = 0, list[Any]([given])
        while waiting:
            one = waiting.pop()
            inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
            count += len(inner)
            if count > MOST_VALUES or (isinstance(one, dict) and len(one) > MOST_KEYS):
                return GraphQLError(
                    f"The variables hold more than {MOST_VALUES} values, or {MOST_KEYS} in one object; "
                    "send fewer at once."
                )
            waiting += inner
        return None

    def fault(self, document: DocumentNode) -> GraphQLError | None:
        """Return the first limit that a parsed document exceeds; the document need not be valid."""
        if (count := len(document.definitions)) > MOST_DEFINITIONS:
            return GraphQLError(
                f"The document has {count} operations and fragments; at the most {MOST_DEFINITIONS} are "
                "allowed. Leave out those that are not used."
            )
        fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        sums = _Sums(fragments)
        sizes: list[tuple[Size, OperationDefinitionNode | FragmentDefinitionNode]] = [
            (sums.of(one.selection_set), one) for one in operations
        ]
        # Fragments that no operation spreads are refused by validation, which walks them all the same.
        sizes += [
            (sums.of(one.selection_set), one) for name, one in fragments.items() if name not in sums.known
        ]
        if sums.cycle is not None:
            return GraphQLError(f"The fragment '{sums.cycle}' spreads itself; take that spread out.")
        for size, one in sizes:
            fault = self._fault_of(size, one.name.value if one.name else "anonymous")
            if fault is not None:
                return GraphQLError(fault, one)
        if (fields := sum(size.fields for size, _ in sizes)) > MOST_FIELDS:
            return GraphQLError(
                f"The document selects {fields} fields with all fragments spread; at the most "
                f"{MOST_FIELDS} are allowed. Send it as several smaller ones."
            )
        for _, one in sizes:
            repeated = _repeated(one.selection_set, fragments)
            if repeated:
                return GraphQLError(
                    f"'{(repeated[0].alias or repeated[0].name).value}' is selected {len(repeated)} "
                    f"times at one place; at the most {MOST_REPEATS} times are allowed. Select it once.",
                    repeated[0],
                )
        return None

    def _fault_of(self, size: Size, name: str) -> str | None:
        for what, count, most in (
            ("levels of fields", size.depth, "max_depth"),
            ("aliases", size.aliases, "max_aliases"),
        ):
            limit: int = getattr(self, most)
            if count > limit:
                return (
                    f"'{name}' has {count} {what}; at the most {limit} are allowed (the setting {most}). "
                    "Send it as several smaller operations."
                )
        if size.keys > MOST_KEYS:
            return (
                f"'{name}' has an object of {size.keys} fields; at the most {MOST_KEYS} are allowed. Leave "
                "out those that the schema does not have."
            )
        return None


def _keys_of(value: Any) -> int:
    """Count the fields of the largest object in a value."""
    if isinstance(value, ListValueNode):
        return max((_keys_of(one) for one in value.values), default=0)
    if isinstance(value, ObjectValueNode):
        return max([len(value.fields), *(_keys_of(one.value) for one in value.fields)])
    return 0


@dataclass(slots=True)
class Size:
    """What a selection comes to when all its fragments are spread."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    keys: int = 0
    """Those of the largest object among the arguments."""

    def add(self, other: Size, levels: int = 0) -> None:
        """Take in another selection, some levels further down."""
        self.depth = max(self.depth, other.depth + levels)
        self.fields += other.fields
        self.aliases += other.aliases
        self.keys = max(self.keys, other.keys)


@dataclass(slots=True)
class _Sums:
    """The sizes of selections; those of fragments are kept."""

    fragments: dict[str, FragmentDefinitionNode]
    known: dict[str, Size | None] = field(default_factory=dict)
    """By fragment; None while it is being summed up."""
    cycle: str | None = None
    """A fragment that spreads itself, once one was met."""

    def of(self, selections: SelectionSetNode) -> Size:
        """Sum up a selection."""
        size = Size()
        for one in selections.selections:
            if isinstance(one, FieldNode):
                size.fields += 1
                size.aliases += one.alias is not None
                for argument in one.arguments or ():
                    size.keys = max(size.keys, _keys_of(argument.value))
                size.depth = max(size.depth, 1)
                if one.selection_set is not None:
                    below = self.of(one.selection_set)
                    # How deep introspection may go is limited by a rule of validation.
                    size.add(below if not one.name.value.startswith("__") else replace(below, depth=0), 1)
            elif isinstance(one, FragmentSpreadNode):
                size.add(self._fragment(one.name.value))
            elif isinstance(one, InlineFragmentNode):
                size.add(self.of(one.selection_set))
        return size

    def _fragment(self, name: str) -> Size:
        if name not in self.fragments:
            return Size()
        if name not in self.known:
            self.known[name] = None
            self.known[name] = self.of(self.fragments[name].selection_set)
        found = self.known[name]
        if found is None:
            self.cycle = name
        return found or Size()


def _repeated(
    selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]
) -> list[FieldNode] | None:
    """Find the selections of a field that is selected too often at one place of the answer."""
    places = [[selections]]
    while places:
        by_key: dict[str, list[FieldNode]] = {}
        for node in fields_of(places.pop(), fragments):
            by_key.setdefault((node.alias or node.name).value, []).append(node)
        for nodes in by_key.values():
            if len(nodes) > MOST_REPEATS:
                return nodes
            below = [node.selection_set for node in nodes if node.selection_set is not None]
            if below:
                places.append(below)
    return None


def fields_of(
    selections: list[SelectionSetNode], fragments: dict[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    """List the fields of one place of the answer, each fragment once."""
    waiting: list[SelectionSetNode] = list(selections)
    visited: set[str] = set()
    while waiting:
        for one in waiting.pop().selections:
            if isinstance(one, FieldNode):
                yield one
                continue
            inner: Any = one
            if isinstance(one, FragmentSpreadNode):
                name = one.name.value
                if name in visited or name not in fragments:
                    continue
                visited.add(name)
                inner = fragments[name]
            waiting.append(inner.selection_set)
