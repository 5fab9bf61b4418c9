"""Pupils, guardians and teachers of ONDE. There are no identifiers: names and classes say who is who.

Who is named ambiguously, or in another spelling, is refused for review, never guessed: where two different
rows would be one person, both are refused, and nothing is tied to either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from adapters import records as r
from adapters.base import Entry, Item, Notice, Refusal
from adapters.french_schools import GUARDIAN_PERMISSIONS, french_date
from adapters.school_export import SchoolExport
from adapters.tables import DataTable, TableRow

CHILD = ("Nom d'usage enfant", "Nom de famille enfant", "Prénom enfant", "Classes enfants")
"""Columns that repeat for each child of a guardian."""
HEAD, NO_HEAD = ("oui", "o", "1"), ("non", "n", "0")
"""What stands under Directeur, folded."""


@dataclass(slots=True)
class Pupils(SchoolExport):
    """The school, and its pupils by names; those that cannot be told apart are among them."""

    by_name: dict[str, list[tuple[str, frozenset[str]]]] = field(default_factory=lambda: defaultdict(list))
    """Ids and folded classes of the pupils of a name; under the family name and under the usual one."""
    refused: set[str] = field(default_factory=set)
    """Ids of pupils that cannot be told apart: nobody is tied to them."""
    classes: dict[str, str] = field(default_factory=dict)

    def places(self, listed: str) -> Iterator[tuple[str, r.SchoolClass | None]]:
        """Yield the ids of classes in a list such as `CE1;CE2`, each with its record when it is new."""
        for name in (one.strip() for one in listed.split(";")):
            if not name:
                continue
            made = self.common("SchoolClass", name)
            is_new = name not in self.classes
            self.classes[name] = made["id"]
            yield made["id"], r.SchoolClass(**made, name=name, class_type="HOMEROOM") if is_new else None


class Columns:
    """Fields of a row by the name of their column, also where a name repeats."""

    def __init__(self, header: Sequence[str]) -> None:
        self._names = [name for name in dict.fromkeys(header) if name]
        self._places: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(header):
            self._places[r.folded(name)].append(index)
        self._asked: set[str] = set()

    def get(self, row: TableRow, name: str, repeat: int = 0) -> str:
        """Return a field; empty where the row is shorter, or the file has no such column."""
        key = r.folded(name)
        self._asked.add(key)
        places = self._places.get(key, [])
        if repeat >= len(places) or places[repeat] >= len(row.fields):
            return ""
        return " ".join(row.fields[places[repeat]].split())

    def first(self, row: TableRow, *names: str) -> str:
        """Return the first of some fields that is filled; empty where none is."""
        return next((value for value in [self.get(row, name) for name in names] if value), "")

    def not_read(self) -> list[str]:
        """Return the columns that were never asked for, in the order of the file; none without rows."""
        if not self._asked:
            return []
        return [name for name in self._names if r.folded(name) not in self._asked]

    def repeats(self, name: str) -> int:
        """Tell how often a column is there."""
        return len(self._places.get(r.folded(name), []))


def _told_apart(
    rows: Sequence[TableRow], keys: Sequence[str | None]
) -> Iterator[tuple[TableRow, str | None, str | None]]:
    """Yield each row with its key and, where rows of other content have the same key, the lines of all."""
    lines: dict[str, list[str]] = defaultdict(list)
    contents: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row, key in zip(rows, keys, strict=True):
        if key is not None:
            lines[key].append(str(row.line))
            contents[key].add(tuple(" ".join(one.split()) for one in row.fields))
    for row, key in zip(rows, keys, strict=True):
        shared = key is not None and len(contents[key]) > 1
        yield row, key, f"lines {', '.join(lines[key])}" if shared and key is not None else None


def notices(columns: Columns, file: str, needed: Sequence[str]) -> Iterator[Notice]:
    """Yield the columns of a file that are not there, and those that nothing needs; after its rows."""
    missing = [name for name in needed if not columns.repeats(name)]
    if missing:
        yield Notice(file, f"has no column {', '.join(missing)}.")
    if unread := columns.not_read():
        yield Notice(file, f"these columns are not read: {', '.join(name.strip() for name in unread)}.")


@dataclass(slots=True)
class _Pupil:
    """What a row says of who a pupil is."""

    family: str
    usual: str
    first: str
    written: str
    born: date | None

    @property
    def key(self) -> str | None:
        """What the pupil is known by; None where something of it is missing."""
        if not self.family or not self.first or self.born is None:
            return None
        return f"{r.folded(self.family, self.first)}|{self.born.isoformat()}"

    @property
    def names(self) -> set[str]:
        """The names by which guardians may name the pupil."""
        return {r.folded(self.family, self.first), r.folded(self.usual or self.family, self.first)}


def _pupil(columns: Columns, row: TableRow) -> _Pupil:
    names = ("Nom Elève", "Nom d'usage Elève", "Prénom Elève", "Date naissance")
    family, usual, first, written = (columns.get(row, name) for name in names)
    try:
        born = french_date(written)
    except ValueError:
        born = None
    return _Pupil(family, usual, first, written, born)


def pupils(table: DataTable, file: str, known: Pupils) -> Iterator[Item]:
    """Yield pupils and their classes. Two with the same names and day of birth cannot be told apart."""
    columns, rows = Columns(table.header), list(table.rows)
    found = [_pupil(columns, row) for row in rows]
    told = _told_apart(rows, [one.key for one in found])
    for one, (row, key, shared) in zip(found, told, strict=True):
        where, who = f"{file}, line {row.line}", f"{one.first} {one.family}"
        yield Entry(file, where)
        listed = columns.get(row, "Classe")
        if key is None:
            has_names = bool(one.family and one.first)
            name, value = ("Date naissance", one.written) if has_names else ("Nom Elève", who)
            why, do = "a pupil is known by names and day of birth", "Complete the pupil in ONDE."
            yield Refusal(where, who, name, value, why, do)
            continue
        common = known.common("Student", f"{key}|{row.line}" if shared else key)
        classes = frozenset(r.folded(one) for one in listed.split(";") if one.strip())
        for name in one.names:
            known.by_name[name].append((common["id"], classes))
        if shared:
            known.refused.add(common["id"])
            why, do = "several pupils of the same names and day of birth", "Tell them apart in ONDE."
            yield Refusal(where, who, "Nom Elève", f"{who} ({shared})", why, do)
            continue
        yield r.Student(
            **common,
            first_name=one.first,
            last_name=one.usual or one.family,
            birth_name=one.family,
            date_of_birth=one.born,
            match_code=r.person_code(one.usual or one.family, one.first, one.born),
            grade_level=columns.get(row, "Niveau") or None,
        )
        yield from _enrolments(common, listed, known)
    yield from notices(columns, file, ("Classe", "Niveau"))


def _enrolments(student: dict[str, Any], classes: str, known: Pupils) -> Iterator[Item]:
    places = [("SCHOOL", student["school_id"]), ("SELF", student["id"])]
    for identity, made in known.places(classes):
        if made is not None:
            yield made
        places.append(("CLASS", identity))
    for kind, place in places:
        common = known.common("Enrolment", f"{student['external_id']}:{place}")
        yield r.Enrolment(**common, student_id=student["id"], class_id=place, kind=kind)


@dataclass(slots=True)
class _Guardian:
    """What a row says of who a guardian is, the pupils that they name, and what cannot be tied to them."""

    last_name: str
    first_name: str
    name: str
    children: list[str]
    refused: list[Refusal]


def guardians(table: DataTable, file: str, known: Pupils, access: bool) -> Iterator[Item]:
    """Yield guardians and their ties to the pupils that they name."""
    columns, rows = Columns(table.header), list(table.rows)
    found = [_named_guardian(columns, row, f"{file}, line {row.line}", known) for row in rows]
    # A name alone would make one who comes after another has left the guardian of the other's account.
    keys = [f"{one.name}|{'|'.join(sorted(set(one.children)))}" if one.last_name else None for one in found]
    for one, (row, key, shared) in zip(found, _told_apart(rows, keys), strict=True):
        where, who = f"{file}, line {row.line}", f"{one.first_name} {one.last_name}".strip()
        yield Entry(file, where)
        yield from one.refused
        if key is None:
            yield Refusal(where, who, "Nom responsable", "", "no name", "Complete the guardian in ONDE.")
        elif shared:
            why = "several guardians of this name have the same children, or none that is known"
            do = "Tell them apart in ONDE; if they are one person, leave one row."
            yield Refusal(where, who, "Nom responsable", f"{who} ({shared})", why, do)
        else:
            yield from _guardian(columns, row, key, one, known, access)
    yield from notices(columns, file, ("Prénom enfant", "Classes enfants"))


def _named_guardian(columns: Columns, row: TableRow, where: str, known: Pupils) -> _Guardian:
    names = ("Civilité Responsable", "Nom usage responsable", "Nom responsable", "Prénom responsable")
    _, usual, family, first = (columns.get(row, one) for one in names)
    one = _Guardian(usual or family, first, r.folded(*(columns.get(row, name) for name in names)), [], [])
    who = f"{first} {one.last_name}".strip()
    for repeat in range(columns.repeats("Prénom enfant")):
        child = [columns.get(row, name, repeat) for name in CHILD]
        if any(child):
            found = _child(child, where, who, known)
            if isinstance(found, Refusal):
                one.refused.append(found)
            else:
                one.children.append(found)
    return one


def _child(child: Sequence[str], where: str, who: str, known: Pupils) -> str | Refusal:
    """Return the id of the one pupil that a guardian names, or why there is none."""
    usual, family, first, classes = child
    folded = {r.folded(one) for one in classes.split(";") if one.strip()}
    found = {
        student
        for name in {r.folded(family or usual, first), r.folded(usual or family, first)}
        for student, theirs in known.by_name.get(name, ())
        if not folded or folded & theirs
    }
    if len(found) == 1 and not found & known.refused:
        (student,) = found
        return student
    if found:
        why, do = "several pupils of this name in this class", "Give the tie by another export or a CSV."
    else:
        near = get_close_matches(r.folded(family, first), known.by_name.keys(), 1, 0.85)
        hint = " A pupil is called nearly so: compare the spelling." if near else ""
        why, do = "no pupil of this name in this class", f"Correct the name in ONDE.{hint}"
    return Refusal(where, who, "Nom de famille enfant", f"{first} {family or usual}, {classes}", why, do)


def _guardian(
    columns: Columns, row: TableRow, key: str, one: _Guardian, known: Pupils, access: bool
) -> Iterator[Item]:
    common = known.common("Guardian", key)
    street = columns.get(row, "Adresse responsable")
    landline = columns.first(row, "Téléphone domicile", "Téléphone travail")
    yield r.Guardian(
        **{**common, "school_id": None},
        title=columns.get(row, "Civilité Responsable") or None,
        first_name=one.first_name or None,
        last_name=one.last_name,
        email=columns.get(row, "Courriel") or None,
        mobile_phone=columns.get(row, "Téléphone portable") or None,
        landline_phone=landline or None,
        address_lines=[street] if street else [],
        postal_code=columns.get(row, "CP responsable") or None,
        city=columns.get(row, "Commune responsable") or None,
        country=columns.get(row, "Pays") or None,
    )
    for student in dict.fromkeys(one.children):
        yield r.Guardianship(
            **known.common("Guardianship", f"{common['id']}:{student}"),
            guardian_id=common["id"],
            student_id=student,
            has_data_access=access,
            permissions=GUARDIAN_PERMISSIONS if access else [],
        )


def teachers(table: DataTable, file: str, known: Pupils) -> Iterator[Item]:
    """Yield teachers, each the main teacher of their classes; one may have several rows."""
    columns, rows = Columns(table.header), list(table.rows)
    made = [_teacher(columns, row, known) for row in rows]
    lines: dict[str, dict[tuple[Any, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for row, one in zip(rows, made, strict=True):
        if one is not None:
            lines[one.id][one.title, one.first_name, one.last_name, one.role].append(str(row.line))
    for row, one in zip(rows, made, strict=True):
        where, first_name = f"{file}, line {row.line}", columns.get(row, "Prénom")
        yield Entry(file, where)
        if one is None:
            yield Refusal(where, first_name, "Nom", "", "no name", "Complete the teacher in ONDE.")
            continue
        if len(lines[one.id]) > 1:
            all_lines = ", ".join(line for found in lines[one.id].values() for line in found)
            value = f"{first_name} {one.last_name} (lines {all_lines})"
            why, do = "several teachers of this name, who differ", "Tell them apart in ONDE."
            yield Refusal(where, first_name, "Nom", value, why, do)
            continue
        head = columns.get(row, "Directeur")
        if head and r.folded(head) not in (*HEAD, *NO_HEAD):
            why, do = "neither oui nor non: taken as a teacher", "Correct it in ONDE."
            yield Refusal(where, f"{first_name} {one.last_name}", "Directeur", head, why, do)
        yield one
        for place, new in known.places(columns.get(row, "Classe")):
            if new is not None:
                yield new
            yield r.Teaching(
                **known.common("Teaching", f"{one.id}:{place}"),
                staff_id=one.id,
                class_id=place,
                is_main_teacher=True,
            )
    yield from notices(columns, file, ("Classe",))


def _teacher(columns: Columns, row: TableRow, known: Pupils) -> r.StaffMember | None:
    last_name = columns.first(row, "Nom usage", "Nom")
    first_name = columns.get(row, "Prénom")
    if not last_name:
        return None
    return r.StaffMember(
        **known.common("StaffMember", r.folded(last_name, first_name)),
        title=columns.get(row, "Civilité") or None,
        first_name=first_name or None,
        last_name=last_name,
        role="MANAGEMENT" if r.folded(columns.get(row, "Directeur")) in HEAD else "TEACHER",
    )
