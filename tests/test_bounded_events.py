"""Events of subscriptions are bounded as answers are: in number at once, in cost, bytes and time."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from limits import RateLimitItemPerSecond
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from adapters.native.database import open_database
from gateway.authentication import Authenticator
from gateway.entrance import Entrance, Refusal
from gateway.execution.events import Event
from gateway.listening import Connection
from gateway.operations import EVENTS_AT_ONCE, Operation, Operations
from gateway.rates import Rates
from gateway.settings import Settings
from gateway.websocket import MOST_OPERATIONS
from resolvers.viewer import Caller
from tests.conftest import NOW, Gateway
from tests.listening import Server, serving, subscribed
from tests.people import People, read_people

SAVE = "saveDashboard(input: {expectedRevision: %d, widgets: []}) { errors { code } }"
APPS = " ".join(f"a{n}: placeableApps {{ code name description }}" for n in range(50))
LARGE = f"subscription {{ dashboardChanged {{ revision {APPS} }} }}"
"""An event of some 100 kB."""
SMALL = "subscription { dashboardChanged { revision } }"


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway with small answers, and an allowance of which twenty mutations leave two fifths."""
    folder = tmp_path_factory.mktemp("events")
    shutil.copyfile(sqlite_template, folder / "own.db")
    limits = {
        "PASSERELLE_MAX_ANSWER": "50000",
        "PASSERELLE_MAX_COST": "40000",
        "PASSERELLE_RATE_PER_VIEWER": "200000",
    }
    with serving(f"sqlite:///{folder / 'own.db'}", folder, 1, **limits) as found:
        yield found


@pytest.fixture
async def people(server: Server) -> AsyncIterator[People]:
    """Who is who."""
    engine = open_database(server.settings.database_url)
    yield await read_people(engine)
    await engine.dispose()


async def opened(server: Server, caller: Caller) -> ClientConnection:
    """Open a WebSocket."""
    protocol = Subprotocol("graphql-transport-ws")
    socket = await connect(f"ws://{server.address}", subprotocols=[protocol], max_size=None)
    payload = {"Authorization": f"Bearer {server.token(caller)}"}
    await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
    assert json.loads(await socket.recv())["type"] == "connection_ack"
    return socket


async def subscribe(socket: ClientConnection, query: str, identifier: str = "1") -> None:
    """Begin a subscription."""
    await socket.send(json.dumps({"id": identifier, "type": "subscribe", "payload": {"query": query}}))


async def heard(socket: ClientConnection) -> Any:
    """Wait for the next message."""
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def test_an_event_that_is_too_large_comes_as_an_error_and_the_next_as_usual(
    server: Server, people: People
) -> None:
    me = people.guardian(1, 0)
    socket = await opened(server, me)
    await subscribe(socket, LARGE, "large")
    await subscribe(socket, SMALL, "small")
    await subscribed(server, 2)
    saved = server.post(f"mutation {{ {SAVE % 0} }}", me)
    assert saved == {"data": {"saveDashboard": {"errors": []}}}
    told = {}
    for _ in range(2):
        message = await heard(socket)
        told[message["id"]] = (message["type"], message["payload"])
    await socket.close()
    await subscribed(server, 0)
    kind, payload = told["large"]
    (error,) = payload["errors"]
    assert (kind, payload["data"]) == ("next", None)
    assert error["extensions"] == {"code": "ANSWER_TOO_LARGE"} and "max_answer" in error["message"]
    assert told["small"] == ("next", {"data": {"dashboardChanged": {"revision": 1}}})


@pytest.mark.parametrize("listens", [True, False])
async def test_events_spend_what_their_viewer_may_ask_for_in_a_minute(
    server: Server, people: People, listens: bool
) -> None:
    me = people.guardian(1, 1 + listens)
    socket = await opened(server, me)
    if listens:
        await subscribe(socket, LARGE)
        await subscribed(server, 1)
    for revision in range(20):
        server.post(f"mutation {{ {SAVE % revision} }}", me)
    for _ in range(12 if listens else 0):
        assert (await heard(socket))["type"] == "next"
    answer = server.post(LARGE.replace("subscription { dashboardChanged", "{ viewer { dashboard") + " }", me)
    await socket.close()
    await subscribed(server, 0)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == ("RATE_LIMITED" if listens else "ANSWER_TOO_LARGE")


