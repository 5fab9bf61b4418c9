"""Absences, lateness and their justification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Row
from resolvers.acknowledgements import own_guardian_edge, relation_label
from resolvers.calendar import bounded, windows
from resolvers.connections import student_connection
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import keys
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import (
    Absence,
    AbsenceConnection,
    AbsenceJustification,
    AbsenceReason,
    Attachment,
    AttendanceSummary,
    Student,
    Subject,
)

fields = Fields()
student_connection(fields, "absences", AbsenceConnection, Absence, "Student.absences")
fields.to_one(Absence, "subject", Subject, "subject_id")
fields.to_one(Absence, "reason", AbsenceReason, "reason_id")
fields.children(Absence, "justifications", AbsenceJustification, "Absence.justifications")
fields.to_one(AbsenceJustification, "reason", AbsenceReason, "reason_id")
fields.children(AbsenceJustification, "attachments", Attachment, "Record.attachments")
fields.to_one(AttendanceSummary, "student", Student, "_student")


@fields.derive(Absence, "is_ongoing", "starts_at", "ends_at")
def is_ongoing(row: Row, context: RequestContext) -> bool:
    """Tell whether an absence has begun and not ended."""
    return bool(row["ends_at"] is None and row["starts_at"] <= context.now)


@fields.derive(Absence, "is_planned", "starts_at")
def is_planned(row: Row, context: RequestContext) -> bool:
    """Tell whether an absence lies in the future."""
    return bool(row["starts_at"] > context.now)


@fields.derive(Absence, "is_justified", "justification_status")
def is_justified(row: Row, _context: RequestContext) -> bool:
    """Only what the school accepted is justified; a justification sent is not."""
    return bool(row["justification_status"] == "ACCEPTED")


@fields.derive(Absence, "can_justify", "justification_status", "school_id")
def can_justify(row: Row, context: RequestContext) -> bool:
    """The school waits for the guardian, takes answers online, and the caller has the right."""
    waits = row["justification_status"] in ("AWAITING_GUARDIAN", "REJECTED")
    online = bool(context.policy(row).get("online_justification", False))
    return (
        waits
        and online
        and context.takes_answers(row["_source"])
        and context.permits(row["_student"], "JUSTIFY_ABSENCE")
    )


@fields.derive(AbsenceJustification, "comment", "comment", "guardian_id")
def justification_comment(row: Row, context: RequestContext) -> str | None:
    """Hide what the other guardian wrote."""
    return row["comment"] if row["guardian_id"] in (None, context.caller.person_id) else None


@fields.derive(AbsenceJustification, "author_name", "author_name", "guardian_id")
def justification_author(row: Row, context: RequestContext) -> str:
    """Name the caller; of another guardian say only that."""
    return relation_label(row["author_name"], row["guardian_id"], context)


own_guardian_edge(fields, AbsenceJustification, "author", "guardian_id")


@fields.edge(Student, "absence_reasons", "school_id")
async def absence_reasons(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List the reasons a guardian may choose, of the kind where one is given."""
    question = ask("School.absence_reasons", selectable_by_guardian=(True,))
    kind = arguments.get("kind")
    name = "AbsenceReason"
    columns = (*context.columns(name, selection), "kinds")
    results: list[Any] = []
    for answer in await context.fetch(question, parents, columns, key="school_id"):
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        rows = [row for row in answer.rows if not (kind and row["kinds"]) or kind in row["kinds"]]
        results.append(context.build(name, rows, selection))
    return results


SUMMARY_COLUMNS = ("kind", "minutes_missed", "half_days_missed", "justification_status", "counts_in_totals")


@fields.edge(Student, "attendance_summary")
async def attendance_summary(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Count the absences of a window, the school year by default."""
    given = {**arguments, "range": "SCHOOL_YEAR"}
    period = keys([arguments["period_id"]], "GradingPeriod") if arguments.get("period_id") else None
    if period:
        given |= await context.period_dates(period)
    spans = await windows(context, [parent._student for parent in parents], given)
    answers = await context.fetch(ask("Student.absences", windows=spans), parents, SUMMARY_COLUMNS)
    results: list[Any] = []
    for parent, answer in zip(parents, answers, strict=True):
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        lower, upper = bounded(context, spans[parent._student], parent._school)
        school = context.scope.schools.get(parent._school or "", {})
        row = {"from_": lower, "to": upper, "counting_unit": school.get("counting_unit") or "HALF_DAY"}
        row |= summarise(answer.rows)
        results.append(
            context.plain("AttendanceSummary", row, parent._student, parent._student, parent._school)
        )
    return results


def summarise(rows: Sequence[Row]) -> Row:
    """Count absences by kind; a total the school does not keep is None, never 0."""
    counted = [row for row in rows if row["kind"] == "ABSENCE" and row["counts_in_totals"]]
    late = [row for row in rows if row["kind"] == "LATENESS"]
    settled = ("ACCEPTED", "NOT_REQUIRED")
    return {
        "absence_count": len(counted),
        "absence_half_days": _total(counted, "half_days_missed"),
        "unjustified_half_days": _total(
            [row for row in counted if row["justification_status"] not in settled], "half_days_missed"
        ),
        "absence_minutes": _total(counted, "minutes_missed"),
        "lateness_count": len(late),
        "lateness_minutes": _total(late, "minutes_missed"),
        "unjustified_lateness_count": sum(row["justification_status"] not in settled for row in late),
        "infirmary_count": sum(row["kind"] == "INFIRMARY" for row in rows),
        "exemption_count": sum(row["kind"] == "EXEMPTION" for row in rows),
        "to_justify_count": sum(row["justification_status"] == "AWAITING_GUARDIAN" for row in rows),
    }


def _total(rows: Sequence[Row], column: str) -> Any:
    known = [row[column] for row in rows if row[column] is not None]
    return sum(known) if known or not rows else None
