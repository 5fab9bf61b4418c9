"""Answers of guardians: seen, signed, granted, refused."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import enum, enum_value, field, type

from schema.edge import edge
from schema.interfaces import Node

if TYPE_CHECKING:
    from schema.people import Guardian
    from schema.student import Student


@enum(description="Answer of a guardian.")
class AcknowledgementDecision(Enum):
    SEEN = enum_value("SEEN", description="Seen (vu).")
    SIGNED = enum_value("SIGNED", description="Signed (signé).")
    GRANTED = enum_value("GRANTED", description="Authorised (autorisé).")
    REFUSED = enum_value("REFUSED", description="Refused.")


@enum(description="How an answer was given.")
class AcknowledgementMethod(Enum):
    CLICK = enum_value("CLICK", description="A click while signed in.")
    SIGNATURE = enum_value("SIGNATURE", description="Typed name or drawn signature.")
    STRONG_AUTHENTICATION = enum_value("STRONG_AUTHENTICATION", description="With a second factor.")
    ON_PAPER = enum_value("ON_PAPER", description="On paper, typed in by the school.")


@enum(description="Whether an answer is still expected.")
class AcknowledgementState(Enum):
    NOT_REQUIRED = enum_value("NOT_REQUIRED", description="Nothing is expected.")
    PENDING = enum_value("PENDING", description="Waiting for the guardian.")
    DONE = enum_value("DONE", description="The caller answered.")
    DONE_BY_OTHER_GUARDIAN = enum_value(
        "DONE_BY_OTHER_GUARDIAN", description="The other guardian answered and one answer is enough."
    )
    EXPIRED = enum_value("EXPIRED", description="The deadline has passed.")


@type(description="An answer of one guardian for one student.")
class Acknowledgement(Node):
    @edge
    def guardian(self) -> Guardian | None:
        """The guardian who answered; null for another guardian."""
        ...

    guardian_name: str = field(description="Who answered: the guardian's name, or the tie to the student.")

    @edge
    def student(self) -> Student | None:
        """The child the answer is for."""
        ...

    decision: AcknowledgementDecision = field(description="The answer.")
    comment: str | None = field(description="Comment; hidden when another guardian wrote it.")
    at: DateTime = field(description="When it was given.")
    method: AcknowledgementMethod = field(description="How it was given, for the record.")