async def test_one_socket_has_a_limited_number_of_operations(server: Server, people: People) -> None:
    socket = await opened(server, people.guardian(2, 0))
    for number in range(MOST_OPERATIONS + 1):
        await subscribe(socket, SMALL, str(number))
    refused = await heard(socket)
    await socket.close()
    await subscribed(server, 0)
    assert refused == {
        "id": str(MOST_OPERATIONS),
        "type": "error",
        "payload": [
            {
                "message": f"One WebSocket may have {MOST_OPERATIONS} operations at once; end one first.",
                "extensions": {"code": "TOO_MANY_OPERATIONS"},
            }
        ],
    }


def operations(gateway: Gateway, settings: Settings) -> Operations:
    """What may be asked, with limits of its own."""
    return Operations(gateway.app.state.schema, Rates(settings), settings)


def connection_of(caller: Caller) -> Connection:
    """A client that has come in."""
    none: Any = None
    found = Connection(none, none, none, None)
    found.caller = caller
    return found


async def test_an_event_waits_until_its_viewer_may_ask_again(
    sqlite_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.rates.RateLimitItemPerMinute", RateLimitItemPerSecond)
    limited = operations(sqlite_gateway, Settings(max_cost=1_000, rate_per_viewer=2_000))
    connection = connection_of(Caller("GUARDIAN", "somebody"))
    times = []
    loop = asyncio.get_running_loop()
    for _ in range(3):
        await limited.charge_event(900, connection)
        times.append(loop.time())
    assert times[1] - times[0] < 0.5 < times[2] - times[0]


async def test_few_events_are_read_at_once(sqlite_gateway: Gateway) -> None:
    limited = operations(sqlite_gateway, Settings())
    most = running = 0

    async def read() -> None:
        nonlocal most, running
        async with limited.event():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1

    await asyncio.gather(*(read() for _ in range(100)))
    assert most == EVENTS_AT_ONCE


async def test_an_event_that_takes_too_long_is_given_up(sqlite_gateway: Gateway) -> None:
    limited = operations(sqlite_gateway, Settings(answer_timeout=0.05))
    with pytest.raises(Refusal, match="answer_timeout"):
        async with limited.event():
            await asyncio.sleep(5)


async def test_a_client_that_does_not_read_lets_one_event_wait(own_gateway: Gateway) -> None:
    state, me = own_gateway.app.state, own_gateway.people.guardian(3)
    catalogue, settings = state.schema.planner.catalogue, own_gateway.settings
    authenticator = Authenticator(settings)
    entrance = Entrance(authenticator, state.sources, catalogue, state.gateway_state, lambda: NOW, settings)
    connection = Connection(entrance, state.feed, lambda _caller: None, None)
    await connection.enter(f"Bearer {own_gateway.token(me)}")
    offered = operations(own_gateway, settings)
    operation = Operation("subscription { dashboardChanged { revision } }", {}, None)
    prepared = await offered.prepared(operation, await connection.context(), [])
    first, second = (offered.listen(prepared, connection) for _ in range(2))
    waiting = [asyncio.create_task(anext(one)) for one in (first, second)]
    while state.feed.subscriptions < 2:
        await asyncio.sleep(0.01)
    await own_gateway.data(f"mutation {{ {SAVE % 0} }}", me)
    done, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    await asyncio.wait(left, timeout=0.3)
    assert (len(done), [one.done() for one in left]) == (1, [False])
    sent = waiting.index(done.pop())
    await (first, second)[sent].aclose()
    event = await asyncio.wait_for(left.pop(), 10)
    assert isinstance(event, Event)
    assert json.loads(event.written) == {"data": {"dashboardChanged": {"revision": 1}}}
    await (second, first)[sent].aclose()
    connection.left()
