"""What can be subscribed to: under which topics it is announced, and what a subscriber may read of it.

An entry of the feed carries ids only. Whoever is handed one reads the record again through their own
rights, as they are at that moment; what they may not see does not reach them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import InvalidCursor, decode_cursor, encode_cursor
from adapters.native.feed import Noted
from resolvers.context import RequestContext
from resolvers.dashboard import dashboard
from resolvers.errors import InvalidArgument, NotPermitted
from resolvers.families import chosen_students
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId, keys
from resolvers.loading import ask
from resolvers.nodes import load, rows_of
from resolvers.selection import Selection
from resolvers.subscriptions.feed import Topic
from schema import LessonEvent, MessageEvent, Subscription

LOOKED_AT = 20
"""Students for whom a lesson is read at a time, until one may see it."""
fields = Fields()


@dataclass(frozen=True, slots=True)
class Stream:
    """One field of Subscription."""

    topics: Callable[[RequestContext, Arguments], Awaitable[set[Topic]]]
    """Under which topics the caller listens. Raises ClientError where they may not."""
    event: Callable[[RequestContext, Arguments, Noted], Awaitable[Any | None]]
    """What the caller hears of an entry; None where it is not for them."""


def cursor_at(position: int) -> str:
    """Write a position in the feed for the client."""
    return encode_cursor([position])


def position_of(cursor: str) -> int:
    """Read a cursor. Raises InvalidArgument."""
    try:
        (position,) = decode_cursor(cursor, [int])
    except InvalidCursor as error:
        raise InvalidArgument("`afterCursor` must be a `cursor` as it was received.") from error
    return int(position)


def _require(context: RequestContext, relation: str) -> None:
    if not context.has_capability(relation):
        raise NotPermitted("The caller has no access to this kind of data.")


def _known_as(context: RequestContext, type_name: str, key: str, student: str | None = None) -> GlobalId:
    return GlobalId(type_name, context.sources.native.name, key, student)


# ---- messages ------------------------------------------------------------------------------------------


async def _message_topics(context: RequestContext, _arguments: Arguments) -> set[Topic]:
    _require(context, "Conversation.messages")
    if context.caller.kind == "PARTNER":
        return {("MESSAGE", school) for school in context.scope.schools}
    return {("MESSAGE", context.caller.person_id)}


async def _message_event(context: RequestContext, arguments: Arguments, entry: Noted) -> Any | None:
    conversation = entry.details["conversation_id"]
    wanted = keys(
        [arguments["conversation_id"]] if arguments.get("conversation_id") else None, "Conversation"
    )
    if wanted is not None and conversation not in wanted:
        return None
    if arguments.get("student_ids") is not None:
        chosen = chosen_students(context, arguments["student_ids"])
        if set(chosen).isdisjoint(entry.details["student_ids"]):
            return None
    message = _known_as(context, "Message", entry.record_id)
    if not await rows_of(context, "Message", [message], ("id",)):
        return None
    row = {
        "message_id": message,
        "conversation_id": _known_as(context, "Conversation", conversation),
        "cursor": cursor_at(entry.position),
    }
    return context.plain("MessageEvent", row)


@fields.edge(MessageEvent, "message", "message_id")
async def message(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Read the message."""
    found = await load(context, "Message", [parent.message_id for parent in parents], selection)
    return [found.get(parent.message_id) for parent in parents]


@fields.edge(MessageEvent, "conversation", "conversation_id")
async def conversation(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Read the thread."""
    found = await load(context, "Conversation", [parent.conversation_id for parent in parents], selection)
    return [found.get(parent.conversation_id) for parent in parents]


# ---- lessons -------------------------------------------------------------------------------------------


async def _lesson_topics(context: RequestContext, arguments: Arguments) -> set[Topic]:
    _require(context, "Student.lessons")
    audience = await _audience(context, chosen_students(context, arguments.get("student_ids")))
    return {("LESSON", one) for one in audience} | {("RIGHTS", "*")}


async def _audience(context: RequestContext, students: list[str]) -> Mapping[str, list[str]]:
    """List what a lesson of these students may be for, with the students that each means.

    These are the students themselves, their classes and their schools. Subscriptions of a viewer who has
    hundreds of students share what is found.
    """
    key = ("audience", *students)
    known: dict[str, list[str]] | None = context.scope.remembered.get(key)
    if known is not None:
        return known
    found = {one: [one] for one in students}
    parents = [context.student_parent(one) for one in students]
    answers = await context.fetch(ask("Student.classes"), parents, ("id",))
    for student, answer in zip(students, answers, strict=True):
        if isinstance(answer, Exception):
            raise answer
        for row in answer.rows:
            found.setdefault(row["id"], []).append(student)
        found.setdefault(context.scope.students[student]["school_id"], []).append(student)
    context.scope.remembered[key] = found
    return found


async def _lesson_event(context: RequestContext, arguments: Arguments, entry: Noted) -> Any | None:
    students = chosen_students(context, arguments.get("student_ids"))
    row = {**entry.details, "lesson_id": None, "cursor": cursor_at(entry.position)}
    audience = await _audience(context, students)
    meant = list(dict.fromkeys(one for topic in entry.topics for one in audience.get(topic, ())))
    if entry.details["operation"] == "REMOVED":
        return context.plain("LessonEvent", row) if meant else None
    for at in range(0, len(meant), LOOKED_AT):
        some = meant[at : at + LOOKED_AT]
        wanted = [_known_as(context, "Lesson", entry.record_id, one) for one in some]
        found = await rows_of(context, "Lesson", wanted, ("id",))
        row["lesson_id"] = next((one for one in wanted if one in found), None)
        if row["lesson_id"] is not None:
            return context.plain("LessonEvent", row)
    return None


@fields.edge(LessonEvent, "lesson", "lesson_id")
async def lesson(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Read the lesson as the student has it."""
    wanted = [parent.lesson_id for parent in parents if parent.lesson_id is not None]
    found = await load(context, "Lesson", wanted, selection) if wanted else {}
    return [found.get(parent.lesson_id) for parent in parents]


# ---- the dashboard -------------------------------------------------------------------------------------


async def _dashboard_topics(context: RequestContext, _arguments: Arguments) -> set[Topic]:
    return {("DASHBOARD", context.caller.person_id)}


async def _dashboard_event(context: RequestContext, _arguments: Arguments, _entry: Noted) -> Any | None:
    return context.me()


@fields.edge(Subscription, "dashboard_changed")
async def dashboard_changed(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """The dashboard as it is now."""
    return await dashboard(context, parents, arguments, selection)


async def _as_it_came(
    _context: RequestContext, parents: Sequence[Any], _arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    return [parent.event for parent in parents]


fields.edge(Subscription, "message_received")(_as_it_came)
fields.edge(Subscription, "lesson_changed")(_as_it_came)
STREAMS = {
    "message_received": Stream(_message_topics, _message_event),
    "lesson_changed": Stream(_lesson_topics, _lesson_event),
    "dashboard_changed": Stream(_dashboard_topics, _dashboard_event),
}
