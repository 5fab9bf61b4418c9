"""Exports of invented families on disk, in every format that is read, each with a count of its entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.exports import one_school
from tests.exports.invented_families import PLACES, UAIS, Export, Guardian, Pupil, World

YEAR = "2026"
OneRosterTable = tuple[str, Iterable[tuple[str, ...]]]
"""Columns after the three that every file has, and rows."""
AAF_CODES = {"FATHER": "1", "MOTHER": "2", "GRANDPARENT": "4", "OTHER": "6"}
SIECLE_CODES = {"FATHER": "20", "MOTHER": "10", "GRANDPARENT": "38", "OTHER": "90"}


@dataclass(frozen=True)
class WrittenExport:
    """An export on disk: which reader takes it, under which source, and how many entries it has by kind."""

    reader: str
    source: str
    path: Path
    options: Mapping[str, str]
    entries: Mapping[str, int] = field(default_factory=dict)


def write(world: World, export: Export, folder: Path) -> WrittenExport:
    """Write one export of a world into a folder of its own."""
    folder = folder / export.name
    folder.mkdir()
    if export.format in WRITERS:
        return WRITERS[export.format](world, export, folder)
    if export.format in ("sts", "feed"):
        fixed = one_school.ALL[export.format](folder)
        reader, source = ("sts", f"sts:{UAIS[0]}") if export.format == "sts" else ("ical", "ical")
        return WrittenExport(reader, source, fixed.path, fixed.options)
    return _table(export, folder)


def record_key(export: Export, pupil: Pupil) -> str | None:
    """Return what an export calls a pupil, as its reader does; None where it has no number of its own."""
    keys = {"aaf": f"7{pupil.key[1:]}", "edt": pupil.key[1:], "oneroster": f"u{pupil.key}"}
    return pupil.number if export.format == "siecle" else keys.get(export.format)


def _elements(**columns: str) -> str:
    return "".join(f"<{one}>{value}</{one}>" for one, value in columns.items() if value)


def _attributes(**columns: str) -> str:
    return " ".join(f'{one}="{value}"' for one, value in columns.items() if value)


def _french(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


# ---- XML -------------------------------------------------------------------------------------------------


def aaf(world: World, export: Export, folder: Path) -> WrittenExport:
    """Write one AAF export of both schools."""
    people, request = world.guardians_in(export), one_school.aaf_request
    tied: dict[str, list[str]] = {}
    for key, one in people:
        for pupil, relation, rank in one.ties:
            tied.setdefault(pupil, []).append(f"{key}${AAF_CODES[relation]}$0${rank}$1$0")
    pupils = world.pupils_in(export)
    requests = {
        "EtabEducNat": [
            request(
                "EtabEducNat", f"900{number}", ENTStructureUAI=uai, ENTStructureNomCourant=f"Collège {number}",
                ENTStructureTypeStruct="COLLEGE", ENTStructureClasses=[f"{one}${one}" for one in PLACES],
            )
            for number, uai in enumerate(UAIS)
        ],
        "PersRelEleve": [
            request("PersRelEleve", key, personalTitle=one.title, givenName=one.first, sn=one.last)
            for key, one in people
        ],
        "Eleve": [
            request(
                "Eleve", record_key(export, one) or "", ENTPersonStructRattach=f"900{one.school}",
                ENTEleveStructRattachId=[one.number] if one.number else [], sn=one.last, givenName=one.first,
                ENTPersonNomPatro=one.birth_name, ENTPersonDateNaissance=_french(one.born),
                ENTEleveClasses=f"900{one.school}${one.place}", ENTElevePersRelEleve=tied.get(one.key, []),
            )
            for one in pupils
        ],
    }  # fmt: skip
    for category, written in requests.items():
        path = folder / f"ENT_Complet_20260901_{category}_0000.xml"
        path.write_text(f"<ficAlimMENESR>{''.join(written)}</ficAlimMENESR>", encoding="utf-8")
    return WrittenExport("aaf", "aaf", folder, {}, {kind: len(one) for kind, one in requests.items()})


def siecle(world: World, export: Export, folder: Path) -> WrittenExport:
    """Write the files of students and of guardians."""
    pupils, people = world.pupils_in(export), world.guardians_in(export)
    students = "".join(
        f'<ELEVE ELEVE_ID="{one.number}">'
        + _elements(
            ID_NATIONAL=one.ine, NOM_DE_FAMILLE=one.birth_name, NOM_USAGE=one.last, PRENOM=one.first,
            DATE_NAISS=_french(one.born),
        )
        + "</ELEVE>"
        for one in pupils
    )  # fmt: skip
    places = "".join(
        f'<STRUCTURES_ELEVE ELEVE_ID="{one.number}"><STRUCTURE><CODE_STRUCTURE>{one.place}</CODE_STRUCTURE>'
        "<TYPE_STRUCTURE>D</TYPE_STRUCTURE></STRUCTURE></STRUCTURES_ELEVE>"
        for one in pupils
    )
    persons = "".join(
        f'<PERSONNE PERSONNE_ID="{key}">'
        + _elements(LC_CIVILITE=one.title, NOM_DE_FAMILLE=one.last, PRENOM=one.first)
        + "</PERSONNE>"
        for key, one in people
    )
    numbers = {one.key: one.number for one in pupils}
    ties = [
        "<RESPONSABLE_ELEVE>"
        + _elements(
            ELEVE_ID=numbers[pupil], PERSONNE_ID=key, NIVEAU_RESPONSABILITE="1" if rank else "3",
            CODE_PARENTE=SIECLE_CODES[relation], A_CONTACTER_EN_PRIORITE="1" if rank == 1 else "0",
        )
        + "</RESPONSABLE_ELEVE>"
        for key, one in people
        for pupil, relation, rank in one.ties
    ]  # fmt: skip
    files = {
        "BEE_ELEVES": f"<ELEVES>{students}</ELEVES><STRUCTURES>{places}</STRUCTURES>",
        "BEE_RESPONSABLES": f"<PERSONNES>{persons}</PERSONNES><RESPONSABLES>{''.join(ties)}</RESPONSABLES>",
    }
    uai = UAIS[export.school]
    head = f"<PARAMETRES><UAJ>{uai}</UAJ><ANNEE_SCOLAIRE>{YEAR}</ANNEE_SCOLAIRE></PARAMETRES>"
    for root, data in files.items():
        text = f'<?xml version="1.0" encoding="ISO-8859-15"?><{root}>{head}<DONNEES>{data}</DONNEES></{root}>'
        (folder / f"{root}.xml").write_bytes(text.encode("iso-8859-15"))
    counts = {"ELEVE": len(pupils), "PERSONNE": len(people), "RESPONSABLE_ELEVE": len(ties)}
    return WrittenExport("siecle", f"siecle:{uai}", folder, {}, counts)


def edt(world: World, export: Export, folder: Path) -> WrittenExport:
    """Write students with their guardians, in flat form; there are no lessons."""
    people, uai = world.guardians_in(export), UAIS[export.school]
    written = "".join(
        "<Eleve "
        + _attributes(
            Ident=record_key(export, one) or "", IDSconet=one.number, NumeroNational=one.ine,
            Nom=one.last, Prenom=one.first, DateNaissance=_iso(one.born),
        )
        + ">"
        + "".join(
            "<Responsable "
            + _attributes(
                Ident=key, RespLegal=str(rank), Nom=guardian.last, Prenom=guardian.first,
                Civilite=guardian.title,
            )
            + "/>"
            for key, guardian in people
            for pupil, _, rank in guardian.ties
            if pupil == one.key
        )
        + f'<Classe Ident="{PLACES.index(one.place)}"/></Eleve>'
        for one in world.pupils_in(export)
    )  # fmt: skip
    places = "".join(f'<Classe Ident="{number}" Nom="{name}"/>' for number, name in enumerate(PLACES))
    path = folder / "edt.xml"
    path.write_text(
        f'<ExportEmploiDuTemps UAI="{uai}"><AnneeScolaire DateDebut="2026-09-01" DateFin="2027-07-31" '
        f'DatePremierJourSemaine1="2026-08-31"/><Classes>{places}</Classes><Eleves>{written}</Eleves>'
        "</ExportEmploiDuTemps>",
        encoding="utf-8",
    )
    counts = {"Eleve": len(world.pupils_in(export)), "Classe": len(PLACES)}
    return WrittenExport("edt", f"edt:{uai}", path, {}, counts)


# ---- tables ----------------------------------------------------------------------------------------------


def oneroster(world: World, export: Export, folder: Path) -> WrittenExport:
    """Write version 1.1 in bulk, with one result for each student."""
    pupils, people = world.pupils_in(export), world.guardians_in(export)
    school = f"s{export.school}"
    agents: dict[str, list[str]] = {}
    for key, one in people:
        for pupil, _, _ in one.ties:
            agents.setdefault(pupil, []).append(key)
    roles = {key: "parent" if any(rank for *_, rank in one.ties) else "relative" for key, one in people}
    tables: dict[str, OneRosterTable] = {
        "orgs": ("name,type,identifier", [(school, f"School {export.school}", "school", UAIS[export.school])]),
        "courses": ("title,courseCode,orgSourcedId", [("c1", "Mathematics", "MATHS", school)]),
        "classes": (
            "title,classType,courseSourcedId,schoolSourcedId",
            [(f"k{one}", one, "homeroom", "c1", school) for one in PLACES],
        ),
        "users": (
            "enabledUser,orgSourcedIds,role,givenName,familyName,identifier,userMasterIdentifier,agentSourcedIds",
            [
                *(
                    (f"u{one.key}", "true", school, "student", one.first, one.last, one.number, one.ine,
                     f'"{",".join(agents.get(one.key, ()))}"')
                    for one in pupils
                ),
                *((key, "true", school, roles[key], one.first, one.last, "", "", "") for key, one in people),
            ],
        ),
        "demographics": ("birthDate", [(f"u{one.key}", _iso(one.born)) for one in pupils]),
        "enrollments": (
            "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
            [(f"e{one.key}", f"k{one.place}", school, f"u{one.key}", "student", "", "", "") for one in pupils],
        ),
        "lineItems": (
            "title,assignDate,dueDate,classSourcedId,resultValueMax",
            [(f"l{one}", "Fractions", "2026-11-10", "2026-11-10", f"k{one}", "20") for one in PLACES],
        ),
        "results": (
            "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment",
            [
                (f"r{one.key}", f"l{one.place}", f"u{one.key}", "fully graded", "15", "2026-11-10",
                 f"{export.name} about {one.key}")
                for one in pupils
            ],
        ),
    }  # fmt: skip
    return _bundle(folder, f"sis{export.school}", tables)


def _bundle(folder: Path, system: str, tables: Mapping[str, OneRosterTable]) -> WrittenExport:
    """Write the files of OneRoster: each row gives the sourcedId and what the columns name."""
    counts = {}
    for name, (columns, found) in tables.items():
        lines = [",".join((one[0], "", "", *one[1:])) for one in found]
        text = "\n".join([f"sourcedId,status,dateLastModified,{columns}", *lines, ""])
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        counts[f"{name}.csv"] = len(lines)
    manifest = {"manifest.version": "1.0", "oneroster.version": "1.1", "source.systemCode": system}
    manifest |= {f"file.{name}": "bulk" for name in tables}
    rows = [f"{name},{value}" for name, value in {"propertyName": "value", **manifest}.items()]
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return WrittenExport("oneroster", f"oneroster:{system}", folder, {}, counts)


def onde(world: World, export: Export, folder: Path) -> WrittenExport:
    """Write the extractions of pupils and of guardians."""
    pupils, people = world.pupils_in(export), world.guardians_in(export)
    by_key = {one.key: one for one in pupils}
    most = max((len(one.ties) for _, one in people), default=1)
    child = "Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants"
    tables = {
        "eleves": [
            "Nom Elève;Nom d'usage Elève;Prénom Elève;Date naissance;Classe",
            *(f"{one.birth_name};{one.last};{one.first};{_iso(one.born)};{one.place}" for one in pupils),
        ],
        "responsables": [
            ";".join(
                [
                    "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable",
                    *[child] * most,
                ]
            ),
            *(_onde_guardian(one, by_key) for _, one in people),
        ],
    }
    for name, lines in tables.items():
        text = "".join(f"{line}\n" for line in lines)
        (folder / f"CSVExtraction-{name}.csv").write_bytes(text.encode("iso-8859-1"))
    uai = UAIS[export.school]
    counts = {f"CSVExtraction-{name}.csv": len(lines) - 1 for name, lines in tables.items()}
    return WrittenExport("onde", f"onde:{uai}", folder, {"school": uai, "access": "all"}, counts)


def _onde_guardian(one: Guardian, pupils: Mapping[str, Pupil]) -> str:
    children = [pupils[key] for key, *_ in one.ties]
    return ";".join(
        [one.title, one.last, one.last, one.first]
        + [f"{child.last};{child.birth_name};{child.first};{child.place}" for child in children]
    )


def _table(export: Export, folder: Path) -> WrittenExport:
    """Write a table of grades or absences; the comment of each row is its token."""
    uai = UAIS[export.school]
    special, fields = {
        "grades": ("matière;note;titre", "MATHS;12;Contrôle"),
        "absences": ("type;justifiée", "absence;non"),
    }[export.format]
    lines = [f"identifiant;ELEVE_ID;INE;nom;prénom;date de naissance;date;commentaire;{special}"]
    lines += [
        ";".join(
            (
                row.token,
                row.number,
                row.ine,
                row.last,
                row.first,
                _iso(row.born),
                "2026-11-12",
                row.token,
                fields,
            )
        )
        for row in export.rows
    ]
    path = folder / f"{export.format}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    source, counts = f"csv:{uai}:{export.format}", Counter({path.name: len(export.rows)})
    return WrittenExport("csv", source, path, {"school": uai}, counts)


WRITERS: Mapping[str, Callable[[World, Export, Path], WrittenExport]] = {
    "aaf": aaf, "siecle": siecle, "edt": edt, "oneroster": oneroster, "onde": onde,
}  # fmt: skip
