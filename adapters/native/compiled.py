"""A statement made ready once: its text, and how values go in and come out of the driver."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import JSON, Date, Dialect, Float, Select
from sqlalchemy.types import TypeEngine

from adapters.records import Instant

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, in its place: the name under which its value is given, or a value of its own."""

    name: str
    convert: Convert | None
    constant: Any
    is_given: bool


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """The text of a SELECT for one driver, and the converters of its parameters and columns."""

    text: str
    parameters: tuple[Parameter, ...]
    names: tuple[str, ...]
    converters: tuple[tuple[int, Convert], ...]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Put the values of one execution in the driver's order."""
        found = []
        for one in self.parameters:
            value = values[one.name] if one.is_given else one.constant
            found.append(value if one.convert is None else one.convert(value))
        return found

    def convert(self, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
        """Turn the driver's values into Python's, column by column where it is needed."""
        if not self.converters:
            return rows
        changed = [list(row) for row in rows]
        for row in changed:
            for index, convert in self.converters:
                if row[index] is not None:
                    row[index] = convert(row[index])
        return changed


def compile_statement(
    statement: Select[Any], dialect: Dialect, given: frozenset[str], as_json: bool
) -> CompiledStatement:
    """Compile a statement for a driver; `given` names the parameters that each execution brings.

    With `as_json` the rows arrive as JSON arrays (`json_rows`), so that dates and times come as text.
    """
    compiled: Any = statement.compile(dialect=dialect)
    state = compiled.construct_expanded_state(dict.fromkeys(given))
    processors = {
        name: bound.type.dialect_impl(dialect).bind_processor(dialect)
        for name, bound in compiled.binds.items()
    }
    parameters = tuple(
        Parameter(name, processors.get(name), state.parameters[name], name in given)
        for name in state.positiontup
    )
    columns = list(statement.selected_columns)
    converters = [
        (index, convert)
        for index, column in enumerate(columns)
        if (convert := _from_json(column.type) if as_json else _from_driver(column.type, dialect)) is not None
    ]
    names = tuple(str(column.key) for column in columns)
    return CompiledStatement(state.statement, parameters, names, tuple(converters))


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Read what SQLite's driver gives as SQLAlchemy would, faster for the kinds that are met most."""
    if isinstance(kind, Instant):
        return _utc
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, JSON):
        return orjson.loads
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def _from_json(kind: TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, Instant):
        return datetime.fromisoformat
    if isinstance(kind, Date):
        return date.fromisoformat
    return float if isinstance(kind, Float) else None


def json_rows(statements: Sequence[CompiledStatement]) -> str:
    """Write several statements for PostgreSQL as one, which returns the rows of each as JSON arrays.

    Statements are the same texts that would run alone; only their parameters are numbered on.
    """
    parts, offset = [], 0
    for index, one in enumerate(statements):
        text = re.sub(r"\$(\d+)", lambda found, by=offset: f"${int(found[1]) + by}", one.text)  # type: ignore[misc]
        columns = ", ".join(f'part."{name}"' for name in one.names)
        parts.append(f"(SELECT json_agg(json_build_array({columns})) FROM ({text}) AS part) AS part{index}")
        offset += len(one.parameters)
    return "SELECT " + ",\n".join(parts)
