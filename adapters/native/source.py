"""The native database as a source: every relation is one statement."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Boolean, ColumnElement, Date, Integer
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.base import (
    Children,
    NotSupported,
    Request,
    RetryLater,
    Row,
    Rows,
    Source,
    decode_cursor,
)
from adapters.native.children import Gather, gather_function
from adapters.native.compiled import DIALECTS, CompiledStatement, compile_statement
from adapters.native.database import UNREACHABLE, open_database
from adapters.native.postgresql_reader import PostgresReader
from adapters.native.reader import Reader
from adapters.native.relations import RELATIONS
from adapters.native.remembered import Remembered
from adapters.native.sqlite_reader import SqliteReader
from adapters.native.statements import PARENT_FIELDS, Relation, Shape, build, places
from adapters.records import Instant, search_text

RIGHTS = ("school_id", "student_id")
"""Columns that are always read where a table has them: the gateway checks the viewer's rights with them."""
IMPLICIT = ("id", *RIGHTS)
"""Those of an answer of rows: what is known of a record begins with its id."""


PARENT_LISTS = tuple(f"parent_{one}" for one in PARENT_FIELDS)
"""How the parameters of PostgreSQL are called that hold all parents: a list for each field."""


@dataclass(frozen=True, slots=True, eq=False)
class BoundStatement:
    """A statement and its arguments."""

    layout: CompiledStatement
    arguments: list[Any]
    viewer_id: str | None
    moments: tuple[int, ...] = ()
    """Which of the arguments are the moment of the request."""

    def arguments_at(self, now: datetime) -> list[Any]:
        """Return the arguments at a moment."""
        if not self.moments:
            return self.arguments
        arguments = self.arguments.copy()
        moment = self.layout.moment(now)
        for at in self.moments:
            arguments[at] = moment
        return arguments


class NativeSource:
    """Answers relations from the native database, one statement each."""

    name = "native"

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.reader = open_reader(engine)
        self.is_immediate = self.reader.is_immediate
        self._remembered = Remembered(self.reader.generation)

    @property
    def relations(self) -> Set[str]:
        """Everything the database holds."""
        return RELATIONS.keys()

    async def fetch(self, request: Request) -> Mapping[str, Children]:
        """Answer one question, with one statement at the most.

        Raises NotSupported, RetryLater, InvalidCursor.
        """
        if self._remembered.takes(request):
            return await self._remembered.answer(request, self._read)
        return await self._read(request)

    def recall(self, relation: str, now: datetime) -> Mapping[str, Row]:
        """Return the records of a relation that are in memory, if the database has not changed since."""
        return self._remembered.records(relation, now)

    def generation(self, now: datetime) -> object:
        """Return a value that changes when records at hand must be read again; None while that is unknown."""
        return self._remembered.generation(now)

    def bind(self, request: Request) -> BoundStatement | None:
        """Work out a question; None for pages that rows alone do not tell. Raises NotSupported."""
        page = request.page
        if (page.cursors and page.limit is not None) or page.cursor is not None or page.backward:
            return None
        if self._remembered.takes(request):
            return None
        bound, _ = self._bound(request, RIGHTS)
        names = {"now", *(f"filter_{name}" for name, one in request.filters.items() if one is request.now)}
        parameters = enumerate(bound.layout.parameters)
        return replace(bound, moments=tuple(at for at, name in parameters if name in names))

    async def rows(self, bound: BoundStatement, now: datetime) -> Rows:
        """Answer a bound question. Raises RetryLater."""
        try:
            return await self.reader.read(bound.layout, bound.arguments_at(now), (bound.viewer_id, now))
        except UNREACHABLE as error:
            raise RetryLater("The database does not answer.") from error

    async def _read(self, request: Request) -> Mapping[str, Children]:
        bound, gather = self._bound(request, IMPLICIT)
        found = gather(await self.rows(bound, request.now), request.page.limit)
        if request.page.backward:
            for children in found.values():
                children.rows.reverse()
                children.cursors.reverse()
        return found

    def _bound(self, request: Request, implicit: tuple[str, ...]) -> tuple[BoundStatement, Gather]:
        relation = RELATIONS.get(request.relation)
        if relation is None:
            raise NotSupported(f"The database has no relation {request.relation}.")
        dialect = self.engine.dialect.name
        places_ = places(len(request.parents)) if dialect == "sqlite" else 0
        shape = _shape(relation, request, places_)
        statement, gather = _statement(request.relation, shape, implicit, dialect)
        parents = _parents(request, places_, dialect)
        arguments = statement.arguments(parents, _values(relation, request, shape))
        return BoundStatement(statement, arguments, request.viewer_id), gather

    async def start(self) -> None:
        """Connect; without it the first question does. Raises what the driver raises."""
        await self.reader.start()

    async def close(self) -> None:
        """Close the connections."""
        await self.reader.close()
        await self.engine.dispose()


