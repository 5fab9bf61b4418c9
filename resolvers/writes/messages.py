"""Writing messages, and marking conversations as read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from adapters.base import Row
from adapters.native.changes import Change, Insert, Set
from adapters.records import Audience, Conversation, Message, Participant, record_id, search_text
from resolvers.access import counters
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId
from resolvers.loading import ask
from resolvers.people import may_write
from resolvers.selection import Selection
from resolvers.writes.given import Named, all_named, body, line, named, own_name, state_of
from resolvers.writes.performing import GATEWAY, Outcome, Refused, mutation, shown
from schema import ConversationPayload, ConversationsPayload

fields = Fields()
shown(fields, ConversationPayload, "conversation", "Conversation")
shown(fields, ConversationPayload, "message", "Message")
shown(fields, ConversationsPayload, "conversations", "Conversation", many=True)
LONGEST_SUBJECT = 200
MOST_RECIPIENTS = 50
CONTACT = ("school_id", "first_name", "last_name", "role", "concerned_student_ids")
CONVERSATION = (
    *("subject", "is_closed", "can_reply", "can_reply_all"),
    *("participant_count", "last_message_at", "school_id"),
)


@mutation(fields, "start_conversation", ConversationPayload)
async def start_conversation(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Begin a conversation with staff of the caller's children."""
    if not may_write(context):
        raise Refused("NOT_PERMITTED", "Votre compte ne permet pas d'écrire de messages.")
    student = await _student(context, given["student_id"])
    recipients = await _recipients(context, given)
    subject = line(given["subject"], LONGEST_SUBJECT, "subject")
    text = body(given["body"])
    school = recipients[0][0].row["school_id"]
    conversation = _new(context, Conversation, school, subject=subject, search_text=search_text(subject))
    sender = await _sender(context, conversation)
    message = _message(context, conversation.id, school, sender.id, sender.display_name, text)
    conversation.student_ids = [student] if student else []
    conversation.participant_count = len(recipients) + 1
    conversation.message_count = 1
    conversation.last_message_id = message.id
    conversation.last_message_at = context.now
    conversation.can_reply_all = True
    others = [_recipient(context, conversation, one, role) for one, role in recipients]
    about = [student] if student else _concerned(context, recipients)
    changes = [Insert(one) for one in (conversation, sender, message, *others, *_about(conversation, about))]
    return Outcome(changes, _shown(context, conversation.id, message.id))


async def _student(context: RequestContext, identifier: str | None) -> str | None:
    """Read which child a conversation is about. Raises Refused."""
    if identifier is None:
        return None
    student = (await named(context, "Student", identifier, ("id",), "studentId")).key
    if context.caller.kind == "GUARDIAN" and not context.permits(student, "SEND_MESSAGES"):
        raise Refused("NOT_PERMITTED", "Vous ne pouvez pas écrire au sujet de cet élève.", "studentId")
    return student


async def _recipients(context: RequestContext, given: dict[str, Any]) -> list[tuple[Named, str]]:
    """Find who is written to: only people tied to a child for whom the caller may write. Raises Refused."""
    copies = given["cc_contact_ids"] or []
    if len(given["recipient_contact_ids"]) + len(copies) > MOST_RECIPIENTS:
        raise Refused("TOO_LARGE", f"{MOST_RECIPIENTS} destinataires au plus.", "recipientContactIds")
    found: dict[str, tuple[Named, str]] = {}
    for identifiers, role, path in (
        (given["recipient_contact_ids"], "TO", "recipientContactIds"),
        (copies, "CC", "ccContactIds"),
    ):
        if role == "TO" or identifiers:
            for one in await all_named(context, "Contact", identifiers, CONTACT, path):
                _require_tie(context, one.row, path)
                found.setdefault(one.key, (one, role))
    return list(found.values())


def _concerned(context: RequestContext, recipients: Sequence[tuple[Named, str]]) -> list[str]:
    """List the children for whose sake the caller may write to some recipients.

    A conversation that names no child is open to its guardian for as long as one of them is.
    """
    tied = (one for contact, _ in recipients for one in contact.row["concerned_student_ids"] or ())
    return [one for one in dict.fromkeys(tied) if context.permits(one, "SEND_MESSAGES")]


def _about(conversation: Conversation, students: Sequence[str]) -> list[Audience]:
    """Make the rows by which a conversation is closed with the children that it is about."""
    return [
        Audience(
            id=record_id(conversation.id, "Audience", one),
            school_id=conversation.school_id,
            audience_id=one,
            record_kind="conversation",
            record_id=conversation.id,
            date=date.min,
        )
        for one in students
    ]


def _require_tie(context: RequestContext, contact: Row, path: str) -> None:
    if context.caller.kind == "GUARDIAN" and not any(
        context.permits(student, "SEND_MESSAGES") for student in contact["concerned_student_ids"] or ()
    ):
        raise Refused("NOT_PERMITTED", "Vous ne pouvez pas écrire à cette personne.", path)


