"""Small records that many requests read again: kept in memory until the database changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

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
"""Answers kept, each some hundred bytes to a few kilobytes; one more, and all are learned anew."""


class Remembered:
    """Answers for single parents, whole records each, valid for one generation of the database.

    A minute is a generation at the most, because some records appear at a set time.

    `generation` gives a value that changes with the database, or None while that cannot be told.
    """

    def __init__(self, generation: Callable[[], object]) -> None:
        self._database = generation
        self._answers: dict[Key, Children] = {}
        self._records: dict[str, dict[str, Row]] = defaultdict(dict)
        """Those of the answers that are one record each: by relation and id."""
        self._generation: object = None

    @staticmethod
    def takes(request: Request) -> bool:
        """Tell whether a question may be answered from memory."""
        return request.relation in REMEMBERED and request.page.limit is None and request.newest_first is None

    async def answer(self, request: Request, fetch: Fetch) -> Mapping[str, Children]:
        """Answer from memory what is known, and fetch the rest with every column.

        The rows are shared: who changes one must copy it first.
        """
        before = self.generation(request.now)
        if before is None:
            return await fetch(request)
        if before != self._generation or len(self._answers) >= KEPT:
            self._answers.clear()
            self._records.clear()
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
            if before != self.generation(request.now):
                self._generation = None
        return found

    def records(self, relation: str, now: datetime) -> Mapping[str, Row]:
        """Return the records of a relation that are in memory, by id."""
        return self._records[relation] if self._generation == self.generation(now) else {}

    def generation(self, now: datetime) -> object:
        """Return a value that changes when what is remembered must be read again; None: remember nothing."""
        known = self._database()
        return None if known is None else (known, now.hour, now.minute, now.date())

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
            if request.relation in REFERENCES and not request.filters and answer.rows:
                self._records[request.relation][key[2]] = answer.rows[0]
            found.update({parent.group: Children(list(answer.rows)) for parent in parents})
        return found
