"""Writes the records of an export in chunks of one kind: checked, compared with what is there, counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Table, select, text

from adapters import records as r
from adapters.base import Refusal
from adapters.content import fault_of
from adapters.native.claims import Claims, is_one_of
from adapters.native.entry_accounts import EntryAccounts, Origin
from adapters.native.import_report import Report
from adapters.native.mentions import Mentions
from adapters.native.record_store import CHUNK
from adapters.native.seen_records import NOT_WRITTEN, SeenRecords
from adapters.native.source_scope import SourceScope, Unsure
from adapters.native.stored_rows import UnusableTexts, content_hash, stored_row

FIRST_LOOK, GROWTH = 250, 4
"""After how many new rows PostgreSQL looks at a growing table, and after how many times as many again."""
Row = dict[str, Any]


class RecordWriter:
    """Takes records one by one and writes those that say something new."""

    def __init__(
        self,
        claims: Claims,
        mentions: Mentions,
        seen: SeenRecords,
        scope: SourceScope,
        accounts: EntryAccounts,
        report: Report,
    ) -> None:
        self._claims = claims
        self._connection = claims.connection
        self._mentions = mentions
        self._seen = seen
        self._scope = scope
        self._accounts = accounts
        self._report = report
        self._waiting: dict[type[r.Record], list[tuple[r.Record, Origin, bool]]] = {}
        self._known_size: dict[str, int] = {}
        self._unsure: dict[str, tuple[Row, Origin, Unsure]] = {}
        self.modified: set[str] = set()
        """Ids of which the export changes some columns: it means whom it meant before."""
        self.others: set[str] = set()
        """Known ids under which the export has somebody else."""
        self.said_anew: dict[type[r.Record], set[str]] = {}
        """Ids, by kind, under which the export says something new of records that had claims."""
        self.given: set[str] = set()
        """Names of the tables of which the export has records."""
        self.schools: set[str] = set()
        """Ids of the schools of the records."""

    async def take(self, record: r.Record, origin: Origin, is_change: bool = False) -> None:
        """Take a record; one that changes another of this import replaces it."""
        if isinstance(record, r.Imported) and record.school_id is not None:
            self.schools.add(record.school_id)
        waiting = self._waiting.setdefault(type(record), [])
        waiting.append((record, origin, is_change))
        if len(waiting) >= CHUNK:
            await self.write(type(record))

    async def finish(self) -> None:
        """Write what is left."""
        for kind in list(self._waiting):
            await self.write(kind)
        await self._settle_unsure()

    async def _settle_unsure(self) -> None:
        """Write the guardians who turn out to be those whom their ids meant before, and refuse the others."""
        accepted: dict[str, Row] = {}
        for identity, (row, origin, was) in self._unsure.items():
            states = partial(self._states_of_ties, identity)
            same = await self._scope.has_same_children(identity, states, self.others)
            if was.fitting_names if same is None else same:
                accepted[identity] = row
            else:
                self.others.add(identity)
                self._scope.note_other(r.Guardian, row, was.name)
                self._refuse_other(row, origin, was.name)
        table = r.Guardian.table()
        before, spoken = await self._before(table, accepted)
        changed, _ = self._compare(r.Guardian, accepted, before, spoken)
        await self._store(r.Guardian, changed, spoken)

    async def _states_of_ties(self, guardian: str, ids: set[str]) -> dict[str, str]:
        """Return the states of those of some ties that the import gives to a guardian."""
        return {
            row["id"]: row["state"]
            for row in await self._seen.rows_of(ids)
            if not row["is_refused"] and row["person_id"] == guardian
        }

    async def write(self, kind: type[r.Record]) -> None:
        """Write the records of a kind that were taken."""
        table = kind.table()
        rows, origins = await self._of_one_content(kind, self._waiting.pop(kind, []))
        if not rows and not origins:
            return
        before, spoken = await self._before(table, rows)
        others, unsure = await self._scope.others(kind, rows, before, spoken)
        for identity, name in others.items():
            self.others.add(identity)
            self._refuse_other(rows.pop(identity), origins[identity], name)
        # Who they are is known when all ties are.
        aside = {identity: rows.pop(identity) for identity in unsure.keys() - self.modified}
        self._unsure |= {one: (row, origins[one], unsure[one]) for one, row in aside.items()}
        changed, states = self._compare(kind, rows, before, spoken)
        await self._remember(table.name, rows | aside, dict.fromkeys(aside, "unchanged") | states, origins)
        self.given.add(table.name)
        counts = self._report.of(table.name)
        if counts.added > GROWTH * self._known_size.get(table.name, FIRST_LOOK):
            await self.refresh_statistics(table.name)
            self._known_size[table.name] = counts.added
        await self._store(kind, changed, spoken)

    def _compare(
        self,
        kind: type[r.Record],
        rows: Mapping[str, Row],
        before: Mapping[str, tuple[Any, ...]],
        spoken: Mapping[str, Any],
    ) -> tuple[dict[str, Row], dict[str, str]]:
        """Count what rows are to what is there; returns those to be written, and the state of each."""
        table, changed, states = kind.table(), dict[str, Row](), dict[str, str]()
        for identity, row in rows.items():
            states[identity] = _compared(table, row, before.get(identity))
            self._report.of(table.name).count(states[identity])
            is_new_claim = identity not in spoken and self._mentions.are_in(row, kind)
            if states[identity] != "unchanged" or is_new_claim:
                changed[identity] = row
        return changed, states

    async def _store(
        self, kind: type[r.Record], changed: Mapping[str, Row], spoken: Mapping[str, Any]
    ) -> None:
        """Write rows: those of which others speak too, or that refer to mentions, through claims."""
        table = kind.table()
        claimed = {
            one: row for one, row in changed.items() if one in spoken or self._mentions.are_in(row, kind)
        }
        if claimed:
            await self._claims.write(table, claimed, kind)
            self.said_anew.setdefault(kind, set()).update(claimed)
        alone = [row for one, row in changed.items() if one not in claimed]
        await self._claims.store.write(kind, await self._claims.resolved(table, alone))

    async def _before(
        self, table: Table, rows: Mapping[str, Row]
    ) -> tuple[dict[str, tuple[Any, ...]], dict[str, Mapping[str, Any]]]:
        """Return the state of the records that are there, and the claims of this source, by id."""
        found = await self._connection.execute(
            select(table.c.id, *_state_columns(table)).where(is_one_of(table.c.id)), {"ids": list(rows)}
        )
        before = {row[0]: tuple(row[1:]) for row in found}
        spoken = await self._claims.mine(list(rows))
        before |= {one: (claim["content_hash"], claim["ended_at"]) for one, claim in spoken.items()}
        return before, spoken

    async def _of_one_content(
        self, kind: type[r.Record], taken: Sequence[tuple[r.Record, Origin, bool]]
    ) -> tuple[dict[str, Row], dict[str, Origin]]:
        """Return rows by id, and where they came from; an id with two contents is refused at both places."""
        known = await self._seen.known([record.id for record, _, _ in taken])
        remembered = set(known)
        rows: dict[str, Row] = {}
        origins: dict[str, Origin] = {}
        refused: set[str] = set()
        for record, origin, is_change in taken:
            row = self._validated(record, origin)
            if row is None:
                continue
            content = row.get("content_hash") or content_hash(row)
            first = known.get(record.id)
            if first is None or is_change:
                known[record.id] = content, origin
                rows[record.id], origins[record.id] = row, origin
            elif first[0] != content:
                self._refuse_both(kind, record, first[1], origin, is_first=record.id not in refused)
                refused.add(record.id)
                rows.pop(record.id, None)
        await self._seen.add(
            kind.table().name,
            [(one, "", NOT_WRITTEN, origins[one]) for one in refused - remembered],
            {},
        )
        await self._seen.refuse(refused)
        return rows, origins

    async def _remember(
        self, kind: str, rows: Mapping[str, Row], states: Mapping[str, str], origins: Mapping[str, Origin]
    ) -> None:
        known = await self._seen.known(list(origins))
        made = [
            (one, rows[one].get("content_hash") or content_hash(rows[one]), states[one], origins[one])
            for one in rows
            if one not in known
        ]
        persons = {one: row.get("guardian_id") or row.get("person_id") for one, row in rows.items()}
        # Somebody else's id stays what it was: seen, and not written.
        made += [
            (one, "", "unchanged", origins[one]) for one in origins if one not in rows and one not in known
        ]
        await self._seen.add(kind, made, persons)

    # ---- refusals ----------------------------------------------------------------------------------

    def _refuse_both(
        self, kind: type[r.Record], record: r.Record, first: Origin, second: Origin, is_first: bool
    ) -> None:
        name = getattr(record, "external_id", record.id)
        do = "Give each its own id at the source and export again; neither was taken."
        places = [(first, second), (second, first)] if is_first else [(second, first)]
        for one, other in places:
            why = f"one id on two different records of {kind.table().name}; the other is at {other.place}"
            self._report.refused.append(Refusal(one.place, name, "id", name, why, do))
            self._accounts.change_fate(one, "refused")

    def _refuse_other(self, row: Row, origin: Origin, name: str) -> None:
        said = " ".join(
            one for one in (row.get("first_name"), row.get("last_name") or row.get("name")) if one
        )
        why = f"this id was {name} at the last import, and is somebody else now by all that tells who it is"
        do = "Give a new person a new id at the source; if it was renamed, import with --allow-renamed."
        self._report.refused.append(Refusal(origin.place, row["external_id"], "id", said, why, do))
        self._accounts.change_fate(origin, "refused")

    def _validated(self, record: r.Record, origin: Origin) -> Row | None:
        """Check a record against its model; a wrong one is refused, the others go on."""
        try:
            row, cleaning = stored_row(record, self._claims.store.now)
        except UnusableTexts as error:
            for name, value in error.cleaning.unusable:
                self._refuse(record, origin, name, value, *fault_of(value, record.contents()[name]))
            self._accounts.change_fate(origin, "refused")
            return None
        except ValidationError as error:
            for fault in error.errors():
                name = ".".join(str(part) for part in fault["loc"])
                value = getattr(record, name, fault["input"]) if fault["input"] is None else fault["input"]
                self._refuse(
                    record, origin, name, value, fault["msg"], "Correct it at the source and export again."
                )
            self._accounts.change_fate(origin, "refused")
            return None
        for name, value in cleaning.unusable:
            reason, remedy = fault_of(value, record.contents()[name])
            self._report.emptied.append(self._refusal(record, origin, name, value, reason, remedy))
        for name, what in cleaning.taken_out:
            place = origin.place or type(record).__name__
            self._report.of_texts(type(record).__name__, name, what).count(place)
        return row

    def _refuse(
        self, record: r.Record, origin: Origin, name: str, value: Any, reason: str, remedy: str
    ) -> None:
        """Report a field for which a record is not taken."""
        self._report.refused.append(self._refusal(record, origin, name, value, reason, remedy))

    def _refusal(
        self, record: r.Record, origin: Origin, name: str, value: Any, reason: str, remedy: str
    ) -> Refusal:
        place = origin.place or type(record).__name__
        known = str(getattr(record, "external_id", record.id))[:80]
        return Refusal(place, known, name, str(value)[:80], reason, remedy)

    def validated(self, records: Iterable[r.Record]) -> dict[str, Row]:
        """Return the rows of records that are not written themselves, by id."""
        found = ((record.id, self._validated(record, Origin())) for record in records)
        return {one: row for one, row in found if row is not None}

    async def refresh_statistics(self, *tables: str) -> None:
        """Let PostgreSQL plan what follows by what was just written; it would take new tables for empty."""
        if self._connection.dialect.name == "postgresql":
            for name in tables:
                await self._connection.execute(text(f"ANALYZE {name}"))


def _state_columns(table: Table) -> list[Any]:
    names = ("content_hash", "ended_at") if "content_hash" in table.c else tuple(table.c.keys())
    return [table.c[name] for name in names]


def _compared(table: Table, row: Mapping[str, Any], before: tuple[Any, ...] | None) -> str:
    """Say what a row is to what is there: added, changed, revived or unchanged."""
    if before is None:
        return "added"
    if "content_hash" not in table.c:
        return "unchanged" if before == tuple(row[column.name] for column in table.c) else "changed"
    if before[1] is not None:
        return "revived"
    return "unchanged" if before[0] == row["content_hash"] else "changed"
