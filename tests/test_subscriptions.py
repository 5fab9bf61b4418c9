"""Subscriptions over WebSockets and event streams, against a gateway that really runs."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from gql import gql
from gql.transport.exceptions import TransportQueryError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from adapters import records as r
from adapters.base import Export
from adapters.native.database import open_database
from adapters.native.feed import FeedLog
from adapters.native.loader import load
from gateway.listening import before_stop
from resolvers.subscriptions.streams import position_of
from resolvers.viewer import Caller
from tests.conftest import new_database
from tests.listening import (
    RECEIVED,
    Server,
    Thread,
    heard,
    launch,
    next_event,
    send,
    serving,
    subscribed,
    threads_of,
)
from tests.people import People, read_people

PROTOCOL = Subprotocol("graphql-transport-ws")
LESSONS = """subscription($after: String, $students: [ID!]) {
    lessonChanged(afterCursor: $after, studentIds: $students) {
        operation previousStatus changes lesson { id title status } cursor } }"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway of one worker on a database of this module's own."""
    folder = tmp_path_factory.mktemp("listening")
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "own.db")
        url = f"sqlite:///{folder / 'own.db'}"
    else:
        request.getfixturevalue("postgres_template")
        url = new_database(request.getfixturevalue("postgres_server"), "template_school")
    limits = {
        "PASSERELLE_MAX_CONNECTIONS": "3",
        "PASSERELLE_SUBSCRIPTION_BACKLOG": "20",
        "PASSERELLE_CONNECTION_INIT_TIMEOUT": "1",
    }
    with serving(url, folder, 1, **limits) as found:
        yield found


@pytest.fixture(autouse=True)
async def nobody_listens(server: Server) -> None:
    """What an earlier test opened is closed."""
    await subscribed(server, 0)


@pytest.fixture
async def engine(server: Server) -> AsyncIterator[AsyncEngine]:
    """The database behind the server, as other programs reach it."""
    found = open_database(server.settings.database_url)
    yield found
    await found.dispose()


@pytest.fixture
async def people(engine: AsyncEngine) -> People:
    """Who is who."""
    return await read_people(engine)


async def writers(engine: AsyncEngine, people: People) -> list[tuple[Caller, Thread]]:
    """Guardians with a thread each that none of the others takes part in."""
    found: list[tuple[Caller, Thread]] = []
    for person in sorted(people.children):
        for thread in await threads_of(engine, person):
            if not any(person in one.persons or caller.person_id in thread.persons for caller, one in found):
                found.append((Caller("GUARDIAN", person), thread))
                break
        if len(found) == 3:
            return found
    raise AssertionError("The demo has too few threads.")


@pytest.fixture
async def mine(engine: AsyncEngine, people: People) -> tuple[Caller, Thread]:
    """A guardian and one of their threads."""
    return (await writers(engine, people))[0]


async def opened(server: Server, token: str | None) -> ClientConnection:
    """Open a bare WebSocket and say hello."""
    socket = await connect(f"ws://{server.address}", subprotocols=[PROTOCOL], max_size=None)
    payload = {"Authorization": f"Bearer {token}"} if token else {}
    await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
    return socket


async def subscribe(socket: ClientConnection, query: str, **variables: Any) -> None:
    """Wait until the connection stands, and subscribe."""
    assert json.loads(await socket.recv())["type"] == "connection_ack"
    payload = {"query": query, "variables": variables}
    await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))


async def caught_up(server: Server, engine: AsyncEngine, me: Caller) -> None:
    """Wait until the gateway has heard of all that was written: who subscribes now hears of what comes."""
    _, newest = await FeedLog(engine).bounds()
    for _ in range(200):
        socket = await opened(server, server.token(me))
        acknowledged = json.loads(await socket.recv())
        await socket.close()
        if position_of(acknowledged["payload"]["cursor"]) >= newest:
            return
        await asyncio.sleep(0.05)
    pytest.fail("The gateway did not hear of what was written.")


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """Read until the server closes, without a word that a subscription is over; returns code and reason."""
    try:
        async with asyncio.timeout(15):
            while True:
                assert json.loads(await socket.recv())["type"] not in ("complete", "error")
    except ConnectionClosed as error:
        assert error.rcvd is not None
        return error.rcvd.code, error.rcvd.reason


