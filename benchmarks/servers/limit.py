"""The limit: a hand-written endpoint that knows its three operations, with hand-written SQL and orjson."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import orjson

from benchmarks.hand_written import (
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
AS_JSON = os.environ.get("BENCHMARK_VARIANT") == "json"


def grouped(rows: list[Any], show: Any, most: int = 1000) -> dict[str, list[Any]]:
    """Deal rows out to their students."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        mine = found.setdefault(row[0], [])
        if len(mine) < most:
            mine.append(show(row))
    return found


async def dashboard(guardian: str, variables: dict[str, Any]) -> bytes:
    """Answer the dashboard, a statement per edge."""
    if AS_JSON:
        (row,) = await read("dashboard_as_json", {"guardian": guardian, **variables})
        return row[0].encode()  # type: ignore[no-any-return]
    students = await read("students", {"guardian": guardian})
    ids = [row[0] for row in students]
    day = {"from": variables["from"], "to": variables["from"]}
    lessons, homework, grades, counts, absences, conversations, news = await asyncio.gather(
        read("lessons", {"students": ids, **day}),
        read("homework", {"students": ids, **variables}),
        read("grades", {"students": ids, "first": 4}),
        read("grade_counts", {"students": ids}),
        read("absences", {"students": ids, "first": 3}),
        read("conversations", {"guardian": guardian}),
        read("news", {"students": ids, "guardian": guardian}),
    )
    by_student = (
        grouped(lessons, shown_lesson),
        grouped(homework, shown_homework, 4),
        grouped(grades, shown_grade),
        grouped(absences, shown_absence),
    )
    totals = dict(counts)
    shown = []
    for student, first_name, last_name, class_name in students:
        mine = [one.get(student, []) for one in by_student]
        shown.append(
            {
                "displayName": f"{first_name} {last_name}",
                "schoolClass": {"name": class_name},
                "timetable": {"lessons": mine[0]},
                "homework": {"nodes": mine[1]},
                "grades": {"totalCount": totals.get(student, 0), "nodes": mine[2]},
                "absences": {"nodes": mine[3]},
            }
        )
    data = {
        "viewer": {"students": shown},
        "conversations": {"nodes": [shown_conversation(row) for row in conversations]},
        "news": {"nodes": [shown_news(row) for row in news]},
    }
    return orjson.dumps({"data": data})


async def one_list(
    guardian: str, name: str, field: str, show: Any, most: int, values: dict[str, Any]
) -> bytes:
    """Answer an operation with one list per student."""
    students = await read("students", {"guardian": guardian})
    rows = await read(name, {"students": [row[0] for row in students], **values})
    found = grouped(rows, show, most)
    shown = [
        {"displayName": f"{first_name} {last_name}", field: {"nodes": found.get(student, [])}}
        for student, first_name, last_name, _ in students
    ]
    return orjson.dumps({"data": {"viewer": {"students": shown}}})


async def answer(guardian: str, body: bytes) -> bytes:
    """Answer whichever operation was asked."""
    asked = orjson.loads(body)
    variables = asked.get("variables") or {}
    if "Dashboard" in asked["query"]:
        return await dashboard(guardian, variables)
    if "Widget" in asked["query"]:
        return await one_list(guardian, "homework", "homework", shown_homework, 4, variables)
    return await one_list(guardian, "grades", "grades", shown_grade, 60, {"first": 60})


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve over ASGI."""
    if scope["type"] == "lifespan":
        await receive()
        await read.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/statements":
        body = str(read.count).encode()
    else:
        header = next(value for name, value in scope["headers"] if name == b"authorization")
        guardian = tokens.guardian(header)
        message = await receive()
        content = message["body"]
        while message.get("more_body"):
            message = await receive()
            content += message["body"]
        body = await answer(guardian, content)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
