"""Ariadne with dataloaders on the hand-written statements."""

from __future__ import annotations

import os
from typing import Any

from aiodataloader import DataLoader
from ariadne import ObjectType, QueryType, make_executable_schema
from ariadne.asgi import GraphQL

from benchmarks.hand_written import (
    HERE,
    Tokens,
    open_statements,
    shown_absence,
    shown_conversation,
    shown_grade,
    shown_homework,
    shown_lesson,
    shown_news,
)

tokens = Tokens(os.environ["BENCHMARK_KEY"])
read = open_statements(os.environ["BENCHMARK_DATABASE"])
query, viewer, student, grades = (
    QueryType(),
    ObjectType("Viewer"),
    ObjectType("Student"),
    ObjectType("GradeConnection"),
)


class Loaders:
    """The dataloaders of one request."""

    def __init__(self, guardian: str) -> None:
        self.guardian = guardian
        self.students: list[Any] | None = None
        self._loaders: dict[str, DataLoader[str, Any]] = {}

    async def ids(self) -> list[str]:
        """Return the guardian's students."""
        if self.students is None:
            self.students = await read("students", {"guardian": self.guardian})
        return [row[0] for row in self.students]

    def load(self, name: str, key: str, show: Any, most: int = 1000, **values: Any) -> Any:
        """Load the rows of one student, batched with those of the others."""
        if name not in self._loaders:

            async def batch(ids: list[str]) -> list[Any]:
                found: dict[str, list[Any]] = {one: [] for one in ids}
                for row in await read(name, {"students": ids, **values}):
                    if len(found[row[0]]) < most:
                        found[row[0]].append(show(row))
                return [found[one] for one in ids]

            self._loaders[name] = DataLoader(batch)
        return self._loaders[name].load(key)


async def resolve_viewer(_root: Any, info: Any) -> dict[str, Any]:
    """Read the students."""
    await info.context.ids()
    return {"students": info.context.students}


async def resolve_timetable(row: Any, info: Any, **given: Any) -> dict[str, Any]:
    """Load lessons."""
    return {"lessons": await info.context.load("lessons", row[0], shown_lesson, **given)}


async def resolve_homework(row: Any, info: Any, first: int, **given: Any) -> dict[str, Any]:
    """Load homework."""
    return {"nodes": await info.context.load("homework", row[0], shown_homework, first, **given)}


async def resolve_grades(row: Any, info: Any, first: int) -> dict[str, Any]:
    """Load grades."""
    return {"id": row[0], "nodes": await info.context.load("grades", row[0], shown_grade, first=first)}


async def resolve_total(found: Any, info: Any) -> int:
    """Count grades."""
    (total,) = await info.context.load("grade_counts", found["id"], lambda row: row[1]) or [0]
    return int(total)


async def resolve_absences(row: Any, info: Any, first: int) -> dict[str, Any]:
    """Load absences."""
    return {"nodes": await info.context.load("absences", row[0], shown_absence, first=first)}


async def resolve_conversations(_root: Any, info: Any, **_given: Any) -> dict[str, Any]:
    """Read conversations."""
    rows = await read("conversations", {"guardian": info.context.guardian})
    return {"nodes": [shown_conversation(row) for row in rows]}


async def resolve_news(_root: Any, info: Any, **_given: Any) -> dict[str, Any]:
    """Read news."""
    ids = await info.context.ids()
    rows = await read("news", {"guardian": info.context.guardian, "students": ids})
    return {"nodes": [shown_news(row) for row in rows]}


def context_of(request: Any, _data: Any) -> Loaders:
    """Check the token."""
    return Loaders(tokens.guardian(request.headers["authorization"].encode()))


query.set_field("viewer", resolve_viewer)
query.set_field("conversations", resolve_conversations)
query.set_field("news", resolve_news)
student.set_field("displayName", lambda row, _info: f"{row[1]} {row[2]}")
student.set_field("schoolClass", lambda row, _info: {"name": row[3]})
student.set_field("timetable", resolve_timetable)
student.set_field("homework", resolve_homework)
student.set_field("grades", resolve_grades)
student.set_field("absences", resolve_absences)
grades.set_field("totalCount", resolve_total)

schema = make_executable_schema((HERE / "schema.graphql").read_text(), query, viewer, student, grades)
graphql = GraphQL(schema, context_value=context_of)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve over ASGI."""
    if scope["type"] == "lifespan":
        await receive()
        await read.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] != "/statements":
        await graphql(scope, receive, send)
        return
    body = str(read.count).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
