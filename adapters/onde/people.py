"""Pupils, guardians and teachers of ONDE. There are no identifiers: names and classes say who is who.

Who is named ambiguously, or in another spelling, is refused for review, never guessed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from adapters import records as r
from adapters.base import Item, Refusal
from adapters.french_schools import GUARDIAN_PERMISSIONS, french_date
from adapters.school_export import SchoolExport
from adapters.tables import DataTable, TableRow

CHILD = ("Nom d'usage enfant", "Nom de famille enfant", "Prénom enfant", "Classes enfants")
"""Columns that repeat for each child of a guardian."""


@dataclass(slots=True)
class Pupils(SchoolExport):
    """The school, and its pupils by names."""

    by_name: dict[str, list[tuple[str, frozenset[str]]]] = field(default_factory=lambda: defaultdict(list))
    """Ids and folded classes of the pupils of a name; under the family name and under the usual one."""
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


class _Columns:
    """Fields of a row by the name of their column, also where a name repeats."""

    def __init__(self, header: Sequence[str]) -> None:
        self._places: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(header):
            self._places[r.folded(name)].append(index)

    def get(self, row: TableRow, name: str, repeat: int = 0) -> str:
        """Return a field; empty where the row is shorter, or the file has no such column."""
        places = self._places.get(r.folded(name), [])
        if repeat >= len(places) or places[repeat] >= len(row.fields):
            return ""
        return " ".join(row.fields[places[repeat]].split())

    def repeats(self, name: str) -> int:
        """Tell how often a column is there."""
        return len(self._places.get(r.folded(name), []))


def pupils(table: DataTable, file: str, known: Pupils) -> Iterator[Item]:
    """Yield pupils and their classes. Two with the same names and day of birth cannot be told apart."""
    columns, seen = _Columns(table.header), set[str]()
    for row in table.rows:
        family, usual = columns.get(row, "Nom Elève"), columns.get(row, "Nom d'usage Elève")
        first, written = columns.get(row, "Prénom Elève"), columns.get(row, "Date naissance")
        where, who = f"{file}, line {row.line}", f"{first} {family}"
        try:
            born = french_date(written)
        except ValueError:
            born = None
        if not family or not first or born is None:
            name, value = ("Date naissance", written) if family and first else ("Nom Elève", who)
            why, do = "a pupil is known by names and day of birth", "Complete the pupil in ONDE."
            yield Refusal(where, who, name, value, why, do)
            continue
        key = f"{r.folded(family, first)}|{born.isoformat()}"
        if key in seen:
            why, do = "two pupils of the same names and day of birth", "Tell them apart in ONDE."
            yield Refusal(where, who, "Nom Elève", who, why, do)
            continue
        seen.add(key)
        common = known.common("Student", key)
        yield r.Student(
            **common,
            first_name=first,
            last_name=usual or family,
            birth_name=family,
            date_of_birth=born,
            match_code=r.person_code(usual or family, first, born),
            grade_level=columns.get(row, "Niveau") or None,
        )
        yield from _enrolments(common, columns.get(row, "Classe"), known)
        classes = frozenset(r.folded(one) for one in columns.get(row, "Classe").split(";") if one.strip())
        for name in {r.folded(family, first), r.folded(usual or family, first)}:
            known.by_name[name].append((common["id"], classes))


def _enrolments(student: dict[str, Any], classes: str, known: Pupils) -> Iterator[Item]:
    places = [("SCHOOL", student["school_id"]), ("SELF", student["id"])]
    for identity, made in known.places(classes):
        if made is not None:
            yield made
        places.append(("CLASS", identity))
    for kind, place in places:
        common = known.common("Enrolment", f"{student['external_id']}:{place}")
        yield r.Enrolment(**common, student_id=student["id"], class_id=place, kind=kind)


def guardians(table: DataTable, file: str, known: Pupils, access: bool) -> Iterator[Item]:
    """Yield guardians and their ties to the pupils that they name."""
    columns, rows = _Columns(table.header), list(table.rows)
    named = Counter(_name(columns, row) for row in rows)
    for row in rows:
        key, where = _name(columns, row), f"{file}, line {row.line}"
        last_name = columns.get(row, "Nom usage responsable") or columns.get(row, "Nom responsable")
        first_name = columns.get(row, "Prénom responsable")
        who = f"{first_name} {last_name}".strip()
        children = []
        for student, refusal in _children(columns, row, where, who, known):
            if refusal is not None:
                yield refusal
            elif student is not None:
                children.append(student)
        if not last_name:
            yield Refusal(where, who, "Nom responsable", "", "no name", "Complete the guardian in ONDE.")
            continue
        if named[key] > 1:
            # Persons of one name, or one person of two households: told apart by their children.
            key = f"{key}|{'|'.join(sorted(children))}"
        yield from _guardian(columns, row, key, (first_name, last_name), children, known, access)


def _name(columns: _Columns, row: TableRow) -> str:
    names = ("Civilité Responsable", "Nom usage responsable", "Nom responsable", "Prénom responsable")
    return r.folded(*(columns.get(row, one) for one in names))


def _children(
    columns: _Columns, row: TableRow, where: str, who: str, known: Pupils
) -> Iterator[tuple[str | None, Refusal | None]]:
    for repeat in range(columns.repeats("Prénom enfant")):
        usual, family, first, classes = (columns.get(row, name, repeat) for name in CHILD)
        if not first and not family:
            continue
        folded = {r.folded(one) for one in classes.split(";") if one.strip()}
        names = {r.folded(family or usual, first), r.folded(usual or family, first)}
        found = {
            student
            for name in names
            for student, theirs in known.by_name.get(name, ())
            if not folded or folded & theirs
        }
        if len(found) == 1:
            yield found.pop(), None
            continue
        child = f"{first} {family or usual}, {classes}"
        if found:
            why, do = "several pupils of this name in this class", "Give the tie by another export or a CSV."
        else:
            near = get_close_matches(r.folded(family, first), known.by_name.keys(), 1, 0.85)
            hint = " A pupil is called nearly so: compare the spelling." if near else ""
            why, do = "no pupil of this name in this class", f"Correct the name in ONDE.{hint}"
        yield None, Refusal(where, who, "Nom de famille enfant", child, why, do)


def _guardian(
    columns: _Columns,
    row: TableRow,
    key: str,
    names: tuple[str, str],
    children: list[str],
    known: Pupils,
    access: bool,
) -> Iterator[Item]:
    common = known.common("Guardian", key)
    street = columns.get(row, "Adresse responsable")
    landline = columns.get(row, "Téléphone domicile") or columns.get(row, "Téléphone travail")
    yield r.Guardian(
        **{**common, "school_id": None},
        title=columns.get(row, "Civilité Responsable") or None,
        first_name=names[0] or None,
        last_name=names[1],
        email=columns.get(row, "Courriel") or None,
        mobile_phone=columns.get(row, "Téléphone portable") or None,
        landline_phone=landline or None,
        address_lines=[street] if street else [],
        postal_code=columns.get(row, "CP responsable") or None,
        city=columns.get(row, "Commune responsable") or None,
        country=columns.get(row, "Pays") or None,
    )
    for student in dict.fromkeys(children):
        yield r.Guardianship(
            **known.common("Guardianship", f"{common['id']}:{student}"),
            guardian_id=common["id"],
            student_id=student,
            has_data_access=access,
            permissions=GUARDIAN_PERMISSIONS if access else [],
        )


def teachers(table: DataTable, file: str, known: Pupils) -> Iterator[Item]:
    """Yield teachers, each the main teacher of their classes."""
    columns = _Columns(table.header)
    for row in table.rows:
        last_name = columns.get(row, "Nom usage") or columns.get(row, "Nom")
        first_name = columns.get(row, "Prénom")
        if not last_name:
            where = f"{file}, line {row.line}"
            yield Refusal(where, first_name, "Nom", "", "no name", "Complete the teacher in ONDE.")
            continue
        is_head = r.folded(columns.get(row, "Directeur")) in ("oui", "o", "1")
        common = known.common("StaffMember", r.folded(last_name, first_name))
        yield r.StaffMember(
            **common,
            title=columns.get(row, "Civilité") or None,
            first_name=first_name or None,
            last_name=last_name,
            role="MANAGEMENT" if is_head else "TEACHER",
        )
        for place, made in known.places(columns.get(row, "Classe")):
            if made is not None:
                yield made
            yield r.Teaching(
                **known.common("Teaching", f"{common['id']}:{place}"),
                staff_id=common["id"],
                class_id=place,
                is_main_teacher=True,
            )
