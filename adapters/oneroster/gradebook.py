"""Categories, scales, line items and results of OneRoster (Gradebook) as assessments and grades."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from adapters import records as r
from adapters.base import Changed, Item, Used
from adapters.oneroster.files import CsvRow, Unreadable
from adapters.oneroster.roster import Roster, changed
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


def categories(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Learn the title of a category."""
    if not row.is_deleted:
        roster.categories[row.identity] = (row.get("title") or "").lower()
    yield Used()


def score_scales(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Learn how scores are written."""
    scale = parse_scale(row.get("scoreScaleValue") or "")
    if row.is_deleted:
        yield Used()
    elif scale is None:
        yield row.refusal("scoreScaleValue", "no pairs of a score and its word", "Write {16-20:A},{15:B}.")
    else:
        roster.scales[row.identity] = scale
        yield Used()


def users_of_scales(column: str) -> Callable[[CsvRow, Roster], Iterator[Item]]:
    """Learn which line items or results use which scale, from the column that names them."""

    def read(row: CsvRow, roster: Roster) -> Iterator[Item]:
        scale = roster.scales.get(row.get("scoreScaleSourcedId") or "")
        if scale is None and not roster.is_delta:
            yield roster.unknown(row, "scoreScaleSourcedId", "scoreScales")
            return
        if scale is not None and not row.is_deleted:
            roster.scale_of[column, row.get(column) or ""] = scale
        yield Used()

    return read


def line_items(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield an assessment for a line item."""
    if row.is_deleted:
        yield from roster.removed(row, r.Assessment)
        return
    place = row.get("classSourcedId") or ""
    subject, day = roster.class_subjects.get(place), row.day("dueDate") or row.day("assignDate")
    if place not in roster.class_subjects:
        yield roster.unknown(row, "classSourcedId", "classes")
        return
    if subject is None or day is None:
        name, why = ("dueDate", "no day") if subject else ("classSourcedId", "a class without a subject")
        yield row.refusal(name, why, "Give the day, and the class a course.")
        return
    out_of = row.number("resultValueMax")
    if out_of is not None and out_of <= 0:
        yield row.refusal("resultValueMax", "no score can be reached", "Write the highest score, such as 20.")
        return
    period_id = _period(row, roster)
    roster.line_items[row.identity] = (subject, period_id, day)
    category = row.get("categorySourcedId")
    if category and category not in roster.categories and not roster.is_delta:
        row.faults.append(roster.unknown(row, "categorySourcedId", "categories"))
    title = roster.categories.get(category or "", "")
    made = r.Assessment(
        **roster.common("Assessment", row, roster.school_of.get(place) or roster.only_school),
        title=row.get("title"),
        subject_id=subject,
        period_id=period_id,
        kind=next((kind for word, kind in KINDS.items() if word in title), "OTHER"),
        out_of=out_of,
    )
    # A delta need not repeat the categories: then the kind stays what it was.
    yield made if title or not roster.is_delta else changed(made, {"kind"})


def _period(row: CsvRow, roster: Roster) -> str | None:
    """Return the grading period of a line item; one that is not known is noted among its faults."""
    column = "gradingPeriodSourcedId" if row.get("gradingPeriodSourcedId") else "academicSessionSourcedId"
    period = row.get(column)
    if period is None or period in roster.periods:
        return roster.periods.get(period or "")
    if roster.is_delta:
        return roster.id("GradingPeriod", period)
    row.faults.append(roster.unknown(row, column, "academicSessions"))
    return None


def results(row: CsvRow, roster: Roster) -> Iterator[Item]:
    """Yield a grade for a result."""
    if row.is_deleted:
        yield from roster.removed(row, r.Grade)
        return
    item, student = row.get("lineItemSourcedId") or "", row.get("studentSourcedId") or ""
    known, person = roster.line_items.get(item), roster.persons.get(student)
    if roster.is_elsewhere("lineItems", item):
        # A delta need not repeat line items: what belongs to them stays.
        made = _grade(row, item, student, ("", None, row.day("scoreDate") or date.min), roster)
        yield Changed(r.Grade, made.id, made.model_dump(include=CHANGEABLE))
    elif known is None:
        yield roster.unknown(row, "lineItemSourcedId", "lineItems")
    elif person is not None and "Student" not in person.kinds:
        yield row.refusal("studentSourcedId", "this user is no student", "Correct the role, or the result.")
    elif person is None and not roster.is_elsewhere("users", student):
        yield roster.unknown(row, "studentSourcedId", "users")
    else:
        yield _grade(row, item, student, known, roster)


def _grade(
    row: CsvRow, item: str, student: str, known: tuple[str, str | None, date], roster: Roster
) -> r.Grade:
    said = (row.get("scoreStatus") or "").lower()
    if said and said not in STATUSES:
        raise Unreadable(
            row.refusal("scoreStatus", "no status of the standard", f"Write one of {', '.join(STATUSES)}.")
        )
    status, score, words = STATUSES.get(said, "UNKNOWN"), row.number("score"), row.get("textScore")
    if status == "GRADED" and score is None:
        status = "LETTER" if words else "UNKNOWN"
    row.tolerated(row.day, "scoreDate")
    own = roster.scale_of.get(("resultSourcedId", row.identity))
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
        **roster.common("Grade", row, roster.student_schools.get(student) or roster.only_school),
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
