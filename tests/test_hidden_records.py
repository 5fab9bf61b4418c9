"""What a right that ended, a choice of the school or a missing scope hides, by every path."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from adapters import records as r
from adapters.memory.source import MemoryRelation, MemorySource, row_of
from adapters.native.database import migrate, open_database
from adapters.native.repointing import repoint
from gateway.sessions import revoke_sessions
from resolvers.identifiers import GlobalId, decode
from resolvers.routing import CAPABILITIES, Route
from resolvers.viewer import Caller
from tests.actions import actions_of
from tests.conftest import NOW, Gateway, running

NOUMEA = "9889902B"


async def change(gateway: Gateway, *statements: Any) -> None:
    """Change the database behind the gateway's back."""
    async with gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        for one in statements:
            await connection.execute(one)
        await connection.commit()
    gateway.changed()


async def read(gateway: Gateway, statement: Any) -> list[Any]:
    """Return rows of the database."""
    async with gateway.engine.connect() as connection:
        return list(await connection.execute(statement))


async def version_before(database: str, gateway: Gateway, version: str) -> None:
    """Take a database for one of an earlier version, and migrate it."""
    await change(gateway, text(f"UPDATE alembic_version SET version_num = '{version}'"))
    engine = open_database(database)
    await migrate(engine)
    await engine.dispose()
    gateway.changed()


def tie_of(caller: Caller, student: str | None = None) -> Any:
    """Update the ties of a guardian, or the one to a student."""
    tie = r.Guardianship.table()
    mine = update(tie).where(tie.c.guardian_id == caller.person_id)
    return mine if student is None else mine.where(tie.c.student_id == student)


@pytest.fixture
async def guardian(own_gateway: Gateway) -> Caller:
    """A guardian of two children."""
    return own_gateway.people.guardian(2)


async def test_of_a_child_without_data_access_the_name_alone_is_told(
    own_gateway: Gateway, guardian: Caller
) -> None:
    closed, _ = own_gateway.people.children_of(guardian)
    await change(own_gateway, tie_of(guardian, closed).values(has_data_access=False))
    query = """{ viewer { guardian { guardianships { hasDataAccess student {
        id lastName firstName dateOfBirth photoUrl gradeLevel boardingStatus enrolledFrom
        source { externalId } } } } } }"""
    data = await own_gateway.data(query, guardian)
    told = {one["hasDataAccess"]: one["student"] for one in data["viewer"]["guardian"]["guardianships"]}
    names = {name for name, value in told[False].items() if value is not None}
    assert names == {"id", "lastName", "firstName", "source"}
    assert told[False]["source"] == {"externalId": None}
    assert {name for name, value in told[True].items() if value is None} <= {"photoUrl", "enrolledFrom"}


async def test_of_a_child_without_data_access_the_ties_of_others_are_not_told(
    own_gateway: Gateway, guardian: Caller
) -> None:
    closed, open_ = own_gateway.people.children_of(guardian)
    tie = r.Guardianship.table()
    both = select(tie.c.guardian_id).where(tie.c.student_id == open_, tie.c.guardian_id != guardian.person_id)
    other = (await read(own_gateway, both))[0].guardian_id
    await change(
        own_gateway,
        tie_of(guardian, closed).values(has_data_access=False),
        tie_of(Caller("GUARDIAN", other), closed).values(may_pick_up=True),
    )
    query = """{ viewer { students { guardianships { guardian { id guardianships {
        student { id } mayPickUp } } } } } }"""
    data = await own_gateway.data(query, guardian)
    ids = {name: own_gateway.people.student_id(one) for name, one in (("closed", closed), ("open", open_))}
    told = {
        one["guardian"]["id"]: {found["student"]["id"] for found in one["guardian"]["guardianships"]}
        for student in data["viewer"]["students"]
        for one in student["guardianships"]
    }
    mine = GlobalId("Guardian", "native", guardian.person_id, None).encode()
    assert told.pop(mine) == set(ids.values())
    assert told and all(found == {ids["open"]} for found in told.values())


