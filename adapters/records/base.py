"""What every canonical record has: a stable id, a school, and where it came from."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, String, Table, TypeDecorator
from sqlmodel import AutoString, Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """An instant, stored in UTC on every database and always read back with its offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without an offset, and store it in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone.")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the offset back to databases that forget it (SQLite)."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def json_list(holds: str | None = None) -> Any:
    """Declare a column that holds a short list of identifiers or texts, or of what `holding` may name."""
    about = {"info": {"holds": holds}} if holds else {}
    return Field(default_factory=list, sa_type=JSON, sa_column_kwargs={"nullable": False, **about})


def holding(content: str, **options: Any) -> Any:
    """Declare a column that holds HTML, a URL, a colour, an e-mail or several lines (`adapters.content`)."""
    return Field(**options, sa_column_kwargs={"info": {"holds": content}})


def record_id(source: str, kind: str, external_id: str) -> str:
    """Derive the stable id of a record from what the source calls it (22 characters, URL-safe).

    The same source, kind and external id give the same id on every machine and at every import, so a
    reader can name records that it has not read yet. The external id cannot be read back from it.
    """
    digest = hashlib.blake2b("\x1f".join((source, kind, external_id)).encode(), digest_size=16).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Record(SQLModel):
    """A row of the canonical model."""

    id: str = Field(primary_key=True, max_length=64)

    def __init__(self, **data: Any) -> None:
        """Set what is given, and the defaults of the rest; nothing is validated (the loader does).

        Raises TypeError for a column that the record does not have.
        """
        if not data:
            super().__init__()
            return
        # SQLModel would set each attribute through the ORM, which costs most of an import and is never used.
        if not data.keys() <= type(self).model_fields.keys():
            unknown = ", ".join(sorted(data.keys() - type(self).model_fields.keys()))
            raise TypeError(f"{type(self).__name__} has no column {unknown}.")
        plain, made = _defaults(type(self))
        self.__dict__.update(plain)
        self.__dict__.update({name: make() for name, make in made.items() if name not in data})
        self.__dict__.update(data)
        object.__setattr__(self, "__pydantic_fields_set__", set(data))
        object.__setattr__(self, "__pydantic_extra__", None)
        object.__setattr__(self, "__pydantic_private__", None)

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def validated(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """Check values against the fields of the record and return all of them, defaults included.

        Raises pydantic.ValidationError.
        """
        return dict(cls.__pydantic_validator__.validate_python(dict(values)).__dict__)

    @classmethod
    def contents(cls) -> dict[str, str | None]:
        """Tell what each column of texts holds: HTML, a URL, a colour, lines, or one line (None)."""
        return _contents(cls)

    @classmethod
    def table(cls) -> Table:
        """Return the SQL table of this record."""
        return SQLModel.metadata.tables[str(cls.__tablename__)]


NO_TEXT = frozenset(
    {"id", "source_id", "external_id", "content_hash", "search_text", "match_name", "match_code"}
)
"""Columns of texts that only programs read: what a source calls a record is cleaned when it is told."""
SHOWN_NUMBERS = frozenset({"national_id"})
"""Columns that end like references and are shown."""


@cache
def _contents(kind: type[Record]) -> dict[str, str | None]:
    """List the columns of a record that hold texts for people."""
    return {
        one.name: one.info.get("holds")
        for one in kind.table().c
        if isinstance(one.type, String | AutoString | JSON)
        and one.name not in NO_TEXT
        and (one.name in SHOWN_NUMBERS or not one.name.endswith(("_id", "_ids")))
    }


@cache
def _defaults(kind: type[Record]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """Return the defaults of a record, and the functions that make those of lists and mappings."""
    fields = kind.model_fields.items()
    plain = {
        name: one.default for name, one in fields if one.default_factory is None and not one.is_required()
    }
    made: Any = {name: one.default_factory for name, one in fields if one.default_factory is not None}
    return plain, made


def kinds_of_records(base: type[Record] = Record) -> list[type[Record]]:
    """List every kind of record that has a table."""
    below = [found for one in base.__subclasses__() for found in kinds_of_records(one)]
    return [base, *below] if hasattr(base, "__table__") else below


class Imported(Record):
    """A record that came from a source, with its provenance."""

    school_id: str | None = Field(default=None, max_length=64)
    source_id: str = Field(max_length=64, description="The data source it came from.")
    external_id: str = Field(max_length=200, description="What the source calls it.")
    modified_at: datetime | None = Field(default=None, sa_type=Instant)
    fetched_at: datetime | None = Field(default=None, sa_type=Instant, description="Set by the loader.")
    ended_at: datetime | None = Field(default=None, sa_type=Instant, description="Gone at the source.")
    content_hash: str = Field(default="", max_length=32, description="Set by the loader, to see changes.")


class Searchable(SQLModel):
    """A record found by words; the loader writes `search_text` from the fields in `SEARCHED`."""

    SEARCHED: ClassVar[tuple[str, ...]]
    search_text: str = Field(default="", description="Set by the loader: no accents, lower case.")


def search_text(text: str) -> str:
    """Fold a text for searching: no accents, lower case, single spaces."""
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).casefold().split())


class Named(SQLModel):
    """A record that exports name in writing; the loader writes `match_name` from the fields in `NAMED_BY`."""

    NAMED_BY: ClassVar[tuple[str, ...]] = ("name",)
    match_name: str = Field(default="", description="Set by the loader: the names as `folded`.")


def folded(*names: str | None) -> str:
    """Fold names for comparing: letters and digits alone, no accents, lower case, parts apart by a bar."""
    return "|".join("".join(c for c in search_text(name or "") if c.isalnum()) for name in names)


def person_code(last_name: str | None, first_name: str | None, born: date | None) -> str | None:
    """Return a code that is the same wherever a person has these names and this day of birth.

    None where something is missing: names alone never tell that two persons are one.
    """
    if not last_name or not first_name or born is None:
        return None
    return record_id("person", folded(last_name, first_name), born.isoformat())


def number_code(kind: str, number: str | None) -> str | None:
    """Return a code for a number that must not be stored itself, such as the INE; None without a number.

    The gateway codes it once more with a secret, where it has one: numbers are few enough to try them all.
    """
    return record_id("number", kind, number.strip().upper()) if number and number.strip() else None


PROVENANCE = frozenset({"fetched_at", "ended_at", "content_hash", "search_text"})
"""Columns that the loader fills; they are no part of what a record says."""
