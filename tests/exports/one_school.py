"""The exports of one small collège, written after the facts of each format.

Zoé and Léo Martin are in 6A and 6B, Inès Durand in 6A; Zoé and Inès learn English in the group 6ALL1. All
systems know them, each by numbers of its own and in spellings of its own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

UAI = "0750001A"
CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//fr\r\n{}END:VCALENDAR\r\n"


@dataclass(frozen=True)
class Written:
    """An export on disk, and how it is imported."""

    path: Path
    options: dict[str, str] = field(default_factory=dict)


def aaf_request(category: str, identity: str, **attributes: str | list[str]) -> str:
    """Write one addRequest of an AAF export."""
    kind = {"EtabEducNat": "categorieStructure", "MatEducNat": "categorieMatiere"}.get(
        category, "categoriePersonne"
    )
    lines = "".join(
        f'<attr name="{name}">'
        + "".join(f"<value>{one}</value>" for one in ([value] if isinstance(value, str) else value))
        + "</attr>"
        for name, value in attributes.items()
    )
    return (
        f'<addRequest><operationalAttributes><attr name="{kind}"><value>{category}</value></attr>'
        f"</operationalAttributes><identifier><id>{identity}</id></identifier>"
        f"<attributes>{lines}</attributes></addRequest>"
    )


def aaf_file(folder: Path, category: str, requests: list[str]) -> None:
    """Write one file of a complete AAF export."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">\n'
        f"<ficAlimMENESR>{''.join(requests)}</ficAlimMENESR>"
    )
    (folder / f"ENT_Complet_20260901_{category}_0000.xml").write_text(text, encoding="utf-8")


def aaf(folder: Path) -> Written:
    """Write a complete AAF export."""
    folder = folder / "aaf"
    folder.mkdir()
    aaf_file(
        folder,
        "EtabEducNat",
        [
            aaf_request(
                "EtabEducNat", "9001", ENTStructureUAI=UAI, ENTStructureNomCourant="Collège Ada Lovelace",
                ENTStructureTypeStruct="COLLEGE", ENTStructureClasses=["6A$Sixième A", "6B$Sixième B"],
                ENTStructureGroupes="6ALL1$Anglais$6A",
            )
        ],
    )  # fmt: skip
    aaf_file(
        folder,
        "MatiereEducNat",
        [
            aaf_request("MatEducNat", "061300", ENTLibelleMatiere="MATHEMATIQUES"),
            aaf_request("MatEducNat", "030201", ENTLibelleMatiere="ANGLAIS LV1"),
        ],
    )
    people = (
        ("80001", "Mme", "Claire", "MARTIN"),
        ("80002", "M.", "Paul", "MARTIN"),
        ("80003", "Mme", "Sonia", "DURAND"),
    )
    aaf_file(
        folder,
        "PersRelEleve",
        [
            aaf_request("PersRelEleve", key, personalTitle=title, givenName=first, sn=last)
            for key, title, first, last in people
        ],
    )
    students = (
        ("70001", "5001", "MARTIN", "Zoé", "05/03/2014", "6A", ["80001$2$1$1$1$1", "80002$1$0$2$1$0"]),
        ("70002", "5002", "MARTIN", "Léo", "01/07/2015", "6B", ["80001$2$1$1$1$1", "80002$1$0$2$1$0"]),
        ("70003", "5003", "DURAND", "Inès", "12/11/2014", "6A", ["80003$2$1$1$1$1"]),
    )
    aaf_file(
        folder,
        "Eleve",
        [
            aaf_request(
                "Eleve", key, ENTPersonStructRattach="9001", ENTEleveStructRattachId=number, sn=last,
                givenName=first, ENTPersonDateNaissance=born, ENTEleveNivFormation="6EME",
                ENTEleveClasses=f"9001${place}",
                ENTEleveGroupes="9001$6ALL1" if place == "6A" else [], ENTElevePersRelEleve=ties,
            )
            for key, number, last, first, born, place, ties in students
        ],
    )  # fmt: skip
    aaf_file(
        folder,
        "PersEducNat",
        [
            aaf_request(
                "PersEducNat", "4001", sn="DUPONT", givenName="Marie", personalTitle="Mme",
                ENTPersonDateNaissance="02/02/1980", ENTPersonFonctions="9001$ENS$ENSEIGNEMENT$L1300$MATHS",
                ENTAuxEnsClassesMatieres=["9001$6A$061300", "9001$6B$061300"],
                ENTAuxEnsClassesPrincipal="9001$6A",
            ),
            aaf_request(
                "PersEducNat", "4002", sn="BENALI", givenName="Karim", personalTitle="M.",
                ENTPersonFonctions="9001$ENS$ENSEIGNEMENT$L0422$ANGLAIS",
                ENTAuxEnsGroupesMatieres="9001$6ALL1$030201",
            ),
        ],
    )  # fmt: skip
    return Written(folder)


