"""Calendars as schools have them, and what a guardian sees of them; most are imported a second time."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from adapters import records as r
from adapters.base import Refusal
from adapters.native.import_report import EntryCounts, Report
from tests.exports.asking import ask, bring, rows
from tests.exports.one_school import ALL, CALENDAR, UAI, Written

CASES = Path(__file__).parent / "cases" / "import"
OPTIONS = {"school": UAI, "class": "6A"}
QUERY = """query($from: Date!, $to: Date!) { viewer { students { displayName timetable(from: $from, to: $to) {
    lessons(includeSuperseded: true) { startsAt endsAt title memo status statusLabel changes
      cancellationReason rooms { name } isSuperseded original { rooms { name } }
      replaces { statusLabel } replacedBy { statusLabel }
} } } } events(from: $from, to: $to, first: 9) { nodes { title startsAt endsAt isAllDay description } } }"""
PLAIN: dict[str, Any] = {
    "memo": None, "status": "SCHEDULED", "statusLabel": None, "changes": [], "cancellationReason": None,
    "rooms": [], "isSuperseded": False, "original": None, "replaces": None, "replacedBy": None,
}  # fmt: skip
"""A lesson of which a feed says nothing but its title and time."""
REMEDY = "Correct it in the calendar and export again."


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the families of the school; Claire's daughter Zoé is in 6A."""
    folder = tmp_path_factory.mktemp("families")
    bring(f"sqlite:///{folder / 'school.db'}", ALL["siecle"](folder))
    return folder / "school.db"


@pytest.fixture
def database(families: Path, tmp_path: Path) -> str:
    """The address of a copy of it."""
    shutil.copyfile(families, tmp_path / "school.db")
    return f"sqlite:///{tmp_path / 'school.db'}"


def bring_case(database: str, name: str) -> Report:
    """Import a case as the timetable of 6A."""
    return bring(database, Written(CASES / name, OPTIONS))


def bring_events(database: str, folder: Path, events: str, **options: str) -> Report:
    """Import VEVENTs, each between blank lines, as the file 6A.ics."""
    parts = (f"BEGIN:VEVENT\n{one.strip()}\nEND:VEVENT\n" for one in events.strip().split("\n\n"))
    path = folder / "6A.ics"
    path.write_text(CALENDAR.format("".join(parts).replace("\n", "\r\n")), encoding="utf-8", newline="")
    return bring(database, Written(path, {**OPTIONS, **options}))


def seen(database: str, first: str, last: str) -> Any:
    """Return what Claire sees of Zoé's class between two days."""
    return ask(database, "Claire", QUERY, {"from": first, "to": last})


def lessons(database: str, first: str = "2026-11-30", last: str = "2026-12-31") -> list[dict[str, Any]]:
    """Return Zoé's lessons as Claire sees them, without what is as in PLAIN."""
    (zoe,) = [
        one
        for one in seen(database, first, last)["viewer"]["students"]
        if one["displayName"].startswith("Zoé")
    ]
    return [
        {key: value for key, value in one.items() if key not in PLAIN or value != PLAIN[key]}
        for one in zoe["timetable"]["lessons"]
    ]


def lesson(start: str, end: str, title: str, **others: Any) -> dict[str, Any]:
    """Write a lesson that begins at `start`, as 2026-11-30T08:00+01:00, and ends at a time of that day."""
    day, _, rest = start.partition("T")
    zone = rest[5:]
    return {
        "startsAt": f"{day}T{rest[:5]}:00{zone}", "endsAt": f"{day}T{end}:00{zone}", "title": title, **others
    }  # fmt: skip


def taken(number: int, **others: Any) -> dict[str, EntryCounts]:
    """Return the counts of VEVENTs of which `number` were taken."""
    left_out = others.get("left_out", {})
    refused = others.get("refused", 0)
    return {"VEVENT": EntryCounts(number + refused + sum(left_out.values()), number, refused, 0, left_out)}


# ---- the cases -------------------------------------------------------------------------------------------