@mutation(fields, "reply_to_conversation", ConversationPayload)
async def reply_to_conversation(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Answer in a conversation, before the eyes of all who take part."""
    thread = await named(context, "Conversation", given["conversation_id"], CONVERSATION, "conversationId")
    if not may_write(context):
        raise Refused("NOT_PERMITTED", "Votre compte ne permet pas d'écrire de messages.")
    _require_reply(thread.row, given["reply_all"])
    answered = None
    if given["in_reply_to_message_id"]:
        asked = given["in_reply_to_message_id"]
        answered = await named(context, "Message", asked, ("conversation_id",), "inReplyToMessageId")
        if answered.row["conversation_id"] != thread.key:
            raise Refused("NOT_FOUND", "Introuvable.", "inReplyToMessageId")
    text = body(given["body"])
    me = await _own_part(context, thread.key)
    school = thread.row["school_id"]
    message = _message(context, thread.key, school, me["id"], me["display_name"], text)
    message.in_reply_to_id = answered.key if answered else None
    changes = [Insert(message), *_delivered(context, thread.key, message)]
    return Outcome(changes, _shown(context, thread.key, message.id), state_of([thread.row]))


def _require_reply(thread: Row, reply_all: bool) -> None:
    if thread["is_closed"] or not thread["can_reply"]:
        raise Refused("NOT_PERMITTED", "On ne peut pas répondre dans cette conversation.", "conversationId")
    if thread["participant_count"] <= 2:
        return
    if not thread["can_reply_all"]:
        raise Refused("NOT_PERMITTED", "On ne peut pas répondre à tous dans cette conversation.", "replyAll")
    if not reply_all:
        message = "Tous les participants liront la réponse : confirmez avec replyAll: true."
        raise Refused("INVALID_INPUT", message, "replyAll")


def _delivered(context: RequestContext, thread: str, message: Message) -> list[Change]:
    """Count the message in the conversation and in everybody's mailbox."""
    here, mine = {"conversation_id": thread}, {"person_id": context.caller.person_id}
    newest = {"last_message_at": context.now}
    thread_now = {**newest, "last_message_id": message.id}
    return [
        Set(Conversation, {"id": thread}, thread_now, plus={"message_count": 1}),
        Set(Participant, here, newest, plus={"unread_count": 1}, but=mine),
        Set(Participant, {**here, "folder": "SENT"}, {"folder": "INBOX"}, but=mine),
        Set(Participant, here | mine, {**newest, "read_until": context.now, "unread_count": 0}),
    ]


@mutation(fields, "mark_conversations_read", ConversationsPayload)
async def mark_conversations_read(context: RequestContext, given: dict[str, Any]) -> Outcome:
    """Mark conversations in the caller's own mailbox; nobody else's changes."""
    identifiers = given["conversation_ids"]
    threads = await all_named(context, "Conversation", identifiers, CONVERSATION, "conversationIds")
    changes = []
    for thread in threads:
        newest = thread.row["last_message_at"]
        until = newest and (newest if given["is_read"] else newest - timedelta(microseconds=1))
        values = {"unread_count": 0 if given["is_read"] or newest is None else 1, "read_until": until}
        where = {"conversation_id": thread.key, "person_id": context.caller.person_id}
        changes.append(Set(Participant, where, values))
    return Outcome(changes, {"conversations": identifiers}, state_of(one.row for one in threads))


@fields.edge(ConversationsPayload, "counters")
async def counters_after_marking(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Count anew."""
    return await counters(context, parents, arguments, selection)


def _new(context: RequestContext, record: type, school: str | None, **columns: Any) -> Any:
    """Make a record of the gateway's own."""
    key = uuid4().hex
    return record(
        id=key, external_id=key, source_id=GATEWAY, school_id=school, fetched_at=context.now, **columns
    )


def _message(
    context: RequestContext, thread: str, school: str | None, author: str, name: str, text: str
) -> Message:
    message: Message = _new(
        context,
        Message,
        school,
        conversation_id=thread,
        author_id=author,
        author_person_id=context.caller.person_id,
        author_name=name,
        sent_at=context.now,
        body=text,
    )
    return message


async def _sender(context: RequestContext, conversation: Conversation) -> Participant:
    part: Participant = _new(
        context,
        Participant,
        conversation.school_id,
        conversation_id=conversation.id,
        person_id=context.caller.person_id,
        display_name=await own_name(context),
        role="INITIATOR",
        kind=context.caller.kind,
        folder="SENT",
        read_until=context.now,
        last_message_at=context.now,
    )
    return part


def _recipient(context: RequestContext, conversation: Conversation, contact: Named, role: str) -> Participant:
    row = contact.row
    part: Participant = _new(
        context,
        Participant,
        row["school_id"],
        conversation_id=conversation.id,
        person_id=contact.key,
        display_name=" ".join(one for one in (row["first_name"], row["last_name"]) if one),
        role=role,
        kind="TEACHER" if row["role"] == "TEACHER" else "STAFF",
        unread_count=1,
        last_message_at=context.now,
    )
    return part


async def _own_part(context: RequestContext, thread: str) -> Row:
    question = ask("Conversation.participants", person_id=(context.caller.person_id,))
    parent = context.plain("Conversation", {}, thread)
    (answer,) = await context.fetch(question, [parent], ("id", "display_name"))
    if isinstance(answer, Exception):
        raise answer
    return answer.rows[0]


def _shown(context: RequestContext, thread: str, message: str) -> dict[str, list[str]]:
    native = context.sources.native.name
    return {
        "conversation": [GlobalId("Conversation", native, thread).encode()],
        "message": [GlobalId("Message", native, message).encode()],
    }
