"""A column compared with the values of one parameter, however many there are."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Dialect,
    FromClause,
    String,
    TypeDecorator,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import NullType, TypeEngine


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
