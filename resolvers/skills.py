"""Skills: the school's own words and colours, never a level guessed from its position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Row
from resolvers.connections import student_connection
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.loading import ask
from resolvers.selection import Selection
from schema import (
    Grade,
    GradingPeriod,
    Skill,
    SkillDomain,
    SkillEvaluation,
    SkillEvaluationConnection,
    SkillLevel,
    SkillResult,
    SkillScale,
    StaffMember,
    Subject,
)

fields = Fields()
student_connection(
    fields,
    "skill_evaluations",
    SkillEvaluationConnection,
    SkillEvaluation,
    "Student.skill_evaluations",
    knows_period=True,
)
fields.to_one(Skill, "subject", Subject, "subject_id")
fields.to_one(Skill, "domain", SkillDomain, "domain_id")
fields.to_one(Skill, "parent", Skill, "parent_id")
fields.to_one(SkillDomain, "parent", SkillDomain, "parent_id")
fields.children(SkillScale, "levels", SkillLevel, "SkillScale.levels")
fields.to_one(SkillEvaluation, "subject", Subject, "subject_id")
fields.to_one(SkillEvaluation, "period", GradingPeriod, "period_id")
fields.to_many(SkillEvaluation, "teachers", StaffMember, "teacher_ids")
fields.children(SkillEvaluation, "results", SkillResult, "SkillEvaluation.results")
fields.to_one(SkillResult, "skill", Skill, "skill_id")
fields.to_one(SkillResult, "level", SkillLevel, "level_id")


@fields.derive(SkillResult, "order", "position")
def order(row: Row, _context: RequestContext) -> int | None:
    """Give the position of the skill in the assessment."""
    return row["position"]  # type: ignore[no-any-return]


@fields.edge(SkillEvaluation, "grade", "assessment_id")
async def grade(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find the numeric grade of the same assessment, for the same student."""
    found = await context.listed(ask("Assessment.grades"), Grade, parents, selection, key="assessment_id")
    return [one[0] if isinstance(one, list) and one else None for one in found]
