"""Liaison book: notes to sign, and who signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.acknowledgements import answers_to, own_guardian_edge
from resolvers.connections import student_connection
from resolvers.context import RequestContext
from resolvers.fields import Arguments, Fields
from resolvers.homework import text_of
from resolvers.selection import Selection
from schema import Attachment, LiaisonNote, LiaisonNoteConnection, StaffMember

fields = Fields()
student_connection(fields, "liaison_notes", LiaisonNoteConnection, LiaisonNote, "Student.liaison_notes")
fields.to_one(LiaisonNote, "author", StaffMember, "author_id")
fields.children(LiaisonNote, "attachments", Attachment, "Record.attachments")
fields.derive(LiaisonNote, "body_text", "body")(lambda row, _context: text_of(row["body"]))


own_guardian_edge(fields, LiaisonNote, "author_guardian", "author_guardian_id")


@fields.edge(LiaisonNote, "acknowledgements")
async def acknowledgements(
    context: RequestContext, parents: Sequence[Any], _arguments: Arguments, selection: Selection
) -> Sequence[Any]:
    """List who answered, for the note's own student."""
    return await answers_to(context, parents, selection)
