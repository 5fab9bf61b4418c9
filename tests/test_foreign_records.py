"""Random operations of every kind of viewer: no record of another family, whatever is asked.

`PASSERELLE_TEST_OPERATIONS` says how many for each kind; a night has time for 20,000.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from adapters import records as r
from resolvers.identifiers import GlobalId, decode
from resolvers.viewer import ALL_READ, Caller, Scope, load_scope
from tests.conftest import NOW, Gateway, running
from tests.generated_operations import GRAPHQL, Operation
from tests.test_content import texts_of
from tests.test_nodes import EVERYTHING, _found
from tests.test_privacy import PER_STUDENT

OPERATIONS = int(os.environ.get("PASSERELLE_TEST_OPERATIONS", "60"))
NOTHING = (
    "a guardian before the charter",
    "a partner without a scope",
    "a partner without a school",
    "a guardian nobody knows",
    "a stranger",
)
"""Viewers who see next to nothing."""
VIEWERS = (
    "a guardian of three",
    "a guardian of six",
    "a guardian before the charter",
    "a student",
    "a teacher",
    "staff of a school",
    "a partner with all scopes",
    "a partner without a scope",
    "a partner without a school",
    "a guardian nobody knows",
    "a stranger",
)


def viewer(gateway: Gateway, name: str) -> Caller | None:
    """Return the caller of a kind; None for one without a token."""
    people = gateway.people
    school = sorted(people.schools.values())[0]
    return {
        "a guardian of three": people.guardian(3),
        "a guardian of six": people.guardian(6),
        "a guardian before the charter": Caller("GUARDIAN", people.last_guardian),
        "a student": Caller("STUDENT", people.children_of(people.guardian(3))[0]),
        "a teacher": Caller("TEACHER", people.teachers[0]),
        "staff of a school": Caller("STAFF", people.teachers[0], (school,)),
        "a partner with all scopes": Caller("PARTNER", "partner", (school,), ALL_READ),
        "a partner without a scope": Caller("PARTNER", "partner", (school,)),
        "a partner without a school": Caller("PARTNER", "partner", (), ALL_READ),
        "a guardian nobody knows": Caller("GUARDIAN", "nobody"),
        "a stranger": None,
    }[name]


@pytest.fixture
async def gateway(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway whose rates leave nobody unanswered."""
    unlimited = {"rate_per_viewer": 10**12, "rate_per_address": 10**12}
    async with running(f"sqlite:///{sqlite_template}", tmp_path, **unlimited) as found:
        yield found


@pytest.fixture
async def identifiers(gateway: Gateway) -> list[str]:
    """Ids of records of many families: as they are, and under the name of one's own child."""
    mine = gateway.people.children_of(gateway.people.guardian(3))[0]
    found = [one for _, one in _found(await gateway.data(EVERYTHING))][::4]
    kinds: dict[str, type[r.Record]] = {
        **PER_STUDENT,
        "Student": r.Student,
        "Guardian": r.Guardian,
        "Conversation": r.Conversation,
        "Message": r.Message,
        "Document": r.Document,
    }
    async with gateway.engine.connect() as connection:
        for kind, record in kinds.items():
            table = record.table()
            columns = [table.c.id, *([table.c.student_id] if "student_id" in table.c else [])]
            rows = (await connection.execute(select(*columns).order_by(table.c.id.desc()).limit(4))).all()
            for row in rows:
                owners = {None, mine, row[1] if len(row) > 1 else None}
                found += [GlobalId(kind, "native", row[0], one).encode() for one in owners]
    return found


@dataclass(frozen=True)
class Families:
    """Whose each record is, and what reaches each guardian."""

    students: dict[tuple[str, str], str]
    """By type and key of a record, the student it is about."""
    people: dict[tuple[str, str], set[str]]
    """By type and key of a conversation or message, who takes part."""
    guardians: dict[str, set[str]]
    """By guardian, the children."""
    contact_data: dict[str, str]
    """By address or number, the guardian."""