def siecle(folder: Path) -> Written:
    """Write three SIECLE files, each in a zip of its own, as the application does."""
    folder = folder / "siecle"
    folder.mkdir()
    head = f"<PARAMETRES><UAJ>{UAI}</UAJ><ANNEE_SCOLAIRE>2026</ANNEE_SCOLAIRE></PARAMETRES>"
    students = (
        ("5001", "060000001AA", "Zoé", "MARTIN", "05/03/2014", "2", "6A"),
        ("5002", "060000002BB", "Léo", "MARTIN", "01/07/2015", "1", "6B"),
        ("5003", "060000003CC", "Inès", "DURAND", "12/11/2014", "2", "6A"),
    )
    pupils = "".join(
        f'<ELEVE ELEVE_ID="{key}" ELENOET="{key}"><ID_NATIONAL>{ine}</ID_NATIONAL>'
        f"<NOM_DE_FAMILLE>{last}</NOM_DE_FAMILLE><PRENOM>{first}</PRENOM><DATE_NAISS>{born}</DATE_NAISS>"
        f"<CODE_REGIME>2</CODE_REGIME><CODE_SEXE>{sex}</CODE_SEXE><CODE_MEF>10010012110</CODE_MEF>"
        "<INCONNU>x</INCONNU></ELEVE>"
        for key, ine, first, last, born, sex, _ in students
    )
    places = "".join(
        f'<STRUCTURES_ELEVE ELEVE_ID="{key}"><STRUCTURE><CODE_STRUCTURE>{place}</CODE_STRUCTURE>'
        "<TYPE_STRUCTURE>D</TYPE_STRUCTURE></STRUCTURE>"
        + (
            "<STRUCTURE><CODE_STRUCTURE>6ALL1</CODE_STRUCTURE><TYPE_STRUCTURE>G</TYPE_STRUCTURE></STRUCTURE>"
            if place == "6A"
            else ""
        )
        + "</STRUCTURES_ELEVE>"
        for key, *_, place in students
    )
    _zip(
        folder, "ElevesSansAdresses",
        f'<BEE_ELEVES VERSION="3.0">{head}<DONNEES><ELEVES>{pupils}</ELEVES>'
        f"<STRUCTURES>{places}</STRUCTURES></DONNEES></BEE_ELEVES>",
    )  # fmt: skip
    people = (
        ("301", "MME", "MARTIN", "Claire"),
        ("302", "M.", "MARTIN", "Paul"),
        ("303", "MME", "DURAND", "Sonia"),
    )
    persons = "".join(
        f'<PERSONNE PERSONNE_ID="{key}"><LC_CIVILITE>{title}</LC_CIVILITE><NOM_DE_FAMILLE>{last}</NOM_DE_FAMILLE>'
        f"<PRENOM>{first}</PRENOM><MEL>{first.lower()}.{last.lower()}@example.org</MEL>"
        f"<TEL_PORTABLE>+336000003{key[-2:]}</TEL_PORTABLE><ADRESSE_ID>1</ADRESSE_ID></PERSONNE>"
        for key, title, last, first in people
    )
    ties = "".join(
        f"<RESPONSABLE_ELEVE><ELEVE_ID>{student}</ELEVE_ID><PERSONNE_ID>{person}</PERSONNE_ID>"
        f"<NIVEAU_RESPONSABILITE>1</NIVEAU_RESPONSABILITE><CODE_PARENTE>{code}</CODE_PARENTE>"
        f"<A_CONTACTER_EN_PRIORITE>{first}</A_CONTACTER_EN_PRIORITE></RESPONSABLE_ELEVE>"
        for student, person, code, first in (
            ("5001", "302", "20", "false"), ("5001", "301", "10", "true"), ("5002", "301", "10", "true"),
            ("5002", "302", "20", "false"), ("5003", "303", "10", "true"),
        )
    )  # fmt: skip
    _zip(
        folder, "ResponsablesAvecAdresses",
        f'<BEE_RESPONSABLES VERSION="2.1">{head}<DONNEES><PERSONNES>{persons}</PERSONNES>'
        f"<RESPONSABLES>{ties}</RESPONSABLES><ADRESSES><ADRESSE ADRESSE_ID=\"1\">"
        "<LIGNE1_ADRESSE>1 rue Ada</LIGNE1_ADRESSE><CODE_POSTAL>75001</CODE_POSTAL>"
        "<LIBELLE_POSTAL>PARIS</LIBELLE_POSTAL></ADRESSE></ADRESSES></DONNEES></BEE_RESPONSABLES>",
    )  # fmt: skip
    _zip(
        folder, "Nomenclature",
        f'<BEE_NOMENCLATURES VERSION="3.1">{head}<DONNEES><MATIERES>'
        '<MATIERE CODE_MATIERE="061300"><CODE_GESTION>MATHS</CODE_GESTION>'
        "<LIBELLE_COURT>MATHS</LIBELLE_COURT><LIBELLE_EDITION>Mathématiques</LIBELLE_EDITION></MATIERE>"
        '<MATIERE CODE_MATIERE="030201"><CODE_GESTION>AGL1</CODE_GESTION>'
        "<LIBELLE_COURT>ANGLAIS LV1</LIBELLE_COURT><LIBELLE_EDITION>Anglais LV1</LIBELLE_EDITION></MATIERE>"
        '</MATIERES><MEFS><MEF CODE_MEF="10010012110"><LIBELLE_EDITION>6ème</LIBELLE_EDITION></MEF></MEFS>'
        "</DONNEES></BEE_NOMENCLATURES>",
    )  # fmt: skip
    return Written(folder)


