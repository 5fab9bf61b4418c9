"""Messages: the caller's own mailbox, nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.base import Page, Row
from resolvers.connections import connection_type, page_of, searched
from resolvers.context import RequestContext
from resolvers.errors import InvalidArgument
from resolvers.families import chosen_students
from resolvers.fields import Arguments, Fields
from resolvers.homework import text_of
from resolvers.loading import Ask, ask
from resolvers.people import may_write
from resolvers.selection import Selection
from schema import (
    Attachment,
    Conversation,
    ConversationConnection,
    Guardian,
    Message,
    MessageConnection,
    Participant,
    Query,
    StaffMember,
    Student,
)

PEOPLE: tuple[tuple[tuple[str, ...], type], ...] = (
    (("TEACHER", "STAFF"), StaffMember),
    (("GUARDIAN",), Guardian),
    (("STUDENT",), Student),
)
fields = Fields()
fields.to_one(Message, "in_reply_to", Message, "in_reply_to_id")
fields.to_one(Message, "author", Participant, "author_id")
fields.to_one(Conversation, "last_message", Message, "last_message_id")
fields.children(Message, "attachments", Attachment, "Record.attachments")
fields.derive(Message, "body_text", "body")(lambda row, _context: text_of(row["body"]))
fields.derive(Conversation, "is_read", "unread_count")(lambda row, _context: not row["unread_count"])
LONGEST_EXCERPT = 1_000
"""Characters."""


@fields.derive(Conversation, "can_reply", "can_reply", "is_closed")
def can_reply(row: Row, context: RequestContext) -> bool:
    """Nobody answers in a closed thread, or without the right to write messages."""
    is_open = row["can_reply"] and not row["is_closed"] and context.takes_answers(row["_source"])
    return bool(is_open and may_write(context))


@fields.derive(Conversation, "can_reply_all", "can_reply", "can_reply_all", "is_closed")
def can_reply_all(row: Row, context: RequestContext) -> bool:
    """Answering everyone needs the right to answer at all."""
    return bool(row["can_reply_all"] and can_reply(row, context))


@fields.derive(Message, "is_mine", "author_person_id")
def is_mine(row: Row, context: RequestContext) -> bool:
    """Tell whether the caller wrote the message."""
    return bool(row["author_person_id"] == context.caller.person_id)


@fields.derive(Message, "is_read", "author_person_id", "sent_at", "read_until")
def is_read(row: Row, context: RequestContext) -> bool:
    """One's own messages are read; of the others those up to where the caller has read."""
    read_until = row["read_until"]
    return is_mine(row, context) or (read_until is not None and row["sent_at"] <= read_until)


@fields.derive(Message, "read_at", "author_person_id", "sent_at", "read_until")
def read_at(row: Row, context: RequestContext) -> Any:
    """Say when the caller read the message, where that is known."""
    if is_mine(row, context) or not is_read(row, context):
        return None
    return row["read_until"].astimezone(context.scope.zone(row["_school"]))


@fields.edge(Message, "excerpt", "body")
async def excerpt(
    _context: RequestContext, parents: Sequence[Any], arguments: Arguments, _selection: Selection
) -> Sequence[Any]:
    """Cut the text at a word; no data is read."""
    length = arguments["length"] if arguments.get("length") is not None else 140
    if not 1 <= length <= LONGEST_EXCERPT:
        raise InvalidArgument(f"`length` must lie between 1 and {LONGEST_EXCERPT}, not {length}.")
    return [shorten(_beginning(parent), length) for parent in parents]


def _beginning(message: Any) -> str:
    """Return as much of a message as an excerpt may need: found once, however many excerpts are asked for."""
    row: dict[str, Any] = message.__dict__
    if "_beginning" not in row:
        # Two characters more than an excerpt has: the first of them may be a blank.
        row["_beginning"] = " ".join((text_of(row["body"]) or "").split())[: LONGEST_EXCERPT + 2]
    beginning: str = row["_beginning"]
    return beginning


def shorten(text: str, length: int) -> str:
    """Cut a text to a length, at a word where there is one, and mark the cut with an ellipsis."""
    flat = " ".join(text.split())
    if len(flat) <= length:
        return flat
    cut = flat[: max(length - 1, 0)]
    at_word = cut.rsplit(" ", 1)[0] if " " in cut else cut
    return at_word.rstrip(" ,;:") + "…"


@fields.edge(Message, "conversation", "conversation_id")
async def conversation_of(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find the thread, through the caller's own part in it."""
    question = ask("Conversation", person_id=context.caller.person_id)
    found = await context.listed(question, Conversation, parents, selection, key="conversation_id")
    return [one[0] if isinstance(one, list) and one else None for one in found]


@fields.edge(Conversation, "students", "student_ids")
async def students(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List those of the students concerned that the caller may see."""
    wanted = [(p, one) for p in parents for one in p.student_ids if one in context.scope.students]
    found = iter(await context.referenced("Student", Student, wanted, selection))
    return [[next(found) for one in p.student_ids if one in context.scope.students] for p in parents]


@fields.edge(Conversation, "participants")
async def participants(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List the first participants; hidden copies are seen by themselves and the sender only."""
    first = arguments["first"] if arguments.get("first") is not None else 20
    if not 0 <= first <= 200:
        raise InvalidArgument(f"`first` must lie between 0 and 200, not {first}.")
    question = ask("Conversation.participants", Page(limit=first), shown_to_viewer=True)
    return await context.listed(question, Participant, parents, selection)


@fields.edge(Participant, "person", "person_id", "kind")
async def person(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find the person behind a participant where the caller may see them."""
    found: dict[int, Any] = {}
    for kinds, target in PEOPLE:
        chosen = [parent for parent in parents if parent.kind in kinds]
        pairs = [(parent, parent.person_id) for parent in chosen]
        loaded = await context.referenced(target.__name__, target, pairs, selection)
        found |= {id(parent): one for parent, one in zip(chosen, loaded, strict=True)}
    return [found.get(id(parent)) for parent in parents]


@fields.lists(Conversation, "messages", connection_type(MessageConnection, Message))
async def messages(
    _context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """Page through each thread in either direction."""
    return ask("Conversation.messages", page_of(arguments, selection, MessageConnection.__name__))


@fields.lists(
    Query,
    "conversations",
    connection_type(ConversationConnection, Conversation),
    about=lambda context, _arguments: [context.me()],
)
async def conversations(
    context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """List the threads of one folder of the caller's mailbox.

    Whether a thread is about a student whom the caller does not know is not told either.
    """
    named = arguments.get("student_ids")
    return ask(
        "Viewer.conversations",
        page_of(arguments, selection, ConversationConnection.__name__),
        folder=(arguments["folder"],) if arguments.get("folder") else None,
        unread=True if arguments.get("unread_only") else None,
        search=searched(arguments),
        about_student_ids=None if named is None else tuple(chosen_students(context, named)),
    )
