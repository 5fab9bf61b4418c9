"""Columns of the templates: what they are called, how their fields are read, and who they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, TypeVar

from adapters import records as r
from adapters.base import Item, Mention, Refusal
from adapters.content import as_html
from adapters.school_export import SchoolExport
from adapters.school_time import clock, instant
from adapters.templates import plain_values as plain

T = TypeVar("T")
TRUE = {"oui", "o", "yes", "y", "vrai", "true", "1", "x"}
FALSE = {"non", "n", "no", "faux", "false", "0"}
GARBLED = re.compile("\ufffd|Ã[\u0080-\u00bfŒœŠšŽžŸƒ‚„…†‡ˆ‰‹›‘’“”•–—˜™€]|Â[\u00a0-\u00bf]|â€")
"""Letters that were lost, or are UTF-8 that was read in another encoding and saved again."""
CORRECT = "Correct it, or leave it empty."
LONGEST_SHOWN = 80
"""Characters of a refused value that a report shows."""


class BadField(Exception):
    """A field that cannot be taken: the row is refused."""

    def __init__(self, column: str, value: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.column, self.reason, self.remedy = column, reason, remedy
        self.value = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what else it may be called, and an example."""

    name: str
    help: str
    also: tuple[str, ...] = ()
    example: str = ""
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    """Words that may stand in it, and what they mean; the meanings themselves may too."""

    @property
    def spellings(self) -> set[str]:
        """Everything the column may be called, folded."""
        return {r.folded(one) for one in (self.name, *self.also)}


@dataclass(slots=True)
class Known(SchoolExport):
    """The school of the file, and what its rows named so far."""

    named: set[str] = field(default_factory=set)
    holidays: list[dict[str, str]] = field(default_factory=list)


