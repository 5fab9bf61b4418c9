"""School time: relative ranges in the school's own zone, weeks, holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from resolvers.calendar import fixed_window, week_of
from tests.conftest import Gateway, running

MONDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 27)
YEAR = {
    "year_label": "2026-2027",
    "year_start": date(2026, 9, 1),
    "year_end": date(2027, 7, 3),
    "holidays": [{"name": "Noël", "start": "2026-12-19", "end": "2027-01-03"}],
    "cycle_weeks": {"2026-11-23": "A", "2026-12-21": "B"},
}


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("TODAY", "2026-11-23", "2026-11-23"),
        ("TOMORROW", "2026-11-24", "2026-11-24"),
        ("CURRENT_WEEK", "2026-11-23", "2026-11-29"),
        ("UPCOMING_WEEK", "2026-11-23", "2026-11-29"),
        ("NEXT_WEEK", "2026-11-30", "2026-12-06"),
        ("NEXT_7_DAYS", "2026-11-23", "2026-11-29"),
        ("NEXT_14_DAYS", "2026-11-23", "2026-12-06"),
        ("NEXT_30_DAYS", "2026-11-23", "2026-12-22"),
        ("LAST_7_DAYS", "2026-11-17", "2026-11-23"),
        ("LAST_30_DAYS", "2026-10-25", "2026-11-23"),
        ("SCHOOL_YEAR", "2026-09-01", "2027-07-03"),
    ],
)
def test_relative_range(kind: str, first: str, last: str) -> None:
    found = fixed_window(kind, MONDAY, time(10), YEAR)
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("day", "hour", "monday"),
    [(FRIDAY, 17, "2026-11-23"), (FRIDAY, 18, "2026-11-30"), (date(2026, 11, 28), 9, "2026-11-30")],
)
def test_the_upcoming_week_is_the_next_one_from_friday_evening_on(day: date, hour: int, monday: str) -> None:
    found = fixed_window("UPCOMING_WEEK", day, time(hour), YEAR)
    assert found is not None and found[0] == date.fromisoformat(monday)


def test_a_school_that_did_not_say_has_september_to_july() -> None:
    found = fixed_window("SCHOOL_YEAR", date(2027, 2, 1), time(9), {})
    assert found == (date(2026, 9, 1), date(2027, 7, 31))


def test_a_school_week_keeps_iso_and_own_numbers_apart() -> None:
    assert week_of(YEAR, date(2026, 11, 25)) == {
        "iso_year": 2026,
        "iso_week": 48,
        "school_week": 13,
        "cycle_label": "A",
        "start_date": date(2026, 11, 23),
        "end_date": date(2026, 11, 29),
        "is_holiday": False,
    }


def test_a_holiday_week_has_no_label_and_the_iso_year_is_not_the_calendar_year() -> None:
    found = week_of(YEAR, date(2027, 1, 1))
    assert (found["iso_year"], found["iso_week"], found["is_holiday"]) == (2026, 53, True)
    assert week_of(YEAR, date(2026, 12, 25))["cycle_label"] is None


TIMETABLES = """query($range: RelativeRange) {
  viewer { students { school { timeZone } timetable(range: $range) { from to } } }
}"""


async def _spans(gateway: Gateway, kind: str) -> dict[str, tuple[str, str]]:
    data = await gateway.data(TIMETABLES, variables={"range": kind})
    return {
        one["school"]["timeZone"]: (one["timetable"]["from"], one["timetable"]["to"])
        for one in data["viewer"]["students"]
    }


async def test_today_is_another_day_in_noumea_in_one_request(sqlite_template: Path, tmp_path: Path) -> None:
    late = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    async with running(f"sqlite:///{sqlite_template}", tmp_path, lambda: late) as gateway:
        assert await _spans(gateway, "TODAY") == {
            "Europe/Paris": ("2026-11-23", "2026-11-23"),
            "Pacific/Noumea": ("2026-11-24", "2026-11-24"),
        }


async def test_the_next_school_day_skips_the_weekend(sqlite_template: Path, tmp_path: Path) -> None:
    friday = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    async with running(f"sqlite:///{sqlite_template}", tmp_path, lambda: friday) as gateway:
        assert await _spans(gateway, "NEXT_SCHOOL_DAY") == {
            "Europe/Paris": ("2026-11-30", "2026-11-30"),
            "Pacific/Noumea": ("2026-11-30", "2026-11-30"),
        }


async def test_the_current_period_is_the_trimester_of_today(sqlite_gateway: Gateway) -> None:
    spans = await _spans(sqlite_gateway, "CURRENT_PERIOD")
    assert set(spans.values()) == {("2026-09-01", "2026-11-30")}


async def test_a_window_that_ends_before_it_begins_is_refused_with_the_remedy(
    sqlite_gateway: Gateway,
) -> None:
    query = '{ viewer { students { timetable(from: "2026-11-24", to: "2026-11-23") { from } } } }'
    answer = await sqlite_gateway.ask(query)
    assert answer["errors"][0]["extensions"] == {"code": "INVALID_ARGUMENT"}
    assert (
        answer["errors"][0]["message"] == "`to` (2026-11-23) lies before `from` (2026-11-24); exchange them."
    )


async def test_an_instant_is_served_with_the_offset_of_its_school(sqlite_gateway: Gateway) -> None:
    query = "{ viewer { students { school { timeZone } nextLesson { date startsAt } } } }"
    data = await sqlite_gateway.data(query)
    found = {
        one["school"]["timeZone"]: one["nextLesson"]["startsAt"][-6:] for one in data["viewer"]["students"]
    }
    assert found == {"Europe/Paris": "+01:00", "Pacific/Noumea": "+11:00"}


async def test_the_longest_window_has_400_days_and_a_longer_one_is_told_what_to_do(
    sqlite_gateway: Gateway,
) -> None:
    query = '{ viewer { students { timetable(from: "2026-01-01", to: "%s") { __typename } } } }'
    assert "errors" not in await sqlite_gateway.ask(query % "2027-02-04")
    error = (await sqlite_gateway.ask(query % "2027-02-05"))["errors"][0]
    assert error["message"] == (
        "The window from 2026-01-01 to 2027-02-05 has 401 days; at the most 400 are allowed. "
        "Ask for a part of it at a time."
    )
    assert error["extensions"] == {"code": "INVALID_ARGUMENT"}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_a_week_at_the_end_of_the_calendar_is_an_argument_that_cannot_be(
    sqlite_gateway: Gateway, day: str
) -> None:
    query = f'{{ viewer {{ students {{ school {{ week(date: "{day}") {{ isoWeek }} }} }} }} }}'
    body = await sqlite_gateway.ask(query)
    assert {one["extensions"]["code"] for one in body["errors"]} == {"INVALID_ARGUMENT"}
