"""SQL is counted: a dashboard costs the same few statements for one child and for six, and no scan."""

from __future__ import annotations

import re
from typing import Any

import asyncpg
from sqlalchemy import delete, insert, text

from adapters import records as r
from adapters.native.compiled import CompiledStatement
from tests.conftest import ROOT, Gateway, running

DASHBOARD = (ROOT / "tests" / "operations" / "dashboard" / "query.graphql").read_text(encoding="utf-8")
STATEMENTS = 33
"""Statements of the dashboard when nothing is remembered."""
REMEMBERING = 17
"""Statements of the dashboard once reference data and the viewer's rights are in memory."""
SMALL_TABLES = {"school", "school_settings", "charter", "person_state", "grading_period", "data_source"}
"""Tables that hold a handful of rows per school and do not grow with time."""


async def test_the_dashboard_costs_the_same_statements_for_one_child_and_for_six(
    own_gateway: Gateway,
) -> None:
    guardian = own_gateway.people.guardian(3)  # one who accepted the charters of both schools
    # Threads about a child are closed to those who are not its guardians: these are about nobody.
    audience = r.Audience.table()
    async with own_gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        await connection.execute(delete(audience).where(audience.c.record_kind == "conversation"))
        await connection.commit()
    counts = {}
    for student in sorted(own_gateway.people.students)[:40]:
        await _tie_only(own_gateway, guardian.person_id, [student])
        await own_gateway.data(DASHBOARD, guardian)
        await own_gateway.data(DASHBOARD, guardian)
        counts[student] = len(own_gateway.statements)
    # An empty list has nothing below it to read: compare children of whom every widget shows something.
    complete = sorted(student for student, count in counts.items() if count == max(counts.values()))
    assert len(complete) >= 6
    for children in (1, 2, 3, 4, 6):
        await _tie_only(own_gateway, guardian.person_id, complete[:children])
        data = await own_gateway.data(DASHBOARD, guardian)
        assert len(data["viewer"]["students"]) == children
        # Where siblings are asked one after another, the second finds what the first has learned.
        assert len(own_gateway.statements) <= STATEMENTS
        await own_gateway.data(DASHBOARD, guardian)
        assert len(own_gateway.statements) == REMEMBERING


async def _tie_only(gateway: Gateway, guardian: str, students: list[str]) -> None:
    """Make a guardian the guardian of exactly these students."""
    table = r.Guardianship.table()
    async with gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        await connection.execute(delete(table).where(table.c.guardian_id == guardian))
        for student in students:
            row = r.Guardianship(
                id=f"test-{guardian}-{student}"[:64],
                school_id=gateway.people.students[student],
                source_id="test",
                external_id=student,
                guardian_id=guardian,
                student_id=student,
                has_data_access=True,
                permissions=["READ_SCHOOL_DATA"],
            )
            await connection.execute(insert(table).values(row.model_dump()))
        await connection.commit()
    gateway.changed()


async def test_only_requested_columns_are_read(gateway: Gateway) -> None:
    await gateway.data("{ viewer { students { homework(first: 1) { nodes { title } } } } }")
    (statement,) = [one for one in gateway.statements if "homework.title" in one]
    assert "homework.title" in statement
    assert "homework.description" not in statement


async def test_totals_are_counted_only_when_asked_for(gateway: Gateway) -> None:
    await gateway.data("{ viewer { students { grades(first: 1) { nodes { displayValue } } } } }")
    assert not [one for one in gateway.statements if "count(*)" in one]


async def test_no_dashboard_statement_scans_a_growing_table_on_sqlite(sqlite_gateway: Gateway) -> None:
    plans = await _plans(sqlite_gateway, "EXPLAIN QUERY PLAN ")
    scans = [
        line
        for plan in plans
        for line in plan
        if (scan := re.match(r"SCAN (?:\d+ )?(\S+)", line)) and not _is_small(scan[1])
    ]
    assert scans == []


async def test_no_dashboard_statement_scans_a_growing_table_on_postgresql(
    postgres_template: str, tmp_path: Any
) -> None:
    async with running(postgres_template, tmp_path) as gateway:
        # On a few hundred rows a scan is the cheapest plan: forbid it, and see that an index is there.
        async with gateway.engine.connect() as connection:
            await connection.execute(text("ALTER DATABASE read_school SET enable_seqscan = off"))
            await connection.commit()
        await gateway.engine.dispose()
        plans = await _plans(gateway, "EXPLAIN ")
        async with gateway.engine.connect() as connection:
            await connection.execute(text("ALTER DATABASE read_school RESET enable_seqscan"))
            await connection.commit()
    scans = [
        line.strip()
        for plan in plans
        for line in plan
        if "Seq Scan on " in line and not _is_small(line.split("Seq Scan on ")[1].split()[0])
    ]
    assert scans == []


def _is_small(table: str) -> bool:
    helpers = ("CONSTANT", "parent", "matched", "listed", "json_each", "(", "parent_rows")
    return table in SMALL_TABLES or table.startswith(helpers)


async def _plans(gateway: Gateway, prefix: str) -> list[list[str]]:
    """Explain every statement of the dashboard with the parameters it ran with."""
    reader = gateway.app.state.sources.native.reader
    asked: list[tuple[str, list[Any]]] = []
    read = reader.read

    async def note(statement: CompiledStatement, arguments: list[Any], group: Any) -> Any:
        asked.append((statement.text, arguments))
        return await read(statement, arguments, group)

    reader.read = note
    reader.changed()
    await gateway.data(DASHBOARD, gateway.people.guardian(6))
    assert len(asked) > 30
    async with gateway.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        return [await _explain(driver, prefix + text, arguments) for text, arguments in asked]


async def _explain(driver: Any, statement: str, arguments: list[Any]) -> list[str]:
    if isinstance(driver, asyncpg.Connection):
        return [str(row[0]) for row in await driver.fetch(statement, *arguments)]
    return [str(row[-1]) for row in await driver.execute_fetchall(statement, arguments)]