@pytest.mark.parametrize("scopes", [{"LIAISON_READ"}, {"LIAISON_READ", "DIRECTORY_READ"}])
async def test_partners_read_who_signed_with_the_directory_alone(
    sqlite_gateway: Gateway, scopes: set[str]
) -> None:
    query = "{ students(ids: [%s]) { liaisonNotes { nodes { acknowledgements { guardianName } } } } }"
    partner = Caller("PARTNER", "tool", tuple(sqlite_gateway.people.schools.values()), frozenset(scopes))
    some = sorted(sqlite_gateway.people.students)[:60]
    ids = ", ".join(f'"{sqlite_gateway.people.student_id(one)}"' for one in some)
    data = await sqlite_gateway.data(query % ids, partner)
    names = {
        answer["guardianName"]
        for student in data["students"]
        for note in student["liaisonNotes"]["nodes"]
        for answer in note["acknowledgements"]
    }
    assert names and (names == {"Autre responsable"}) is ("DIRECTORY_READ" not in scopes)


async def about(gateway: Gateway, caller: Caller, *students: str) -> str:
    """Make a conversation of a guardian be about some students; returns its key."""
    part = r.Participant.table()
    mine = select(part.c.conversation_id).where(part.c.person_id == caller.person_id)
    rows = await read(gateway, mine.order_by(part.c.id))
    conversation, audience = rows[0].conversation_id, r.Audience.table()
    rows_about = [
        {
            "id": f"about {student}"[:22],
            "school_id": gateway.people.schools["0759901A"],
            "audience_id": student,
            "record_kind": "conversation",
            "record_id": conversation,
            "date": date.min,
        }
        for student in students
    ]
    await change(
        gateway,
        audience.delete().where(audience.c.record_id == conversation),
        insert(audience).values(rows_about),
    )
    return str(conversation)


MAIL = """query($id: ID!, $message: ID!) {
  conversations(first: 200) { nodes { id } }
  node(id: $id) { ... on Conversation { canReply messages { nodes { body } } } }
  message: node(id: $message) { ... on Message { body } }
}"""


async def test_a_conversation_about_a_child_ends_with_the_right_to_read_about_it(
    own_gateway: Gateway, guardian: Caller
) -> None:
    closed, _ = own_gateway.people.children_of(guardian)
    key = await about(own_gateway, guardian, closed)
    message = r.Message.table()
    rows = await read(own_gateway, select(message.c.id).where(message.c.conversation_id == key))
    native = own_gateway.app.state.sources.native.name
    variables = {
        "id": GlobalId("Conversation", native, key).encode(),
        "message": GlobalId("Message", native, rows[0].id).encode(),
    }
    before = await own_gateway.data(MAIL, guardian, variables)
    assert variables["id"] in {one["id"] for one in before["conversations"]["nodes"]}
    assert before["node"]["messages"]["nodes"] and before["message"]["body"]
    await change(own_gateway, tie_of(guardian, closed).values(has_data_access=False))
    after = await own_gateway.data(MAIL, guardian, variables)
    assert (after["node"], after["message"]) == (None, None)
    assert variables["id"] not in {one["id"] for one in after["conversations"]["nodes"]}
    assert 0 < len(after["conversations"]["nodes"]) < len(before["conversations"]["nodes"])


