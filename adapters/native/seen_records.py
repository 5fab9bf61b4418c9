"""Remembers what an import has, so that one id is one record within it, and what is missing can end.

In a temporary table of the database, so that memory stays small however large the export is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.native.bulk_insert import insert_new
from adapters.native.claims import chunks, is_one_of
from adapters.native.entry_accounts import Origin

SEEN = Table(
    "import_seen",
    MetaData(),
    Column("id", String(64), primary_key=True),
    Column("kind", String(32)),
    Column("content_hash", String(32)),
    Column("state", String(16)),
    Column("is_refused", Boolean),
    Column("entry_number", Integer),
    Column("entry_kind", String),
    Column("place", String),
    Column("person_id", String(64)),
    prefixes=["TEMPORARY"],
)
"""`state` is what the first content of an id did; a refused id had two contents, and counts as not there.

`person_id` is, of a tie or another record that reaches a person, that person, by the id that the export uses.
"""
NOT_WRITTEN = "not written"
"""The state of an id whose second content came before the first was written."""
NEW = ("added", "revived")
"""States of records that were not there before the import; a revived one had ended."""


class SeenRecords:
    """The records that the import brought so far."""

    table = SEEN.name

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def start(self) -> None:
        """Make the table; it lives as long as the import."""
        await self._connection.run_sync(SEEN.create)

    async def stop(self) -> None:
        """Let go of it."""
        await self._connection.run_sync(SEEN.drop)

    async def known(self, ids: Sequence[str]) -> dict[str, tuple[str, Origin]]:
        """Return the content hash and the origin of those of the ids that came before."""
        wanted = select(SEEN).where(is_one_of(SEEN.c.id))
        found: dict[str, tuple[str, Origin]] = {}
        for some in chunks(ids):
            for row in await self._connection.execute(wanted, {"ids": some}):
                found[row.id] = row.content_hash, origin_of(dict(row._mapping))
        return found

    async def add(
        self,
        kind: str,
        rows: Sequence[tuple[str, str, str, Origin]],
        persons: Mapping[str, str | None],
    ) -> None:
        """Remember records that did not come before: id, content hash, state and origin; `persons` by id."""
        made = [
            {
                "id": identity,
                "kind": kind,
                "content_hash": content,
                "state": state,
                "is_refused": False,
                "entry_number": origin.number,
                "entry_kind": origin.kind,
                "place": origin.place,
                "person_id": persons.get(identity),
            }
            for identity, content, state, origin in rows
        ]
        await insert_new(self._connection, SEEN, made)

    async def refuse(self, ids: Iterable[str]) -> None:
        """Note that ids came with two contents."""
        refused = update(SEEN).where(is_one_of(SEEN.c.id)).values(is_refused=True)
        for some in chunks(sorted(ids)):
            await self._connection.execute(refused, {"ids": some})

    async def refused(self) -> dict[str, dict[str, str]]:
        """Return the refused ids by kind of record, each with its state."""
        found: dict[str, dict[str, str]] = {}
        wanted = select(SEEN.c.kind, SEEN.c.id, SEEN.c.state).where(SEEN.c.is_refused)
        for row in await self._connection.execute(wanted):
            found.setdefault(row.kind, {})[row.id] = row.state
        return found

    async def rows_of(self, ids: Iterable[str]) -> list[Mapping[str, Any]]:
        """Return everything known of records."""
        wanted, found = select(SEEN).where(is_one_of(SEEN.c.id)), list[Mapping[str, Any]]()
        for some in chunks(sorted(ids)):
            rows = await self._connection.execute(wanted, {"ids": some})
            found += [dict(row) for row in rows.mappings()]
        return found

    async def ids(self, kind: str) -> set[str]:
        """Return the ids of the records of a kind; for kinds of few records."""
        wanted = select(SEEN.c.id).where(SEEN.c.kind == kind, ~SEEN.c.is_refused)
        return set((await self._connection.execute(wanted)).scalars())


def origin_of(row: Mapping[str, Any]) -> Origin:
    """Return the entry that a remembered record came of."""
    return Origin(row["entry_number"], row["entry_kind"], row["place"])


def is_seen(table: Table) -> Any:
    """Tell in SQL whether the import has a record."""
    return select(SEEN.c.id).where(SEEN.c.id == table.c.id, ~SEEN.c.is_refused).exists()
