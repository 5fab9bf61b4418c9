"""Who is who: which persons of several sources are one, by keys ranked by strength.

Pure functions of what the sources say, so that the order of imports cannot matter. A key that contradicts
forbids the match, however many others agree; a key that one source gives to two persons identifies nobody.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any

from adapters import records as r

NUMBERS = ("information_system_id", "national_id")
"""Columns of numbers, the strongest first."""


PARTICLES = frozenset(
    [
        "d",
        "da",
        "das",
        "de",
        "del",
        "der",
        "des",
        "di",
        "do",
        "dos",
        "du",
        "e",
        "el",
        "l",
        "la",
        "le",
        "les",
        "van",
        "von",
        "y",
    ]
)
"""Words of family names that tell nobody apart."""


@dataclass(frozen=True, slots=True)
class Person:
    """What one source says of who a person is; `id` is its own id, `record_id` the record it is part of now.

    `scope` is the school within which a student's keys count; None for everybody else.
    """

    id: str
    record_id: str
    source_id: str
    scope: str | None
    content: Mapping[str, Any]
    is_current: bool = True

    def key(self, name: str) -> tuple[str, str, str] | None:
        """Return a key with its scope, to compare it with that of others; None where it is not filled."""
        value = self.content.get(name)
        return (name, self.scope or "", str(value)) if value else None


@dataclass(slots=True)
class Groups:
    """The outcome: lists of persons that are one, and pairs that share a key and are not joined, with why."""

    groups: list[list[Person]] = field(default_factory=list)
    doubtful: list[tuple[Person, Person, str]] = field(default_factory=list)


Edge = tuple[Person, Person]
Against = Callable[[Person, Person], str | None]
"""Says why two persons cannot be one; None where nothing speaks against it."""


def contradiction(
    one: Mapping[str, Any], other: Mapping[str, Any], ignored: Collection[Any] = ()
) -> str | None:
    """Say which key of two persons contradicts; None where none does. What only one has contradicts nothing.

    `ignored` are values of numbers that identify nobody.
    """
    if not names_fit(one, other):
        return "other names"
    if differ(one.get("date_of_birth"), other.get("date_of_birth")):
        return "another day of birth"
    for name in NUMBERS:
        mine, theirs = one.get(name), other.get(name)
        if mine not in ignored and theirs not in ignored and differ(mine, theirs):
            return "other numbers"
    return None


def differ(one: Any, other: Any) -> bool:
    """Tell whether both are filled and not the same; days may be given as text."""
    return bool(one) and bool(other) and _plain(one) != _plain(other)


def named(row: Mapping[str, Any]) -> str:
    """Return the names of a person, or the name of a school, for people to read."""
    return f"{row.get('first_name') or ''} {row.get('last_name') or row.get('name')}".strip()


def names_fit(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether the first names fit, and a family name or a name at birth is shared.

    Brothers and sisters share one of the two; a name that is missing fits any.
    """
    family = [_words(row.get("last_name"), row.get("birth_name")) - PARTICLES for row in (one, other)]
    return first_names_fit(one, other) and (not all(family) or bool(family[0] & family[1]))