@pytest.mark.parametrize("is_stored_before", [False, True], ids=["begun now", "begun before version 9"])
@pytest.mark.parametrize("names_a_child", [True, False], ids=["about a child", "about no child"])
async def test_a_conversation_begun_here_ends_with_the_right_to_read_about_the_child(
    own_gateway: Gateway, own_database: str, names_a_child: bool, is_stored_before: bool
) -> None:
    actions = await actions_of(own_gateway)
    student = {"studentId": actions.student} if names_a_child else {}
    begun = await actions.do("startConversation", {**actions.inputs["startConversation"], **student})
    assert begun["errors"] == []
    audience, thread = r.Audience.table(), r.Conversation.table()
    own = select(thread.c.id).where(thread.c.source_id == "gateway")
    ((key,),) = await read(own_gateway, own)
    if is_stored_before:
        await change(own_gateway, audience.delete().where(audience.c.record_id == key))
        await version_before(own_database, own_gateway, "0008")
    native = own_gateway.app.state.sources.native.name
    variables = {"id": GlobalId("Conversation", native, key).encode()}
    query = "query($id: ID!) { node(id: $id) { ... on Conversation { subject } } }"
    assert await own_gateway.data(query, actions.caller, variables) == {"node": {"subject": "Rendez-vous"}}
    only = decode(actions.student) if names_a_child else None
    closed = tie_of(actions.caller, only.key if only else None).values(has_data_access=False)
    await change(own_gateway, closed)
    assert await own_gateway.data(query, actions.caller, variables) == {"node": None}
    given = {"conversationId": variables["id"], "body": "Bonjour"}
    answer = await actions.do("replyToConversation", given)
    assert answer["errors"] == [{"code": "NOT_FOUND", "message": "Introuvable.", "field": ["conversationId"]}]


async def test_a_live_source_cannot_show_a_record_of_a_closed_child_in_a_list_of_the_family(
    own_gateway: Gateway, guardian: Caller
) -> None:
    closed, open_ = own_gateway.people.children_of(guardian)
    await change(own_gateway, tie_of(guardian, closed).values(has_data_access=False))
    shown_at = datetime(2026, 9, 1, tzinfo=UTC)
    theirs, own = (
        row_of(r.Document, id=one, student_id=student, name=one, created_at=shown_at)
        for one, student in (("theirs", closed), ("own", open_))
    )
    everything = {one: (lambda _row, _value: True) for one in ("person_id", "shown_at")}
    relation = MemoryRelation(lambda _parent: [theirs, own], order=("created_at", "id"), filters=everything)
    sources = own_gateway.app.state.sources
    sources.by_name["elsewhere"] = MemorySource("elsewhere", {"Viewer.documents": relation})
    sources.routes = [Route("elsewhere", CAPABILITIES["Viewer.documents"])]
    answer = await own_gateway.data("{ documents(first: 10) { nodes { name } } }", guardian)
    assert answer == {"documents": {"nodes": [{"name": "own"}]}}


async def test_that_a_conversation_is_about_another_family_too_is_not_told(
    own_gateway: Gateway, guardian: Caller
) -> None:
    own, _ = own_gateway.people.children_of(guardian)
    stranger = own_gateway.people.stranger_to(guardian)
    key = await about(own_gateway, guardian, own, stranger)
    query = """query($ids: [ID!]) { conversations(studentIds: $ids, first: 200) {
        totalCount nodes { id students { id } } } }"""
    asked = {"ids": [own_gateway.people.student_id(stranger)]}
    assert await own_gateway.data(query, guardian, asked) == {"conversations": {"totalCount": 0, "nodes": []}}
    found = await own_gateway.data(query, guardian, {"ids": [own_gateway.people.student_id(own)]})
    native = own_gateway.app.state.sources.native.name
    assert GlobalId("Conversation", native, key).encode() in [
        one["id"] for one in found["conversations"]["nodes"]
    ]


async def test_who_may_not_write_messages_cannot_answer_either(
    own_gateway: Gateway, guardian: Caller
) -> None:
    query = "{ conversations(first: 200) { nodes { id canReply canReplyAll } } }"
    before = (await own_gateway.data(query, guardian))["conversations"]["nodes"]
    thread = next(one["id"] for one in before if one["canReply"])
    await change(own_gateway, tie_of(guardian).values(permissions=[]))
    after = (await own_gateway.data(query, guardian))["conversations"]["nodes"]
    assert len(after) == len(before) and not any(one["canReply"] or one["canReplyAll"] for one in after)
    reply = """mutation($id: ID!) { replyToConversation(input: {conversationId: $id, body: "A"}) {
        errors { code } } }"""
    answer = await own_gateway.data(reply, guardian, {"id": thread})
    assert answer == {"replyToConversation": {"errors": [{"code": "NOT_PERMITTED"}]}}


