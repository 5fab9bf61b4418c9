"""Templates of grades and skills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters import records as r
from adapters.base import Item
from adapters.templates.columns import BadField, Column, Fields, Template, key_of
from adapters.templates.marks import BadMark, read_mark
from adapters.templates.shared_columns import CLASS, DAY, STUDENT, SUBJECT, TEACHER

MOST_WEIGHT = 100
WEIGHT_HELP = "Write a weight such as 1; for points that are taken away, write malus in the column weighting."
WEIGHTINGS = {
    "normal": "NORMAL",
    "bonus": "BONUS",
    "facultatif": "OPTIONAL",
    "facultative": "OPTIONAL",
    "malus": "MALUS",
    "non significatif": "NOT_SIGNIFICANT",
    "non significative": "NOT_SIGNIFICANT",
    "ne compte pas": "NOT_SIGNIFICANT",
}
LEVELS = (
    ("NA", "Non atteint", 1, "#e4002b"),
    ("PA", "Partiellement atteint", 2, "#ff9e1b"),
    ("A", "Atteint", 3, "#78be20"),
    ("D", "Dépassé", 4, "#00843d"),
)
"""The positions of the common core (socle commun, LSU): code, label, rank, colour."""


def _grade(fields: Fields, key: str) -> Iterator[Item]:
    """Make the grade and its assessment, which it shares with the rows that say the same of theirs."""
    try:
        mark = read_mark(fields.words("grade"), fields.text("out_of"))
    except BadMark as error:
        raise BadField(error.column, error.value, error.reason, error.remedy) from error
    subject, period, teacher = fields.subject(), fields.period(), fields.teacher()
    assert subject is not None
    day = fields.some_day("date")
    said: dict[str, Any] = {
        "title": fields.text("title"),
        "subject_id": subject,
        "period_id": period,
        "teacher_ids": [teacher] if teacher else [],
        "out_of": mark.out_of,
        "coefficient": fields.number("coefficient", MOST_WEIGHT, WEIGHT_HELP),
        "weighting": fields.choice("weighting", mark.weighting),
    }
    assessment = fields.known.common("Assessment", key_of([day, fields.text("class"), *said.values()]))
    yield r.Assessment(**assessment, **said)
    yield r.Grade(
        **fields.known.common("Grade", key),
        student_id=fields.student(),
        assessment_id=assessment["id"],
        subject_id=subject,
        period_id=period,
        date=day,
        status=mark.status,
        value=mark.value,
        display_value=mark.shown,
        comment=fields.text("comment"),
    )
    if mark.is_points:
        why = "points for an average are no mark; they are shown as written and count in no average here"
        fields.not_taken("grade", why, "Where they are a mark, write a number, and bonus in weighting.")


def _skill(fields: Fields, key: str) -> Iterator[Item]:
    """Make the scale, the skill, the evaluation and its one result."""
    known = fields.known
    scale = known.common("SkillScale", "socle")
    yield r.SkillScale(**scale, name="Socle commun")
    for position, (code, label, rank, color) in enumerate(LEVELS):
        yield r.SkillLevel(
            **known.common("SkillLevel", code),
            scale_id=scale["id"],
            position=position,
            code=code,
            label=label,
            abbreviation=code,
            rank=rank,
            color=color,
        )
    name, subject = fields.words("skill"), fields.subject()
    skill = known.common("Skill", key_of([name, subject]))
    yield r.Skill(**skill, label=name, subject_id=subject)
    said: dict[str, Any] = {
        "student_id": fields.student(),
        "title": fields.text("title") or name,
        "subject_id": subject,
        "period_id": fields.period(),
        "date": fields.some_day("date"),
    }
    evaluation = known.common("SkillEvaluation", key_of(said.values()))
    yield r.SkillEvaluation(**evaluation, **said)
    level = fields.choice("level", "NA")
    yield r.SkillResult(
        **known.common("SkillResult", key),
        evaluation_id=evaluation["id"],
        student_id=said["student_id"],
        skill_id=skill["id"],
        level_id=known.common("SkillLevel", level)["id"],
        comment=fields.text("comment"),
    )


PERIOD = Column("period", "Grading period.", ("période", "trimestre"), "Trimestre 1")
REQUIRED_SUBJECT = Column("subject", SUBJECT.help, SUBJECT.also, SUBJECT.example, required=True)
COMMENT = Column("comment", "Comment of the teacher.", ("appréciation", "commentaire", "remarque"))

ASSESSMENT = (
    Template(
        "grades",
        "Grades",
        ("notes", "évaluations"),
        (
            *STUDENT,
            REQUIRED_SUBJECT,
            DAY,
            Column(
                "grade",
                "Grade, or what stands for it: Abs, Disp, N.Not, Non rendu, A+. "
                "(13) does not count, 13* only where it raises the average.",
                ("note", "valeur", "résultat"),
                "12,5",
                required=True,
            ),
            Column("out_of", "Highest grade; 20 where it is empty.", ("sur", "barème", "note sur"), "20"),
            Column(
                "title",
                "Name of the assessment.",
                ("titre", "devoir", "évaluation", "intitulé"),
                "Contrôle 1",
            ),
            Column(
                "coefficient", "Weight, from 0 to 100; unknown where it is empty.", ("coef", "coeff"), "1"
            ),
            Column(
                "weighting",
                "How it counts, where that is not as usual.",
                ("pondération", "compte"),
                "facultatif",
                choices=WEIGHTINGS,
            ),
            CLASS,
            PERIOD,
            TEACHER,
            COMMENT,
        ),
        ("student_number", "ine", "last_name", "first_name", "subject", "date", "title"),
        _grade,
    ),
    Template(
        "skills",
        "Skills",
        ("compétences", "acquisitions"),
        (
            *STUDENT,
            CLASS,
            DAY,
            Column("skill", "Skill.", ("compétence", "item"), "Écrire", required=True),
            Column(
                "level",
                "Level reached.",
                ("niveau", "positionnement", "maîtrise"),
                "A",
                required=True,
                choices={label: code for code, label, _, _ in LEVELS}
                | {
                    "1": "NA",
                    "2": "PA",
                    "3": "A",
                    "4": "D",
                    "insuffisant": "NA",
                    "fragile": "PA",
                    "satisfaisant": "A",
                    "très bonne": "D",
                },
            ),
            SUBJECT,
            Column("title", "Name of the assessment.", ("titre", "évaluation")),
            PERIOD,
            COMMENT,
        ),
        ("student_number", "ine", "last_name", "first_name", "date", "skill", "title"),
        _skill,
    ),
)
