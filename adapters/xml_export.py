"""How the readers of one school's XML account for its elements, and for what they cannot read of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from adapters.base import Entry, EntryCount, Item, LeftOut, Notice, Refusal
from adapters.french_schools import french_date
from adapters.school_export import SchoolExport
from adapters.xml_documents import name_of, text, values_that_differ

YES, NO = ("1", "true", "o", "oui"), ("0", "false", "n", "non")


@dataclass(slots=True)
class XmlExport(SchoolExport):
    """The export of a school as XML, and what was found wrong with the entry that is being read."""

    faults: list[Refusal] = field(default_factory=list)
    """Fields of the entry that could not be read; reported beside its record."""
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Names of fields and their values that no table knows, and how often they are there."""

    def entry(self, element: Any, is_continued: bool = False) -> Entry:
        """Announce an element."""
        return Entry(name_of(element), f"{self.file}, line {element.sourceline}", is_continued)

    def entries(self, elements: Iterable[Any], read: Callable[[Any], Iterable[Item]]) -> Iterator[Item]:
        """Announce each element, yield what is read of it, then what of it could not be read."""
        for one in elements:
            yield self.entry(one)
            for name, values in values_that_differ(one):
                why, do = "this field is there more than once", "Leave one value at the source."
                self.fault(one, "", name, ", ".join(values), why, do)
            yield from read(one)
            yield from self.told()

    def left_out(self, elements: Iterable[tuple[Any, str]]) -> Iterator[Item]:
        """Announce elements that are left out on purpose, each for its reason."""
        for one, reason in elements:
            yield self.entry(one)
            yield LeftOut(reason)

    def fault(self, element: Any, record: str, name: str, value: str, why: str, do: str) -> None:
        """Note what could not be read of an entry."""
        self.faults.append(self.refusal(element, record, name, value, why, do))

    def told(self) -> Iterator[Refusal]:
        """Yield what was noted, once."""
        yield from self.faults
        self.faults.clear()

    def day(self, element: Any, record: str, name: str, value: str | None) -> date | None:
        """Read a date; what is none is noted."""
        try:
            return french_date(value)
        except ValueError:
            do = "Write it as 31/12/2014 or 2014-12-31."
            self.fault(element, record, name, value or "", "not a date of the years 1900 to 2100", do)
            return None

    def yes_or_no(self, element: Any, record: str, *names: str) -> bool | None:
        """Read the first filled of some child elements as yes or no; anything else is noted."""
        value = text(element, *names)
        if value is None or value.lower() in (*YES, *NO):
            return None if value is None else value.lower() in YES
        name = next(one for one in names if text(element, one) is not None)
        why, do = "neither yes (1, true, O) nor no (0, false, N)", "Correct it at the source."
        self.fault(element, record, name, value, why, do)
        return None

    def code(self, table: Mapping[str, str], name: str, value: str | None) -> str | None:
        """Return what a table says of a code; one that it does not know is counted, for a notice."""
        if value is None:
            return None
        found = table.get(value)
        if found is None:
            self.unknown[name, value] += 1
        return found

    def unknown_codes(self) -> Iterator[Notice]:
        """Yield one notice for each code that no table knows."""
        for (name, value), number in sorted(self.unknown.items()):
            yield Notice(self.file, f"{name} {value!r} is not known here; it is there {number} times.")
        self.unknown.clear()


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a format has its entries: paths of names below the root, with a slash between them."""

    read: Mapping[str, frozenset[str]]
    """Kinds of elements that are read, and the paths of what they stand in."""
    lists: tuple[str, ...]
    """Paths below which all other elements are entries too, two levels down: lists and what is in them."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why kinds are left out, where more can be said than that nothing needs them."""

    def counts(self, root: Any) -> Iterator[EntryCount]:
        """Yield how many elements of each kind there are, wherever they stand."""
        for kind in self.read:
            yield EntryCount(kind, sum(1 for _ in root.iter(f"{{*}}{kind}")))
        for kind, number in Counter(name_of(one) for one in self._unread(root)).items():
            yield EntryCount(kind, number)

    def left_out(self, root: Any) -> Iterator[tuple[Any, str]]:
        """Yield the elements that the paths do not lead to, each with the reason why it is left out."""
        for kind, paths in self.read.items():
            for one in root.iter(f"{{*}}{kind}"):
                if _path(one.getparent()) not in paths:
                    yield one, "stands where this format has no such entries"
        for one in self._unread(root):
            yield one, self.reasons.get(name_of(one), "nothing that is shown needs this list")

    def _unread(self, root: Any) -> Iterator[Any]:
        lists = {path for paths in self.read.values() for path in paths}
        for path in self.lists:
            for one in root.iterfind(f"{{*}}{path}/*/*"):
                inside = _path(one)
                if name_of(one) not in self.read and not any(other.startswith(inside) for other in lists):
                    yield one


def _path(element: Any) -> str:
    """Return the names of an element and those above it, without the root."""
    names: list[str] = []
    while element is not None and element.getparent() is not None:
        names.insert(0, name_of(element))
        element = element.getparent()
    return "/".join(names)


def lines_of_repeated(
    elements: Iterable[Any],
    key: Callable[[Any], str | None],
    content: Callable[[Any], Hashable],
) -> dict[str, str]:
    """Return the keys that several elements of different content have, each with their lines.

    Elements of the same content are one entry that is there twice; their key is no danger.
    """
    lines: dict[str, list[int]] = {}
    contents: dict[str, set[Hashable]] = {}
    for one in elements:
        number = key(one)
        if number is not None:
            lines.setdefault(number, []).append(one.sourceline)
            contents.setdefault(number, set()).add(content(one))
    return {
        number: f"{number} (lines {', '.join(map(str, lines[number]))})"
        for number, different in contents.items()
        if len(different) > 1
    }
