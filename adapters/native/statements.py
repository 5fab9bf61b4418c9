"""How a relation becomes one SQL statement: parents in, windowed and limited children out.

The parents travel as one JSON parameter, so the text of a statement depends on the shape of the question
and never on how many parents there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    Dialect,
    FromClause,
    Select,
    String,
    Subquery,
    Table,
    TypeDecorator,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import NullType, TypeEngine

from adapters.records.base import Instant

Condition = ColumnElement[bool]
Columns = Mapping[str, ColumnElement[Any]]
PARENT_FIELDS = ("parent_group", "id", "student_id", "lower", "upper")


@dataclass(frozen=True, slots=True)
class Match:
    """How parents lead to records: a FROM clause, and the condition that joins the record to it."""

    source: FromClause
    on: Condition
    group: ColumnElement[Any]
    student: ColumnElement[Any]
    columns: Columns = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extra:
    """A table joined one to one, only when one of its columns is wanted."""

    table: Table
    on: Callable[[Match, BindParameter[Any]], Condition]


@dataclass(frozen=True)
class Relation:
    """An edge of the graph as the database sees it."""

    record: Table
    path: Callable[[Subquery], Match]
    columns: Columns
    extras: tuple[Extra, ...] = ()
    window: ColumnElement[Any] | None = None
    order: tuple[str, ...] = ("id",)
    newest_first: bool = False
    filters: Mapping[str, Callable[[Columns, BindParameter[Any]], Condition]] = field(default_factory=dict)
    counts: Mapping[str, Callable[[Columns], Condition]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the text of a statement depends on besides its relation."""

    columns: tuple[str, ...]
    filters: tuple[str, ...]
    paged: bool
    counted: bool
    cursor: bool
    descending: bool


def parents(dialect: str) -> Subquery:
    """Read the JSON parameter `parents` as a table."""
    if dialect == "postgresql":
        rows = func.jsonb_array_elements(cast(bindparam("parents", type_=String), JSONB))
        value = rows.table_valued("value", name="parent_rows").c.value
        texts = [type_coerce(value, JSONB)[index].astext for index in range(5)]
        typed = [*texts[:3], cast(texts[3], Date), cast(texts[4], Date)]
    else:
        rows = func.json_each(bindparam("parents", type_=String))
        value = rows.table_valued("value", name="parent_rows").c.value
        typed = [func.json_extract(value, f"$[{index}]", type_=String) for index in range(5)]
        typed[3:] = [type_coerce(text, Date) for text in typed[3:]]
    named = zip(PARENT_FIELDS, typed, strict=True)
    return select(*(column.label(name) for name, column in named)).subquery("parent")


def build(relation: Relation, shape: Shape, dialect: str) -> Select[Any]:
    """Write the statement of one relation in one shape."""
    match = relation.path(parents(dialect))
    columns = {**relation.columns, **match.columns}
    conditions = [*_visible(relation, match), *_filters(relation, shape, columns)]
    order = [columns[name] for name in relation.order]
    selected = [columns[name].label(name) for name in shape.columns if name in columns]
    keys = [column.label(f"_order{index}") for index, column in enumerate(order)] if shape.paged else []
    counted = [condition(columns) for condition in relation.counts.values()] if shape.counted else []
    source = _joined(relation, match, [*selected, *conditions, *order, *counted])
    sorting = [column.desc() if shape.descending else column.asc() for column in order]
    group = match.group.label("_group")
    statement = select(group, *selected, *keys).select_from(source).where(*conditions)
    if not shape.paged:
        return statement.order_by(*sorting)
    return _page(statement, match.group, sorting, order, counted, shape)


def _page(
    statement: Select[Any],
    group: ColumnElement[Any],
    sorting: list[Any],
    order: list[ColumnElement[Any]],
    counted: list[Condition],
    shape: Shape,
) -> Select[Any]:
    """Number the rows of each group, and keep one page (and one row more, to know whether it is the last)."""
    place = func.row_number().over(partition_by=group, order_by=sorting).label("_number")
    skipped: ColumnElement[Any] = literal_column("0")
    if shape.cursor:
        last = tuple_(*(bindparam(f"cursor{i}", type_=column.type) for i, column in enumerate(order)))
        here = tuple_(*order)
        beyond = here < last if shape.descending else here > last
        skipped = func.sum(case((beyond, 0), else_=1)).over(partition_by=group)
    measures = [skipped.label("_skipped")]
    if shape.counted:
        measures.append(func.count().over(partition_by=group).label("_total"))
        for index, condition in enumerate(counted):
            tally = func.sum(case((condition, 1), else_=0)).over(partition_by=group)
            measures.append(tally.label(f"_count{index}"))
    inner = statement.add_columns(place, *measures).subquery("listed")
    wanted = and_(
        inner.c._number > inner.c._skipped, inner.c._number <= inner.c._skipped + bindparam("limit")
    )
    if shape.counted:
        wanted = or_(wanted, inner.c._number == 1)
    return select(inner).where(wanted).order_by(inner.c._number)


def _visible(relation: Relation, match: Match) -> list[Condition]:
    """Leave out what has ended, what is not published yet, and what lies outside the parent's window."""
    conditions: list[Condition] = []
    table = relation.record
    if "ended_at" in table.c:
        conditions.append(table.c.ended_at.is_(None))
    if "published_at" in table.c:
        now = bindparam("now", type_=Instant())
        conditions.append(or_(table.c.published_at.is_(None), table.c.published_at <= now))
    if relation.window is not None:
        parent = match.source.c
        conditions.append(relation.window.between(parent.lower, parent.upper))
    return conditions


def _filters(relation: Relation, shape: Shape, columns: Columns) -> list[Condition]:
    conditions = []
    for name in shape.filters:
        if name in relation.filters:
            conditions.append(relation.filters[name](columns, bindparam(f"filter_{name}")))
        else:
            conditions.append(one_of(columns[name], bindparam(f"filter_{name}")))
    return conditions


def _joined(relation: Relation, match: Match, used: list[ColumnElement[Any]]) -> FromClause:
    """Join the record to its parents, and the extras that `used` mentions."""
    tables = {id(table) for expression in used for table in expression._from_objects}
    source: FromClause = match.source
    if relation.record is not match.source:
        source = source.join(relation.record, match.on)
    viewer = bindparam("viewer", type_=String)
    for extra in relation.extras:
        if id(extra.table) in tables:
            source = source.outerjoin(extra.table, extra.on(match, viewer))
    return source


class ListOf(TypeDecorator[Any]):
    """A list of values as one parameter: an array on PostgreSQL, JSON on SQLite.

    So the text of a statement does not depend on how many values there are.
    """

    impl = String
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the parameter."""
        return ARRAY(self.item) if dialect.name == "postgresql" else String()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Give the driver what it takes."""
        return list(value) if dialect.name == "postgresql" else json.dumps(list(value))


class one_of(ColumnElement[Any]):
    """A column whose value is one of a parameter's."""

    inherit_cache = False
    type = NullType()  # Boolean would be compared with 1 on SQLite, and no index serves that.

    def __init__(self, column: ColumnElement[Any], values: BindParameter[Any]) -> None:
        self.column = column
        self.values = bindparam(values.key, type_=ListOf(column.type))

    @property
    def _from_objects(self) -> list[FromClause]:
        return self.column._from_objects


@compiles(one_of, "postgresql")
def _any(element: one_of, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in (element.column, element.values))
    return f"{column} = ANY({values})"


@compiles(one_of, "sqlite")
def _each(element: one_of, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in (element.column, element.values))
    return f"{column} IN (SELECT value FROM json_each({values}))"