def test_events_that_share_the_uid_none_are_all_taken(database: str) -> None:
    report = bring_case(database, "uid-none.ics")
    assert (report.entries, report.refused) == (taken(3), [])
    assert lessons(database) == [
        lesson("2026-11-30T08:00+01:00", "09:00", "MATHEMATIQUES", memo="DURAND A."),
        lesson("2026-11-30T09:00+01:00", "10:00", "FRANCAIS", memo="PETIT B."),
        lesson("2026-12-01T09:00+01:00", "10:00", "ANGLAIS", memo="ROUX C."),
    ]
    assert bring_case(database, "uid-none.ics").changes == 0


def test_the_same_timetable_exported_by_pronote_a_day_later_changes_nothing(
    database: str, tmp_path: Path
) -> None:
    path = tmp_path / "6A.ics"
    shutil.copyfile(CASES / "pronote-export-1.ics", path)
    report = bring(database, Written(path, OPTIONS))
    assert (report.entries, report.refused, report.notices) == (taken(4), [], [])
    assert lessons(database) == [
        lesson(
            "2026-11-30T09:15+01:00", "10:15", "SCIENCES VIE & TERRE", memo="ROUX C.",
            rooms=[{"name": "salle 310"}],
        ),
        lesson(
            "2026-12-01T14:40+01:00", "15:40", "ANGLAIS", memo="NOIR B.", rooms=[{"name": "salle 12"}],
            status="CANCELLED", statusLabel="Cours annulé", cancellationReason="UNKNOWN",
        ),
        lesson(
            "2026-12-02T14:40+01:00", "15:10", "MATHEMATIQUES", memo="DURAND A.",
            rooms=[{"name": "salle 13"}, {"name": "salle 14"}], status="CHANGED", statusLabel="Cours modifié",
        ),
    ]  # fmt: skip
    assert seen(database, "2026-12-19", "2027-01-03")["events"]["nodes"] == [
        {
            "title": "Vacances", "startsAt": "2026-12-19T00:00:00+01:00",
            "endsAt": "2027-01-04T00:00:00+01:00", "isAllDay": True, "description": None,
        }
    ]  # fmt: skip
    shutil.copyfile(CASES / "pronote-export-2.ics", path)
    again = bring(database, Written(path, OPTIONS))
    assert (again.changes, again.entries) == (0, taken(4))


def test_modifications_without_their_series_are_lessons(database: str) -> None:
    report = bring_case(database, "only-modifications.ics")
    assert (report.entries, report.refused) == (taken(2), [])
    assert lessons(database) == [
        lesson("2026-12-01T14:00+01:00", "15:00", "SVT"),
        lesson("2026-12-08T14:00+01:00", "15:00", "SVT"),
    ]
    assert bring_case(database, "only-modifications.ics").changes == 0


def test_a_series_has_one_occurrence_moved_one_cancelled_and_one_left_out(database: str) -> None:
    report = bring_case(database, "moved-recurrence.ics")
    assert (report.entries, report.refused) == (taken(3), [])
    assert lessons(database, "2026-10-01", "2026-11-30") == [
        lesson("2026-10-13T09:00+02:00", "10:00", "SVT"),
        lesson("2026-10-21T14:00+02:00", "15:00", "SVT"),
        lesson(
            "2026-10-27T09:00+01:00", "10:00", "SVT", status="CANCELLED", cancellationReason="UNKNOWN"
        ),
        lesson("2026-11-03T09:00+01:00", "10:00", "SVT"),
    ]  # fmt: skip
    assert bring_case(database, "moved-recurrence.ics").changes == 0


def test_a_series_whose_repetition_cannot_be_read_is_refused_by_name(database: str) -> None:
    report = bring_case(database, "bad-rrule.ics")
    assert report.entries == taken(1, refused=1)
    assert report.refused == [
        Refusal(
            "bad-rrule.ics, event 1", "serie-3", "RRULE", "FREQ=WEEKLY;BYDAY=TU;UNTL=20270101",
            "UNTL is no part of a repetition", REMEDY,
        )
    ]  # fmt: skip
    assert lessons(database) == [lesson("2026-12-01T16:00+01:00", "17:00", "ANGLAIS")]
    assert bring_case(database, "bad-rrule.ics").changes == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bad-created.ics", lesson("2026-12-01T16:00+01:00", "17:00", "ANGLAIS")),
        ("no-uid.ics", lesson("2026-11-30T08:00+01:00", "09:00", "MATHEMATIQUES")),
    ],
)
def test_a_field_that_is_not_needed_may_be_unreadable_or_missing(
    database: str, name: str, expected: dict[str, Any]
) -> None:
    report = bring_case(database, name)
    assert (report.entries, report.refused) == (taken(1), [])
    assert lessons(database) == [expected]
    assert bring_case(database, name).changes == 0


