"""Timetable, lesson log and homework of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from adapters import records as r
from adapters.demo.names import SUBJECTS, THEMES
from adapters.demo.year import SOURCE, DemoSchool

SLOTS = ((8, 0), (9, 0), (10, 15), (11, 15), (13, 30), (14, 30), (15, 45))
WEEKLY = {code: weekly for code, _, weekly in SUBJECTS}
PREPARATIONS = (
    ("EXERCISE", "Exercices {n} et {m} page {p}."),
    ("LESSON_TO_LEARN", "Apprendre la leçon : {theme}."),
    ("READING", "Lire le chapitre {n} et préparer trois questions."),
    ("TEST_PREPARATION", "Réviser pour le contrôle : {theme}."),
    ("HOME_ASSIGNMENT", "Devoir maison n°{n}, à rendre rédigé."),
    ("BRING_MATERIAL", "Apporter compas, équerre et calculatrice."),
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A weekly lesson of a class: day, hour, subject, teacher, and for whom; `week` is A, B or empty."""

    weekday: int
    place: int
    subject: str
    teacher: str
    audience: str
    week: str


def rooms(school: DemoSchool) -> Iterator[r.Record]:
    """Yield the rooms."""
    for number in range(12):
        yield school.make(r.Room, f"room{number}", name=f"B{100 + number * 7}")


def _room(number: int, school: DemoSchool) -> str:
    return r.record_id(SOURCE, "Room", f"{school.record.external_id}:room{number % 12}")


def weekly_slots(school: DemoSchool, one: r.SchoolClass) -> list[Slot]:
    """Spread the subjects of a class over the week; single lessons of some subjects alternate A and B."""
    groups = [group for group in school.classes if one.id in group.parent_class_ids]
    wanted: list[tuple[r.Teaching, str, str]] = []
    for place in (one, *groups):
        for teaching in school.teachings_of[place.id]:
            subject = school.subjects.get(teaching.subject_id or "")
            weekly = WEEKLY.get(subject.code or "", 1) if subject else 1
            for number in range(weekly):
                alternating = weekly == 1 or number == 3
                wanted.append((teaching, place.id, "AB"[len(wanted) % 2] if alternating else ""))
    free = [(d, p) for p in range(len(SLOTS)) for d in range(5) if not (d == 2 and p > 3)]
    school.chance.shuffle(wanted)
    return [
        Slot(day, place, teaching.subject_id or "", teaching.staff_id, audience, week)
        for (day, place), (teaching, audience, week) in zip(sorted(free), wanted, strict=False)
    ]