class EventStream:
    """A subscription over server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, str | None, Any]:
        """Read the next event: its name, its id and its data."""
        event: dict[str, str] = {}
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if not line and "event" in event:
                data = event.get("data")
                return event["event"], event.get("id"), json.loads(data) if data else None
            event[name.rstrip(":")] = value
        return "end", None, None


def listening(
    client: httpx.AsyncClient, server: Server, caller: Caller, query: str = RECEIVED, **headers: str
) -> Any:
    """Ask for an event stream."""
    sent = {"Authorization": f"Bearer {server.token(caller)}", "Accept": "text/event-stream", **headers}
    return client.stream("POST", f"http://{server.address}", json={"query": query}, headers=sent)


# ---- who hears what ------------------------------------------------------------------------------------


async def test_everyone_in_a_thread_hears_a_message_and_nobody_else(
    server: Server, engine: AsyncEngine, people: People
) -> None:
    (me, thread), (other, others_thread), _ = await writers(engine, people)
    async with server.client(me) as first, server.client(me) as second, server.client(other) as third:
        waiting = [asyncio.create_task(heard(one, 1)) for one in (first, second, third)]
        await subscribed(server, 3)
        await send(engine, thread, "pour nous")
        await send(engine, others_thread, "pour eux")
        found = await asyncio.wait_for(asyncio.gather(*waiting), 10)
    assert [[text for text, _ in one] for one in found] == [["pour nous"], ["pour nous"], ["pour eux"]]
    assert found[0] == found[1]


async def test_an_event_shows_the_message_and_its_thread_as_the_subscriber_may_see_them(
    server: Server, engine: AsyncEngine, mine: tuple[Caller, Thread]
) -> None:
    me, thread = mine
    query = """subscription($id: ID) { messageReceived(conversationId: $id) { __typename
        text: message { body bodyText isMine isRead author { displayName } authorName excerpt(length: 4) }
        conversation { id unreadCount lastMessage { id } } } }"""
    async with server.client(me) as session:
        first = asyncio.create_task(next_event(session, query, id=thread.global_id))
        await subscribed(server, 1)
        await send(engine, thread, "<p>Bonjour à tous</p>")
        event = (await asyncio.wait_for(first, 10))["messageReceived"]
    unread = event["conversation"].pop("unreadCount")
    assert isinstance(unread, int)
    event["conversation"].pop("lastMessage")
    assert event == {
        "__typename": "MessageEvent",
        "text": {
            "body": "<p>Bonjour à tous</p>",
            "bodyText": "Bonjour à tous",
            "isMine": False,
            "isRead": False,
            "author": None,
            "authorName": "La direction",
            "excerpt": "Bon…",
        },
        "conversation": {"id": thread.global_id},
    }


async def test_subscriptions_can_be_narrowed_to_students_and_threads(
    server: Server, engine: AsyncEngine, people: People
) -> None:
    person, threads = "", list[Thread]()
    for person in sorted(people.children):
        threads = [one for one in await threads_of(engine, person) if one.students]
        if len({one.students for one in threads}) > 1:
            break
    me, first = Caller("GUARDIAN", person), threads[0]
    second = next(one for one in threads if not set(one.students) & set(first.students))
    student = People.student_id(second.students[0])
    stranger = People.student_id(people.stranger_to(me))
    query = """subscription($students: [ID!], $id: ID) {
        messageReceived(studentIds: $students, conversationId: $id) { message { body } } }"""
    async with server.client(me) as session:
        asked: list[dict[str, Any]] = [
            {"students": [student]},
            {"id": second.global_id},
            {"students": [stranger]},
        ]
        waiting = [asyncio.create_task(next_event(session, query, **one)) for one in asked]
        await subscribed(server, 3)
        await send(engine, first, "un")
        await send(engine, second, "deux")
        found = [await asyncio.wait_for(one, 10) for one in waiting[:2]]
        await asyncio.sleep(0.2)
        assert not waiting[2].done()
        waiting[2].cancel()
    assert [one["messageReceived"]["message"]["body"] for one in found] == ["deux", "deux"]


async def test_a_partner_hears_the_schools_and_scopes_of_its_token_only(
    server: Server, engine: AsyncEngine, people: People, mine: tuple[Caller, Thread]
) -> None:
    _, thread = mine
    elsewhere = next(one for one in people.schools.values() if one != thread.school)
    query = """subscription { messageReceived { message { body } conversation { folder unreadCount } } }"""
    partners = [
        Caller("PARTNER", "tool", (one,), frozenset({"MESSAGES_READ"})) for one in (thread.school, elsewhere)
    ]
    async with server.client(partners[0]) as here, server.client(partners[1]) as there:
        waiting = [asyncio.create_task(next_event(one, query)) for one in (here, there)]
        await subscribed(server, 2)
        await send(engine, thread, "à l'école")
        found = await asyncio.wait_for(waiting[0], 10)
        await asyncio.sleep(0.2)
        assert not waiting[1].done()
        waiting[1].cancel()
    assert found == {
        "messageReceived": {
            "message": {"body": "à l'école"},
            "conversation": {"folder": "INBOX", "unreadCount": 0},
        }
    }
    without = Caller("PARTNER", "tool", (thread.school,), frozenset({"GRADES_READ"}))
    async with server.client(without) as session:
        with pytest.raises(TransportQueryError, match="NOT_PERMITTED"):
            await heard(session, 1)


async def test_changed_lessons_reach_those_whose_children_have_them(
    server: Server, engine: AsyncEngine, people: People
) -> None:
    me = people.guardian(1)
    apart = await student_apart(engine, people, me)
    other = next(Caller("GUARDIAN", one) for one, ids in people.children.items() if ids == [apart])
    lesson = await coming_lesson(engine, people.children_of(me)[0])
    await caught_up(server, engine, me)
    async with server.client(me) as session, server.client(other) as others:
        mine_ = asyncio.create_task(next_event(session, LESSONS))
        theirs = asyncio.create_task(next_event(others, LESSONS))
        await subscribed(server, 2)
        await bring(engine, lesson.model_copy(update={"status": "CANCELLED"}))
        event = (await asyncio.wait_for(mine_, 10))["lessonChanged"]
        await asyncio.sleep(0.2)
        assert not theirs.done()
        theirs.cancel()
    assert event["lesson"].pop("id") and event.pop("cursor")
    assert event == {
        "operation": "UPDATED",
        "previousStatus": "SCHEDULED",
        "changes": [],
        "lesson": {"title": lesson.title, "status": "CANCELLED"},
    }


async def student_apart(engine: AsyncEngine, people: People, me: Caller) -> str:
    """An only child of the same school as a guardian's child, in no class or group with it."""
    (mine,) = people.children_of(me)
    shared = await classes_of(engine, mine)
    only = [ids[0] for ids in people.children.values() if len(ids) == 1]
    for one in only:
        if people.students[one] == people.students[mine] and shared.isdisjoint(await classes_of(engine, one)):
            return one
    raise AssertionError("All children share a class.")


