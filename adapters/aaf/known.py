"""What was read of an AAF export so far, and what was found wrong with the request that is being read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from adapters.aaf.files import AafFile, Request
from adapters.base import Notice, Refusal
from adapters.french_schools import FATHERS, MOTHERS, french_date
from adapters.records import record_id

SOURCE = "aaf"
GUARDIANS = "PersRelEleve"
TITLES = (None, FATHERS[0], MOTHERS[0])
"""Forms of address as far as they matter: a million of them are kept as one digit each."""
SHORT = 2**28 - 1
"""As much of a hash as fits in the smallest number of Python, together with a title."""
SHOWN = 10
"""Structures that a notice names."""
ASK = "Ask the académie to correct it; the next export brings it."


def aaf_id(kind: str, external_id: str, source: str = SOURCE) -> str:
    """Return the id of an AAF record."""
    return record_id(source, kind, external_id)


@dataclass(slots=True)
class Known:
    """What was read so far: an export names things before or without declaring them.

    Of a million persons it keeps no more than numbers: academies export all their schools at once.
    """

    source: str = SOURCE
    is_delta: bool = False
    """Whether what is not in the files may have been imported before."""
    schools: set[str] = field(default_factory=set)
    courses: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    """Numbers that several guardians of different content have: nobody is tied to them."""
    classes: set[tuple[str, str]] = field(default_factory=set)
    faults: list[Refusal] = field(default_factory=list)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Attributes and values that no table knows, and how often they are there."""
    outside: Counter[str] = field(default_factory=Counter)
    """Structures that the export does not contain, and how often staff teach there."""
    _persons: dict[int, int] = field(default_factory=dict)
    """By the hash of category and number, a hash of the content and the place of the title in TITLES."""
    _file: AafFile | None = None
    _request: Request | None = None

    def id(self, kind: str, external_id: str) -> str:
        """Return the id of a record of this directory."""
        return record_id(self.source, kind, external_id)

    def has_school(self, structure: str | None) -> bool:
        """Tell whether a structure is known, or may be."""
        return structure in self.schools or (self.is_delta and bool(structure))

    def has_guardian(self, person: str) -> bool:
        """Tell whether a guardian is known, or may be."""
        return self.is_delta or hash((GUARDIANS, person)) in self._persons

    def title_of(self, person: str) -> str | None:
        """Return the form of address of a guardian, where it tells a father from a mother."""
        return TITLES[self._persons.get(hash((GUARDIANS, person)), 0) % len(TITLES)]

    def at(self, file: AafFile, request: Request) -> None:
        """Remember which request is read."""
        self._file, self._request = file, request

    def is_another(self, request: Request) -> bool:
        """Remember a person; tell whether one of the same number, but of other content, was there before."""
        content = hash(tuple((name, *values) for name, values in request.attributes.items())) & SHORT
        title = (request.one("personalTitle") or "").upper()
        place = 1 if title in FATHERS else 2 if title in MOTHERS else 0
        kept = content * len(TITLES) + place
        return self._persons.setdefault(hash((request.category, request.identifier)), kept) != kept

    @property
    def number(self) -> str:
        """The number of the person or thing that the request is about."""
        return self._request.identifier if self._request is not None else ""

    def refusal(self, name: str, value: str, reason: str, remedy: str) -> Refusal:
        """Describe what could not be taken of the request, with file and line."""
        assert self._file is not None and self._request is not None
        where = f"{self._file.name}, line {self._request.line}"
        return Refusal(where, self._request.identifier, name, value, reason, remedy)

    def fault(self, name: str, value: str, reason: str, remedy: str = ASK) -> None:
        """Note what could not be read of the request; it is reported beside its record."""
        self.faults.append(self.refusal(name, value, reason, remedy))

    def told(self) -> Iterator[Refusal]:
        """Yield what was noted, once."""
        yield from self.faults
        self.faults.clear()

    def day(self, name: str, value: str | None) -> date | None:
        """Read dd/mm/yyyy; what is no date is noted."""
        try:
            return french_date(value)
        except ValueError:
            self.fault(name, value or "", "not a date", "Write it as dd/mm/yyyy.")
            return None

    def yes_or_no(self, name: str, value: str) -> bool | None:
        """Read 1 or 0; anything else is noted, nothing is None."""
        if value in ("", "0", "1"):
            return value == "1" if value else None
        self.fault(name, value, "neither 1 nor 0")
        return None

    def check(self, table: Mapping[str, str] | set[str], name: str, value: str | None) -> None:
        """Count a filled value that a table does not have, for a notice."""
        if value and value not in table:
            self.unknown[name, value] += 1

    def notices(self) -> Iterator[Notice]:
        """Yield what no single request is at fault for."""
        for (name, value), number in sorted(self.unknown.items()):
            yield Notice(name, f"{value!r} is not known here; it is there {number} times.")
        if self.outside:
            some = ", ".join(sorted(self.outside)[:SHOWN])
            more = f" and {len(self.outside) - SHOWN} more" if len(self.outside) > SHOWN else ""
            yield Notice(
                "PersEducNat",
                f"{sum(self.outside.values())} classes and groups that staff teach are not read: they are of "
                f"structures that the export does not contain ({some}{more}).",
            )
