"""Agenda, news, documents and directory: lists for the whole family, each record once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adapters.base import Row
from resolvers.calendar import windows
from resolvers.connections import connection_type, filters_of, page_of, searched, student_connection
from resolvers.context import RequestContext
from resolvers.families import FamilyList, family
from resolvers.fields import Arguments, Fields
from resolvers.identifiers import GlobalId
from resolvers.loading import Ask, ask
from resolvers.nodes import load
from resolvers.people import display_name, may_write
from resolvers.selection import Selection
from resolvers.trips import audience_edges
from schema import (
    Attachment,
    Contact,
    ContactConnection,
    Document,
    DocumentConnection,
    Event,
    EventConnection,
    NewsConnection,
    NewsItem,
    Query,
    School,
    StaffMember,
    StaffRole,
    Student,
)

fields = Fields()
student_connection(fields, "events", EventConnection, Event, "Viewer.events")
student_connection(fields, "documents", DocumentConnection, Document, "Viewer.documents")
fields.to_one(Event, "school", School, "school_id")
fields.to_one(Event, "organizer", StaffMember, "organizer_id")
fields.children(Event, "attachments", Attachment, "Record.attachments")
fields.to_one(NewsItem, "author", StaffMember, "author_id")
fields.to_one(NewsItem, "school", School, "school_id")
fields.to_one(NewsItem, "illustration", Attachment, "illustration_id")
fields.children(NewsItem, "attachments", Attachment, "Record.attachments")
fields.to_one(Document, "student", Student, "student_id")
fields.to_one(Contact, "school", School, "school_id")
fields.to_one(Contact, "person", StaffMember, "_id")
audience_edges(Event)

for concerned in (Event, NewsItem, Contact):
    fields.to_many(concerned, "students", Student, "concerned_student_ids")


@fields.edge(Event, "trip", "trip_id", "concerned_student_ids")
async def event_trip(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Find the trip behind an event, as seen for the first of the caller's students concerned."""
    wanted = [
        GlobalId("Trip", parent._source, parent.trip_id, parent.concerned_student_ids[0])
        if parent.trip_id and parent.concerned_student_ids
        else None
        for parent in parents
    ]
    found = await load(context, "Trip", [one for one in wanted if one], selection)
    return [found.get(one) if one else None for one in wanted]


fields.derive(Contact, "display_name", "first_name", "last_name")(display_name)
fields.derive(Contact, "detail", "function_label")(lambda row, _context: row["function_label"])
fields.derive(Contact, "can_message")(lambda _row, context: may_write(context))


@fields.derive(Contact, "kind", "role")
def contact_kind(row: Row, _context: RequestContext) -> str:
    """Tell teachers from other staff."""
    return "TEACHER" if row["role"] == "TEACHER" else "STAFF"


@fields.derive(Contact, "cannot_message_reason")
def cannot_message_reason(_row: Row, context: RequestContext) -> str | None:
    """Say why the caller may not write."""
    return None if may_write(context) else "L'établissement n'a pas ouvert la messagerie à ce compte."


NEWS = FamilyList(
    connection_type(NewsConnection, NewsItem), ("is_headline", "published_at", "id"), newest_first=True
)
NEWS = replace(NEWS, parts=replace(NEWS.parts, edge="NewsEdge"))
EVENTS = FamilyList(connection_type(EventConnection, Event), ("starts_at", "id"))
DOCUMENTS = FamilyList(connection_type(DocumentConnection, Document), ("created_at", "id"), newest_first=True)
CONTACTS = FamilyList(connection_type(ContactConnection, Contact), ("last_name", "id"))


@fields.lists(Query, "news", NEWS, about=family)
async def news(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """List the news of the family's schools that are shown now."""
    return ask(
        "Viewer.news",
        page_of(arguments, selection, NEWS.parts.connection),
        windows=await windows(context, [one._student for one in parents], arguments),
        shown_at=context.now,
        unread=True if arguments.get("unread_only") else None,
        **filters_of(arguments),
    )


@fields.lists(Query, "events", EVENTS, about=family)
async def events(
    context: RequestContext, parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """List the agenda of the family."""
    return ask(
        "Viewer.events",
        page_of(arguments, selection, EVENTS.parts.connection),
        windows=await windows(context, [one._student for one in parents], arguments),
        **filters_of(arguments),
    )


def _all_students(context: RequestContext, _arguments: Arguments) -> list[Any]:
    return family(context, {})


@fields.lists(Query, "documents", DOCUMENTS, about=_all_students)
async def documents(
    _context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """List the documents of the family."""
    return ask(
        "Viewer.documents",
        page_of(arguments, selection, DOCUMENTS.parts.connection),
        search=searched(arguments),
        **filters_of(arguments),
    )


def _correspondents(context: RequestContext, arguments: Arguments) -> list[Any]:
    if arguments.get("messageable_only") and not may_write(context):
        return []
    return family(context, arguments)


@fields.lists(Query, "directory", CONTACTS, about=_correspondents)
async def directory(
    _context: RequestContext, _parents: Sequence[Any], arguments: Arguments, selection: Selection
) -> Ask:
    """List the staff a family deals with."""
    return ask(
        "Viewer.contacts",
        page_of(arguments, selection, CONTACTS.parts.connection),
        search=searched(arguments),
        role=_roles(arguments.get("kinds")),
    )


def _roles(kinds: list[str] | None) -> tuple[str, ...] | None:
    """Turn kinds of correspondents into roles of staff."""
    if kinds is None:
        return None
    others = tuple(role.name for role in StaffRole if role.name != "TEACHER")
    return (("TEACHER",) if "TEACHER" in kinds else ()) + (others if "STAFF" in kinds else ())
