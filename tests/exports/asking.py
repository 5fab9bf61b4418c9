"""Importing exports into a database of one's own, and asking the graph as one of its guardians."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from adapters import records as r
from adapters.native.database import open_database
from adapters.native.import_report import Report
from gateway.app import create_app
from gateway.authentication import make_token
from gateway.imports import start_import
from gateway.settings import Settings
from resolvers.viewer import Caller
from tests.conftest import NOW, QUIET
from tests.exports.one_school import ALL, Written

FAMILY = (Path(__file__).parent / "family.graphql").read_text(encoding="utf-8")
KEY = Path(tempfile.mkdtemp()) / "key.pem"
WEEK = {"from": "2026-11-23", "to": "2026-11-30"}


def bring(url: str, written: Written, **choices: Any) -> Report:
    """Import one export; its format is found out."""
    settings = Settings(database_url=url, **choices.pop("settings", {}))
    return start_import(settings, None, written.path, False, QUIET, NOW, options=written.options, **choices)


def bring_all(url: str, folder: Path, names: Iterable[str] = ALL) -> dict[str, Report]:
    """Write and import exports of the one school, in this order."""
    return {name: bring(url, ALL[name](folder)) for name in names}


def rows(url: str, record: type[r.Record], /, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    """Read columns of records that did not end, in order."""

    async def read() -> list[tuple[Any, ...]]:
        engine = open_database(url)
        table = record.table()
        wanted = select(*(table.c[name] for name in columns)).where(
            *(table.c[name] == value for name, value in where.items())
        )
        if "ended_at" in table.c:
            wanted = wanted.where(table.c.ended_at.is_(None))
        async with engine.connect() as connection:
            found = [tuple(row) for row in await connection.execute(wanted)]
        await engine.dispose()
        return sorted(found, key=str)

    return asyncio.run(read())


def ask(
    url: str, first_name: str, query: str = FAMILY, variables: dict[str, Any] | None = None, **who: str
) -> Any:
    """Ask as the guardian of a first name; returns the data, lists without an order of their own sorted."""
    ((guardian,),) = rows(url, r.Guardian, "id", first_name=first_name, **who)

    async def answer() -> Any:
        settings = Settings(database_url=url, development_key=KEY)
        app = create_app(settings, lambda: NOW)
        async with app.router.lifespan_context(app):
            token = make_token(Caller("GUARDIAN", guardian), settings, timedelta(hours=1), datetime.now(UTC))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                body = {"query": query, "variables": WEEK if variables is None else variables}
                return (
                    await client.post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"})
                ).json()

    found = asyncio.run(answer())
    assert "errors" not in found, found["errors"]
    return in_order(found["data"])


def in_order(value: Any) -> Any:
    """Sort the lists that follow no order but that of ids."""
    if isinstance(value, dict):
        return {
            key: sorted((in_order(v) for v in one), key=str)
            if key in ("students", "guardianships")
            else in_order(one)
            for key, one in value.items()
        }
    return [in_order(one) for one in value] if isinstance(value, list) else value
