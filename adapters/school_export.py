"""An export of one school: how its records are named, and how what cannot be taken is described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.base import Refusal
from adapters.french_schools import time_zone
from adapters.records import record_id

LONGEST_ID = 200
"""Characters that an external id may have; a longer one is kept as a code of it."""
LONGEST_SOURCE = 64
"""Characters that the id of a source may have."""


def source_name(*parts: str) -> str:
    """Return the id of a source: its parts joined by colons, at most 64 characters.

    A longer one keeps its beginning, and a code of the whole: names that differ at their end stay apart.
    """
    whole = ":".join(parts)
    if len(whole) <= LONGEST_SOURCE:
        return whole
    code = record_id("source", "name", whole)
    return f"{whole[: LONGEST_SOURCE - len(code) - 1]}:{code}"


@dataclass(slots=True)
class SchoolExport:
    """A school by its national id, the source of its records, and the file that is read."""

    uai: str
    source: str
    file: str

    @property
    def zone(self) -> str:
        """The time zone of the school."""
        return time_zone(self.uai)

    def id(self, kind: str, external_id: str) -> str:
        """Return the id of a record."""
        return record_id(self.source, kind, external_id)

    def common(self, kind: str, external_id: str) -> dict[str, Any]:
        """Return the columns that every record has."""
        identity = self.id(kind, external_id)
        return {
            "id": identity,
            "school_id": self.id("School", self.uai),
            "source_id": self.source,
            "external_id": external_id if len(external_id) <= LONGEST_ID else identity,
        }

    def refusal(self, element: Any, record: str, name: str, value: str, why: str, do: str) -> Refusal:
        """Describe what could not be taken of an XML element, with its line."""
        return Refusal(f"{self.file}, line {element.sourceline}", record, name, value, why, do)
