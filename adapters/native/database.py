"""Opening the database: SQLite in WAL mode or PostgreSQL, brought up to date by Alembic."""

from __future__ import annotations

import asyncio
import io
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import gaierror
from typing import Any

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from adapters.base import BadConfiguration, RetryLater

log = logging.getLogger("passerelle.database")
UNREACHABLE = (
    *(OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError),
    *(exc.DBAPIError, exc.TimeoutError, RetryLater),
)
"""What is raised where the database does not answer."""
AWAY = (
    *(ConnectionError, TimeoutError, gaierror, sqlite3.Error, asyncpg.PostgresError),
    *(asyncpg.InterfaceError, exc.DBAPIError, exc.TimeoutError, RetryLater),
)
"""Of these, what is not raised where a file cannot be read."""
FAULTS = (exc.IntegrityError, exc.ProgrammingError, exc.DataError)
"""Those that are faults of a statement of ours."""
WAIT_FOR_LOCK = 30.0
"""Seconds that whoever writes to SQLite waits for another who writes, an import perhaps."""
LOOK = 0.02
"""Seconds after which a lock of SQLite is asked for again, by who must be able to give up."""
PATIENCE = 60.0
"""Seconds in which it must answer whoever starts."""
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def open_database(url: str) -> AsyncEngine:
    """Make the engine for `sqlite:///file` or `postgresql://user:password@host/name`.

    Raises BadConfiguration when the address is of another kind, or in a folder that is not there.
    """
    try:
        address = make_url(url)
        driver = DRIVERS[address.drivername.split("+")[0]]
    except (exc.ArgumentError, KeyError) as error:
        raise BadConfiguration(
            "The database address must begin with sqlite:/// or postgresql://; for example "
            "sqlite:///passerelle.db or postgresql://user:password@host/passerelle."
        ) from error
    if driver == DRIVERS["sqlite"] and address.database not in (None, "", ":memory:"):
        _for_this_user_only(Path(str(address.database)))
    # What a statement was asked with is data of persons, and belongs in no log.
    engine = create_async_engine(
        address.set(drivername=driver), pool_size=8, max_overflow=8, hide_parameters=True
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _for_this_user_only(file: Path) -> None:
    """Make a file that is not there yet, so that no other user can read it: it holds names of children.

    Raises BadConfiguration where there is no folder for it.
    """
    if not file.parent.is_dir():
        raise unreachable(FileNotFoundError(f"there is no folder {file.parent}"))
    with suppress(OSError):  # whoever opens it says what is wrong
        file.touch(mode=0o600, exist_ok=False)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions would begin late and let two writers collide: we begin ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    # Nothing can stop this wait, not even a cancelled task: see `begin_writing`.
    wait = options.get("wait_for_lock", WAIT_FOR_LOCK)
    connection.exec_driver_sql(f"PRAGMA busy_timeout={wait * 1000:.0f}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")


async def begin_writing(connection: AsyncConnection, seconds: float) -> None:
    """Begin a transaction that writes; waits so long for another who writes to SQLite, and can be cancelled.

    Raises RetryLater.
    """
    await connection.execution_options(writes=True, wait_for_lock=0.0)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            await connection.begin()
            return
        except exc.OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                raise
            if loop.time() > until:
                raise RetryLater("Another writes to the database.") from error
        await asyncio.sleep(LOOK)


def _configuration(connection: Connection) -> Config:
    configuration = Config(stdout=io.StringIO())
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    configuration.attributes["connection"] = connection
    return configuration


async def migrate(engine: AsyncEngine) -> None:
    """Bring the tables up to date; does nothing when they are."""
    await _run(engine, lambda connection: command.upgrade(_configuration(connection), "head"))


def unreachable(error: Exception) -> BadConfiguration:
    """Return what to tell an administrator of a database that does not answer."""
    message = f"The database does not answer: {reason_of(error)}. Is the setting database_url right?"
    return BadConfiguration(message)


def reason_of(error: Exception) -> str:
    """Tell what the database or its driver said, without what SQLAlchemy adds."""
    return str(getattr(error, "orig", None) or error)


@contextmanager
def answering(faults: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Raise RetryLater where the database does not answer, or is locked by another who writes.

    Errors of the kinds `faults` go on. Who reads again and again names none: a table that is missing may be
    just being restored.
    """
    try:
        yield
    except faults:
        raise
    except UNREACHABLE as error:
        raise RetryLater("The database does not answer.") from error


async def patiently(start: Callable[[], Awaitable[None]]) -> None:
    """Start something, again and again for a minute while the database does not answer.

    It may be just restarting; a worker that cannot start would end the whole server.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await start()
            except UNREACHABLE as error:
                log.warning("The database does not answer; asked again in a second: %s", reason_of(error))
                await asyncio.sleep(1)


async def check_migrations(engine: AsyncEngine) -> None:
    """Raise when the migrations do not give the tables that the records describe."""
    await _run(engine, lambda connection: command.check(_configuration(connection)))


async def _run(engine: AsyncEngine, action: Callable[[Connection], None]) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        await connection.run_sync(action)
        await connection.commit()
