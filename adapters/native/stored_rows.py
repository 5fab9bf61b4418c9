"""How a record becomes the row that is stored: its hash, its words for searching, whom it is for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Table

from adapters import records as r
from adapters.content import Cleaning, clean_row

NO_REFERENCES = frozenset({"source_id", "external_id", "information_system_id", "national_id"})
"""Columns that end like references and are none."""


class UnusableTexts(Exception):
    """A record needs a text that cannot be used; `cleaning` has all of them."""

    def __init__(self, cleaning: Cleaning) -> None:
        super().__init__(", ".join(name for name, _ in cleaning.unusable))
        self.cleaning = cleaning


def stored_row(record: r.Record, now: datetime) -> tuple[dict[str, Any], Cleaning]:
    """Validate and clean a record and add what the loader adds; returns the row, and what cleaning changed.

    Columns whose value cannot be used, such as a URL that is none, are empty. The hash is of what the source
    says, with its own references, so that it stays the same when records of several sources are joined.
    Raises pydantic.ValidationError, and UnusableTexts where the record cannot be without one.
    """
    row = record.validated(record.model_dump())
    cleaning = clean_row(record.contents(), row)
    if any(row[name] is None and not record.table().c[name].nullable for name, _ in cleaning.unusable):
        raise UnusableTexts(cleaning)
    if isinstance(record, r.Imported):
        row |= {"fetched_at": now, "ended_at": None, "content_hash": content_hash(row)}
    if isinstance(record, r.Searchable):
        words = (row[name] for name in record.SEARCHED)
        row["search_text"] = r.search_text(" ".join(word for word in words if word))
    if isinstance(record, r.Named):
        row["match_name"] = r.folded(*(row[name] for name in record.NAMED_BY))
    return row, cleaning


def content_hash(row: Mapping[str, Any]) -> str:
    """Hash what a record says, without what the loader adds."""
    content = {name: value for name, value in row.items() if name not in r.PROVENANCE}
    plain = json.dumps(content, sort_keys=True, default=_as_text, ensure_ascii=False)
    return hashlib.blake2b(plain.encode(), digest_size=12).hexdigest()


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date | time) else str(value)


def reference_columns(table: Table) -> tuple[list[str], list[str]]:
    """List the columns that hold the id of another record, and those that hold several."""
    names = [column.name for column in table.c if column.name not in NO_REFERENCES]
    return [one for one in names if one.endswith("_id")], [one for one in names if one.endswith("_ids")]


def references(table: Table, row: Mapping[str, Any]) -> set[str]:
    """Collect the ids that a row refers to."""
    single, several = reference_columns(table)
    found = {row[name] for name in single if row.get(name)}
    for name in several:
        found.update(row.get(name) or ())
    return found


def with_references(table: Table, row: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """Replace references by those of the records that they became part of."""
    single, several = reference_columns(table)
    replaced: dict[str, Any] = {name: known[row[name]] for name in single if row.get(name) in known}
    for name in several:
        if any(one in known for one in row.get(name) or ()):
            replaced[name] = list(dict.fromkeys(known.get(one, one) for one in row[name]))
    return {**row, **replaced}


def audience_of(kind: str, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the audience rows of a record: its classes, its students, or the whole school."""
    audiences = [*row.get("class_ids", ()), *row["student_ids"]]
    if row.get("is_for_whole_school"):
        audiences.append(row["school_id"])
    return [
        {
            "id": r.record_id(row["id"], "Audience", audience),
            "school_id": row["school_id"],
            "audience_id": audience,
            "record_kind": kind,
            "record_id": row["id"],
            "date": row.get("date") or date.min,
        }
        for audience in dict.fromkeys(audiences)
    ]