async def test_rights_gained_and_lost_take_effect_on_open_subscriptions(
    server: Server, engine: AsyncEngine, people: People
) -> None:
    me = people.guardian(1, 1)
    student = await student_apart(engine, people, me)
    lesson = await coming_lesson(engine, student)
    await caught_up(server, engine, me)
    tie = r.Guardianship.table()
    async with engine.connect() as connection:
        row = (await connection.execute(select(tie).where(tie.c.student_id == student))).mappings().first()
    assert row is not None
    copied = {n: v for n, v in row.items() if n in r.Guardianship.model_fields}
    granted = r.Guardianship(**{**copied, "id": "new", "external_id": "new", "guardian_id": me.person_id})
    granted.source_id = lesson.source_id
    gone = granted.model_copy(update={"has_data_access": False})
    async with server.client(me) as session, aclosing(session.subscribe(gql(LESSONS))) as results:
        waiting = asyncio.create_task(anext(results))
        await subscribed(server, 1)
        await bring(engine, lesson.model_copy(update={"status": "CANCELLED"}))
        await bring(engine, granted, lesson.model_copy(update={"title": "Avec droit", "status": "SCHEDULED"}))
        event = (await asyncio.wait_for(waiting, 10))["lessonChanged"]
        assert event["lesson"]["title"] == "Avec droit"
        waiting = asyncio.create_task(anext(results))
        await bring(engine, gone, lesson.model_copy(update={"title": "Sans droit", "status": "CANCELLED"}))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_the_dashboard_saved_elsewhere_is_shown(server: Server, people: People) -> None:
    me = people.guardian(1, 2)
    query = "subscription { dashboardChanged { revision widgets { app { code } } } }"
    async with server.client(me) as session:
        waiting = asyncio.create_task(next_event(session, query))
        await subscribed(server, 1)
        position = {"column": 0, "row": 0, "columns": 4, "rows": 3}
        given = {"expectedRevision": 0, "widgets": [{"app": "GRADES", "position": position}]}
        saved = "mutation($input: SaveDashboardInput!) { saveDashboard(input: $input) { errors { code } } }"
        assert server.post(saved, me, input=given) == {"data": {"saveDashboard": {"errors": []}}}
        found = await asyncio.wait_for(waiting, 10)
    assert found == {"dashboardChanged": {"revision": 1, "widgets": [{"app": {"code": "GRADES"}}]}}


