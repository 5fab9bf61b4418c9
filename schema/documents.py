"""Documents and attachments."""

from __future__ import annotations

from datetime import datetime as DateTime
from enum import Enum
from typing import TYPE_CHECKING

from strawberry import ID, enum, enum_value, field, type

from schema.connections import Connection
from schema.edge import edge
from schema.interfaces import Acknowledgeable, Node
from schema.scalars import URL
from schema.sources import Sourced

if TYPE_CHECKING:
    from schema.student import Student


@enum(description="Category of a document.")
class DocumentCategory(Enum):
    REPORT_CARD = enum_value("REPORT_CARD", description="Report card (bulletin).")
    GRADES = enum_value("GRADES", description="Grades (relevé de notes).")
    SCHOOL_LIFE = enum_value("SCHOOL_LIFE", description="School life (vie scolaire).")
    ADMINISTRATIVE = enum_value("ADMINISTRATIVE", description="Administrative.")
    CERTIFICATE = enum_value("CERTIFICATE", description="Certificate (certificat de scolarité).")
    INVOICE = enum_value("INVOICE", description="Invoice.")
    REGISTRATION = enum_value("REGISTRATION", description="Registration.")
    TRIP = enum_value("TRIP", description="Trip.")
    SHARED = enum_value("SHARED", description="Shared with the family.")
    PERSONAL = enum_value("PERSONAL", description="The family's own.")
    OTHER = enum_value("OTHER", description="Something else.")


@enum(description="What an attachment is.")
class AttachmentKind(Enum):
    FILE = enum_value("FILE", description="A file.")
    LINK = enum_value("LINK", description="A web link.")
    AUDIO = enum_value("AUDIO", description="A sound recording.")
    VIDEO_CALL = enum_value("VIDEO_CALL", description="A video call.")
    CLOUD = enum_value("CLOUD", description="A file in a cloud.")
    DIGITAL_TEXTBOOK = enum_value("DIGITAL_TEXTBOOK", description="A digital textbook (manuel numérique).")


@type(description="A file published for, shared with or deposited by the guardian.")
class Document(Node, Sourced, Acknowledgeable):
    name: str = field(description="File name.")
    category: DocumentCategory = field(description="Category.")

    @edge
    def student(self) -> Student | None:
        """The student concerned, null for a family document."""
        ...

    school_year: str | None = field(description='School year: "2026-2027".')
    mime_type: str | None = field(description='MIME type: "application/pdf".')
    size: int | None = field(description="Size in bytes.")
    created_at: DateTime = field(description="When it was published.")
    modified_at: DateTime | None = field(description="When it last changed.")
    owner: str | None = field(description="Who published it.")
    folder: str | None = field(description="Folder it lies in.")
    download_url: URL = field(description="Link to download.")
    is_shared: bool = field(description="Shared with others.")


@type(description="A file or a link attached to another record.")
class Attachment:
    id: ID = field(
        description="Opaque identifier, stable across imports. Read the record again with `node(id:)`."
    )
    kind: AttachmentKind = field(description="What it is.")
    name: str = field(description="File name or title of the link.")
    url: URL = field(description="Link to open.")
    mime_type: str | None = field(description="MIME type.")
    size: int | None = field(description="Size in bytes.")
    alt_text: str | None = field(description="Text alternative for a picture.")


@type(description="A page of a list of Document (Relay connection).")
class DocumentConnection(Connection[Document]):
    """Nothing beyond the Relay fields."""
