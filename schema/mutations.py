"""The entry points for writing."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from strawberry import ID, enum, enum_value, field, input, type

from schema.edge import edge

if TYPE_CHECKING:
    from schema.access import CharterAcceptance, Viewer


@enum(description="Why an action was refused.")
class UserErrorCode(Enum):
    INVALID_INPUT = enum_value("INVALID_INPUT", description="The input is not usable.")
    NOT_FOUND = enum_value("NOT_FOUND", description="There is no such record for the caller.")
    NOT_PERMITTED = enum_value("NOT_PERMITTED", description="The caller may not do this.")
    CHARTER_NOT_ACCEPTED = enum_value(
        "CHARTER_NOT_ACCEPTED", description="The charter must be accepted first."
    )
    CONFLICT = enum_value("CONFLICT", description="Something changed meanwhile.")


@input(
    description="Every input accepts clientMutationId, echoed back and used as idempotency key for 24 hours."
)
class AcceptCharterInput:
    charter_id: ID = field(description="The charter to accept.")
    version: str = field(description="The version that was shown; another one in force answers CONFLICT.")
    client_mutation_id: str | None = field(
        description="Any text of yours; echoed back, and a repeated call with it has no second effect.",
        default=None,
    )


@input(description="Refuses a charter: the session is closed.")
class RefuseCharterInput:
    charter_id: ID = field(description="The charter to refuse.")
    client_mutation_id: str | None = field(description="Any text of yours; echoed back.", default=None)


@input(description="Chooses the student of the permanent bar.")
class SelectStudentInput:
    student_id: ID | None = field(description="Null selects all students.", default=None)
    client_mutation_id: str | None = field(description="Any text of yours; echoed back.", default=None)


@type(description="A refusal the user can understand and act on. Never thrown as a transport error.")
class UserError:
    code: UserErrorCode = field(description="Stable code to act on.")
    message: str = field(description="Text to show.")
    field: list[str] | None = field(description="Path in the input.")


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

    errors: list[UserError] = field(
        description="Refusals to show to the user; empty when the action was done."
    )
    client_mutation_id: str | None = field(description="The value sent in the input, echoed back.")


@type(description="Result of choosing a student.")
class SelectStudentPayload:
    @edge
    def viewer(self) -> Viewer | None:
        """The caller, with the new choice."""
        ...

    errors: list[UserError] = field(
        description="Refusals to show to the user; empty when the action was done."
    )
    client_mutation_id: str | None = field(description="The value sent in the input, echoed back.")


@type(description="Everything that can be changed.")
class Mutation:
    @edge
    def accept_charter(self, input: AcceptCharterInput) -> CharterPayload | None:
        """Any caller, once per charter version."""
        ...

    @edge
    def refuse_charter(self, input: RefuseCharterInput) -> CharterPayload | None:
        """Any caller. Closes the session and revokes its tokens."""
        ...

    @edge
    def select_student(self, input: SelectStudentInput) -> SelectStudentPayload | None:
        """Changes the student of the permanent bar on every device."""
        ...
