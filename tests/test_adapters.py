"""One suite for every source: order, window, limit, columns, stable ids, undisturbed siblings."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import adapters.base
from adapters.base import Children, NotSupported, Page, Parent, Request, Row, Source
from adapters.memory.source import LESSON_FILTERS, MemoryRelation, MemorySource, row_of
from adapters.native.database import open_database
from adapters.native.source import NativeSource
from adapters.records import Lesson
from gateway.adapters_installed import load_adapter, readers
from tests.conftest import NOW
from tests.exports.asking import ask, bring, bring_all
from tests.exports.one_school import Written
from tests.people import read_people

FIRST, LAST = date(2026, 11, 2), date(2026, 11, 20)


def _lessons(parent: Parent) -> list[Row]:
    """Give every student three lessons a day."""
    starts = datetime(2026, 11, 2, 8, tzinfo=UTC)
    return [
        row_of(
            Lesson,
            id=f"{parent.id}-{day}-{hour}",
            title=f"Lesson {hour}",
            date=(starts + timedelta(days=day)).date(),
            starts_at=starts + timedelta(days=day, hours=hour),
            ends_at=starts + timedelta(days=day, hours=hour + 1),
            status="CANCELLED" if hour == 1 else "SCHEDULED",
        )
        for day in range(19)
        for hour in range(3)
    ]


@pytest.fixture(params=["native", "memory"])
async def source(
    request: pytest.FixtureRequest, sqlite_template: Path
) -> AsyncIterator[tuple[Source, list[str]]]:
    """A source with lessons, and the students it knows."""
    if request.param == "memory":
        relation = MemoryRelation(_lessons, order=("starts_at", "id"), filters=LESSON_FILTERS)
        yield MemorySource("memory", {"Student.lessons": relation}), ["a", "b", "c"]
        return
    engine = open_database(f"sqlite:///{sqlite_template}")
    people = await read_people(engine)
    native = NativeSource(engine)
    yield native, sorted(people.students)[:3]
    await native.close()


def question(students: list[str], **changes: Any) -> Request:
    parents = tuple(Parent(one, one, one, lower=FIRST, upper=LAST) for one in students)
    request = Request("Student.lessons", parents, ("title", "date", "starts_at", "status"), NOW)
    return replace(request, **changes)


def ids(found: Mapping[str, Children], student: str) -> list[str]:
    return [row["id"] for row in found[student].rows]


async def test_rows_are_in_order_complete_and_inside_the_window(source: tuple[Source, list[str]]) -> None:
    asked, students = source
    found = await asked.fetch(question(students))
    for student in students:
        rows = found[student].rows
        assert len(rows) > 10
        assert [row["starts_at"] for row in rows] == sorted(row["starts_at"] for row in rows)
        assert all(FIRST <= row["date"] <= LAST for row in rows)
        one_day = tuple(Parent(student, student, student, lower=FIRST, upper=FIRST) for _ in range(1))
        alone = await asked.fetch(question([], parents=one_day))
        assert ids(alone, student) == [row["id"] for row in rows if row["date"] == FIRST]


async def test_a_batch_gives_each_parent_what_it_would_get_alone(source: tuple[Source, list[str]]) -> None:
    asked, students = source
    together = await asked.fetch(question([*students, "nobody"]))
    for student in students:
        alone = await asked.fetch(question([student]))
        assert ids(alone, student) == ids(together, student)
    assert not together.get("nobody", Children()).rows or asked.name == "memory"


async def test_pages_are_limited_per_parent_and_counted(source: tuple[Source, list[str]]) -> None:
    asked, students = source
    whole = await asked.fetch(question(students))
    page = await asked.fetch(question(students, page=Page(limit=4, counted=True)))
    for student in students:
        assert ids(page, student) == ids(whole, student)[:4]
        assert (page[student].total, page[student].more) == (len(ids(whole, student)), True)
        after = Page(limit=4, cursor=page[student].cursors[-1], counted=True)
        following = await asked.fetch(question([student], page=after))
        assert ids(following, student) == ids(whole, student)[4:8]
        assert following[student].skipped == 4


async def test_only_what_was_asked_for_is_read(source: tuple[Source, list[str]]) -> None:
    asked, students = source
    found = await asked.fetch(question(students[:1], columns=("title",)))
    row = found[students[0]].rows[0]
    assert row["title"] and row["id"]
    assert set(row) <= {"id", "school_id", "student_id", "source_id", "title"}


async def test_filters_hold(source: tuple[Source, list[str]]) -> None:
    asked, students = source
    found = await asked.fetch(question(students, filters={"not_cancelled": True, "status": ("SCHEDULED",)}))
    assert {row["status"] for one in found.values() for row in one.rows} == {"SCHEDULED"}


async def test_ids_are_stable_over_two_reads(source: tuple[Source, list[str]]) -> None:
    asked, students = source
    assert ids(await asked.fetch(question(students)), students[0]) == ids(
        await asked.fetch(question(students)), students[0]
    )


async def test_a_relation_a_source_does_not_have_is_not_supported(source: tuple[Source, list[str]]) -> None:
    asked, students = source
    with pytest.raises(NotSupported):
        await asked.fetch(question(students, relation="Student.horoscope"))


def test_the_protocol_fits_its_implementations(source: tuple[Source, list[str]]) -> None:
    assert isinstance(source[0], Source)


def test_every_reader_explains_itself() -> None:
    found = readers()
    assert [one.name for one in found] == [
        "aaf", "csv", "edt", "ical", "lsu", "onde", "oneroster", "siecle", "sts"
    ]  # fmt: skip
    for reader in found:
        module = importlib.import_module(type(reader).__module__)
        readme = Path(str(module.__file__)).parent / "README.md"
        assert "How a school gets it" in readme.read_text(encoding="utf-8")
        assert reader.title and all(reader.options.values())


def test_a_strangers_reader_is_found_through_its_entry_point_and_joins_what_is_known(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'school.db'}"
    bring_all(url, tmp_path, ["siecle", "sts", "periods"])
    written = Written(Path(__file__).parent / "exports" / "lsu.xml")
    assert bring(url, written).refused == []
    assert bring(url, written).changes == 0
    query = """{ viewer { students { displayName gradebook { period { name } subjects {
        subject { name } student { value outOf origin } classAverage { value } appreciation
        teachers { displayName } } } } } }"""
    zoe = ask(url, "Claire", query, {})["viewer"]["students"][1]
    assert zoe["gradebook"] == {
        "period": {"name": "Trimestre 1"},
        "subjects": [
            {
                "subject": {"name": "Mathématiques"},
                "student": {"value": 15.5, "outOf": 20.0, "origin": "SOURCE"},
                "classAverage": {"value": 12.0},
                "appreciation": "Très bien.",
                "teachers": [{"displayName": "Marie DUPONT"}],
            }
        ],
    }


def test_a_strangers_package_is_found_through_its_entry_point() -> None:
    adapter = load_adapter("timetable-service")
    assert type(adapter).__module__ == "timetable_service"
    assert isinstance(adapter, adapters.base.SourceAdapter)
