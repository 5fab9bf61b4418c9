"""Clients that do not read what they asked for, against a gateway as it is run: they are cut off."""

from __future__ import annotations

import json
import select
import shutil
import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest

from resolvers.viewer import Caller
from tests.listening import Server, serving

PATIENCE = 60
"""Seconds that a test waits for the gateway before it fails; nothing is measured."""
TYPES = "queryType { name } types { name description fields { name description args { name description } } }"
LARGE = "".join(["{", *(f" a{n}: __schema {{ {TYPES} }}" for n in range(50)), " }"])
"""An answer of some 5 MB; what the system keeps of it in its own buffers is less."""
MANY = 20


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway with little patience."""
    folder = tmp_path_factory.mktemp("unread")
    shutil.copyfile(sqlite_template, folder / "own.db")
    rates = {"PASSERELLE_RATE_PER_VIEWER": "100000000", "PASSERELLE_RATE_PER_ADDRESS": "1000000000"}
    limits = {"PASSERELLE_REQUEST_TIMEOUT": "1", "PASSERELLE_MAX_ANSWER": "10000000", **rates}
    limits |= {"PASSERELLE_MAX_COST": "10000000"}
    with serving(f"sqlite:///{folder / 'own.db'}", folder, 1, **limits) as found:
        yield found
        assert "Traceback" not in found.log.read_text()


def opened(server: Server) -> socket.socket:
    """Open a socket that keeps little of what it does not read."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    one.settimeout(PATIENCE)
    one.connect(("127.0.0.1", server.settings.port))
    return one


def request(server: Server, *headers: str) -> bytes:
    """Write a request for the large answer."""
    body = json.dumps({"query": LARGE}).encode()
    token = server.token(Caller("GUARDIAN", "somebody"))
    lines = ["POST /graphql HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    lines += [f"Authorization: Bearer {token}", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def frame(message: object) -> bytes:
    """Write a message as a client does, masked with zeros."""
    written = json.dumps(message).encode()
    size = len(written)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    return b"\x81" + length + bytes(4) + written


UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


def entered(server: Server) -> socket.socket:
    """Open a WebSocket with a token."""
    one = opened(server)
    one.sendall(UPGRADE)
    assert one.recv(4_096).startswith(b"HTTP/1.1 101 ")
    payload = {"Authorization": f"Bearer {server.token(Caller('GUARDIAN', 'somebody'))}"}
    one.sendall(frame({"type": "connection_init", "payload": payload}))
    assert b"connection_ack" in one.recv(4_096)
    return one


def is_cut_off(one: socket.socket) -> bool:
    """Wait until the gateway has cut a socket off, without reading from it."""
    watched = select.poll()
    watched.register(one, 0)
    return any(event & select.POLLHUP for _, event in watched.poll(PATIENCE * 1_000))


def executed(server: Server) -> int:
    """Count the operations that the gateway was sent."""
    answer = httpx.get(f"http://127.0.0.1:{server.settings.port}/healthz", timeout=PATIENCE)
    found: int = answer.json()["operations"]
    return found


@pytest.mark.parametrize("header", ["X: y", "Connection: close", "Accept: text/event-stream"])
def test_who_does_not_read_an_answer_is_cut_off(server: Server, header: str) -> None:
    with opened(server) as one:
        one.sendall(request(server, header))
        assert is_cut_off(one)
    assert "does not read" in server.log.read_text()


def test_requests_are_not_executed_while_the_answers_before_them_are_not_read(server: Server) -> None:
    before = executed(server)
    with opened(server) as one:
        one.sendall(request(server) * MANY)
        assert is_cut_off(one)
    assert executed(server) - before < MANY / 2


def test_queries_of_a_websocket_are_not_executed_while_the_answers_before_them_are_not_read(
    server: Server,
) -> None:
    before = executed(server)
    with entered(server) as one:
        for number in range(MANY):
            one.sendall(frame({"type": "subscribe", "id": f"{number}", "payload": {"query": LARGE}}))
        assert is_cut_off(one)
    assert executed(server) - before < MANY / 2


def test_a_websocket_may_be_opened_only_where_all_answers_are_read(server: Server) -> None:
    before = executed(server)
    with opened(server) as one:
        one.sendall(request(server))
        until = time.monotonic() + PATIENCE
        while executed(server) == before:
            assert time.monotonic() < until
        one.sendall(UPGRADE)
        assert is_cut_off(one)
    assert "asks for a WebSocket before it has read its answers" in server.log.read_text()


def test_who_reads_slowly_gets_the_whole_answer(server: Server) -> None:
    with opened(server) as one:
        one.sendall(request(server, "Connection: close"))
        answer = HTTPResponse(one)
        answer.begin()
        body = b""
        while part := answer.read(200_000):
            body += part
            time.sleep(0.1)
    assert json.loads(body)["data"]["a49"]["queryType"]["name"] == "Query"


def test_who_has_read_its_answers_is_answered_on(server: Server) -> None:
    with entered(server) as one:
        for number in range(3):
            one.sendall(frame({"type": "subscribe", "id": f"{number}", "payload": {"query": LARGE}}))
        told = bytearray()
        while b'{"id":"2","type":"complete"}' not in told[-100:]:
            told += one.recv(65_536)
    assert [told.count(b'{"id":"%d","type":"next"' % number) for number in range(3)] == [1, 1, 1]
