"""Small records that many requests read again: kept in memory until the database changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from cachetools import LRUCache

from adapters.base import Children, Parent, Request, Row
from adapters.native.relations import REFERENCES, RELATIONS

Fetch = Callable[[Request], Awaitable[Mapping[str, Children]]]
Key = tuple[str, tuple[tuple[str, object], ...], str]

REMEMBERED = (REFERENCES.keys() - {"Attachment", "TripUpdate", "Dashboard"}) | {
    "Guardian.guardianships",
    "Student.guardianships",
    "Student.classes",
    "School.settings",
    "School.periods",
    "School.skill_scales",
    "School.absence_reasons",
    "SkillScale.levels",
    "Person.charters",
}
"""Relations whose answers depend on the parent alone: reference data, and what rights come from."""
KEPT = 50_000
"""Answers kept, each some hundred bytes to a few kilobytes; the least used go first."""
LONGEST = 60
"""Seconds after which an answer is read again, because some records appear at a set time."""


class Remembered:
    """Answers for single parents, whole records each, valid for one generation of the database."""

    def __init__(self) -> None:
        self._answers: LRUCache[Key, Children] = LRUCache(KEPT)
        self._generation: object = None

    @staticmethod
    def takes(request: Request) -> bool:
        """Tell whether a question may be answered from memory."""
        return request.relation in REMEMBERED and request.page.limit is None and request.newest_first is None

    async def answer(
        self, request: Request, generation: Callable[[], object], fetch: Fetch
    ) -> Mapping[str, Children]:
        """Answer from memory what is known, and fetch the rest with every column.

        `generation` gives a value that changes with the database, or None while that cannot be told.
        The rows are shared: who changes one must copy it first.
        """
        before = self._now(request.now, generation)
        if before is None:
            return await fetch(request)
        if before != self._generation:
            self._answers.clear()
            self._generation = before
        found: dict[str, Children] = {}
        unknown: dict[Key, list[Parent]] = {}
        filters = tuple(sorted(request.filters.items()))
        for parent in request.parents:
            key = (request.relation, filters, parent.id)
            answer = self._answers.get(key)
            if answer is None:
                unknown.setdefault(key, []).append(parent)
            else:
                found[parent.group] = Children(list(answer.rows))
        if unknown:
            found.update(await self._learn(request, unknown, fetch))
            if before != self._now(request.now, generation):
                self._generation = None
        return found

    def record(self, relation: str, key: str, now: datetime, generation: Callable[[], object]) -> Row | None:
        """Return a record by its id from memory, or None."""
        if relation not in REFERENCES or self._generation != self._now(now, generation):
            return None
        answer = self._answers.get((relation, (), key))
        return answer.rows[0] if answer is not None and answer.rows else None

    @staticmethod
    def _now(now: datetime, generation: Callable[[], object]) -> object:
        known = generation()
        return None if known is None else (known, int(now.timestamp()) // LONGEST)

    async def _learn(
        self, request: Request, unknown: Mapping[Key, list[Parent]], fetch: Fetch
    ) -> dict[str, Children]:
        everything = tuple(RELATIONS[request.relation].columns)
        asked = tuple(parents[0] for parents in unknown.values())
        answers = await fetch(replace(request, parents=asked, columns=everything))
        found = {}
        for key, parents in unknown.items():
            answer = answers.get(parents[0].group, Children())
            self._answers[key] = answer
            found.update({parent.group: Children(list(answer.rows)) for parent in parents})
        return found
