"""The statements of a hand-written gateway (`sqlite.sql`, `postgresql.sql`), and how their rows are shown."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import jwt
import orjson

from benchmarks.data import NOW

HERE = Path(__file__).parent
NUMERIC = {"GRADED", "ABSENT_ZERO", "NOT_SUBMITTED_ZERO"}
PARIS = ZoneInfo("Europe/Paris")


def read_statements(dialect: str) -> dict[str, str]:
    """Return the statements of a dialect by name."""
    parts = re.split(r"^-- name: (\w+)\n", (HERE / f"{dialect}.sql").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], (one.strip() for one in parts[2::2]), strict=True))


class SqliteStatements:
    """Runs the statements on SQLite, in the event loop: the fastest way for short ones.

    Rows are tuples, temporary tables stay in memory, and statements of one turn of the event loop share a
    read transaction.
    """

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=64)
        self._connection.execute("PRAGMA temp_store=MEMORY")
        self._texts = read_statements("sqlite")
        self.count = 0

    async def start(self) -> None:
        """Nothing to wait for."""

    async def __call__(self, name: str, values: dict[str, Any]) -> list[Any]:
        """Run one statement."""
        self.count += 1
        values = {"today": NOW.date().isoformat(), "now": "2026-11-23 09:00:00.000000", **values}
        if "students" in values:
            values["students"] = orjson.dumps(values["students"]).decode()
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN")
            asyncio.get_running_loop().call_soon(self._connection.execute, "COMMIT")
        return self._connection.execute(self._texts[name], values).fetchall()


class PostgresStatements:
    """Runs the statements on PostgreSQL through asyncpg."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._texts = {name: _numbered(text) for name, text in read_statements("postgresql").items()}
        self._pool: Any = None
        self.count = 0

    async def start(self) -> None:
        """Connect."""
        settings = {"timezone": "Europe/Paris", "jit": "off", "plan_cache_mode": "force_generic_plan"}
        settings |= {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
        self._pool = await asyncpg.create_pool(
            self._url, min_size=1, max_size=8, server_settings=settings, reset=self._no_reset
        )

    async def _no_reset(self, _connection: Any) -> None:
        """Save asyncpg's round trip after each use of a connection."""

    async def __call__(self, name: str, values: dict[str, Any]) -> list[Any]:
        """Run one statement."""
        self.count += 1
        text, names = self._texts[name]
        values = {"today": NOW.date(), "now": NOW, **values}
        for key in ("from", "to"):
            if key in values:
                values[key] = date.fromisoformat(values[key])
        found: list[Any] = await self._pool.fetch(text, *(values[one] for one in names))
        return found


def _numbered(text: str) -> tuple[str, list[str]]:
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"(?<!:):([a-z]\w*)", number, text), names


def open_statements(url: str) -> SqliteStatements | PostgresStatements:
    """Open the statements for a database."""
    return (
        SqliteStatements(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite")
        else PostgresStatements(url)
    )


@lru_cache(maxsize=4096)
def instant(value: Any) -> str:
    """Write an instant in the school's zone; lessons of a school begin and end at the same moments."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    return str(value.astimezone(PARIS).isoformat())


def day(value: Any) -> str:
    """Write a date."""
    return value if isinstance(value, str) else value.isoformat()


def named(name: str | None) -> dict[str, str] | None:
    """Write a subject."""
    return None if name is None else {"name": name}


def shown_lesson(row: Any) -> dict[str, Any]:
    """Show one lesson."""
    _, title, starts_at, ends_at, status, subject = row
    return {
        "title": title,
        "startsAt": instant(starts_at),
        "endsAt": instant(ends_at),
        "status": status,
        "subject": named(subject),
    }


def shown_homework(row: Any) -> dict[str, Any]:
    """Show one homework."""
    _, due_date, title, progress, subject = row
    return {
        "dueDate": day(due_date),
        "title": title,
        "isDone": progress == "DONE",
        "subject": named(subject),
    }


def shown_grade(row: Any) -> dict[str, Any]:
    """Show one grade."""
    _, date_, display_value, value, status, out_of, subject = row
    return {
        "date": day(date_),
        "displayValue": display_value,
        "value": value if status in NUMERIC else None,
        "outOf": out_of,
        "status": status,
        "subject": named(subject),
    }


def shown_absence(row: Any) -> dict[str, Any]:
    """Show one absence."""
    _, kind, starts_at, status, label = row
    return {
        "kind": kind,
        "startsAt": instant(starts_at),
        "justificationStatus": status,
        "reason": None if label is None else {"label": label},
    }


def shown_news(row: Any) -> dict[str, Any]:
    """Show one news item."""
    title, published_at, is_read = row
    return {"title": title, "publishedAt": instant(published_at), "isRead": bool(is_read)}


def shown_conversation(row: Any) -> dict[str, Any]:
    """Show one conversation."""
    subject, unread_count = row
    return {"subject": subject, "unreadCount": unread_count}


class Tokens:
    """Verifies bearer tokens, each once a minute, as Passerelle does."""

    def __init__(self, public_key: str) -> None:
        self._key = Path(public_key).read_text()
        self._known: dict[bytes, str] = {}

    def guardian(self, header: bytes) -> str:
        """Return the guardian a token is for."""
        known = self._known.get(header)
        if known is None:
            claims = jwt.decode(header[7:], self._key, algorithms=["ES256"], audience="passerelle")
            known = self._known[header] = str(claims["sub"])
        return known
