"""Which source is believed where several speak of the same record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters import records as r

PEOPLE = ("siecle", "onde", "aaf", "oneroster", "edt", "sts", "csv", "ical")
STRUCTURE = ("siecle", "onde", "sts", "aaf", "edt", "oneroster", "csv", "ical")
TIMETABLE = ("edt", "ical", "csv", "oneroster", "sts")
DEFAULT: Mapping[str, Sequence[str]] = {"people": PEOPLE, "structure": STRUCTURE, "timetable": TIMETABLE}
"""Readers by kind of data, the most believed first: students and their families; schools, classes, subjects,
rooms and staff; lessons. A timetable is taken whole from one source."""

KINDS_OF_DATA: Mapping[str, str] = {
    one.table().name: "people" for one in (r.Student, r.Guardian, r.Guardianship, r.Enrolment)
} | {r.Lesson.table().name: "timetable"}

WEAK: tuple[Any, ...] = (None, "", "?", "UNKNOWN", "OTHER", [], {})
"""Values that say nothing: another source's are taken."""
RIGHTS = frozenset(
    {"responsibility", "legal_rank", "has_data_access", "permissions", "valid_from", "valid_to"}
)
"""Columns of a guardianship that go together: rights are never pieced together from two sources."""
NO_RIGHTS: Mapping[str, Any] = {"has_data_access": False, "permissions": []}
PROVENANCE = frozenset({"source_id", "external_id", "modified_at"})


@dataclass(frozen=True, slots=True)
class Precedence:
    """The order of sources for each kind of data; readers that are not listed come last."""

    readers: Mapping[str, Sequence[str]] = field(default_factory=lambda: DEFAULT)

    def rank(self, table: str, source_id: str) -> tuple[int, str]:
        """Return how far back a source stands for the records of a table; the first is believed."""
        order = self.readers.get(KINDS_OF_DATA.get(table, "structure"), ())
        reader = source_id.partition(":")[0]
        return (order.index(reader) if reader in order else len(order)), source_id

    def is_withdrawn(self, table: str, claims: Sequence[Mapping[str, Any]], withdrawn: Iterable[str]) -> bool:
        """Tell whether a source that is believed more than all who speak of a record no longer does."""
        best = min(self.rank(table, one["source_id"]) for one in claims)
        return any(self.rank(table, one) < best for one in withdrawn)

    def merged(
        self, table: str, claims: Sequence[Mapping[str, Any]], withdrawn: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Make the content of one record from those of its sources: each field from the first that has it.

        `withdrawn` are the sources that spoke of it and no longer do.
        """
        ordered = sorted(claims, key=lambda one: self.rank(table, one["source_id"]))
        contents: list[dict[str, Any]] = [one["content"] for one in ordered]
        first = contents[0]
        found = {}
        for name in first:
            whole = name in PROVENANCE or (table == "guardianship" and name in RIGHTS)
            said = () if whole else (content.get(name) for content in contents)
            found[name] = next((one for one in said if not _is_weak(table, name, one, first)), first[name])
        if table == "guardianship" and self.is_withdrawn(table, claims, withdrawn):
            # Who is believed more took the tie away: what others still say of it opens nothing.
            found |= NO_RIGHTS
        if table == "subject" and any(one.get("school_id") is None for one in contents):
            found["school_id"] = None  # known nationally: other schools refer to it too
        return found


def _is_weak(table: str, name: str, value: Any, content: Mapping[str, Any]) -> bool:
    # A school known by its number alone is named by it.
    return value in WEAK or (table == "school" and name == "name" and value == content.get("national_id"))
