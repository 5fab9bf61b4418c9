"""What the reader of calendars takes, refuses and leaves out, event by event."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dateutil.rrule import _iterinfo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recurring_ical_events import CalendarQuery

from adapters import records as r
from adapters.base import Entry, EntryCount, InvalidExport, LeftOut, Notice, Refusal
from adapters.content import Cleaning
from adapters.ical import components, limits, repetitions
from adapters.native.entry_accounts import EntryAccounts
from adapters.native.import_report import Report
from adapters.native.stored_rows import stored_row
from adapters.school_export import source_name
from gateway.adapters_installed import reader
from tests.conftest import NOW
from tests.exports.one_school import CALENDAR, UAI

CASES = Path(__file__).parent / "cases" / "import"
START = "DTSTART;TZID=Europe/Paris:20261130T090000"
SLOT = f"{START}\nDTEND;TZID=Europe/Paris:20261130T100000"


def calendar(folder: Path, *events: str) -> Path:
    """Write a calendar of these events, given by their lines, as the file 6A.ics."""
    lines = "".join(f"BEGIN:VEVENT\n{one}\nEND:VEVENT\n" for one in events)
    path = folder / "6A.ics"
    path.write_text(CALENDAR.format(lines.replace("\n", "\r\n")), encoding="utf-8", newline="")
    return path


def read(path: Path, **options: str) -> tuple[list[Any], Report]:
    """Read a calendar; returns what it yields, and the entries counted as the loader counts them."""
    report = Report(path.name, False)
    accounts = EntryAccounts(report, "ical")
    items = list(reader("ical").read(path, {"school": UAI, **options}))
    for one in items:
        accounts.begin(one) if isinstance(one, Entry) else accounts.hear(one)
    accounts.finish()
    return items, report


def of(items: list[Any], kind: type[Any]) -> list[Any]:
    return [one for one in items if isinstance(one, kind)]


def days(items: list[Any]) -> list[str]:
    return [f"{one.starts_at:%d/%m %H:%M}" for one in of(items, r.Lesson)]


# ---- texts -----------------------------------------------------------------------------------------------


def test_texts_count_as_often_as_their_event_takes_place(tmp_path: Path) -> None:
    text = "DESCRIPTION:" + "\N{SCHOOL}" * 25_000
    lesson = f"{SLOT}\nSUMMARY:Maths\n{text}\nRRULE:FREQ=DAILY;COUNT="
    items, _ = read(calendar(tmp_path, f"UID:1\n{lesson}100"))
    assert len(of(items, r.Lesson)) == 100
    assert len({id(one.memo) for one in of(items, r.Lesson)}) == 1
    nine = (f"UID:{number}\n{lesson}100" for number in range(9))
    with pytest.raises(InvalidExport) as refused:
        read(calendar(tmp_path, *nine))
    assert str(refused.value) == (
        "6A.ics: has texts of more than 20,000,000 characters, of each event as often as it takes place; "
        "shorten them, or export fewer years."
    )


# ---- fields ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "field", "reason"),
    [
        ("SUMMARY:x", "DTSTART", "no day on which it begins"),
        ("DTSTART:soon", "DTSTART", "cannot be read (Expected datetime, date, or time. Got: 'soon')"),
        (f"{START}\n{START}", "DTSTART", "stands more than once in one event"),
        ("DTSTART:00260101T080000Z", "DTSTART", "no day from 1950 to 2099"),
        (f"{START}\nDTEND:later", "DTEND", "cannot be read (Expected datetime, date, or time. Got: 'later')"),
        (f"{START}\nDTEND 20261130T100000", "DTEND", "the line cannot be parsed"),
        (
            f"{START}\nDTEND;VALUE=DATE:20261201",
            "DTEND",
            "DTSTART and DTEND must both be days or both be times",
        ),
        (f"{START}\nDTEND:20261130T070000Z", "DTEND", "lies before the beginning, 20261130T090000"),
        (f"{START}\nDURATION:PT1X", "DURATION", "cannot be read (Invalid iCalendar duration: PT1X)"),
        (f"{START}\nDURATION:-PT1H", "DURATION", "lies before the beginning, 20261130T090000"),
        (
            f"{SLOT}\nRECURRENCE-ID:once",
            "RECURRENCE-ID",
            "cannot be read (Expected datetime, date, or time. Got: 'once')",
        ),
        (
            f"{SLOT}\nRRULE:FREQ=DAILY\nEXDATE:x",
            "EXDATE",
            "cannot be read (Expected datetime, date, or time. Got: 'x')",
        ),
        (f"{START}\nDTEND;VALUE=PERIOD:20261130T100000/PT1H", "DTEND", "no day from 1950 to 2099"),
        (f"{SLOT}\nRRULE;VALUE=DATE:20261010", "RRULE", "is no repetition"),
        (f"{SLOT}\nRRULE:FREQ=OFTEN", "RRULE", "cannot be read (Expected frequency, got: OFTEN)"),
        (f"{SLOT}\nRRULE:COUNT=3", "RRULE", "FREQ does not say once how often it repeats"),
        (f"{SLOT}\nRRULE:FREQ=DAILY;INTERVAL=0", "RRULE", "INTERVAL must be 1 or more"),
        (f"{SLOT}\nRRULE:FREQ=DAILY;COUNT=0", "RRULE", "COUNT must be 1 or more"),
        (f"{SLOT}\nRRULE:FREQ=HOURLY", "RRULE", "repeats more often than daily"),
        (
            f"{SLOT}\nRRULE:FREQ=DAILY;BYHOUR=8,9;BYMINUTE={','.join(map(str, range(60)))}",
            "RRULE",
            "repeats more often than daily",
        ),
        (
            f"{SLOT}\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
            "RRULE",
            "only a yearly repetition may have several of BYMONTH, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYSETPOS",
        ),
        (f"{SLOT}\nRRULE:FREQ=DAILY;BYMONTH=13", "RRULE", "BYMONTH cannot be 13"),
        (f"{SLOT}\nRRULE:FREQ=YEARLY;BYDAY=54MO", "RRULE", "BYDAY cannot be 54MO"),
        (
            f"{SLOT}\nRRULE:FREQ=DAILY;BYSETPOS=2;BYHOUR=8",
            "RRULE",
            "only a monthly or yearly repetition may have BYSETPOS",
        ),
        (f"{SLOT}\nEXRULE:FREQ=DAILY", "EXRULE", "exceptions as a rule (EXRULE) are not read"),
    ],
)
def test_an_event_without_a_field_that_it_needs_is_refused_by_name(
    tmp_path: Path, lines: str, field: str, reason: str
) -> None:
    items, report = read(calendar(tmp_path, f"UID:a\n{lines}", f"UID:b\n{SLOT}\nSUMMARY:SVT"))
    (refusal,) = of(items, Refusal)
    assert (refusal.file, refusal.record, refusal.field, refusal.reason) == (
        "6A.ics, event 1", "a", field, reason
    )  # fmt: skip
    assert refusal.remedy
    counts = report.entries["VEVENT"]
    assert (counts.read, counts.taken, counts.refused, days(items)) == (2, 1, 1, ["30/11 08:00"])


def test_fields_that_are_not_needed_cost_nothing(tmp_path: Path) -> None:
    event = f"""UID:a\n{SLOT}\nSUMMARY:SVT\nDTSTAMP:x\nCREATED:x\nLAST-MODIFIED:x\nGEO:x\nSEQUENCE:x
