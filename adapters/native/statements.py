"""How a relation becomes one SQL statement: parents in, windowed and limited children out.

The parents travel as parameters, so the text of a statement depends on the shape of the question
and never on how many parents there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    and_,
    bindparam,
    case,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    values,
)
from sqlalchemy.sql.util import ClauseAdapter
from sqlalchemy.sql.visitors import iterate

from adapters.native.one_of import one_of
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
class Parents:
    """The parents of a question as a table."""

    table: FromClause
    shared: bool
    """Whether several have one list together."""
    topmost: bool
    """Whether only the first records of each are read."""
    dialect: str


Path = Callable[[Parents], Match]


@dataclass(frozen=True, slots=True)
class Extra:
    """A table joined one to one, only when one of its columns is wanted."""

    table: Table
    on: Callable[[Match, BindParameter[Any]], Condition]


@dataclass(frozen=True)
class Relation:
    """An edge of the graph as the database sees it."""

    record: Table
    path: Path
    columns: Columns
    extras: tuple[Extra, ...] = ()
    window: ColumnElement[Any] | None = None
    order: tuple[str, ...] = ("id",)
    newest_first: bool = False
    filters: Mapping[str, Callable[[Columns, BindParameter[Any]], Condition]] = field(default_factory=dict)
    counts: Mapping[str, Callable[[Columns], Condition]] = field(default_factory=dict)


class Shape(NamedTuple):
    """All that the text of a statement depends on besides its relation."""

    columns: tuple[str, ...]
    filters: tuple[tuple[str, bool], ...]
    """The filters, each with whether a column must have one value: then an index may serve the order too."""
    paged: bool
    counted: bool
    cursor: bool
    """Whether the page begins after a cursor."""
    keyed: bool
    """Whether each row comes with the values of its own cursor."""
    shared: bool
    """Whether several parents have one list together."""
    alone: bool
    """Whether there is one list only."""
    descending: bool
    parents: int = 0
    """How many parents are parameters of their own; 0 for any number, in one parameter (a list)."""


MOST_APART = 32
"""Up to so many parents SQLite gets as parameters of their own, which it reads faster than JSON."""


def places(parents: int) -> int:
    """Return the number of places for so many parents: a power of two, so that texts stay few; 0 for JSON."""
    return 1 << (parents - 1).bit_length() if parents <= MOST_APART else 0


def parents(dialect: str, places: int) -> FromClause:
    """Read the parameters that describe the parents as a table."""
    kinds = (String, String, String, Date, Date)
    named = [column(name, kind()) for name, kind in zip(PARENT_FIELDS, kinds, strict=True)]
    if dialect == "postgresql":
        arrays = [bindparam(f"parent_{one.name}", type_=ARRAY(one.type)) for one in named]
        return func.unnest(*arrays).table_valued(*named, name="parent").render_derived()
    if places:
        rows = [
            tuple(bindparam(f"parent{place}_{one.name}", type_=String) for one in named)
            for place in range(places)
        ]
        return values(*named).data(rows).cte("parent")
    rows_ = func.json_each(bindparam("parents", type_=String))
    value = rows_.table_valued("value", name="parent_rows").c.value
    texts = [func.json_extract(value, f"$[{index}]", type_=String) for index in range(5)]
    typed: list[ColumnElement[Any]] = [*texts[:3], *(type_coerce(text, Date) for text in texts[3:])]
    fields = zip(PARENT_FIELDS, typed, strict=True)
    # Materialised, or SQLite takes the JSON apart again for every row that is joined to it.
    return select(*(one.label(name) for name, one in fields)).cte("parent").prefix_with("MATERIALIZED")


def build(relation: Relation, shape: Shape, dialect: str) -> Select[Any]:
    """Write the statement of one relation in one shape."""
    parent = parents(dialect, shape.parents)
    topmost = shape.paged and not shape.cursor and not shape.shared
    match = relation.path(Parents(parent, shape.shared, topmost, dialect))
    if shape.parents == 1 and match.source is parent and not shape.cursor:
        return _of_one(relation, shape)
    asked = Question(relation, shape, match)
    if not shape.paged:
        return asked.select(asked.joined(match)).where(*asked.conditions).order_by(*asked.sorting)
    if topmost and match.source is parent:
        return _topmost(asked, dialect)
    if shape.alone and not shape.counted and not shape.cursor:
        found = asked.select(asked.joined(match)).where(*asked.conditions).order_by(*asked.sorting)
        return found.limit(bindparam("limit", type_=Integer))
    return _numbered(asked)


ONE_PARENT: Any = SimpleNamespace(
    c=SimpleNamespace(**{name: bindparam(f"parent0_{name}", type_=String) for name in PARENT_FIELDS})
)
"""Stands for the table of the parents where there is one: its fields are parameters."""


def _of_one(relation: Relation, shape: Shape) -> Select[Any]:
    """Write the statement of a single parent that a condition of the record leads to: nothing is joined."""
    asked = Question(relation, shape, relation.path(Parents(ONE_PARENT, shape.shared, False, "sqlite")))
    match = asked.match
    source = asked.with_extras(relation.record, match, [*asked.shown, *asked.deciding])
    counts = _counts(asked).items() if shape.counted else ()
    measures = [count.correlate(None).scalar_subquery().label(name) for name, count in counts]
    found = asked.select(source, *measures).where(match.on, *asked.conditions).order_by(*asked.sorting)
    return found.limit(bindparam("limit", type_=Integer)) if shape.paged else found


Adapt = Callable[[ColumnElement[Any]], ColumnElement[Any]]
"""Points an expression on a record's table at what stands for the table."""


