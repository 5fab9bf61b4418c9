"""The caller: viewer, charter, counters and what waits for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from adapters.base import Children, Page, Row
from resolvers.context import RequestContext
from resolvers.families import chosen_students, family_rows
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId
from resolvers.loading import Ask, ask, with_filters
from resolvers.nodes import acceptance_row, load
from resolvers.selection import Selection
from schema import (
    Attachment,
    Charter,
    CharterAcceptance,
    Counters,
    Guardian,
    PendingAction,
    School,
    Student,
    Viewer,
)

fields = Fields()
fields.to_one(Charter, "school", School, "school_id")
fields.children(Charter, "documents", Attachment, "Record.attachments")
fields.to_one(CharterAcceptance, "charter", Charter, "charter_id")
fields.to_one(PendingAction, "student", Student, "student_id")


@fields.edge(Viewer, "guardian")
async def guardian(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The caller as a guardian."""
    mine = context.caller.person_id if context.caller.kind == "GUARDIAN" else None
    return await context.referenced("Guardian", Guardian, [(one, mine) for one in parents], selection)


@fields.edge(Viewer, "students", is_fixed=True)
async def students(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """All students the caller may see, in one batch."""
    loaded = await load_students(context, list(context.scope.students), selection)
    return [loaded for _ in parents]


async def load_students(context: RequestContext, ids: Sequence[str], selection: Selection) -> list[Any]:
    """Load students of the scope, in the order of their ids."""
    me = context.me()
    found = await context.referenced("Student", Student, [(me, one) for one in ids], selection)
    for one in found:
        if isinstance(one, Exception):
            raise one
    return [one for one in found if one is not None]


@fields.edge(Viewer, "selected_student")
async def selected_student(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The student of the permanent bar, as long as the caller may see them."""
    chosen = context.scope.selected_student_id
    mine = chosen if chosen in context.scope.students else None
    return await context.referenced("Student", Student, [(one, mine) for one in parents], selection)


@fields.edge(Viewer, "pending_charter")
async def pending_charter(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The charter that waits for the caller."""
    waiting = context.scope.pending_charter_id
    return await context.referenced("Charter", Charter, [(one, waiting) for one in parents], selection)


@fields.edge(Charter, "my_acceptance")
async def my_acceptance(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The caller's answer to the version of each charter."""
    asked = ("version", "acceptance_id", "answered_version", "decision", "decided_at")
    (answer,) = await context.fetch(ask("Person.charters"), [context.me()], asked)
    if isinstance(answer, Exception):
        raise answer
    given = {row["id"]: row for row in answer.rows if row["answered_version"] == row["version"]}
    return [
        context.build("CharterAcceptance", [acceptance_row(given[parent._id])], selection)[0]
        if parent._id in given
        else None
        for parent in parents
    ]


# ---- counters ------------------------------------------------------------------------------------------

ONE_COUNTED = Page(limit=1, counted=True)


async def _family_total(
    context: RequestContext, question: Ask, students: Sequence[str], count: str | None = None
) -> int:
    answers = await family_rows(context, question, students, ("id",))
    return sum(answer.counts.get(count, 0) if count else answer.total for answer in answers)


async def _each_total(
    context: RequestContext, question: Ask, students: Sequence[str], minus: str | None = None
) -> int:
    """Add up the totals of each student's list, less one of its counts."""
    answers = await context.fetch(question, [context.student_parent(one) for one in students], ("id",))
    total = 0
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
        total += answer.total - (answer.counts.get(minus, 0) if minus else 0)
    return total


async def _unread_messages(context: RequestContext, _students: Sequence[str]) -> int:
    question = ask("Viewer.conversations", ONE_COUNTED, unread=True, folder=("INBOX",))
    (answer,) = await context.fetch(question, [context.me()], ("id",))
    if isinstance(answer, Exception):
        raise answer
    return answer.total


async def _unread_news(context: RequestContext, students: Sequence[str]) -> int:
    question = ask("Viewer.news", ONE_COUNTED, shown_at=context.now, unread=True)
    return await _family_total(context, question, students)


async def _unsigned_notes(context: RequestContext, students: Sequence[str]) -> int:
    return await _each_total(context, ask("Student.liaison_notes", ONE_COUNTED, state=("PENDING",)), students)


async def _absences_to_justify(context: RequestContext, students: Sequence[str]) -> int:
    question = ask("Student.absences", ONE_COUNTED, justification_status=("AWAITING_GUARDIAN",))
    return await _each_total(context, question, students)


async def _homework_tomorrow(context: RequestContext, students: Sequence[str]) -> int:
    days: dict[str, tuple[date, date]] = {}
    for student in students:
        tomorrow = context.today(context.scope.students[student]["school_id"]) + timedelta(days=1)
        days[student] = (tomorrow, tomorrow)
    question = ask("Student.homework", ONE_COUNTED, windows=days)
    return await _each_total(context, question, students, minus="done_count")


async def _pending_trips(context: RequestContext, students: Sequence[str]) -> int:
    return len(await _waiting(context, students, {"ANSWER_TRIP_CONSENT": WAITING["ANSWER_TRIP_CONSENT"]}))


async def _all_pending(context: RequestContext, students: Sequence[str]) -> int:
    return len(await _waiting(context, students, WAITING))


COUNTERS: Mapping[str, Callable[[RequestContext, Sequence[str]], Coroutine[Any, Any, int]]] = {
    "unread_messages": _unread_messages,
    "unread_news": _unread_news,
    "unsigned_liaison_notes": _unsigned_notes,
    "absences_to_justify": _absences_to_justify,
    "pending_trip_consents": _pending_trips,
    "homework_due_tomorrow": _homework_tomorrow,
    "pending_actions": _all_pending,
}


@fields.edge(Viewer, "counters")
async def counters(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Count only what is asked for, each counter by its own batch."""
    chosen = chosen_students(context, arguments.get("student_ids"))
    asked = [name for name in COUNTERS if name in selection.fields(Counters.__name__)]
    totals = await asyncio.gather(*(COUNTERS[name](context, chosen) for name in asked))
    return [context.plain("Counters", dict(zip(asked, totals, strict=True))) for _ in parents]


# ---- what waits for an answer --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A kind of record that may wait for the guardian: where, which of them, and what to call it."""

    type_name: str
    relation: str
    filters: Mapping[str, Any]
    title: str
    deadline: str = "acknowledgement_deadline"
    label: str = "Absence du {}"


UNANSWERED = {"requires_acknowledgement": (True,), "is_acknowledged": (False,)}
WAITING: Mapping[str, Waiting] = {
    "JUSTIFY_ABSENCE": Waiting(
        "Absence", "Student.absences", {"justification_status": ("AWAITING_GUARDIAN",)}, "date"
    ),
    "SIGN_LIAISON_NOTE": Waiting(
        "LiaisonNote", "Student.liaison_notes", {"state": ("PENDING",)}, "title", label="{}"
    ),
    "ACKNOWLEDGE_BEHAVIOUR": Waiting("Punishment", "Student.punishments", UNANSWERED, "label", label="{}"),
    "ACKNOWLEDGE_OBSERVATION": Waiting(
        "Observation", "Student.observations", UNANSWERED, "label", label="{}"
    ),
    "ANSWER_TRIP_CONSENT": Waiting(
        "Trip",
        "Student.trips",
        {**UNANSWERED, "status": ("ANNOUNCED", "OPEN_FOR_CONSENT")},
        "title",
        label="{}",
    ),
    "ACKNOWLEDGE_NEWS": Waiting("NewsItem", "Viewer.news", UNANSWERED, "title", label="{}"),
    "SIGN_DOCUMENT": Waiting("Document", "Viewer.documents", UNANSWERED, "name", label="{}"),
}


async def _waiting(
    context: RequestContext, students: Sequence[str], kinds: Mapping[str, Waiting]
) -> list[Row]:
    """Find everything that waits, most urgent first."""
    open_kinds = {kind: one for kind, one in kinds.items() if context.has_capability(one.relation)}
    found = await asyncio.gather(
        *(_waiting_of(context, students, kind, one) for kind, one in open_kinds.items())
    )
    rows = [row for part in found for row in part]
    return sorted(rows, key=lambda row: (row["due_date"] or date.max, row["kind"], row["target_id"].key))


async def _waiting_of(
    context: RequestContext, students: Sequence[str], kind: str, described: Waiting
) -> list[Row]:
    columns = ("id", described.title, described.deadline)
    question = ask(described.relation, **described.filters)
    if described.type_name == "NewsItem":
        question = with_filters(question, shown_at=context.now)
    parents = [context.student_parent(one) for one in students]
    if described.relation.startswith("Viewer."):
        answers: Sequence[Children | Exception] = await family_rows(context, question, students, columns)
        owners: Sequence[str | None] = [None] * len(answers)
    else:
        answers, owners = await context.fetch(question, parents, columns), students
    rows = []
    for owner, answer in zip(owners, answers, strict=True):
        if isinstance(answer, Exception):
            raise answer
        for row in answer.rows:
            context.check_foreign(described.type_name, row, columns)
        rows += [_action(context, kind, described, owner, row) for row in answer.rows]
    return rows


def _action(context: RequestContext, kind: str, described: Waiting, owner: str | None, row: Row) -> Row:
    title, due = row[described.title], row[described.deadline]
    if isinstance(title, date):
        title = f"{title:%d/%m/%Y}"
    school = row.get("school_id")
    return {
        "kind": "ACKNOWLEDGE_BEHAVIOUR" if kind == "ACKNOWLEDGE_OBSERVATION" else kind,
        "title": described.label.format(title),
        "due_date": due,
        "is_overdue": due is not None and due < context.today(school),
        "student_id": owner,
        "target_id": GlobalId(described.type_name, context.source_of(row), row["id"], owner),
    }


@fields.edge(Viewer, "pending_actions")
async def pending_actions(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """List what waits, most urgent first."""
    chosen = chosen_students(context, arguments.get("student_ids"))
    wanted = arguments.get("kinds")
    kinds = {
        kind: one
        for kind, one in WAITING.items()
        if wanted is None or kind.replace("OBSERVATION", "BEHAVIOUR") in wanted
    }
    rows = await _waiting(context, chosen, kinds)
    first = 20 if arguments.get("first") is None else max(arguments["first"], 0)
    return [
        [context.plain("PendingAction", dict(row), None, row["student_id"]) for row in rows[:first]]
        for _ in parents
    ]


@fields.edge(PendingAction, "target")
async def target(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Load the records to act on: one batch for each type."""
    found: dict[GlobalId, Any] = {}
    for name in sorted({one.type_name for one in WAITING.values()}):
        wanted = [parent.target_id for parent in parents if parent.target_id.type_name == name]
        if wanted:
            found |= await load(context, name, wanted, selection)
    return [found.get(parent.target_id) for parent in parents]
