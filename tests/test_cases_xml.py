"""Exports of schools with faults that schools really have: what is refused, and what guardians see then.

Entries are (read, taken, refused, left out); refusals are (line, field, value). Nothing is lost in silence.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters import records as r
from adapters.base import InvalidExport, Notice
from adapters.native.import_report import Report
from gateway.adapters_installed import reader
from tests.exports.asking import ask, bring, rows
from tests.exports.one_school import ALL, Written, unpack

CASES = Path(__file__).parent / "cases" / "import"
STUDENTS = "{ viewer { students { displayName } } }"
FAMILY = "{ viewer { students { displayName schoolClass { name } groups { name } } } }"


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


@pytest.fixture
def siecle(tmp_path: Path) -> Written:
    """The three files of SIECLE, unpacked."""
    written = ALL["siecle"](tmp_path)
    unpack(written.path)
    return written


def change(written: Written, old: str, new: str, name: str = "*", times: int = 1) -> Written:
    """Replace a text in the one file of an export that has it."""
    files = [written.path] if written.path.is_file() else sorted(written.path.glob(name))
    for file in files:
        is_latin = file.suffix == ".csv" or b"ISO-8859" in file.read_bytes()[:99]
        encoding = "iso-8859-15" if is_latin else "utf-8"
        text = file.read_bytes().decode(encoding)
        if old in text:
            file.write_bytes(text.replace(old, new, times).encode(encoding))
            return written
    raise AssertionError(f"{old} is in none of {files}")


def entries(report: Report, *kinds: str) -> list[tuple[int, int, int, dict[str, int]]]:
    found = [report.entries[kind] for kind in kinds]
    return [(one.read, one.taken, one.refused, one.left_out) for one in found]


def refused(report: Report) -> list[tuple[str, str, str]]:
    return [(one.file.partition(", line ")[2], one.field, one.value) for one in report.refused]


def reasons(report: Report) -> list[tuple[str, str]]:
    return [(one.field, one.reason) for one in report.refused]


def noticed(report: Report) -> list[str]:
    return [one.text for one in report.notices if "the letter of the school's number" not in one.text]


def seen(url: str, first_name: str, **who: str) -> list[str]:
    """The names of the students that a guardian sees."""
    return [one["displayName"] for one in ask(url, first_name, STUDENTS, {}, **who)["viewer"]["students"]]


# ---- SIECLE: numbers -------------------------------------------------------------------------------------


def test_one_number_of_two_students_refuses_both_and_ties_nothing_to_it(database: str) -> None:
    report = bring(database, Written(CASES / "siecle-dup-id"))
    assert entries(report, "ELEVE", "STRUCTURES_ELEVE") == [(3, 1, 2, {}), (2, 0, 2, {})]
    assert refused(report) == [
        (line, "ELEVE_ID", "0001 (lines 3, 4)") for line in ("3", "4", "7", "8")
    ]  # fmt: skip
    assert {(one.reason, one.remedy) for one in report.refused} == {
        (
            "several entries of different content have this number",
            "Have the double entry removed in SIECLE, then export again.",
        )
    }
    assert rows(database, r.Student, "last_name") == [("PARTI",)]
    assert rows(database, r.SchoolClass, "name") == []
    assert bring(database, Written(CASES / "siecle-dup-id")).changes == 0


def test_one_national_number_of_two_students_takes_both(database: str) -> None:
    report = bring(database, Written(CASES / "siecle-pix"))
    assert entries(report, "ELEVE", "STRUCTURES_ELEVE") == [(3, 3, 0, {}), (2, 2, 0, {})]
    assert rows(database, r.Student, "last_name") == [("JAUNE",), ("PARTI",), ("TESTEUR",)]


def test_a_number_that_becomes_another_students_too_shows_neither_to_anybody(
    database: str, siecle: Written
) -> None:
    bring(database, siecle)
    assert (seen(database, "Claire"), seen(database, "Sonia")) == (
        ["Léo MARTIN", "Zoé MARTIN"], ["Inès DURAND"]
    )  # fmt: skip
    change(siecle, 'ELEVE ELEVE_ID="5003"', 'ELEVE ELEVE_ID="5001"')
    report = bring(database, siecle, allow_shrink=True)
    assert {(one.field, one.value) for one in report.refused} == {
        ("ELEVE_ID", "5001 (lines 2, 2)"), ("ELEVE_ID", "5003")
    }  # fmt: skip
    assert (seen(database, "Claire"), seen(database, "Sonia")) == (["Léo MARTIN"], [])


def test_one_number_of_two_guardians_ties_neither(database: str, siecle: Written) -> None:
    change(siecle, 'PERSONNE_ID="303"', 'PERSONNE_ID="302"')
    report = bring(database, siecle)
    assert entries(report, "PERSONNE", "RESPONSABLE_ELEVE") == [(3, 1, 2, {}), (5, 2, 3, {})]
    assert rows(database, r.Guardian, "first_name") == [("Claire",)]
    assert seen(database, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]


def test_a_tie_that_is_there_twice_with_different_rights_gives_none(database: str, siecle: Written) -> None:
    tie = "<RESPONSABLE_ELEVE><ELEVE_ID>5003</ELEVE_ID><PERSONNE_ID>303</PERSONNE_ID>"
    change(siecle, tie, f"{tie}<NIVEAU_RESPONSABILITE>3</NIVEAU_RESPONSABILITE></RESPONSABLE_ELEVE>{tie}")
    report = bring(database, siecle)
    assert entries(report, "RESPONSABLE_ELEVE") == [(6, 4, 2, {})]
    assert refused(report) == [("2", "PERSONNE_ID and ELEVE_ID", "303:5003 (lines 2, 2)")] * 2
    assert seen(database, "Sonia") == []


def test_an_entry_that_is_there_twice_word_for_word_is_taken(database: str, siecle: Written) -> None:
    file = siecle.path / "ElevesSansAdresses.xml"
    text = file.read_bytes()
    (pupil,) = re.findall(rb'<ELEVE ELEVE_ID="5003".*?</ELEVE>', text)
    file.write_bytes(text.replace(pupil, pupil * 2))
    report = bring(database, siecle)
    assert (entries(report, "ELEVE"), report.refused) == ([(4, 4, 0, {})], [])
    assert seen(database, "Sonia") == ["Inès DURAND"]


# ---- SIECLE: values --------------------------------------------------------------------------------------


def test_what_siecle_writes_that_cannot_be_read_is_reported_and_opens_nothing(
    database: str, siecle: Written
) -> None:
    tie = "<RESPONSABLE_ELEVE><ELEVE_ID>5003</ELEVE_ID><PERSONNE_ID>303</PERSONNE_ID>"
    change(
        siecle,
        f"{tie}<NIVEAU_RESPONSABILITE>1",
        f"{tie}<HEBERGE_ELEVE>?</HEBERGE_ELEVE><NIVEAU_RESPONSABILITE>4",
    )
    change(siecle, "<ADRESSE_ID>1</ADRESSE_ID>", "<ADRESSE_ID>7</ADRESSE_ID><ACCEPTE_SMS>x</ACCEPTE_SMS>")
    change(siecle, "<CODE_PARENTE>20<", "<CODE_PARENTE>99<")
    change(siecle, "<CODE_REGIME>2<", "<CODE_REGIME>X<")
    change(siecle, "<CODE_MEF>10010012110<", "<CODE_MEF>999<")
    change(siecle, "<PRENOM>Zoé</PRENOM>", "<PRENOM>Zoé</PRENOM><PRENOM>Chloé</PRENOM>")
    report = bring(database, siecle)
    assert [(one[1], one[2]) for one in refused(report)] == [
        ("PRENOM", "Zoé, Chloé"), ("ADRESSE_ID", "7"), ("ACCEPTE_SMS", "x"), ("NIVEAU_RESPONSABILITE", "4"),
        ("HEBERGE_ELEVE", "?"),
    ]  # fmt: skip
    assert entries(report, "ELEVE", "PERSONNE", "RESPONSABLE_ELEVE") == [
        (3, 3, 0, {}), (3, 3, 0, {}), (5, 5, 0, {})
    ]  # fmt: skip
    assert noticed(report) == [
        "CODE_REGIME 'X' is not known here; it is there 1 times.",
        "CODE_MEF '999' is not in the nomenclature: the course has no name.",
        "CODE_PARENTE '99' is not known here; it is there 1 times.",
    ]
    assert seen(database, "Sonia") == []
    assert seen(database, "Claire") == ["Léo MARTIN", "MARTIN"]


def test_what_siecle_lists_beside_is_left_out_for_a_named_reason(database: str, siecle: Written) -> None:
    options = '<OPTIONS><OPTION ELEVE_ID="5001"/><OPTION ELEVE_ID="5002"/></OPTIONS><LISTE><X/></LISTE>'
    change(
        siecle, "</ELEVES><STRUCTURES>", f'</ELEVES>{options}<STRUCTURES><STRUCTURES_ELEVE ELEVE_ID="5001"/>'
    )
    change(siecle, "<MATIERES>", "<MATIERES><MATIERE/>")
    (siecle.path / "Structures.xml").write_text("<BEE_STRUCTURES/>")
    report = bring(database, siecle)
    assert entries(report, "OPTION", "X", "STRUCTURES_ELEVE", "MATIERE") == [
        (2, 0, 0, {"options are not shown": 2}),
        (1, 0, 0, {"nothing that is shown needs this list": 1}),
        (4, 3, 0, {"names no class and no group": 1}),
        (3, 2, 1, {}),
    ]
    assert refused(report) == [("2", "CODE_MATIERE", "")]
    assert noticed(report) == [
        "this file was not read: it is not of this format (its root element is BEE_STRUCTURES)."
    ]


def test_utf8_that_calls_itself_iso_is_read_as_utf8(database: str, siecle: Written) -> None:
    file = siecle.path / "ElevesSansAdresses.xml"
    file.write_bytes(file.read_bytes().decode("iso-8859-15").encode())
    report = bring(database, siecle)
    assert noticed(report) == ["declares another encoding, but is UTF-8; it was read as UTF-8."]
    assert seen(database, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]


def test_a_student_who_left_is_still_shown_with_the_day(database: str, siecle: Written) -> None:
    change(siecle, "<DATE_NAISS>12/11/2014", "<DATE_SORTIE>01/10/2026</DATE_SORTIE><DATE_NAISS>12/11/2014")
    assert bring(database, siecle).refused == []
    found = ask(database, "Sonia", "{ viewer { students { displayName enrolledTo } } }", {})
    assert found["viewer"]["students"] == [{"displayName": "Inès DURAND", "enrolledTo": "2026-10-01"}]


# ---- numbers of schools ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["siecle", "sts", "edt"])
def test_a_number_of_a_school_is_the_same_however_it_is_written(name: str, tmp_path: Path) -> None:
    written = ALL[name](tmp_path)
    if name == "siecle":
        unpack(written.path)
        for file in written.path.iterdir():
            file.write_bytes(file.read_bytes().replace(b"0750001A", b" 075 0001a "))
    else:
        written.path.write_bytes(written.path.read_bytes().replace(b"0750001A", b" 075 0001a "))
    assert reader(name).inspect(written.path, {}).source_id == f"{name}:0750001A"


@pytest.mark.parametrize("name", ["siecle", "sts", "edt"])
def test_what_is_no_number_of_a_school_stops_the_import(name: str, tmp_path: Path) -> None:
    written = ALL[name](tmp_path)
    if name == "siecle":
        unpack(written.path)
    change(written, "0750001A", "750001A")
    with pytest.raises(InvalidExport, match=r"'750001A' is no number of a school \(UAI\)"):
        reader(name).inspect(written.path, {})


def test_an_option_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    written = ALL["edt"](tmp_path)
    assert reader("edt").inspect(written.path, {"school": "0750001a"}).source_id == "edt:0750001A"
    with pytest.raises(
        InvalidExport, match="is of the school 0750001A, not of 0750680G as --option school says"
    ):
        reader("edt").inspect(written.path, {"school": "0750680G"})


def test_a_letter_that_does_not_fit_the_number_is_noticed(tmp_path: Path) -> None:
    written = ALL["sts"](tmp_path)
    items = list(reader("sts").read(written.path, {}))
    assert [one.text for one in items if isinstance(one, Notice)] == [
        "the letter of the school's number, 0750001A, should be U: is it this school's?"
    ]
    change(written, "0750001A", "0750001U")
    assert not [one for one in reader("sts").read(written.path, {}) if isinstance(one, Notice)]


# ---- STS-WEB ---------------------------------------------------------------------------------------------


@pytest.fixture
def sts(tmp_path: Path) -> Written:
    return ALL["sts"](tmp_path)


def test_sts_reports_staff_and_codes_that_cannot_be_read(database: str, sts: Written) -> None:
    change(sts, "1980-02-02", "1980-02-31")
    change(sts, "<CODE_STRUCTURE>6A<", "<CODE_STRUCTURE>9Z<")
    change(
        sts,
        "<FONCTION>ENS</FONCTION></INDIVIDU></INDIVIDUS>",
        "<FONCTION>ZZZ</FONCTION></INDIVIDU></INDIVIDUS>",
    )
    change(sts, "<MATIERES>", '<MATIERES><MATIERE CODE=""/>')
    change(sts, '<SALLE_COURS CODE="B12"/>', "<SALLE_COURS/>")
    report = bring(database, sts)
    assert [(one[1], one[2]) for one in refused(report)] == [
        ("CODE", ""), ("CODE", ""), ("DATE_NAISSANCE", "1980-02-31"), ("PROF_PRINC/CODE_STRUCTURE", "9Z")
    ]  # fmt: skip
    assert noticed(report) == ["FONCTION 'ZZZ' is not known here; it is there 1 times."]
    assert rows(database, r.Room, "name") == [("B12",), ("C3",)]
    assert rows(database, r.Teaching, "is_main_teacher") == [(False,)] * 3


def test_sts_refuses_what_stands_in_a_class_without_code(database: str, sts: Written) -> None:
    change(sts, '<DIVISION CODE="6B">', "<DIVISION>")
    report = bring(database, sts)
    assert entries(report, "DIVISION", "SERVICE", "COURS") == [(2, 1, 1, {}), (3, 2, 1, {}), (3, 2, 1, {})]
    assert reasons(report) == [
        ("CODE", "no code"), ("CODE", "the class or group has no code"), ("CODE", "the class or group has no code")
    ]  # fmt: skip
    assert rows(database, r.SchoolClass, "name") == [("6A",), ("6ALL1",)]


def test_sts_refuses_two_persons_of_one_number_and_the_lessons_that_they_give(
    database: str, sts: Written
) -> None:
    change(sts, 'INDIVIDU ID="4002"', 'INDIVIDU ID="4001"')
    report = bring(database, sts)
    assert entries(report, "INDIVIDU", "SERVICE", "COURS") == [(2, 0, 2, {}), (3, 0, 3, {}), (3, 0, 3, {})]
    assert rows(database, r.Lesson, "id") == []


def test_sts_lessons_that_never_take_place_are_left_out(database: str, sts: Written) -> None:
    change(sts, '<ALTERNANCE CODE="Q1">', '<ALTERNANCE CODE="Q0"/><ALTERNANCE CODE="Q1">')
    change(sts, "<CODE_ALTERNANCE>Q1<", "<CODE_ALTERNANCE>Q0<")
    change(
        sts,
        '<DIVISION CODE="6B"><SERVICES>',
        '<DIVISION CODE="6B"><SERVICES><SERVICE CODE_MATIERE="061300"/>',
    )
    report = bring(database, sts)
    assert entries(report, "ALTERNANCE", "COURS", "SERVICE") == [
        (3, 3, 0, {}),
        (3, 2, 0, {"none of its weeks lies in the school year": 1}),
        (4, 3, 0, {"no teacher is assigned": 1}),
    ]


def test_sts_elements_in_an_odd_place_are_left_out_and_stop_nothing(database: str, sts: Written) -> None:
    change(sts, "</DONNEES>", '<REMPLACANTS><INDIVIDU ID="9"/></REMPLACANTS></DONNEES>')
    report = bring(database, sts)
    assert entries(report, "INDIVIDU") == [(3, 2, 0, {"stands where this format has no such entries": 1})]


# ---- EDT -------------------------------------------------------------------------------------------------


@pytest.fixture
def edt(tmp_path: Path) -> Written:
    return ALL["edt"](tmp_path)


def test_edt_ties_nobody_to_an_ident_of_two_guardians(database: str, edt: Written) -> None:
    change(edt, 'Responsable Ident="13"', 'Responsable Ident="11"')
    report = bring(database, edt)
    assert entries(report, "Responsable") == [(5, 2, 3, {})]
    assert {one[1:] for one in refused(report)} - {
        ("NumeroPlaceDebut", "Jour 2, NumeroPlaceDebut 8, NombrePlaces 2")
    } == {("Responsable/Ident", "11 (lines 11, 11, 11)")}
    assert rows(database, r.Guardian, "first_name") == [("Paul",)]
    assert seen(database, "Paul") == ["Léo MARTIN", "Zoé MARTIN"]


def test_edt_takes_the_fullest_of_what_it_says_of_a_guardian_whatever_the_order(
    database: str, edt: Written
) -> None:
    change(edt, 'Civilite="Mme" Adresse1="1 rue Ada" CodePostal="75001"', 'Civilite="Mme" Adresse1="2 rue B"')
    report = bring(database, edt)
    assert ("Responsable/Adresse1", "2 rue B") in {one[1:] for one in refused(report)}
    assert rows(database, r.Guardian, "address_lines", first_name="Claire") == [(["1 rue Ada"],)]
    assert seen(database, "Claire") == ["Léo MARTIN", "Zoé MARTIN"]


def test_edt_ties_that_contradict_or_cannot_be_read_give_no_access(database: str, edt: Written) -> None:
    change(edt, '<Responsable Ident="13" RespLegal="1"', '<Responsable Ident="13" RespLegal="3"')
    twice = '<Responsable Ident="11" RespLegal="0" Nom="MARTIN" Prenom="Claire" Civilite="Mme"/>'
    change(edt, '<Classe Ident="2" DateEntree', f'{twice}<Classe Ident="2" DateEntree')
    report = bring(database, edt)
    values = [one[2] for one in refused(report) if one[1] == "Responsable/RespLegal"]
    assert values == ["1, 0", "1, 0", "3"]
    assert (seen(database, "Sonia"), seen(database, "Claire")) == ([], ["Zoé MARTIN"])


def test_edt_names_the_same_missing_part_in_the_same_words(database: str, edt: Written) -> None:
    change(edt, '<Classe Ident="1" Date', '<PartieDeClasse Ident="14"/><Classe Ident="1" Date', times=2)
    change(
        edt,
        '<Professeur Ident="1" Semaines',
        '<PartieDeClasse Ident="14" Semaines="2"/><Professeur Ident="1" Semaines',
        times=2,
    )
    report = bring(database, edt)
    same = [one for one in report.refused if one.field == "PartieDeClasse/Ident"]
    assert len(same) == 4
    assert {(one.value, one.reason, one.remedy) for one in same} == {
        (
            "14",
            "what has this Ident is not in the file, or could not be taken",
            "Export the whole school year with all its resources from EDT again.",
        )
    }
    assert entries(report, "Eleve", "Cours") == [(3, 3, 0, {}), (4, 3, 1, {})]


def test_edt_gives_the_lesson_of_a_group_that_is_missing_to_no_whole_class(
    database: str, edt: Written
) -> None:
    change(edt, '<Groupe Ident="7" Nom="6ALL1">', '<Groupe Ident="8" Nom="6ALL1">')
    bring(database, edt)
    classes = [one for (one,) in rows(database, r.Lesson, "class_ids", title="ANGLAIS LV1")]
    assert classes and set(map(str, classes)) == {"[]"}


def test_edt_reports_masks_subjects_students_and_dates_that_cannot_be_read(
    database: str, edt: Written
) -> None:
    change(edt, 'SemainesAnnulation="8192"', 'SemainesAnnulation="-1"')
    change(edt, '<Matiere Ident="1"/>', '<Matiere Ident="9"/><Eleve Ident="77" Semaines="2"/><Robot/>')
    change(edt, 'DateEntree="2026-08-31"', 'DateEntree="2026-08-32"')
    change(edt, '<Salle Ident="1" Nom="B12"/>', '<Salle Nom="B12"/><Salle Ident="1" Nom=""/>')
    change(edt, "</Groupes>", "</Groupes><Materiels><Materiel Ident='1' Nom='Ordi'/></Materiels><Y/>")
    report = bring(database, edt)
    assert [one[1:] for one in refused(report)][:-1] == [
        ("Ident", ""), ("Nom", ""), ("DateEntree", "2026-08-32"), ("SemainesAnnulation", "-1"),
        ("Matiere/Ident", "9"), ("Eleve/Ident", "77"),
    ]  # fmt: skip
    assert entries(report, "Salle", "Materiel", "Y") == [
        (3, 2, 1, {}), (1, 0, 0, {"materials are not shown": 1}),
        (1, 0, 0, {"nothing that is shown needs this list": 1}),
    ]  # fmt: skip
    assert noticed(report) == ["Cours 'Robot' is not known here; it is there 1 times."]


def test_edt_keeps_each_period_of_a_student_in_a_group(database: str, edt: Written) -> None:
    change(
        edt,
        '<Classe Ident="1" Nom="6A"/>',
        '<Classe Ident="1" Nom="6A"><PartieDeClasse Ident="5"/><PartieDeClasse Ident="6"/></Classe>',
    )
    change(
        edt,
        '<Groupe Ident="7" Nom="6ALL1"><Classe Ident="1"/>',
        '<Groupe Ident="7" Nom="6ALL1"><PartieDeClasse Ident="5"/><PartieDeClasse Ident="6"/>',
    )
    parts = '<PartieDeClasse Ident="5" DateEntree="2026-09-01" DateSortie="2026-12-31"/><PartieDeClasse Ident="6" DateEntree="2027-03-01" DateSortie="2027-06-30"/>'
    change(edt, '<Classe Ident="1" DateEntree', f'{parts}<Classe Ident="1" DateEntree')
    bring(database, edt)
    ((group,),) = rows(database, r.SchoolClass, "id", name="6ALL1")
    periods = [
        tuple(map(str, one)) for one in rows(database, r.Enrolment, "start_date", "end_date", class_id=group)
    ]
    assert periods == [("2026-09-01", "2026-12-31"), ("2027-03-01", "2027-06-30")]
    assert bring(database, edt).changes == 0


def test_edt_students_of_one_ident_are_refused_with_what_is_tied_to_them(database: str, edt: Written) -> None:
    change(edt, '<Eleve Ident="3"', '<Eleve Ident="1"')
    report = bring(database, edt)
    assert entries(report, "Eleve", "Responsable") == [(3, 1, 2, {}), (5, 5, 0, {})]
    assert (seen(database, "Claire"), seen(database, "Sonia")) == (["Léo MARTIN"], [])


def test_edt_lessons_without_ident_that_differ_by_teacher_alone_are_two(database: str, edt: Written) -> None:
    lesson = '<Cours Jour="5" NumeroPlaceDebut="1" NombrePlaces="1"><Matiere Ident="1"/><Classe Ident="1" Semaines="8192"/>{}</Cours>'
    teachers = ['<Professeur Ident="1" Semaines="8192"/>', '<Professeur Ident="2" Semaines="8192"/>']
    change(
        edt,
        "</Cours></ExportEmploiDuTemps>",
        "".join(map(lesson.format, teachers)) + "</Cours></ExportEmploiDuTemps>",
    )
    bring(database, edt)
    assert len([one for (one,) in rows(database, r.Lesson, "date") if str(one) == "2026-11-27"]) == 2