CHOSEN = {
    "showGrades": ("grades(first: 200) { nodes { id } } gradebook { subjects { grades { id } } }", "grades"),
    "showSkills": ("skillEvaluations(first: 200) { nodes { id } }", "skillEvaluations"),
    "showPunishments": ("punishments(first: 200) { nodes { id } }", "punishments"),
}


@pytest.mark.parametrize("choice", CHOSEN)
async def test_what_a_school_chose_not_to_publish_is_published_nowhere(
    own_gateway: Gateway, choice: str
) -> None:
    fields, name = CHOSEN[choice]
    caller = own_gateway.people.guardian(6)
    query = f"{{ viewer {{ students {{ school {{ displayPolicy {{ {choice} }} }} {fields} }} }} }}"
    before = await own_gateway.data(query, caller)
    found = [node["id"] for one in before["viewer"]["students"] for node in one[name]["nodes"]]
    assert found or choice == "showPunishments"
    chosen = "".join(f"_{one.lower()}" if one.isupper() else one for one in choice)
    await change(own_gateway, update(r.SchoolSettings.table()).values(display_policy={chosen: False}))
    after = await own_gateway.data(query, caller)
    for one in after["viewer"]["students"]:
        assert one["school"] == {"displayPolicy": {choice: False}}
        assert one[name] == {"nodes": []}
        gradebook = one.get("gradebook") or {"subjects": []}
        assert not [grade for subject in gradebook["subjects"] for grade in subject["grades"]]
    for identifier in found[:3]:
        again = await own_gateway.data("query($id: ID!) { node(id: $id) { id } }", caller, {"id": identifier})
        assert again == {"node": None}


async def test_sources_are_shown_to_those_of_their_school(own_gateway: Gateway, guardian: Caller) -> None:
    people, source = own_gateway.people, r.DataSource.table()
    mine = people.schools[next(one for one in people.schools if one != NOUMEA)]
    sources: list[dict[str, Any]] = [
        {"id": name, "kind": "FILE_IMPORT", "name": name, "status": "OK", "school_id": school}
        for name, school in (("ours", mine), ("theirs", people.schools[NOUMEA]), ("of all", None))
    ]
    sources = [{"last_sync_at": NOW, "last_error": None, "capabilities": [], **one} for one in sources]
    await change(own_gateway, insert(source).values(sources))
    query = "{ dataSources { name } }"
    of_one = Caller("PARTNER", "tool", (mine,))
    named = {one["name"] for one in (await own_gateway.data(query, of_one))["dataSources"]}
    assert {"ours", "of all"} <= named and "theirs" not in named
    nobody = await own_gateway.data(query, Caller("GUARDIAN", "nobody"))
    assert nobody == {"dataSources": []}


async def test_a_partner_without_the_directory_reads_names_alone(sqlite_gateway: Gateway) -> None:
    school = sqlite_gateway.people.schools["0759901A"]
    query = """{ viewer { students { lastName dateOfBirth boardingStatus gradeLevel
        guardianships { relation guardian { displayName } } } } }"""
    for scopes in (frozenset[str](), frozenset({"TIMETABLE_READ"})):
        answer = await sqlite_gateway.ask(query, Caller("PARTNER", "tool", (school,), scopes))
        students = answer["data"]["viewer"]["students"]
        assert len(students) > 10 and all(one.pop("lastName") for one in students)
        assert {value for one in students for value in one.values()} == {None}
        assert {one["extensions"]["code"] for one in answer["errors"]} == {"NOT_PERMITTED"}
    directory = Caller("PARTNER", "tool", (school,), frozenset({"DIRECTORY_READ"}))
    students = (await sqlite_gateway.data(query, directory))["viewer"]["students"]
    assert any(one["dateOfBirth"] for one in students)
    assert any(tie["guardian"]["displayName"] for one in students for tie in one["guardianships"])


