"""Global identifiers: opaque outside, and inside the type, the source, the key there and the student."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple


class GlobalId(NamedTuple):
    """What an identifier says. `student` is set for records that exist once per student."""

    type_name: str
    source: str
    key: str
    student: str | None = None

    def encode(self) -> str:
        """Write the identifier as text for the client."""
        text = "\n".join(part for part in self if part is not None)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(identifier: str) -> GlobalId | None:
    """Read an identifier; None for a text that never was one."""
    try:
        text = base64.urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
    parts = text.split("\n")
    # PostgreSQL refuses a text with this character.
    return GlobalId(*parts) if len(parts) in (3, 4) and "\0" not in text else None


def keys(identifiers: list[str] | None, type_name: str) -> tuple[str, ...] | None:
    """Read the keys of identifiers of one type; what is of another type is no key at all."""
    if identifiers is None:
        return None
    found = (decode(identifier) for identifier in identifiers)
    return tuple(name.key for name in found if name is not None and name.type_name == type_name)