def first_names_fit(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether the first names of one are among those of the other; one that is missing fits any.

    Jean-Pierre is not Jean-Paul.
    """
    first = [_words(row.get("first_name")) for row in (one, other)]
    return first[0] <= first[1] or first[1] <= first[0]


def _words(*names: str | None) -> set[str]:
    return {word for name in names for word in re.findall(r"\w+", r.search_text(name or ""))}


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def untrusted(persons: Iterable[Person]) -> set[tuple[str, str, str]]:
    """Return the keys that one source gives to several persons at once: they identify nobody."""
    seen: Counter[tuple[str, tuple[str, str, str]]] = Counter()
    for one in persons:
        if one.is_current:
            for name in (*NUMBERS, "match_code"):
                if (key := one.key(name)) is not None:
                    seen[one.source_id, key] += 1
    return {key for (_, key), number in seen.items() if number > 1}


def group_by_keys(
    persons: Sequence[Person], keys: Sequence[str], linked: Iterable[Edge], apart: Collection[frozenset[str]]
) -> Groups:
    """Group persons by their keys, the strongest first.

    `linked` are pairs that somebody decided to be one, `apart` pairs of ids decided to be two.
    """
    without = untrusted(persons)
    values = {value for name, _, value in without if name in NUMBERS}

    def against(one: Person, other: Person) -> str | None:
        if one.scope != other.scope:
            return "another school"
        return contradiction(one.content, other.content, values)

    tiers = []
    for name in keys:
        holders: dict[tuple[str, str, str], list[Person]] = defaultdict(list)
        for one in persons:
            if (key := one.key(name)) is not None and key not in without:
                holders[key].append(one)
        tiers.append([pair for some in holders.values() for pair in combinations(some, 2)])
    return group(persons, tiers, against, linked, apart)


def group(
    persons: Sequence[Person],
    tiers: Iterable[Sequence[Edge]],
    against: Against,
    linked: Iterable[Edge] = (),
    apart: Collection[frozenset[str]] = (),
) -> Groups:
    """Group persons by pairs that share a key, tier by tier; a group is one only if all of it agrees.

    Persons that a source no longer has join those that are current; they never hold two of these together.
    """
    ordered = sorted(persons, key=lambda one: one.id)
    grouping = _Grouping(ordered, against, apart)
    for one, other in linked:
        grouping.unite(one, other)
    tiers = [sorted(tier, key=lambda pair: (pair[0].id, pair[1].id)) for tier in tiers]
    for tier in tiers:
        grouping.join([pair for pair in tier if pair[0].is_current and pair[1].is_current])
    for tier in tiers:
        grouping.join([pair for pair in tier if not (pair[0].is_current and pair[1].is_current)])
    return grouping.outcome()


class _Grouping:
    """Groups while they grow: each person's group is the list that holds them."""

    def __init__(
        self, persons: Sequence[Person], against: Against, apart: Collection[frozenset[str]]
    ) -> None:
        self._group = {one.id: [one] for one in persons}
        self._against = against
        self._apart = apart
        self._doubtful: dict[tuple[str, str], tuple[Person, Person, str]] = {}

    def unite(self, one: Person, other: Person) -> None:
        """Make one group of two, whatever they say."""
        mine, theirs = self._group[one.id], self._group[other.id]
        if mine is not theirs:
            mine += theirs
            for person in theirs:
                self._group[person.id] = mine

    def join(self, edges: Sequence[Edge]) -> None:
        """Unite what edges connect, where nothing in the whole contradicts; else nothing of it."""
        fitting = []
        for one, other in edges:
            reason = self._between(self._group[one.id], self._group[other.id])
            if reason is None:
                fitting.append((one, other))
            else:
                self._doubt(one, other, reason)
        for connected in _connected(fitting, self._group):
            groups = {id(self._group[one.id]): self._group[one.id] for pair in connected for one in pair}
            reason = next(
                (
                    why
                    for a, b in combinations(groups.values(), 2)
                    if (why := self._between(a, b)) is not None
                ),
                None,
            )
            for one, other in connected:
                if reason is None:
                    self.unite(one, other)
                else:
                    self._doubt(one, other, f"several fit ({reason})")

    def outcome(self) -> Groups:
        """Return the groups, and the pairs in doubt that are not in one group after all."""
        groups = {id(some): sorted(some, key=lambda one: one.id) for some in self._group.values()}
        doubtful = [
            (one, other, why)
            for one, other, why in self._doubtful.values()
            if self._group[one.id] is not self._group[other.id] and one.is_current and other.is_current
        ]
        return Groups(sorted(groups.values(), key=lambda some: some[0].id), doubtful)

    def _between(self, mine: list[Person], theirs: list[Person]) -> str | None:
        if mine is theirs:
            return None
        for one in mine:
            for other in theirs:
                if one.source_id == other.source_id:
                    return "one source has both"
                if frozenset((one.id, other.id)) in self._apart:
                    return "decided to be two"
                if (reason := self._against(one, other)) is not None:
                    return reason
        return None

    def _doubt(self, one: Person, other: Person, reason: str) -> None:
        self._doubtful.setdefault((one.id, other.id), (one, other, reason))


def _connected(edges: Sequence[Edge], group: Mapping[str, list[Person]]) -> list[list[Edge]]:
    """Return the edges by connected part of the graph of groups."""
    part: dict[int, list[Edge]] = {}
    nodes: dict[int, set[int]] = {}
    for one, other in edges:
        ends = {id(group[one.id]), id(group[other.id])}
        joined: list[Edge] = [(one, other)]
        reached = set(ends)
        for end in ends:
            if end in part:
                reached |= nodes[end]
                joined += [edge for edge in part[end] if edge not in joined]
        for node in reached:
            part[node], nodes[node] = joined, reached
    return list({id(some): some for some in part.values()}.values())