@pytest.fixture
async def at_noumea(own_database: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The gateway when it is the 26th in Europe and the 27th in Nouméa."""
    async with running(own_database, tmp_path, lambda: datetime(2026, 11, 26, 20, tzinfo=UTC)) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("columns", "is_open"),
    [
        ({"valid_to": date(2026, 11, 26)}, False),
        ({"valid_to": date(2026, 11, 27)}, True),
        ({"valid_from": date(2026, 11, 27)}, True),
        ({"valid_from": date(2026, 11, 28)}, False),
    ],
)
async def test_a_tie_begins_and_ends_with_the_day_at_the_school(
    at_noumea: Gateway, columns: dict[str, date], is_open: bool
) -> None:
    people, tie = at_noumea.people, r.Guardianship.table()
    school = people.schools[NOUMEA]
    student = next(one for one in sorted(people.students) if people.students[one] == school)
    rows = await read(
        at_noumea, select(tie.c.guardian_id).where(tie.c.student_id == student, tie.c.has_data_access)
    )
    caller = Caller("GUARDIAN", rows[0].guardian_id)
    await change(at_noumea, tie_of(caller, student).values(**columns))
    data = await at_noumea.data("{ viewer { students { id } } }", caller)
    assert (people.student_id(student) in {one["id"] for one in data["viewer"]["students"]}) is is_open


@pytest.mark.parametrize("column", ["visible_from", "visible_to"])
async def test_news_that_are_not_shown_wait_for_nobody(
    own_gateway: Gateway, guardian: Caller, column: str
) -> None:
    news = r.NewsItem.table()
    hidden = NOW + timedelta(days=20 if column == "visible_from" else -20)
    query = (
        "{ viewer { pendingActions(kinds: [ACKNOWLEDGE_NEWS]) { title } } news(first: 200) { totalCount } }"
    )
    await change(own_gateway, update(news).values(requires_acknowledgement=True))
    before = await own_gateway.data(query, guardian)
    assert before["viewer"]["pendingActions"]
    await change(own_gateway, update(news).values(**{column: hidden}))
    assert await own_gateway.data(query, guardian) == {
        "viewer": {"pendingActions": []},
        "news": {"totalCount": 0},
    }


async def test_a_token_from_a_clock_that_is_ahead_is_revoked_too(own_gateway: Gateway) -> None:
    guardian = own_gateway.people.guardian(1)
    ahead = Caller("GUARDIAN", guardian.person_id, issued_at=datetime.now(UTC) + timedelta(seconds=25))
    await revoke_sessions(own_gateway.settings, guardian.person_id)
    state = r.PersonState.table()
    mine = select(state.c.tokens_revoked_before).where(state.c.id == guardian.person_id)
    (row,) = await read(own_gateway, mine)
    assert ahead.issued_at < row.tokens_revoked_before < ahead.issued_at + timedelta(seconds=10)


async def test_of_the_answers_of_two_who_are_one_the_last_counts(own_gateway: Gateway) -> None:
    acceptance, claim = r.CharterAcceptance.table(), r.Claim.table()
    answers = [
        {"id": "first", "person_id": "old", "decision": "REFUSED", "decided_at": NOW - timedelta(days=2)},
        {"id": "last", "person_id": "new", "decision": "ACCEPTED", "decided_at": NOW},
        {"id": "other", "person_id": "somebody", "decision": "REFUSED", "decided_at": NOW},
    ]
    answers = [{"charter_id": "charter", "version": "1", **one} for one in answers]
    async with own_gateway.engine.connect() as connection:
        await connection.execution_options(writes=True)
        names = {column.name for column in claim.c}
        row: dict[str, Any] = {
            "id": "old",
            "record_id": "new",
            "kind": "guardian",
            "source_id": "x",
            "content": {},
        }
        row |= {"content_hash": "", "ended_at": None, "school_id": None, "national_id": None}
        await connection.execute(insert(claim).values({k: v for k, v in row.items() if k in names}))
        await connection.execute(insert(acceptance).values(answers))
        await repoint(connection, r.Guardian, {"old": "new"}, [])
        found = await connection.execute(
            select(acceptance.c.id, acceptance.c.person_id).where(acceptance.c.charter_id == "charter")
        )
        assert {tuple(one) for one in found} == {("last", "new"), ("other", "somebody")}
        await connection.rollback()
