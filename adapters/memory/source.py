"""Answers relations from rows in memory: window, filters, order and page, as the protocol asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapters.base import Children, NotSupported, Parent, Request, Row, decode_cursor, encode_cursor
from adapters.records import Record

Condition = Callable[[Row, Any], bool]


@dataclass(frozen=True, slots=True)
class MemoryRelation:
    """Rows by parent, with the order they are listed in and the filters that are more than a column."""

    rows: Callable[[Parent], Sequence[Row]]
    order: tuple[str, ...] = ("id",)
    newest_first: bool = False
    date_column: str = "date"
    filters: Mapping[str, Condition] = field(default_factory=dict)


LESSON_FILTERS: Mapping[str, Condition] = {
    "taking_place": lambda row, _: row["status"] != "CANCELLED" and not row["is_superseded"],
    "not_cancelled": lambda row, _: row["status"] != "CANCELLED",
    "not_superseded": lambda row, _: not row["is_superseded"],
    "starts_after": lambda row, instant: row["starts_at"] > instant,
}
"""What a timetable is filtered by besides columns."""


def row_of(record: type[Record], **values: Any) -> Row:
    """Make a row of a canonical record: its defaults, with `values` in their place."""
    defaults = {
        name: one.get_default(call_default_factory=True) if not one.is_required() else None
        for name, one in record.model_fields.items()
    }
    return {**defaults, **values}


class MemorySource:
    """A source over relations in memory."""

    def __init__(self, name: str, relations: Mapping[str, MemoryRelation]) -> None:
        self.name = name
        self._relations = relations

    @property
    def relations(self) -> Set[str]:
        """The relations given."""
        return self._relations.keys()

    async def fetch(self, request: Request) -> Mapping[str, Children]:
        """Answer one question. Raises NotSupported or InvalidCursor."""
        relation = self._relations.get(request.relation)
        if relation is None:
            raise NotSupported(f"{self.name} has no relation {request.relation}.")
        found: dict[str, dict[str, Row]] = {}
        for parent in request.parents:
            group = found.setdefault(parent.group, {})
            for row in relation.rows(parent):
                if _wanted(relation, request, parent, row):
                    group[row["id"]] = row
        return {group: _page(relation, request, list(rows.values())) for group, rows in found.items()}

    async def close(self) -> None:
        """Nothing is held."""


def _wanted(relation: MemoryRelation, request: Request, parent: Parent, row: Row) -> bool:
    day: date | None = row.get(relation.date_column)
    if day is not None and not parent.lower <= day <= parent.upper:
        return False
    published = row.get("published_at")
    if published is not None and published > request.now:
        return False
    for name, value in request.filters.items():
        if name in relation.filters:
            if not relation.filters[name](row, value):
                return False
        elif row.get(name) not in value:
            return False
    return True


def _page(relation: MemoryRelation, request: Request, rows: list[Row]) -> Children:
    page = request.page
    newest_first = relation.newest_first if request.newest_first is None else request.newest_first
    descending = newest_first != page.backward

    def key(row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in relation.order)

    rows.sort(key=key, reverse=descending)
    skipped = 0
    if page.cursor is not None and rows:
        last = tuple(decode_cursor(page.cursor, [type(value) for value in key(rows[0])]))
        skipped = sum((key(row) >= last) if descending else (key(row) <= last) for row in rows)
    stop = len(rows) if page.limit is None else skipped + page.limit
    kept = rows[skipped:stop]
    if page.backward:
        kept.reverse()
    columns = {"id", "school_id", "student_id", "source_id", *request.columns}
    return Children(
        rows=[{name: row.get(name) for name in columns} for row in kept],
        cursors=[encode_cursor(key(row)) for row in kept] if page.limit is not None else [],
        total=len(rows),
        skipped=skipped,
        more=stop < len(rows),
    )
