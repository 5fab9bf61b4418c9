"""Templates of lessons, their contents, homework and the school year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from adapters import records as r
from adapters.base import Item, Used
from adapters.templates.audiences import audience
from adapters.templates.columns import BadField, Column, Fields, Known, Template
from adapters.templates.shared_columns import (
    BODY,
    CLASSES,
    DAY,
    END,
    START,
    STUDENT,
    SUBJECT,
    TEACHER,
)

HOMEWORK_KINDS = {
    "exercice": "EXERCISE",
    "leçon": "LESSON_TO_LEARN",
    "lecture": "READING",
    "contrôle": "TEST_PREPARATION",
    "devoir maison": "HOME_ASSIGNMENT",
    "DM": "HOME_ASSIGNMENT",
    "projet": "PROJECT",
    "matériel": "BRING_MATERIAL",
    "autre": "OTHER",
}
CANCELLED = {"annulé": "CANCELLED", "prévu": "SCHEDULED", "maintenu": "SCHEDULED"}


def _homework(fields: Fields, key: str) -> Iterator[Item]:
    teacher = fields.teacher()
    yield r.Homework(
        **fields.known.common("Homework", key),
        **audience(fields),
        date=fields.some_day("due_date"),
        given_on=fields.day("given_on"),
        subject_id=fields.subject(),
        teacher_id=teacher,
        kind=fields.choice("kind", "EXERCISE"),
        title=fields.text("title"),
        description=fields.markup("description"),
        is_test=fields.flag("is_test"),
    )


def _lesson(fields: Fields, key: str) -> Iterator[Item]:
    teacher, room = fields.teacher(), fields.text("room")
    rooms = [fields.mention(r.Room, room, "room", room, name=room)] if room else []
    starts_at, ends_at = fields.moment("date", "start_time"), fields.moment("date", "end_time")
    if ends_at <= starts_at:
        raise BadField("end_time", fields.text("end_time") or "", "is not after the begin", "Correct it.")
    yield r.Lesson(
        **fields.known.common("Lesson", key),
        **audience(fields),
        date=fields.some_day("date"),
        title=fields.words("subject"),
        subject_id=fields.subject(),
        starts_at=starts_at,
        ends_at=ends_at,
        status=fields.choice("status", "SCHEDULED"),
        cancellation_reason=fields.text("reason"),
        teacher_ids=[teacher] if teacher else [],
        room_ids=rooms,
    )


def _content(fields: Fields, key: str) -> Iterator[Item]:
    teacher = fields.teacher()
    yield r.LessonContent(
        **fields.known.common("LessonContent", key),
        **audience(fields),
        date=fields.some_day("date"),
        subject_id=fields.subject(),
        teacher_ids=[teacher] if teacher else [],
        title=fields.text("title"),
        body=fields.markup("description"),
    )


def _holiday(fields: Fields, _key: str) -> Iterator[Item]:
    """Note a row; the holidays of one school year are one record, made when all are read."""
    start, end = fields.some_day("start_date"), fields.some_day("end_date")
    if end < start:
        raise BadField("end_date", end.isoformat(), "lies before the start", "Correct it.")
    year, holidays = _school_year(start), fields.known.holidays
    if holidays and year != _school_year(date.fromisoformat(holidays[0]["start"])):
        why = f"is of another school year than the rows before: {year}-{year + 1}"
        do = "Keep the holidays of one school year in the table."
        raise BadField("start_date", start.isoformat(), why, do)
    holidays.append({"name": fields.words("name"), "start": start.isoformat(), "end": end.isoformat()})
    yield Used()


def _year_of_holidays(known: Known) -> Iterator[Item]:
    """Make the school year from its holidays."""
    if not known.holidays:
        return
    year = _school_year(date.fromisoformat(known.holidays[0]["start"]))
    yield r.SchoolSettings(
        **known.common("SchoolSettings", "holidays"),
        year_label=f"{year}-{year + 1}",
        year_start=date(year, 9, 1),
        year_end=date(year + 1, 7, 31),
        holidays=sorted(known.holidays, key=lambda one: one["start"]),
    )


def _school_year(day: date) -> int:
    return day.year if day.month >= 8 else day.year - 1


def _period(fields: Fields, key: str) -> Iterator[Item]:
    start, end = fields.some_day("start_date"), fields.some_day("end_date")
    if end < start:
        raise BadField("end_date", end.isoformat(), "lies before the start", "Correct it.")
    yield r.GradingPeriod(
        **fields.known.common("GradingPeriod", key),
        name=fields.words("name"),
        kind=fields.choice("kind", "OTHER"),
        start_date=start,
        end_date=end,
    )


NAME = Column("name", "Name.", ("nom", "libellé"), "Vacances de la Toussaint", required=True)
FIRST = Column("start_date", "First day.", ("date de début", "du", "début"), "2026-10-17", required=True)
LAST = Column("end_date", "Last day.", ("date de fin", "au", "fin"), "2026-11-02", required=True)
PERIOD_KINDS = {"trimestre": "TRIMESTER", "semestre": "SEMESTER", "année": "YEAR", "autre": "OTHER"}

LEARNING = (
    Template(
        "homework",
        "Homework",
        ("devoirs", "travail"),
        (
            Column(
                "due_date",
                "Day for which it is due.",
                ("pour le", "à rendre le", "échéance"),
                "2026-11-27",
                required=True,
            ),
            CLASSES,
            SUBJECT,
            *STUDENT,
            TEACHER,
            Column("title", "Title.", ("titre", "intitulé", "travail à faire"), "Exercices 3 et 4"),
            BODY,
            Column("kind", "Kind.", ("type", "nature"), "exercice", choices=HOMEWORK_KINDS),
            Column("given_on", "Day on which it was given.", ("donné le",), "2026-11-23"),
            Column("is_test", "`oui`: a test on that day.", ("contrôle", "évaluation")),
        ),
        ("due_date", "classes", "student_number", "last_name", "first_name", "subject", "title"),
        _homework,
    ),
    Template(
        "lessons",
        "Lessons",
        ("cours", "emploi du temps"),
        (
            DAY,
            Column("start_time", START.help, START.also, "08:15", required=True),
            Column("end_time", END.help, END.also, "09:10", required=True),
            Column("subject", SUBJECT.help, SUBJECT.also, SUBJECT.example, required=True),
            CLASSES,
            *STUDENT,
            TEACHER,
            Column("room", "Room.", ("salle",), "B12"),
            Column("status", "`annulé` where it does not take place.", ("statut", "état"), choices=CANCELLED),
            Column("reason", "Why it does not take place.", ("motif",)),
        ),
        ("date", "start_time", "classes", "student_number", "last_name", "first_name", "subject"),
        _lesson,
    ),
    Template(
        "lesson-contents",
        "Lesson contents",
        ("contenus", "cahier de textes", "séances"),
        (
            DAY,
            CLASSES,
            SUBJECT,
            *STUDENT,
            TEACHER,
            Column("title", "Title.", ("titre", "intitulé")),
            Column("description", "What was done.", ("contenu", "contenu de séance", "texte"), required=True),
        ),
        ("date", "classes", "student_number", "last_name", "first_name", "subject", "title"),
        _content,
    ),
    Template(
        "holidays",
        "Holidays",
        ("vacances", "congés"),
        (NAME, FIRST, LAST),
        ("name", "start_date"),
        _holiday,
        _year_of_holidays,
    ),
    Template(
        "periods",
        "Grading periods",
        ("périodes", "trimestres"),
        (
            NAME,
            FIRST,
            LAST,
            Column("kind", "Kind.", ("type",), "trimestre", required=True, choices=PERIOD_KINDS),
        ),
        ("name", "start_date"),
        _period,
    ),
)
