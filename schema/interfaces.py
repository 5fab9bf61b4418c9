"""Interfaces shared by the types of every domain."""

from __future__ import annotations

from datetime import date as Date
from typing import TYPE_CHECKING

from strawberry import ID, field, interface

from schema.edge import edge
from schema.scalars import URL

if TYPE_CHECKING:
    from schema.acknowledgements import Acknowledgement
    from schema.student import Student


@interface(description="Anything with a stable global identifier. Read it again with `node(id:)`.")
class Node:
    id: ID = field(description="Opaque, stable across imports: an update at the source keeps the id.")


@interface(description="Anything that concerns exactly one student.")
class StudentScoped:
    @edge
    def student(self) -> Student | None:
        """The student concerned."""
        ...


@interface(description="Anything a guardian may have to acknowledge, sign or answer.")
class Acknowledgeable:
    id: ID = field(
        description="Opaque identifier, stable across imports. Read the record again with `node(id:)`."
    )
    requires_acknowledgement: bool = field(
        description="True when the school expects an answer from the guardian."
    )
    acknowledgement_deadline: Date | None = field(
        description="Last day on which an answer is accepted, null when there is none."
    )

    @edge
    def my_acknowledgement(self) -> Acknowledgement | None:
        """The caller's own answer, null while none was given."""
        ...


@interface(description="Any person visible in the directory.")
class Person:
    id: ID = field(
        description="Opaque identifier, stable across imports. Read the record again with `node(id:)`."
    )
    title: str | None = field(description='Form of address as the source writes it: "Mme", "M.".')
    first_name: str | None = field(description="Given name (prénom).")
    last_name: str = field(description="Family name in use (nom d'usage).")
    display_name: str = field(description="Name to display, in the source's order.")
    photo_url: URL | None = field(description="Portrait, null when the school publishes none.")
