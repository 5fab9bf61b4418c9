"""Accounts for every entry of an export: each was taken, refused, waits, or was left out for a reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from adapters.base import Changed, Entry, EntryCount, InvalidExport, LeftOut, Refusal, Remaining, Used
from adapters.native.import_report import EntryCounts, Report
from adapters.records import Record

OUTCOMES = (Record, Changed, Remaining, Used)
"""Items that say that an entry was taken."""


class UnaccountedEntries(InvalidExport):
    """A reader lost entries of an export: a fault of the reader, not of the file."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The entry that an item came of: its number, kind and place. Number 0: of no entry, or continued."""

    number: int = 0
    kind: str = ""
    place: str = ""


class EntryAccounts:
    """Follows the entries of one import. Readers that announce none are not followed."""

    def __init__(self, report: Report, reader: str) -> None:
        self._report = report
        self._reader = reader
        self._fate: str | None = None
        self._changed_fate: set[int] = set()
        self._counted: Counter[str] = Counter()
        self._last = 0
        self._refusals = 0
        """Refusals of the entry so far."""
        self.origin = Origin()
        """The entry whose items follow."""

    def begin(self, entry: Entry) -> None:
        """Begin an entry, and settle the one before. Raises UnaccountedEntries."""
        self._settle()
        if entry.is_continued:
            self.origin = Origin(0, entry.kind, entry.place)
            return
        self._last += 1
        self.origin = Origin(self._last, entry.kind, entry.place)
        self._of(entry.kind).read += 1

    def hear(self, item: object) -> None:
        """Note what an item of the reader says about the entry."""
        if isinstance(item, EntryCount):
            self._counted[item.kind] += item.number
        elif isinstance(item, OUTCOMES):
            self._fate = "taken"
        elif isinstance(item, Refusal):
            self._fate = self._fate or "refused"
            self._refusals += 1
        elif isinstance(item, LeftOut) and self._fate is None:
            self._fate = "left out"
            reasons = self._of(self.origin.kind).left_out
            reasons[item.reason] = reasons.get(item.reason, 0) + 1

    def change_fate(self, origin: Origin, fate: str) -> None:
        """Count a taken entry as `refused` or `waiting` instead; once, and never one of number 0."""
        if origin.number and origin.number not in self._changed_fate:
            self._changed_fate.add(origin.number)
            counts = self._of(origin.kind)
            counts.taken -= 1
            setattr(counts, fate, getattr(counts, fate) + 1)

    def finish(self) -> None:
        """Settle the last entry. Raises UnaccountedEntries where the counts differ from the export's own."""
        self._settle()
        for kind, number in sorted(self._counted.items()):
            read = self._report.entries.get(kind, EntryCounts()).read
            if read != number:
                raise self._fault(f"{number} {kind}, of which {read} were read")

    def _settle(self) -> None:
        if self.origin.number:
            if self._fate is None:
                raise self._fault(f"{self.origin.place} ({self.origin.kind}), of which nothing was said")
            if self._fate != "left out":
                counts = self._of(self.origin.kind)
                setattr(counts, self._fate, getattr(counts, self._fate) + 1)
        if self._fate == "taken":
            self._report.unread += self._refusals
        self._fate, self._refusals = None, 0

    def _fault(self, what: str) -> UnaccountedEntries:
        return UnaccountedEntries(
            f"The export has {what}. Nothing was changed. This is a fault of the reader {self._reader}, not "
            "of your file: report it to whoever maintains the reader."
        )

    def _of(self, kind: str) -> EntryCounts:
        return self._report.entries.setdefault(kind, EntryCounts())