async def classes_of(engine: AsyncEngine, student: str) -> set[str]:
    """The classes and groups of a student."""
    tie = r.Enrolment.table()
    async with engine.connect() as connection:
        classes = select(tie.c.class_id).where(
            tie.c.student_id == student, tie.c.ended_at.is_(None), tie.c.kind != "SCHOOL"
        )
        return set((await connection.execute(classes)).scalars())


async def coming_lesson(engine: AsyncEngine, student: str) -> r.Lesson:
    """A scheduled lesson of a student's class, put into the future."""
    table = r.Lesson.table()
    ids = await classes_of(engine, student)
    async with engine.connect() as connection:
        rows = await connection.execute(
            select(table).where(table.c.status == "SCHEDULED").order_by(table.c.starts_at.desc(), table.c.id)
        )
        row = next(one for one in rows.mappings() if ids & set(one["class_ids"]))
    plain = {name: value for name, value in row.items() if name in r.Lesson.model_fields}
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    moved = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=55), "date": starts_at.date()}
    lesson = r.Lesson(**{**plain, **moved})
    await bring(engine, lesson)
    return lesson


async def bring(engine: AsyncEngine, *records: r.Record) -> None:
    """Import records as a part of what their source has."""
    source = next(one.source_id for one in records if isinstance(one, r.Imported))
    await load(engine, Export(source, source, complete=False, size=0), records)


# ---- nothing is lost -----------------------------------------------------------------------------------


async def test_a_client_that_comes_back_gets_what_it_missed_once(
    server: Server, engine: AsyncEngine, mine: tuple[Caller, Thread]
) -> None:
    me, thread = mine
    async with server.client(me) as session:
        first = asyncio.create_task(heard(session, 1))
        await subscribed(server, 1)
        await send(engine, thread, "1")
        ((_, cursor),) = await asyncio.wait_for(first, 10)
    await send(engine, thread, "2")
    await send(engine, thread, "3")
    async with server.client(me) as session:
        rest = asyncio.create_task(heard(session, 3, cursor))
        await subscribed(server, 1)
        await send(engine, thread, "4")
        found = await asyncio.wait_for(rest, 10)
    assert [text for text, _ in found] == ["2", "3", "4"]


