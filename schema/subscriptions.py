"""The entry points for listening."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from strawberry import ID, enum, enum_value, field, type

from schema.edge import edge, stream
from schema.timetable import LessonChange, LessonStatus

if TYPE_CHECKING:
    from schema.dashboard import Dashboard
    from schema.messaging import Conversation, Message
    from schema.timetable import Lesson

CURSOR = (
    "Resume with it after a lost connection: give the last one received as `afterCursor`, or as the header "
    "`Last-Event-ID` of an event stream. Strictly increasing for one caller. Valid for 24 hours."
)


@enum(description="What happened to a record.")
class ChangeOperation(Enum):
    CREATED = enum_value("CREATED", description="It is new.")
    UPDATED = enum_value("UPDATED", description="It is another than before.")
    REMOVED = enum_value("REMOVED", description="It is no longer there.")


@type(description="A message was sent; one's own are among them, so that other devices show them.")
class MessageEvent:
    @edge
    def message(self) -> Message | None:
        """The new message."""
        ...

    @edge
    def conversation(self) -> Conversation | None:
        """The thread it belongs to."""
        ...

    cursor: str = field(description=CURSOR)


@type(description="A lesson of today or later was added, moved, cancelled, restored or removed.")
class LessonEvent:
    operation: ChangeOperation = field(description="What happened to the lesson.")

    @edge
    def lesson(self) -> Lesson | None:
        """The lesson as it is now; null when it was removed."""
        ...

    previous_status: LessonStatus | None = field(description="Status before; null when the lesson is new.")
    changes: list[LessonChange] = field(description="What differs from before, the status left aside.")
    cursor: str = field(description=CURSOR)


@type(
    description="Listen over a WebSocket (graphql-transport-ws) or an event stream (graphql-sse, distinct "
    "connections): the same operations, the same cursors."
)
class Subscription:
    @stream
    def message_received(
        self,
        student_ids: list[ID] | None = None,
        conversation_id: ID | None = None,
        after_cursor: str | None = None,
    ) -> MessageEvent:
        """New messages the caller may read: those of their own mailbox, or a partner's schools.

        With `afterCursor`, first what was missed since, of the last 24 hours, then what comes:
        `subscription { messageReceived(afterCursor: "WzQyXQ") { cursor message { authorName excerpt } } }`.
        """
        ...

    @stream
    def lesson_changed(
        self, student_ids: list[ID] | None = None, after_cursor: str | None = None
    ) -> LessonEvent:
        """Cancelled, moved, added lessons of the caller's students."""
        ...

    @stream
    def dashboard_changed(self) -> Dashboard:
        """The dashboard was saved, here or on another device."""
        ...