def _zip(folder: Path, name: str, body: str) -> None:
    text = f'<?xml version="1.0" encoding="ISO-8859-15"?>\n{body}'
    with zipfile.ZipFile(folder / f"ExportXML_{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.xml", text.encode("iso-8859-15"))


def only_member(path: Path) -> tuple[str, str]:
    """Return the name and the text of the one file that a zip of SIECLE holds."""
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return name, archive.read(name).decode("iso-8859-15")


def changed_siecle(folder: Path, change: Callable[[str, str], str]) -> Written:
    """Write the SIECLE export unzipped into a new folder, each file as `change(name, text)` gives it."""
    folder.mkdir()
    plain = folder / "plain"
    plain.mkdir()
    for file in siecle(folder).path.iterdir():
        name, text = only_member(file)
        (plain / name).write_bytes(change(name, text).encode("iso-8859-15"))
    return Written(plain)


def person_in(text: str, number: str) -> str:
    """Return the element of a person in SIECLE's file of guardians."""
    start = text.index(f'<PERSONNE PERSONNE_ID="{number}">')
    return text[start : text.index("</PERSONNE>", start) + len("</PERSONNE>")]


def replacing(words: Mapping[str, str]) -> Callable[[str, str], str]:
    """Return a change that replaces words in every file, all at once, so that two may be swapped."""

    def change(_name: str, text: str) -> str:
        for number, old in enumerate(words):
            text = text.replace(old, f"@{number}@")
        for number, new in enumerate(words.values()):
            text = text.replace(f"@{number}@", new)
        return text

    return change


def unpack(folder: Path) -> None:
    """Replace the zips of a folder by what is in them."""
    for file in list(folder.glob("*.zip")):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                (folder / name).write_bytes(archive.read(name))
        file.unlink()