async def test_an_event_stream_has_the_same_cursors_and_resumes_by_last_event_id(
    server: Server, engine: AsyncEngine, mine: tuple[Caller, Thread]
) -> None:
    me, thread = mine
    async with httpx.AsyncClient(timeout=15) as client, server.client(me) as session:
        over_socket = asyncio.create_task(heard(session, 2))
        async with listening(client, server, me) as response:
            assert response.headers["content-type"] == "text/event-stream"
            stream = EventStream(response)
            await subscribed(server, 2)
            await send(engine, thread, "un")
            name, cursor, data = await stream.next()
        await send(engine, thread, "deux")
        found = await asyncio.wait_for(over_socket, 10)
        assert (name, cursor) == ("next", found[0][1])
        assert data == {"data": {"messageReceived": {"cursor": cursor, "message": {"body": "un"}}}}
        assert cursor is not None
        async with listening(client, server, me, **{"Last-Event-ID": cursor}) as response:
            name, later, data = await EventStream(response).next()
    assert (name, later, data["data"]["messageReceived"]["message"]) == (
        "next",
        found[1][1],
        {"body": "deux"},
    )


async def test_nothing_is_lost_while_the_gateway_is_restarted(
    server: Server, engine: AsyncEngine, mine: tuple[Caller, Thread]
) -> None:
    me, thread = mine
    socket = await opened(server, server.token(me))
    await subscribe(socket, RECEIVED)
    await subscribed(server, 1)
    await send(engine, thread, "avant")
    event = json.loads(await socket.recv())["payload"]["data"]["messageReceived"]
    async with httpx.AsyncClient(timeout=15) as client, listening(client, server, me) as response:
        stream = EventStream(response)
        stopping = asyncio.create_task(asyncio.to_thread(server.stop, signal.SIGTERM))
        heard_last = (await closed(socket), await stream.next(), await stopping)
    await send(engine, thread, "pendant")
    server.process = launch(server.settings, server.log.parent, **server.environment).process
    assert heard_last == (
        (1012, "The server stops: resume elsewhere with the last cursor."),
        ("end", None, None),
        -signal.SIGTERM,  # uvicorn ends by the signal it was sent
    )
    async with server.client(me) as session:
        found = await asyncio.wait_for(heard(session, 1, event["cursor"]), 10)
    assert [text for text, _ in found] == ["pendant"]


async def test_uvicorn_hears_of_the_stop_only_when_the_goodbyes_are_written() -> None:
    # It closes every socket at its next tick, which may be at once: the clients would not learn the reason.
    happened: list[str] = []
    stopped = asyncio.Event()

    def uvicorn_stops(number: int, frame: Any) -> None:
        happened.append("uvicorn stops")
        stopped.set()

    async def say_goodbye() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        happened.append("goodbye is said")

    tasks: list[asyncio.Task[None]] = []
    before = signal.signal(signal.SIGTERM, uvicorn_stops)
    try:
        with before_stop(lambda: tasks.append(asyncio.create_task(say_goodbye()))):
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait_for(stopped.wait(), 5)
        assert signal.getsignal(signal.SIGTERM) is uvicorn_stops
    finally:
        signal.signal(signal.SIGTERM, before)
    assert happened == ["goodbye is said", "uvicorn stops"]


async def test_a_client_that_does_not_read_is_sent_away_with_a_code_to_resume(
    server: Server, engine: AsyncEngine, mine: tuple[Caller, Thread]
) -> None:
    me, thread = mine
    socket = await opened(server, server.token(me))
    await subscribe(socket, RECEIVED)
    await subscribed(server, 1)
    socket.transport.pause_reading()
    for turn in range(60):
        await send(engine, thread, f"{turn}" + "x" * 200_000)
    await caught_up(server, engine, me)  # or the other one begins with more than a subscriber may be behind
    async with server.client(me) as session:
        other = asyncio.create_task(heard(session, 1, until="court"))
        await subscribed(server, 1)
        await send(engine, thread, "court")
        assert (await asyncio.wait_for(other, 10))[-1][0] == "court"
    socket.transport.resume_reading()
    assert await closed(socket) == (1013, "Too slow: resume with the last cursor.")


# ---- who may stay --------------------------------------------------------------------------------------