async def families(gateway: Gateway) -> Families:
    """Read whose the records of the demo are."""
    students: dict[tuple[str, str], str] = {}
    people: dict[tuple[str, str], set[str]] = {}
    guardians: dict[str, set[str]] = {}
    contacts: dict[str, str] = {}
    async with gateway.engine.connect() as connection:
        for kind in r.kinds_of_records():
            table = kind.table()
            if kind is not r.Student and "student_id" in table.c:
                for key, student in await connection.execute(select(table.c.id, table.c.student_id)):
                    if student is not None:
                        students[kind.__name__, key] = student
        part, message, tie, person = (
            one.table() for one in (r.Participant, r.Message, r.Guardianship, r.Guardian)
        )
        for thread, one in await connection.execute(select(part.c.conversation_id, part.c.person_id)):
            people.setdefault(("Conversation", thread), set()).add(one)
        for key, thread in await connection.execute(select(message.c.id, message.c.conversation_id)):
            people["Message", key] = people.get(("Conversation", thread), set())
        for guardian, student in await connection.execute(select(tie.c.guardian_id, tie.c.student_id)):
            guardians.setdefault(guardian, set()).add(student)
        columns = (person.c.email, person.c.mobile_phone, person.c.landline_phone)
        for key, *values in await connection.execute(select(person.c.id, *columns)):
            contacts |= {value: key for value in values if value}
    return Families(students, people, guardians, contacts)


def foreign(value: Any, scope: Scope, known: Families) -> Iterator[str]:
    """List the ids in an answer that lead to what the viewer may not see."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from foreign(one, scope, known)
        return
    found = decode(value) if isinstance(value, str) else None
    if found is None or found.type_name not in GRAPHQL.type_map:
        return
    about = known.students.get((found.type_name, found.key))
    owners = {found.student, about, found.key if found.type_name == "Student" else None} - {None}
    if not owners <= scope.known_students:
        yield f"{found} is about {owners}"
    taking_part = known.people.get((found.type_name, found.key))
    # A partner whose token says so reads the messages of its schools, and no mailbox of its own.
    is_open = scope.caller.kind == "PARTNER"
    if taking_part is not None and not is_open and scope.caller.person_id not in taking_part:
        yield f"{found} is of {taking_part}"
    is_other = found.type_name == "Guardian" and found.key != scope.caller.person_id
    if is_other and not known.guardians.get(found.key, set()) & scope.known_students:
        yield f"{found} has other children"


@pytest.mark.parametrize("name", VIEWERS)
async def test_no_operation_shows_a_record_of_another_family(
    gateway: Gateway, identifiers: list[str], name: str
) -> None:
    caller = viewer(gateway, name)
    drawn: list[str] = []

    @settings(
        max_examples=OPERATIONS,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.data())
    def draw_operations(data: st.DataObject) -> None:
        operation = Operation(data.draw, identifiers, shows_ids=True)
        query = operation.of_records() if data.draw(st.integers(0, 3)) else operation.text()
        if operation.aliases <= 60:
            drawn.append(query)

    draw_operations()
    sources = gateway.app.state.sources
    scope = await load_scope(caller or Caller("ANONYMOUS", ""), sources, NOW)
    known = await families(gateway)
    others = {value for value, guardian in known.contact_data.items() if guardian != scope.caller.person_id}
    assert known.students and known.people and others
    shown = 0
    for query in drawn:
        answer = (await gateway.post(query, caller)).json()
        assert not list(foreign(answer.get("data"), scope, known)), query
        assert others.isdisjoint(texts_of(answer.get("data"))), query
        codes = {one["extensions"]["code"] for one in answer.get("errors", ())}
        assert "INTERNAL" not in codes, (query, answer["errors"])
        shown += any(decode(one) is not None for one in texts_of(answer.get("data")))
    assert len(drawn) > OPERATIONS * 0.75
    # The test would prove nothing of a viewer who sees nothing at all.
    assert shown > OPERATIONS // 10 or name in NOTHING
