"""How statements reach the database: what siblings ask in one turn of the event loop travels together."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.native.compiled import CompiledStatement

Rows = Sequence[Sequence[Any]]
TIME_LIMIT = 10.0
"""Seconds a statement may take before the database stops it."""


@dataclass(slots=True)
class Waiting:
    """A statement that waits for the turn to end."""

    statement: CompiledStatement
    arguments: list[Any]
    answer: asyncio.Future[Rows]


class Reader(ABC):
    """Gathers the statements of one group (one request) in one turn, and runs them together."""

    LOOK: float
    """Seconds after which whoever must know of every change should look, where none was heard."""

    def __init__(self) -> None:
        self.observers: list[Callable[[list[str]], None]] = []
        """Called with the texts of each batch that goes to the database."""
        self.heard: list[Callable[[], None]] = []
        """Called when the database is known to have changed; `generation` tells of what nobody told."""
        self._waiting: dict[Any, list[Waiting]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def read(self, statement: CompiledStatement, values: Mapping[str, Any], group: Any) -> Rows:
        """Run one statement, together with those of the same group asked in the same turn."""
        loop = asyncio.get_running_loop()
        one = Waiting(statement, statement.arguments(values), loop.create_future())
        batch = self._waiting.get(group)
        if batch is None:
            self._waiting[group] = [one]
            loop.call_soon(self._start, group)
        else:
            batch.append(one)
        return await one.answer

    def _start(self, group: Any) -> None:
        batch = self._waiting.pop(group)
        if self.observers:
            texts = [one.statement.text for one in batch]
            for observer in self.observers:
                observer(texts)
        task = asyncio.create_task(self._answer(batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _answer(self, batch: list[Waiting]) -> None:
        try:
            answers = await self.run(batch)
        except Exception as error:
            for one in batch:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        for one, rows in zip(batch, answers, strict=True):
            if not one.answer.done():
                one.answer.set_result(rows)

    @abstractmethod
    async def start(self) -> None:
        """Connect."""

    @abstractmethod
    async def run(self, batch: list[Waiting]) -> list[Rows]:
        """Run the statements of one batch. Raises what the driver raises."""

    @abstractmethod
    def generation(self) -> object:
        """Return a value that changes whenever the database does; None while that cannot be told."""

    def changed(self, of_messages: bool = False) -> None:
        """Hear that the database was changed, here or by what rang the doorbell.

        With `of_messages`, nothing that anybody remembers: a busy mailbox must not cost everybody's memory.
        """
        if not of_messages:
            self.forget_generation()
        for hear in self.heard:
            hear()

    @abstractmethod
    def forget_generation(self) -> None:
        """Find out anew whether the database has changed."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of connections."""
