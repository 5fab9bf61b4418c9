"""What is to be written, said without SQL: the parts of one transaction on behalf of one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.records import Record


@dataclass(frozen=True, slots=True)
class Insert:
    """A new record."""

    record: Record

    @property
    def kind(self) -> type[Record]:
        """The kind of record that is written."""
        return type(self.record)


@dataclass(frozen=True, slots=True)
class Set:
    """Values for the records of a kind that match; where none does, `otherwise` is inserted."""

    kind: type[Record]
    where: Mapping[str, Any]
    values: Mapping[str, Any]
    otherwise: Record | None = None
    but: Mapping[str, Any] = field(default_factory=dict)
    """Columns that must differ, null counting as different."""
    plus: Mapping[str, int] = field(default_factory=dict)
    """Columns to count up."""
    is_certain: bool = False
    """Whether a record must match: `Outdated` is raised where none does and none could be inserted."""


@dataclass(frozen=True, slots=True)
class Remove:
    """The records of a kind that match."""

    kind: type[Record]
    where: Mapping[str, Any]


Change = Insert | Set | Remove


class Outdated(Exception):
    """A record is no longer as the caller saw it; nothing was written."""


class AlreadyWritten(Exception):
    """The receipt was there already: the same call was carried out before; nothing was written."""
