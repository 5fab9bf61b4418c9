"""What a source of school data is: it answers one question, for many parents at once.

*For these parents, the children of this relation, these columns, this window, this order, at most n each.*

A source is any object with `name`, `relations` and `fetch`. A package offers one by naming an adapter (an
object with `name` and `open`) in the entry-point group `passerelle.adapters`; `adapters.memory` turns
plain lists of rows into a source in a few lines.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import orjson

from adapters.records import PROVENANCE, Imported, Record

Row = dict[str, Any]
"""One child: column name to value. Instants carry an offset; `id` and `school_id` are always there."""


class SourceError(Exception):
    """A source could not answer. Subclasses say what the caller should do."""


class RetryLater(SourceError):
    """The source is down, slow or busy: ask again later."""


class RefusedBySource(SourceError):
    """The source understood and said no."""


class NotSupported(SourceError):
    """The source does not have this relation."""


class BadConfiguration(SourceError):
    """The settings of the source are wrong; the message names the remedy."""


class InvalidCursor(SourceError):
    """A cursor that this list never gave out."""


class InvalidExport(Exception):
    """An export cannot be read as a whole: nothing of it was taken."""


class OtherFormat(InvalidExport):
    """What lies there is not of this reader's format at all; another reader may take it."""


@dataclass(slots=True)
class Parent:
    """One parent of a batch. Its children are returned under `group`; several parents may share one."""

    group: str
    id: str
    student_id: str | None = None
    external_id: str | None = None
    lower: date = date.min
    upper: date = date.max


@dataclass(slots=True)
class Page:
    """How much of each list is wanted, whether it is counted, and whether each row needs its cursor."""

    limit: int | None = None
    cursor: str | None = None
    backward: bool = False
    counted: bool = False
    cursors: bool = True


@dataclass(slots=True)
class Request:
    """The question. `viewer_id` is the person asking, for what differs by person (unread, folder).

    `today` is the day it is at the viewer's school, by which deadlines and memberships end; without it, the
    day of UTC counts.
    """

    relation: str
    parents: tuple[Parent, ...]
    columns: tuple[str, ...]
    now: datetime
    filters: Mapping[str, Any] = field(default_factory=dict)
    page: Page = field(default_factory=Page)
    newest_first: bool | None = None
    viewer_id: str | None = None
    today: date | None = None


@dataclass(slots=True)
class Children:
    """The answer for one group: rows in order, their cursors, and the place of the page in the list.

    `cursors` is empty where none were wanted; `total`, `skipped` and `counts` are filled when the page was to
    be counted; `more` says that rows follow.
    """

    rows: list[Row] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    total: int = 0
    skipped: int = 0
    more: bool = False
    counts: dict[str, int] = field(default_factory=dict)


class Layout(Protocol):
    """The columns of a table: their names, and what turns values that are kept in another form."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the columns; `_group` says whose child a row is, `_total` how many there are."""

    @property
    def converters(self) -> Mapping[int, Callable[[Any], Any]]:
        """By the index of a column, what makes the value of a row of what is there; never of None."""


Rows = Sequence[Sequence[Any]]
"""Rows as the database gave them: values in the order of the columns, instants as text."""


class Bound(Protocol):
    """A question worked out: everything is known but the moment at which it is asked."""

    @property
    def layout(self) -> Layout:
        """The columns of its rows."""


@runtime_checkable
class Source(Protocol):
    """A place that holds school data."""

    name: str

    @property
    def relations(self) -> Set[str]:
        """Names of the relations it can answer, such as `Student.lessons` or `Subject` (by id)."""

    async def fetch(self, request: Request) -> Mapping[str, Children]:
        """Answer one question; a group without children may be left out. Raises SourceError."""

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class SourceNearby(Source, Protocol):
    """A source that gives its rows as they are, and keeps small records at hand for who points to them."""

    is_immediate: bool
    """Whether questions are answered without waiting as a rule: asking several at once gains nothing then."""

    def recall(self, relation: str, now: datetime) -> Mapping[str, Row]:
        """Return the records of a relation that are at hand and still valid, by id.

        Only to be looked at now: the mapping and its rows are shared.
        """

    def bind(self, request: Request) -> Any:
        """Work out all of a question but the moment, as a `Bound`; None where only `fetch` answers it.

        It holds as long as `generation` stays the same. Raises NotSupported.
        """

    async def rows(self, bound: Any, now: datetime) -> Rows:
        """Answer a bound question: rows in order within each group. Raises SourceError."""

    def generation(self, now: datetime) -> object:
        """Return a value that changes when records at hand must be read again; None while that is unknown."""


