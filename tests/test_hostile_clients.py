"""Clients that mean harm, against a gateway as it is run: slow, many, and talking nonsense."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from starlette.websockets import WebSocketDisconnect, WebSocketState
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from gateway import websocket as websocket_module
from gateway.arriving_requests import Pace, network_of
from gateway.listening import Connection, Listeners
from gateway.operations import Operations
from gateway.rates import Rates
from gateway.settings import Settings
from gateway.websocket import SocketView
from resolvers.viewer import Caller
from tests.conftest import Gateway
from tests.listening import Server, serving

PLACES = 30
PROTOCOL = Subprotocol("graphql-transport-ws")
HALF_A_HEAD = b"POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Ty"
HALF_A_BODY = (
    b"POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
    b'Content-Length: 500\r\n\r\n{"query": '
)
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n"
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
PATIENCE = 60
"""Seconds that a test waits for the gateway before it fails; nothing is measured."""


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway with little patience, few places, and no proxy in front."""
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(sqlite_template, folder / "own.db")
    limits = {
        "PASSERELLE_REQUEST_TIMEOUT": "1",
        "PASSERELLE_TRUSTED_PROXIES": "[]",
        "PASSERELLE_MAX_CONNECTIONS_PER_ADDRESS": str(PLACES),
    }
    with serving(f"sqlite:///{folder / 'own.db'}", folder, 1, **limits) as found:
        yield found


@pytest.fixture(autouse=True)
def log(server: Server) -> Iterator[Path]:
    """The log of the server, which never holds a traceback or a token."""
    yield server.log
    text = server.log.read_text()
    assert "Traceback" not in text, text
    assert "SECRET" not in text, text


def opened(server: Server, address: str = "127.0.0.1") -> socket.socket:
    """Open a socket from an address."""
    port = server.settings.port
    return socket.create_connection(("127.0.0.1", port), PATIENCE, source_address=(address, 0))


def rest(one: socket.socket) -> bytes:
    """Read until the gateway closes."""
    found = b""
    try:
        while part := one.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


def status(one: socket.socket) -> int:
    """Read one whole answer, however many pieces it comes in, and return its status."""
    answer = HTTPResponse(one)
    answer.begin()
    answer.read()
    return answer.status


@pytest.mark.parametrize("begun", [b"", HALF_A_HEAD, HALF_A_BODY, WHOLE + HALF_A_HEAD])
def test_a_request_that_does_not_arrive_is_given_up(server: Server, begun: bytes) -> None:
    with opened(server) as one:
        one.sendall(begun)
        answer = rest(one)
    if not begun:
        assert answer == b""
        return
    head, _, body = answer[answer.rindex(b"HTTP/1.1") :].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body) == {
        "errors": [
            {
                "message": "The request did not arrive within 1 seconds (the setting request_timeout); "
                "send it again.",
                "extensions": {"code": "REQUEST_TIMEOUT"},
            }
        ]
    }


def test_a_request_that_arrives_byte_by_byte_is_given_up_too(server: Server) -> None:
    with opened(server) as one:
        one.sendall(HALF_A_BODY)
        one.settimeout(0.1)
        answer, sent = b"", 0
        while not answer and sent < 400:
            try:
                answer = one.recv(65_536)
            except TimeoutError:
                one.sendall(b" ")
                sent += 1
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_socket_that_waits_between_two_requests_is_not_given_up_early(server: Server) -> None:
    with opened(server) as one:
        for _ in range(3):
            one.sendall(WHOLE)
            assert status(one) == 200


def test_one_address_has_a_limited_number_of_sockets_and_others_keep_theirs(server: Server) -> None:
    for _ in range(2):
        with ExitStack() as stack:
            held = [stack.enter_context(opened(server, "127.0.0.2")) for _ in range(PLACES)]
            for one in held:
                one.sendall(WHOLE)
                assert status(one) == 200
                one.sendall(HALF_A_HEAD)
            more = stack.enter_context(opened(server, "127.0.0.2"))
            with suppress(OSError):
                more.sendall(WHOLE)
            assert rest(more) == b""
            other = stack.enter_context(opened(server, "127.0.0.3"))
            other.sendall(WHOLE)
            assert status(other) == 200
        # Left sockets are free again.


