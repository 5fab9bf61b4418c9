"""What the OneRoster reader makes of single rows, columns and files: nothing is lost without a word."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters import records as r
from adapters.base import Changed, Entry, EntryCount, Item, LeftOut, Notice, Refusal, Remaining
from adapters.oneroster.roles import joined
from adapters.records import record_id
from adapters.school_export import source_name
from gateway.adapters_installed import reader
from tests.exports import oneroster

Kind = TypeVar("Kind")
USUAL = {
    ("classes.csv, line 3", "schoolSourcedId"),
    ("users.csv, line 6", "role"),
    ("roles.csv, line 6", "role"),
    ("users.csv, line 2", "agentSourcedIds"),
    ("results.csv, line 5", "lineItemSourcedId"),
}
"""What is refused of the example as it is."""


def read(path: Path) -> list[Item]:
    """Read an export."""
    return list(reader("oneroster").read(path, {}))


def of(items: list[Item], kind: type[Kind]) -> list[Kind]:
    """Return the items of one kind."""
    return [one for one in items if isinstance(one, kind)]


def news(items: list[Item]) -> list[tuple[str, str, str]]:
    """Return the refusals that the example as it is has not."""
    return [
        (one.file, one.field, one.reason) for one in of(items, Refusal) if (one.file, one.field) not in USUAL
    ]


def id_of(kind: str, sourced_id: str) -> str:
    """Return the id of a record of the example."""
    return record_id("oneroster:sis", kind, sourced_id)


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        ("enrollments", "2026-09-01", "09/01/2025", (2, "beginDate", "no day of the form yyyy-mm-dd")),
        (
            "enrollments",
            "2026-09-01,",
            "2026-09-01,2026-08-01",
            (2, "endDate", "before beginDate (2026-09-01)"),
        ),
        ("enrollments", "teacher,true", "teacher,oui", (3, "primary", "neither true nor false")),
        ("enrollments", "teacher", "wizard", (3, "role", "no role that is known here")),
        (
            "enrollments",
            "u4",
            "u2",
            (3, "userSourcedId", "this user is enrolled as teacher, and has no such role: Guardian"),
        ),
        ("enrollments", "e1,,,k1", "e1,,,k2", (2, "classSourcedId", "was refused in classes.csv, line 3")),
        ("demographics", "2014-03-05", "05.03.2014", (2, "birthDate", "no day of the form yyyy-mm-dd")),
        ("demographics", "u1", "u8", (2, "sourcedId", "not in users.csv")),
        ("academicSessions", "2026-12-20", "2026-02-30", (3, "endDate", "no day of the form yyyy-mm-dd")),
        (
            "academicSessions",
            "2026-12-20,y1",
            "2026-12-20,y9",
            (3, "parentSourcedId", "not in academicSessions.csv"),
        ),
        ("users", "u4,,,true", "u4,,,yes", (5, "enabledUser", "neither true nor false")),
        ("users", "u4,,,true", "u4,gone,,true", (5, "status", "neither active nor tobedeleted")),
        (
            "users",
            "u4,,,true",
            "u4,,2026-11-20T10:00:00,true",
            (5, "dateLastModified", "no point in time with its zone (ISO 8601)"),
        ),
        (
            "users",
            "u4,,,true,s1",
            "u4,,,true,s9",
            (5, "orgSourcedIds", "not in orgs.csv; the rest of the user is taken"),
        ),
        (
            "users",
            "Marie,Dupont",
            "Marie,Dupont,,,,,,,,,more",
            (5, "sourcedId", "the row has more fields than there are columns: more, 4001, marie@example.org"),
        ),
        ("orgs", "district", "castle", (2, "type", "no type of organisation")),
        ("classes", "06,c1,6A", "06,c9,6A", (2, "courseSourcedId", "not in courses.csv")),
        ("lineItems", "0,20", "0,0", (2, "resultValueMax", "no score can be reached")),
        ("lineItems", "g1,t1,0,20", "g9,t1,0,20", (2, "categorySourcedId", "not in categories.csv")),
        ("results", "15.5", "1_5", (2, "score", "no number")),
        ("results", ",exempt", ",excused", (3, "scoreStatus", "no status of the standard")),
        ("results", "2026-11-10", "10/11/2026", (2, "scoreDate", "no day of the form yyyy-mm-dd")),
        ("results", "l2,u1", "l2,u2", (3, "studentSourcedId", "this user is no student")),
    ],
)
def test_a_filled_field_that_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, file: str, before: str, after: str, expected: tuple[int, str, str]
) -> None:
    changes: dict[str, tuple[str, str]] = {file: (before, after)}
    path = oneroster.changed(tmp_path, **changes)
    line, name, reason = expected
    assert (f"{file}.csv, line {line}", name, reason) in news(read(path))


@pytest.mark.parametrize("write", [oneroster.version_1_1, oneroster.version_1_2, oneroster.with_scales])
def test_every_row_of_every_file_is_an_entry(tmp_path: Path, write: Any) -> None:
    path = write(tmp_path)
    items = read(path)
    announced = [one.place for one in of(items, Entry) if not one.is_continued]
    assert sorted(announced) == sorted(
        f"{file.name}, line {line}"
        for file in path.glob("*.csv")
        if file.name != "manifest.csv"
        for line in range(2, len(file.read_text(encoding="utf-8").strip().split("\n")) + 1)
    )
    assert sum(one.number for one in of(items, EntryCount)) == len(announced)


def test_the_same_row_twice_is_one_record_in_any_order(tmp_path: Path) -> None:
    once = [one for one in read(oneroster.version_1_1(tmp_path)) if isinstance(one, r.Record)]
    row = "e1,,,k1,s1,u1,student,false,2026-09-01,\n"
    items = read(oneroster.changed(tmp_path, enrollments=(row, row + row)))
    assert [one for one in items if isinstance(one, r.Record)] == once
    assert news(items) == []


def test_what_the_graph_does_not_show_is_left_out_for_a_reason(tmp_path: Path) -> None:
    path = oneroster.changed(
        tmp_path,
        orgs=("d1,,,District,district,,\n", "d1,,,District,district,,\nm1,,,Maths,department,,s1\n"),
        enrollments=("e2,", "e3,,,k1,s1,u4,proctor,,,\ne2,"),
    )
    assert [one.reason for one in of(read(path), LeftOut)] == [
        "a district that no class names as its school: only schools are shown",
        "a department of a school: who belongs to it belongs to the school",
        "enrolled as proctor: only students and teachers of a class are shown",
    ]


def test_who_belongs_to_a_department_belongs_to_its_school(tmp_path: Path) -> None:
    path = oneroster.changed(
        tmp_path,
        orgs=("s1,,,Ada", "m1,,,Maths,department,,s1\ns1,,,Ada"),
        users=("u4,,,true,s1", "u4,,,true,m1"),
    )
    (teacher,) = of(read(path), r.StaffMember)
    assert teacher.school_id == id_of("School", "s1")


def test_a_student_of_two_schools_belongs_to_both_while_the_roles_last(tmp_path: Path) -> None:
    path = oneroster.with_roles(tmp_path, "u1,secondary,student,2026-09-01,2027-01-31,s2")
    with (path / "orgs.csv").open("a", encoding="utf-8") as orgs:
        orgs.write("s2,,,Other,school,,d1\n")
    items = read(path)
    (student,) = of(items, r.Student)
    schools = {
        one.class_id: (one.start_date, one.end_date) for one in of(items, r.Enrolment) if one.kind == "SCHOOL"
    }
    assert student.school_id == id_of("School", "s1")
    assert schools == {
        id_of("School", "s1"): (None, None),
        id_of("School", "s2"): (date(2026, 9, 1), date(2027, 1, 31)),
    }


def test_a_role_at_the_school_of_the_child_decides_not_one_elsewhere(tmp_path: Path) -> None:
    path = oneroster.with_roles(
        tmp_path,
        "u3,secondary,parent,2025-09-01,2026-07-01,s1",
        "u3,secondary,parent,2026-07-02,2026-08-31,s1",
        "u3,secondary,parent,2026-11-01,2026-11-30,s1",
        "u3,secondary,parent,,,s2",
    )
    with (path / "orgs.csv").open("a", encoding="utf-8") as orgs:
        orgs.write("s2,,,Other,school,,d1\n")
    jeanne = id_of("Guardian", "u3")
    periods = [
        (one.has_data_access, one.valid_from, one.valid_to)
        for one in of(read(path), r.Guardianship)
        if one.guardian_id == jeanne
    ]
    assert periods == [
        (True, date(2026, 11, 1), date(2026, 11, 30)),
        (True, date(2025, 9, 1), date(2026, 8, 31)),
    ]


def test_periods_that_follow_one_another_are_one(tmp_path: Path) -> None:
    days = [date(2026, month, 1) for month in range(1, 7)]
    assert joined([(days[3], None), (None, days[0]), (days[1], days[2]), (days[4], days[5])]) == [
        (None, days[0]),
        (days[1], days[2]),
        (days[3], None),
    ]
    assert joined([(days[0], days[1]), (date(2026, 2, 2), days[2])]) == [(days[0], days[2])]


def test_a_role_whose_days_cannot_be_read_gives_nothing(tmp_path: Path) -> None:
    path = oneroster.version_1_2(tmp_path)
    roles = (path / "roles.csv").read_text(encoding="utf-8")
    changed = roles.replace("u2,primary,parent,,", "u2,primary,parent,,30.06.2026")
    (path / "roles.csv").write_text(changed, encoding="utf-8")
    items = read(path)
    assert ("roles.csv, line 3", "endDate", "no day of the form yyyy-mm-dd") in news(items)
    assert id_of("Guardian", "u2") not in {one.guardian_id for one in of(items, r.Guardianship)}


def test_teaching_ends_with_the_role_and_not_with_the_enrolment_alone(tmp_path: Path) -> None:
    path = oneroster.version_1_2(tmp_path)
    roles = (path / "roles.csv").read_text(encoding="utf-8")
    changed = roles.replace("u4,primary,teacher,,", "u4,primary,teacher,2026-09-01,2026-10-31")
    (path / "roles.csv").write_text(changed, encoding="utf-8")
    (teaching,) = of(read(path), r.Teaching)
    assert (teaching.start_date, teaching.end_date) == (date(2026, 9, 1), date(2026, 10, 31))


def test_a_teacher_with_a_login_that_is_switched_off_teaches_no_class_here(tmp_path: Path) -> None:
    items = read(oneroster.changed(tmp_path, users=("u4,,,true", "u4,,,false")))
    assert of(items, r.Teaching) == []
    assert [one.last_name for one in of(items, r.StaffMember)] == ["Dupont"]
    assert [one.text for one in of(items, Notice)] == [
        "enabledUser is false for 1 staff, who are not shown as teachers and read nothing through their "
        "classes: u4 (line 5)"
    ]


def test_files_and_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    path = oneroster.changed(tmp_path, users=(",phone,", ",phones,"))
    (path / "resources.csv").write_text("sourcedId\n", encoding="utf-8")
    (path / "scoreScales.csv").write_text("sourcedId\n", encoding="utf-8")
    (path / "results.csv").unlink()
    notices = [(one.place, one.text) for one in of(read(path), Notice)]
    assert notices == [
        ("results.csv", "is announced in manifest.csv and missing: read without it"),
        ("resources.csv", "is not read: the graph shows nothing of what it holds"),
        ("scoreScales.csv", "is not read: manifest.csv says that it is absent (file.scoreScales)"),
        ("users.csv", "the column 'phones' is not known, and is not read (nearest: 'phone')"),
    ]
    covered = reader("oneroster").inspect(path, {}).complete_for
    assert covered is not None and r.Grade not in covered and r.Assessment in covered


def test_columns_of_vendors_are_no_news_and_their_order_is_free(tmp_path: Path) -> None:
    usual, other = "birthDate,sex\nu1,,,2014-03-05,female", "metadata.kana,birthDate\nu1,,,x,2014-03-05"
    path = oneroster.changed(tmp_path, demographics=(usual, other))
    items = read(path)
    (student,) = of(items, r.Student)
    assert (of(items, Notice), student.date_of_birth) == ([], date(2014, 3, 5))


def test_a_delta_keeps_the_day_of_birth_that_it_does_not_repeat(tmp_path: Path) -> None:
    changes = [one for one in of(read(oneroster.delta(tmp_path)), Changed) if one.kind is r.Student]
    assert [(one.values["last_name"], "date_of_birth" in one.values) for one in changes] == [
        ("Martin-Roy", False)
    ]


def test_a_user_whom_a_delta_takes_away_loses_every_tie(tmp_path: Path) -> None:
    path = oneroster.delta(tmp_path)
    users = (path / "users.csv").read_text(encoding="utf-8").replace("u2,active", "u2,inactive")
    (path / "users.csv").write_text(users, encoding="utf-8")
    ended = [(one.kind, dict(one.where), one.ids) for one in of(read(path), Remaining)]
    claire = id_of("Guardian", "u2")
    assert (r.Guardian, {"id": claire}, ()) in ended
    assert (r.Guardianship, {"guardian_id": claire}, ()) in ended


@pytest.mark.parametrize(
    ("role", "ends"),
    [
        ("tobedeleted,2026-11-23T08:00:00Z,u2,primary,parent,,,s1,", True),
        ("active,2026-11-23T08:00:00Z,u2,primary,relative,,,s1,", True),
        ("active,2026-11-23T08:00:00Z,u2,primary,parent,,2026-11-22,s1,", True),
        ("active,2026-11-23T08:00:00Z,u2,primary,parent,,2027-06-30,s1,", False),
    ],
)
def test_a_role_alone_in_a_delta_ends_access_or_is_refused(tmp_path: Path, role: str, ends: bool) -> None:
    delta = tmp_path / "delta"
    delta.mkdir()
    header = (
        f"{oneroster.HEAD},userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"
    )
    (delta / "roles.csv").write_text(f"{header}\no2,{role}\n", encoding="utf-8")
    (delta / "manifest.csv").write_text(
        "propertyName,value\noneroster.version,1.2\nsource.systemCode,sis\nfile.roles,delta\n",
        encoding="utf-8",
    )
    items = read(delta)
    ended = [dict(one.where) for one in of(items, Remaining)]
    assert ended == ([{"guardian_id": id_of("Guardian", "u2")}] if ends else [])
    assert [one.field for one in of(items, Refusal)] == ([] if ends else ["userSourcedId"])


def test_names_of_sources_stay_apart_when_they_are_too_long() -> None:
    assert source_name("oneroster", "Test") == "oneroster:Test"
    one, other = (source_name("oneroster", "x" * 80 + end) for end in "ab")
    assert one != other and len(one) == len(other) == 64
