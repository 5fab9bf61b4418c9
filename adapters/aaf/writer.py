"""Writes people as an AAF export: what `reader` reads, so that a demo begins with a real format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

from lxml import etree

from adapters.records import (
    Course,
    Enrolment,
    Guardian,
    Guardianship,
    Record,
    School,
    SchoolClass,
    StaffMember,
    Student,
    Subject,
    Teaching,
)

REGIMES = {"DAY_STUDENT": "EXTERNE LIBRE", "HALF_BOARD": "DEMI-PENSIONNAIRE", "FULL_BOARD": "INTERNE"}
T = TypeVar("T", bound=Record)
Attributes = dict[str, Sequence[str | None]]


def write_export(directory: Path, records: Iterable[Record], day: date) -> list[Path]:
    """Write one file for each category and return their paths; the folder is made when missing."""
    world = _World(records)
    directory.mkdir(parents=True, exist_ok=True)
    return [
        _write(directory, day, "EtabEducNat", "categorieStructure", "EtabEducNat", world.schools()),
        _write(directory, day, "MatiereEducNat", "categorieMatiere", "MatEducNat", world.subjects()),
        _write(directory, day, "MefEducNat", "categorieMef", "MefEducNat", world.courses()),
        _write(directory, day, "PersRelEleve", "categoriePersonne", "PersRelEleve", world.guardians()),
        _write(directory, day, "Eleve", "categoriePersonne", "Eleve", world.students()),
        _write(directory, day, "PersEducNat", "categoriePersonne", "PersEducNat", world.staff()),
    ]


def _write(
    directory: Path,
    day: date,
    category: str,
    kind: str,
    declared: str,
    entries: Iterable[tuple[str, Attributes]],
) -> Path:
    root = etree.Element("ficAlimMENESR")
    for identifier, attributes in entries:
        request = etree.SubElement(root, "addRequest")
        _attribute(etree.SubElement(request, "operationalAttributes"), kind, [declared])
        etree.SubElement(etree.SubElement(request, "identifier"), "id").text = identifier
        held = etree.SubElement(request, "attributes")
        for name, values in attributes.items():
            _attribute(held, name, values)
    path = directory / f"DEMO_Complet_{day:%Y%m%d}_{category}_0000.xml"
    text = etree.tostring(
        root,
        xml_declaration=True,
        encoding="UTF-8",
        pretty_print=True,
        doctype='<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">',
    )
    path.write_bytes(text)
    return path


def _attribute(parent: etree._Element, name: str, values: Sequence[str | None]) -> None:
    attribute = etree.SubElement(parent, "attr", name=name)
    for value in values or [None]:
        etree.SubElement(attribute, "value").text = value


class _World:
    """The records by kind and by id, and how each becomes attributes."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.by_kind: dict[type, list[Record]] = defaultdict(list)
        self.external: dict[str, str] = {}
        for record in records:
            self.by_kind[type(record)].append(record)
            self.external[record.id] = getattr(record, "external_id", "")
        self.classes = {one.id: one for one in self._of(SchoolClass)}

    def _of(self, kind: type[T]) -> list[T]:
        return self.by_kind[kind]  # type: ignore[return-value]

    def _place(self, class_id: str) -> str:
        one = self.classes[class_id]
        return f"{self.external[one.school_id or '']}${one.name}"

    def schools(self) -> Iterable[tuple[str, Attributes]]:
        for school in self._of(School):
            mine = [one for one in self.classes.values() if one.school_id == school.id]
            groups = [one for one in mine if one.class_type == "SCHEDULED"]
            yield (
                school.external_id,
                {
                    "ENTStructureJointure": [school.external_id],
                    "ENTStructureUAI": [school.national_id],
                    "ENTStructureNomCourant": [school.name],
                    "ENTStructureTypeStruct": [school.kind],
                    "street": ["$".join(school.address_lines)],
                    "postalCode": [school.postal_code],
                    "l": [school.city],
                    "telephoneNumber": [school.phone],
                    "ENTStructureClasses": [f"{c.name}$" for c in mine if c.class_type == "HOMEROOM"],
                    "ENTStructureGroupes": [
                        "$".join([one.name, "", *(self.classes[key].name for key in one.parent_class_ids)])
                        for one in groups
                    ],
                },
            )

    def subjects(self) -> Iterable[tuple[str, Attributes]]:
        for one in self._of(Subject):
            yield one.external_id, {"ENTMatJointure": [one.external_id], "ENTLibelleMatiere": [one.name]}

    def courses(self) -> Iterable[tuple[str, Attributes]]:
        for one in self._of(Course):
            yield one.external_id, {"ENTMefJointure": [one.external_id], "ENTLibelleMef": [one.name]}

    def guardians(self) -> Iterable[tuple[str, Attributes]]:
        for one in self._of(Guardian):
            yield (
                one.external_id,
                {
                    "ENTPersonJointure": [one.external_id],
                    "ENTPersonNomPatro": [one.last_name],
                    "sn": [one.last_name],
                    "givenName": [one.first_name],
                    "personalTitle": [one.title],
                    "ENTPersonMail": [one.email],
                    "mobile": [one.mobile_phone],
                    "ENTPersonAdresse": ["$".join(one.address_lines)],
                    "ENTPersonCodePostal": [one.postal_code],
                    "ENTPersonVille": [one.city],
                    "ENTPersonPays": [one.country],
                },
            )

    def students(self) -> Iterable[tuple[str, Attributes]]:
        ties: dict[str, list[str]] = defaultdict(list)
        for tie in self._of(Guardianship):
            financial, contact = int(bool(tie.pays_fees)), int(bool(tie.is_emergency_contact))
            person = self.external[tie.guardian_id]
            ties[tie.student_id].append(
                f"{person}${tie.relation}${financial}${tie.legal_rank or 0}${contact}$0"
            )
        places: dict[tuple[str, str], list[str]] = defaultdict(list)
        for enrolment in self._of(Enrolment):
            places[enrolment.student_id, enrolment.kind].append(self._place(enrolment.class_id))
        for one in self._of(Student):
            born = one.date_of_birth
            yield (
                one.external_id,
                {
                    "ENTPersonJointure": [one.external_id],
                    "ENTEleveStructRattachId": [one.information_system_id],
                    "ENTPersonDateNaissance": [f"{born:%d/%m/%Y}" if born else None],
                    "ENTPersonNomPatro": [one.birth_name],
                    "sn": [one.last_name],
                    "givenName": [one.first_name],
                    "personalTitle": [one.title],
                    "ENTElevePersRelEleve": ties[one.id],
                    "ENTEleveRegime": [REGIMES.get(one.boarding_status or "")],
                    "ENTEleveMEF": [self.external.get(one.course_id or "")],
                    "ENTEleveNivFormation": [one.grade_level],
                    "ENTPersonStructRattach": [self.external[one.school_id or ""]],
                    "ENTEleveClasses": places[one.id, "CLASS"],
                    "ENTEleveGroupes": places[one.id, "GROUP"],
                },
            )

    def staff(self) -> Iterable[tuple[str, Attributes]]:
        taught: dict[str, list[Teaching]] = defaultdict(list)
        for teaching in self._of(Teaching):
            taught[teaching.staff_id].append(teaching)
        for one in self._of(StaffMember):
            school = self.external[one.school_id or ""]
            mine: dict[str, list[str]] = defaultdict(list)
            for teaching in taught[one.id]:
                kind = self.classes[teaching.class_id].class_type
                place = self._place(teaching.class_id)
                mine[kind].append(f"{place}${self.external[teaching.subject_id or '']}")
                if teaching.is_main_teacher:
                    mine["MAIN"].append(place)
            yield (
                one.external_id,
                {
                    "ENTPersonJointure": [one.external_id],
                    "sn": [one.last_name],
                    "givenName": [one.first_name],
                    "personalTitle": [one.title],
                    "ENTPersonStructRattach": [school],
                    "ENTPersonFonctions": [f"{school}${one.role}${one.function_label}"],
                    "ENTAuxEnsClassesMatieres": mine["HOMEROOM"],
                    "ENTAuxEnsGroupesMatieres": mine["SCHEDULED"],
                    "ENTAuxEnsClassesPrincipal": mine["MAIN"],
                },
            )
