"""A statement made ready once: its text, and how values go in and come out of the driver."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import ARRAY, JSON, Date, Dialect, Float, Select
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeEngine

from adapters.generated_functions import define
from adapters.native.database import DRIVERS
from adapters.records import Instant

Convert = Callable[[Any], Any]
DIALECTS: Mapping[str, Dialect] = {
    name: make_url(f"{DRIVERS[name]}://").get_dialect()() for name in ("sqlite", "postgresql")
}
"""One for all engines of a kind, so that each statement is compiled once in a process."""


@dataclass(frozen=True, slots=True, eq=False)
class CompiledStatement:
    """The text of a SELECT for one driver, and how values go in and come out."""

    text: str
    arguments: Callable[[Sequence[Any], Mapping[str, Any]], list[Any]]
    """Puts what describes the parents and the other values of one execution in the driver's order."""
    names: tuple[str, ...]
    converters: Mapping[int, Convert]
    """By the index of a column whose values the driver gives in another type, what turns them."""
    parameters: tuple[str, ...]
    """Names of the parameters, in the driver's order."""
    moment: Convert
    """Writes a moment as the driver takes it."""


def compile_statement(
    statement: Select[Any], dialect: Dialect, parents: Sequence[str], given: Set[str], as_json: bool
) -> CompiledStatement:
    """Compile a statement for a driver; `given` names the parameters that each execution brings.

    Those that describe the parents come as a list, in the order of `parents`.

    With `as_json` the rows arrive as JSON arrays (`json_rows`), so that dates and times come as text.
    """
    compiled: Any = statement.compile(dialect=dialect)
    state = compiled.construct_expanded_state(dict.fromkeys((*parents, *given)))
    columns = list(statement.selected_columns)
    converters = {
        index: convert
        for index, column in enumerate(columns)
        if (convert := _from_json(column.type) if as_json else _from_driver(column.type, dialect)) is not None
    }
    names = tuple(str(column.key) for column in columns)
    arguments = _arguments(compiled, state, dialect, parents, given)
    moment = _to_driver(Instant(), dialect) or _as_it_is
    parameters = tuple(state.positiontup)
    return CompiledStatement(state.statement, arguments, names, converters, parameters, moment)


def _arguments(
    compiled: Any, state: Any, dialect: Dialect, parents: Sequence[str], given: Set[str]
) -> Callable[[Sequence[Any], Mapping[str, Any]], list[Any]]:
    """Generate the function that lists the parameters of one execution, constants among them."""
    names: dict[str, Any] = {}
    lines: dict[str, str] = {}
    listed = []
    for index, name in enumerate(state.positiontup):
        kind = compiled.binds[name].type if name in compiled.binds else None
        convert = _to_driver(kind, dialect) if kind is not None else None
        if name in parents:
            listed.append(f"parents[{parents.index(name)}]")
        elif name in given:
            names[f"convert_{name}"] = convert
            value = f"values[{name!r}]" if convert is None else f"convert_{name}(values[{name!r}])"
            lines[name] = f"    {name} = {value}"
            listed.append(name)
        else:
            constant = state.parameters[name]
            names[f"constant{index}"] = constant if convert is None else convert(constant)
            listed.append(f"constant{index}")
    text = ["def arguments(parents, values):", *lines.values(), f"    return [{', '.join(listed)}]"]
    arguments: Callable[[Sequence[Any], Mapping[str, Any]], list[Any]] = define("arguments", text, names)
    return arguments


def _to_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Write a parameter as SQLAlchemy would; asyncpg takes lists of texts and dates as they are."""
    if isinstance(kind, ARRAY):
        return None
    if isinstance(kind, Instant) and dialect.name == "sqlite":
        return _sqlite_text
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _from_driver(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """Read what SQLite's driver gives as SQLAlchemy would, faster for the kinds that are met most."""
    if isinstance(kind, Instant):
        return _utc
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, JSON):
        return orjson.loads
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _as_it_is(value: Any) -> Any:
    return value


def _sqlite_text(instant: datetime | None) -> str | None:
    """Write an instant as SQLAlchemy stores it in SQLite, only faster."""
    if instant is None:
        return None
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone.")
    return _text_of_utc(instant if instant.tzinfo is UTC else instant.astimezone(UTC))


@lru_cache(maxsize=64)
def _text_of_utc(instant: datetime) -> str:
    # The statements of one request all get the same moment.
    return instant.replace(tzinfo=None).isoformat(" ", "microseconds")


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
