"""Requests on their way in: the time they may take, their heads, and the sockets one address may hold open.

uvicorn waits without end for the rest of a request that has begun, and takes a head of any length. Its
protocol is made to give up here, so that such clients do not hold the gateway up even where no reverse proxy
stands in front.
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from cachetools import LRUCache
from uvicorn._types import ASGIApplication
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.unread_answers import AnswersAreRead

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST_WAITING = 32
"""Requests of one socket that may wait for the answer to the one before (pipelining): each takes memory."""
LONGEST_HEAD = 65_536
"""Bytes of the request line and the headers together."""
LONGEST_LINE = 8_192
"""Bytes of the address, and of each header."""
LONGEST_READ = 1_000
READ = frozenset(
    {b"accept", b"accept-encoding", b"connection", b"content-length", b"content-type", b"x-forwarded-for"}
)
"""Headers that are taken apart before it is known who asks, and how many bytes each of them may have."""
MOST_HEADERS = 100
MOST_PACED = 20_000
"""Addresses whose turns are remembered."""


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of some networks; what is no address does not."""
    return _is_within(address, tuple(networks))


@lru_cache(maxsize=1024)
def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def network_of(address: str) -> str:
    """Name an address as it is counted: of IPv6, the /56 of a household; what is none, as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, 56), strict=False))


class Pace:
    """Gives the requests of each address their turns: so many in a second, and as many at once after a pause.

    Cheap requests and refusals cost nothing that rates count, and thousands of them keep others waiting.
    """

    def __init__(self, per_second: int) -> None:
        self._between = 1 / per_second
        self._next: LRUCache[str, float] = LRUCache(MOST_PACED)
        """When the next request of an address may begin, by a clock of the caller's."""

    def wait(self, address: str, now: float) -> float:
        """Take a turn; returns the seconds until it comes."""
        turn = max(self._next.get(address, 0.0), now - 1)
        self._next[address] = turn + self._between
        return max(0.0, turn - now)


class HeadTooLarge(Exception):
    """The request line and the headers are too long, or the headers too many."""


class TooManyWaiting(Exception):
    """One socket has sent more requests than may wait for their answers."""


