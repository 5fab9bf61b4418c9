"""What an import did, as people and programs read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from adapters.base import Notice, Refusal

SHOWN_PLACES = 3
"""Places that are told of one cause."""


@dataclass(slots=True)
class Counts:
    """What happened to the records of one kind; `waiting` are new ones, kept and shown to nobody yet."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    waiting: int = 0
    ended: int = 0

    def count(self, state: str, by: int = 1) -> None:
        """Count records of a state: added, changed, unchanged, or revived, which is a change."""
        name = "changed" if state == "revived" else state
        setattr(self, name, getattr(self, name) + by)


@dataclass(slots=True)
class EntryCounts:
    """What became of the entries of one kind; `left_out` counts them by reason.

    read = taken + refused + waiting + left out; the loader checks it.
    """

    read: int = 0
    taken: int = 0
    refused: int = 0
    waiting: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class TakenOut:
    """What cleaning took out of the texts of one column: how often, and where first."""

    record: str
    column: str
    what: str
    times: int = 0
    places: list[str] = field(default_factory=list)

    def count(self, place: str) -> None:
        """Count one text."""
        self.times += 1
        if len(self.places) < SHOWN_PLACES:
            self.places.append(place)


@dataclass(slots=True)
class Report:
    """What an import did: counts by kind of record, refusals, and the ties between families and students.

    `entries` counts what the export contains by what the format calls it; `waiting` says what is kept and not
    shown, because nobody knows yet whom it is about. `joined` counts records found to be the same as one of
    another source, by kind; `proposals` those that may be and wait for a decision. `emptied` are fields of
    records that were taken, whose value cannot be used; `taken_out` is what texts lost when cleaned.
    `unread` counts refusals of single fields of entries that were taken. `lacking` counts, by kind, the
    records that ended because a complete export has them no longer; `as_part` says how to import it where it
    is only a part.
    """

    source: str
    dry_run: bool
    counts: dict[str, Counts] = field(default_factory=dict)
    entries: dict[str, EntryCounts] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    waiting: list[Refusal] = field(default_factory=list)
    emptied: list[Refusal] = field(default_factory=list)
    unread: int = 0
    taken_out: list[TakenOut] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    lacking: dict[str, int] = field(default_factory=dict)
    as_part: str = ""
    links: int = 0
    legal_links: int = 0
    students_without_guardian: int = 0
    joined: dict[str, int] = field(default_factory=dict)
    proposals: int = 0

    def of(self, kind: str) -> Counts:
        """Return the counts of one kind of record, to be added to."""
        return self.counts.setdefault(kind, Counts())

    def of_texts(self, record: str, column: str, what: str) -> TakenOut:
        """Return the count of what texts of a column lost, to be added to."""
        for one in self.taken_out:
            if (one.record, one.column, one.what) == (record, column, what):
                return one
        self.taken_out.append(TakenOut(record, column, what))
        return self.taken_out[-1]

    @property
    def changes(self) -> int:
        """How many records differ from before."""
        return sum(one.added + one.changed + one.waiting + one.ended for one in self.counts.values())

    @property
    def number_refused(self) -> int:
        """How many entries were refused; of an export that counts none, how many refusals there are."""
        return number_refused(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return asdict(self) | {"changes": self.changes}


def number_refused(report: Mapping[str, Any]) -> int:
    """Count what a report, as plain data, says was refused: its entries, else its refusals."""
    entries = report.get("entries")
    return sum(one["refused"] for one in entries.values()) if entries else len(report["refused"])
