"""Marking homework as done."""

from __future__ import annotations

from typing import Any

from adapters.native.changes import Set
from adapters.records import HomeworkProgress, record_id
from resolvers.context import RequestContext
from resolvers.fields import Fields
from resolvers.writes.given import named, require_permission, state_of
from resolvers.writes.performing import GATEWAY, Outcome, mutation, shown
from schema import HomeworkPayload

fields = Fields()
shown(fields, HomeworkPayload, "homework", "Homework")


@mutation(fields, "set_homework_status", HomeworkPayload)
async def set_homework_status(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Mark homework for one student; repeating it changes nothing but the time."""
    homework = await named(context, "Homework", given["homework_id"], ("school_id",), "homeworkId")
    require_permission(context, homework.student, "MARK_HOMEWORK")
    state = state_of([homework.row])
    is_done = given["status"] == "DONE"
    values = {
        "status": given["status"],
        "done_at": context.now if is_done else None,
        "done_by": context.caller.kind if is_done else None,
        "done_mark_origin": ("SOURCE" if state == "CONFIRMED" else "GATEWAY") if is_done else None,
    }
    where = {"homework_id": homework.key, "student_id": homework.student, "ended_at": None}
    key = record_id(GATEWAY, "HomeworkProgress", f"{homework.key}\x1f{homework.student}")
    new = HomeworkProgress(
        id=key,
        external_id=key,
        source_id=GATEWAY,
        school_id=homework.row["school_id"],
        homework_id=homework.key,
        student_id=str(homework.student),
        **values,
    )
    return Outcome([Set(HomeworkProgress, where, values, new)], {"homework": [given["homework_id"]]}, state)
