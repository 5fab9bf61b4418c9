"""Templates of grades and skills."""

from __future__ import annotations

from collections.abc import Iterator

from adapters import records as r
from adapters.templates.columns import BadField, Column, Fields, Template
from adapters.templates.shared_columns import DAY, STUDENT, SUBJECT, TEACHER

MARKS = {
    "abs": "ABSENT",
    "absent": "ABSENT",
    "disp": "EXEMPTED",
    "dispense": "EXEMPTED",
    "dispensé": "EXEMPTED",
    "inapte": "UNFIT",
    "nnot": "NOT_GRADED",
    "nonnote": "NOT_GRADED",
    "nonrendu": "NOT_SUBMITTED",
    "nr": "NOT_SUBMITTED",
    "abs0": "ABSENT_ZERO",
    "nonrendu0": "NOT_SUBMITTED_ZERO",
    "nonevalue": "NOT_EVALUATED",
    "ne": "NOT_EVALUATED",
    "enattente": "PENDING",
}
"""What stands for a grade where there is none, folded."""
MARK_BY_WORD = {r.folded(word): status for word, status in MARKS.items()}
MOST_BONUS = 2
"""How many times the highest grade a grade may be; bonus points go beyond it."""
LEVELS = (
    ("NA", "Non atteint", 1, "#e4002b"),
    ("PA", "Partiellement atteint", 2, "#ff9e1b"),
    ("A", "Atteint", 3, "#78be20"),
    ("D", "Dépassé", 4, "#00843d"),
)
"""The positions of the common core (socle commun, LSU): code, label, rank, colour."""


def _grade(fields: Fields, key: str) -> Iterator[r.Record]:
    written, out_of = fields.words("grade"), fields.number("out_of") or 20.0
    status = MARK_BY_WORD.get(r.folded(written), "GRADED")
    value = fields.number("grade") if status == "GRADED" else None
    if value is not None and not 0 <= value <= MOST_BONUS * out_of:
        raise BadField("grade", written, f"is no grade out of {out_of:g}", "Correct it, or out_of.")
    subject, period, teacher = fields.subject(), fields.period(), fields.teacher()
    assert subject is not None
    title, day = fields.text("title"), fields.some_day("date")
    parts = (day.isoformat(), r.folded(fields.text("subject")), r.folded(title), f"{out_of:g}")
    assessment = fields.known.common("Assessment", ":".join(parts))
    yield r.Assessment(
        **assessment,
        title=title,
        subject_id=subject,
        period_id=period,
        teacher_ids=[teacher] if teacher else [],
        out_of=out_of,
        coefficient=fields.number("coefficient"),
    )
    yield r.Grade(
        **fields.known.common("Grade", key),
        student_id=fields.student(),
        assessment_id=assessment["id"],
        subject_id=subject,
        period_id=period,
        date=day,
        status=status,
        value=value,
        display_value=written,
        comment=fields.text("comment"),
    )


def _skill(fields: Fields, key: str) -> Iterator[r.Record]:
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
    name, student, day = fields.words("skill"), fields.student(), fields.some_day("date")
    skill = known.common("Skill", r.folded(name))
    yield r.Skill(**skill, label=name, subject_id=fields.subject())
    title = fields.text("title") or name
    evaluation = known.common("SkillEvaluation", f"{student}:{day}:{r.folded(title)}")
    yield r.SkillEvaluation(
        **evaluation,
        student_id=student,
        title=title,
        subject_id=fields.subject(),
        period_id=fields.period(),
        date=day,
    )
    level = fields.choice("level", "NA")
    yield r.SkillResult(
        **known.common("SkillResult", key),
        evaluation_id=evaluation["id"],
        student_id=student,
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
                "Grade, or Abs, Disp, N.Not, Non rendu.",
                ("note", "valeur", "résultat"),
                "12,5",
                required=True,
            ),
            Column("out_of", "Highest grade; 20 where it is empty.", ("sur", "barème"), "20"),
            Column(
                "title",
                "Name of the assessment.",
                ("titre", "devoir", "évaluation", "intitulé"),
                "Contrôle 1",
            ),
            Column("coefficient", "Weight.", ("coef", "coeff"), "1"),
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
