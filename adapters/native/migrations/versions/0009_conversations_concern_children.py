"""Conversations concern children: those stored before are closed with the children of who takes part, too."""

from datetime import date

import sqlalchemy as sa
from alembic import op

from adapters import records as r

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BATCH = 1000


def upgrade() -> None:
    """Write the audience of conversations that have none: the children named, or those of the guardians.

    Children to whom a guardian is no longer tied count: it is they whom the conversation was about.
    """
    connection = op.get_bind()
    audience, thread = r.Audience.table(), r.Conversation.table()
    part, tie, student = r.Participant.table(), r.Guardianship.table(), r.Student.table()
    has_none = ~sa.exists().where(audience.c.record_id == thread.c.id)
    theirs = (
        sa.select(thread.c.id, thread.c.school_id, tie.c.student_id)
        .join(part, part.c.conversation_id == thread.c.id)
        .join(tie, tie.c.guardian_id == part.c.person_id)
        .join(student, student.c.id == tie.c.student_id)
        .where(student.c.school_id == thread.c.school_id)
        .distinct()
    )
    last = ""
    while threads := connection.execute(
        sa.select(thread.c.id, thread.c.school_id, thread.c.student_ids)
        .where(has_none, thread.c.id > last)
        .order_by(thread.c.id)
        .limit(BATCH)
    ).all():
        last = threads[-1].id
        named = {(one.id, one.school_id, key) for one in threads for key in one.student_ids}
        nobody = [one.id for one in threads if not one.student_ids]
        found = connection.execute(theirs.where(thread.c.id.in_(nobody))).all() if nobody else ()
        rows = [_row(*one) for one in sorted(named.union(map(tuple, found)), key=repr)]
        if rows:
            connection.execute(sa.insert(audience), rows)


def _row(conversation, school, student):
    return {
        "id": r.record_id(conversation, "Audience", student),
        "school_id": school,
        "audience_id": student,
        "record_kind": "conversation",
        "record_id": conversation,
        "date": date.min,
    }


def downgrade() -> None:
    """A version before this one reads the rows as it reads those of imported conversations."""