def sts(folder: Path) -> Written:
    """Write an sts_emp file with weekly lessons: Maths on Mondays, English on Tuesdays of A weeks."""
    mondays = [f"2026-{day}" for day in ("09-07", "10-19", "11-16", "11-23", "11-30")]
    weekly = "".join(f"<DATE_DEBUT_SEMAINE>{day}</DATE_DEBUT_SEMAINE>" for day in mondays)
    odd = "".join(f"<DATE_DEBUT_SEMAINE>{day}</DATE_DEBUT_SEMAINE>" for day in mondays[::2])

    def service(subject: str, teacher: str, weekday: int, begin: str, alternation: str, room: str) -> str:
        return (
            f'<SERVICE CODE_MATIERE="{subject}" CODE_MOD_COURS="CG"><ENSEIGNANTS><ENSEIGNANT ID="{teacher}" TYPE="epp">'
            f"<COURS_RATTACHES><COURS><JOUR>{weekday}</JOUR><HEURE_DEBUT>{begin}</HEURE_DEBUT><DUREE>0100</DUREE>"
            f"<CODE_ALTERNANCE>{alternation}</CODE_ALTERNANCE><CODE_SALLE>{room}</CODE_SALLE></COURS>"
            "</COURS_RATTACHES></ENSEIGNANT></ENSEIGNANTS></SERVICE>"
        )

    text = f"""<?xml version="1.0" encoding="ISO-8859-15"?>
<STS_EDT><PARAMETRES><UAJ CODE="{UAI}"><SIGLE>CLG</SIGLE><DENOM_PRINC>COLLEGE</DENOM_PRINC>
<DENOM_COMPL>ADA LOVELACE</DENOM_COMPL><COMMUNE>PARIS</COMMUNE><CODE_POSTAL>75001</CODE_POSTAL></UAJ>
<ANNEE_SCOLAIRE ANNEE="2026"><DATE_DEBUT>2026-09-01</DATE_DEBUT><DATE_FIN>2027-07-31</DATE_FIN></ANNEE_SCOLAIRE></PARAMETRES>
<NOMENCLATURES><MATIERES>
<MATIERE CODE="061300"><CODE_GESTION>MATHS</CODE_GESTION><LIBELLE_EDITION>Mathématiques</LIBELLE_EDITION></MATIERE>
<MATIERE CODE="030201"><CODE_GESTION>AGL1</CODE_GESTION><LIBELLE_EDITION>Anglais LV1</LIBELLE_EDITION></MATIERE>
</MATIERES></NOMENCLATURES>
<DONNEES><INDIVIDUS>
<INDIVIDU ID="4001" TYPE="epp"><CIVILITE>2</CIVILITE><NOM_USAGE>DUPONT</NOM_USAGE><PRENOM>Marie</PRENOM>
<DATE_NAISSANCE>1980-02-02</DATE_NAISSANCE><FONCTION>ENS</FONCTION>
<PROFS_PRINC><PROF_PRINC><CODE_STRUCTURE>6A</CODE_STRUCTURE></PROF_PRINC></PROFS_PRINC></INDIVIDU>
<INDIVIDU ID="4002" TYPE="epp"><CIVILITE>1</CIVILITE><NOM_USAGE>BENALI</NOM_USAGE><PRENOM>Karim</PRENOM>
<FONCTION>ENS</FONCTION></INDIVIDU></INDIVIDUS>
<ALTERNANCES><ALTERNANCE CODE="H"><SEMAINES>{weekly}</SEMAINES></ALTERNANCE>
<ALTERNANCE CODE="Q1"><SEMAINES>{odd}</SEMAINES></ALTERNANCE></ALTERNANCES>
<SALLES_COURS><SALLE_COURS CODE="B12"/><SALLE_COURS CODE="C3"/></SALLES_COURS>
<STRUCTURE><DIVISIONS>
<DIVISION CODE="6A"><SERVICES>{service("061300", "4001", 1, "0800", "H", "B12")}</SERVICES></DIVISION>
<DIVISION CODE="6B"><SERVICES>{service("061300", "4001", 1, "1000", "H", "B12")}</SERVICES></DIVISION>
</DIVISIONS><GROUPES><GROUPE CODE="6ALL1">
<DIVISIONS_APPARTENANCE><DIVISION_APPARTENANCE CODE="6A"/></DIVISIONS_APPARTENANCE>
<SERVICES>{service("030201", "4002", 2, "0900", "Q1", "C3")}</SERVICES></GROUPE></GROUPES></STRUCTURE>
</DONNEES></STS_EDT>"""
    path = folder / f"sts_emp_{UAI}_2026.xml"
    path.write_bytes(text.encode("iso-8859-15"))
    return Written(path)


