"""Invented families, imported: what is in the database then, and what the graph shows to whom."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from adapters import records as r
from adapters.native.database import open_database
from adapters.native.import_report import Report
from adapters.native.loader import load
from gateway.adapters_installed import reader
from gateway.app import create_app
from gateway.authentication import make_token
from gateway.settings import Settings
from resolvers.viewer import Caller
from tests.conftest import NOW
from tests.exports.asking import KEY, WEEK
from tests.exports.invented_families import Export, Pupil, World
from tests.exports.written_families import record_key, write

QUERY = """query($from: Date!, $to: Date!) { viewer { guardian { displayName } students {
  id displayName dateOfBirth school { nationalId } schoolClass { name }
  guardianships { relation responsibility legalRank hasDataAccess guardian { displayName } }
  timetable(from: $from, to: $to) { lessons { startsAt title status } }
  grades(first: 90) { nodes { date displayValue status comment title } }
  absences(first: 90) { nodes { kind startsAt comment justificationStatus } } } } }"""


@dataclass(frozen=True)
class SourceRecord:
    """What one source says of a person who is a record of the database."""

    source: str
    external_id: str
    content: Mapping[str, Any]

    @property
    def number(self) -> str:
        """The ELEVE_ID; empty where the source does not give it."""
        return self.content["information_system_id"] or ""

    @property
    def ine(self) -> str:
        """The code of the INE; empty where the source does not give it."""
        return self.content["national_id"] or ""

    @property
    def born(self) -> str:
        """The day of birth as yyyy-mm-dd; empty where the source does not give it."""
        return str(self.content["date_of_birth"] or "")

    @property
    def names(self) -> tuple[frozenset[str], frozenset[str]]:
        """The words of the first names, and of the family name and the one at birth."""
        return words(self.content["first_name"]), words(
            self.content["last_name"], self.content.get("birth_name")
        )

    @property
    def full_name(self) -> str:
        """The names as tables write them, folded."""
        return r.folded(self.content["last_name"], self.content["first_name"])


@dataclass
class Contents:
    """The persons of a database with what their sources say, and the records that hang on students."""

    students: dict[str, list[SourceRecord]]
    guardians: dict[str, list[SourceRecord]]
    schools: dict[str, str]
    """Schools of students."""
    tokens: dict[str, str]
    """Students by the token of what hangs on them."""
    kept: Counter[str]
    """How often each token is stored, whether shown or not."""
    tables: str
    """Every row of every table, but for when it was written."""


def words(*names: str | None) -> frozenset[str]:
    """Return the words of names, folded."""
    return frozenset(word for name in names for word in re.findall(r"\w+", r.search_text(name or "")))


async def _contents(connection: AsyncConnection) -> Contents:
    stored = {
        name: [dict(row) for row in (await connection.execute(select(table))).mappings()]
        for name, table in SQLModel.metadata.tables.items()
        if name not in ("import_run", "feed_event", "data_source")
    }
    now = {
        name: {row["id"]: row for row in stored[name] if row["ended_at"] is None}
        for name in ("student", "guardian", "grade", "absence")
    }
    comments = [one for name in ("grade", "absence") for one in now[name].values()]
    return Contents(
        _spoken(now["student"], stored["claim"]),
        _spoken(now["guardian"], stored["claim"]),
        {key: row["school_id"] for key, row in now["student"].items()},
        {one["comment"]: one["student_id"] for one in comments if one["student_id"] in now["student"]},
        Counter(one["comment"] for one in comments),
        json.dumps({name: sorted(map(_plain, rows)) for name, rows in stored.items()}, indent=1),
    )


def _plain(row: Mapping[str, Any]) -> str:
    return json.dumps(
        {name: one for name, one in row.items() if name != "fetched_at"}, default=str, sort_keys=True
    )


def _spoken(rows: Mapping[str, Any], claims: Sequence[Mapping[str, Any]]) -> dict[str, list[SourceRecord]]:
    """Return what the sources say of each record: its claims, or the record itself where there are none."""
    found: dict[str, list[SourceRecord]] = {key: [] for key in rows}
    for claim in claims:
        if claim["record_id"] in found and not claim["is_mention"] and claim["ended_at"] is None:
            content = claim["content"]
            found[claim["record_id"]].append(
                SourceRecord(claim["source_id"], content["external_id"], content)
            )
    return {
        key: said or [SourceRecord(rows[key]["source_id"], rows[key]["external_id"], rows[key])]
        for key, said in found.items()
    }


async def _shown(url: str, guardians: Sequence[str]) -> list[tuple[str, Any]]:
    """Ask the graph as every guardian."""
    settings = Settings(database_url=url, development_key=KEY)
    app, found = create_app(settings, lambda: NOW), []
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            for guardian in guardians:
                caller = Caller("GUARDIAN", guardian)
                token = make_token(caller, settings, timedelta(hours=1), datetime.now(UTC))
                body = {"query": QUERY, "variables": WEEK}
                answer = await client.post(
                    "/graphql", json=body, headers={"Authorization": f"Bearer {token}"}
                )
                assert "errors" not in answer.json(), answer.json()["errors"]
                found.append((guardian, answer.json()["data"]["viewer"]))
    return found


def _is_described(pupil: Pupil, one: SourceRecord) -> bool:
    return (r.folded(pupil.last, pupil.first), str(pupil.born or "")) == (one.full_name, one.born)


# ---- a world, imported -----------------------------------------------------------------------------------


class Imported:
    """A world whose exports are written once and imported when they are asked for."""

    def __init__(self, world: World, folder: Path, empty: Path) -> None:
        self.world = world
        self._folder, self._empty = folder, empty
        self.written = [write(world, one, folder) for one in world.exports]

    @cached_property
    def first(self) -> tuple[list[Report], Contents]:
        """The reports and the database after all exports in the first order."""
        return self._import("first", self.world.orders[0])

    @cached_property
    def second(self) -> tuple[list[Report], Contents]:
        """The same after another order."""
        return self._import("second", self.world.orders[1])

    @cached_property
    def again(self) -> tuple[list[Report], Contents]:
        """The same after all of them once more, in a third order, upon the first."""
        assert self.first
        return self._import("first", self.world.orders[2])

    @cached_property
    def shown(self) -> list[tuple[str, Any]]:
        """Guardians and what the graph answers each, after the first order."""
        return asyncio.run(_shown(self._url("first"), list(self.first[1].guardians)))

    @cached_property
    def shown_second(self) -> list[tuple[str, Any]]:
        """The same after the second."""
        return asyncio.run(_shown(self._url("second"), list(self.second[1].guardians)))

    def meant(self, one: SourceRecord) -> frozenset[str]:
        """Return the pupils whom a source means by a record; several where it does not tell them apart."""
        export = self._export(one.source)
        pupils = {pupil.key: (record_key(export, pupil), pupil) for pupil in self.world.pupils_in(export)}
        return frozenset(
            key
            for key, (number, pupil) in pupils.items()
            if (number == one.external_id if number else _is_described(pupil, one))
        )

    def meant_guardians(self, one: SourceRecord) -> frozenset[str]:
        """Return the guardians whom a source means by a record; nobody where it has no numbers for them."""
        export = self._export(one.source)
        numbers = self.world.guardians_in(export) if export.format != "onde" else ()
        return frozenset(guardian.key for number, guardian in numbers if number == one.external_id)

    def _export(self, source: str) -> Export:
        written = zip(self.world.exports, self.written, strict=True)
        return next(export for export, file in written if file.source == source)

    def _url(self, name: str) -> str:
        return f"sqlite:///{self._folder / name}.db"

    def _import(self, name: str, order: Sequence[int]) -> tuple[list[Report], Contents]:
        """Import into the database of a name; reports are in the order of the world's exports."""
        if not (path := self._folder / f"{name}.db").exists():
            shutil.copyfile(self._empty, path)

        async def run() -> tuple[dict[int, Report], Contents]:
            engine, reports = open_database(self._url(name)), {}
            for index in order:
                one, takes = self.written[index], reader(self.written[index].reader)
                export = takes.inspect(one.path, one.options)
                reports[index] = await load(engine, export, takes.read(one.path, one.options), NOW)
            async with engine.connect() as connection:
                contents = await _contents(connection)
            await engine.dispose()
            return reports, contents

        reports, contents = asyncio.run(run())
        return [reports[index] for index in range(len(order))], contents