def test_requests_that_do_not_wait_for_answers_are_answered_in_turn_up_to_a_number(server: Server) -> None:
    body = b'{"query":"{ __typename }"}'
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    request = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with opened(server) as one:
        one.sendall(request * 20)
        answers = b""
        while answers.count(b'{"data":{"__typename":"Query"}}') < 20:
            answers += one.recv(65_536)
    # More are not kept waiting, and nothing is left of those that were.
    with opened(server) as one:
        one.sendall(request * 500)
        with suppress(ConnectionError):
            while one.recv(65_536):
                pass
    assert httpx.get(f"http://{server.address.removesuffix('/graphql')}/healthz").json()["status"] == "ok"
    assert "sent more than 32 requests at once" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /healthz?" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "HEAD_TOO_LARGE"),
        (WHOLE[:-2] + b"X: " + b"a" * 300_000 + b"\r\n\r\n", 431, "HEAD_TOO_LARGE"),
        (WHOLE[:-2] + b"X: " + b"a" * 900_000, 431, "HEAD_TOO_LARGE"),
        (b"GET /healthz?" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "HEAD_TOO_LARGE"),
        (WHOLE[:-2] + b"X: " + b"a" * 9_000 + b"\r\n\r\n", 431, "HEAD_TOO_LARGE"),
        (WHOLE[:-2] + b"Accept: " + b"a," * 600 + b"\r\n\r\n", 431, "HEAD_TOO_LARGE"),
        (WHOLE[:-2] + b"Content-Type: " + b";" * 1_200 + b"\r\n\r\n", 431, "HEAD_TOO_LARGE"),
        (UPGRADE + b"X: " + b"a" * 9_000 + b"\r\n\r\n", 431, "HEAD_TOO_LARGE"),
        (WHOLE[:-2] + b"X: y\r\n" * 200 + b"\r\n", 431, "HEAD_TOO_LARGE"),
        (WHOLE[:-2] + b"X: y\r\n" * 100_000, 431, "HEAD_TOO_LARGE"),
        (b"\x16\x03\x01 hello", 400, "BAD_REQUEST"),
    ],
    ids=[
        *("long address", "long header", "header without end", "address", "header", "Accept", "Content-Type"),
        *("upgrade", "headers", "headers without end", "another protocol"),
    ],
)
def test_a_head_that_is_too_large_or_none_is_refused_and_the_socket_closed(
    server: Server, sent: bytes, status: int, code: str
) -> None:
    with opened(server) as one:
        with suppress(ConnectionError):
            one.sendall(sent)
        answer = rest(one)
    # What is still sent when the socket is closed may cost the answer.
    if answer or len(sent) < 100_000:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        (error,) = json.loads(body)["errors"]
        assert error["extensions"] == {"code": code}


def test_what_the_library_of_websockets_takes_for_no_handshake_is_closed(server: Server) -> None:
    with opened(server) as one:
        one.sendall(UPGRADE + b"N" * 900 + b": " + b"a" * 8_000 + b"\r\n\r\n")
        answer = rest(one)
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_body_in_chunks_is_refused_and_the_rest_of_it_not_read(server: Server) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with opened(server) as one:
        one.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")
        answer = rest(one)
    assert answer.startswith(b"HTTP/1.1 411 ") and b"LENGTH_REQUIRED" in answer


def frame(opcode: int, data: bytes = b"", is_last: bool = True) -> bytes:
    """Write a small frame as a client does (RFC 6455, section 5.2), masked with zeros."""
    return bytes([opcode | (0x80 if is_last else 0), 0x80 | len(data)]) + bytes(4) + data


