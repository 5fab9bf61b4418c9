"""How statements reach the database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from adapters.base import Rows
from adapters.native.compiled import CompiledStatement

TIME_LIMIT = 10.0
"""Seconds a statement may take before the database stops it."""


class Reader(ABC):
    """Runs statements that only read, and knows whether the database has changed."""

    LOOK: float
    """Seconds after which whoever must know of every change should look, where none was heard."""
    is_immediate: bool
    """Whether a short statement is answered without waiting, so that asking several at once gains nothing."""

    def __init__(self) -> None:
        self.observers: list[Callable[[list[str]], None]] = []
        """Called with the texts of each batch that goes to the database."""
        self.heard: list[Callable[[], None]] = []
        """Called when the database is known to have changed; `generation` tells of what nobody told."""

    @abstractmethod
    async def read(self, statement: CompiledStatement, arguments: list[Any], group: Any) -> Rows:
        """Run one statement for a group (one request). Raises what the driver raises."""

    def observed(self, texts: list[str]) -> None:
        """Tell the observers what goes to the database."""
        for observer in self.observers:
            observer(texts)

    @abstractmethod
    async def start(self) -> None:
        """Connect."""

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