def test_times_are_those_of_the_school_whatever_the_feed_calls_its_zone(database: str) -> None:
    report = bring_case(database, "zones.ics")
    assert (report.entries, report.refused) == (taken(7), [])
    assert [one.text for one in report.notices] == [
        f"the time zone {name} is not known: its times were read by the school's clock"
        for name in ("(UTC+01:00) Bruxelles, Copenhague, Madrid, Paris", "Customized Time Zone")
    ]
    assert lessons(database, "2026-10-01", "2026-11-30") == [
        lesson("2026-10-20T08:00+02:00", "09:00", "DST AB"),
        lesson("2026-11-03T08:00+01:00", "09:00", "DST AB"),
        lesson("2026-11-17T08:00+01:00", "09:00", "DST AB"),
        lesson("2026-11-30T09:00+01:00", "10:00", "FLOAT"),
        lesson("2026-11-30T10:00+01:00", "11:00", "ROMANCE"),
        lesson("2026-11-30T11:00+01:00", "12:00", "UTCPLUS"),
        lesson("2026-11-30T13:00+01:00", "14:00", "CUSTOM"),
        lesson("2026-11-30T14:00+01:00", "15:00", "PARIS"),
        lesson("2026-11-30T15:00+01:00", "16:00", "SLASH"),
    ]
    assert bring_case(database, "zones.ics").changes == 0


def test_a_lesson_in_another_room_replaces_the_one_cancelled_for_it(database: str) -> None:
    report = bring_case(database, "room-change.ics")
    assert (report.entries, report.refused) == (taken(5), [])
    cancelled = {"status": "CANCELLED", "cancellationReason": "TEACHER_ABSENT"}
    assert lessons(database) == [
        lesson(
            "2026-11-30T08:00+01:00", "09:00", "ANGLAIS", memo="ROUX C.", rooms=[{"name": "H01"}],
            status="CANCELLED", cancellationReason="UNKNOWN", statusLabel="Cours annulé",
            isSuperseded=True, replacedBy={"statusLabel": "Changement de salle"},
        ),
        lesson(
            "2026-11-30T08:00+01:00", "09:00", "ANGLAIS", memo="ROUX C.", rooms=[{"name": "C05"}],
            status="CHANGED", changes=["ROOM"], statusLabel="Changement de salle",
            original={"rooms": [{"name": "H01"}]}, replaces={"statusLabel": "Cours annulé"},
        ),
        lesson(
            "2026-11-30T10:00+01:00", "11:00", "MATHEMATIQUES", memo="DURAND A.", statusLabel="Prof. absent",
            **cancelled,
        ),
        lesson(
            "2026-11-30T11:00+01:00", "12:00", "HISTOIRE", memo="NOIR B.", statusLabel="Prof./pers. absent",
            **cancelled,
        ),
        lesson(
            "2026-11-30T12:00+01:00", "13:00", "EPS", memo="BLANC D.", status="CHANGED", changes=["TIME"],
            statusLabel="Cours déplacé",
        ),
    ]  # fmt: skip
    assert bring_case(database, "room-change.ics").changes == 0


# ---- keys ------------------------------------------------------------------------------------------------

SLOT = "DTSTART:20261130T070000Z\nDTEND:20261130T080000Z"


def test_events_that_differ_are_kept_and_stay_the_same_in_any_order_and_export(
    database: str, tmp_path: Path
) -> None:
    events = [
        f"UID:Cours-7-1-20261124T100000Z-Index-Education\n{SLOT}\nSUMMARY:MATHS - A.\nLOCATION:B1",
        f"UID:Cours-7-1-20261124T100001Z-Index-Education\n{SLOT}\nSUMMARY:MATHS - A.\nLOCATION:B2",
        f"UID:Cours-7-1-20261124T100002Z-Index-Education\n{SLOT}\nSUMMARY:ANGLAIS - B.",
        f"UID:\n{SLOT}\nSUMMARY:EPS",
        f"{SLOT}\nSUMMARY:EPS",
    ]
    report = bring_events(database, tmp_path, "\n\n".join(events))
    assert (report.entries, report.refused) == (taken(5), [])
    found = [(one["title"], [room["name"] for room in one.get("rooms", [])]) for one in lessons(database)]
    assert sorted(found) == [("ANGLAIS", []), ("EPS", []), ("EPS", []), ("MATHS", ["B1"]), ("MATHS", ["B2"])]
    later = "\n\n".join(reversed(events)).replace("T1000", "T1830")
    assert bring_events(database, tmp_path, later).changes == 0


