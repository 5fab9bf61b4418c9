"""How the database is read: batches, memory that a change empties, and queries that cannot stall the rest."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text, update
from sqlalchemy.exc import DBAPIError

from adapters import records as r
from adapters.base import Parent, Request, RetryLater
from adapters.native.compiled import CompiledStatement
from adapters.native.database import open_database
from adapters.native.doorbell import ring
from adapters.native.source import NativeSource
from adapters.native.sqlite_reader import SqliteReader
from tests.conftest import NOW, Gateway, execute, running

SUBJECTS = "{ viewer { students { grades(first: 3) { nodes { subject { name } } } } } }"
COUNTING = (
    """WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {}) SELECT count(*) FROM n"""
)


async def rename_subjects(url: str, name: str) -> None:
    """Change every subject as another program would, and ring."""
    engine = open_database(url)
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        await connection.execute(update(r.Subject.table()).values(name=name))
        await ring(connection)
        await connection.commit()
    await engine.dispose()


async def subject_names(gateway: Gateway) -> set[str]:
    data = await gateway.data(SUBJECTS)
    return {
        node["subject"]["name"]
        for student in data["viewer"]["students"]
        for node in student["grades"]["nodes"]
    }


async def test_what_is_remembered_is_read_again_when_another_program_changed_it(
    own_gateway: Gateway, own_database: str
) -> None:
    await subject_names(own_gateway)
    await subject_names(own_gateway)
    assert not [one for one in own_gateway.statements if "FROM subject" in one or "JOIN subject" in one]
    await rename_subjects(own_database, "Alchemy")
    for _ in range(100):
        if await subject_names(own_gateway) == {"Alchemy"}:
            return
        await asyncio.sleep(0.02)  # PostgreSQL rings within milliseconds; SQLite needs none
    pytest.fail("The change was not seen.")


@pytest.mark.parametrize("own_database", ["postgresql"], indirect=True)
async def test_while_the_line_to_postgresql_is_down_nothing_is_remembered(
    own_gateway: Gateway, own_database: str, postgres_server: str
) -> None:
    name = make_url(own_database).database
    reader: Any = own_gateway.app.state.sources.native.reader
    assert reader.generation() is not None
    administrator = postgres_server.format("postgres")
    # The line is not opened again before the test wants it, however slow the machine is.
    await execute(administrator, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await execute(
        administrator,
        # The last query of a line that has been open for a while is that of its heartbeat.
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' "
        "AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')",
    )
    await _until(lambda: reader.generation() is None)
    await subject_names(own_gateway)
    await subject_names(own_gateway)
    assert [one for one in own_gateway.statements if "JOIN subject" in one]
    await execute(administrator, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await _until(lambda: reader.generation() is not None)


async def _until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_siblings_travel_together_to_postgresql_and_one_by_one_to_sqlite(gateway: Gateway) -> None:
    batches: list[int] = []
    gateway.app.state.sources.native.reader.observers.append(lambda texts: batches.append(len(texts)))
    await gateway.data(
        "{ viewer { students { id } } news(first: 1) { nodes { title } } events { totalCount } }"
    )
    batches.clear()
    await gateway.data("{ news(first: 1) { nodes { title } } events(first: 1) { nodes { title } } }")
    is_sqlite = gateway.engine.dialect.name == "sqlite"
    assert batches == ([1, 1] if is_sqlite else [2])


def counting(steps: int) -> CompiledStatement:
    """A statement that takes as long as wished."""
    return CompiledStatement(COUNTING.format(steps), lambda _parents, _values: [], ("count",), {}, (), str)


async def test_a_long_statement_does_not_stall_the_event_loop(sqlite_template: Path) -> None:
    reader = SqliteReader(str(sqlite_template))
    await reader.start()
    asked = asyncio.create_task(reader.read(counting(2_000_000), [], None))
    turns = 0
    while not asked.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100  # others had their turns while it ran
    assert await asked == [(2_000_000,)]
    assert reader.handed_over == 1
    assert await reader.read(counting(10), [], None) == [(10,)]
    assert reader.handed_over == 1
    await reader.close()


async def test_a_statement_without_end_is_stopped(
    sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.native.sqlite_reader.TIME_LIMIT", 0.1)
    source = NativeSource(open_database(f"sqlite:///{sqlite_template}"))
    monkeypatch.setattr("adapters.native.source._statement", lambda *_question: (counting(10**12), dict))
    with pytest.raises(RetryLater):
        await source.fetch(Request("Lesson", (Parent("a", "a"),), ("title",), NOW))
    await source.close()


async def test_an_error_of_the_database_shows_no_values(sqlite_template: Path) -> None:
    engine = open_database(f"sqlite:///{sqlite_template}")
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as raised:
            await connection.execute(text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": "Zoé"})
    await engine.dispose()
    assert "nowhere" in str(raised.value) and "Zoé" not in str(raised.value)


@pytest.mark.parametrize("own_database", ["postgresql"], indirect=True)
async def test_a_program_that_ends_with_an_error_leaves_no_connection_open(
    own_database: str, postgres_server: str, tmp_path: Path
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with running(own_database, tmp_path) as gateway:
            await subject_names(gateway)
            raise ZeroDivisionError
    administrator = open_database(postgres_server.format("postgres"))
    query = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name")
    async with asyncio.timeout(60):
        left = 1
        while left:
            # A transaction sees the activity of its first look only.
            async with administrator.connect() as connection:
                name = make_url(own_database).database
                left = (await connection.execute(query, {"name": name})).scalar_one()
    await administrator.dispose()