async def test_without_a_token_nothing_can_be_subscribed_to(server: Server) -> None:
    async with server.client(None) as session:
        with pytest.raises(TransportQueryError, match="UNAUTHENTICATED"):
            await heard(session, 1)


async def test_a_wrong_token_is_refused(server: Server) -> None:
    assert await closed(await opened(server, "nonsense")) == (4403, "The token cannot be verified.")
    async with httpx.AsyncClient() as client:
        headers = {"Accept": "text/event-stream", "Authorization": "Bearer nonsense"}
        answer = await client.post(f"http://{server.address}", json={"query": RECEIVED}, headers=headers)
    assert answer.status_code == 401


async def test_who_sends_no_token_in_time_is_closed(server: Server) -> None:
    url = f"ws://{server.address}"
    socket = await connect(url, subprotocols=[PROTOCOL])
    reason = "No connection_init came within 1 s (connection_init_timeout)."
    assert await closed(socket) == (4408, reason)


async def test_before_the_charter_nothing_is_heard(server: Server, people: People) -> None:
    async with server.client(Caller("GUARDIAN", people.last_guardian)) as session:
        with pytest.raises(TransportQueryError, match="CHARTER_NOT_ACCEPTED"):
            await heard(session, 1)


async def test_the_end_of_a_token_is_the_end_of_the_connection(
    server: Server, mine: tuple[Caller, Thread]
) -> None:
    socket = await opened(server, server.token(mine[0], timedelta(seconds=2)))
    await subscribe(socket, RECEIVED)
    assert await closed(socket) == (4403, "The token has expired; sign in again.")


async def test_the_end_of_a_token_is_told_by_a_last_event(
    server: Server, mine: tuple[Caller, Thread]
) -> None:
    headers = {
        "Authorization": f"Bearer {server.token(mine[0], timedelta(seconds=2))}",
        "Accept": "text/event-stream",
    }
    async with (
        httpx.AsyncClient(timeout=15) as client,
        client.stream(
            "POST", f"http://{server.address}", json={"query": RECEIVED}, headers=headers
        ) as response,
    ):
        stream = EventStream(response)
        said = {"message": "The token has expired; sign in again.", "extensions": {"code": "UNAUTHENTICATED"}}
        kind, _, last = await stream.next()
        assert (kind, last) == ("next", {"errors": [said]})
        assert (await stream.next())[0] == "complete"


async def test_a_revoked_session_ends_its_subscriptions(
    server: Server, engine: AsyncEngine, mine: tuple[Caller, Thread]
) -> None:
    partner = Caller("PARTNER", "revoked", (mine[1].school,), frozenset({"MESSAGES_READ"}))
    token = server.token(partner)
    socket = await opened(server, token)
    await subscribe(socket, RECEIVED)
    async with httpx.AsyncClient(timeout=15) as client, listening(client, server, partner) as response:
        await subscribed(server, 2)
        revoke = [sys.executable, "-m", "gateway", "revoke", "revoked"]
        environment = {"PASSERELLE_DATABASE_URL": server.settings.database_url, "PYTHONPATH": str(Path.cwd())}
        await asyncio.to_thread(subprocess.run, revoke, env=environment, check=True, capture_output=True)
        assert await closed(socket) == (4403, "The session was closed; sign in again.")
        stream = EventStream(response)
        kind, _, last = await stream.next()
        said = {"message": "The session was closed; sign in again.", "extensions": {"code": "TOKEN_REVOKED"}}
        assert (kind, last) == ("next", {"errors": [said]})
        assert (await stream.next())[0] == "complete"
    answer = server.post_as(token, "{ viewer { kind } }")
    assert answer["errors"][0]["extensions"] == {"code": "TOKEN_REVOKED"}


async def test_one_viewer_has_a_limited_number_of_connections(
    server: Server, mine: tuple[Caller, Thread]
) -> None:
    token = server.token(mine[0])
    sockets = [await opened(server, token) for _ in range(3)]
    assert [json.loads(await one.recv())["type"] for one in sockets] == ["connection_ack"] * 3
    message = "3 connections of one viewer at the most (the setting max_connections); close one."
    assert await closed(await opened(server, token)) == (4429, message)
    async with httpx.AsyncClient() as client, listening(client, server, mine[0]) as response:
        assert response.status_code == 429
    await sockets[0].close()
    again = await opened(server, token)
    assert json.loads(await again.recv())["type"] == "connection_ack"
    for one in (*sockets, again):
        await one.close()