@pytest.mark.parametrize(
    "frames",
    [frame(9) * 500, frame(10) * 500, frame(1, is_last=False) + frame(0, is_last=False) * 500],
    ids=["pings", "pongs", "fragments"],
)
@pytest.mark.parametrize("is_entered", [False, True])
def test_who_sends_frames_without_a_message_is_sent_away(
    server: Server, frames: bytes, is_entered: bool
) -> None:
    with entered(server) if is_entered else listening(server) as one:
        one.socket.sendall(frames)
        with pytest.raises(ConnectionClosed) as closed:
            one.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008
    assert closed.value.rcvd.reason == (
        "More than 100 pings, pongs and small fragments, or 10 a second: send whole messages."
    )


@pytest.mark.parametrize(
    ("sent", "code"),
    [(frame(1, b"\xff\xfe"), 1007), (b"\x81\xfe\x41\x00" + bytes(4) + b" " * 0x4100, 1009)],
    ids=["no UTF-8", "much before the token"],
)
def test_a_message_that_is_no_text_or_comes_before_the_token_and_is_long_closes_the_socket(
    server: Server, sent: bytes, code: int
) -> None:
    with listening(server) as one:
        one.socket.sendall(sent)
        with pytest.raises(ConnectionClosed) as closed:
            one.recv(PATIENCE)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == code


def test_a_message_in_fragments_and_some_pings_are_taken(server: Server) -> None:
    with entered(server) as one:
        one.socket.sendall(frame(9) * 20)
        text = json.dumps(
            {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }" + " " * 9_000}}
        )
        one.send([text[at : at + 200] for at in range(0, len(text), 200)])
        assert json.loads(one.recv(PATIENCE))["payload"] == {"data": {"__typename": "Query"}}