def edt(folder: Path) -> Written:
    """Write an EDT export: the same timetable with a cancelled lesson and a room that changes.

    Week 13 begins on 2026-11-23: Maths of 6A is cancelled in it, and English has moved to B12 for that week.
    """
    week = 1 << 13
    usual = sum(1 << number for number in range(1, 30)) & ~week
    always = usual | week
    students = (
        ("1", "5001", "060000001AA", "MARTIN", "Zoé", "2014-03-05", "1"),
        ("2", "5002", "060000002BB", "MARTIN", "Léo", "2015-07-01", "2"),
        ("3", "", "060000003CC", "DURAND", "Inès", "2014-11-12", "1"),
    )
    parents = {
        "MARTIN": (("11", "1", "Claire", "Mme"), ("12", "2", "Paul", "M.")),
        "DURAND": (("13", "1", "Sonia", "Mme"),),
    }
    people = "".join(
        f'<Eleve Ident="{ident}" IDSconet="{number}" NumeroNational="{ine}" Nom="{last}" Prenom="{first}" '
        f'DateNaissance="{born}" Sexe="Feminin">'
        + "".join(
            f'<Responsable Ident="{key}" RespLegal="{rank}" Nom="{last}" Prenom="{name}" Civilite="{title}" '
            'Adresse1="1 rue Ada" CodePostal="75001" Ville="PARIS"/>'
            for key, rank, name, title in parents[last]
        )
        + f'<Classe Ident="{place}" DateEntree="2026-08-31" DateSortie="2027-07-31"/></Eleve>'
        for ident, number, ine, last, first, born, place in students
    )
    places = "".join(
        f'<Place Numero="{n}" LibelleHeureDebut="{8 + n:02}:00:00" LibelleHeureFin="{9 + n:02}:00:00"/>'
        for n in range(9)
    )
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<ExportEmploiDuTemps xmlns="http://www.index-education.com/exportemploidutemps" Version="2026" UAI="{UAI}">
<AnneeScolaire DateDebut="2026-09-01" DateFin="2027-07-31" DatePremierJourSemaine1="2026-08-31"/>
<GrilleHoraire NombrePlacesParJour="9" DureePlace="60"><PlacesParJour>{places}</PlacesParJour></GrilleHoraire>
<Matieres><Matiere Ident="1" Code="MATHS" Libelle="MATHEMATIQUES"/><Matiere Ident="2" Code="AGL1" Libelle="ANGLAIS LV1"/></Matieres>
<Professeurs><Professeur Ident="1" Nom="DUPONT" Prenom="Marie" DateNaissance="1980-02-02" IDSTS="4001"/>
<Professeur Ident="2" Nom="BENALI" Prenom="Karim" IDSTS="4002"/></Professeurs>
<Classes><Classe Ident="1" Nom="6A"/><Classe Ident="2" Nom="6B"/></Classes>
<Groupes><Groupe Ident="7" Nom="6ALL1"><Classe Ident="1"/></Groupe></Groupes>
<Salles><Salle Ident="1" Nom="B12"/><Salle Ident="2" Nom="C3"/></Salles>
<Eleves>{people}</Eleves>
<Cours>
<Cours Ident="100" Jour="1" NumeroPlaceDebut="0" NombrePlaces="1" SemainesAnnulation="{week}"><Matiere Ident="1"/>
<Professeur Ident="1" Semaines="{always}"/><Classe Ident="1" Semaines="{always}"/><Salle Ident="1" Semaines="{always}"/></Cours>
<Cours Ident="101" Jour="1" NumeroPlaceDebut="2" NombrePlaces="1"><Matiere Ident="1"/>
<Professeur Ident="1" Semaines="{always}"/><Classe Ident="2" Semaines="{always}"/><Salle Ident="1" Semaines="{always}"/></Cours>
<Cours Ident="102" Jour="2" NumeroPlaceDebut="1" NombrePlaces="1"><Matiere Ident="2"/>
<Professeur Ident="2" Semaines="{always}"/><Classe Ident="1" Semaines="{always}"/><Groupe Ident="7" Semaines="{always}"/>
<Salle Ident="2" Semaines="{usual}"/><Salle Ident="1" Semaines="{week}"/></Cours>
<Cours Ident="103" Jour="2" NumeroPlaceDebut="8" NombrePlaces="2"><Matiere Ident="2"/>
<Professeur Ident="2" Semaines="{always}"/><Classe Ident="2" Semaines="{always}"/></Cours>
</Cours></ExportEmploiDuTemps>"""
    path = folder / "edt.xml"
    path.write_text(text, encoding="utf-8")
    return Written(path)


def agenda(folder: Path) -> Written:
    """Write the school's calendar: a meeting at a floating time, and one that is cancelled."""
    events = (
        "BEGIN:VEVENT\r\nUID:meeting@ada\r\nDTSTART:20261126T180000\r\nDTEND:20261126T200000\r\n"
        "SUMMARY:Réunion parents-professeurs\r\nLOCATION:Préau\r\nEND:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:party@ada\r\nDTSTART;VALUE=DATE:20261127\r\nDTEND;VALUE=DATE:20261128\r\n"
        "SUMMARY:Fête d'automne\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\n"
    )
    path = folder / "agenda.ics"
    path.write_text(CALENDAR.format(events), encoding="utf-8", newline="")
    return Written(path, {"school": UAI, "as": "agenda"})


