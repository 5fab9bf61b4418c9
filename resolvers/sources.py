"""Where records came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.base import Row
from adapters.content import clean_line
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import DataSource, School, Sourced, SourceRef

FRESHNESS_TARGET = timedelta(days=8)
"""An export is expected every week; a source that was not read for longer is stale."""

fields = Fields()
fields.to_one(DataSource, "school", School, "school_id")


@fields.derive(
    Sourced, "source", "source_id", "external_id", "fetched_at", "modified_at", "school_id", of=SourceRef
)
def source_reference(row: Row, context: RequestContext) -> Row:
    """Gather the provenance of a record."""
    modified = row["modified_at"]
    zone = context.scope.zone(row["_school"])
    return {
        "source_id": row["source_id"],
        "external_id": row["external_id"] and clean_line(row["external_id"]),
        "read_at": row["fetched_at"],
        "modified_at": modified and modified.astimezone(zone),
    }


@fields.edge(SourceRef, "source")
async def data_source(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Describe the source of each record; live sources describe themselves."""
    live = {name: describe(context, name, selection) for name in context.sources.by_name}
    imported = [(parent, None if _is_live(context, parent) else parent.source_id) for parent in parents]
    found = await context.referenced("DataSource", DataSource, imported, selection)
    return [
        live[parent._source] if _is_live(context, parent) else one
        for parent, one in zip(parents, found, strict=True)
    ]


def describe(context: RequestContext, name: str, selection: Selection) -> Any:
    """Describe a configured source."""
    native = name == context.sources.native.name
    health = context.sources.health[name]
    row = {
        "id": name,
        "kind": "NATIVE_DATABASE" if native else "REMOTE_API",
        "name": name,
        "status": "OK" if health.failed_at is None else "UNREACHABLE",
        "last_sync_at": context.now if health.failed_at is None else None,
        "last_error": None if health.failed_at is None else f"The source {health.last_error}.",
        "capabilities": context.sources.given_by(context.sources.by_name[name]),
        "school_id": None,
    }
    return context.build("DataSource", [row], selection)[0]


def _is_live(context: RequestContext, reference: Any) -> bool:
    return bool(reference._source not in (None, context.sources.native.name))


async def _last_reads(context: RequestContext, parents: Sequence[Any]) -> list[datetime]:
    """Return when each record was last read: an import confirms also what it did not change."""
    pointers = [context.plain("SourceRef", {}, parent.source_id) for parent in parents]
    answers = await context.fetch(ask("DataSource"), pointers, ("last_sync_at",))
    reads = []
    for parent, answer in zip(parents, answers, strict=True):
        rows = [] if isinstance(answer, Exception) else answer.rows
        synced = rows[0]["last_sync_at"] if rows and not _is_live(context, parent) else None
        reads.append(synced or parent.read_at or context.now)
    return reads


@fields.edge(SourceRef, "fetched_at")
async def fetched_at(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """When the record was last read, in the school's zone."""
    reads = await _last_reads(context, parents)
    return [read.astimezone(context.scope.zone(p._school)) for p, read in zip(parents, reads, strict=True)]


@fields.edge(SourceRef, "is_stale")
async def is_stale(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Compare the last read with the freshness target."""
    return [context.now - read > FRESHNESS_TARGET for read in await _last_reads(context, parents)]