def test_messages_that_come_at_once_are_taken_one_after_another(server: Server) -> None:
    with entered(server) as one:
        ping = json.dumps({"type": "ping"}).encode()
        one.socket.sendall(frame(1, ping) * 300)
        answers = [json.loads(one.recv(PATIENCE)) for _ in range(300)]
    assert answers == [{"type": "pong"}] * 300


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/56"),
        ("2001:db8:1:ff::1", "2001:db8:1::/56"),
        ("2001:db8:1:100::1", "2001:db8:1:100::/56"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_of_one_household_are_counted_as_one(address: str, counted: str) -> None:
    assert network_of(address) == counted
    listeners = Listeners(Settings(max_connections_per_address=1))
    with listeners.place(address):
        assert list(listeners._connected) == [("address", counted)]


def test_the_requests_of_one_address_take_turns_after_the_first_of_a_second() -> None:
    pace = Pace(10)
    assert [round(pace.wait("attacker", 50.0), 3) for _ in range(13)] == [0.0] * 11 + [0.1, 0.2]
    assert pace.wait("somebody else", 50.0) == 0.0
    # Half a second later there are turns for five: two had taken theirs already.
    assert [round(pace.wait("attacker", 50.5), 3) for _ in range(5)] == [0.0, 0.0, 0.0, 0.1, 0.2]
    assert [round(pace.wait("attacker", 60.0), 3) for _ in range(12)] == [0.0] * 11 + [0.1]


def test_more_requests_than_an_address_has_turns_for_wait_and_are_answered(server: Server) -> None:
    began = time.monotonic()
    with ExitStack() as stack:
        sockets = [stack.enter_context(opened(server, "127.0.0.30")) for _ in range(5)]
        for _ in range(30):
            for one in sockets:
                one.sendall(WHOLE.replace(b"healthz", b"nowhere"))
            assert [status(one) for one in sockets] == [404] * 5
        # Of 150 requests a hundred began at once, the others a hundredth of a second after one another.
        assert time.monotonic() - began > 0.45


def test_more_websockets_at_once_than_an_address_has_turns_for_are_refused(
    sqlite_template: Path, tmp_path: Path
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "own.db")
    limits = {"PASSERELLE_TRUSTED_PROXIES": "[]", "PASSERELLE_MAX_REQUESTS_PER_SECOND": "1"}
    with serving(f"sqlite:///{tmp_path / 'own.db'}", tmp_path, 1, **limits) as slow, ExitStack() as stack:
        sockets = [stack.enter_context(opened(slow, "127.0.0.30")) for _ in range(10)]
        for one in sockets:
            one.sendall(UPGRADE + b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n")
        found = [status(one) for one in sockets]
    assert (found[0], set(found)) == (101, {101, 429})


def listening(server: Server, query: str = "", source: str = "127.0.0.1") -> ClientConnection:
    """Open a WebSocket from an address."""
    return connect(
        f"ws://{server.address}{query}",
        subprotocols=[PROTOCOL],
        open_timeout=PATIENCE,
        source_address=(source, 0),
    )


def test_one_address_has_a_limited_number_of_websockets(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(PLACES):
            stack.enter_context(listening(server, source="127.0.0.4"))
        with pytest.raises(InvalidStatus) as refused, listening(server, source="127.0.0.4"):
            pass
        response = refused.value.response
        assert response.status_code == 429
        assert json.loads(response.body or b"")["errors"] == [
            {
                "message": f"{PLACES} connections of one address at the most (the setting "
                "max_connections_per_address); close one.",
                "extensions": {"code": "TOO_MANY_CONNECTIONS"},
            }
        ]
        stack.enter_context(listening(server, source="127.0.0.5"))


@contextmanager
def entered(server: Server) -> Iterator[ClientConnection]:
    """Open a WebSocket with a token."""
    token = server.token(Caller("GUARDIAN", "somebody"))
    with listening(server) as found:
        found.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
        assert json.loads(found.recv(PATIENCE))["type"] == "connection_ack"
        yield found


@pytest.mark.parametrize(
    "frame",
    [
        "[]",
        "null",
        "5",
        '"x"',
        "true",
        "[" * 1100,
        "[" * 1100 + "]" * 1100,
        "{}",
        '{"type": null}',
        '{"type": ["ping"]}',
        '{"type": "' + "é" * 500 + '"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 5, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": ["1"], "payload": {"query": "{ __typename }"}}',
        '{"type": "complete", "id": {}}',
        '{"type": "subscribe", "id": "\\ud800", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "\\udfff"}}',
        '{"type": "connection_init"}',
        b"\x00\x01",
    ],
)
@pytest.mark.parametrize("is_entered", [False, True])
def test_a_frame_that_is_no_message_closes_the_socket_with_a_code(
    server: Server, frame: str | bytes, is_entered: bool
) -> None:
    with entered(server) if is_entered else listening(server) as one:
        if frame == '{"type": "connection_init"}' and not is_entered:
            frame = '{"type": "connection_init", "payload": null}'
        one.send(frame)
        with pytest.raises(ConnectionClosed) as closed:
            one.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in (4400, 4401, 4429) and closed.value.rcvd.reason


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, "BAD_REQUEST"),
        ([], "BAD_REQUEST"),
        ({"query": 5}, "BAD_REQUEST"),
        ({"query": "{ __typename }", "operationName": {}}, "BAD_REQUEST"),
        ({"query": "{ __typename }", "variables": []}, "BAD_REQUEST"),
        ({"query": "{ __typename }", "extensions": 0}, "BAD_REQUEST"),
        ({"query": ""}, "BAD_REQUEST"),
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query A { __typename } query B { __typename }"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "query ($id: ID!) { node(id: $id) { id } }"}, "BAD_USER_INPUT"),
        (
            {
                "query": "subscription ($a: String) { messageReceived(afterCursor: $a) { cursor } }",
                "variables": {"a": {}},
            },
            "BAD_USER_INPUT",
        ),
    ],
)
def test_a_wrong_operation_is_answered_with_an_error_and_the_socket_stays(
    server: Server, payload: Any, code: str
) -> None:
    with entered(server) as one:
        one.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        answer = json.loads(one.recv(PATIENCE))
        assert (answer["type"], answer["id"]) == ("error", "1")
        assert [error["extensions"]["code"] for error in answer["payload"]] == [code]
        one.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}))
        assert json.loads(one.recv(PATIENCE)) == {
            "type": "next",
            "id": "1",
            "payload": {"data": {"__typename": "Query"}},
        }
        assert json.loads(one.recv(PATIENCE)) == {"type": "complete", "id": "1"}


