"""Another family's student, by any path, is indistinguishable from one that does not exist."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from adapters import records as r
from adapters.base import Rows
from resolvers.identifiers import GlobalId
from resolvers.registry import strawberry_schema
from resolvers.viewer import Caller
from tests.conftest import NOW, Gateway, running

GRAPHQL: GraphQLSchema = strawberry_schema()._schema
NOW_DAY = NOW.date()
PER_STUDENT: dict[str, type[r.Record]] = {
    "Homework": r.Homework,
    "Lesson": r.Lesson,
    "LessonContent": r.LessonContent,
    "Grade": r.Grade,
    "SkillEvaluation": r.SkillEvaluation,
    "Absence": r.Absence,
    "AbsenceJustification": r.AbsenceJustification,
    "Incident": r.Incident,
    "Punishment": r.Punishment,
    "Observation": r.Observation,
    "LiaisonNote": r.LiaisonNote,
    "Trip": r.Trip,
    "TripUpdate": r.TripUpdate,
    "Acknowledgement": r.Acknowledgement,
}


def selection(kind: Any, depth: int, draw: Any) -> str:
    """Draw a selection of a type: some of its fields, nested, through fragments where it is abstract."""
    named = get_named_type(kind)
    if isinstance(named, GraphQLUnionType | GraphQLInterfaceType):
        chosen = draw(st.sampled_from(sorted(GRAPHQL.get_possible_types(named), key=lambda one: one.name)))
        inner = selection(chosen, depth, draw)
        return f"{{ __typename ... on {chosen.name} {inner} }}"
    if not isinstance(named, GraphQLObjectType):
        return ""
    names = sorted(named.fields)
    if depth <= 0:
        names = [
            one
            for one in names
            if not isinstance(get_named_type(named.fields[one].type), GraphQLObjectType)
            and not isinstance(
                get_named_type(named.fields[one].type), GraphQLUnionType | GraphQLInterfaceType
            )
        ]
    parts = ["__typename"]
    for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else []:
        field = named.fields[name]
        if any(isinstance(one.type, GraphQLNonNull) for one in field.args.values()):
            continue
        alias = draw(st.sampled_from(["", "other: "]))
        parts.append(
            f"{alias if not alias or len(parts) == 1 else ''}{name} {selection(field.type, depth - 1, draw)}"
        )
    return "{ " + " ".join(parts) + " }"


def entries(kind: str, identifier: str, draw: Any) -> str:
    """Draw one way to ask for a record by id."""
    inner = selection(GRAPHQL.type_map[kind], 2, draw)
    fragment = f"__typename ... on {kind} {inner}"
    ways = [f'node(id: "{identifier}") {{ {fragment} }}', f'a: node(id: "{identifier}") {{ ...F }}']
    singles = {"Student": "student", "Conversation": "conversation", "Event": "event", "NewsItem": "newsItem"}
    if kind in singles:
        ways.append(f'{singles[kind]}(id: "{identifier}") {inner}')
    if kind == "Student":
        ways.append(f'students(ids: ["{identifier}"]) {inner}')
    way: str = draw(st.sampled_from(ways))
    query = "{ " + way + " }"
    return query + f" fragment F on {kind} {inner}" if "...F" in way else query


async def _keys(gateway: Gateway, guardian: Caller, stranger: str) -> list[tuple[str, str]]:
    """List real ids of another family: each record under the stranger, and under one's own child."""
    mine = gateway.people.children_of(guardian)[0]
    found = []
    async with gateway.engine.connect() as connection:
        for kind, record in PER_STUDENT.items():
            table = record.table()
            query = select(table.c.id).order_by(table.c.id).limit(2)
            if "student_id" in table.c:
                query = query.where(table.c.student_id == stranger)
            for key in (await connection.execute(query)).scalars():
                found.append((kind, GlobalId(kind, "native", key, stranger).encode()))
                if "student_id" in table.c:
                    # Somebody else's record under the name of one's own child.
                    found.append((kind, GlobalId(kind, "native", key, mine).encode()))
                found.append((kind, GlobalId(kind, "native", key).encode()))
        found += await _family_keys(connection, stranger)
    return found


