"""Templates of lessons, their contents, homework and the school year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from adapters import records as r
from adapters.templates.columns import BadField, Column, Fields, Template
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


def _for_whom(fields: Fields) -> dict[str, Any]:
    """Return classes, or else the student of the row. Raises BadField."""
    classes = fields.classes()
    return {"class_ids": classes} if classes else {"student_ids": [fields.student()]}


def _homework(fields: Fields, key: str) -> Iterator[r.Record]:
    teacher = fields.teacher()
    yield r.Homework(
        **fields.known.common("Homework", key),
        **_for_whom(fields),
        date=fields.some_day("due_date"),
        given_on=fields.day("given_on"),
        subject_id=fields.subject(),
        teacher_id=teacher,
        kind=fields.choice("kind", "EXERCISE"),
        title=fields.text("title"),
        description=fields.text("description"),
        is_test=fields.flag("is_test"),
    )


def _lesson(fields: Fields, key: str) -> Iterator[r.Record]:
    teacher, room = fields.teacher(), fields.text("room")
    rooms = [fields.mention(r.Room, room, "room", room, name=room)] if room else []
    starts_at, ends_at = fields.moment("date", "start_time"), fields.moment("date", "end_time")
    if ends_at <= starts_at:
        raise BadField("end_time", fields.text("end_time") or "", "is not after the begin", "Correct it.")
    yield r.Lesson(
        **fields.known.common("Lesson", key),
        **_for_whom(fields),
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


def _content(fields: Fields, key: str) -> Iterator[r.Record]:
    teacher = fields.teacher()
    yield r.LessonContent(
        **fields.known.common("LessonContent", key),
        **_for_whom(fields),
        date=fields.some_day("date"),
        subject_id=fields.subject(),
        teacher_ids=[teacher] if teacher else [],
        title=fields.text("title"),
        body=fields.text("description"),
    )


def _holiday(fields: Fields, key: str) -> Iterator[r.Record]:
    """Make the year of the school from all rows read so far; the last one counts."""
    start, end = fields.some_day("start_date"), fields.some_day("end_date")
    if end < start:
        raise BadField("end_date", end.isoformat(), "lies before the start", "Correct it.")
    year = start.year if start.month >= 8 else start.year - 1
    fields.known.holidays.append(
        {"name": fields.words("name"), "start": start.isoformat(), "end": end.isoformat()}
    )
    first, last = date(year, 9, 1), date(year + 1, 7, 31)
    here = f"{year}-08", f"{year + 1}-08"
    found = [one for one in fields.known.holidays if here[0] <= one["start"] < here[1]]
    yield r.SchoolSettings(
        **fields.known.common("SchoolSettings", "holidays"),
        year_label=f"{year}-{year + 1}",
        year_start=first,
        year_end=last,
        holidays=sorted(found, key=lambda one: one["start"]),
    )


def _period(fields: Fields, key: str) -> Iterator[r.Record]:
    yield r.GradingPeriod(
        **fields.known.common("GradingPeriod", key),
        name=fields.words("name"),
        kind=fields.choice("kind", "OTHER"),
        start_date=fields.some_day("start_date"),
        end_date=fields.some_day("end_date"),
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
        "holidays", "Holidays", ("vacances", "congés"), (NAME, FIRST, LAST), ("name", "start_date"), _holiday
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
