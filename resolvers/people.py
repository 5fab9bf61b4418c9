"""Guardians, students, staff and the ties between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Row
from resolvers.calendar import current_periods
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import (
    GradingPeriod,
    Guardian,
    Guardianship,
    Person,
    PostalAddress,
    School,
    SchoolClass,
    StaffMember,
    Student,
    StudentGroup,
    StudentScoped,
    Subject,
)

fields = Fields()
fields.to_one(StudentScoped, "student", Student, "_student")
fields.to_one(Guardianship, "guardian", Guardian, "guardian_id")
fields.to_one(Guardianship, "student", Student, "student_id")
fields.children(Guardian, "guardianships", Guardianship, "Guardian.guardianships")
fields.children(Student, "guardianships", Guardianship, "Student.guardianships")
fields.children(Student, "main_teachers", StaffMember, "Student.main_teachers")
fields.children(Student, "teachers", StaffMember, "Student.teachers")
fields.children(Student, "subjects", Subject, "Student.subjects")
fields.to_one(Student, "school", School, "school_id")
fields.children(Student, "periods", GradingPeriod, "School.periods", key="school_id")
fields.children(StaffMember, "subjects", Subject, "StaffMember.subjects")


@fields.derive(Person, "display_name", "first_name", "last_name")
def display_name(row: Row, _context: RequestContext) -> str:
    """Put the given name before the family name."""
    return " ".join(part for part in (row["first_name"], row["last_name"]) if part)


def postal_address(row: Row) -> Row | None:
    """Gather the columns of an address; None when the source gave none."""
    if not (row["address_lines"] or row["postal_code"] or row["city"]):
        return None
    return {
        "lines": row["address_lines"],
        "postal_code": row["postal_code"],
        "city": row["city"],
        "country": row["country"],
    }


ADDRESS = ("address_lines", "postal_code", "city", "country")


def _is_caller(row: Row, context: RequestContext) -> bool:
    return bool(row["_id"] == context.caller.person_id)


def _private(name: str) -> None:
    fields.derive(Guardian, name, name)(lambda row, context: row[name] if _is_caller(row, context) else None)


for private_name in ("email", "mobile_phone", "landline_phone", "preferred_language"):
    _private(private_name)


@fields.derive(Guardian, "address", *ADDRESS, of=PostalAddress)
def guardian_address(row: Row, context: RequestContext) -> Row | None:
    """Show an address to its owner only: separated parents must not find each other here."""
    return postal_address(row) if _is_caller(row, context) else None


@fields.derive(StaffMember, "can_message")
def can_message(_row: Row, context: RequestContext) -> bool:
    """A guardian writes to staff when a tie to one of the children allows it."""
    return may_write(context)


def may_write(context: RequestContext) -> bool:
    """Tell whether the caller may write messages at all."""
    scope = context.scope
    if context.caller.kind != "GUARDIAN":
        return "MESSAGES_READ" in context.caller.capabilities and context.caller.kind != "PARTNER"
    return any("SEND_MESSAGES" in row["permissions"] for row in scope.guardianships if row["has_data_access"])


@fields.derive(Student, "capabilities", "school_id")
def capabilities(row: Row, context: RequestContext) -> list[str]:
    """Derive from the sources behind the school what they can give."""
    return context.sources.capabilities(context.school_names(row["school_id"]))


@fields.edge(Guardian, "students")
async def guardian_students(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Students with data access; of another guardian only those the viewer may see too."""
    answers = await context.fetch(
        ask("Guardian.guardianships", has_data_access=(True,)), parents, ("student_id",)
    )
    wanted, sizes = [], []
    for parent, answer in zip(parents, answers, strict=True):
        if isinstance(answer, Exception):
            raise answer
        sizes.append(len(answer.rows))
        wanted += [(parent, row["student_id"]) for row in answer.rows]
    found = iter(await context.referenced("Student", Student, wanted, selection))
    return [[one for one in [next(found) for _ in range(size)] if one is not None] for size in sizes]


@fields.edge(Student, "my_guardianship", is_fixed=True)
async def my_guardianship(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The tie between the calling guardian and each student."""
    question = ask("Student.guardianships", guardian_id=(context.caller.person_id,))
    found = await context.listed(question, Guardianship, parents, selection)
    return [one[0] if isinstance(one, list) and one else None for one in found]


@fields.edge(Student, "current_period", is_fixed=True)
async def current_period(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The period of today, by the calendar of each student's school."""
    periods = await current_periods(context, [parent._student for parent in parents])
    ids = [(periods[parent._student] or {}).get("id") for parent in parents]
    pairs = list(zip(parents, ids, strict=True))
    return await context.referenced("GradingPeriod", GradingPeriod, pairs, selection)


def _classes(name: str, kind: type, class_type: str, *, one: bool) -> None:
    async def batch(
        context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
    ) -> Sequence[Any]:
        question = ask("Student.classes", class_type=(class_type,))
        found = await context.listed(question, kind, parents, selection)
        if not one:
            return found
        return [result[0] if isinstance(result, list) and result else None for result in found]

    fields.edge(Student, name, is_fixed=True)(batch)


_classes("school_class", SchoolClass, "HOMEROOM", one=True)
_classes("groups", StudentGroup, "SCHEDULED", one=False)