def holidays(folder: Path) -> Written:
    """Write the holidays of the zone, which hide the lessons that STS-WEB puts on them."""
    events = (
        "BEGIN:VEVENT\r\nUID:toussaint\r\nDTSTART;VALUE=DATE:20261017\r\nDTEND;VALUE=DATE:20261102\r\n"
        "SUMMARY:Vacances de la Toussaint\r\nEND:VEVENT\r\n"
    )
    path = folder / "zone-c.ics"
    path.write_text(CALENDAR.format(events), encoding="utf-8", newline="")
    return Written(path, {"school": UAI, "as": "holidays", "year": "2026"})


def feed(folder: Path) -> Written:
    """Write the timetable of 6A as a feed: the same lessons, in other words."""
    events = (
        "BEGIN:VEVENT\r\nUID:l1\r\nDTSTART:20261123T070000Z\r\nDTEND:20261123T080000Z\r\n"
        "SUMMARY:Cours annulé - MATHEMATIQUES - Mme DUPONT\r\nLOCATION:B12\r\nEND:VEVENT\r\n"
    )
    path = folder / "6A.ics"
    path.write_text(CALENDAR.format(events), encoding="utf-8", newline="")
    return Written(path, {"school": UAI})


def homework(folder: Path) -> Written:
    """Write homework as a spreadsheet program of Windows would: semicolons, no UTF-8."""
    path = folder / "devoirs.csv"
    text = (
        "Pour le;Classe;Matière;Titre;Enseignant;Donné le\r\n"
        "24/11/2026;6A;MATHEMATIQUES;Exercices 3 à 5;DUPONT Marie;23/11/2026\r\n"
    )
    path.write_bytes(text.encode("cp1252"))
    return Written(path, {"school": UAI})


def periods(folder: Path) -> Written:
    """Write the grading periods."""
    path = folder / "periodes.csv"
    path.write_text(
        "nom,du,au,type\nTrimestre 1,2026-09-01,2026-11-30,trimestre\n"
        "Trimestre 2,2026-12-01,2027-03-15,trimestre\n",
        encoding="utf-8",
    )
    return Written(path, {"school": UAI})


def grades(folder: Path) -> Written:
    """Write grades: students by number, by INE and by names."""
    path = folder / "notes.csv"
    path.write_text(
        "ELEVE_ID;INE;Nom;Prénom;Matière;Date;Note;Sur;Titre;Trimestre\n"
        "5001;;;;Mathématiques;10/11/2026;15,5;20;Fractions;Trimestre 1\n"
        ";060000002BB;;;MATHS;10/11/2026;Abs;20;Fractions;Trimestre 1\n"
        ";;Durand;Ines;Mathématiques;10/11/2026;12;20;Fractions;Trimestre 1\n",
        encoding="utf-8-sig",
    )
    return Written(path, {"school": UAI})


def absences(folder: Path) -> Written:
    """Write absences."""
    path = folder / "absences.csv"
    path.write_text(
        "n° élève;date;heure début;heure fin;type;motif;justifiée\n5001;20/11/2026;8h;9h;retard;Transport;non\n",
        encoding="utf-8",
    )
    return Written(path, {"school": UAI})


def messages(folder: Path) -> Written:
    """Write a message to a guardian known by e-mail."""
    path = folder / "messages.csv"
    path.write_text(
        "destinataire;date;heure;objet;message;expéditeur\n"
        "claire.martin@example.org;20/11/2026;10h30;Sortie au musée;Merci de signer.;Mme Dupont\n",
        encoding="utf-8",
    )
    return Written(path, {"school": UAI})


ALL: dict[str, Callable[[Path], Written]] = {
    "aaf": aaf, "siecle": siecle, "sts": sts, "edt": edt, "agenda": agenda, "holidays": holidays,
    "feed": feed, "homework": homework, "periods": periods, "grades": grades, "absences": absences,
    "messages": messages,
}  # fmt: skip