class Fields:
    """The fields of one row, read by the name of their column."""

    def __init__(
        self, values: Mapping[str, str], columns: Mapping[str, Column], known: Known, line: int
    ) -> None:
        self._values = values
        self._columns = columns
        self.known = known
        self.line = line
        self.mentions: list[Mention] = []
        self.untaken: list[Refusal] = []
        """What of the row is not taken though the row is."""

    def text(self, name: str) -> str | None:
        """Return a field; None where it is empty. Raises BadField where it must not be, or is garbled."""
        value = self._values.get(name, "").strip()
        if not value and self._columns[name].required:
            raise BadField(name, "", "is empty", "Fill it in.")
        if GARBLED.search(value):
            do = "Write the letters anew, and save the table in UTF-8."
            raise BadField(name, value, "has letters that were garbled when the table was saved", do)
        return value or None

    @property
    def identifier(self) -> str:
        """The id of the row, as it is shown; empty where it has none."""
        return self._values.get("id", "").strip()[:LONGEST_SHOWN]

    def has(self, name: str) -> bool:
        """Tell whether tables of this kind may have a column."""
        return name in self._columns

    def markup(self, name: str) -> str | None:
        """Return a text as HTML, which clients show."""
        value = self.text(name)
        return None if value is None else as_html(value)

    def not_taken(self, name: str, reason: str, remedy: str) -> None:
        """Report a field that is not taken as it is meant, though the row is."""
        value = self.text(name) or ""
        self.untaken.append(Refusal(self.place, value, name, value, reason, remedy))

    @property
    def place(self) -> str:
        """Where the row is."""
        return f"{self.known.file}, line {self.line}"

    def _read(self, name: str, read: Callable[[str], T]) -> T | None:
        """Return what a function reads of a field; None where it is empty. Raises BadField."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return read(value)
        except plain.Unreadable as error:
            raise BadField(name, value, error.reason, error.remedy) from error

    def words(self, name: str) -> str:
        """Return a field that must not be empty. Raises BadField."""
        value = self.text(name)
        if value is None:
            raise BadField(name, "", "is empty", "Fill it in.")
        return value

    def several(self, name: str) -> list[str]:
        """Return the parts of a list such as `6A, 6B`."""
        return [one.strip() for one in (self.text(name) or "").replace(";", ",").split(",") if one.strip()]

    def day(self, name: str) -> date | None:
        """Return a day. Raises BadField."""
        return self._read(name, plain.day)

    def some_day(self, name: str) -> date:
        """Return a day that must be there. Raises BadField."""
        self.words(name)
        day = self.day(name)
        assert day is not None
        return day

    def moment(self, day: str, of_day: str, otherwise: time = time(8)) -> datetime:
        """Return a point in time from a column of the day and one of the time. Raises BadField."""
        value = self.text(of_day)
        try:
            shown = clock(value) if value else otherwise
        except ValueError as error:
            raise BadField(of_day, value or "", "is not a time of day", "Write it as 08:15.") from error
        return instant(self.some_day(day), shown, self.known.zone)

    def number(self, name: str, most: float, remedy: str = CORRECT) -> float | None:
        """Return a number from 0 to `most`, with a comma or a point. Raises BadField."""
        return self._within(name, self._read(name, plain.number), most, remedy)

    def minutes(self, name: str, most: int) -> int | None:
        """Return a duration in whole minutes, `most` of them at most. Raises BadField."""
        found = self._within(name, self._read(name, plain.minutes), most, CORRECT)
        return None if found is None else int(found)

    def _within(self, name: str, number: float | None, most: float, remedy: str) -> float | None:
        if number is not None and not 0 <= number <= most:
            value = self.text(name) or ""
            raise BadField(name, value, f"does not lie between 0 and {most:g}", remedy)
        return number

    def flag(self, name: str) -> bool:
        """Return yes or no; empty is no. Raises BadField."""
        value = self.text(name)
        if value is not None and r.folded(value) not in TRUE | FALSE:
            raise BadField(name, value, "is neither yes nor no", "Write oui or non.")
        return r.folded(value) in TRUE

    def choice(self, name: str, otherwise: str) -> str:
        """Return what a word means. Raises BadField."""
        value = self.text(name)
        if value is None:
            return otherwise
        choices = self._columns[name].choices
        meanings = {r.folded(word): meaning for word, meaning in choices.items()}
        meanings |= {r.folded(meaning): meaning for meaning in choices.values()}
        if r.folded(value) not in meanings:
            known = ", ".join(dict.fromkeys([*choices, *choices.values()]))
            raise BadField(name, value, "is none of the words known", f"Write one of: {known}.")
        return meanings[r.folded(value)]

    # ---- who and what is named ---------------------------------------------------------------------

    def mention(
        self, kind: type[r.Imported], key: str, column: str, value: str, place: str | None = None, /,
        **columns: Any,
    ) -> str:  # fmt: skip
        """Name a record that another export describes; returns the id to refer to it by."""
        common = self.known.common(kind.__name__, f"{key}")
        if common["id"] not in self.known.named:
            self.known.named.add(common["id"])
            why = f"no {kind.__name__} of the school fits, or several do"
            do = "The row is kept, and shown as soon as one export says who or what this is."
            refusal = Refusal(self.place, value, column, value, why, do)
            self.mentions.append(Mention(kind(**common, **columns), refusal, place))
        return str(common["id"])

    def forget(self) -> None:
        """Take back whom the row named, because it is refused; a later row names them anew."""
        self.known.named.difference_update(one.record.id for one in self.mentions)
        self.mentions.clear()

    def school(self) -> str:
        """Name the school of the file."""
        uai = self.known.uai
        return self.mention(r.School, uai, "school", uai, name=uai, national_id=uai)

    def student(self) -> str:
        """Name the student of the row: by number, INE, or names (and day of birth); and by class.

        Raises BadField.
        """
        number, ine = self.text("student_number"), self.text("ine")
        last, first = self.text("last_name"), self.text("first_name")
        born = self.day("birth_date")
        if not (number or ine or (last and first)):
            do = "Give student_number (ELEVE_ID), ine, or last_name and first_name."
            raise BadField("student_number", "", "the row does not say which student", do)
        place = self.text("class") if self.has("class") else None
        parts = [number, r.number_code("INE", ine), r.folded(last, first) if last else None, born]
        parts += [place] if place else []
        said = ", ".join(one for one in (number or (f"{first} {last}" if last else "INE"), place) if one)
        return self.mention(
            r.Student,
            ":".join(str(one or "") for one in parts),
            "student_number" if number else "last_name",
            said,
            place,
            last_name=last or "?",
            first_name=first,
            date_of_birth=born,
            match_code=r.person_code(last, first, born),
            information_system_id=number,
            national_id=r.number_code("INE", ine),
        )

    def classes(self, name: str = "classes") -> list[str]:
        """Name classes."""
        found = self.several(name)
        return [self.mention(r.SchoolClass, one, name, one, name=one) for one in found]

    def subject(self, name: str = "subject") -> str | None:
        """Name a subject by name or code; None where there is none."""
        value = self.text(name)
        if value is None:
            return None
        return self.mention(r.Subject, value, name, value, name=value, code=value, management_code=value)

    def period(self, name: str = "period") -> str | None:
        """Name a grading period; None where there is none."""
        value = self.text(name)
        if value is None:
            return None
        days = {"kind": "OTHER", "start_date": date.min, "end_date": date.min}
        return self.mention(r.GradingPeriod, value, name, value, name=value, **days)

    def teacher(self, name: str = "teacher") -> str | None:
        """Name a member of staff, written as DUPONT Marie; None where there is none."""
        value = self.text(name)
        if value is None:
            return None
        last, _, first = value.rpartition(" ")
        return self.mention(r.StaffMember, value, name, value, last_name=last or value, first_name=first)


def key_of(said: Iterable[object]) -> str:
    """Return a key of all that rows say of a record which they share: those that say the same share it."""
    return "\x1f".join("" if one is None else str(one) for one in said)


Make = Callable[[Fields, str], Iterator[Item]]


def nothing_more(_known: Known) -> Iterator[Item]:
    """Finish a table whose rows gave all of its records."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of table: its columns, and the records that a row gives (fields, key of the row)."""

    name: str
    title: str
    also: tuple[str, ...]
    columns: Sequence[Column]
    key: tuple[str, ...]
    """Columns that tell rows apart where there is no column `id`."""
    make: Make
    finish: Callable[[Known], Iterator[Item]] = nothing_more
    """Gives the records that all rows together make."""

    @property
    def all_columns(self) -> list[Column]:
        """Columns with the one that any table may have."""
        return [
            *self.columns,
            Column(
                "id",
                "What your system calls this row; with the person it names, keeps it the same record.",
                ("identifiant",),
            ),
        ]
