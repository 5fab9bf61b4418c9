"""Averages of a period: the source's own where it gives them, else ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from adapters.base import Row
from resolvers.averages import SCALE, Mark, average, display, rounded
from resolvers.calendar import current_periods
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.grades import MARK_COLUMNS, mark
from resolvers.identifiers import keys
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import Gradebook, GradingPeriod, StaffMember, Student, Subject, SubjectAverage

fields = Fields()
fields.to_one(Gradebook, "student", Student, "_student")
fields.to_one(Gradebook, "period", GradingPeriod, "_period")
fields.to_one(SubjectAverage, "subject", Subject, "_id")
fields.to_many(SubjectAverage, "teachers", StaffMember, "teacher_ids")

SOURCE_COLUMNS = (
    "subject_id",
    "period_id",
    "teacher_ids",
    "value",
    "class_average",
    "class_min",
    "class_max",
    "out_of",
    "rank",
    "headcount",
    "coefficient",
    "weighting",
    "appreciation",
)
NOTHING: Row = dict.fromkeys(SOURCE_COLUMNS) | {
    "out_of": float(SCALE),
    "weighting": "NORMAL",
    "teacher_ids": [],
}


@dataclass(slots=True)
class _Subject:
    """What is known of one subject in one period."""

    subject_id: str
    said: Row
    rows: list[Row] = field(default_factory=list)
    parts: list[_Subject] = field(default_factory=list)

    def computed(self) -> tuple[Fraction, bool] | None:
        """Average the parts by their coefficients where there are any, else the grades."""
        marks = [part.as_mark() for part in self.parts] if self.parts else [mark(row) for row in self.rows]
        found = average([one for one in marks if one is not None])
        return (found.value, found.is_approximate) if found else None

    def as_mark(self) -> Mark | None:
        """See the average as a term of a wider average, weighted by the subject's coefficient."""
        value = self.said["value"]
        out_of = self.said["out_of"] or SCALE
        if value is None:
            found = self.computed()
            if found is None:
                return None
            value, out_of = found[0], SCALE
        known = self.said["subject_id"] is not None
        coefficient = self.said["coefficient"] if known else 1
        return Mark(value, out_of, coefficient, self.said["weighting"] or "NORMAL")


def average_value(
    context: RequestContext, given: float | None, out_of: float, computed: tuple[Fraction, bool] | None = None
) -> Any:
    """Describe an average: the source's, else ours, else that there is none."""
    columns: Row = {"value": given, "out_of": out_of, "display_value": display(given), "origin": "SOURCE"}
    columns |= {"is_approximate": False, "computed_at": None}
    if given is None and computed is not None:
        number, approximate = computed
        columns |= {"value": float(rounded(number)), "out_of": float(SCALE), "display_value": display(number)}
        columns |= {"origin": "COMPUTED", "is_approximate": approximate, "computed_at": context.now}
    elif given is None:
        columns["origin"] = "UNAVAILABLE"
    return context.plain("AverageValue", columns)


