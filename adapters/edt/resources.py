"""The year, the grid of the day, and what lessons refer to: subjects, staff, rooms, classes and groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import partial
from typing import Any

from adapters import records as r
from adapters.base import InvalidExport, Item, Used
from adapters.edt.layout import entities, ident_of
from adapters.school_time import clock
from adapters.xml_documents import attribute, children, content_of, name_of
from adapters.xml_export import XmlExport, lines_of_repeated

WEEKS = range(1, 64)
"""Bits of a mask of weeks; bit 1 is the first week of the school year."""
MISSING = "what has this Ident is not in the file, or could not be taken"
EXPORT_WHOLE = "Export the whole school year with all its resources from EDT again."
SHARED = "several entries of different content have this Ident"
UNSHARE = "Export the file again; if it stays so, tell Index Éducation."


@dataclass(slots=True)
class School(XmlExport):
    """The school of the export, and what was read of it so far; most by Ident."""

    first_monday: date = date.min
    grid: dict[int, tuple[time, time]] = field(default_factory=dict)
    """Begin and end of each place of the day."""
    subjects: dict[str, str] = field(default_factory=dict)
    staff: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    students: dict[str, str] = field(default_factory=dict)
    """Ids of records by Ident."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of subjects by the id of the record."""
    groups_of: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the groups that a class or a part of one belongs to as a whole, by its id."""
    members: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the groups that name a student themselves, by the student's Ident."""

    def missing(self, element: Any, record: str, kind: str) -> None:
        """Note that what an element refers to is not there; the same words wherever it is missing."""
        value = attribute(element, "Ident") or ""
        self.fault(element, record, f"{kind}/Ident", value, MISSING, EXPORT_WHOLE)

    def date_of(self, element: Any, record: str, name: str) -> date | None:
        """Read a date of an attribute; what is none is noted."""
        return self.day(element, record, name, attribute(element, name))

    def taken(self, root: Any, kind: str, read: Any) -> Iterator[Item]:
        """Announce the entries of a kind, and yield what is read of those that have an Ident of their own."""
        listed = list(entities(root, kind))
        shared = lines_of_repeated(listed, ident_of, content_of)
        yield from self.entries(listed, partial(self._with_ident, kind=kind, shared=shared, read=read))

    def _with_ident(self, one: Any, kind: str, shared: dict[str, str], read: Any) -> Iterator[Item]:
        ident = ident_of(one)
        if ident is None:
            yield self.refusal(one, "", "Ident", "", "no Ident", EXPORT_WHOLE)
        elif ident in shared:
            yield self.refusal(one, ident, "Ident", f"{kind} {shared[ident]}", SHARED, UNSHARE)
        else:
            yield from read(one, ident, self)


def year_and_grid(root: Any, school: School) -> Iterator[Item]:
    """Yield the school year, and learn the grid of the day. Raises InvalidExport where weeks have no days."""
    year = next(children(root, "AnneeScolaire"), None)
    first = school.date_of(year, "", "DatePremierJourSemaine1") if year is not None else None
    if year is None or first is None:
        raise InvalidExport(
            f"{school.file}: AnneeScolaire needs DatePremierJourSemaine1, as in 2026-08-31; without it "
            "no week has a date."
        )
    school.first_monday = first - timedelta(days=first.weekday())
    begin, end = school.date_of(year, "", "DateDebut"), school.date_of(year, "", "DateFin")
    yield from school.told()
    if begin is not None and end is not None:
        yield r.SchoolSettings(
            **school.common("SchoolSettings", str(begin.year)),
            year_label=f"{begin.year}-{end.year}",
            year_start=begin,
            year_end=end,
        )
    places = list(entities(root, "Place"))
    shared = lines_of_repeated(places, lambda one: attribute(one, "Numero"), content_of)
    yield from school.entries(places, partial(_place, shared=shared, school=school))


def _place(one: Any, shared: dict[str, str], school: School) -> Iterator[Item]:
    begins, ends = attribute(one, "LibelleHeureDebut"), attribute(one, "LibelleHeureFin")
    number = attribute(one, "Numero") or ""
    if number in shared:
        why = "several places of different times have this number"
        yield school.refusal(one, number, "Numero", shared[number], why, "Correct the grid in EDT.")
        return
    try:
        school.grid[int(number)] = clock(begins or ""), clock(ends or "")
    except ValueError:
        why, do = "no number, or no times of day", "Correct the grid in EDT."
        yield school.refusal(one, number, "LibelleHeureDebut", f"{begins} {ends}", why, do)
    else:
        yield Used()


