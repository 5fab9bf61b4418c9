"""One reader of the feed for all subscribers of this process.

At every ring of the doorbell the new entries are read once and handed to those who listen to their topics.
A ring that was missed is made good by the next, or by a look now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from weakref import WeakValueDictionary

from adapters.base import RetryLater
from adapters.native.feed import PAGE, FeedLog, Noted
from adapters.native.reader import Reader
from resolvers.errors import ClientError, InvalidArgument

log = logging.getLogger("passerelle.feed")
LOOK = 5.0
"""Seconds after which the feed is read although nothing seems to have changed."""
PAUSE = 0.5
"""Seconds before a database that does not answer is asked again."""
RECENT = 5_000
"""Entries kept in memory, for those who come back."""

REPLAYED = 100
REPLAYS_AT_ONCE = 2
"""Entries that a subscriber who comes back after long reads at a time, and how many of them read at once: a
thousand may come back at the same moment. Of one viewer it is one: nobody waits for all of another's."""
COST_REMEMBERED = 1
COST_STORED = 10
"""What an entry costs that a subscriber who comes back looks at, in memory and in the database."""

Charge = Callable[[int], Awaitable[None]]
"""Charges a cost to a subscriber; waits while there is nothing left to pay it with."""
Topic = tuple[str, str]
"""Kind of entry, and an id or `*`."""


class CursorExpired(ClientError):
    """What came after a cursor can no longer be told."""

    code = "CURSOR_EXPIRED"


class End(Enum):
    """Why a subscription ends before the client ends it."""

    SLOW = "Too slow: resume with the last cursor."
    STOPPING = "The server stops: resume elsewhere with the last cursor."
    AWAY = "The database does not answer now: resume with the last cursor."
    REVOKED = "The session was closed; sign in again."
    EXPIRED = "The token has expired; sign in again."


class Ended(Exception):
    """Raised to a subscriber that must go."""

    def __init__(self, reason: End) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(eq=False, slots=True)
class Subscriber:
    """One subscription: the topics it listens to, and what waits for it."""

    person_id: str
    after: int
    backlog: int
    """Entries that may wait."""
    on_end: Callable[[End], None]
    topics: frozenset[Topic] = frozenset()
    waiting: deque[Noted] = field(default_factory=deque)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    ended: End | None = None

    def hand(self, entry: Noted) -> None:
        """Let an entry wait; a subscriber that lets too many wait is ended."""
        if self.ended is None and entry.position > self.after:
            self.waiting.append(entry)
            self.came.set()
            if len(self.waiting) > self.backlog:
                self.end(End.SLOW)

    def end(self, reason: End) -> None:
        """End the subscription; what waits is dropped, the client finds it again by its cursor."""
        if self.ended is None:
            self.ended = reason
            self.waiting.clear()
            self.came.set()
            self.on_end(reason)


