"""The awkward cases of each format, as real exports have them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters import records as r
from adapters.base import InvalidExport, Refusal
from gateway.adapters_installed import reader
from tests.conftest import SAMPLES
from tests.exports.asking import ask, bring, bring_all, rows
from tests.exports.awkward import (
    FLAT,
    OLD,
    OLD_FAMILY,
    OLD_FAMILY_ANSWER,
    OLD_GUARDIANS,
    REPEATED,
    WEEKS,
    WEEKS_ANSWER,
)
from tests.exports.one_school import ALL, CALENDAR, UAI, Written

needs_samples = pytest.mark.skipif(
    not SAMPLES.exists(), reason="The published samples lie beside the project."
)


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


def read(name: str, path: Path, **options: str) -> list[Any]:
    """Read an export; returns all it yields but the bytes read."""
    return [one for one in reader(name).read(path, options) if not isinstance(one, int)]


def of(items: list[Any], kind: type[Any]) -> list[Any]:
    return [one for one in items if isinstance(one, kind)]


def refused(items: list[Any]) -> list[tuple[str, str, str]]:
    return [(one.file, one.field, one.value) for one in of(items, Refusal)]


# ---- SIECLE ----------------------------------------------------------------------------------------------


def test_siecle_reads_old_element_names_and_ends_the_enrolment_of_who_left(
    database: str, tmp_path: Path
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "eleves.xml").write_bytes(OLD.encode("iso-8859-1"))
    (tmp_path / "old" / "responsables.xml").write_bytes(OLD_GUARDIANS.encode("iso-8859-1"))
    report = bring(database, Written(tmp_path / "old"))
    assert [(one.file, one.field, one.value) for one in report.refused] == [
        ("eleves.xml, line 6", "DATE_NAISS", "31/02/2013"),
        ("eleves.xml, line 7", "ELEVE_ID", ""),
        ("eleves.xml, line 11", "ELEVE_ID", "99"),
    ]
    (student,) = ask(database, "Rose", OLD_FAMILY, {})["viewer"]["students"]
    assert student == OLD_FAMILY_ANSWER
    assert rows(database, r.Enrolment, "kind", "end_date", kind="CLASS") == [("CLASS", date(2026, 10, 15))]


def test_siecle_keeps_no_national_number(database: str, tmp_path: Path) -> None:
    bring_all(database, tmp_path, ["siecle", "edt"])
    content = (tmp_path / "school.db").read_bytes()
    assert b"060000001AA" not in content


@needs_samples
def test_siecle_reads_the_published_samples(tmp_path: Path) -> None:
    items = read("siecle", SAMPLES / "siecle" / "eleves_avec_adresse_avec_double_structure.xml")
    assert [(one.name, one.class_type) for one in of(items, r.SchoolClass)] == [
        ("301", "HOMEROOM"), ("_301P1", "SCHEDULED")
    ]  # fmt: skip
    with pytest.raises(InvalidExport, match="line 139: Opening and ending tag mismatch"):
        read("siecle", SAMPLES / "siecle" / "eleves_avec_adresse_simple.xml")
    text = (SAMPLES / "siecle" / "eleves_avec_adresse_simple.xml").read_bytes()
    mended = tmp_path / "eleves.xml"
    mended.write_bytes(text.replace(b"STRICTURES_ELEVE", b"STRUCTURES_ELEVE"))
    students = of(read("siecle", mended), r.Student)
    assert [one.information_system_id for one in students] == ["1826500", "1559191"]
    ties = of(read("siecle", SAMPLES / "siecle" / "responsables_avec_adresses_simple.xml"), r.Guardianship)
    assert [(one.relation, one.legal_rank, one.lives_with_student) for one in ties] == [
        ("MOTHER", 1, True), ("MOTHER", 2, False), ("MOTHER", 1, False)
    ]  # fmt: skip


def test_siecle_files_of_two_schools_are_not_mixed(tmp_path: Path) -> None:
    written = ALL["siecle"](tmp_path)
    (written.path / "eleves.xml").write_bytes(OLD.encode("iso-8859-1"))
    with pytest.raises(InvalidExport, match="Elèves more than once"):
        read("siecle", written.path)
    (written.path / "ExportXML_ElevesSansAdresses.zip").unlink()
    with pytest.raises(InvalidExport, match="are of several schools"):
        read("siecle", written.path)


# ---- STS-WEB ---------------------------------------------------------------------------------------------


def test_sts_expands_alternations_and_reports_lessons_it_cannot_place(tmp_path: Path) -> None:
    written = ALL["sts"](tmp_path)
    text = written.path.read_bytes()
    text = text.replace(b"<JOUR>1</JOUR><HEURE_DEBUT>1000", b"<JOUR>9</JOUR><HEURE_DEBUT>1000")
    written.path.write_bytes(text)
    items = read("sts", written.path)
    assert [(one.field, one.value) for one in of(items, Refusal)] == [
        ("COURS", "JOUR 9, HEURE_DEBUT 1000, DUREE 0100, CODE_ALTERNANCE H")
    ]
    found = [(one.title, one.starts_at.isoformat()) for one in of(items, r.Lesson)]
    assert found == [
        ("Mathématiques", "2026-09-07T06:00:00+00:00"),
        ("Mathématiques", "2026-10-19T06:00:00+00:00"),
        ("Mathématiques", "2026-11-16T07:00:00+00:00"),
        ("Mathématiques", "2026-11-23T07:00:00+00:00"),
        ("Mathématiques", "2026-11-30T07:00:00+00:00"),
        ("Anglais LV1", "2026-09-08T07:00:00+00:00"),
        ("Anglais LV1", "2026-11-17T08:00:00+00:00"),
        ("Anglais LV1", "2026-12-01T08:00:00+00:00"),
    ]


def test_sts_lessons_given_together_are_one_lesson_with_several_teachers(tmp_path: Path) -> None:
    written = ALL["sts"](tmp_path)
    text = written.path.read_text(encoding="iso-8859-15")
    start = text.index('<ENSEIGNANT ID="4001"')
    end = text.index("</ENSEIGNANT>", start) + len("</ENSEIGNANT>")
    second = text[start:end].replace('"4001"', '"4002"').replace("B12", "C3")
    written.path.write_text(text[:end] + second + text[end:], encoding="iso-8859-15")
    items = read("sts", written.path)
    names = {one.id: one.last_name for one in of(items, r.StaffMember)}
    rooms = {one.id: one.name for one in of(items, r.Room)}
    first = next(one for one in of(items, r.Lesson) if one.title == "Mathématiques")
    assert [names[one] for one in first.teacher_ids] == ["DUPONT", "BENALI"]
    assert [rooms[one] for one in first.room_ids] == ["B12", "C3"]


# ---- EDT -------------------------------------------------------------------------------------------------


def test_edt_lets_room_and_state_change_by_week_and_a_group_stand_for_its_class(
    database: str, tmp_path: Path
) -> None:
    report = bring(database, ALL["edt"](tmp_path))
    assert [(one.record, one.field) for one in report.refused] == [("103", "NumeroPlaceDebut")]
    students = ask(database, "Claire", WEEKS, {})["viewer"]["students"]
    assert students[1]["timetable"]["lessons"] == WEEKS_ANSWER
    assert students[0]["groups"] == []


def test_edt_reads_flat_exports_with_parts_of_classes(tmp_path: Path) -> None:
    path = tmp_path / "flat.xml"
    path.write_text(FLAT, encoding="utf-8")
    with pytest.raises(InvalidExport, match="add --option school=UAI"):
        read("edt", path)
    items = read("edt", path, school=UAI)
    assert [(one.field, one.value) for one in of(items, Refusal)] == [
        ("DateNaissance", "x"),
        ("Classe/Ident", "9"),
        ("Classe/Semaines", "99999999999999999999999"),
    ]
    places = {one.id: one.name for one in of(items, r.SchoolClass)}
    (lesson,) = of(items, r.Lesson)
    assert (lesson.date, [places[one] for one in lesson.class_ids]) == (date(2026, 9, 2), ["6A (1)"])
    mine = [places.get(one.class_id) for one in of(items, r.Enrolment) if one.kind == "GROUP"]
    assert mine == ["6A (1)"]


# ---- iCalendar -------------------------------------------------------------------------------------------


def _feed(tmp_path: Path, events: str, **options: str) -> list[Any]:
    path = tmp_path / "6A.ics"
    path.write_text(CALENDAR.format(events.replace("\n", "\r\n")), encoding="utf-8", newline="")
    return read("ical", path, school=UAI, **options)


def test_ical_expands_repetitions_and_reads_cancellations_and_floating_times(tmp_path: Path) -> None:
    items = _feed(tmp_path, REPEATED)
    found = [
        (one.title, one.starts_at.isoformat(), one.status, one.cancellation_reason, one.memo)
        for one in of(items, r.Lesson)
    ]
    assert found == [
        ("Maths", "2026-11-02T07:00:00+00:00", "SCHEDULED", None, "M. X"),
        ("Maths", "2026-11-23T07:00:00+00:00", "SCHEDULED", None, "M. X"),
        ("Maths", "2026-11-17T13:00:00+00:00", "CANCELLED", "TEACHER_ABSENT", None),
        ("Anglais", "2026-09-07T06:00:00+00:00", "CANCELLED", "UNKNOWN", None),
    ]
    assert [(one.title, one.is_all_day, one.date) for one in of(items, r.Event)] == [
        ("Férié", True, date(2026, 11, 11))
    ]
    assert [(one.record, one.reason) for one in of(items, Refusal)] == [
        ("endless", "repeats more often than daily"),
        ("broken", "cannot be read (Expected datetime, date, or time. Got: 'soon')"),
    ]


def test_ical_keeps_what_lies_before_a_feed_that_forgets_the_past(database: str, tmp_path: Path) -> None:
    bring_all(database, tmp_path, ["aaf"])
    times = "DTSTART:202611{0}T080000\r\nDTEND:202611{0}T090000\r\n"
    event = "BEGIN:VEVENT\r\nUID:{0}\r\n" + times + "SUMMARY:Maths\r\nEND:VEVENT\r\n"
    path = tmp_path / "6A.ics"
    for days in (("02", "09", "16"), ("09", "23")):
        path.write_text(CALENDAR.format("".join(event.format(day) for day in days)), newline="")
        bring(database, Written(path, {"school": UAI}), allow_shrink=True)
    assert sorted(one[0].day for one in rows(database, r.Lesson, "date")) == [2, 9, 23]


# ---- ONDE ------------------------------------------------------------------------------------------------


@needs_samples
def test_onde_reads_the_published_sample_whole(database: str) -> None:
    written = Written(SAMPLES / "onde", {"school": "0610001A", "access": "all"})
    report = bring(database, written)
    found = {kind: one.added for kind, one in report.counts.items()}
    assert (found["student"], found["guardian"], found["staff_member"], report.links, report.refused) == (
        247, 469, 14, 491, []
    )  # fmt: skip
    assert bring(database, written).changes == 0
    query = "{ viewer { students { displayName schoolClass { name } mainTeachers { displayName } } } }"
    students = ask(database, "Viviane", query, {}, last_name="BRANDAO")["viewer"]["students"]
    assert [
        (one["displayName"], one["schoolClass"]["name"], one["mainTeachers"][0]["displayName"])
        for one in students
    ] == [
        ("Delphine SCHOTT MOYET", "CE2", "Bruno NEGNY"),
        ("Margaux SCHOTT MOYET", "CM1", "Justin LANCRE"),
        ("Wilfrid PERROT", "CP", "Béatrice VALLET"),
    ]


def _onde(folder: Path, pupils: list[str], guardians: list[str]) -> Path:
    folder = folder / "onde"
    folder.mkdir(exist_ok=True)
    head = "Nom Elève;Nom d'usage Elève;Prénom Elève;Date naissance; Cycle;Niveau;Classe"
    (folder / "eleves.csv").write_bytes("\n".join([head, *pupils]).encode("iso-8859-1"))
    child = ";Nom d'usage enfant;Nom de famille enfant;Prénom enfant;Classes enfants"
    head = "Civilité Responsable;Nom usage responsable;Nom responsable;Prénom responsable" + child * 2
    (folder / "responsables.csv").write_bytes("\n".join([head, *guardians]).encode("iso-8859-1"))
    return folder


def test_onde_refuses_homonyms_and_misspellings_for_review(tmp_path: Path) -> None:
    path = _onde(
        tmp_path,
        [
            "LEFÈVRE;;Noé;2018-02-03;C2;CE1;CE1 A;", "PETIT;;Léa;2018-05-06;C2;CE1;CE1 A",
            "PETIT;;Léa;2018-07-08;C2;CE1;CE1 A", "PETIT;;Léa;2017-07-08;C2;CE2;CE2", "NU;;Al;;C2;CE1;CE1 A",
        ],
        [
            "Mme;;LEFÈVRE;Anne;;LEFEVRE;Noe;CE1 A", "M.;;LEFÈVRE;Jean;;LEFÈVRES;Noé;CE1 A",
            "Mme;;PETIT;Rose;;PETIT;Léa;CE1 A;;PETIT;Léa;CE2", "Mme;;ROY;Ida;;LEFÈVRE;Noé;CM2",
        ],
    )  # fmt: skip
    items = read("onde", path, school=UAI, access="all")
    assert [(one.file, one.value, one.reason) for one in of(items, Refusal)] == [
        ("eleves.csv, line 6", "", "a pupil is known by names and day of birth"),
        ("responsables.csv, line 3", "Noé LEFÈVRES, CE1 A", "no pupil of this name in this class"),
        ("responsables.csv, line 4", "Léa PETIT, CE1 A", "several pupils of this name in this class"),
        ("responsables.csv, line 5", "Noé LEFÈVRE, CM2", "no pupil of this name in this class"),
    ]
    names = {one.id: one.first_name for one in of(items, r.Guardian)}
    assert [names[one.guardian_id] for one in of(items, r.Guardianship)] == ["Anne", "Rose"]


def test_onde_gives_nobody_access_unless_the_administrator_says_so(tmp_path: Path) -> None:
    path = _onde(tmp_path, ["LEFÈVRE;;Noé;2018-02-03;C2;CE1;CE1 A"], ["Mme;;LEFÈVRE;Anne;;LEFÈVRE;Noé;CE1 A"])
    with pytest.raises(InvalidExport, match="does not say who has parental authority"):
        read("onde", path, school=UAI)
    (tie,) = of(read("onde", path, school=UAI, access="none"), r.Guardianship)
    assert (tie.has_data_access, tie.permissions) == (False, [])
