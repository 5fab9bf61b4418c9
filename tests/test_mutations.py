"""Every action of a guardian: done, not mine, not permitted, repeated, conflicting, oversized, hostile."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.pool import QueuePool

from adapters import records as r
from adapters.memory.source import MemoryRelation, MemorySource, row_of
from adapters.native import gateway_state
from resolvers.identifiers import GlobalId, decode
from resolvers.routing import CAPABILITIES, Route
from resolvers.viewer import Caller
from tests.actions import PAYLOADS, TILE, WHAT_IT_TAKES, Actions, actions_of, key_of
from tests.conftest import NOW, Gateway, running

EVERY = pytest.mark.parametrize("name", PAYLOADS)
NAMED = {
    "setHomeworkStatus": "homeworkId",
    "startConversation": "recipientContactIds",
    "replyToConversation": "conversationId",
    "markConversationsRead": "conversationIds",
    "justifyAbsences": "absenceIds",
    "signLiaisonNote": "noteId",
    "acknowledge": "id",
    "markNewsRead": "newsIds",
    "answerTripConsent": "tripId",
}
"""Where each action names a record."""


@pytest.fixture
async def actions(own_gateway: Gateway) -> Actions:
    """On both databases."""
    return await actions_of(own_gateway)


@pytest.fixture
async def own(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Actions]:
    """On SQLite, for what does not depend on the database."""
    shutil.copyfile(sqlite_template, tmp_path / "own.db")
    async with running(f"sqlite:///{tmp_path / 'own.db'}", tmp_path) as gateway:
        yield await actions_of(gateway)


DONE: dict[str, Any] = {
    "setHomeworkStatus": {
        "homework": {
            "status": "DONE",
            "isDone": True,
            "doneAt": "2026-11-23T10:30:00+01:00",
            "doneBy": "GUARDIAN",
            "doneMarkOrigin": "GATEWAY",
        },
        "writeState": "LOCAL_ONLY",
    },
    "replyToConversation": {
        "message": {"body": "<p>Merci <b>beaucoup</b>.</p>", "isMine": True, "inReplyTo": None},
        "writeState": "LOCAL_ONLY",
    },
    "justifyAbsences": {
        "absences": [
            {
                "justificationStatus": "SUBMITTED",
                "canJustify": False,
                "justifications": [
                    {
                        "comment": "Il était malade.",
                        "status": "SUBMITTED",
                        "submittedAt": "2026-11-23T10:30:00+01:00",
                    }
                ],
            }
        ],
        "writeState": "LOCAL_ONLY",
    },
    "signLiaisonNote": {
        "note": {
            "state": "DONE",
            "myAcknowledgement": {
                "decision": "SIGNED",
                "comment": "Vu.",
                "at": "2026-11-23T10:30:00+01:00",
                "method": "CLICK",
            },
        },
        "writeState": "LOCAL_ONLY",
    },
    "acknowledge": {
        "record": {"myAcknowledgement": {"decision": "SEEN", "comment": "Nous en avons parlé."}},
        "acknowledgements": [{"decision": "SEEN", "comment": "Nous en avons parlé."}],
        "writeState": "LOCAL_ONLY",
    },
    "answerTripConsent": {
        "trip": {"consent": {"status": "GRANTED", "answers": [{"decision": "GRANTED"}]}},
        "writeState": "LOCAL_ONLY",
    },
    "saveDashboard": {
        "dashboard": {
            "revision": 1,
            "isDefault": False,
            "widgets": [{"app": {"code": "TIMETABLE"}, "position": {"column": 0, "row": 0}}],
        }
    },
}


def without_ids(value: Any) -> Any:
    """Leave out what differs from school to school."""
    if isinstance(value, dict):
        return {key: without_ids(one) for key, one in value.items() if key not in ("id", "conversation")}
    return [without_ids(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", DONE)
async def test_an_action_is_done_and_shows_what_it_changed(actions: Actions, name: str) -> None:
    payload = await actions.do(name)
    assert without_ids(payload) == {**DONE[name], "errors": [], "clientMutationId": None}


async def test_a_conversation_reaches_its_recipients_and_is_sanitised(actions: Actions) -> None:
    payload = await actions.do(
        "startConversation", {**actions.inputs["startConversation"], "studentId": actions.student}
    )
    parts = payload["conversation"].pop("participants")
    assert sorted(one["role"] for one in parts) == ["INITIATOR", "TO", "TO"]
    assert payload == {
        "conversation": {
            "subject": "Rendez-vous",
            "folder": "SENT",
            "unreadCount": 0,
            "messageCount": 1,
            "canReply": True,
            "students": [{"id": actions.student}],
        },
        "message": {
            "body": "Bonjour,<br>quand puis-je vous voir ?",
            "isMine": True,
            "isRead": True,
            "sentAt": payload["message"]["sentAt"],
        },
        "writeState": "CONFIRMED",
        "errors": [],
        "clientMutationId": None,
    }
    recipient = key_of(actions.inputs["startConversation"]["recipientContactIds"][0])
    received = await actions.gateway.data(
        "{ conversations(first: 1) { nodes { subject isRead lastMessage { bodyText isMine } } } }",
        Caller("TEACHER", recipient, (actions.gateway.people.students[key_of(actions.student)],)),
    )
    assert received["conversations"]["nodes"] == [
        {
            "subject": "Rendez-vous",
            "isRead": False,
            "lastMessage": {"bodyText": "Bonjour,\nquand puis-je vous voir ?", "isMine": False},
        }
    ]


async def test_an_answer_is_counted_in_everybodys_mailbox(actions: Actions) -> None:
    thread = actions.inputs["replyToConversation"]["conversationId"]
    query = "query($id: ID!) { conversation(id: $id) { messageCount unreadCount } }"
    before = (await actions.gateway.data(query, actions.caller, {"id": thread}))["conversation"]
    payload = await actions.do("replyToConversation")
    assert payload["conversation"] == {
        "id": thread,
        "messageCount": before["messageCount"] + 1,
        "unreadCount": 0,
        "lastMessage": {"body": "<p>Merci <b>beaucoup</b>.</p>"},
    }
    part = r.Participant.table()
    async with actions.gateway.engine.connect() as connection:
        rows = await connection.execute(
            select(part.c.person_id, part.c.unread_count, part.c.last_message_at).where(
                part.c.conversation_id == key_of(thread)
            )
        )
        assert {(row[0] == actions.caller.person_id, *row[1:]) for row in rows} == {
            (True, 0, NOW),
            (False, 1, NOW),
        }


async def test_conversations_and_news_are_marked_as_read_and_as_unread(actions: Actions) -> None:
    for is_read in (True, False, True):
        given = {**actions.inputs["markConversationsRead"], "isRead": is_read}
        payload = await actions.do("markConversationsRead", given)
        assert [(one["isRead"], one["unreadCount"]) for one in payload["conversations"]] == [
            (is_read, 0 if is_read else 1)
        ] * 2
        given = {**actions.inputs["markNewsRead"], "isRead": is_read}
        payload = await actions.do("markNewsRead", given)
        assert [one["isRead"] for one in payload["newsItems"]] == [is_read] * 2


@EVERY
async def test_a_call_sent_again_with_its_id_answers_the_same_and_writes_nothing(
    actions: Actions, name: str
) -> None:
    given = {**actions.inputs[name], "clientMutationId": "again"}
    first = await actions.do(name, given)
    assert first["errors"] == [] and first["clientMutationId"] == "again"
    before = await actions.everything()
    assert await actions.do(name, given) == first
    assert await actions.everything() == before


@EVERY
async def test_the_same_id_for_another_call_is_a_conflict(own: Actions, name: str) -> None:
    await own.do(name, {**own.inputs[name], "clientMutationId": "mine"})
    other = "saveDashboard" if name != "saveDashboard" else "markNewsRead"
    assert await own.refusal(other, {**own.inputs[other], "clientMutationId": "mine"}) == (
        "CONFLICT",
        ["clientMutationId"],
    )


async def test_a_call_that_is_under_way_several_times_is_carried_out_once(actions: Actions) -> None:
    given = {**actions.inputs["startConversation"], "clientMutationId": "impatient"}
    payloads = await asyncio.gather(*(actions.do("startConversation", given) for _ in range(8)))
    assert all(one == payloads[0] and one["errors"] == [] for one in payloads)
    conversations = (await actions.everything())["conversation"]
    assert sum("Rendez-vous" in row for row in conversations) == 1


@pytest.mark.parametrize("name", NAMED)
async def test_what_is_not_mine_is_refused_like_what_does_not_exist(own: Actions, name: str) -> None:
    key, given = NAMED[name], own.inputs[name]
    is_list = isinstance(given[key], list)
    named = decode(given[key][0] if is_list else given[key])
    assert named is not None
    stranger = own.gateway.people.stranger_to(own.caller)
    foreign = GlobalId(named.type_name, named.source, await _foreign(own, named), named.student and stranger)
    missing = named._replace(key="missing")
    other_type = named._replace(type_name="Room")
    answers = [
        await own.refusal(name, {**given, key: [one] if is_list else one})
        for one in (foreign.encode(), missing.encode(), other_type.encode(), "nonsense")
    ]
    assert answers == [("NOT_FOUND", [key])] * 4


async def _foreign(own: Actions, named: GlobalId) -> str:
    """Find a record of the same type that belongs to others, or the same one under another student."""
    if named.student is not None:
        return named.key
    if named.type_name == "NewsItem":
        item, audience = r.NewsItem.table(), r.Audience.table()
        other = await _first(own, select(item.c.id).where(item.c.id != named.key))
        await own.arrange(delete(audience).where(audience.c.record_id == other))
        return other
    if named.type_name == "Conversation":
        part = r.Participant.table()
        mine = select(part.c.conversation_id).where(part.c.person_id == own.caller.person_id)
        return await _first(own, select(part.c.conversation_id).where(part.c.conversation_id.not_in(mine)))
    found = await own.gateway.data("{ directory(first: 200) { nodes { id } } }", own.caller)
    staff = r.StaffMember.table()
    known = [key_of(one["id"]) for one in found["directory"]["nodes"]]
    return await _first(own, select(staff.c.id).where(staff.c.id.not_in(known)))


async def _first(own: Actions, query: Any) -> str:
    async with own.gateway.engine.connect() as connection:
        return str((await connection.execute(query.limit(1))).scalar_one())


@pytest.mark.parametrize("name", WHAT_IT_TAKES)
async def test_without_the_permission_an_action_is_refused(own: Actions, name: str) -> None:
    await own.permit("READ_SCHOOL_DATA")
    assert (await own.refusal(name))[0] == "NOT_PERMITTED"


@EVERY
async def test_a_partner_only_reads(own: Actions, name: str) -> None:
    scopes = frozenset({"HOMEWORK_READ", "MESSAGES_READ", "NEWS_READ"})
    schools = tuple(own.gateway.people.schools.values())
    assert await own.refusal(name, caller=Caller("PARTNER", "tool", schools, scopes)) == (
        "NOT_PERMITTED",
        None,
    )


@pytest.mark.parametrize(
    ("name", "changed", "field"),
    [
        ("startConversation", {"body": "x" * 20_001}, ["body"]),
        ("startConversation", {"subject": "x" * 201}, ["subject"]),
        ("startConversation", {"recipientContactIds": ["x"] * 51}, ["recipientContactIds"]),
        ("replyToConversation", {"body": "x" * 20_001}, ["body"]),
        ("markConversationsRead", {"conversationIds": ["x"] * 201}, ["conversationIds"]),
        ("justifyAbsences", {"comment": "x" * 1001}, ["comment"]),
        ("justifyAbsences", {"absenceIds": ["x"] * 201}, ["absenceIds"]),
        ("signLiaisonNote", {"comment": "x" * 1001}, ["comment"]),
        ("acknowledge", {"comment": "x" * 1001}, ["comment"]),
        ("answerTripConsent", {"comment": "x" * 1001}, ["comment"]),
        ("markNewsRead", {"newsIds": ["x"] * 201}, ["newsIds"]),
        ("saveDashboard", {"widgets": [TILE] * 51}, ["widgets"]),
    ],
)
async def test_what_is_too_large_is_refused(
    own: Actions, name: str, changed: dict[str, Any], field: list[str]
) -> None:
    assert await own.refusal(name, {**own.inputs[name], **changed}) == ("TOO_LARGE", field)


@pytest.mark.parametrize("name", ["startConversation", "replyToConversation"])
@pytest.mark.parametrize(
    ("hostile", "kept"),
    [
        ("<script>alert(1)</script><p>Bonjour</p>", "<p>Bonjour</p>"),
        ('<p onclick="x()">Bonjour</p>', "<p>Bonjour</p>"),
        ('<a href="javascript:x()">ici</a>', '<a rel="noopener noreferrer">ici</a>'),
        ('<p>a<img src="https://spy/1.gif">b</p>', "<p>ab</p>"),
        ("<p>a\x00b</p>", "<p>ab</p>"),
        ("2 < 3 & 4", "2 &lt; 3 &amp; 4"),
        ("si a<b alors c>d", "si a&lt;b alors c&gt;d"),
        ("<https://x.fr/?a=1&b=2>", "&lt;https://x.fr/?a=1&amp;b=2&gt;"),
        ("<b x><script>alert(1)</script>", "&lt;b x&gt;"),
    ],
)
async def test_html_that_could_do_harm_is_taken_out(own: Actions, name: str, hostile: str, kept: str) -> None:
    payload = await own.do(name, {**own.inputs[name], "body": hostile})
    assert payload["message"]["body"] == kept


@pytest.mark.parametrize("body", ["", "  \n", "<p> </p>", "<script>x</script>", "\x00"])
async def test_an_empty_message_is_refused(own: Actions, body: str) -> None:
    given = {**own.inputs["replyToConversation"], "body": body}
    assert await own.refusal("replyToConversation", given) == ("INVALID_INPUT", ["body"])


async def test_many_read_an_answer_only_when_the_writer_says_so(own: Actions) -> None:
    started = await own.do("startConversation")
    part = r.Participant.table()
    async with own.gateway.engine.connect() as connection:
        key = (
            await connection.execute(select(part.c.conversation_id).where(part.c.folder == "SENT"))
        ).scalar_one()
    assert started["errors"] == []
    given = {"conversationId": GlobalId("Conversation", "native", key).encode(), "body": "Encore moi."}
    assert await own.refusal("replyToConversation", given) == ("INVALID_INPUT", ["replyAll"])
    answered = await own.do("replyToConversation", {**given, "replyAll": True})
    assert (answered["errors"], answered["writeState"]) == ([], "CONFIRMED")


async def test_nobody_answers_in_a_closed_conversation(own: Actions) -> None:
    key = key_of(own.inputs["replyToConversation"]["conversationId"])
    thread = r.Conversation.table()
    await own.arrange(update(thread).where(thread.c.id == key).values(is_closed=True))
    assert await own.refusal("replyToConversation") == ("NOT_PERMITTED", ["conversationId"])


@pytest.mark.parametrize(
    ("name", "kind", "key"),
    [
        ("signLiaisonNote", r.LiaisonNote, "noteId"),
        ("acknowledge", r.Observation, "id"),
        ("answerTripConsent", r.Trip, "tripId"),
    ],
)
async def test_after_the_deadline_no_answer_is_taken(
    own: Actions, name: str, kind: type[r.Record], key: str
) -> None:
    table, record = kind.table(), key_of(own.inputs[name][key])
    yesterday = NOW.date().replace(day=22)
    await own.arrange(update(table).where(table.c.id == record).values(acknowledgement_deadline=yesterday))
    assert await own.refusal(name) == ("DEADLINE_PASSED", [key])


@pytest.mark.parametrize("name", ["signLiaisonNote", "acknowledge", "answerTripConsent"])
async def test_the_same_answer_twice_is_already_done(own: Actions, name: str) -> None:
    assert (await own.do(name))["errors"] == []
    assert await own.refusal(name) == ("ALREADY_DONE", ["decision"])


async def test_an_authorisation_may_be_withdrawn_until_the_deadline(own: Actions) -> None:
    await own.do("answerTripConsent")
    payload = await own.do("answerTripConsent", {**own.inputs["answerTripConsent"], "decision": "REFUSED"})
    assert payload["trip"]["consent"] == {"status": "REFUSED", "answers": [{"decision": "REFUSED"}]}


async def test_a_note_that_asks_for_a_decision_takes_nothing_else(own: Actions) -> None:
    note, key = r.LiaisonNote.table(), key_of(own.inputs["signLiaisonNote"]["noteId"])
    await own.arrange(update(note).where(note.c.id == key).values(requires_decision=True))
    assert await own.refusal("signLiaisonNote") == ("INVALID_INPUT", ["decision"])
    payload = await own.do("signLiaisonNote", {**own.inputs["signLiaisonNote"], "decision": "GRANTED"})
    assert payload["note"]["myAcknowledgement"]["decision"] == "GRANTED"


async def test_an_absence_is_justified_once(own: Actions) -> None:
    await own.do("justifyAbsences")
    assert await own.refusal("justifyAbsences") == ("ALREADY_DONE", ["absenceIds"])


async def test_of_two_devices_only_one_saves_the_dashboard_and_the_other_gets_it(actions: Actions) -> None:
    await actions.do("saveDashboard")
    payload = await actions.do("saveDashboard", {"expectedRevision": 0, "widgets": []})
    assert (payload["errors"][0]["code"], payload["errors"][0]["field"]) == ("CONFLICT", ["expectedRevision"])
    assert payload["dashboard"] == DONE["saveDashboard"]["dashboard"]
    both = await asyncio.gather(
        *(actions.do("saveDashboard", {"expectedRevision": 1, "widgets": [TILE]}) for _ in range(4))
    )
    assert sorted(len(one["errors"]) for one in both) == [0, 1, 1, 1]
    assert {one["dashboard"]["revision"] for one in both} == {2}


@pytest.mark.parametrize(
    ("widget", "refused"),
    [
        ({**TILE, "app": "MESSAGING"}, ("NOT_PLACEABLE", ["widgets", "0", "app"])),
        ({**TILE, "id": "nonsense"}, ("NOT_FOUND", ["widgets", "0", "id"])),
        (
            {**TILE, "position": {"column": 10, "row": 0, "columns": 4, "rows": 3}},
            ("INVALID_INPUT", ["widgets", "0", "position", "column"]),
        ),
        (
            {**TILE, "settings": {"maxItems": 51}},
            ("INVALID_INPUT", ["widgets", "0", "settings", "maxItems"]),
        ),
        (
            {**TILE, "settings": {"studentIds": ["nonsense"]}},
            ("NOT_FOUND", ["widgets", "0", "settings", "studentIds"]),
        ),
    ],
)
async def test_a_tile_that_cannot_be_is_refused(
    own: Actions, widget: dict[str, Any], refused: tuple[str, list[str]]
) -> None:
    assert await own.refusal("saveDashboard", {"expectedRevision": 0, "widgets": [widget]}) == refused


async def test_tiles_may_not_lie_on_one_another(own: Actions) -> None:
    given = {"expectedRevision": 0, "widgets": [TILE, TILE]}
    assert await own.refusal("saveDashboard", given) == ("INVALID_INPUT", ["widgets", "1", "position"])


@pytest.mark.parametrize(
    ("name", "type_name", "relation", "record"),
    [
        ("setHomeworkStatus", "Homework", "Student.homework", r.Homework),
        ("startConversation", "Contact", "Viewer.contacts", r.StaffMember),
        ("replyToConversation", "Conversation", "Conversation", r.Conversation),
        ("markConversationsRead", "Conversation", "Conversation", r.Conversation),
        ("justifyAbsences", "Absence", "Student.absences", r.Absence),
        ("signLiaisonNote", "LiaisonNote", "Student.liaison_notes", r.LiaisonNote),
        ("acknowledge", "Observation", "Student.observations", r.Observation),
        ("markNewsRead", "NewsItem", "Viewer.news", r.NewsItem),
        ("answerTripConsent", "Trip", "Student.trips", r.Trip),
    ],
)
async def test_a_record_of_a_source_that_takes_no_answers_is_refused_as_such(
    own: Actions, name: str, type_name: str, relation: str, record: type[r.Record]
) -> None:
    student = key_of(own.student) if relation.startswith("Student.") else None
    held = row_of(record, id="theirs", shown_at=NOW)
    filters = {one: (lambda _row, _value: True) for one in ("person_id", "shown_at")}
    served = {relation: MemoryRelation(lambda _parent: [held], filters=filters)}
    elsewhere = MemorySource("elsewhere", {"Viewer.conversations": MemoryRelation(lambda _: []), **served})
    sources = own.gateway.app.state.sources
    sources.by_name["elsewhere"] = elsewhere
    sources.routes = [Route("elsewhere", CAPABILITIES[relation])]
    named = GlobalId(type_name, "elsewhere", "theirs", student).encode()
    key = NAMED[name]
    given = {**own.inputs[name], key: [named] if isinstance(own.inputs[name][key], list) else named}
    assert await own.refusal(name, given) == ("NOT_SUPPORTED_BY_SOURCE", [key])


async def test_a_crash_after_the_commit_does_not_send_twice(own: Actions) -> None:
    given = {**own.inputs["startConversation"], "clientMutationId": "crashed"}
    state = own.gateway.app.state

    async def crash(*_changes: Any) -> None:
        await write(*_changes)
        raise ConnectionError("The worker dies before it answers.")

    written = state.gateway_state
    write = written.write
    written.write = crash
    answer = await own.gateway.ask(
        "mutation($input: StartConversationInput!) { startConversation(input: $input) { writeState } }",
        own.caller,
        {"input": given},
    )
    assert answer["data"]["startConversation"] is None
    written.write = write
    payload = await own.do("startConversation", given)
    assert (payload["errors"], payload["writeState"]) == ([], "CONFIRMED")
    conversations = (await own.everything())["conversation"]
    assert sum("Rendez-vous" in row for row in conversations) == 1


@EVERY
@pytest.mark.parametrize("kind", ["GUARDIAN", "STUDENT", "TEACHER", "STAFF"])
async def test_a_token_of_a_person_that_does_not_exist_writes_nothing(
    own: Actions, name: str, kind: str
) -> None:
    assert await own.refusal(name, caller=Caller(kind, "nobody")) == ("NOT_PERMITTED", None)


async def test_a_write_waits_for_an_import_no_longer_than_a_person_would(
    own: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_state, "WAIT_FOR_LOCK", 0.2)
    given = own.inputs["markNewsRead"]
    before = await own.everything()
    async with own.gateway.engine.connect() as importing:
        await importing.execution_options(writes=True)
        await importing.execute(select(1))
        assert await own.refusal("markNewsRead", given) == ("SOURCE_UNAVAILABLE", None)
    assert await own.everything() == before
    assert (await own.do("markNewsRead", given))["errors"] == []


async def test_writes_that_wait_for_an_import_hold_one_connection_and_can_be_cancelled(own: Actions) -> None:
    given, engine = own.inputs["markNewsRead"], own.gateway.engine
    pool = engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    async with engine.connect() as importing:
        await importing.execution_options(writes=True)
        await importing.execute(select(1))
        waiting = [asyncio.create_task(own.do("markNewsRead", given)) for _ in range(30)]
        await asyncio.sleep(0.5)
        # Theirs is one, beside that of the import, and of the feed that may be looking.
        assert pool.checkedout() <= 3
        for one in waiting:
            one.cancel()
        async with asyncio.timeout(3):
            answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(one) for one in answers} == {asyncio.CancelledError}
    assert (await own.do("markNewsRead", given))["errors"] == []
