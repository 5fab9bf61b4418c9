"""Where values lie in the answer: worked out only when an error needs to say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Place = tuple[Any, ...]
"""Where a value lies in the answer: (place of the parent, key or index); the root is ()."""


def path_of(place: Place) -> list[str | int]:
    """Write a place as the path of an error."""
    keys: list[str | int] = []
    while place:
        keys.append(place[1])
        place = place[0]
    return keys[::-1]


def above(place: Place) -> list[Place]:
    """List the places that hold a place, the nearest first."""
    found = []
    while place:
        place = place[0]
        found.append(place)
    return found


class Level(Protocol):
    """The values that are completed together."""

    def place(self, index: int) -> Place:
        """Tell where one of the values lies."""


@dataclass(frozen=True, slots=True)
class Root:
    """The one value at the top."""

    def place(self, index: int) -> Place:
        """Return the top."""
        return ()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of every value of a level."""

    parents: Level
    key: str

    def place(self, index: int) -> Place:
        """Go one field down."""
        return (self.parents.place(index), self.key)


@dataclass(frozen=True, slots=True)
class Items:
    """The items of every list of a level, one list after another."""

    parents: Level
    lists: Sequence[Sequence[Any]]

    def place(self, index: int) -> Place:
        """Find the list that holds an item, and its position there."""
        for parent, items in enumerate(self.lists):
            if index < len(items):
                return (self.parents.place(parent), index)
            index -= len(items)
        raise IndexError(index)


@dataclass(frozen=True, slots=True)
class Part:
    """Some values of a level."""

    whole: Level
    indices: Sequence[int]

    def place(self, index: int) -> Place:
        """Look up which value it was."""
        return self.whole.place(self.indices[index])
