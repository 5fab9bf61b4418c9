"""The year, the grid of the day, and what lessons refer to: subjects, staff, rooms, classes and groups."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from adapters import records as r
from adapters.base import InvalidExport, Item
from adapters.french_schools import french_date
from adapters.school_export import SchoolExport
from adapters.school_time import clock
from adapters.xml_documents import attribute, children, name_of

WEEKS = range(1, 64)
"""Bits of a mask of weeks; bit 1 is the first week of the school year."""


@dataclass(slots=True)
class School(SchoolExport):
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
    """Ids of records by Ident."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of subjects by the id of the record."""
    groups_of: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the groups that a class or a part of one belongs to as a whole, by its id."""


def entities(root: Any, container: str, name: str) -> Iterator[Any]:
    """Yield the elements of one kind, in their container or, in flat exports, right below the root."""
    yield from (one for one in children(root, container, name) if attribute(one, "Ident"))
    yield from (one for one in children(root, name) if attribute(one, "Ident"))


def first_date(element: Any, name: str) -> date | None:
    """Read a date of an attribute; None where there is none or it is not one."""
    with contextlib.suppress(ValueError):
        return french_date(attribute(element, name))
    return None


def year_and_grid(root: Any, school: School) -> Iterator[Item]:
    """Yield the school year, and learn the grid of the day. Raises InvalidExport where weeks have no days."""
    year = next(children(root, "AnneeScolaire"), None)
    first = first_date(year, "DatePremierJourSemaine1") if year is not None else None
    if year is None or first is None:
        raise InvalidExport(
            f"{school.file}: AnneeScolaire needs DatePremierJourSemaine1, as in 2026-08-31; without it "
            "no week has a date."
        )
    school.first_monday = first - timedelta(days=first.weekday())
    begin, end = first_date(year, "DateDebut"), first_date(year, "DateFin")
    if begin is not None and end is not None:
        yield r.SchoolSettings(
            **school.common("SchoolSettings", str(begin.year)),
            year_label=f"{begin.year}-{end.year}",
            year_start=begin,
            year_end=end,
        )
    grids = [
        *children(root, "GrilleHoraire", "PlacesParJour", "Place"),
        *children(root, "GrilleHoraire", "Place"),
    ]
    for place in grids:
        begins, ends = attribute(place, "LibelleHeureDebut"), attribute(place, "LibelleHeureFin")
        number = attribute(place, "Numero") or ""
        try:
            school.grid[int(number)] = clock(begins or ""), clock(ends or "")
        except ValueError:
            why, do = "no number, or no times of day", "Correct the grid in EDT."
            yield school.refusal(place, number, "LibelleHeureDebut", f"{begins} {ends}", why, do)


def resources(root: Any, school: School) -> Iterator[Item]:
    """Yield subjects, staff, rooms, classes, their parts, and groups."""
    for one in entities(root, "Matieres", "Matiere"):
        code, name = attribute(one, "Code"), attribute(one, "Libelle")
        common = school.common("Subject", one.get("Ident"))
        school.subjects[one.get("Ident")] = common["id"]
        school.names[common["id"]] = name or code or "?"
        yield r.Subject(**common, management_code=code, name=name or code or "?")
    for container, kind, role in (
        ("Professeurs", "Professeur", "TEACHER"),
        ("Personnels", "Personnel", "SCHOOL_LIFE"),
    ):
        for one in entities(root, container, kind):
            yield _member(one, kind, role, school)
    for one in entities(root, "Salles", "Salle"):
        common = school.common("Room", one.get("Ident"))
        school.rooms[one.get("Ident")] = common["id"]
        yield r.Room(**common, name=attribute(one, "Nom") or one.get("Ident"))
    for one in entities(root, "Classes", "Classe"):
        yield from _class(one, school)
    for one in entities(root, "Groupes", "Groupe"):
        yield _group(one, school)


def _member(one: Any, kind: str, role: str, school: School) -> r.StaffMember:
    common = school.common("StaffMember", f"{kind}:{one.get('Ident')}")
    school.staff[f"{kind}:{one.get('Ident')}"] = common["id"]
    last_name, first_name = attribute(one, "Nom") or "?", attribute(one, "Prenom")
    return r.StaffMember(
        **common,
        first_name=first_name,
        last_name=last_name,
        match_code=r.person_code(last_name, first_name, first_date(one, "DateNaissance")),
        information_system_id=attribute(one, "IDSTS"),
        role=role,
    )


def _class(one: Any, school: School) -> Iterator[Item]:
    ident = one.get("Ident")
    common = school.common("SchoolClass", f"Classe:{ident}")
    school.classes[ident] = common["id"]
    name = attribute(one, "Nom") or ident
    yield r.SchoolClass(**common, name=name, class_type="HOMEROOM")
    for number, part in enumerate(children(one, "PartieDeClasse"), 1):
        if part_ident := attribute(part, "Ident"):
            made = school.common("SchoolClass", f"PartieDeClasse:{part_ident}")
            school.parts[part_ident] = made["id"]
            called = attribute(part, "Nom") or f"{name} ({number})"
            yield r.SchoolClass(**made, name=called, class_type="SCHEDULED", parent_class_ids=[common["id"]])


def _group(one: Any, school: School) -> r.SchoolClass:
    ident = one.get("Ident")
    common = school.common("SchoolClass", f"Groupe:{ident}")
    school.groups[ident] = common["id"]
    parents = []
    for below in one:
        known = {"Classe": school.classes, "PartieDeClasse": school.parts}.get(name_of(below), {})
        if found := known.get(attribute(below, "Ident") or ""):
            school.groups_of.setdefault(found, []).append(common["id"])
            parents.append(found)
    return r.SchoolClass(
        **common,
        name=attribute(one, "Nom") or ident,
        class_type="SCHEDULED",
        parent_class_ids=[one for one in parents if one in school.classes.values()],
    )