def resources(root: Any, school: School) -> Iterator[Item]:
    """Yield subjects, staff, rooms, classes, their parts, and groups."""
    yield from school.taken(root, "Matiere", _subject)
    yield from school.taken(root, "Professeur", partial(_member, kind="Professeur", role="TEACHER"))
    yield from school.taken(root, "Personnel", partial(_member, kind="Personnel", role="SCHOOL_LIFE"))
    yield from school.taken(root, "Salle", _room)
    shared = lines_of_repeated(
        [part for one in entities(root, "Classe") for part in children(one, "PartieDeClasse")],
        ident_of,
        lambda part: (ident_of(part.getparent()), content_of(part)),
    )
    yield from school.taken(root, "Classe", partial(_class, shared=shared))
    students = list(entities(root, "Eleve"))
    ambiguous = lines_of_repeated(students, ident_of, content_of)
    known = {ident for one in students if (ident := ident_of(one)) and attribute(one, "Nom")}
    yield from school.taken(root, "Groupe", partial(_group, students=known - ambiguous.keys()))


def _subject(one: Any, ident: str, school: School) -> Iterator[Item]:
    code = attribute(one, "Code")
    name = attribute(one, "Libelle") or code
    if name is None:
        yield school.refusal(one, ident, "Libelle", "", "no name", "Complete the subject in EDT.")
        return
    common = school.common("Subject", ident)
    school.subjects[ident] = common["id"]
    school.names[common["id"]] = name
    yield r.Subject(**common, management_code=code, name=name)


def _room(one: Any, ident: str, school: School) -> Iterator[Item]:
    common = school.common("Room", ident)
    school.rooms[ident] = common["id"]
    yield r.Room(**common, name=_name(one, ident, school))


def _name(one: Any, ident: str, school: School) -> str:
    """Return the name of a class, a group or a room; one without is shown by its Ident, which is noted."""
    name = attribute(one, "Nom")
    if name is None:
        school.fault(one, ident, "Nom", "", "no name: the Ident is shown", "Name it in EDT.")
    return name or ident


def _member(one: Any, ident: str, school: School, kind: str, role: str) -> Iterator[Item]:
    last_name, first_name = attribute(one, "Nom"), attribute(one, "Prenom")
    if last_name is None:
        yield school.refusal(one, ident, "Nom", "", "no name", "Complete the person in EDT.")
        return
    common = school.common("StaffMember", f"{kind}:{ident}")
    school.staff[f"{kind}:{ident}"] = common["id"]
    yield r.StaffMember(
        **common,
        first_name=first_name,
        last_name=last_name,
        match_code=r.person_code(last_name, first_name, school.date_of(one, ident, "DateNaissance")),
        information_system_id=attribute(one, "IDSTS"),
        role=role,
    )


def _class(one: Any, ident: str, school: School, shared: dict[str, str]) -> Iterator[Item]:
    common = school.common("SchoolClass", f"Classe:{ident}")
    school.classes[ident] = common["id"]
    name = _name(one, ident, school)
    yield r.SchoolClass(**common, name=name, class_type="HOMEROOM")
    for number, part in enumerate(children(one, "PartieDeClasse"), 1):
        part_ident = ident_of(part)
        if part_ident is None:
            school.fault(part, ident, "PartieDeClasse/Ident", "", "no Ident", EXPORT_WHOLE)
        elif part_ident in shared:
            school.fault(part, ident, "PartieDeClasse/Ident", shared[part_ident], SHARED, UNSHARE)
        else:
            made = school.common("SchoolClass", f"PartieDeClasse:{part_ident}")
            school.parts[part_ident] = made["id"]
            called = attribute(part, "Nom") or f"{name} ({number})"
            yield r.SchoolClass(**made, name=called, class_type="SCHEDULED", parent_class_ids=[common["id"]])


def _group(one: Any, ident: str, school: School, students: set[str]) -> Iterator[Item]:
    common = school.common("SchoolClass", f"Groupe:{ident}")
    school.groups[ident] = common["id"]
    known: dict[str, dict[str, str]] = {"Classe": school.classes, "PartieDeClasse": school.parts}
    parents = []
    for below in one:
        kind, named = name_of(below), ident_of(below) or ""
        if kind == "Eleve" and named in students:
            school.members.setdefault(named, []).append(common["id"])
        elif found := known.get(kind, {}).get(named):
            school.groups_of.setdefault(found, []).append(common["id"])
            parents.append(found)
        elif kind in (*known, "Eleve"):
            school.missing(below, ident, kind)
    yield r.SchoolClass(
        **common,
        name=_name(one, ident, school),
        class_type="SCHEDULED",
        parent_class_ids=[one for one in parents if one in school.classes.values()],
    )