BEGIN:VALARM\nTRIGGER:x\nnonsense\nEND:VALARM"""
    items, report = read(calendar(tmp_path, event))
    assert (days(items), of(items, Refusal), report.entries["VEVENT"].taken) == (["30/11 08:00"], [], 1)


def test_a_part_that_cannot_be_taken_is_reported_beside_the_lesson(tmp_path: Path) -> None:
    event = f"""UID:a\n{SLOT}\nDURATION:PT2H\nSUMMARY:SVT\nSUMMARY:Sciences\nDESCRIPTION:Room\nand more
CATEGORIES;VALUE=DATE:x"""
    items, report = read(calendar(tmp_path, event))
    assert [(one.field, one.value, one.reason) for one in of(items, Refusal)] == [
        ("SUMMARY", "SVT; Sciences", "stands more than once; the first was taken"),
        ("DURATION", "PT2H", "stands beside DTEND, which was taken"),
        ("line", "and more", "the line cannot be parsed; the rest of the event was taken"),
        ("line", "CATEGORIES;VALUE=DATE:x", "the line cannot be parsed; the rest of the event was taken"),
    ]
    (lesson,) = of(items, r.Lesson)
    assert (lesson.title, report.entries["VEVENT"].taken) == ("SVT", 1)


# ---- repetitions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", ["20261214", "20261214T090000", "20261214T080000Z"])
def test_the_day_until_which_a_series_repeats_counts(tmp_path: Path, until: str) -> None:
    items, _ = read(calendar(tmp_path, f"UID:a\n{SLOT}\nSUMMARY:SVT\nRRULE:FREQ=WEEKLY;UNTIL={until}"))
    assert days(items) == ["30/11 08:00", "07/12 08:00", "14/12 08:00"]


def test_floating_times_stay_the_schools_beside_exceptions_in_utc(tmp_path: Path) -> None:
    series = (
        "UID:a\nDTSTART:20261130T090000\nDTEND:20261130T100000\nRRULE:FREQ=DAILY;COUNT=3\n"
        "EXDATE:20261201T080000Z\nSUMMARY:SVT"
    )
    items, _ = read(calendar(tmp_path, series))
    assert days(items) == ["30/11 08:00", "02/12 08:00"]


def test_what_a_series_leaves_out_and_what_changes_replace_is_accounted_for(tmp_path: Path) -> None:
    change = "DTSTART:20261201T130000Z\nDTEND:20261201T140000Z\nSUMMARY:SVT\nRECURRENCE-ID:"
    items, report = read(
        calendar(
            tmp_path,
            f"UID:gone\n{SLOT}\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE;TZID=Europe/Paris:20261130T090000",
            f"UID:moved\n{SLOT}\nSUMMARY:SVT",
            f"UID:moved\n{change}20261130T080000Z",
            f"UID:twice\n{change}20261130T080000Z",
            f"UID:twice\n{change}20261130T080000Z\nLOCATION:B12",
        )
    )
    assert days(items) == ["01/12 13:00", "01/12 13:00"]
    assert [(one.record, one.field, one.reason) for one in of(items, Refusal)] == [
        ("twice", "RECURRENCE-ID", "event 4 changes the same occurrence, in another way")
    ]
    counts = report.entries["VEVENT"]
    assert (counts.read, counts.taken, counts.refused) == (5, 3, 1)
    assert counts.left_out == {"the series leaves out what it stands for (EXDATE)": 1}


def test_a_series_without_an_end_is_followed_for_a_while_and_that_is_said(tmp_path: Path) -> None:
    items, _ = read(calendar(tmp_path, f"UID:a\n{SLOT}\nSUMMARY:SVT\nRRULE:FREQ=WEEKLY"))
    assert (len(days(items)), days(items)[-1]) == (58, "03/01 08:00")
    assert [one.text for one in of(items, Notice)] == [
        "1 series go on after 2028-01-04: they were followed up to that day; "
        "import the calendar again before it"
    ]


# ---- files -----------------------------------------------------------------------------------------------


def test_other_components_are_named_and_several_calendars_of_one_file_are_read(tmp_path: Path) -> None:
    path = calendar(tmp_path, f"UID:a\n{SLOT}\nSUMMARY:SVT")
    other = "BEGIN:VTODO\r\nDUE:x\r\nEND:VTODO\r\n" + path.read_text(encoding="utf-8").partition("fr")[2]
    path.write_text(path.read_text(encoding="utf-8") + "BEGIN:VCALENDAR\r\n" + other.lstrip(), newline="")
    items, report = read(path)
    assert [one.text for one in of(items, Notice)] == ["1 VTODO are not read, only VEVENT"]
    assert of(items, EntryCount) == [EntryCount("VEVENT", 2)]
    counts = report.entries["VEVENT"]
    assert (counts.taken, counts.left_out) == (
        1, {"the same event stands in the calendar before, word for word": 1}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"END:VEVENT\r\nEND:VCALENDAR\r\n", b"", "6A.ics: is cut off within VEVENT, after the beginning of"),
        (b"UID:a", b"BEGIN:VEVENT", "6A.ics, event 2: begins within VEVENT"),
        (b"END:VEVENT", b"END:VTODO", "6A.ics, event 1: END:VTODO ends nothing"),
        (b"MATHS", b"MATH\xc9MATIQUES", "6A.ics, line 8: is not in UTF-8, as RFC 5545 wants; save it as"),
        (b"MATHS", b"MATHS\x00", "6A.ics, line 8: holds a NUL character"),
        (b"VERSION:2.0", b"CALSCALE:HEBREW", "6A.ics: CALSCALE HEBREW is not read"),
    ],
)
def test_a_damaged_file_is_refused_as_a_whole(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    path = calendar(tmp_path, f"UID:a\n{SLOT}\nSUMMARY:MATHS")
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(InvalidExport, match=f"^{message}"):
        read(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_of_a_damaged_calendar_is_accounted_for(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from([one.read_bytes() for one in sorted(CASES.glob("*.ics"))]))
    lines = content.split(b"\n")
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(lines) - 1))
        other = lines[data.draw(st.integers(0, len(lines) - 1))]
        line = lines[where]
        cut = data.draw(st.integers(0, len(line)))
        lines[where] = data.draw(st.sampled_from([b"", other, line[:cut], line[cut:], line + b"\n" + other]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "6A.ics"
        path.write_bytes(b"\n".join(lines))
        try:
            _, report = read(path)  # raises UnaccountedEntries, an InvalidExport, where one is lost
        except InvalidExport as error:
            assert "fault of the reader" not in str(error)
            return
    assert sum(one.read for one in report.entries.values()) == sum(
        one.strip().upper() == b"BEGIN:VEVENT" for one in b"\n".join(lines).split(b"\n")
    )


# ---- more than a calendar may hold -----------------------------------------------------------------------

ZONE = """BEGIN:VTIMEZONE
TZID:Nowhere
{}END:VTIMEZONE
"""
OBSERVANCE = """BEGIN:{0}
DTSTART:16010101T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0{2}00
RRULE:{1}
END:{0}
"""


def dates(number: int) -> str:
    """Write so many points in time, one an hour."""
    first = datetime(2026, 11, 30, 9)
    return ",".join(f"{first + timedelta(hours=one):%Y%m%dT%H%M%SZ}" for one in range(number))


@pytest.mark.parametrize(
    ("lines", "field", "reason"),
    [
        ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "RRULE", "has no day within 28 years"),
        ("RRULE:FREQ=YEARLY;BYMONTH=1;BYWEEKNO=30;COUNT=9", "RRULE", "has no day within 28 years"),
        ("RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU", "RRULE", "has no day within 28 years"),
        ("RRULE:FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", "RRULE", "has no day within 28 years"),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300", "RRULE", "has no day within 28 years"),
        (
            f"RRULE:FREQ=WEEKLY;BYDAY={','.join(['MO'] * 54)}",
            "RRULE",
            "BYDAY has 54 values, of 53 that it may have",
        ),
        (
            f"RRULE:FREQ=WEEKLY;BYDAY={','.join(['MO'] * 1_000)}",
            "RRULE",
            "a line of 3,023 characters, of 2,000 that it may have",
        ),
        ("\n".join(["RRULE:FREQ=WEEKLY"] * 6), "RRULE", "6 rules, of 5 that an event may have"),
        (
            f"EXDATE:{dates(600)}\nRDATE:{dates(600)}",
            "RDATE",
            "more than 1,000 dates, which RDATE and EXDATE of an event may have",
        ),
        (f"EXDATE:{dates(20_000)}", "EXDATE", "a line of 340,006 characters, of 100,000 that it may have"),
        (f"RRULE{';X=1' * 30}:FREQ=WEEKLY", "RRULE", "30 parameters, of 20 that it may have"),
        (
            "\n".join(["SUMMARY:SVT"] * 1_500),
            "line",
            "more than 1,500 lines, which is what an event may have",
        ),
    ],
    ids=lambda value: value[:40],
)
def test_an_event_of_too_much_work_is_refused_before_it_is_followed_and_the_others_are_taken(
    tmp_path: Path, lines: str, field: str, reason: str
) -> None:
    items, report = read(calendar(tmp_path, f"UID:a\n{SLOT}\n{lines}", f"UID:b\n{SLOT}\nSUMMARY:SVT"))
    (refusal,) = of(items, Refusal)
    assert (refusal.file, refusal.record, refusal.field, refusal.reason) == (
        "6A.ics, event 1", "a", field, reason
    )  # fmt: skip
    assert refusal.value and len(refusal.value) <= 200
    counts = report.entries["VEVENT"]
    assert (counts.read, counts.taken, counts.refused, days(items)) == (2, 1, 1, ["30/11 08:00"])


def test_a_text_that_is_too_long_costs_the_text_alone(tmp_path: Path) -> None:
    event = f"UID:a\n{SLOT}\nSUMMARY:SVT\nDESCRIPTION:{'x' * 100_000}\nCATEGORIES:{'a,' * 50}"
    items, _ = read(calendar(tmp_path, event))
    rest = "; the rest of the event was taken"
    assert [(one.field, one.reason) for one in of(items, Refusal)] == [
        ("DESCRIPTION", f"a line of 100,012 characters, of 60,000 that it may have{rest}"),
        ("CATEGORIES", f"51 values, of 50 that an event may have{rest}"),
    ]
    assert days(items) == ["30/11 08:00"]


def test_bad_lines_of_an_event_are_reported_up_to_a_number(tmp_path: Path) -> None:
    items, _ = read(calendar(tmp_path, f"UID:a\n{SLOT}\nSUMMARY:SVT" + "\nnonsense" * 900))
    assert len(of(items, Refusal)) == limits.MOST_TOLD + 1
    assert of(items, Refusal)[-1].reason == (
        "this and further lines are not taken; the rest of the event was taken"
    )


def test_properties_that_nothing_reads_are_never_parsed(tmp_path: Path) -> None:
    event = f"UID:a\n{SLOT}\nSUMMARY:SVT\nATTACH;VALUE=BINARY:{'A' * 200_000}\nX-A{';P=1' * 9_999}:x"
    items, _ = read(calendar(tmp_path, event + "\nX-B:x" * 5_000))
    assert (days(items), of(items, Refusal)) == (["30/11 08:00"], [])


@pytest.mark.parametrize(
    ("limit", "most", "message"),
    [
        ("MOST_EVENTS", 2, "6A.ics: has more than 2 events; export fewer years."),
        ("MOST_PARSED", 20, "6A.ics: has more than 20 lines that are read; export fewer years."),
        ("MOST_DATES", 5, "6A.ics: has more than 5 dates in RDATE and EXDATE; export fewer years."),
        ("MOST_SERIES", 2, "6A.ics: has more than 2 events that repeat; export fewer years."),
        (
            "MOST_RARE",
            2,
            "6A.ics: has more than 2 rules without a second day within four years; export fewer years.",
        ),
        ("MOST_LINES", 20, "6A.ics: has 28 lines; a calendar may have 20."),
        ("LARGEST", 600, "6A.ics: 695 bytes are too many for a calendar, which may have 600."),
    ],
)
def test_a_calendar_of_too_much_work_is_refused_by_the_name_of_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, message: str
) -> None:
    for module in (limits, components, repetitions):
        if hasattr(module, limit):
            monkeypatch.setattr(module, limit, most)
    rare = "RRULE:FREQ=YEARLY;INTERVAL=9;COUNT=2\nEXDATE:20261201T080000Z,20261202T080000Z"
    path = calendar(tmp_path, *(f"UID:{one}\n{SLOT}\nSUMMARY:SVT\n{rare}" for one in "abc"))
    with pytest.raises(InvalidExport) as error:
        read(path)
    assert str(error.value) == message


def test_days_are_looked_for_within_bounds_whatever_the_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 7,973 years until dateutil gives up, a rule without days is followed for less than a hundredth."""
    years = set[int]()
    rebuilt = _iterinfo.rebuild

    def rebuild(self: Any, year: int, month: int) -> None:
        years.add(year)
        rebuilt(self, year, month)

    monkeypatch.setattr(_iterinfo, "rebuild", rebuild)
    items, _ = read(calendar(tmp_path, f"UID:a\n{SLOT}\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))
    assert len(of(items, Refusal)) == 1
    assert 28 < len(years) < 79


def test_a_series_that_ends_by_number_is_not_followed_beyond_its_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list[Any]()
    between = CalendarQuery._occurrences_between

    def counted(self: CalendarQuery, start: Any, end: Any) -> Any:
        found.extend(occurrences := between(self, start, end))
        return occurrences

    monkeypatch.setattr(CalendarQuery, "_occurrences_between", counted)
    items, _ = read(calendar(tmp_path, f"UID:a\n{SLOT}\nSUMMARY:SVT\nRRULE:FREQ=DAILY;COUNT=9999999"))
    assert len(of(items, r.Lesson)) == 400
    assert len(found) < 410
    assert "1 series go on after" in of(items, Notice)[0].text


@pytest.mark.parametrize(
    "observances",
    [
        OBSERVANCE.format("STANDARD", "FREQ=SECONDLY", 1) + OBSERVANCE.format("DAYLIGHT", "FREQ=SECONDLY", 2),
        OBSERVANCE.format("STANDARD", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 1),
        OBSERVANCE.format("STANDARD", "FREQ=YEARLY;BYMONTH=2;BYDAY=SU", 1),
        OBSERVANCE.format("STANDARD", "FREQ=YEARLY;BYMONTH=2;BYDAY=1SU", 1) * 5,
    ],
    ids=["each second", "never", "several days", "too many"],
)
def test_a_time_zone_of_too_much_work_is_left_out_and_named(tmp_path: Path, observances: str) -> None:
    event = f"UID:a\n{SLOT}\nSUMMARY:SVT\nRRULE:FREQ=WEEKLY;COUNT=2".replace("Europe/Paris", "Nowhere")
    path = calendar(tmp_path, event)
    zone = ZONE.format(observances).replace("\n", "\r\n").encode()
    path.write_bytes(path.read_bytes().replace(b"BEGIN:VEVENT", zone + b"BEGIN:VEVENT", 1))
    items, _ = read(path)
    assert days(items) == ["30/11 08:00", "07/12 08:00"]
    assert [one.text for one in of(items, Notice)] == [
        "the time zone Nowhere is not known: its times were read by the school's clock",
        "the definition of the time zone Nowhere is not read: a calendar may define 200 zones of 2,000 "
        "changes of the clock, and rules that name one day of each year",
    ]


@pytest.mark.parametrize("month", ["BYDAY=-1SU", "BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU", "BYMONTHDAY=25"])
def test_a_time_zone_as_programs_write_it_is_followed(tmp_path: Path, month: str) -> None:
    rules = (
        ("STANDARD", f"FREQ=YEARLY;{month};BYMONTH=10", 1),
        ("DAYLIGHT", f"FREQ=YEARLY;BYMONTH=3;{month}", 9),
    )
    event = f"UID:a\n{SLOT}\nSUMMARY:SVT".replace("Europe/Paris", "Nowhere").replace("202611", "202609")
    path = calendar(tmp_path, event)
    zone = ZONE.format("".join(OBSERVANCE.format(*one) for one in rules)).replace("\n", "\r\n").encode()
    path.write_bytes(path.read_bytes().replace(b"BEGIN:VEVENT", zone + b"BEGIN:VEVENT", 1))
    items, _ = read(path)
    assert (days(items), of(items, Notice)) == (["30/09 00:00"], [])


def test_a_series_with_too_many_changes_of_all_that_follows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.ical.calendars.MOST_MOVED_ON", 1)
    slots = (SLOT.replace("20261130", f"2026120{one}") for one in (1, 2))
    changes = (f"UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:2026120{n}T080000Z\n{slot}\nSUMMARY:SVT"
               for n, slot in enumerate(slots, 1))  # fmt: skip
    items, _ = read(calendar(tmp_path, f"UID:a\n{SLOT}\nRRULE:FREQ=DAILY;COUNT=5", *changes))
    (refusal,) = of(items, Refusal)
    assert (refusal.field, refusal.reason) == (
        "RRULE",
        "its days cannot be found out (2 changes of all that follow, of 1 that it may have)",
    )
    assert days(items) == ["01/12 08:00", "02/12 08:00"]


# ---- lessons, events, holidays ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("SUMMARY:LV2 - ESPAGNOL - ROUX C.", ("LV2 - ESPAGNOL", "ROUX C.", "SCHEDULED", None)),
        (
            "SUMMARY:UE 1 - Droit - Mme NOIR - M1\nDESCRIPTION:Matière : UE 1 - Droit\\nSalle : B1",
            ("UE 1 - Droit", "Mme NOIR - M1", "SCHEDULED", None),
        ),
        (
            "SUMMARY:VIE & TERRE - ROUX - X\nDESCRIPTION:Matière : VIE &amp\\; TERRE\\nProfesseur : ROUX",
            ("VIE & TERRE", "ROUX - X", "SCHEDULED", None),
        ),
        ("SUMMARY:Cours annulé", ("Cours annulé", None, "CANCELLED", "Cours annulé")),
        ("SUMMARY:Remplacement de M. Roux", ("Remplacement de M. Roux", None, "SCHEDULED", None)),
        ("SUMMARY:Sortie pédagogique - Musée", ("Sortie pédagogique", "Musée", "SCHEDULED", None)),
        (
            "SUMMARY:EPS\nCATEGORIES:Cours - Sortie pédagogique",
            ("EPS", None, "CANCELLED", "Sortie pédagogique"),
        ),
        ("SUMMARY:EPS\nCATEGORIES:Cours - Cours maintenu", ("EPS", None, "MAINTAINED", "Cours maintenu")),
        ("SUMMARY:EPS\nCATEGORIES:Cours - Reporté", ("EPS", None, "SCHEDULED", "Reporté")),
    ],
)
def test_title_teacher_and_state_of_a_lesson(
    tmp_path: Path, lines: str, expected: tuple[str | None, ...]
) -> None:
    items, _ = read(calendar(tmp_path, f"UID:a\n{SLOT}\n{lines}"))
    (lesson,) = of(items, r.Lesson)
    assert (lesson.title, lesson.memo, lesson.status, lesson.status_label) == expected
    unknown = "1 lessons are in a state that is not known, 'Reporté': shown with it, as scheduled"
    assert [one.text for one in of(items, Notice)] == ([unknown] if "Reporté" in lines else [])


