"""The entry points for reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.access import load_students
from resolvers.context import RequestContext
from resolvers.dashboard import DEFAULT_DASHBOARD, default_widgets, placed_widget
from resolvers.families import chosen_students
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import decode
from resolvers.loading import ask
from resolvers.nodes import by_identifiers
from resolvers.selection import Selection
from resolvers.sources import describe
from resolvers.viewer import pending_charter
from schema import Query

fields = Fields()


def viewer_of(context: RequestContext) -> Any:
    """Describe the caller."""
    columns = {"kind": context.caller.kind, "charter_status": context.scope.charter_status}
    return context.plain("Viewer", columns, context.caller.person_id)


@fields.edge(Query, "viewer", is_fixed=True)
async def viewer(
    context: RequestContext, _parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """The caller; no data is read."""
    return [viewer_of(context)]


@fields.edge(Query, "students")
async def students(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Students of the caller, those named or all."""
    return [await load_students(context, chosen_students(context, arguments.get("ids")), selection)]


def _single(name: str, type_name: str) -> None:
    async def batch(
        context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        return await by_identifiers(context, [arguments["id"]], selection, type_name)

    fields.edge(Query, name)(batch)


for field_name, record in (
    ("student", "Student"),
    ("school", "School"),
    ("conversation", "Conversation"),
    ("news_item", "NewsItem"),
    ("event", "Event"),
):
    _single(field_name, record)


@fields.edge(Query, "node")
async def node(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Any record by its global id."""
    decoded = decode(arguments["id"])
    if decoded is not None and decoded.type_name == "Widget":
        return [await _own_widget(context, decoded.key)]
    return await by_identifiers(context, [arguments["id"]], selection)


async def _own_widget(context: RequestContext, key: str) -> Any:
    person, _, identity = key.partition("/")
    if person != context.caller.person_id:
        return None
    (answer,) = await context.fetch(ask("Dashboard"), [context.me()], ("revision", "widgets"))
    if isinstance(answer, Exception):
        raise answer
    row = answer.rows[0] if answer.rows else DEFAULT_DASHBOARD
    saved = row["widgets"] if row["revision"] else default_widgets()
    return next((placed_widget(context, person, one) for one in saved if one["id"] == identity), None)


@fields.edge(Query, "charter")
async def charter(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The charter in force for a school, or the one for all."""
    named = decode(arguments["school_id"]) if arguments.get("school_id") else None
    school = named.key if named is not None and named.type_name == "School" else None
    columns = (
        *context.columns("Charter", selection),
        *("published_at", "version", "decision", "answered_version"),
    )
    (answer,) = await context.fetch(ask("Person.charters"), [context.me()], columns)
    if isinstance(answer, Exception):
        raise answer
    rows = sorted(answer.rows, key=lambda row: row["published_at"])
    own = [row for row in rows if school is not None and row["school_id"] == school]
    common = [row for row in rows if row["school_id"] is None]
    if not arguments.get("school_id") and not common:
        waiting, _ = pending_charter(rows, set(context.scope.schools))
        common = [waiting] if waiting else rows
    chosen = (own or common)[-1:]
    built = context.build("Charter", chosen, selection)
    return [built[0] if built else None]


@fields.edge(Query, "data_sources")
async def data_sources(
    context: RequestContext, _parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Imported exports behind the caller's schools, then the live sources; nothing for who has no school."""
    if not context.scope.schools:
        return [[]]
    pointer = context.plain("DataSource", {}, "FILE_IMPORT")
    columns = context.columns("DataSource", selection)
    (answer,) = await context.fetch(ask("DataSource.all"), [pointer], columns)
    if isinstance(answer, Exception):
        raise answer
    live = [describe(context, name, selection) for name in sorted(context.sources.by_name)]
    return [[*context.build("DataSource", answer.rows, selection), *live]]
