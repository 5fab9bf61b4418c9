"""What mutations take in."""

from __future__ import annotations

from typing import Any

from strawberry import ID, field, input

from schema.acknowledgements import AcknowledgementDecision
from schema.dashboard import AppCode, StudentScope, WidgetGroupBy
from schema.homework import HomeworkStatus
from schema.scalars import Color
from schema.windows import RelativeRange


def _client_mutation_id() -> Any:
    return field(
        description="Any text of yours, echoed back. For 24 hours the same call sent again with it has no second "
        "effect: choose a new one for each action, keep it for retries.",
        default=None,
    )


@input(description="Accepts a charter.")
class AcceptCharterInput:
    charter_id: ID = field(description="The charter to accept.")
    version: str = field(description="The version that was shown; another one in force answers CONFLICT.")
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Refuses a charter: the session is closed.")
class RefuseCharterInput:
    charter_id: ID = field(description="The charter to refuse.")
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Chooses the student of the permanent bar.")
class SelectStudentInput:
    student_id: ID | None = field(description="Null selects all students.", default=None)
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Marks homework as to do, begun or done.")
class SetHomeworkStatusInput:
    homework_id: ID = field(description="The homework, as read from the student's list.")
    status: HomeworkStatus = field(description="How far the student is.")
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Begins a conversation with people of the directory.")
class StartConversationInput:
    recipient_contact_ids: list[ID] = field(description="Contacts to write to (1 to 50, copies included).")
    cc_contact_ids: list[ID] | None = field(description="Contacts who get a copy.", default=None)
    student_id: ID | None = field(
        description="The child it is about; null for a general matter.", default=None
    )
    subject: str = field(description="Subject (1 to 200 characters).")
    body: str = field(
        description="HTML or plain text (1 to 20,000 characters); what could do harm is taken out."
    )
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Answers in a conversation.")
class ReplyToConversationInput:
    conversation_id: ID = field(description="The conversation.")
    in_reply_to_message_id: ID | None = field(description="The message that is answered.", default=None)
    body: str = field(
        description="HTML or plain text (1 to 20,000 characters); what could do harm is taken out."
    )
    reply_all: bool = field(
        description="Needed where more than two take part: everybody in a conversation reads every answer.",
        default=False,
    )
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Marks conversations as read or unread.")
class MarkConversationReadInput:
    conversation_ids: list[ID] = field(description="The conversations (up to 200).")
    is_read: bool = field(description="False marks them as unread.", default=True)
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Gives the reason of absences or late arrivals.")
class JustifyAbsenceInput:
    absence_ids: list[ID] = field(description="Absences of the caller's students (up to 200).")
    reason_id: ID | None = field(description="One of the school's `absenceReasons`.", default=None)
    comment: str | None = field(description="A word to the school (up to 1,000 characters).", default=None)
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Signs a note of the liaison book.")
class SignLiaisonNoteInput:
    note_id: ID = field(description="The note.")
    decision: AcknowledgementDecision = field(
        description="GRANTED or REFUSED when the note requires a decision, SIGNED otherwise.",
        default=AcknowledgementDecision.SIGNED,
    )
    comment: str | None = field(description="A word to the school (up to 1,000 characters).", default=None)
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Answers a record that asks for it.")
class AcknowledgeInput:
    id: ID = field(description="Id of a news item, punishment, observation, absence or document.")
    student_ids: list[ID] | None = field(
        description="Needed when the record concerns several of the caller's students.", default=None
    )
    decision: AcknowledgementDecision = field(
        description="SEEN or SIGNED.", default=AcknowledgementDecision.SEEN
    )
    comment: str | None = field(description="A word to the school (up to 1,000 characters).", default=None)
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Marks news as read or unread.")
class MarkNewsReadInput:
    news_ids: list[ID] = field(description="The news items (up to 200).")
    is_read: bool = field(description="False marks them as unread.", default=True)
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Authorises a trip, or refuses it.")
class AnswerTripConsentInput:
    trip_id: ID = field(description="The trip, as read from the student's list.")
    decision: AcknowledgementDecision = field(
        description="GRANTED or REFUSED; may change until the deadline."
    )
    comment: str | None = field(description="A word to the school (up to 1,000 characters).", default=None)
    client_mutation_id: str | None = _client_mutation_id()


@input(description="Place of a widget on the grid.")
class WidgetPositionInput:
    column: int = field(description="First column, from 0.")
    row: int = field(description="First row, from 0.")
    columns: int = field(description="Width in columns.")
    rows: int = field(description="Height in rows.")


@input(description="Settings of a widget; null leaves the application's default.")
class WidgetSettingsInput:
    title: str | None = field(description="Own title (up to 100 characters).", default=None)
    color: Color | None = field(description="Own colour.", default=None)
    student_scope: StudentScope | None = field(description="Which children it follows.", default=None)
    student_ids: list[ID] | None = field(description="Used when studentScope is CHOSEN.", default=None)
    range: RelativeRange | None = field(description="Days to show.", default=None)
    max_items: int | None = field(description="Number of lines (1 to 50).", default=None)
    subject_ids: list[ID] | None = field(description="Subjects to show.", default=None)
    show_done: bool | None = field(description="Show homework already done.", default=None)
    show_cancelled: bool | None = field(description="Show cancelled lessons.", default=None)
    show_class_average: bool | None = field(description="Show the class average.", default=None)
    unread_only: bool | None = field(description="Show only what is unread.", default=None)
    group_by: WidgetGroupBy | None = field(description="How lines are grouped.", default=None)
    compact: bool | None = field(description="Narrow lines.", default=None)
    period_id: ID | None = field(description="Grading period to show.", default=None)


@input(description="One tile of the dashboard.")
class WidgetInput:
    id: ID | None = field(description="Null for a widget just dropped.", default=None)
    app: AppCode = field(description="The application; messaging and the like cannot be placed.")
    position: WidgetPositionInput = field(description="Where it lies.")
    settings: WidgetSettingsInput | None = field(description="How it is set.", default=None)


@input(description="Replaces the whole layout in one go.")
class SaveDashboardInput:
    expected_revision: int = field(
        description="Revision the edit started from; a different one answers CONFLICT with the current dashboard."
    )
    widgets: list[WidgetInput] = field(description="Every tile (up to 50).")
    client_mutation_id: str | None = _client_mutation_id()