@fields.edge(Student, "gradebook")
async def gradebook(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Load what averages need for all students at once: the source's averages, the grades, the subjects."""
    students = [parent._student for parent in parents]
    chosen = keys([arguments["period_id"]], "GradingPeriod") if arguments.get("period_id") else None
    if chosen is None:
        current = await current_periods(context, students)
        periods = {student: (row or {}).get("id") for student, row in current.items()}
    else:
        periods = dict.fromkeys(students, chosen[0] if chosen else None)
    period_ids = tuple({period for period in periods.values() if period})
    said = await context.fetch(ask("Student.subject_averages", period_id=period_ids), parents, SOURCE_COLUMNS)
    columns = (*MARK_COLUMNS, "teacher_ids", "published_at")
    rows = await context.fetch(ask("Student.grades", period_id=period_ids), parents, columns)
    for answer in (*said, *rows):
        if isinstance(answer, Exception):
            raise answer
    known = {parent: (a.rows, b.rows) for parent, a, b in zip(students, said, rows, strict=True)}  # type: ignore[union-attr]
    parts_of = await _parent_subjects(context, parents, known)
    closed = await _closed_periods(context, parents, period_ids)
    books = []
    for parent in parents:
        student = parent._student
        books.append(_gradebook(context, parent, periods[student], *known[student], parts_of, closed))
        await context.work.turn.rest()
    return books


async def _parent_subjects(
    context: RequestContext, parents: Sequence[Any], known: Mapping[str, tuple[list[Row], list[Row]]]
) -> dict[str, str]:
    """Find the wider subject of each sub-subject."""
    wanted = {
        (parent._school, row["subject_id"])
        for parent in parents
        for rows in known[parent._student]
        for row in rows
        if row["subject_id"]
    }
    pointers = [context.plain("Subject", {}, key, None, school) for school, key in sorted(wanted)]
    answers = await context.fetch(ask("Subject"), pointers, ("parent_id",))
    found = [row for answer in answers if not isinstance(answer, Exception) for row in answer.rows]
    return {row["id"]: row["parent_id"] for row in found if row["parent_id"]}


async def _closed_periods(
    context: RequestContext, parents: Sequence[Any], period_ids: tuple[str, ...]
) -> set[str]:
    school = parents[0]._school if parents else None
    pointers = [context.plain("GradingPeriod", {}, one, None, school) for one in period_ids]
    answers = await context.fetch(ask("GradingPeriod"), pointers, ("is_closed",))
    rows = [row for answer in answers if not isinstance(answer, Exception) for row in answer.rows]
    return {row["id"] for row in rows if row["is_closed"]}


def _gradebook(
    context: RequestContext,
    parent: Any,
    period: str | None,
    said: list[Row],
    rows: list[Row],
    parts_of: Mapping[str, str],
    closed: set[str],
) -> Any:
    if period is None:
        return None
    subjects = _subjects(said, rows, parts_of)
    overall = next((row for row in said if row["subject_id"] is None), NOTHING)
    row: Row = {"school_id": parent._school, "_school": parent._school}
    shown = period in closed or not context.policy(row).get("averages_only_after_period_closed", False)
    marks = [one for one in (subject.as_mark() for subject in subjects) if one is not None]
    computed = average(marks)
    ours = (computed.value, computed.is_approximate) if computed else None
    see_overall = shown and context.shows(row, "show_overall_average")
    see_class = shown and context.shows(row, "show_class_statistics")
    see_rank = shown and context.shows(row, "show_rank")
    published = [one["published_at"] for one in rows if one["published_at"]]
    columns = {
        "overall": average_value(context, overall["value"], overall["out_of"], ours) if see_overall else None,
        "class_overall": average_value(context, overall["class_average"], overall["out_of"])
        if see_class
        else None,
        "rank": overall["rank"] if see_rank else None,
        "headcount": overall["headcount"],
        "last_grade_at": max(published).astimezone(context.scope.zone(parent._school)) if published else None,
        "subject_rows": subjects,
        "shown": shown,
    }
    made = context.plain("Gradebook", columns, parent._student, parent._student, parent._school)
    made.__dict__["_period"] = period
    return made


def _subjects(said: list[Row], rows: list[Row], parts_of: Mapping[str, str]) -> list[_Subject]:
    """Gather averages and grades by subject, sub-subjects under their subject."""
    known = {row["subject_id"]: _Subject(row["subject_id"], row) for row in said if row["subject_id"]}
    for row in rows:
        known.setdefault(row["subject_id"], _Subject(row["subject_id"], NOTHING)).rows.append(row)
    for part, whole in parts_of.items():
        if part in known:
            known.setdefault(whole, _Subject(whole, NOTHING)).parts.append(known[part])
    return [subject for key, subject in known.items() if key not in parts_of]


@fields.edge(Gradebook, "subjects")
async def gradebook_subjects(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Describe each subject from what the gradebook already loaded."""
    return [[_subject_average(context, book, subject) for subject in book.subject_rows] for book in parents]


def _subject_average(context: RequestContext, book: Any, subject: _Subject) -> Any:
    row = {"_school": book._school, "school_id": book._school}
    said, out_of = subject.said, subject.said["out_of"] or float(SCALE)
    see = book.shown and context.shows(row, "show_subject_averages")
    see_class = book.shown and context.shows(row, "show_class_statistics")
    taught = said["teacher_ids"] or [one for grade in subject.rows for one in grade["teacher_ids"]]
    columns = {
        "student": average_value(context, said["value"], out_of, subject.computed()) if see else None,
        "class_average": average_value(context, said["class_average"], out_of) if see_class else None,
        "min": average_value(context, said["class_min"], out_of) if see_class else None,
        "max": average_value(context, said["class_max"], out_of) if see_class else None,
        "rank": said["rank"] if book.shown and context.shows(row, "show_rank") else None,
        "headcount": said["headcount"],
        "coefficient": said["coefficient"] if context.shows(row, "show_coefficients") else None,
        "weighting": said["weighting"] or "NORMAL",
        "grade_count": len(subject.rows),
        "appreciation": said["appreciation"],
        "teacher_ids": list(dict.fromkeys(taught)),
        "parts": subject.parts,
        "shown": book.shown,
    }
    made = context.plain("SubjectAverage", columns, subject.subject_id, book._student, book._school)
    made.__dict__["_period"] = book._period
    return made


@fields.edge(SubjectAverage, "children")
async def subject_parts(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Describe the parts of a subject."""
    return [[_subject_average(context, parent, part) for part in parent.parts] for parent in parents]


async def _grades(
    context: RequestContext, parents: Sequence[Any], subjects: tuple[str, ...] | None, selection: Selection
) -> list[Any]:
    """Load the grades behind gradebooks or subject averages, dealt out by subject where there is one."""
    owners = {parent._student: context.student_parent(parent._student) for parent in parents}
    periods = tuple({parent._period for parent in parents})
    columns = (*context.columns("Grade", selection), "subject_id", "period_id")
    question = ask("Student.grades", period_id=periods, subject_id=subjects)
    answers = dict(zip(owners, await context.fetch(question, list(owners.values()), columns), strict=True))
    results: list[Any] = []
    for parent in parents:
        answer = answers[parent._student]
        if isinstance(answer, Exception):
            results.append(answer)
            continue
        rows = [row for row in answer.rows if row["period_id"] == parent._period]
        if isinstance(parent, SubjectAverage):
            rows = [row for row in rows if row["subject_id"] == parent._id]  # type: ignore[attr-defined]
        results.append(context.build("Grade", rows, selection, parent._student))
    return results


@fields.edge(Gradebook, "grades")
async def gradebook_grades(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List the grades of the period."""
    return await _grades(context, parents, keys(arguments.get("subject_ids"), "Subject"), selection)


@fields.edge(SubjectAverage, "grades")
async def subject_grades(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List the grades of one subject in the period."""
    return await _grades(context, parents, tuple({parent._id for parent in parents}), selection)