def timetable(school: DemoSchool) -> Iterator[r.Record]:
    """Yield the dated lessons of the year with their contents and homework."""
    monday = school.year_start - timedelta(days=school.year_start.weekday())
    for number, one in enumerate(school.homerooms):
        slots = weekly_slots(school, one)
        previous: dict[str, r.Lesson] = {}
        for day in school.days:
            cycle = "AB"[(day - monday).days // 7 % 2]
            today = [s for s in slots if s.weekday == day.weekday() and s.week in ("", cycle)]
            for slot in today:
                made = list(_lesson(school, one, slot, day, number))
                yield from made
                lesson = made[-1]
                if lesson.status != "CANCELLED":
                    yield from _content(school, lesson)
                    yield from _homework(school, lesson, previous.get(slot.subject))
                    previous[slot.subject] = lesson


def _lesson(school: DemoSchool, one: r.SchoolClass, slot: Slot, day: date, number: int) -> Iterator[r.Lesson]:
    """Yield a lesson; now and then cancelled, moved to another room, or replaced by another lesson."""
    subject = school.subjects.get(slot.subject)
    starts = school.at(day, *SLOTS[slot.place])
    key = f"{one.external_id}:{day:%Y%m%d}:{slot.place}"
    grouped = slot.audience != one.id
    columns: dict[str, Any] = {
        "date": day,
        "title": subject.name.capitalize() if subject else "Vie de classe",
        "subject_id": slot.subject or None,
        "starts_at": starts,
        "ends_at": starts + timedelta(minutes=55),
        "teacher_ids": [slot.teacher],
        "room_ids": [_room(number + slot.place, school)],
        "class_ids": [slot.audience],
        "group_ids": [slot.audience] if grouped else [],
    }
    changed = school.at(day - timedelta(days=1), 17)
    fate = school.chance.random()
    if fate < 0.03:
        columns |= {"status": "CANCELLED", "cancellation_reason": "TEACHER_ABSENT"}
        yield school.make(r.Lesson, key, status_label="Prof. absent", modified_at=changed, **columns)
    elif fate < 0.045:
        yield from _replaced(school, key, columns, changed)
    elif fate < 0.07:
        planned = columns["room_ids"]
        columns |= {"room_ids": [_room(number + slot.place + 5, school)], "original_room_ids": planned}
        columns |= {"status": "CHANGED", "changes": ["ROOM"], "status_label": "Changement de salle"}
        yield school.make(r.Lesson, key, modified_at=changed, **columns)
    else:
        yield school.make(r.Lesson, key, has_test=fate > 0.96, **columns)


def _replaced(school: DemoSchool, key: str, columns: dict[str, Any], changed: Any) -> Iterator[r.Lesson]:
    """Yield the cancelled lesson, superseded, and the one that takes its place: both are in real feeds."""
    new = school.make(r.Lesson, f"{key}:replacement", **columns).id
    old = school.make(
        r.Lesson,
        key,
        modified_at=changed,
        is_superseded=True,
        replaced_by_id=new,
        status_label="Prof. absent",
        **{**columns, "status": "CANCELLED", "cancellation_reason": "TEACHER_ABSENT"},
    )
    yield old
    substitute = school.chance.choice(school.staff).id
    yield school.make(
        r.Lesson,
        f"{key}:replacement",
        modified_at=changed,
        replaces_id=old.id,
        status="ADDED",
        changes=["TEACHER", "SUBSTITUTION"],
        status_label="Remplacement",
        original_teacher_ids=columns["teacher_ids"],
        **{**columns, "teacher_ids": [substitute]},
    )


def _content(school: DemoSchool, lesson: r.Lesson) -> Iterator[r.Record]:
    """Yield what was taught; one planned lesson is not published yet, and must stay hidden."""
    if lesson.date > school.today + timedelta(days=7):
        return
    theme = school.chance.choice(THEMES)
    past = lesson.ends_at <= school.now
    yield school.make(
        r.LessonContent,
        f"content:{lesson.external_id}",
        date=lesson.date,
        class_ids=lesson.class_ids,
        lesson_id=lesson.id,
        subject_id=lesson.subject_id,
        teacher_ids=lesson.teacher_ids,
        kind="WRITTEN_TEST" if lesson.has_test else school.chance.choice(["COURSE", "COURSE", "TUTORIAL"]),
        title=theme,
        body=f"<p>{theme} : cours puis exercices d'application.</p>",
        themes=[theme],
        is_planned=not past,
        published_at=lesson.ends_at,
    )


def _homework(school: DemoSchool, lesson: r.Lesson, given_in: r.Lesson | None) -> Iterator[r.Record]:
    """Yield homework given in one lesson for the next of the same subject."""
    if given_in is None or given_in.date > school.today or school.chance.random() > 0.35:
        return
    kind, text = school.chance.choice(PREPARATIONS)
    n = school.chance.randrange(1, 12)
    theme = school.chance.choice(THEMES)
    key = f"homework:{lesson.external_id}"
    work = school.make(
        r.Homework,
        key,
        date=lesson.date,
        class_ids=lesson.class_ids,
        subject_id=lesson.subject_id,
        teacher_id=given_in.teacher_ids[0],
        kind=kind,
        title=theme,
        description=f"<p>{text.format(n=n, m=n + 2, p=n * 11, theme=theme)}</p>",
        given_on=given_in.date,
        due_at=lesson.starts_at if kind == "HOME_ASSIGNMENT" else None,
        due_lesson_id=lesson.id,
        given_lesson_id=given_in.id,
        is_test=kind == "TEST_PREPARATION",
        estimated_minutes=school.chance.choice([15, 20, 30, 45, None]),
        difficulty=school.chance.choice(["EASY", "MEDIUM", "HARD", None]),
        themes=[theme],
        published_at=given_in.ends_at,
    )
    yield work
    yield from _homework_details(school, work, given_in)


def _homework_details(school: DemoSchool, work: r.Homework, given_in: r.Lesson) -> Iterator[r.Record]:
    """Yield the sheet of a home assignment, and how far each student is."""
    key = work.external_id.partition(":")[2]
    if work.kind == "HOME_ASSIGNMENT":
        yield school.make(
            r.Attachment,
            f"{key}:sheet",
            record_id=work.id,
            name="sujet.pdf",
            url="https://demo.example/sujet.pdf",
            mime_type="application/pdf",
            size=48_213,
        )
    for student in school.students_of[work.class_ids[0]]:
        if school.chance.random() < (0.85 if work.date < school.today else 0.3):
            yield school.make(
                r.HomeworkProgress,
                f"{key}:{student.external_id}",
                homework_id=work.id,
                student_id=student.id,
                status="DONE" if school.chance.random() < 0.9 else "IN_PROGRESS",
                done_at=given_in.ends_at + timedelta(hours=7),
                done_by="STUDENT",
                done_mark_origin="SOURCE",
            )


def personal_homework(school: DemoSchool) -> Iterator[r.Record]:
    """Yield a note a family wrote for itself, which is nobody else's homework."""
    for student in school.students[:3]:
        due = school.coming_day(2)
        yield school.make(
            r.Homework,
            f"personal:{student.external_id}",
            date=due,
            student_ids=[student.id],
            kind="OTHER",
            title="Penser au sac de sport",
            description="<p>Préparer le sac la veille.</p>",
            given_on=school.today,
            is_personal=True,
        )
    for student in school.students[:2]:
        for number in range(2):
            day = school.coming_day(number)
            starts = school.at(day, 17)
            yield school.make(
                r.Lesson,
                f"detention:{student.external_id}:{number}",
                date=day,
                student_ids=[student.id],
                kind="DETENTION",
                title="Retenue",
                starts_at=starts,
                ends_at=starts + timedelta(hours=1),
                room_ids=[_room(0, school)],
                status="ADDED",
            )
