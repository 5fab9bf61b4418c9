"""The school, its year, staff, subjects, rooms, classes and groups of an STS-WEB export."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

from adapters import records as r
from adapters.base import InvalidExport, Item, Notice, Used
from adapters.french_schools import ROLES, french_date, school_kind, school_of_number
from adapters.xml_documents import attribute, children, content_of, text
from adapters.xml_export import XmlExport, lines_of_repeated

LONGEST_YEAR = 730
"""Days; a file that names a longer school year is wrong."""
TITLES = {"1": "M.", "2": "Mme", "3": "Mlle"}
"""Forms of address by CIVILITE, where the file does not list them itself."""
STAFF_TYPES = {"epp": "national", "local": "of the school"}
SHARED = "several entries of different content have this code or number"
UNSHARE = "Correct it in STS-WEB, so that each has its own."


@dataclass(slots=True)
class School(XmlExport):
    """The school of the export, and what was read of it so far."""

    first_day: date = date.min
    last_day: date = date.min
    weeks: dict[str, list[date]] = field(default_factory=dict)
    """Mondays of each alternation."""
    subjects: dict[str, str] = field(default_factory=dict)
    """Names by CODE_MATIERE."""
    titles: dict[str, str] = field(default_factory=dict)
    staff: set[str] = field(default_factory=set)
    rooms: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    """Codes of divisions."""
    shared_groups: dict[str, str] = field(default_factory=dict)
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
    listed = list(children(root, "DONNEES", "ALTERNANCES", "ALTERNANCE"))
    shared = lines_of_repeated(listed, _code, content_of)
    told = list(school.entries(listed, partial(_alternation, shared=shared, school=school)))
    yield r.SchoolSettings(
        **school.common("SchoolSettings", str(school.first_day.year)),
        year_label=f"{school.first_day.year}-{school.last_day.year}",
        year_start=school.first_day,
        year_end=school.last_day,
        cycle_weeks=_cycle(school),
    )
    yield from told


def _code(one: Any) -> str | None:
    return attribute(one, "CODE")


def _usable(one: Any, shared: dict[str, str], school: School) -> Iterator[Item]:
    """Yield why an element cannot be told by its CODE; nothing where it can."""
    code = _code(one)
    if code is None:
        yield school.refusal(one, "", "CODE", "", "no code", "Complete it in STS-WEB.")
    elif code in shared:
        yield school.refusal(one, code, "CODE", shared[code], SHARED, UNSHARE)


def _alternation(one: Any, shared: dict[str, str], school: School) -> Iterator[Item]:
    if refused := list(_usable(one, shared, school)):
        yield from refused
        return
    code, weeks = one.get("CODE").strip(), []
    for week in children(one, "SEMAINES", "DATE_DEBUT_SEMAINE"):
        value = (week.text or "").strip()
        day = school.day(week, code, "DATE_DEBUT_SEMAINE", value)
        if day is not None:
            weeks.append(day - timedelta(days=day.weekday()))
    school.weeks[code] = weeks
    yield Used()


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
    structure = ("DONNEES", "STRUCTURE")
    rooms = [
        *children(root, "DONNEES", "SALLE_COURS"),
        *children(root, "DONNEES", "SALLES_COURS", "SALLE_COURS"),
    ]
    for listed, read in (
        (children(root, "NOMENCLATURES", "MATIERES", "MATIERE"), _subject),
        (rooms, _room),
        (children(root, *structure, "DIVISIONS", "DIVISION"), _class),
        (children(root, *structure, "GROUPES", "GROUPE"), _group),
    ):
        elements = list(listed)
        # What the services below say is no part of what a class or group is.
        shared = {} if read is _class else lines_of_repeated(elements, _code, _without_services)
        if read is _group:
            school.shared_groups = shared
        yield from school.entries(elements, partial(_place, read=read, shared=shared, school=school))


def _without_services(one: Any) -> Any:
    return tuple(content_of(below) for below in one if not below.tag.endswith("SERVICES"))


def _place(one: Any, read: Any, shared: dict[str, str], school: School) -> Iterator[Item]:
    refused = list(_usable(one, shared, school))
    yield from refused or read(one, one.get("CODE").strip(), school)


def _subject(one: Any, code: str, school: School) -> Iterator[Item]:
    name = text(one, "LIBELLE_EDITION", "LIBELLE_LONG", "LIBELLE_COURT", "CODE_GESTION") or code
    school.subjects[code] = name
    yield r.Subject(
        **school.common("Subject", code),
        code=code,
        management_code=text(one, "CODE_GESTION"),
        name=name,
        short_name=text(one, "LIBELLE_COURT"),
    )


def _room(one: Any, code: str, school: School) -> Iterator[Item]:
    school.rooms.add(code)
    yield r.Room(**school.common("Room", code), name=text(one, "LIBELLE_COURT", "LIBELLE_LONG") or code)


def _class(one: Any, code: str, school: School) -> Iterator[Item]:
    school.classes.add(code)
    yield r.SchoolClass(**school.common("SchoolClass", f"HOMEROOM:{code}"), name=code, class_type="HOMEROOM")


def _group(one: Any, code: str, school: School) -> Iterator[Item]:
    parents = []
    for belongs in children(one, "DIVISIONS_APPARTENANCE", "DIVISION_APPARTENANCE"):
        parent = _code(belongs)
        if parent in school.classes:
            parents.append(school.id("SchoolClass", f"HOMEROOM:{parent}"))
        else:
            where = f"{school.file}, line {belongs.sourceline}"
            yield Notice(where, f"the group {code} is of the class {parent}, which the file does not have.")
    common = school.common("SchoolClass", f"SCHEDULED:{code}")
    yield r.SchoolClass(**common, name=code, class_type="SCHEDULED", parent_class_ids=parents)


def people(root: Any, school: School) -> Iterator[Item]:
    """Yield staff, and learn whose main teacher (professeur principal) they are."""
    for one in children(root, "NOMENCLATURES", "CIVILITES", "CIVILITE"):
        if (code := _code(one)) and (title := text(one, "LIBELLE_LONG", "LIBELLE_COURT")):
            school.titles[code] = title
    listed = list(children(root, "DONNEES", "INDIVIDUS", "INDIVIDU"))
    shared = lines_of_repeated(listed, _number, content_of)
    yield from school.entries(listed, partial(_member, shared=shared, school=school))


def _number(one: Any) -> str | None:
    number = attribute(one, "ID")
    return number and f"{attribute(one, 'TYPE') or 'epp'}:{number}"


def _member(one: Any, shared: dict[str, str], school: School) -> Iterator[Item]:
    key, number, kind = _number(one), attribute(one, "ID"), attribute(one, "TYPE") or "epp"
    last_name, first_name = text(one, "NOM_USAGE", "NOM_PATRONYMIQUE"), text(one, "PRENOM")
    if key is None or last_name is None:
        name, why = ("ID", "no number") if key is None else ("NOM_USAGE", "no name")
        yield school.refusal(one, number or "", name, "", why, "Complete the person in STS-WEB.")
        return
    if key in shared:
        yield school.refusal(one, key, "ID", shared[key], SHARED, UNSHARE)
        return
    school.staff.add(key)
    school.code(STAFF_TYPES, "INDIVIDU/TYPE", kind)
    born = school.day(one, key, "DATE_NAISSANCE", text(one, "DATE_NAISSANCE"))
    yield r.StaffMember(
        **school.common("StaffMember", key),
        title=school.code(TITLES | school.titles, "CIVILITE", text(one, "CIVILITE")),
        first_name=first_name,
        last_name=last_name,
        match_code=r.person_code(last_name, first_name, born),
        information_system_id=number if kind == "epp" else None,
        role=school.code(ROLES, "FONCTION", text(one, "FONCTION")) or "OTHER",
    )
    for main in children(one, "PROFS_PRINC", "PROF_PRINC"):
        code = text(main, "CODE_STRUCTURE")
        if code in school.classes:
            school.main_teachers[key, code or ""] = False
        else:
            why, do = "this class is not among the DIVISION of the file", "Correct it in STS-WEB."
            school.fault(main, key, "PROF_PRINC/CODE_STRUCTURE", code or "", why, do)