@runtime_checkable
class SourceAdapter(Protocol):
    """What an entry point of the group `passerelle.adapters` gives to add a source."""

    name: str

    def open(self, options: Mapping[str, Any]) -> Source:
        """Make the source from its options in the settings. Raises BadConfiguration."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record, or a part of one, that a reader could not take: where it is, why, and what to do."""

    file: str
    record: str
    field: str
    value: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A record that an export names without describing it: it is known from another export, or will be.

    Other records of the export refer to it by `record.id`. What `record` says is compared with what is known
    (`adapters.native.joining.MENTIONED_BY`); as long as nothing fits, or too much, `refusal` is reported and
    what refers to it is kept but shown to nobody.
    """

    record: Imported
    refusal: Refusal
    place: str | None = None
    """The class or group in which a student is said to be: one who is in others is not meant."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Some columns of a record that was imported before; the others stay. `otherwise` is it as a whole.

    Where there is no such record, or it differs from `otherwise` in the columns `same` (folded), `otherwise`
    is written; without it, the change is refused.
    """

    kind: type[Imported]
    id: str
    values: Mapping[str, Any]
    otherwise: Imported | None = None
    same: tuple[str, ...] = ()


def with_unread(record: Imported, unread: Collection[str]) -> Item:
    """Return a record some of whose columns could not be read: under the same names, what was known stays.

    Under another name it may be another person, whose day of birth is not that of the first.
    """
    if not unread:
        return record
    said = record.model_dump(exclude={"id", "match_code", *unread, *PROVENANCE})
    return Changed(type(record), record.id, said, record, same=("first_name", "last_name"))


@dataclass(frozen=True, slots=True)
class Remaining:
    """Of the records with these values in columns, only these remain; the others end.

    `Remaining(Guardianship, {"student_id": student}, ids)` replaces a list, `Remaining(Student, {"id":
    student})` ends a record.
    """

    kind: type[Imported]
    where: Mapping[str, str]
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an export: a line of a table, an XML element, an event of a calendar.

    The items that follow it, up to the next entry, came of it. At least one of them says what became of it:
    a record, Changed, Remaining, Refusal, LeftOut or Used; the loader stops an import that loses an entry.
    `kind` is what the format calls such entries (`users.csv`, `ELEVE`, `VEVENT`), and `place` says where this
    one is (`users.csv, line 4`). With `is_continued`, it was announced before and more of it follows.
    """

    kind: str
    place: str
    is_continued: bool = False


@dataclass(frozen=True, slots=True)
class EntryCount:
    """How many entries of a kind an export has, counted apart from their reading; the loader compares."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The entry is left out on purpose; `reason` says why, in words that do not differ between entries."""

    reason: str


@dataclass(frozen=True, slots=True)
class Used:
    """The entry is taken, and gives no record of its own here: others that follow, or came, contain it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the reader of the report should know though no entry is concerned, such as an unknown column."""

    place: str
    text: str


Item = Record | Mention | Changed | Remaining | Refusal | Entry | EntryCount | LeftOut | Used | Notice | int
"""What a reader yields; a number says how many bytes were read so far."""


@dataclass(frozen=True, slots=True)
class Export:
    """What a reader found: which source it is, whether it is complete, and how many bytes there are.

    `source_id` is the reader's name, or `name:school` where each school is a source of its own; more parts
    may follow where a school has several such exports.
    """

    source_id: str
    source_name: str
    complete: bool
    size: int
    complete_for: frozenset[type[Record]] | None = None
    """Kinds of records of which a complete export has all; None for every kind."""
    complete_since: date | None = None
    """The day before which a complete export says nothing of what has a date, as feeds do; None for all."""
    as_part: str = ""
    """How to import it where it is only a part of what there is; empty where it never is."""


Options = Mapping[str, str]
"""What the person who imports says with `--option name=value`."""
NO_OPTIONS: Options = MappingProxyType({})


@runtime_checkable
class ReaderAdapter(Protocol):
    """What an entry point of the group `passerelle.adapters` gives to read an export format."""

    name: str
    title: str
    options: Mapping[str, str]
    """The options it knows, each with a help text; one it does not know never reaches it."""

    def inspect(self, path: Path, options: Options) -> Export:
        """Say what the export is without reading all of it. Raises InvalidExport where it is none."""

    def read(self, path: Path, options: Options) -> Iterator[Item]:
        """Yield what the export holds; a record comes after those it refers to. Raises InvalidExport."""


def encode_cursor(values: Sequence[Any]) -> str:
    """Turn the order values of a row into an opaque cursor."""
    texts = [value.isoformat() if isinstance(value, date) else value for value in values]
    return base64.urlsafe_b64encode(orjson.dumps(texts)).decode().rstrip("=")


LARGEST_INTEGER = 2**63 - 1


def _order_value(kind: type, text: Any) -> Any:
    if kind is datetime:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return instant.astimezone(UTC)
    value = date.fromisoformat(text) if kind is date else kind(text)
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise ValueError("larger than any number of a database")
    return value


def decode_cursor(cursor: str, types: Sequence[type]) -> list[Any]:
    """Read the order values back. Raises InvalidCursor when the cursor is not of this list."""
    try:
        texts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_order_value(kind, text) for kind, text in zip(types, texts, strict=True)]
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidCursor(f"The cursor {cursor!r} does not belong to this list.") from error
