"""The school, its year, staff, subjects, rooms, classes and groups of an STS-WEB export."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from adapters import records as r
from adapters.base import InvalidExport, Item, Refusal
from adapters.french_schools import ROLES, french_date, school_kind, school_of_number
from adapters.school_export import SchoolExport
from adapters.xml_documents import attribute, children, text

LONGEST_YEAR = 730
"""Days; a file that names a longer school year is wrong."""


@dataclass(slots=True)
class School(SchoolExport):
    """The school of the export, and what was read of it so far."""

    first_day: date = date.min
    last_day: date = date.min
    weeks: dict[str, list[date]] = field(default_factory=dict)
    """Mondays of each alternation."""
    subjects: dict[str, str] = field(default_factory=dict)
    """Names by CODE_MATIERE."""
    staff: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    main_teachers: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Staff and the class they are main teacher of, and whether they also teach it a subject."""


def school_and_year(root: Any, school: School) -> Iterator[Item]:
    """Yield the school and its year. Raises InvalidExport where the year has no days."""
    uaj = next(children(root, "PARAMETRES", "UAJ"))
    parts = [text(uaj, "DENOM_PRINC"), text(uaj, "DENOM_COMPL")]
    street = text(uaj, "ADRESSE")
    yield school_of_number(
        school.source,
        school.uai,
        " ".join(one for one in parts if one) or None,
        kind=school_kind(parts[0]),
        address_lines=[street] if street else [],
        postal_code=text(uaj, "CODE_POSTAL"),
        city=text(uaj, "COMMUNE"),
        phone=text(uaj, "TELEPHONE"),
    )
    year = next(children(root, "PARAMETRES", "ANNEE_SCOLAIRE"), None)
    first = text(year, "DATE_DEBUT") if year is not None else None
    last = text(year, "DATE_FIN") if year is not None else None
    with contextlib.suppress(ValueError):
        school.first_day, school.last_day = french_date(first) or date.min, french_date(last) or date.min
    if not 0 < (school.last_day - school.first_day).days < LONGEST_YEAR:
        raise InvalidExport(
            f"{school.file}: ANNEE_SCOLAIRE must have DATE_DEBUT and DATE_FIN, as in 2026-09-01; "
            f"it has {first!r} and {last!r}."
        )
    for one in children(root, "DONNEES", "ALTERNANCES", "ALTERNANCE"):
        yield from _alternation(one, school)
    yield r.SchoolSettings(
        **school.common("SchoolSettings", str(school.first_day.year)),
        year_label=f"{school.first_day.year}-{school.last_day.year}",
        year_start=school.first_day,
        year_end=school.last_day,
        cycle_weeks=_cycle(school),
    )


def _alternation(one: Any, school: School) -> Iterator[Refusal]:
    code, weeks = attribute(one, "CODE") or "", []
    for week in children(one, "SEMAINES", "DATE_DEBUT_SEMAINE"):
        value = (week.text or "").strip()
        try:
            day = french_date(value)
        except ValueError:
            day = None
        if day is None:
            yield school.refusal(
                week, code, "DATE_DEBUT_SEMAINE", value, "not a date", "Write it as 2026-09-07."
            )
        else:
            weeks.append(day - timedelta(days=day.weekday()))
    school.weeks[code] = weeks


def _cycle(school: School) -> dict[str, str]:
    """Name the weeks of a two-week cycle; weekly lessons (every week) name none."""
    all_weeks = {day for weeks in school.weeks.values() for day in weeks}
    return {
        day.isoformat(): code
        for code, weeks in sorted(school.weeks.items())
        if len(weeks) < len(all_weeks)
        for day in weeks
    }


def places(root: Any, school: School) -> Iterator[Item]:
    """Yield subjects, rooms, classes and groups."""
    for one in children(root, "NOMENCLATURES", "MATIERES", "MATIERE"):
        if code := attribute(one, "CODE"):
            name = text(one, "LIBELLE_EDITION", "LIBELLE_LONG", "LIBELLE_COURT", "CODE_GESTION") or code
            school.subjects[code] = name
            yield r.Subject(
                **school.common("Subject", code),
                code=code,
                management_code=text(one, "CODE_GESTION"),
                name=name,
                short_name=text(one, "LIBELLE_COURT"),
            )
    for one in children(root, "DONNEES", "SALLE_COURS"):
        yield from _room(one, school)
    for one in children(root, "DONNEES", "SALLES_COURS", "SALLE_COURS"):
        yield from _room(one, school)
    structure = ("DONNEES", "STRUCTURE")
    for one in children(root, *structure, "DIVISIONS", "DIVISION"):
        if code := attribute(one, "CODE"):
            common = school.common("SchoolClass", f"HOMEROOM:{code}")
            yield r.SchoolClass(**common, name=code, class_type="HOMEROOM")
    for one in children(root, *structure, "GROUPES", "GROUPE"):
        if code := attribute(one, "CODE"):
            parents = [
                school.id("SchoolClass", f"HOMEROOM:{parent}")
                for belongs in children(one, "DIVISIONS_APPARTENANCE", "DIVISION_APPARTENANCE")
                if (parent := attribute(belongs, "CODE"))
            ]
            common = school.common("SchoolClass", f"SCHEDULED:{code}")
            yield r.SchoolClass(**common, name=code, class_type="SCHEDULED", parent_class_ids=parents)


def _room(one: Any, school: School) -> Iterator[Item]:
    if code := attribute(one, "CODE"):
        school.rooms.add(code)
        yield r.Room(**school.common("Room", code), name=text(one, "LIBELLE_COURT", "LIBELLE_LONG") or code)


def people(root: Any, school: School) -> Iterator[Item]:
    """Yield staff, and learn whose main teacher (professeur principal) they are."""
    for one in children(root, "DONNEES", "INDIVIDUS", "INDIVIDU"):
        number, kind = attribute(one, "ID"), attribute(one, "TYPE") or "epp"
        last_name = text(one, "NOM_USAGE", "NOM_PATRONYMIQUE")
        if number is None or last_name is None:
            do = "Complete the person in STS-WEB."
            yield school.refusal(one, number or "", "NOM_USAGE", "", "no number or no name", do)
            continue
        key, first_name = f"{kind}:{number}", text(one, "PRENOM")
        school.staff.add(key)
        try:
            born = french_date(text(one, "DATE_NAISSANCE"))
        except ValueError:
            born = None
        yield r.StaffMember(
            **school.common("StaffMember", key),
            title={"1": "M.", "2": "Mme", "3": "Mlle"}.get(text(one, "CIVILITE") or ""),
            first_name=first_name,
            last_name=last_name,
            match_code=r.person_code(last_name, first_name, born),
            information_system_id=number if kind == "epp" else None,
            role=ROLES.get(text(one, "FONCTION") or "", "OTHER"),
        )
        for main in children(one, "PROFS_PRINC", "PROF_PRINC"):
            if code := text(main, "CODE_STRUCTURE"):
                school.main_teachers[key, code] = False
