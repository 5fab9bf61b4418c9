"""OneRoster, read in both versions and as a delta, and written so that it reads back the same."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters import records as r
from adapters.base import Notice, Refusal
from adapters.oneroster.writer import write_export
from gateway.adapters_installed import reader
from gateway.exports import export_oneroster
from gateway.settings import Settings
from tests.exports import oneroster
from tests.exports.asking import ask, bring, bring_all
from tests.exports.awkward import ROSTER, ROSTER_ANSWER
from tests.exports.one_school import UAI, Written


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The address of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'school.db'}"


@pytest.mark.parametrize(
    ("write", "wizard"),
    [
        (oneroster.version_1_1, [("users.csv, line 6", "role", "wizard")]),
        (
            oneroster.version_1_2,
            [("roles.csv, line 6", "role", "wizard"), ("users.csv, line 6", "role", "")],
        ),
    ],
)
def test_oneroster_gives_people_classes_and_grades_in_both_versions(
    database: str, tmp_path: Path, write: Any, wizard: list[tuple[str, str, str]]
) -> None:
    report = bring(database, Written(write(tmp_path)))
    assert [(one.file, one.field, one.value) for one in report.refused] == [
        ("classes.csv, line 3", "schoolSourcedId", "nowhere"),
        *wizard,
        ("users.csv, line 2", "agentSourcedIds", "u2,u3,u9"),
        ("results.csv, line 5", "lineItemSourcedId", "l9"),
    ]
    (zoe,) = ask(database, "Claire", ROSTER, {})["viewer"]["students"]
    assert zoe == ROSTER_ANSWER


def test_oneroster_deltas_change_and_take_away_what_they_name_and_nothing_else(
    database: str, tmp_path: Path
) -> None:
    bring(database, Written(oneroster.version_1_1(tmp_path)))
    report = bring(database, Written(oneroster.delta(tmp_path)))
    changed = {kind: (one.changed, one.ended) for kind, one in report.counts.items()}
    assert {kind: both for kind, both in changed.items() if any(both)} == {
        "assessment": (1, 0),
        "guardian": (1, 0),
        "student": (1, 0),
        "guardianship": (0, 1),
        "grade": (1, 1),
    }
    (zoe,) = ask(database, "Claire", ROSTER, {})["viewer"]["students"]
    assert zoe["displayName"] == "Zoé Martin-Roy"
    assert [one["guardian"]["displayName"] for one in zoe["guardianships"]] == ["Claire Martin"]
    values = [(one["title"], one["value"]) for one in zoe["grades"]["nodes"]]
    assert values == [("Essay", None), ("Fractions", 16.0)]


def test_a_score_is_shown_as_the_scale_of_its_result_or_line_item_writes_it(
    database: str, tmp_path: Path
) -> None:
    report = bring(database, Written(oneroster.with_scales(tmp_path)))
    assert [(one.file, one.field, one.value) for one in report.refused[4:]] == [
        ("scoreScales.csv, line 4", "scoreScaleValue", "A to F"),
        ("lineItemScoreScales.csv, line 3", "scoreScaleSourcedId", "z9"),
    ]
    query = "{ viewer { students { grades(first: 9) { nodes { status value displayValue } } } } }"
    (zoe,) = ask(database, "Claire", query, {})["viewer"]["students"]
    found = [(one["status"], one["value"], one["displayValue"]) for one in zoe["grades"]["nodes"]]
    assert sorted(found, key=str) == [
        ("GRADED", 15.5, "B"),
        ("GRADED", 15.5, "Très bien"),
        ("GRADED", 16.0, "A-"),
        ("GRADED", 21.0, "21"),
        ("LETTER", None, "B"),
    ]


async def test_what_is_exported_as_oneroster_can_be_read_back(tmp_path: Path) -> None:
    url, other = f"sqlite:///{tmp_path / 'school.db'}", f"sqlite:///{tmp_path / 'other.db'}"
    await asyncio.to_thread(bring_all, url, tmp_path, ["aaf", "siecle", "sts", "periods", "grades"])
    path = tmp_path / "roster.zip"
    counted = await export_oneroster(Settings(database_url=url), path, UAI)
    assert (counted["users"], counted["results"], counted["orgs"]) == (8, 3, 1)
    report = await asyncio.to_thread(bring, other, Written(path))
    assert report.refused == []
    query = """{ viewer { students { displayName dateOfBirth schoolClass { name }
        guardianships { hasDataAccess guardian { displayName } }
        grades(first: 9) { nodes { title date value status subject { name } period { name } } } } } }"""
    before = await asyncio.to_thread(ask, url, "Claire", query, {})
    (grade,) = before["viewer"]["students"][0]["grades"]["nodes"]
    assert grade["status"] == "ABSENT"
    grade["status"] = "NOT_SUBMITTED"  # OneRoster knows no absence; the text of the grade says it
    assert await asyncio.to_thread(ask, other, "Claire", query, {}) == before


def test_what_is_written_ends_when_the_ties_end_and_opens_no_other_child(tmp_path: Path) -> None:
    common: dict[str, Any] = {"school_id": "s", "source_id": "x", "external_id": "x"}
    people = [
        r.School(id="s", name="School", **common),
        *(
            r.Student(id=one, last_name=one, enrolled_to=date(2027, 6, 30), **common)
            for one in ("a", "b", "c")
        ),
        r.Guardian(id="g", last_name="G", **common),
        r.SchoolClass(id="k", name="6A", class_type="HOMEROOM", **common),
        r.StaffMember(id="t", last_name="T", role="TEACHER", **common),
        r.Teaching(id="w", staff_id="t", class_id="k", end_date=date(2026, 10, 31), **common),
    ]
    ties = [
        r.Guardianship(id=f"g{student}", guardian_id="g", student_id=student, has_data_access=access,
                       valid_to=last, **common)
        for student, access, last in (
            ("a", True, date(2027, 1, 31)), ("b", True, date(2026, 12, 31)), ("c", False, None),
        )
    ]  # fmt: skip
    write_export(tmp_path / "roster.zip", [*people, *ties])
    items = list(reader("oneroster").read(tmp_path / "roster.zip", {}))
    assert [one for one in items if isinstance(one, Refusal | Notice)] == []
    assert sorted(
        (one.external_id, one.has_data_access, one.valid_to)
        for one in items
        if isinstance(one, r.Guardianship)
    ) == [("g:a", True, date(2026, 12, 31)), ("g:b", True, date(2026, 12, 31))]
    assert {one.enrolled_to for one in items if isinstance(one, r.Student)} == {date(2027, 6, 30)}
    assert [one.end_date for one in items if isinstance(one, r.Teaching)] == [date(2026, 10, 31)]
