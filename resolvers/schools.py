"""Schools, their calendar, classes, groups and subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Row
from resolvers.calendar import current_period, school_year, week_of
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.people import ADDRESS, postal_address
from resolvers.selection import Selection
from schema import (
    DisplayPolicy,
    GradingPeriod,
    PostalAddress,
    School,
    SchoolClass,
    SchoolWeek,
    SchoolYear,
    SkillScale,
    StaffMember,
    StudentGroup,
    Subject,
)

fields = Fields()
fields.children(School, "periods", GradingPeriod, "School.periods")
fields.children(School, "skill_scales", SkillScale, "School.skill_scales")
fields.to_one(SchoolClass, "school", School, "school_id")
fields.children(SchoolClass, "main_teachers", StaffMember, "SchoolClass.main_teachers")
fields.children(StaffMember, "is_main_teacher_of", SchoolClass, "StaffMember.main_classes")
fields.to_one(StudentGroup, "subject", Subject, "subject_id")
fields.to_many(StudentGroup, "classes", SchoolClass, "parent_class_ids")
fields.to_one(Subject, "parent", Subject, "parent_id")
fields.children(Subject, "children", Subject, "Subject.children")
fields.to_one(GradingPeriod, "parent", GradingPeriod, "parent_id")

DEFAULT_POLICY = {
    "show_grades": True,
    "show_skills": True,
    "show_coefficients": True,
    "show_subject_averages": True,
    "show_overall_average": True,
    "show_class_statistics": True,
    "show_rank": True,
    "averages_only_after_period_closed": False,
    "show_punishments": True,
    "show_punishment_author": True,
    "online_justification": False,
    "default_out_of": 20.0,
}
fields.derive(School, "address", *ADDRESS, of=PostalAddress)(lambda row, _context: postal_address(row))


@fields.derive(School, "display_policy", of=DisplayPolicy)
def display_policy(row: Row, context: RequestContext) -> Row:
    """Fill in what the school did not say: everything is shown."""
    return {**DEFAULT_POLICY, **(context.scope.schools.get(row["_id"], {}).get("display_policy") or {})}


@fields.derive(School, "school_year", of=SchoolYear)
def current_school_year(row: Row, context: RequestContext) -> Row:
    """Describe the school year of today."""
    school = context.scope.schools.get(row["_id"], {})
    label, starts, ends = school_year(school, context.today(row["_id"]))
    return {"label": label, "start_date": starts, "end_date": ends}


@fields.edge(School, "week")
async def week(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Describe the week of a day on each school's calendar; no data is read."""
    day = arguments["date"]
    schools = [context.scope.schools.get(parent._id, {}) for parent in parents]
    return [context.plain(SchoolWeek.__name__, week_of(school, day)) for school in schools]


@fields.derive(GradingPeriod, "is_current", "school_id", "name", "kind", "start_date", "end_date")
def is_current(row: Row, context: RequestContext) -> bool:
    """Only a regular period can be current, never the year or a mock exam."""
    return current_period([row], context.today(row["school_id"])) is not None
