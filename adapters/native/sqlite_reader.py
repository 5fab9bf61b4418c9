"""Reading from SQLite: short statements in the event loop, long ones in threads."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from math import inf
from queue import Empty, SimpleQueue
from threading import Event
from time import perf_counter, thread_time
from typing import Any

from cachetools import LRUCache

from adapters.base import Rows
from adapters.native.compiled import CompiledStatement
from adapters.native.reader import TIME_LIMIT, Reader

REMEMBERED = 512
"""Statements known to be long, which go to a thread at once."""


class SqliteReader(Reader):
    """Reads in the event loop while a query stays short, and in a thread as soon as one does not.

    Most statements take some ten microseconds, far less than handing them to a thread and back. SQLite asks
    now and then whether to go on, and gives up after `SHORT`, so that no query can stall the loop.
    """

    SHORT = 0.001
    """Seconds a statement may take in the event loop."""
    STEPS = 10_000
    """Steps of SQLite's virtual machine between two looks at the clock; about 0.3 ms."""
    LOCKED = 1_000
    """Milliseconds for which a lock is waited for; nothing of ours takes one that stops readers."""
    THREADS = 4
    LOOK = 0.1
    is_immediate = True

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self.handed_over = 0
        """Statements that went to a thread."""
        self._long_texts: LRUCache[str, None] = LRUCache(REMEMBERED)
        self._until = 0.0
        self._generation: int | None = None
        self._here: sqlite3.Connection | None = None
        self._pool = ThreadPoolExecutor(self.THREADS, "sqlite-reader")
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        for pragma in (f"busy_timeout={self.LOCKED}", "cache_size=-65536", "query_only=1"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _open(self) -> sqlite3.Connection:
        self._here = self._connect()
        # Temporary tables of short statements are small. For each that may go to a file, SQLite makes a cache
        # of 80 kB, which glibc may take from the system and give back every time: a third of their time.
        self._here.execute("PRAGMA temp_store=MEMORY")
        self._here.set_progress_handler(lambda: perf_counter() > self._until, self.STEPS)
        return self._here

    async def start(self) -> None:
        """Open the connection of the event loop."""
        self._open()

    async def read(self, statement: CompiledStatement, arguments: list[Any], group: Any) -> Rows:
        """Run a statement here, or in a thread if it is long."""
        rows = self._read_here(statement.text, arguments)
        if rows is not None:
            return rows
        self.observed([statement.text])
        return await self._hand_over(statement.text, arguments)

    def _read_here(self, text: str, arguments: list[Any]) -> Rows | None:
        """Run a statement in the event loop; None where it is long.

        All statements of one turn of the event loop see the database as it was at the first of them, and
        take one lock together.
        """
        if text in self._long_texts:
            return None
        here = self._here or self._open()
        self._until = perf_counter() + self.SHORT
        try:
            if not here.in_transaction:
                here.execute("BEGIN")
                asyncio.get_running_loop().call_soon(self._end_transaction)
            rows = here.execute(text, arguments).fetchall()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        self.observed([text])
        return rows

    def _end_transaction(self) -> None:
        if self._here is not None and self._here.in_transaction:
            # Interrupted, it would leave the transaction open: whatever is read later would be of now.
            self._until = inf
            self._here.execute("COMMIT")

    async def _hand_over(self, text: str, arguments: list[Any]) -> Rows:
        """Run a long statement in a thread; remember whether it was long."""
        self.handed_over += 1
        loop, is_unwanted = asyncio.get_running_loop(), Event()
        try:
            rows, seconds = await loop.run_in_executor(self._pool, self._long, text, arguments, is_unwanted)
        except asyncio.CancelledError:
            is_unwanted.set()
            raise
        if seconds > self.SHORT:
            self._long_texts[text] = None
        else:
            self._long_texts.pop(text, None)
        return rows

    def generation(self) -> object:
        """Ask SQLite's own count of changes, once in a turn of the event loop."""
        if self._here is None:
            return None
        if self._generation is None:
            self._until = inf
            (self._generation,) = self._here.execute("PRAGMA data_version").fetchone()
            asyncio.get_running_loop().call_soon(self.forget_generation)
        return self._generation

    def forget_generation(self) -> None:
        """Ask again."""
        self._generation = None

    def _long(self, text: str, arguments: list[Any], is_unwanted: Event) -> tuple[Rows, float]:
        """Run a statement in this thread, unless nobody waits any more; returns its rows and the seconds."""
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = self._connect()
        worked = thread_time()
        until = perf_counter() + TIME_LIMIT
        connection.set_progress_handler(lambda: is_unwanted.is_set() or perf_counter() > until, self.STEPS)
        try:
            rows = connection.execute(text, arguments).fetchall()
            # Waiting for other threads is not its own time.
            return rows, thread_time() - worked
        finally:
            self._idle.put(connection)

    async def close(self) -> None:
        """Wait for the threads and close every connection."""
        self._pool.shutdown()
        if self._here is not None:
            self._here.close()
            self._here = None
        while not self._idle.empty():
            self._idle.get_nowait().close()