def _as_it_is(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    return expression


class Question:
    """A relation in one shape, with its parts worked out."""

    def __init__(self, relation: Relation, shape: Shape, match: Match) -> None:
        self.relation = relation
        self.shape = shape
        self.match = match
        self.columns = {**relation.columns, **match.columns}
        self.conditions = [*_visible(relation, match), *_filters(relation, shape, self.columns)]
        self.order = [self.columns[name] for name in relation.order]
        self.sorting = [column.desc() if shape.descending else column.asc() for column in self.order]
        self.tallies = [condition(self.columns) for condition in relation.counts.values()]

    def select(
        self,
        source: FromClause,
        *others: ColumnElement[Any],
        match: Match | None = None,
        adapted: Adapt = _as_it_is,
    ) -> Select[Any]:
        """Select what was asked for from a joined source."""
        match = match or self.match
        columns = {**self.columns, **match.columns}
        found = [adapted(columns[name]).label(name) for name in self.shape.columns if name in columns]
        order = enumerate(self.order) if self.shape.keyed else ()
        keys = [adapted(one).label(f"_order{index}") for index, one in order]
        return select(match.group.label("_group"), *found, *keys, *others).select_from(source)

    @property
    def shown(self) -> list[ColumnElement[Any]]:
        """The expressions of the answer."""
        return [*(self.columns[name] for name in self.shape.columns if name in self.columns), *self.order]

    @property
    def deciding(self) -> list[ColumnElement[Any]]:
        """The expressions that decide which records are in the page, and in what order."""
        return [*self.conditions, *self.order, *(self.tallies if self.shape.counted else ())]

    def joined(self, match: Match, used: Sequence[ColumnElement[Any]] | None = None) -> FromClause:
        """Join the record and the extras that are used to the parents."""
        source = match.source.join(self.relation.record, match.on)
        return self.with_extras(source, match, [*self.shown, *self.deciding] if used is None else used)

    def with_extras(
        self,
        source: FromClause,
        match: Match,
        used: Sequence[ColumnElement[Any]],
        adapted: Adapt = _as_it_is,
    ) -> FromClause:
        """Join the extras that expressions use."""
        for table, on in self.extras(match, used):
            source = source.outerjoin(table, adapted(on))
        return source

    def extras(
        self, match: Match, used: Sequence[ColumnElement[Any]]
    ) -> Iterator[tuple[FromClause, Condition]]:
        """List the extras that expressions use, each with what joins it."""
        tables = {id(table) for expression in used for table in expression._from_objects}
        viewer = bindparam("viewer", type_=String)
        for extra in self.relation.extras:
            if id(extra.table) in tables:
                yield extra.table, extra.on(match, viewer)

    def of_record(self) -> list[ColumnElement[Any]]:
        """List the columns of the record that the answer needs."""
        record = self.relation.record
        needed = [*self.shown, *(on for _, on in self.extras(self.match, self.shown))]
        met = {id(part) for expression in needed for part in iterate(expression)}
        return [one for one in record.c if id(one) in met]


def _topmost(asked: Question, dialect: str) -> Select[Any]:
    """Take the first records of each parent along the index, and count apart: nothing is numbered."""
    match, record = asked.match, asked.relation.record
    inner = asked.with_extras(record, match, [*asked.conditions, *asked.order])
    whole = dialect == "postgresql"
    # SQLite finds a row by its number in one step; an id leads to the number first.
    number: ColumnElement[Any] = literal_column(f"{record.name}.rowid")
    top = (
        select(*(asked.of_record() if whole else [number]))
        .select_from(inner)
        .where(match.on, *asked.conditions)
        .order_by(*asked.sorting)
        .limit(bindparam("limit", type_=Integer))
        .correlate(match.source)
    )
    adapted: Adapt = _as_it_is
    if whole:
        first = top.lateral("top")
        adapted = ClauseAdapter(first).traverse
        source: FromClause = match.source.join(first, true())
    else:
        source = match.source.join(record, number.in_(top))
    source = asked.with_extras(source, match, asked.shown, adapted)
    measures: list[ColumnElement[Any]] = []
    if asked.shape.counted:
        counted, on = _counted(asked)
        source = source.join(counted, on)
        measures = [one for one in counted.c if one.key.startswith("_")]
    return asked.select(source, *measures, adapted=adapted).order_by(*map(adapted, asked.sorting))


def _counted(asked: Question) -> tuple[FromClause, Condition]:
    """Count the records of each parent, all and by condition; returns the counts and what joins them."""
    match = asked.match
    measures = [
        count.correlate(match.source).scalar_subquery().label(name) for name, count in _counts(asked).items()
    ]
    found = select(match.group.label("counted_group"), *measures).select_from(match.source)
    # Materialised, or databases count again for every record.
    counted = found.cte("counted").prefix_with("MATERIALIZED")
    return counted, counted.c.counted_group == match.group


def _counts(asked: Question) -> dict[str, Select[Any]]:
    """Write what counts the records of a parent, all and by condition."""
    match = asked.match
    tallies = {f"_count{at}": func.sum(case((one, 1), else_=0)) for at, one in enumerate(asked.tallies)}
    source = asked.with_extras(asked.relation.record, match, [*asked.conditions, *asked.tallies])
    return {
        name: select(measure).select_from(source).where(match.on, *asked.conditions)
        for name, measure in {"_total": func.count(), **tallies}.items()
    }


def _numbered(asked: Question) -> Select[Any]:
    """Number the records of each list, keep a page (and one more, to know whether it is the last), and
    only then read their columns."""
    match, shape, record = asked.match, asked.shape, asked.relation.record
    carried = [column.label(name) for name, column in match.columns.items() if name in shape.columns]
    listed = (
        select(
            match.group.label("parent_group"),
            match.student.label("student_id"),
            record.c.id.label("key"),
            *carried,
            func.row_number().over(partition_by=match.group, order_by=asked.sorting).label("_number"),
            *_measures(asked),
        )
        .select_from(asked.joined(match, asked.deciding))
        .where(*asked.conditions)
        .subquery("listed")
    )
    page = Match(
        listed,
        record.c.id == listed.c.key,
        listed.c.parent_group,
        listed.c.student_id,
        {column.key: listed.c[column.key] for column in carried},
    )
    number = listed.c._number
    wanted = and_(number > listed.c._skipped, number <= listed.c._skipped + bindparam("limit"))
    measures = [one for one in listed.c if one.key.startswith("_")]
    statement = asked.select(asked.joined(page, asked.shown), *measures, match=page)
    return statement.where(or_(wanted, number == 1) if shape.counted else wanted).order_by(number)


def _measures(asked: Question) -> list[ColumnElement[Any]]:
    """Count what lies before the cursor, and where it is asked for the whole list."""
    shape, group = asked.shape, asked.match.group
    skipped: ColumnElement[Any] = literal_column("0")
    if shape.cursor:
        last = tuple_(*(bindparam(f"cursor{i}", type_=one.type) for i, one in enumerate(asked.order)))
        here = tuple_(*asked.order)
        beyond = here < last if shape.descending else here > last
        skipped = func.sum(case((beyond, 0), else_=1)).over(partition_by=group)
    measures: list[ColumnElement[Any]] = [skipped.label("_skipped")]
    if shape.counted:
        measures.append(func.count().over(partition_by=group).label("_total"))
        for index, condition in enumerate(asked.tallies):
            tally = func.sum(case((condition, 1), else_=0)).over(partition_by=group)
            measures.append(tally.label(f"_count{index}"))
    return measures


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
    for name, is_single in shape.filters:
        value: BindParameter[Any] = bindparam(f"filter_{name}")
        if name in relation.filters:
            conditions.append(relation.filters[name](columns, value))
        elif is_single:
            column = columns[name]
            conditions.append(column == bindparam(value.key, type_=column.type))
        else:
            conditions.append(one_of(columns[name], value))
    return conditions