def test_the_cost_of_an_operation_is_told_over_a_websocket_too(server: Server) -> None:
    with entered(server) as one:
        payload = {"query": "{ __typename }", "extensions": {"cost": True}}
        one.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        assert json.loads(one.recv(PATIENCE))["payload"] == {
            "data": {"__typename": "Query"},
            "extensions": {"cost": {"cost": 1, "limit": 75_000}},
        }


async def test_what_is_sent_to_a_client_that_has_gone_is_dropped(sqlite_gateway: Gateway) -> None:
    class Gone:
        application_state = WebSocketState.CONNECTED
        scope: ClassVar[dict[str, Any]] = {"passerelle.context": Connection.__new__(Connection)}

        async def send_text(self, text: str) -> None:
            raise WebSocketDisconnect(1006)

    view = SocketView(Operations(sqlite_gateway.app.state.schema, Rates(Settings()), Settings()), Settings())
    gone: Any = Gone()
    await websocket_module._Socket(view, gone, gone).send_json({"type": "next"})


async def test_an_operation_that_is_over_before_it_begins_is_kept_by_nobody(sqlite_gateway: Gateway) -> None:
    none: Any = None
    view = SocketView(Operations(sqlite_gateway.app.state.schema, Rates(Settings()), Settings()), Settings())
    handler = websocket_module._Handler(view, none, none, none, none, timedelta(seconds=1))
    handler.connection_acknowledged = True
    for number in range(20):
        payload = {"query": "{ __typename }"}
        await handler.handle_message({"type": "subscribe", "id": f"{number}", "payload": payload})
        await handler.handle_message({"type": "complete", "id": f"{number}"})
    assert (handler._asked, handler.operations) == ({}, {})


def test_an_id_in_use_closes_the_socket_whatever_comes_with_it(server: Server) -> None:
    with entered(server) as one:
        query = "subscription { dashboardChanged { revision } }"
        one.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query}}))
        one.send(json.dumps({"type": "subscribe", "id": "1", "payload": {}}))
        with pytest.raises(ConnectionClosed) as closed:
            one.recv(PATIENCE)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4409


def test_an_event_stream_tells_what_is_wrong_in_the_same_codes(server: Server) -> None:
    for query, code in (
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("query A { a } query B { b }", "OPERATION_RESOLUTION_FAILURE"),
    ):
        answer = httpx.post(
            f"http://{server.address}",
            json={"query": query},
            headers={
                "Accept": "text/event-stream",
                "Authorization": f"Bearer {server.token(Caller('GUARDIAN', 'somebody'))}",
            },
            timeout=PATIENCE,
        )
        assert f'"code":"{code}"' in answer.text and "event: complete" in answer.text
        assert '"data":null' not in answer.text


def test_the_log_names_addresses_without_what_was_asked(server: Server) -> None:
    asked = {"query": "{ __typename }", "access_token": "SECRET", "operationName": None}
    httpx.get(f"http://{server.address}", params=asked, headers={"Authorization": "Bearer SECRET"})
    with listening(server, "?access_token=SECRET") as one:
        one.send(json.dumps({"type": "connection_init", "payload": {"Authorization": "Bearer SECRET"}}))
        with pytest.raises(ConnectionClosed):
            one.recv(PATIENCE)
    address, evil = f"ws://{server.address}?access_token=SECRET", Origin("https://evil.example")
    with pytest.raises(InvalidStatus), connect(address, subprotocols=[PROTOCOL], origin=evil):
        pass
    text = server.log.read_text()
    assert '"GET /graphql HTTP/1.1" 401' in text and '"WebSocket /graphql" [accepted]' in text
