"""Grades, averages and skills of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from adapters import records as r
from adapters.demo.names import THEMES
from adapters.demo.year import SOURCE, DemoSchool

LEVELS = (
    ("NOT_ACQUIRED", "Maîtrise insuffisante", "MI", "#D64541", 1, 10.0),
    ("IN_PROGRESS", "Maîtrise fragile", "MF", "#F39C12", 2, 25.0),
    ("ACQUIRED", "Maîtrise satisfaisante", "MS", "#7DC242", 3, 40.0),
    ("EXPERT", "Très bonne maîtrise", "TBM", "#1E8449", 4, 50.0),
    ("ABSENT", "Absent", "Abs", None, None, None),
    ("NOT_EVALUATED", "Non évalué", "N.Ev", None, None, None),
)
DOMAINS = (
    ("D1.1", "Comprendre, s'exprimer en utilisant la langue française"),
    ("D1.3", "Comprendre, s'exprimer en utilisant les langages mathématiques"),
    ("D4", "Les systèmes naturels et les systèmes techniques"),
)
SPECIAL = (
    ("ABSENT", "Abs"),
    ("NOT_SUBMITTED", "N.Rdu"),
    ("NOT_GRADED", "N.Not"),
    ("EXEMPTED", "Disp"),
    ("ABSENT_ZERO", "0"),
    ("LETTER", "A+"),
)


def skill_framework(school: DemoSchool) -> Iterator[r.Record]:
    """Yield the scale of the school, domains and skills."""
    scale = school.make(r.SkillScale, "scale", name="Socle commun, quatre niveaux")
    yield scale
    for position, (code, label, short, color, rank, points) in enumerate(LEVELS):
        yield school.make(
            r.SkillLevel,
            f"level:{code}",
            scale_id=scale.id,
            position=position,
            code=code,
            label=label,
            abbreviation=short,
            color=color,
            rank=rank,
            points=points,
        )
    for number, (code, label) in enumerate(DOMAINS):
        domain = school.make(r.SkillDomain, f"domain:{code}", code=code, label=label)
        yield domain
        for index in range(2):
            yield school.make(
                r.Skill,
                f"skill:{number}:{index}",
                code=f"{code}.{index + 1}",
                label=("Raisonner et justifier", "Communiquer à l'écrit")[index],
                domain_id=domain.id,
                cycle=4,
            )


def _skill(school: DemoSchool, number: int) -> str:
    key = f"{school.record.external_id}:skill:{number % 3}:{number % 2}"
    return r.record_id(SOURCE, "Skill", key)


def _level(school: DemoSchool, code: str) -> str:
    return r.record_id(SOURCE, "SkillLevel", f"{school.record.external_id}:level:{code}")


def sub_subjects(school: DemoSchool, teaching: r.Teaching) -> list[r.Subject]:
    """Return the parts of French; other subjects have none."""
    subject = school.subjects.get(teaching.subject_id or "")
    if subject is None or subject.code != "020700":
        return []
    return [
        school.make(
            r.Subject, f"part:{name}", code=f"020700-{index}", name=f"Français, {name}", parent_id=subject.id
        )
        for index, name in enumerate(("écrit", "oral"))
    ]


def grades(school: DemoSchool) -> Iterator[r.Record]:
    """Yield three to four assessments a subject and trimester so far, with a grade for every student."""
    for one in school.homerooms:
        groups = [group for group in school.classes if one.id in group.parent_class_ids]
        for place in (one, *groups):
            for teaching in school.teachings_of[place.id]:
                parts = sub_subjects(school, teaching)
                yield from parts
                yield from _assessments(school, place, teaching, parts)


def _assessments(
    school: DemoSchool, place: r.SchoolClass, teaching: r.Teaching, parts: list[r.Subject]
) -> Iterator[r.Record]:
    days = [day for day in school.days if day <= school.today + timedelta(days=5)]
    for number, day in enumerate(days[10::14]):
        subject = parts[number % 2].id if parts else teaching.subject_id
        if subject is None:
            continue
        key = f"assessment:{place.external_id}:{teaching.subject_id}:{number}"
        yield from _assessment(school, place, teaching, subject, day, number, key)


def _assessment(
    school: DemoSchool,
    place: r.SchoolClass,
    teaching: r.Teaching,
    subject: str,
    day: date,
    number: int,
    key: str,
) -> Iterator[r.Record]:
    out_of = school.chance.choice([20.0, 20.0, 20.0, 10.0, 5.0])
    weighting = ("NORMAL", "NORMAL", "NORMAL", "OPTIONAL", "NORMAL", "BONUS")[number % 6]
    theme = school.chance.choice(THEMES)
    students = school.students_of[place.id]
    values = {s.id: round(out_of * school.chance.triangular(0.2, 1.0, 0.68) * 2) / 2 for s in students}
    assessment = school.make(
        r.Assessment,
        key,
        title=theme,
        subject_id=subject,
        period_id=school.period_of(day),
        teacher_ids=[teaching.staff_id],
        kind=school.chance.choice(["WRITTEN_TEST", "QUIZ", "ORAL_TEST", "HOME_ASSIGNMENT"]),
        out_of=out_of,
        coefficient=None if school.number == 1 else school.chance.choice([1.0, 1.0, 2.0, 0.5]),
        weighting=weighting,
        is_rescaled_to20=number % 4 != 1,
        class_average=round(sum(values.values()) / len(values), 2) if values else None,
        class_min=min(values.values(), default=None),
        class_max=max(values.values(), default=None),
        class_count=len(values),
    )
    yield assessment
    with_skills = number % 3 == 0
    for student in students:
        yield from _grade(school, assessment, student, values[student.id], day, with_skills, key)


def _grade(
    school: DemoSchool,
    assessment: r.Assessment,
    student: r.Student,
    value: float,
    day: date,
    with_skills: bool,
    key: str,
) -> Iterator[r.Record]:
    """Yield one grade; one in twelve is not a number, and some are published only in days to come."""
    status, shown = "GRADED", f"{value:g}".replace(".", ",")
    if school.chance.random() < 0.08:
        status, shown = school.chance.choice(SPECIAL)
    number = {"GRADED": value, "ABSENT_ZERO": 0.0}.get(status)
    published = school.at(day + timedelta(days=3), 18)
    grade = school.make(
        r.Grade,
        f"{key}:{student.external_id}",
        student_id=student.id,
        assessment_id=assessment.id,
        subject_id=assessment.subject_id,
        period_id=assessment.period_id,
        date=day,
        entered_at=published - timedelta(days=1),
        published_at=published,
        status=status,
        value=number,
        display_value=shown,
        comment="Bon travail." if school.chance.random() < 0.2 else None,
    )
    yield grade
    if with_skills:
        yield from _skills(school, assessment, grade, key)


def _skills(school: DemoSchool, assessment: r.Assessment, grade: r.Grade, key: str) -> Iterator[r.Record]:
    shared: dict[str, Any] = {"student_id": grade.student_id, "assessment_id": assessment.id}
    evaluation = school.make(
        r.SkillEvaluation,
        f"{key}:skills:{grade.student_id}",
        grade_id=grade.id,
        title=assessment.title or "",
        subject_id=assessment.subject_id,
        period_id=assessment.period_id,
        teacher_ids=assessment.teacher_ids,
        date=grade.date,
        published_at=grade.published_at,
        kind=assessment.kind,
        **shared,
    )
    yield evaluation
    for position in range(2):
        code = "ABSENT" if grade.status == "ABSENT" else school.chance.choice(LEVELS[:4])[0]
        yield school.make(
            r.SkillResult,
            f"{key}:skills:{grade.student_id}:{position}",
            evaluation_id=evaluation.id,
            position=position,
            skill_id=_skill(school, position + len(key)),
            level_id=_level(school, code),
            coefficient=1.0,
            **shared,
        )


def source_averages(school: DemoSchool) -> Iterator[r.Record]:
    """Yield coefficients of subjects everywhere, and the source's own averages in the first school only."""
    for one in school.homerooms:
        for student in school.students_of[one.id]:
            for teaching in school.teachings_of[one.id]:
                subject = school.subjects.get(teaching.subject_id or "")
                if subject is None:
                    continue
                given = school.number == 0 and subject.code == "061300"
                yield school.make(
                    r.SubjectAverage,
                    f"average:{student.external_id}:{subject.code}",
                    student_id=student.id,
                    period_id=school.period_id(1),
                    subject_id=subject.id,
                    teacher_ids=[teaching.staff_id],
                    value=round(school.chance.triangular(6, 18, 12), 2) if given else None,
                    class_average=round(school.chance.uniform(10.5, 13.5), 2) if given else None,
                    coefficient=3.0 if subject.code in ("020700", "061300") else 1.0,
                    headcount=len(school.students_of[one.id]),
                    appreciation="Un trimestre sérieux." if given else None,
                )
