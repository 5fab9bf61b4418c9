"""Reading an input: records that the caller named, and texts. Raises Refused where it cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.base import Row
from adapters.content import as_html, clean_html, clean_text, is_blank
from resolvers.context import RequestContext
from resolvers.homework import text_of
from resolvers.identifiers import GlobalId, decode
from resolvers.nodes import rows_of
from resolvers.writes.performing import GATEWAY, Refused

MOST = 200
"""Records that may be named in one call."""
LONGEST_BODY = 20_000
LONGEST_COMMENT = 1_000


@dataclass(frozen=True, slots=True)
class Named:
    """A record that the caller named and may see."""

    identifier: GlobalId
    row: Row

    @property
    def key(self) -> str:
        """Its id in the database."""
        return self.identifier.key

    @property
    def student(self) -> str | None:
        """The student it was named for."""
        return self.identifier.student


async def named(
    context: RequestContext, type_name: str, identifier: str, columns: Sequence[str], *path: str
) -> Named:
    """Find the record of one type that an identifier names. Raises Refused."""
    (found,) = await all_named(context, type_name, [identifier], columns, *path)
    return found


async def all_named(
    context: RequestContext, type_name: str, identifiers: Sequence[str], columns: Sequence[str], *path: str
) -> list[Named]:
    """Find the records that identifiers name, each once.

    Raises Refused where one is not there for the caller, or is held by a source that cannot be written to.
    """
    if not identifiers:
        raise Refused("INVALID_INPUT", "La liste est vide.", *path)
    if len(identifiers) > MOST:
        raise Refused("TOO_LARGE", f"{MOST} éléments au plus.", *path)
    wanted = [decode(one) for one in dict.fromkeys(identifiers)]
    known = [one for one in wanted if one is not None and one.type_name == type_name]
    rows = {}
    if len(known) == len(wanted):
        # Where a record comes from decides how far a change of it goes (`state_of`).
        rows = await rows_of(context, type_name, known, (*columns, "source_id"))
    if len(rows) < len(wanted):
        raise Refused("NOT_FOUND", "Introuvable.", *path)
    if any(one.source != context.sources.native.name for one in known):
        message = "Le système de l'établissement ne prend pas de réponse par ce canal."
        raise Refused("NOT_SUPPORTED_BY_SOURCE", message, *path)
    return [Named(one, rows[one]) for one in known]


def require_permission(context: RequestContext, student: str | None, permission: str) -> None:
    """Raise Refused unless the caller's tie to a student allows an action."""
    if not context.permits(student, permission):
        raise Refused("NOT_PERMITTED", "Votre compte ne permet pas cette action pour cet élève.")


def require_open(context: RequestContext, row: Row, *path: str) -> None:
    """Raise Refused when the last day to answer has passed at the school."""
    deadline = row["acknowledgement_deadline"]
    if deadline is not None and deadline < context.today(row.get("school_id")):
        raise Refused("DEADLINE_PASSED", f"La date limite était le {deadline:%d/%m/%Y}.", *path)


def line(text: str, longest: int, *path: str) -> str:
    """Read a line of plain text that may not be empty. Raises Refused."""
    cleaned = " ".join(clean_text(within(text, longest, *path)).split())
    if is_blank(cleaned):
        raise Refused("INVALID_INPUT", "Le texte est vide.", *path)
    return cleaned


def comment(text: str | None) -> str | None:
    """Read a plain text that may be left out. Raises Refused."""
    cleaned = clean_text(within(text or "", LONGEST_COMMENT, "comment")).strip()
    return None if is_blank(cleaned) else cleaned


def body(text: str) -> str:
    """Read HTML or plain text, and take out all that could do harm. Raises Refused."""
    cleaned = clean_html(as_html(within(text, LONGEST_BODY, "body").strip()))
    if is_blank(text_of(cleaned) or ""):
        raise Refused("INVALID_INPUT", "Le message est vide.", "body")
    return cleaned


def within(text: str, longest: int, *path: str) -> str:
    """Return a text that is not too long. Raises Refused."""
    if len(text) > longest:
        raise Refused("TOO_LARGE", f"{longest} caractères au plus ({len(text)} ici).", *path)
    return text


def state_of(rows: Iterable[Row]) -> str:
    """Tell how far a change of records goes: what came from an export stays as it is there."""
    return "CONFIRMED" if all(row["source_id"] == GATEWAY for row in rows) else "LOCAL_ONLY"


async def own_name(context: RequestContext) -> str:
    """Read the caller's name."""
    kind: Any = {"GUARDIAN": "Guardian", "STUDENT": "Student"}.get(context.caller.kind, "StaffMember")
    identifier = GlobalId(kind, context.sources.native.name, context.caller.person_id)
    rows = await rows_of(context, kind, [identifier], ("first_name", "last_name"))
    row = rows.get(identifier, {})
    return " ".join(part for part in (row.get("first_name"), row.get("last_name")) if part) or "?"
