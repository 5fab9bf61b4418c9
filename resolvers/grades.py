"""Grades: what the source says, and what the school chose to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Row
from resolvers.averages import COUNTING_STATUSES, Mark, average, counts, exact
from resolvers.connections import student_connection
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import (
    Attachment,
    ClassStatistics,
    Grade,
    GradeConnection,
    GradingPeriod,
    SkillResult,
    StaffMember,
    Subject,
)

fields = Fields()
student_connection(fields, "grades", GradeConnection, Grade, "Student.grades", knows_period=True)
fields.to_one(Grade, "subject", Subject, "subject_id")
fields.to_one(Grade, "period", GradingPeriod, "period_id")
fields.to_many(Grade, "teachers", StaffMember, "teacher_ids")

MARK_COLUMNS = (
    "subject_id",
    "period_id",
    "date",
    "status",
    "value",
    "out_of",
    "coefficient",
    "weighting",
    "is_rescaled_to20",
)
NUMERIC = COUNTING_STATUSES


def mark(row: Row) -> Mark:
    """Read a grade as a term of an average."""
    return Mark(
        value=row["value"],
        out_of=row["out_of"],
        coefficient=row["coefficient"],
        weighting=row["weighting"],
        is_rescaled=row["is_rescaled_to20"],
        status=row["status"],
    )


@fields.derive(Grade, "value", "value", "status")
def value(row: Row, _context: RequestContext) -> float | None:
    """Give a number only where the status says there is one; an absence is never 0."""
    return row["value"] if row["status"] in NUMERIC else None


@fields.derive(Grade, "value_out_of_20", "value", "status", "out_of")
def value_out_of_20(row: Row, _context: RequestContext) -> float | None:
    """Bring a number to the scale of 20."""
    if row["status"] not in NUMERIC or row["value"] is None or not row["out_of"]:
        return None
    return float(20 * exact(row["value"]) / exact(row["out_of"]))


@fields.derive(Grade, "coefficient", "coefficient", "school_id")
def coefficient(row: Row, context: RequestContext) -> float | None:
    """Hide coefficients where the school hides them; never put 1 in their place."""
    return row["coefficient"] if context.shows(row, "show_coefficients") else None


STATISTICS = ("class_average", "class_min", "class_max", "class_median", "class_count", "rank")


@fields.derive(Grade, "class_statistics", "school_id", *STATISTICS, of=ClassStatistics)
def class_statistics(row: Row, context: RequestContext) -> Row | None:
    """Gather the figures of the class, where the school shows them."""
    if not context.shows(row, "show_class_statistics"):
        return None
    figures = {name.removeprefix("class_"): row[name] for name in STATISTICS}
    if not context.shows(row, "show_rank"):
        figures["rank"] = None
    return figures if any(figure is not None for figure in figures.values()) else None


@fields.edge(
    Grade,
    "counts_in_average",
    "status",
    "value",
    "out_of",
    "coefficient",
    "weighting",
    "subject_id",
    "period_id",
)
async def counts_in_average(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """An optional grade counts only if it was kept, which the other grades of its subject decide."""
    students = list(dict.fromkeys(parent._student for parent in parents))
    period_ids = tuple({parent.period_id for parent in parents if parent.period_id})
    owners = [context.student_parent(student) for student in students]
    answers = await context.fetch(ask("Student.grades", period_id=period_ids), owners, MARK_COLUMNS)
    kept: set[str] = set()
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        kept |= _kept(answer.rows)
    return [
        parent._id in kept if parent.weighting == "OPTIONAL" else counts(mark(_as_read(parent)))
        for parent in parents
    ]


def _as_read(grade: Any) -> Row:
    """Return a grade as the source gave it, also what the school hides from guardians."""
    row: Row = {"is_rescaled_to20": True, **grade.__dict__, **grade.__dict__.get("_hidden", {})}
    return row


def _kept(rows: Sequence[Row]) -> set[str]:
    """Return the ids of the grades that enter the average of their subject and period."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["subject_id"], row["period_id"]), []).append(row)
    kept = set()
    for group in groups.values():
        found = average([mark(row) for row in group])
        kept |= {group[position]["id"] for position in found.counted} if found else set()
    return kept


def _file(name: str, role: str) -> None:
    async def batch(
        context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        question = ask("Record.attachments", role=(role,))
        found = await context.listed(question, Attachment, parents, selection, key="assessment_id")
        return [one[0] if isinstance(one, list) and one else None for one in found]

    fields.edge(Grade, name, "assessment_id")(batch)


_file("subject_file", "SUBJECT")
_file("correction_file", "CORRECTION")
fields.children(Grade, "skill_results", SkillResult, "Assessment.skill_results", key="assessment_id")