def open_reader(engine: AsyncEngine) -> Reader:
    """Make the reader for the database of an engine."""
    if engine.dialect.name == "sqlite":
        return SqliteReader(engine.url.database or ":memory:")
    return PostgresReader(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))


class NativeAdapter:
    """Opens the native database as a source; options: `url`."""

    name = "native"

    def open(self, options: Mapping[str, Any]) -> Source:
        """Open the database at `options["url"]`. Raises BadConfiguration."""
        return NativeSource(open_database(str(options["url"])))


def _shape(relation: Relation, request: Request, places: int) -> Shape:
    newest_first = relation.newest_first if request.newest_first is None else request.newest_first
    page, parents = request.page, request.parents
    groups = 1 if len(parents) == 1 else len({parent.group for parent in parents})
    return Shape(
        columns=request.columns,
        filters=tuple(
            (name, name not in relation.filters and len(value) == 1)
            for name, value in sorted(request.filters.items())
        ),
        paged=page.limit is not None,
        counted=page.counted,
        cursor=page.cursor is not None,
        keyed=page.limit is not None and page.cursors,
        shared=groups < len(parents),
        alone=groups == 1,
        descending=newest_first != page.backward,
        parents=places,
    )


@lru_cache(maxsize=4096)
def _statement(
    name: str, shape: Shape, implicit: tuple[str, ...], dialect: str
) -> tuple[CompiledStatement, Gather]:
    relation = RELATIONS[name]
    known = (one for one in implicit if one in relation.columns)
    shape = shape._replace(columns=tuple(dict.fromkeys((*known, *shape.columns))))
    given = {"now", "viewer", "today", "limit", *(f"filter_{one}" for one, _ in shape.filters)}
    if shape.cursor:
        given |= {f"cursor{index}" for index in range(len(relation.order))}
    statement = build(relation, shape, dialect)
    parents = _parent_names(shape.parents, dialect)
    compiled = compile_statement(statement, DIALECTS[dialect], parents, given, dialect == "postgresql")
    return compiled, gather_function(relation, shape, compiled)


def _values(relation: Relation, request: Request, shape: Shape) -> dict[str, Any]:
    today = request.today or request.now.date()
    values: dict[str, Any] = {"now": request.now, "viewer": request.viewer_id, "today": today}
    for name, is_single in shape.filters:
        value = request.filters[name]
        if name == "search":
            value = "%" + re.sub(r"([%_\\])", r"\\\1", search_text(value)) + "%"
        if is_single:
            (value,) = value
        elif isinstance(value, Sequence | Set) and not isinstance(value, str):
            value = list(value)
        values[f"filter_{name}"] = value
    if request.page.limit is not None:
        # One row more than a page tells that others follow, or what the total is where none was asked for.
        is_longer = request.page.cursors or request.page.limit == 0
        values["limit"] = request.page.limit + 1 if is_longer else request.page.limit
    if request.page.cursor is not None:
        types = [_value_type(relation.columns[name]) for name in relation.order]
        for index, value in enumerate(decode_cursor(request.page.cursor, types)):
            values[f"cursor{index}"] = value
    return values


def _parents(request: Request, places: int, dialect: str) -> list[Any]:
    """Describe the parents in the order of `_parent_names`: each field of each, lists, or all as JSON."""
    if places:
        apart: list[Any] = []
        for one in request.parents:
            apart += (one.group, one.id, one.student_id, _day(one.lower), _day(one.upper))
        apart += [None] * (len(PARENT_FIELDS) * (places - len(request.parents)))
        return apart
    rows = [(p.group, p.id, p.student_id, p.lower, p.upper) for p in request.parents]
    return list(zip(*rows, strict=True)) if dialect == "postgresql" else [orjson.dumps(rows).decode()]


_day = lru_cache(maxsize=1024)(date.isoformat)
"""Writes a day; the parents of a question mostly share theirs."""


def _parent_names(places: int, dialect: str) -> tuple[str, ...]:
    if places:
        return tuple(f"parent{place}_{name}" for place in range(places) for name in PARENT_FIELDS)
    return PARENT_LISTS if dialect == "postgresql" else ("parents",)


def _value_type(column: ColumnElement[Any]) -> type:
    """Return the type of the values of a column, as a cursor holds them."""
    kinds: tuple[tuple[type, type], ...] = (
        (Instant, datetime),
        (Date, date),
        (Boolean, bool),
        (Integer, int),
    )
    return next((value for kind, value in kinds if isinstance(column.type, kind)), str)