class Feed:
    """Follows the feed of the database."""

    def __init__(self, reader: Reader, entries: FeedLog, backlog: int) -> None:
        self._reader = reader
        self._backlog = backlog
        self._log = entries
        self._rung = asyncio.Event()
        self._position = 0
        self._remembered_from = 0
        self._recent: deque[Noted] = deque(maxlen=RECENT)
        self._listening: dict[Topic, dict[Subscriber, None]] = {}
        self._subscribers: dict[Subscriber, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._replays = asyncio.Semaphore(REPLAYS_AT_ONCE)
        self._replaying: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By viewer, held by the one of several replays that reads."""
        self.reads = 0
        """How often the feed was read."""

    @property
    def position(self) -> int:
        """The position up to which the feed was read."""
        return self._position

    @property
    def subscriptions(self) -> int:
        """How many subscriptions hear of what comes from now on."""
        return sum(bool(one.topics) and one.ended is None for one in self._subscribers)

    async def start(self) -> None:
        """Begin at the last entry there is."""
        self._recent.clear()
        oldest, self._position = await self._log.bounds()
        self._remembered_from = max(oldest, self._position - RECENT)
        position = self._remembered_from
        while position < self._position and (page := await self._log.after(position)):
            self._recent += page
            position = page[-1].position
        self._position = max(position, self._position)
        self._reader.heard.append(self._rung.set)
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop following, and end every subscription."""
        self.end_all()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def end_all(self) -> None:
        """End every subscription, also those that are just beginning, so that clients resume elsewhere."""
        self._is_stopping = True
        for one in list(self._subscribers):
            one.end(End.STOPPING)

    # ---- following ---------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Read on at every ring; a database that is away is waited for."""
        seen: object = None
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            rung = True
            try:
                async with asyncio.timeout(self._reader.LOOK):
                    await self._rung.wait()
            except TimeoutError:
                rung = False
            self._rung.clear()
            generation = self._reader.generation()
            same = generation is not None and generation == seen
            if same and not rung and loop.time() < looked + LOOK:
                continue
            try:
                await self._read_on()
                seen, looked = generation, loop.time()
            except RetryLater as error:
                log.warning("The feed cannot be read: %s", error.__cause__ or error)
                await asyncio.sleep(PAUSE)
                self._rung.set()

    async def _read_on(self) -> None:
        page: list[Noted] | None = None
        while page is None or len(page) == PAGE:
            page = await self._log.after(self._position)
            self.reads += 1
            for entry in page:
                self._hand_out(entry)

    def _hand_out(self, entry: Noted) -> None:
        self._position = entry.position
        if len(self._recent) == RECENT:
            self._remembered_from = self._recent[0].position
        self._recent.append(entry)
        concerned: dict[Subscriber, None] = {}
        for topic in (*entry.topics, "*"):
            concerned |= self._listening.get((entry.kind, topic), {})
        for one in concerned:
            if entry.kind == "SESSION":
                one.end(End.REVOKED)
                continue
            if entry.kind == "RIGHTS":
                # Until the subscriber has found out its new topics, whatever comes may be for it.
                self.listen(one, {(kind, "*") for kind, _ in one.topics})
            one.hand(entry)

    # ---- subscribing -------------------------------------------------------------------------------

    async def subscribe(self, person_id: str, after: int | None, on_end: Callable[[End], None]) -> Subscriber:
        """Begin a subscription after a position, or now; `listen` and `entries` go on with it.

        Raises InvalidArgument for a position that was never given, and RetryLater.
        """
        if after is not None and after > self._position and after > (await self._log.bounds())[1]:
            raise InvalidArgument("This cursor is not of this feed: read the list, and subscribe without it.")
        start = self._position if after is None else after
        one = Subscriber(person_id, start, self._backlog, on_end)
        self._subscribers[one] = None
        if self._is_stopping:
            one.end(End.STOPPING)
        return one

    def listen(self, one: Subscriber, topics: Iterable[Topic]) -> None:
        """Change the topics that a subscriber listens to."""
        wanted = frozenset(topics) | {("SESSION", one.person_id)}
        for topic in one.topics - wanted:
            self._forget(topic, one)
        for topic in wanted - one.topics:
            self._listening.setdefault(topic, {})[one] = None
        one.topics = wanted

    def unsubscribe(self, one: Subscriber) -> None:
        """Forget a subscriber."""
        self._subscribers.pop(one, None)
        for topic in one.topics:
            self._forget(topic, one)
        one.topics = frozenset()

    def _forget(self, topic: Topic, one: Subscriber) -> None:
        listeners = self._listening.get(topic, {})
        listeners.pop(one, None)
        if not listeners:
            self._listening.pop(topic, None)

    async def entries(self, one: Subscriber, charge: Charge) -> AsyncIterator[Noted]:
        """Give what a subscriber missed, which is charged, then what comes, without a gap or a repetition.

        Raises CursorExpired, and Ended when it must go. A database that is away is waited for.
        """
        live_from = self._position
        async for entry in self._missed(one, live_from, charge):
            if one.ended is None:
                yield entry
        while True:
            while one.waiting:
                entry = one.waiting.popleft()
                if entry.position > live_from:
                    yield entry
            if one.ended is not None:
                raise Ended(one.ended)
            one.came.clear()
            await one.came.wait()

    async def _missed(self, one: Subscriber, until: int, charge: Charge) -> AsyncIterator[Noted]:
        """Go through what lies between a cursor and now, from memory where it reaches so far."""
        position = one.after
        if position >= until:
            return
        if position >= self._remembered_from:
            missed = [entry for entry in self._recent if position < entry.position <= until]
            await charge(COST_REMEMBERED * len(missed))
            for entry in missed:
                if self._concerns(one, entry):
                    yield entry
            return
        kinds = sorted({kind for kind, _ in one.topics})
        own = self._replaying.setdefault(one.person_id, asyncio.Lock())
        while position < until:
            await charge(COST_STORED * REPLAYED)
            try:
                async with own, self._replays:
                    page = await self._log.after(position, kinds, REPLAYED)
                    # Asked afterwards: what was forgotten meanwhile is not on the page.
                    oldest, _ = await self._log.bounds()
            except RetryLater:
                await asyncio.sleep(PAUSE)
                continue
            if position < oldest:
                raise CursorExpired("What came after this cursor is forgotten: read the list again.")
            for entry in page:
                if entry.position <= until and self._concerns(one, entry):
                    yield entry
            position = page[-1].position if len(page) == REPLAYED else until

    @staticmethod
    def _concerns(one: Subscriber, entry: Noted) -> bool:
        if entry.kind in ("SESSION", "RIGHTS"):
            return False
        return any((entry.kind, topic) in one.topics for topic in (*entry.topics, "*"))
