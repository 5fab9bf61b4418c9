"""Liaison book: notes to sign, and who signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.acknowledgements import answers_to
from resolvers.connections import student_connection
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.homework import text_of
from resolvers.selection import Selection
from schema import Attachment, Guardian, LiaisonNote, LiaisonNoteConnection, StaffMember

fields = Fields()
student_connection(fields, "liaison_notes", LiaisonNoteConnection, LiaisonNote, "Student.liaison_notes")
fields.to_one(LiaisonNote, "author", StaffMember, "author_id")
fields.children(LiaisonNote, "attachments", Attachment, "Record.attachments")
fields.derive(LiaisonNote, "body_text", "body")(lambda row, _context: text_of(row["body"]))


@fields.edge(LiaisonNote, "author_guardian", "author_guardian_id")
async def author_guardian(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """Show the guardian who wrote the note to themself only."""
    mine = context.caller.person_id
    pairs = [(parent, mine if parent.author_guardian_id == mine else None) for parent in parents]
    return await context.referenced("Guardian", Guardian, pairs, selection)


@fields.edge(LiaisonNote, "acknowledgements")
async def acknowledgements(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List who answered, for the note's own student."""
    return await answers_to(context, parents, selection)