async def _family_keys(connection: Any, stranger: str) -> list[tuple[str, str]]:
    tie, part, message = r.Guardianship.table(), r.Participant.table(), r.Message.table()
    document = r.Document.table()
    guardians = list(
        (await connection.execute(select(tie.c.guardian_id).where(tie.c.student_id == stranger))).scalars()
    )
    threads = list(
        (
            await connection.execute(
                select(part.c.conversation_id).where(part.c.person_id.in_(guardians)).limit(2)
            )
        ).scalars()
    )
    messages = (
        await connection.execute(select(message.c.id).where(message.c.conversation_id.in_(threads)).limit(2))
    ).scalars()
    papers = (
        await connection.execute(select(document.c.id).where(document.c.student_id == stranger))
    ).scalars()
    keys = {
        "Student": [stranger],
        "Guardian": guardians,
        "Dashboard": guardians,
        "Conversation": threads,
        "Message": list(messages),
        "Document": list(papers),
    }
    return [(kind, GlobalId(kind, "native", key).encode()) for kind, ids in keys.items() for key in ids]


def _missing(identifier: str, kind: str, query: str) -> str:
    """Ask the same of a record that never was."""
    absent = GlobalId(kind, "native", "x" * 22, "y" * 22).encode()
    return query.replace(identifier, absent)