# ---- the protocols -------------------------------------------------------------------------------------


async def test_a_socket_takes_queries_and_mutations_too(server: Server, mine: tuple[Caller, Thread]) -> None:
    async with server.client(mine[0]) as session:
        assert await session.execute(gql("{ viewer { kind } }")) == {"viewer": {"kind": "GUARDIAN"}}
        with pytest.raises(TransportQueryError, match="Cannot query field 'nothing'"):
            await session.execute(gql("{ viewer { nothing } }"))


@pytest.mark.parametrize(
    ("query", "message", "code"),
    [
        ("subscription { nothing }", "Cannot query field 'nothing'", "GRAPHQL_VALIDATION_FAILED"),
        (
            'subscription { messageReceived(afterCursor: "x") { cursor } }',
            "`afterCursor` must be a `cursor` as it was received.",
            "INVALID_ARGUMENT",
        ),
        (
            'subscription { messageReceived(afterCursor: "Wzk5OTk5OTld") { cursor } }',
            "This cursor is not of this feed",
            "INVALID_ARGUMENT",
        ),
    ],
)
async def test_what_cannot_be_subscribed_to_is_answered_with_an_error(
    server: Server, mine: tuple[Caller, Thread], query: str, message: str, code: str
) -> None:
    async with server.client(mine[0]) as session:
        with pytest.raises(TransportQueryError, match=message):
            await next_event(session, query)
    async with httpx.AsyncClient() as client, listening(client, server, mine[0], query) as response:
        stream = EventStream(response)
        name, _, data = await stream.next()
        (error,) = data["errors"]
        assert (name, error["extensions"]["code"], data.get("data")) == ("next", code, None)
        assert await stream.next() == ("complete", None, None)


async def test_an_event_stream_takes_queries_by_get_but_no_mutations(
    server: Server, mine: tuple[Caller, Thread]
) -> None:
    headers = {"Authorization": f"Bearer {server.token(mine[0])}", "Accept": "text/event-stream"}
    async with httpx.AsyncClient() as client:
        url = f"http://{server.address}"
        answer = await client.get(url, params={"query": "{ viewer { kind } }"}, headers=headers)
        assert answer.text.replace("\r\n", "\n") == (
            ': ping\n\nevent: next\ndata: {"data":{"viewer":{"kind":"GUARDIAN"}}}\n\n'
            "event: complete\ndata: \n\n"
        )
        mutation = "mutation { markNewsRead(input: {newsIds: []}) { errors { code } } }"
        answer = await client.get(url, params={"query": mutation}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (
            405,
            "METHOD_NOT_ALLOWED",
        )


async def test_who_takes_json_too_gets_events_for_subscriptions_only(
    server: Server, mine: tuple[Caller, Thread]
) -> None:
    url, accept = f"http://{server.address}", {"Accept": "application/json, text/event-stream"}
    headers = {"Authorization": f"Bearer {server.token(mine[0])}", **accept}
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, json={"query": "{ viewer { kind } }"}, headers=headers)
        assert answer.json() == {"data": {"viewer": {"kind": "GUARDIAN"}}}
        async with listening(client, server, mine[0], **accept) as response:
            assert response.headers["content-type"] == "text/event-stream"


async def test_a_socket_that_speaks_nonsense_is_closed(server: Server) -> None:
    socket = await opened(server, None)
    await socket.recv()
    await socket.send("nonsense")
    assert await closed(socket) == (4400, "WebSocket message must be valid JSON")


async def test_a_page_of_another_site_may_not_open_a_socket(server: Server) -> None:
    with pytest.raises(Exception, match="403"):
        await connect(
            f"ws://{server.address}",
            subprotocols=[PROTOCOL],
            origin=Origin("https://elsewhere.example"),
        )