def test_events_of_a_school_have_harmless_texts_and_links(tmp_path: Path) -> None:
    event = f"UID:a\n{SLOT}\nSUMMARY:Fête\nDESCRIPTION:Thé &amp\\; <b>jeux</b><script>x</script>\nURL:ftp://x.fr/a"
    items, _ = read(calendar(tmp_path, event), **{"as": "agenda"})
    (found,) = of(items, r.Event)
    row, cleaning = stored_row(found, NOW)
    assert (row["description"], row["online_url"]) == ("Thé &amp; <b>jeux</b>", None)
    assert cleaning == Cleaning([("online_url", "ftp://x.fr/a")], [("description", "<script>")])


def test_holidays_of_other_years_are_left_out_and_counted(tmp_path: Path) -> None:
    path = calendar(
        tmp_path,
        "UID:a\nDTSTART;VALUE=DATE:20261017\nDTEND;VALUE=DATE:20261102\nSUMMARY:Toussaint",
        "UID:b\nDTSTART;VALUE=DATE:20251018\nDTEND;VALUE=DATE:20251103\nSUMMARY:Toussaint",
        "UID:c\nDTSTART;VALUE=DATE:20261219\nSTATUS:CANCELLED\nSUMMARY:Noël",
    )
    items, report = read(path, **{"as": "holidays", "year": "2026"})
    (found,) = of(items, r.SchoolSettings)
    assert found.holidays == [{"name": "Toussaint", "start": "2026-10-17", "end": "2026-11-01"}]
    counts = report.entries["VEVENT"]
    assert (counts.read, counts.taken) == (3, 1)
    assert counts.left_out == {"outside of the school year 2026-2027": 1, "cancelled": 1}
    assert len(of(items, LeftOut)) == 2


def test_a_feed_says_nothing_of_lessons_before_its_first_though_it_lists_all_holidays(tmp_path: Path) -> None:
    path = calendar(
        tmp_path, f"UID:a\n{SLOT}\nSUMMARY:SVT", "UID:b\nDTSTART;VALUE=DATE:20260901\nSUMMARY:Rentrée"
    )
    assert reader("ical").inspect(path, {"school": UAI}).complete_since == date(2026, 11, 30)


def test_long_names_of_sources_stay_apart_and_short_ones_stay_as_they_are() -> None:
    first, second = (source_name("ical", UAI, "timetable", "Sixième " * 9 + one) for one in "AB")
    assert source_name("ical", UAI, "timetable", "6A") == f"ical:{UAI}:timetable:6A"
    assert first != second and len(first) == len(second) == 64
    assert first.startswith(f"ical:{UAI}:timetable:Sixième ")