@pytest.fixture
async def sqlite_gateway(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The application for one viewer who sends hundreds of documents in a minute."""
    rates = {"rate_per_viewer": 10**9, "rate_per_address": 10**9}
    async with running(f"sqlite:///{sqlite_template}", tmp_path, **rates) as found:
        yield found


@pytest.fixture
async def stranger_keys(sqlite_gateway: Gateway) -> list[tuple[str, str]]:
    guardian = sqlite_gateway.people.guardian(3)
    return await _keys(sqlite_gateway, guardian, sqlite_gateway.people.stranger_to(guardian))


async def test_every_path_to_another_family_answers_as_if_it_did_not_exist(
    sqlite_gateway: Gateway, stranger_keys: list[tuple[str, str]]
) -> None:
    assert {kind for kind, _ in stranger_keys} >= {"Grade", "Absence", "Student", "Guardian", "Message"}
    asked: list[tuple[str, str, str]] = []

    @settings(
        max_examples=250,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.data())
    def draw_paths(data: st.DataObject) -> None:
        kind, identifier = data.draw(st.sampled_from(stranger_keys))
        asked.append((kind, identifier, entries(kind, identifier, data.draw)))

    draw_paths()
    assert len({kind for kind, _, _ in asked}) >= 12
    for kind, identifier, query in asked:
        found = await sqlite_gateway.ask(query)
        missing = await sqlite_gateway.ask(_missing(identifier, kind, query))
        assert found == missing, query
        assert found["data"] == {"students": []} or set(found["data"].values()) <= {None}, query


async def test_arguments_that_name_a_stranger_find_nothing(sqlite_gateway: Gateway) -> None:
    people = sqlite_gateway.people
    stranger = people.student_id(people.stranger_to(people.guardian(3)))
    query = """query($ids: [ID!]) {
      students(ids: $ids) { id }
      conversations(studentIds: $ids) { totalCount }
      news(studentIds: $ids) { totalCount }
      events(studentIds: $ids) { totalCount }
      directory(studentIds: $ids) { totalCount }
      viewer { pendingActions(studentIds: $ids) { title } counters(studentIds: $ids) { absencesToJustify } }
    }"""
    assert await sqlite_gateway.data(query, variables={"ids": [stranger]}) == {
        "students": [],
        "conversations": {"totalCount": 0},
        "news": {"totalCount": 0},
        "events": {"totalCount": 0},
        "directory": {"totalCount": 0},
        "viewer": {"pendingActions": [], "counters": {"absencesToJustify": 0}},
    }


@pytest.mark.parametrize("column", ["school_id", "student_id"])
async def test_a_row_that_the_database_should_not_have_given_is_not_shown(
    own_gateway: Gateway, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    query = (
        "{ viewer { students { grades(first: 3) { totalCount nodes { displayValue subject { name } } } } } }"
    )
    usual = await own_gateway.data(query)
    people, native = own_gateway.people, own_gateway.app.state.sources.native
    read, given_ = native.rows, []
    # Another school's, and one child's among those of a brother or sister.
    wrong = "elsewhere" if column == "school_id" else people.children_of(people.guardian(3))[0]

    async def careless(bound: Any, now: datetime) -> Rows:
        names = list(bound.layout.names)
        rows = [list(row) for row in await read(bound, now)]
        # The usual way, which looks at each row, asks for ids.
        if "display_value" in names and "id" not in names:
            for row in rows:
                row[names.index("display_value")] = "not to be seen"
                row[names.index(column)] = wrong
            given_.extend(rows)
        return rows

    monkeypatch.setattr(native, "rows", careless)
    assert await own_gateway.data(query) == usual
    assert len(given_) > 3


async def test_what_one_viewer_has_met_is_not_shown_to_another(
    own_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "{ viewer { students { grades(first: 1) { nodes { subject { name } } } } } }"
    here, there = (
        Caller("PARTNER", f"of {school}", (school,), frozenset({"GRADES_READ"}))
        for school in own_gateway.people.schools.values()
    )
    subject = r.Subject.table()
    async with own_gateway.engine.connect() as connection:
        wanted = select(subject.c.id).where(subject.c.school_id == there.school_ids[0])
        theirs = (await connection.execute(wanted.limit(1))).scalar_one()
    native = own_gateway.app.state.sources.native
    read = native.rows

    async def careless(bound: Any, now: datetime) -> Rows:
        names, rows = list(bound.layout.names), await read(bound, now)
        if "subject_id" not in names:
            return list(rows)
        at = names.index("subject_id")
        return [[*row[:at], theirs, *row[at + 1 :]] for row in map(list, rows)]

    async def shown(caller: Caller) -> set[bool]:
        students = (await own_gateway.data(query, caller))["viewer"]["students"]
        return {node["subject"] is None for one in students for node in one["grades"]["nodes"]}

    monkeypatch.setattr(native, "rows", careless)
    assert await shown(there) == {False}  # now the plan knows the subject
    assert await shown(here) == {True}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, str):
        yield value


async def test_the_other_guardians_contact_data_and_words_are_hidden(sqlite_gateway: Gateway) -> None:
    query = """{ viewer { students { guardianships { guardian {
      displayName email mobilePhone landlinePhone address { lines } preferredLanguage
      students { displayName } guardianships { student { displayName } } } }
      liaisonNotes { nodes { acknowledgements { guardianName comment guardian { lastName } } } }
      absences { nodes { justifications { authorName comment author { lastName } } } } } } }"""
    guardian = sqlite_gateway.people.guardian(2)
    data = await sqlite_gateway.data(query, guardian)
    own = await sqlite_gateway.data("{ viewer { guardian { displayName email } } }", guardian)
    texts = set(_strings(data))
    mails = {one for one in texts if "@" in one}
    assert mails <= {own["viewer"]["guardian"]["email"]}
    others = [
        one["guardian"]
        for student in data["viewer"]["students"]
        for one in student["guardianships"]
        if one["guardian"]["displayName"] != own["viewer"]["guardian"]["displayName"]
    ]
    assert others and all(one["email"] is None and one["address"] is None for one in others)
    assert "Vu avec notre enfant." not in texts


async def test_a_guardian_without_data_access_sees_no_record(own_gateway: Gateway) -> None:
    guardian = own_gateway.people.guardian(1)
    student = own_gateway.people.children_of(guardian)[0]
    tie = r.Guardianship.table()
    async with own_gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        closed = update(tie).where(tie.c.guardian_id == guardian.person_id).values(has_data_access=False)
        await connection.execute(closed)
        await connection.commit()
    query = """query($id: ID!) {
      viewer { students { id } guardian { students { id } guardianships {
        hasDataAccess
        student { lastName grades { nodes { value } } apps { availability } nextLesson { title } } } } }
      student(id: $id) { id }
    }"""
    variables = {"id": own_gateway.people.student_id(student)}
    data = await own_gateway.data(query, guardian, variables)
    (seen,) = data["viewer"]["guardian"].pop("guardianships")
    assert data == {"viewer": {"students": [], "guardian": {"students": []}}, "student": None}
    assert seen["hasDataAccess"] is False
    assert seen["student"]["nextLesson"] is None
    assert seen["student"]["grades"] == {"nodes": []}
    assert {one["availability"] for one in seen["student"]["apps"]} == {"NOT_PERMITTED"}


async def test_a_tie_that_has_ended_or_not_begun_gives_nothing(own_gateway: Gateway) -> None:
    guardian = own_gateway.people.guardian(1)
    tie = r.Guardianship.table()
    for columns in (
        {"valid_to": NOW_DAY.replace(day=22)},
        {"valid_to": None, "valid_from": NOW_DAY.replace(day=24)},
    ):
        async with own_gateway.engine.connect() as connection:
            await connection.execution_options(writes=True)
            await connection.execute(
                update(tie).where(tie.c.guardian_id == guardian.person_id).values(**columns)
            )
            await connection.commit()
        assert await own_gateway.data("{ viewer { students { id } } }", guardian) == {
            "viewer": {"students": []}
        }


async def test_witnesses_and_victims_read_no_description(sqlite_gateway: Gateway) -> None:
    query = "{ viewer { students { incidents { nodes { studentRole description } } } } }"
    seen: dict[str, set[str | None]] = {}
    for student in sorted(sqlite_gateway.people.students):
        data = await sqlite_gateway.data(query, Caller("STUDENT", student))
        for node in data["viewer"]["students"][0]["incidents"]["nodes"]:
            seen.setdefault(node["studentRole"], set()).add(node["description"])
    assert set(seen) == {"AUTHOR", "WITNESS", "VICTIM"}
    assert seen["WITNESS"] == seen["VICTIM"] == {None}


async def test_what_is_published_later_is_hidden_until_then(own_gateway: Gateway) -> None:
    guardian = own_gateway.people.guardian(1)
    student = own_gateway.people.children_of(guardian)[0]
    grade = r.Grade.table()
    async with own_gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        first = (
            await connection.execute(select(grade.c.id).where(grade.c.student_id == student).limit(1))
        ).scalar_one()
        await connection.execute(
            update(grade)
            .where(grade.c.student_id == student)
            .values(published_at=datetime(2026, 11, 1, tzinfo=UTC))
        )
        await connection.execute(
            update(grade).where(grade.c.id == first).values(published_at=datetime(2026, 12, 1, tzinfo=UTC))
        )
        total = len((await connection.execute(select(grade.c.id).where(grade.c.student_id == student))).all())
        await connection.commit()
    data = await own_gateway.data("{ viewer { students { grades { totalCount } } } }", guardian)
    assert data["viewer"]["students"][0]["grades"]["totalCount"] == total - 1
    query = "query($id: ID!) { node(id: $id) { id } }"
    variables = {"id": GlobalId("Grade", "native", first, student).encode()}
    assert await own_gateway.data(query, guardian, variables) == {"node": None}


async def test_national_identifiers_are_no_part_of_any_answer(sqlite_gateway: Gateway) -> None:
    schema = (Path(__file__).parent.parent / "schema.graphql").read_text(encoding="utf-8")
    student = schema[schema.index("type Student ") :]
    assert "nationalId" not in student[: student.index("\n}")]
    data = await sqlite_gateway.data("{ viewer { students { id source { externalId } } } }")
    assert "information" not in json.dumps(data)


async def test_a_partner_sees_what_its_scopes_and_schools_allow(sqlite_gateway: Gateway) -> None:
    school = sqlite_gateway.people.schools["0759901A"]
    partner = Caller("PARTNER", "tool", (school,), frozenset({"TIMETABLE_READ"}))
    query = "{ students { school { nationalId } nextLesson { title } grades { totalCount } } }"
    answer = await sqlite_gateway.ask(query, partner)
    assert {one["school"]["nationalId"] for one in answer["data"]["students"]} == {"0759901A"}
    assert all(one["nextLesson"] for one in answer["data"]["students"])
    assert all(one["grades"] is None for one in answer["data"]["students"])
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"NOT_PERMITTED"}


async def test_a_teacher_sees_the_students_of_their_classes_only(sqlite_gateway: Gateway) -> None:
    teaching, enrolment = r.Teaching.table(), r.Enrolment.table()
    teacher = sqlite_gateway.people.teachers[0]
    async with sqlite_gateway.engine.connect() as connection:
        found = await connection.execute(
            select(enrolment.c.student_id)
            .join(teaching, teaching.c.class_id == enrolment.c.class_id)
            .where(teaching.c.staff_id == teacher)
        )
        expected = {sqlite_gateway.people.student_id(one) for one in found.scalars()}
    data = await sqlite_gateway.data("{ viewer { students { id } } }", Caller("TEACHER", teacher))
    assert {one["id"] for one in data["viewer"]["students"]} == expected
    assert 0 < len(expected) < len(sqlite_gateway.people.students)
