"""The entry points for writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strawberry import type

from schema.edge import edge
from schema.inputs import (
    AcceptCharterInput,
    AcknowledgeInput,
    AnswerTripConsentInput,
    JustifyAbsenceInput,
    MarkConversationReadInput,
    MarkNewsReadInput,
    RefuseCharterInput,
    ReplyToConversationInput,
    SaveDashboardInput,
    SelectStudentInput,
    SetHomeworkStatusInput,
    SignLiaisonNoteInput,
    StartConversationInput,
)

if TYPE_CHECKING:
    from schema.payloads import (
        AbsencesPayload,
        AcknowledgePayload,
        CharterPayload,
        ConversationPayload,
        ConversationsPayload,
        DashboardPayload,
        HomeworkPayload,
        LiaisonNotePayload,
        NewsPayload,
        SelectStudentPayload,
        TripPayload,
    )

WRITE = 6_000
"""What a mutation counts: it takes a transaction, and about the time of two dashboards."""


@type(description="Everything that can be changed.")
class Mutation:
    @edge(weight=WRITE)
    def accept_charter(self, input: AcceptCharterInput) -> CharterPayload | None:
        """Any caller, once per charter version."""
        ...

    @edge(weight=WRITE)
    def refuse_charter(self, input: RefuseCharterInput) -> CharterPayload | None:
        """Any caller. Closes the session and revokes its tokens."""
        ...

    @edge(weight=WRITE)
    def select_student(self, input: SelectStudentInput) -> SelectStudentPayload | None:
        """Changes the student of the permanent bar on every device."""
        ...

    @edge(weight=WRITE)
    def set_homework_status(self, input: SetHomeworkStatusInput) -> HomeworkPayload | None:
        """Guardians with the permission MARK_HOMEWORK."""
        ...

    @edge(weight=WRITE)
    def start_conversation(self, input: StartConversationInput) -> ConversationPayload | None:
        """Guardians with the permission SEND_MESSAGES. A call sent again with its clientMutationId sends nothing twice."""
        ...

    @edge(weight=WRITE)
    def reply_to_conversation(self, input: ReplyToConversationInput) -> ConversationPayload | None:
        """Whoever takes part, where `canReply` says so."""
        ...

    @edge(weight=WRITE)
    def mark_conversations_read(self, input: MarkConversationReadInput) -> ConversationsPayload | None:
        """Whoever takes part. All conversations or none."""
        ...

    @edge(weight=WRITE)
    def justify_absences(self, input: JustifyAbsenceInput) -> AbsencesPayload | None:
        """Guardians with the permission JUSTIFY_ABSENCE. All absences or none."""
        ...

    @edge(weight=WRITE)
    def sign_liaison_note(self, input: SignLiaisonNoteInput) -> LiaisonNotePayload | None:
        """Guardians with the permission SIGN_LIAISON_NOTE, until the deadline."""
        ...

    @edge(weight=WRITE)
    def acknowledge(self, input: AcknowledgeInput) -> AcknowledgePayload | None:
        """News, punishments, observations, absences, documents. Reading something is not acknowledging it."""
        ...

    @edge(weight=WRITE)
    def mark_news_read(self, input: MarkNewsReadInput) -> NewsPayload | None:
        """Any caller. All news items or none."""
        ...

    @edge(weight=WRITE)
    def answer_trip_consent(self, input: AnswerTripConsentInput) -> TripPayload | None:
        """Guardians with the permission ANSWER_TRIP_CONSENT. The answer may change until the deadline."""
        ...

    @edge(weight=WRITE)
    def save_dashboard(self, input: SaveDashboardInput) -> DashboardPayload | None:
        """Replaces the whole layout in one go (end of a drag and drop)."""
        ...