class BoundedRequestsProtocol(AnswersAreRead, HttpToolsProtocol):
    """uvicorn's protocol with limits for the arrival of a request, its head, and what one address sends.

    The time runs from the connection, or the first byte of a later request, to the last byte of the body.
    A request is not begun while the answer before it is not read: of a socket, one answer waits.
    `sockets` counts the open sockets by address (of IPv6 by /56), and `pace` gives their requests turns;
    those of trusted proxies are not counted.
    """

    def __init__(
        self,
        *args: Any,
        request_timeout: float,
        max_sockets: int,
        sockets: Counter[str],
        pace: Pace,
        proxies: Sequence[Network],
        **options: Any,
    ) -> None:
        super().__init__(*args, read_timeout=request_timeout, **options)
        self._request_timeout = request_timeout
        self._max_sockets = max_sockets
        self._sockets = sockets
        self._pace = pace
        self._proxies = proxies
        self._address: str | None = None
        self._is_arriving = False
        self._head = 0
        """Bytes that arrived of a head that is not complete yet, after its beginning."""
        self._has_head = False
        self._answered: object = None
        self._running: RequestResponseCycle | None = None
        """The request that is answered now, which is not the last that arrived where some wait."""
        self._put_off: tuple[RequestResponseCycle, ASGIApplication] | None = None
        """The request that is begun when the answer before it is read."""
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a socket, unless its address has too many."""
        super().connection_made(transport)
        peer = network_of(self.client[0]) if self.client else None
        if peer is not None and not is_within(peer, self._proxies):
            if self._sockets[peer] >= self._max_sockets:
                self.logger.warning(
                    "%s has %d sockets already: one more was closed.", peer, self._max_sockets
                )
                transport.close()
                return
            self._sockets[peer] += 1
            self._address = peer
        self._deadline = self.loop.call_later(self._request_timeout, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the socket, and of the requests that wait for their turn."""
        self._release()
        self.pipeline.clear()
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Leave the socket to the WebSocket protocol; `Listeners` counts it from here.

        Nothing may be left to write: that protocol would not know of it, and this one not when it is read.
        """
        if self._address is not None and self._pace.wait(self._address, self.loop.time()):
            self._is_arriving = True  # An answer is waited for.
            return self._refuse(b"429 Too Many Requests", "TOO_MANY_REQUESTS", "Connect again in a second.")
        self._release()
        if self._is_paused or (self.cycle is not None and not self.cycle.response_complete):
            self.logger.warning("%s asks for a WebSocket before it has read its answers.", self.client)
            return self._cut_off()
        self.look_no_longer()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Read on; a request that is not complete yet has to become so in time."""
        is_of_head = self._is_arriving and not self._has_head
        super().data_received(data)
        if is_of_head and not self._has_head:
            self._head += len(data)
            if self._head > LONGEST_HEAD:
                self._refuse_head()
        if self._is_arriving:
            if self._deadline is None:
                self._deadline = self.loop.call_later(self._request_timeout, self._give_up)
        elif self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_message_begin(self) -> None:
        """Note that a request has begun. Raises TooManyWaiting."""
        if len(self.pipeline) >= MOST_WAITING:
            raise TooManyWaiting
        self._is_arriving = True
        self._has_head, self._head = False, 0
        self._answered = self.cycle
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Raises HeadTooLarge."""
        most = LONGEST_READ if name.lower() in READ else LONGEST_LINE
        if len(value) > most or len(name) > LONGEST_READ or len(self.headers) >= MOST_HEADERS:
            raise HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Go on to the body. Raises HeadTooLarge."""
        of_headers = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.url) > LONGEST_LINE or len(self.url) + of_headers > LONGEST_HEAD:
            raise HeadTooLarge
        self._has_head = True
        super().on_headers_complete()
        if any(name == b"transfer-encoding" for name, _ in self.headers) and self.cycle is not None:
            # Such a body is refused; what is still sent of it is not read, piece by piece.
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Go on with the next request; read more only when none waits."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Write on, and begin the request that waited for it."""
        super().resume_writing()
        if self._put_off is not None:
            (cycle, app), self._put_off = self._put_off, None
            self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApplication) -> None:
        if self._is_paused:
            self._put_off = cycle, app
            return
        self._running = cycle
        wait = 0.0 if self._address is None else self._pace.wait(self._address, self.loop.time())
        if wait:
            self.loop.call_later(wait, self._start_in_turn, cycle, app)
        else:
            super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]

    def _start_in_turn(self, cycle: RequestResponseCycle, app: ASGIApplication) -> None:
        """Answer a request whose turn has come, unless its client has gone."""
        if self._is_paused:
            self._put_off = cycle, app
        elif not cycle.disconnected:
            super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]

    def on_message_complete(self) -> None:
        """Note that a request is complete."""
        self._is_arriving = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser did not take, among it what was too much for the limits of this protocol."""
        cause = sys.exception()
        if isinstance(cause and cause.__context__, HeadTooLarge):
            return self._refuse_head()
        if isinstance(cause and cause.__context__, TooManyWaiting):
            self.logger.warning("%s sent more than %d requests at once.", self.client, MOST_WAITING)
            self.pipeline.clear()
            return self.transport.close()
        self._refuse(b"400 Bad Request", "BAD_REQUEST", "This is no HTTP request.")

    def _refuse_head(self) -> None:
        message = (
            f"The address and each header may have {LONGEST_LINE} bytes (Accept, Content-Type and others "
            f"that the gateway reads {LONGEST_READ}), all together {LONGEST_HEAD}, and there may be "
            f"{MOST_HEADERS} headers. Send long operations in the body of a POST."
        )
        self._refuse(b"431 Request Header Fields Too Large", "HEAD_TOO_LARGE", message)

    def _give_up(self) -> None:
        """Close a socket whose request did not arrive in time; say so where an answer is waited for."""
        self._deadline = None
        message = (
            f"The request did not arrive within {self._request_timeout:g} seconds (the setting "
            "request_timeout); send it again."
        )
        self._refuse(b"408 Request Timeout", "REQUEST_TIMEOUT", message)

    def _refuse(self, status: bytes, code: str, message: str) -> None:
        """Close the socket; say why where an answer is waited for."""
        if self.transport.is_closing():
            return
        if self._is_arriving and self._may_write():
            body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
            head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\nconnection: close\r\n" % status
            self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()

    def _may_write(self) -> bool:
        """Tell whether no answer is under way, neither to this request nor to the one before."""
        if self.cycle is self._answered:
            return self.cycle is None or self.cycle.response_complete
        return not self.cycle.response_started

    def _release(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._address is not None:
            self._sockets[self._address] -= 1
            if not self._sockets[self._address]:
                del self._sockets[self._address]
            self._address = None
