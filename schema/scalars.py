"""Scalars of the contract beyond those of GraphQL itself."""

import re
from datetime import date, datetime
from typing import Any, NewType

from strawberry import scalar
from strawberry.types.scalar import ScalarDefinition

HTML = NewType("HTML", str)
URL = NewType("URL", str)
Color = NewType("Color", str)


def _parse_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset; write for example 2026-11-23T08:00:00+01:00.")
    return instant


def _parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{str(text)[:40]!r} is no day; write for example 2026-11-23.") from error


def _parse_color(text: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", str(text)):
        raise ValueError(f"{str(text)[:20]!r} is no colour; write for example #1E88E5.")
    return text


SCALARS: dict[Any, ScalarDefinition] = {
    HTML: scalar(
        name="HTML", description="Sanitised HTML fragment: no script, no event handler, no remote style."
    ),
    URL: scalar(name="URL", description="Absolute URL, never holding a source's credentials."),
    Color: scalar(name="Color", description="Colour as `#RRGGBB`.", parse_value=_parse_color),
    date: scalar(
        name="Date",
        description="Day of the calendar, ISO 8601 (2026-11-23).",
        serialize=date.isoformat,
        parse_value=_parse_day,
    ),
    datetime: scalar(
        name="DateTime",
        description="Instant with an explicit UTC offset, ISO 8601 (2026-11-23T08:00:00+01:00).",
        serialize=datetime.isoformat,
        parse_value=_parse_instant,
    ),
}