def test_an_event_without_uid_stays_the_same_when_it_is_cancelled(database: str, tmp_path: Path) -> None:
    bring_events(database, tmp_path, f"{SLOT}\nSUMMARY:EPS - BLANC D.")
    before = rows(database, r.Lesson, "id")
    bring_events(database, tmp_path, f"{SLOT}\nSUMMARY:Prof. absent : EPS - BLANC D.")
    assert rows(database, r.Lesson, "id") == before
    assert [(one["title"], one["status"]) for one in lessons(database)] == [("EPS", "CANCELLED")]


def test_the_same_event_twice_and_older_versions_are_left_out_and_counted(
    database: str, tmp_path: Path
) -> None:
    events = f"""UID:a\n{SLOT}\nSUMMARY:EPS\nDTSTAMP:20261101T080000Z

UID:a\n{SLOT}\nSUMMARY:EPS\nDTSTAMP:20261102T080000Z

UID:b\nDTSTART:20261201T070000Z\nDTEND:20261201T080000Z\nSUMMARY:SVT\nSEQUENCE:0

UID:b\nDTSTART:20261202T070000Z\nDTEND:20261202T080000Z\nSUMMARY:SVT\nSEQUENCE:2"""
    report = bring_events(database, tmp_path, events)
    left_out = {
        "the same event stands in the calendar before, word for word": 1,
        "the calendar has a newer version of the event (SEQUENCE)": 1,
    }
    assert (report.entries, report.refused) == (taken(2, left_out=left_out), [])
    assert lessons(database) == [
        lesson("2026-11-30T08:00+01:00", "09:00", "EPS"),
        lesson("2026-12-02T08:00+01:00", "09:00", "SVT"),
    ]


def test_a_lesson_keeps_its_identity_when_it_is_moved_out_of_its_series(
    database: str, tmp_path: Path
) -> None:
    series = (
        "UID:s\nDTSTART;TZID=Europe/Paris:20261201T090000\nDTEND;TZID=Europe/Paris:20261201T100000\n"
        "RRULE:FREQ=WEEKLY;COUNT=2\nSUMMARY:SVT"
    )
    bring_events(database, tmp_path, series)
    before = rows(database, r.Lesson, "id")
    moved = (
        "UID:s\nRECURRENCE-ID:20261208T080000Z\nDTSTART:20261209T130000Z\nDTEND:20261209T140000Z\nSUMMARY:SVT"
    )
    report = bring_events(database, tmp_path, f"{series}\n\n{moved}")
    assert rows(database, r.Lesson, "id") == before
    assert (report.entries, report.counts["lesson"].changed) == (taken(2), 1)
    assert lessons(database)[1] == lesson("2026-12-09T14:00+01:00", "15:00", "SVT")


def test_a_change_of_all_that_follow_moves_each_of_them(database: str, tmp_path: Path) -> None:
    events = """UID:s\nDTSTART;TZID=Europe/Paris:20261201T090000\nDTEND;TZID=Europe/Paris:20261201T100000
RRULE:FREQ=DAILY;COUNT=4\nSUMMARY:SVT

UID:s\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Paris:20261202T090000
DTSTART;TZID=Europe/Paris:20261202T110000\nDTEND;TZID=Europe/Paris:20261202T120000\nSUMMARY:SVT"""
    report = bring_events(database, tmp_path, events)
    assert (report.entries, report.refused) == (taken(2), [])
    assert lessons(database) == [
        lesson("2026-12-01T09:00+01:00", "10:00", "SVT"),
        lesson("2026-12-02T11:00+01:00", "12:00", "SVT"),
        lesson("2026-12-03T11:00+01:00", "12:00", "SVT"),
        lesson("2026-12-04T11:00+01:00", "12:00", "SVT"),
    ]
