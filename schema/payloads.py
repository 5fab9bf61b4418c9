"""What mutations give back."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from strawberry import enum, enum_value, field, type

from schema.edge import edge

if TYPE_CHECKING:
    from schema.access import CharterAcceptance, Counters, Viewer
    from schema.acknowledgements import Acknowledgement
    from schema.attendance import Absence
    from schema.dashboard import Dashboard
    from schema.homework import Homework
    from schema.interfaces import Acknowledgeable
    from schema.liaison import LiaisonNote
    from schema.messaging import Conversation, Message
    from schema.news import NewsItem
    from schema.trips import Trip


@enum(description="Why an action was refused.")
class UserErrorCode(Enum):
    INVALID_INPUT = enum_value("INVALID_INPUT", description="The input is not usable; `field` says where.")
    NOT_FOUND = enum_value("NOT_FOUND", description="There is no such record for the caller.")
    NOT_PERMITTED = enum_value("NOT_PERMITTED", description="The caller may not do this.")
    CHARTER_NOT_ACCEPTED = enum_value(
        "CHARTER_NOT_ACCEPTED", description="The charter must be accepted first."
    )
    NOT_SUPPORTED_BY_SOURCE = enum_value(
        "NOT_SUPPORTED_BY_SOURCE",
        description="The system that holds the record takes no answers from outside.",
    )
    SOURCE_UNAVAILABLE = enum_value(
        "SOURCE_UNAVAILABLE", description="The source does not answer; try again."
    )
    DEADLINE_PASSED = enum_value("DEADLINE_PASSED", description="The last day to answer has passed.")
    ALREADY_DONE = enum_value("ALREADY_DONE", description="It was done before, and cannot be done again.")
    CONFLICT = enum_value("CONFLICT", description="Something changed meanwhile: read again.")
    NOT_PLACEABLE = enum_value("NOT_PLACEABLE", description="The application opens as a full page only.")
    TOO_LARGE = enum_value("TOO_LARGE", description="Too long or too many; the message names the limit.")


@enum(description="How far an action went.")
class WriteState(Enum):
    CONFIRMED = enum_value("CONFIRMED", description="Written at the source.")
    LOCAL_ONLY = enum_value(
        "LOCAL_ONLY",
        description="Kept in the gateway only: the system the record came from does not know it.",
    )
    FAILED = enum_value("FAILED", description="Nothing was written; `errors` says why.")


@type(description="A refusal the user can understand and act on. Never thrown as a transport error.")
class UserError:
    code: UserErrorCode = field(description="Stable code to act on.")
    message: str = field(description="Text to show.")
    field: list[str] | None = field(description='Path in the input: ["body"].')


def _errors() -> Any:
    return field(description="Refusals to show to the user; empty when the action was done.")


def _client_mutation_id() -> Any:
    return field(description="The value sent in the input, echoed back.")


def _write_state() -> Any:
    return field(description="How far the action went.")


@type(description="Result of an answer to the charter.")
class CharterPayload:
    @edge
    def acceptance(self) -> CharterAcceptance | None:
        """The answer as recorded."""
        ...

    @edge
    def viewer(self) -> Viewer | None:
        """Null after a refusal: the session is over."""
        ...

    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of choosing a student.")
class SelectStudentPayload:
    @edge
    def viewer(self) -> Viewer | None:
        """The caller, with the new choice."""
        ...

    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of marking homework.")
class HomeworkPayload:
    @edge
    def homework(self) -> Homework | None:
        """The homework as it is now."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of writing a message.")
class ConversationPayload:
    @edge
    def conversation(self) -> Conversation | None:
        """The conversation as it is now."""
        ...

    @edge
    def message(self) -> Message | None:
        """The message that was sent."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of marking conversations.")
class ConversationsPayload:
    @edge
    def conversations(self) -> list[Conversation] | None:
        """The conversations as they are now."""
        ...

    @edge
    def counters(self) -> Counters | None:
        """The caller's counters as they are now."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of giving the reason of absences.")
class AbsencesPayload:
    @edge
    def absences(self) -> list[Absence] | None:
        """The absences as they are now."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of signing a note.")
class LiaisonNotePayload:
    @edge
    def note(self) -> LiaisonNote | None:
        """The note as it is now."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of answering a record.")
class AcknowledgePayload:
    @edge
    def record(self) -> Acknowledgeable | None:
        """The record as it is now."""
        ...

    @edge
    def acknowledgements(self) -> list[Acknowledgement] | None:
        """The caller's answers, one for each student."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of marking news.")
class NewsPayload:
    @edge
    def news_items(self) -> list[NewsItem] | None:
        """The news items as they are now."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of an answer to a trip.")
class TripPayload:
    @edge
    def trip(self) -> Trip | None:
        """The trip as it is now."""
        ...

    write_state: WriteState = _write_state()
    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()


@type(description="Result of saving the dashboard.")
class DashboardPayload:
    @edge
    def dashboard(self) -> Dashboard | None:
        """The dashboard after the change, or the current one on CONFLICT."""
        ...

    errors: list[UserError] = _errors()
    client_mutation_id: str | None = _client_mutation_id()
