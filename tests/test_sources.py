"""A second source beside the database: one query over both, and what its faults cost."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.base import BadConfiguration, InvalidCursor, RetryLater
from gateway.settings import load_settings
from resolvers.routing import presented
from tests.conftest import Gateway, running

NOUMEA = "9889902B"
QUERY = """{ viewer { students {
  school { nationalId }
  displayName
  timetable(from: "2026-11-24", to: "2026-11-24") { lessons {
    id title startsAt subject { name } source { source { name kind capabilities } externalId } } }
  homework(first: 1) { totalCount }
  capabilities
} } }"""
CANTEEN = {
    "id": "m1",
    "date": "2026-11-24",
    "start": "09:00",
    "end": "10:00",
    "title": "Atelier du service externe",
}


@asynccontextmanager
async def beside_the_database(
    template: Path, tmp_path: Path, written: Any, delay: float = 0, timeout: float = 5, **limits: Any
) -> AsyncIterator[Gateway]:
    """Run the gateway with the example source serving the timetables of the school in Nouméa."""
    file = tmp_path / "timetables.json"
    if written is not None:
        file.write_text(written if isinstance(written, str) else json.dumps(written), encoding="utf-8")
    options = {"file": str(file), "time_zone": "Pacific/Noumea", "delay": delay}
    settings: dict[str, Any] = {
        "sources": {"timetables": {"adapter": "timetable-service", "options": options}},
        "routes": [{"data": "TIMETABLE_READ", "school": NOUMEA, "source": "timetables"}],
        "source_timeout": timeout,
        **limits,
    }
    async with running(f"sqlite:///{template}", tmp_path, **settings) as gateway:
        yield gateway


def _timetables(gateway: Gateway, entry: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {external: [entry] for external in gateway.people.external_ids.values()}


def _by_school(answer: dict[str, Any]) -> dict[str, Any]:
    return {one["school"]["nationalId"]: one for one in answer["data"]["viewer"]["students"]}


async def test_one_childs_timetable_comes_from_the_service_and_the_others_from_the_database(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    entries = _timetables(sqlite_gateway, CANTEEN)
    async with beside_the_database(sqlite_template, tmp_path, entries) as gateway:
        answer = await gateway.ask(QUERY)
        assert "errors" not in answer
        found = _by_school(answer)
        (lesson,) = found[NOUMEA]["timetable"]["lessons"]
        identifier = lesson.pop("id")
        assert lesson == {
            "title": "Atelier du service externe",
            "startsAt": "2026-11-24T09:00:00+11:00",
            "subject": None,
            "source": {
                "source": {
                    "name": "timetables",
                    "kind": "REMOTE_API",
                    "capabilities": ["TIMETABLE_READ"],
                },
                "externalId": "m1",
            },
        }
        assert len(found["0759901A"]["timetable"]["lessons"]) > 1
        query = "query($id: ID!) { node(id: $id) { ... on Lesson { title } } }"
        assert await gateway.data(query, None, {"id": identifier}) == {
            "node": {"title": "Atelier du service externe"}
        }


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (None, "The source timetables does not answer now."),
        ("{ broken", "The source timetables does not answer now."),
        ([1, 2], "The source timetables failed."),
        (
            {**CANTEEN, "title": 7},
            "The source timetables gave something unreadable: Lesson.title cannot be 7.",
        ),
        (
            {**CANTEEN, "status": "PERHAPS"},
            "The source timetables gave something unreadable: Lesson.status cannot be 'PERHAPS'.",
        ),
        ({**CANTEEN, "date": "soon"}, "The source timetables failed."),
    ],
    ids=["away", "broken", "another shape", "wrong type", "unknown value", "no date"],
)
async def test_a_source_that_fails_costs_its_own_fields_and_is_named(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path, written: Any, message: str
) -> None:
    if isinstance(written, dict):
        written = _timetables(sqlite_gateway, written)
    query = QUERY.replace("id title startsAt", "id status title startsAt")
    async with beside_the_database(sqlite_template, tmp_path, written) as gateway:
        answer = await gateway.ask(query)
    found = _by_school(answer)
    assert found[NOUMEA]["timetable"]["lessons"] is None
    assert found[NOUMEA]["homework"]["totalCount"] > 0
    assert len(found["0759901A"]["timetable"]["lessons"]) > 1
    errors = [(one["message"], one["extensions"], one["path"][-1]) for one in answer["errors"]]
    assert errors == [(message, {"code": "SOURCE_UNAVAILABLE", "source": "timetables"}, "lessons")]


async def test_a_slow_source_costs_its_own_fields_after_the_time_it_is_given(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    entries = _timetables(sqlite_gateway, CANTEEN)
    async with beside_the_database(sqlite_template, tmp_path, entries, delay=30, timeout=2) as gateway:
        began = time.monotonic()
        answer = await gateway.ask(QUERY)
        assert time.monotonic() - began < 10
    assert _by_school(answer)[NOUMEA]["timetable"]["lessons"] is None
    assert len(_by_school(answer)["0759901A"]["timetable"]["lessons"]) > 1
    (error,) = answer["errors"]
    assert error["message"] == "The source timetables took too long."


async def test_an_empty_application_says_that_its_source_is_away(
    sqlite_template: Path, tmp_path: Path
) -> None:
    query = "{ viewer { students { school { nationalId } apps { app { code } availability message } } } }"
    async with beside_the_database(sqlite_template, tmp_path, None) as gateway:
        # The menu waits for no source; it says what the last question to it showed.
        await gateway.ask(QUERY)
        found = _by_school(await gateway.ask(query))
    apps = {one["app"]["code"]: one for one in found[NOUMEA]["apps"]}
    assert apps["TIMETABLE"] == {
        "app": {"code": "TIMETABLE"},
        "availability": "TEMPORARILY_UNAVAILABLE",
        "message": "La source ne répond pas pour le moment.",
    }
    assert apps["HOMEWORK"]["availability"] == "AVAILABLE"


async def test_a_source_cannot_slip_in_another_familys_records(
    sqlite_template: Path, sqlite_gateway: Gateway, tmp_path: Path
) -> None:
    stranger = sqlite_gateway.people.stranger_to(sqlite_gateway.people.guardian(3))
    entries = _timetables(sqlite_gateway, {**CANTEEN, "student_id": stranger})
    async with beside_the_database(sqlite_template, tmp_path, entries) as gateway:
        found = _by_school(await gateway.ask(QUERY))
    assert found[NOUMEA]["timetable"]["lessons"] == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"routes": [{"data": "TIMETABLE_READ", "source": "nowhere"}]}, "there is no source 'nowhere'"),
        ({"routes": [{"data": "LUNCH", "source": "native"}]}, "must be one of ABSENCES_READ"),
        ({"port": 99_999}, "port: Input should be less than or equal to 65535"),
        ({"databse_url": "x"}, "databse_url: there is no such setting; is database_url meant"),
    ],
)
def test_wrong_settings_are_refused_with_the_remedy(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadConfiguration, match=message) as raised:
        load_settings(**given)
    assert "passerelle check --settings" in str(raised.value)


async def test_an_adapter_that_is_not_installed_is_named_with_those_that_are(
    sqlite_template: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"sources": {"other": {"adapter": "missing"}}}
    with pytest.raises(
        BadConfiguration, match=r"no adapter 'missing'; installed are: aaf, csv, edt, .*timetable"
    ):
        async with running(f"sqlite:///{sqlite_template}", tmp_path, **settings):
            pass


def test_what_a_source_says_of_a_fault_is_told_up_to_a_length(caplog: pytest.LogCaptureFixture) -> None:
    assert str(presented("bistro", "Student.menus", InvalidCursor("x" * 9_999))) == "x" * 300
    told = presented("bistro", "Student.menus", RetryLater("x" * 9_999))
    assert str(told) == "The source bistro does not answer now."
    assert max(len(one.getMessage()) for one in caplog.records) < 400
