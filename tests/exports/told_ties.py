"""What sources tell of children and their guardians, as records: for tests of who may read of whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from adapters import records as r
from adapters.base import Export, Item
from adapters.native.database import migrate, open_database
from adapters.native.loader import load
from tests.conftest import NOW
from tests.exports.one_school import UAI

SIECLE, AAF, EDT, SIS = (f"{one}:{UAI}" for one in ("siecle", "aaf", "edt", "oneroster"))
BORN = date(2014, 3, 5)


@dataclass(frozen=True)
class Parent:
    """A guardian of a child, with what the tie says; `key` is the number where it is not the names."""

    first: str | None
    last: str
    access: bool = True
    relation: str = "UNKNOWN"
    title: str | None = None
    until: date | None = None
    key: str = ""


@dataclass(frozen=True)
class Child:
    """A pupil with their guardians."""

    parents: tuple[Parent, ...]
    number: str | None = "1"
    first: str = "Léo"
    last: str = "Martin"
    born: date | None = BORN


def told(source: str, *children: Child) -> list[Item]:
    """Write what a source tells of a school with these children."""
    found: list[Item] = [r.School(**_common(source, "School", UAI), name="Ada", national_id=UAI)]
    people: dict[str, Item] = {}
    for index, child in enumerate(children):
        names: dict[str, Any] = {"first_name": child.first, "last_name": child.last}
        found.append(
            r.Student(
                **_common(source, "Student", str(index)), **names, date_of_birth=child.born,
                match_code=r.person_code(child.last, child.first, child.born),
                information_system_id=child.number,
            )
        )  # fmt: skip
        for parent in child.parents:
            key = parent.key or f"{parent.title} {parent.first} {parent.last}"
            people[key] = r.Guardian(
                **_common(source, "Guardian", key) | {"school_id": None},
                first_name=parent.first, last_name=parent.last, title=parent.title,
            )  # fmt: skip
            found.append(_tie(source, parent, key, str(index)))
    return [*found, *people.values()]


def _common(source: str, kind: str, key: str) -> dict[str, Any]:
    return {
        "id": r.record_id(source, kind, key), "source_id": source, "external_id": key,
        "school_id": r.record_id(source, "School", UAI),
    }  # fmt: skip


def _tie(source: str, parent: Parent, guardian: str, child: str) -> r.Guardianship:
    return r.Guardianship(
        **_common(source, "Guardianship", f"{guardian}:{child}"),
        guardian_id=r.record_id(source, "Guardian", guardian),
        student_id=r.record_id(source, "Student", child),
        relation=parent.relation,
        legal_rank=1 if parent.access and source != SIS else None,
        has_data_access=parent.access,
        valid_to=parent.until,
    )


async def bring_told(url: str, source: str, *children: Child) -> int:
    """Import what a source tells; returns how many records that changed."""
    engine = open_database(url)
    await migrate(engine)
    try:
        return (await load(engine, Export(source, source, True, 0), told(source, *children), NOW)).changes
    finally:
        await engine.dispose()


async def readers(url: str) -> list[tuple[str, date | None]]:
    """Return the names of the guardians whose ties give access, and until when, by source of the guardian."""
    engine, tie, guardian = open_database(url), r.Guardianship.table(), r.Guardian.table()
    wanted = (
        select(guardian.c.source_id, guardian.c.first_name, guardian.c.last_name, tie.c.valid_to)
        .join(tie, tie.c.guardian_id == guardian.c.id)
        .where(tie.c.has_data_access, tie.c.ended_at.is_(None), guardian.c.ended_at.is_(None))
    )
    async with engine.connect() as connection:
        rows = await connection.execute(wanted)
        found = [
            (f"{row[0].partition(':')[0]}: {row[1] or ''} {row[2]}".replace("  ", " "), row[3])
            for row in rows
        ]
    await engine.dispose()
    return sorted(found, key=str)
