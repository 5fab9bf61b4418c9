"""Categories, scales, line items and results of OneRoster (Gradebook) as assessments and grades."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from adapters import records as r
from adapters.base import Changed, Item
from adapters.oneroster.files import Bundle, CsvRow
from adapters.oneroster.roster import Roster
from adapters.oneroster.scales import parse_scale

STATUSES = {
    "exempt": "EXEMPTED", "fully graded": "GRADED", "partially graded": "GRADED",
    "not submitted": "NOT_SUBMITTED", "submitted": "PENDING",
}  # fmt: skip
KINDS = {
    "test": "WRITTEN_TEST", "quiz": "QUIZ", "homework": "HOME_ASSIGNMENT", "project": "PROJECT",
    "oral": "ORAL_TEST", "participation": "PARTICIPATION", "lab": "PRACTICAL_WORK",
    "contrôle": "WRITTEN_TEST", "interrogation": "QUIZ", "devoir maison": "HOME_ASSIGNMENT",
}  # fmt: skip
"""Kinds of assessment by words of the category's title."""
CHANGEABLE = {"status", "value", "display_value", "comment", "modified_at"}
"""Columns of a grade that a result alone decides."""


def categories(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Learn the titles of categories."""
    for row in found.rows("categories"):
        roster.categories[row.get("sourcedId") or ""] = (row.get("title") or "").lower()
    yield from ()


def score_scales(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Learn how scores are written."""
    for row in found.rows("scoreScales"):
        scale = parse_scale(row.get("scoreScaleValue") or "")
        if scale is not None:
            roster.scales[row.get("sourcedId") or ""] = scale
        elif not row.is_deleted:
            yield row.refusal(
                "scoreScaleValue", "no pairs of a score and its word", "Write {16-20:A},{15:B}."
            )


def users_of_scales(file: str, column: str) -> Callable[[Bundle, Roster], Iterator[Item]]:
    """Learn which line items or results use which scale, from a file and its column of users."""

    def read(found: Bundle, roster: Roster) -> Iterator[Item]:
        for row in found.rows(file):
            scale = roster.scales.get(row.get("scoreScaleSourcedId") or "")
            if scale is not None:
                roster.scale_of[column, row.get(column) or ""] = scale
            elif not roster.is_delta:
                yield row.refusal(
                    "scoreScaleSourcedId", "no scale of the export", "Add it to scoreScales.csv."
                )

    return read


def line_items(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield an assessment for each line item."""
    for row in found.rows("lineItems"):
        identity, place = row.get("sourcedId") or "", row.get("classSourcedId") or ""
        if row.is_deleted:
            yield from roster.removed(row, r.Assessment)
            continue
        subject = roster.class_subjects.get(place)
        day = row.day("dueDate") or row.day("assignDate")
        if subject is None or day is None:
            name, why = ("dueDate", "no day") if subject else ("classSourcedId", "a class without a subject")
            yield row.refusal(name, why, "Give the day, and the class a course.")
            continue
        period = row.get("gradingPeriodSourcedId") or row.get("academicSessionSourcedId")
        period_id = roster.periods.get(period or "")
        if period_id is None and period and roster.is_delta:
            period_id = roster.id("GradingPeriod", period)
        out_of = row.number("resultValueMax")
        roster.line_items[identity] = (subject, period_id, day)
        title = roster.categories.get(row.get("categorySourcedId") or "", "")
        made = r.Assessment(
            **roster.common("Assessment", row, roster.school_of.get(place) or roster.only_school),
            title=row.get("title"),
            subject_id=subject,
            period_id=period_id,
            kind=next((kind for word, kind in KINDS.items() if word in title), "OTHER"),
            out_of=out_of,
        )
        # A delta need not repeat the categories: then the kind stays what it was.
        yield made if title or not roster.is_delta else _changed(made, {"kind"})


def results(found: Bundle, roster: Roster) -> Iterator[Item]:
    """Yield a grade for each result."""
    for row in found.rows("results"):
        if row.is_deleted:
            yield from roster.removed(row, r.Grade)
            continue
        item, student = row.get("lineItemSourcedId") or "", row.get("studentSourcedId") or ""
        known = roster.line_items.get(item)
        if known is None and roster.is_delta:
            # Nor need it repeat line items: what belongs to them stays.
            made = _grade(row, item, student, ("", None, row.day("scoreDate") or date.min), roster)
            yield Changed(r.Grade, made.id, made.model_dump(include=CHANGEABLE))
            continue
        if known is None or (roster.kinds.get(student) != "Student" and not roster.is_delta):
            name = "lineItemSourcedId" if known is None else "studentSourcedId"
            yield row.refusal(name, "not among what the export has", "Add it to the export.")
            continue
        yield _grade(row, item, student, known, roster)


def _changed(record: r.Imported, kept: set[str]) -> Changed:
    values = record.model_dump(exclude={"id", *kept, *r.PROVENANCE})
    return Changed(type(record), record.id, values, record)


def _grade(
    row: CsvRow, item: str, student: str, known: tuple[str, str | None, date], roster: Roster
) -> r.Grade:
    status = STATUSES.get((row.get("scoreStatus") or "").lower(), "UNKNOWN")
    score, words = row.number("score"), row.get("textScore")
    if status == "GRADED" and score is None:
        status = "LETTER" if words else "UNKNOWN"
    own = roster.scale_of.get(("resultSourcedId", row.get("sourcedId") or ""))
    scale = own or roster.scale_of.get(("lineItemSourcedId", item))
    written = scale.word(score) if scale is not None and score is not None else None
    shown = (
        words
        or written
        or row.get("score")
        or {"EXEMPTED": "Disp", "NOT_SUBMITTED": "Non rendu"}.get(status, "–")
    )
    subject, period, day = known
    return r.Grade(
        **roster.common("Grade", row, roster.school_of.get(student) or roster.only_school),
        student_id=roster.id("Student", student),
        assessment_id=roster.id("Assessment", item),
        subject_id=subject,
        period_id=period,
        date=day,
        status=status,
        value=score if status == "GRADED" else None,
        display_value=shown,
        comment=row.get("comment"),
    )
