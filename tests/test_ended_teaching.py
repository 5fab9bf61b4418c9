"""What a teacher and a family see when teaching, or the place of a student in a class, ends by date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, update

from adapters import records as r
from resolvers.viewer import Caller
from tests.conftest import NOW, Gateway, running

TODAY = NOW.date()
DAY = timedelta(days=1)
STUDENTS = "{ viewer { students { id } } }"
TEACHERS = "{ viewer { students { teachers { id } mainTeachers { id } } } }"


async def _set(gateway: Gateway, table: Table, **columns: object) -> None:
    async with gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        await connection.execute(update(table).values(**columns))
        await connection.commit()


@pytest.mark.parametrize("record", [r.Teaching, r.Enrolment])
@pytest.mark.parametrize(
    ("first", "last", "sees"), [(TODAY, TODAY, True), (None, TODAY - DAY, False), (TODAY + DAY, None, False)]
)
async def test_a_teacher_sees_students_from_the_first_to_the_last_day(
    own_gateway: Gateway, record: type[r.Record], first: date | None, last: date | None, sees: bool
) -> None:
    teacher = Caller("TEACHER", own_gateway.people.teachers[0])
    await _set(own_gateway, record.table(), start_date=first, end_date=last)
    data = await own_gateway.data(STUDENTS, teacher)
    assert bool(data["viewer"]["students"]) == sees


async def test_a_family_is_shown_teachers_for_as_long_as_they_teach(own_gateway: Gateway) -> None:
    guardian = own_gateway.people.guardian(1)
    (before,) = (await own_gateway.data(TEACHERS, guardian))["viewer"]["students"]
    assert before["teachers"] and before["mainTeachers"]
    await _set(own_gateway, r.Teaching.table(), end_date=TODAY - DAY)
    (after,) = (await own_gateway.data(TEACHERS, guardian))["viewer"]["students"]
    assert after == {"teachers": [], "mainTeachers": []}


async def test_a_day_ends_when_it_ends_at_the_school(own_database: str, tmp_path: Path) -> None:
    past_midnight_in_paris = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    async with running(own_database, tmp_path, lambda: past_midnight_in_paris) as gateway:
        teaching, note = r.Teaching.table(), r.LiaisonNote.table()
        await _set(gateway, teaching, start_date=None, end_date=date(2026, 11, 25))
        await _set(
            gateway,
            note,
            requires_acknowledgement=True,
            acknowledgement_deadline=date(2026, 11, 24),
        )
        teacher = Caller("TEACHER", gateway.people.teachers[0])
        assert (await gateway.data(STUDENTS, teacher))["viewer"]["students"]
        found = await gateway.data("{ viewer { students { liaisonNotes { nodes { state } } } } }")
        states = {one["state"] for of in found["viewer"]["students"] for one in of["liaisonNotes"]["nodes"]}
        assert "EXPIRED" in states and "PENDING" not in states
        await _set(gateway, teaching, end_date=date(2026, 11, 24))
        gateway.changed()
        assert (await gateway.data(STUDENTS, teacher))["viewer"]["students"] == []
