"""Clients that stay: WebSocket and event stream connections, and when they have to go."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from gateway.arriving_requests import is_within, network_of
from gateway.authentication import ANONYMOUS
from gateway.entrance import Entrance, Refusal
from gateway.settings import Settings
from resolvers.context import RequestContext
from resolvers.subscriptions.feed import End, Feed, Subscriber
from resolvers.viewer import Caller

GOODBYE = {End.SLOW: 1013, End.STOPPING: 1012, End.AWAY: 1013, End.REVOKED: 4403, End.EXPIRED: 4403}
"""Close codes of a WebSocket: 1012 and 1013 tell a client to come back and resume, 4403 to sign in again."""
TURNED_AWAY = {401: 4403, 429: 4429, 503: 1013}
"""Close codes for who may not come in, by the status that a request would get; else 4400."""
TIME_FOR_GOODBYES = 0.2
"""Seconds from the order to stop until uvicorn hears of it, which then closes sockets without a reason."""


class Listeners:
    """The connections of this process, counted by viewer and by address."""

    def __init__(self, settings: Settings) -> None:
        self._limits = {"viewer": settings.max_connections, "address": settings.max_connections_per_address}
        self._proxies = settings.trusted_proxies
        self._connected: Counter[tuple[str, ...]] = Counter()

    @contextmanager
    def place(self, address: str | None) -> Iterator[Callable[[Caller], None]]:
        """Hold a place for one connection of an address; the function given takes that of the viewer.

        Both raise Refusal where all places are taken.
        """
        taken: list[tuple[str, ...]] = []

        def take(kind: str, *whose: str) -> None:
            most = self._limits[kind]
            if self._connected[kind, *whose] >= most:
                setting = "max_connections" if kind == "viewer" else "max_connections_per_address"
                message = f"{most} connections of one {kind} at the most (the setting {setting}); close one."
                raise Refusal(429, "TOO_MANY_CONNECTIONS", message, {"Retry-After": "10"})
            self._connected[kind, *whose] += 1
            taken.append((kind, *whose))

        def take_of(caller: Caller) -> None:
            # Who has no token has no name either: strangers share the places of their address only.
            if caller.person_id:
                take("viewer", caller.kind, caller.person_id)

        try:
            if address is not None and not is_within(address, self._proxies):
                take("address", network_of(address))
            yield take_of
        finally:
            self._connected.subtract(taken)
            for whose in taken:
                if not self._connected[whose]:
                    del self._connected[whose]


class Connection:
    """One client that listens, and the rights it came with."""

    def __init__(
        self, entrance: Entrance, feed: Feed, take: Callable[[Caller], None], address: str | None
    ) -> None:
        self.feed = feed
        self.address = address
        self.last_event_id: str | None = None
        self.connection_params: Any = None
        """What a WebSocket client sent first; set by Strawberry."""
        self.close: Callable[[int, str], Coroutine[Any, Any, None]] | None = None
        """Ends the connection, where that is not for the stream itself to do."""
        self._closing: asyncio.Task[None] | None = None
        self._entrance = entrance
        self._take = take
        self.caller = ANONYMOUS
        """Who the token says it is, once it was checked."""
        self.has_entered = False
        self.turn = asyncio.Lock()
        """Held by the subscription whose event is read and sent."""
        self._subscribers: dict[Subscriber, None] = {}
        self._expiry: asyncio.TimerHandle | None = None

    async def enter(self, authorization: str | None) -> None:
        """Check the token, once for the whole connection. Raises Refusal."""
        caller = await self._entrance.caller(authorization)
        self._take(caller)
        self.caller = caller
        await self.context()
        self.has_entered = True
        if caller.expires_at is not None:
            left = (caller.expires_at - datetime.now(UTC)).total_seconds()
            self._expiry = asyncio.get_running_loop().call_later(max(left, 0), self._end, End.EXPIRED)

    async def context(self) -> RequestContext:
        """Find what the caller may see now. Raises Refusal."""
        return await self._entrance.context(self.caller)

    @contextmanager
    def subscribed(self, one: Subscriber) -> Iterator[Subscriber]:
        """Keep a subscription for as long as it is read."""
        self._subscribers[one] = None
        try:
            yield one
        finally:
            self._subscribers.pop(one, None)
            self.feed.unsubscribe(one)

    def say_goodbye(self, reason: End) -> None:
        """Close the connection because a subscription has to end."""
        if self.close is not None and self._closing is None:
            self._closing = asyncio.create_task(self.close(GOODBYE[reason], reason.value))

    def _end(self, reason: End) -> None:
        for one in list(self._subscribers):
            one.end(reason)
        self.say_goodbye(reason)

    def left(self) -> None:
        """Forget what was set up for the connection."""
        if self._expiry is not None:
            self._expiry.cancel()


@contextmanager
def before_stop(action: Callable[[], None]) -> Iterator[None]:
    """Act as soon as this process is told to stop, a moment before uvicorn begins to close."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGINT)}

    def told(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(stop, before[signal.Signals(number)], number, frame)

    def stop(handler: Any, number: int, frame: Any) -> None:
        action()
        if callable(handler):
            loop.call_later(TIME_FOR_GOODBYES, handler, number, frame)

    for one in before:
        signal.signal(one, told)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
