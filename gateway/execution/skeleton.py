"""What stays the same of an answer to a viewer, and the lists that are read anew for it.

When a viewer asks an operation for the third time, all of it is known but the rows of its lists: what was
written of the viewer, the students and their classes, and where the lists belong. Nothing is left to descend
through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import orjson

from resolvers.context import RequestContext

BYTES_OF_CHARACTER = 6
"""An estimate of what each byte of the answer takes as objects."""
AnswerObject = dict[str, Any]
Fill = Callable[[RequestContext, Sequence[AnswerObject]], Awaitable[bool]]
"""Reads one edge and writes it into the answers of its owners; tells whether that could be done."""


@dataclass(frozen=True, slots=True)
class Filled:
    """An edge that was written from rows: its key, its owners in the answer, and what writes it again."""

    key: str
    owners: Sequence[AnswerObject]
    fill: Fill


class Skeleton:
    """An answer without its lists; what holds a list, however far below, is copied for each answer."""

    def __init__(self, answer: AnswerObject, filled: Sequence[Filled]) -> None:
        self._parts: list[tuple[Any, int, Any]] = []
        """Objects and lists to be copied, each with the number of the one that holds it, and where."""
        numbers: dict[int, int] = {}
        owned = {id(owner) for one in filled for owner in one.owners}
        self._collect(answer, -1, None, owned, numbers)
        for one in filled:
            for owner in one.owners:
                self._parts[numbers[id(owner)]][0][one.key] = None
        self._fills = [(one.fill, [numbers[id(owner)] for owner in one.owners]) for one in filled]
        self.size = BYTES_OF_CHARACTER * len(orjson.dumps(self._made()[0], attrgetter("text")))

    def _collect(self, part: Any, holder: int, place: Any, owned: set[int], numbers: dict[int, int]) -> bool:
        """Note a part if a list belongs into it or below it; returns whether."""
        mine = len(self._parts)
        self._parts.append((part.copy(), holder, place))
        items = part.items() if isinstance(part, dict) else enumerate(part)
        below = [
            self._collect(value, mine, at, owned, numbers)
            for at, value in items
            if isinstance(value, dict | list)
        ]
        if holder >= 0 and id(part) not in owned and not any(below):
            del self._parts[mine:]
            return False
        numbers[id(part)] = mine
        return True

    def _made(self) -> list[Any]:
        """Copy the parts into which lists will be written; the first is the answer."""
        made: list[Any] = []
        for part, holder, place in self._parts:
            one = part.copy()
            made.append(one)
            if holder >= 0:
                made[holder][place] = one
        return made

    async def answer(self, context: RequestContext) -> AnswerObject | None:
        """Read the lists, and return the answer; None where one has to be completed in the usual way.

        Raises what reading raises, and NeedsCare.
        """
        made = self._made()
        if context.sources.are_immediate or len(self._fills) == 1:
            for fill, owners in self._fills:
                await context.work.turn.rest()
                if not await fill(context, [made[one] for one in owners]):
                    return None
        else:
            # All come to their end, so that nothing runs on behind an answer.
            fills = (fill(context, [made[one] for one in owners]) for fill, owners in self._fills)
            for found in await asyncio.gather(*fills, return_exceptions=True):
                if isinstance(found, BaseException):
                    raise found
                if not found:
                    return None
        answer: AnswerObject = made[0]
        return answer
