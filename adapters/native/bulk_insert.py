"""Many new rows at once: by COPY on PostgreSQL, by one prepared statement on SQLite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_new(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that are not there yet, all with the same columns, within the running transaction."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        await connection.execute(insert(table), [dict(row) for row in rows])
        return
    names = list(rows[0])
    as_json = {name for name in names if isinstance(table.c[name].type, JSON)}
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.copy_records_to_table(
        table.name,
        columns=names,
        records=[
            tuple(json.dumps(row[name]) if name in as_json else row[name] for name in names) for row in rows
        ],
    )
