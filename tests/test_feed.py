"""The feed: every committed announcement is read once, in order, whoever wrote it and whenever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters import records as r
from adapters.base import Export
from adapters.native.database import migrate, open_database
from adapters.native.doorbell import ring
from adapters.native.feed import KEPT, PAGE, Announcement, FeedLog, Noted, announce
from adapters.native.gateway_state import GatewayState
from adapters.native.loader import Loader, load
from adapters.native.source import open_reader
from resolvers.errors import InvalidArgument
from resolvers.subscriptions import feed as feed_module
from resolvers.subscriptions.feed import (
    COST_REMEMBERED,
    COST_STORED,
    REPLAYS_AT_ONCE,
    CursorExpired,
    End,
    Ended,
    Feed,
    Subscriber,
)
from resolvers.writes.charter import revocation
from tests.conftest import NOW, Gateway
from tests.listening import send, threads_of


@pytest.fixture
async def engine(own_database: str) -> AsyncIterator[AsyncEngine]:
    """A filled database."""
    found = open_database(own_database)
    await migrate(found)
    yield found
    await found.dispose()


@pytest.fixture
async def feed(engine: AsyncEngine) -> AsyncIterator[Feed]:
    """The feed as one worker follows it."""
    reader = open_reader(engine)
    await reader.start()
    found = Feed(reader, FeedLog(engine), backlog=100)
    await found.start()
    yield found
    await found.close()
    await reader.close()


async def note(engine: AsyncEngine, *records: str, now: datetime | None = None, topic: str = "me") -> None:
    """Announce records in one transaction."""
    async with engine.connect() as connection:
        await connection.execution_options(writes=True)
        await ring(connection)
        await announce(connection, [Announcement("MESSAGE", one, (topic,)) for one in records], now)
        await connection.commit()


async def subscribed(
    feed: Feed, after: int | None = None, topic: str = "me", person: str = "somebody"
) -> Subscriber:
    """Subscribe to a topic."""
    one = await feed.subscribe(person, after, lambda _reason: None)
    feed.listen(one, {("MESSAGE", topic)})
    return one


async def take(feed: Feed, one: Subscriber, count: int, charged: list[int] | None = None) -> list[Noted]:
    """Read so many entries, and note what is charged for them."""
    found: list[Noted] = []
    costs = [] if charged is None else charged

    async def charge(cost: int) -> None:
        costs.append(cost)

    async with asyncio.timeout(10):
        async for entry in feed.entries(one, charge):
            found.append(entry)
            if len(found) == count:
                return found
    raise AssertionError(found)


async def read_to_the_end(feed: Feed) -> None:
    """Wait until the feed has read what is written."""
    _, last = await feed._log.bounds()
    async with asyncio.timeout(10):
        while feed.position < last:
            await asyncio.sleep(0.01)


async def test_concurrent_writers_are_read_in_the_order_of_their_commits(engine: AsyncEngine) -> None:
    log, chance, committed = FeedLog(engine), random.Random(2026), set[str]()
    writing = True
    start = (await log.bounds())[1]

    async def write(writer: int) -> None:
        pauses = random.Random(writer)
        for turn in range(12):
            async with engine.connect() as connection:
                await connection.execution_options(writes=True)
                records = [f"{writer}-{turn}-{one}" for one in range(pauses.randint(1, 3))]
                await announce(connection, [Announcement("MESSAGE", one, ("me",)) for one in records])
                # Commits are late by another time than the positions were drawn.
                await asyncio.sleep(pauses.random() * 0.01)
                if pauses.random() < 0.2:
                    await connection.rollback()
                else:
                    await connection.commit()
                    committed.update(records)

    async def read() -> list[Noted]:
        found: list[Noted] = []
        position = start
        while True:
            was_writing = writing
            page = await log.after(position)
            found += page
            position = page[-1].position if page else position
            if not page and not was_writing:
                return found
            await asyncio.sleep(chance.random() * 0.004)

    reading = asyncio.create_task(read())
    await asyncio.gather(*(write(one) for one in range(8)))
    writing = False
    found = await reading
    assert [one.position for one in found] == list(range(start + 1, start + 1 + len(found)))
    assert sorted(one.record_id for one in found) == sorted(committed)


async def test_what_is_older_than_a_day_is_forgotten_and_positions_go_on(engine: AsyncEngine) -> None:
    log = FeedLog(engine)
    _, start = await log.bounds()
    await note(engine, "old", now=NOW - KEPT - timedelta(seconds=1))
    await note(engine, "new", now=NOW)
    assert await log.bounds() == (start + 1, start + 2)
    assert [one.record_id for one in await log.after(start)] == ["new"]


async def test_a_subscriber_gets_what_it_missed_and_then_what_comes(engine: AsyncEngine, feed: Feed) -> None:
    _, start = await FeedLog(engine).bounds()
    await note(engine, "a", "b")
    await note(engine, "not mine", topic="other")
    first = await take(feed, await subscribed(feed, start), 2)
    assert [one.record_id for one in first] == ["a", "b"]
    one = await subscribed(feed, first[0].position)
    await note(engine, "c")
    await read_to_the_end(feed)
    charged: list[int] = []
    found = await take(feed, one, 2, charged)
    assert [entry.record_id for entry in found] == ["b", "c"]
    # What was looked at: "b" and "c", and what is not for this subscriber.
    assert charged == [3 * COST_REMEMBERED]


async def test_what_is_no_longer_in_memory_comes_from_the_database(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "RECENT", 3)
    _, start = await FeedLog(engine).bounds()
    await note(engine, *(f"{one:02}" for one in range(20)))
    reader = open_reader(engine)
    await reader.start()
    follows = Feed(reader, FeedLog(engine), backlog=100)
    await follows.start()
    found = await take(follows, await subscribed(follows, start), 20)
    assert [one.record_id for one in found] == [f"{one:02}" for one in range(20)]
    await follows.close()
    await reader.close()


class Counted(FeedLog):
    """Counts how the feed is read."""

    running = most = longest = pages = 0

    async def after(self, position: int, kinds: Sequence[str] = (), most: int = PAGE) -> list[Noted]:
        """Read a page."""
        self.running += 1
        self.most = max(self.most, self.running)
        page = await super().after(position, kinds, most)
        self.longest = max(self.longest, len(page))
        self.pages += 1
        self.running -= 1
        return page


@pytest.fixture
async def replayed(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Feed, Counted, int]]:
    """A feed that remembers next to nothing, how it is read, and where twenty entries begin."""
    monkeypatch.setattr(feed_module, "RECENT", 3)
    monkeypatch.setattr(feed_module, "REPLAYED", 5)
    _, start = await FeedLog(engine).bounds()
    await note(engine, *(f"{one:02}" for one in range(20)))
    reader, log = open_reader(engine), Counted(engine)
    await reader.start()
    follows = Feed(reader, log, backlog=100)
    await follows.start()
    log.most = log.longest = log.pages = 0
    yield follows, log, start
    await follows.close()
    await reader.close()


async def test_few_who_come_back_after_long_read_the_database_at_once(
    replayed: tuple[Feed, Counted, int],
) -> None:
    follows, log, start = replayed
    everyone = [await subscribed(follows, start, person=f"{one}") for one in range(30)]
    found = await asyncio.gather(*(take(follows, one, 20) for one in everyone))
    assert {tuple(one.record_id for one in entries) for entries in found} == {
        tuple(f"{one:02}" for one in range(20))
    }
    # The feed itself may look meanwhile.
    assert log.most <= REPLAYS_AT_ONCE + 1 and log.longest == 5


async def test_who_comes_back_does_not_wait_for_all_that_another_viewer_replays(
    replayed: tuple[Feed, Counted, int],
) -> None:
    follows, log, start = replayed
    many = [await subscribed(follows, start, person="many") for _ in range(100)]
    tasks = [asyncio.create_task(take(follows, one, 20)) for one in many]
    await asyncio.sleep(0)
    charged: list[int] = []
    await take(follows, await subscribed(follows, start, person="one"), 20, charged)
    # Four pages of its own, about as many of the other's four hundred, and what the feed looks at.
    assert log.pages < 40
    assert charged == [5 * COST_STORED] * 4
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_cursor_that_is_too_old_is_refused(engine: AsyncEngine, feed: Feed) -> None:
    _, start = await FeedLog(engine).bounds()
    await note(engine, "old", now=NOW - KEPT - timedelta(seconds=1))
    await note(engine, "new", now=NOW)
    follows = Feed(feed._reader, FeedLog(engine), backlog=100)
    await follows.start()
    with pytest.raises(CursorExpired):
        await take(follows, await subscribed(follows, start), 1)
    await follows.close()


async def test_a_cursor_that_was_never_given_is_refused(engine: AsyncEngine, feed: Feed) -> None:
    _, last = await FeedLog(engine).bounds()
    with pytest.raises(InvalidArgument):
        await subscribed(feed, last + 1)


async def test_one_that_lets_too_much_wait_must_go_and_the_others_stay(
    engine: AsyncEngine, feed: Feed
) -> None:
    slow, other = await subscribed(feed), await subscribed(feed, topic="other")
    listening = asyncio.create_task(take(feed, other, 1))
    await note(engine, *(str(one) for one in range(101)))
    await note(engine, "x", topic="other")
    assert [one.record_id for one in await listening] == ["x"]
    assert (slow.ended, len(slow.waiting)) == (End.SLOW, 0)
    with pytest.raises(Ended):
        await take(feed, slow, 1)


async def test_the_feed_is_read_once_for_all_subscribers(engine: AsyncEngine, feed: Feed) -> None:
    everyone = [await subscribed(feed) for _ in range(200)]
    listening = [asyncio.create_task(take(feed, one, 1)) for one in everyone]
    await asyncio.sleep(0.3)
    before = feed.reads
    await note(engine, "a")
    found = await asyncio.gather(*listening)
    assert {entry.record_id for entries in found for entry in entries} == {"a"}
    assert feed.reads - before <= 2


async def test_a_ring_that_nobody_heard_is_made_good(engine: AsyncEngine, feed: Feed) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite counts changes itself; there is no line to cut.")
    one = await subscribed(feed)
    listening = asyncio.create_task(take(feed, one, 1))
    async with engine.connect() as connection, asyncio.timeout(30):
        # The last query of a line that has been open for a while is that of its heartbeat.
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND (query ILIKE 'LISTEN%' OR query = 'SELECT 1')"
        )
        while not (await connection.execute(text(cut))).all():
            await asyncio.sleep(0.05)  # The line is being opened.
    await note(engine, "while the line is cut")
    assert [entry.record_id for entry in await listening] == ["while the line is cut"]


# ---- what imports announce -----------------------------------------------------------------------------


def lesson(engine_row: Any, **changed: Any) -> r.Lesson:
    """Make the lesson of a row again, with changes."""
    plain = {name: value for name, value in engine_row.items() if name in r.Lesson.model_fields}
    return r.Lesson(**{**plain, **changed})


async def bring(engine: AsyncEngine, source: str, *records: r.Record) -> list[Noted]:
    """Import records as a part of what a source has; returns what was announced."""
    log = FeedLog(engine)
    _, before = await log.bounds()
    await load(engine, Export(source, source, complete=False, size=0), records, NOW)
    return await log.after(before)


async def future_lesson(engine: AsyncEngine) -> Any:
    """A scheduled lesson after the clock of the tests."""
    table = r.Lesson.table()
    asked = select(table).where(table.c.starts_at > NOW, table.c.status == "SCHEDULED").order_by(table.c.id)
    async with engine.connect() as connection:
        return (await connection.execute(asked.limit(1))).mappings().one()


async def test_an_import_announces_lessons_that_were_moved_cancelled_or_added(engine: AsyncEngine) -> None:
    row = await future_lesson(engine)
    source = row["source_id"]
    cancelled = lesson(row, status="CANCELLED")
    moved = lesson(row, starts_at=row["starts_at"] + timedelta(hours=1), room_ids=["elsewhere"])
    added = lesson(row, id="added", external_id="added")
    past = lesson(
        row, id="past", external_id="past", starts_at=NOW - timedelta(3), ends_at=NOW - timedelta(2)
    )
    found = [await bring(engine, source, one) for one in (cancelled, moved, added, past, added)]
    told = [[(one.kind, one.record_id, one.details) for one in entries] for entries in found]
    topics = (*row["class_ids"], *row["student_ids"])
    assert found[0][0].topics == tuple(dict.fromkeys(topics))
    assert told == [
        [
            (
                "LESSON",
                row["id"],
                {"operation": "UPDATED", "previous_status": "SCHEDULED", "changes": []},
            )
        ],
        [
            (
                "LESSON",
                row["id"],
                {"operation": "UPDATED", "previous_status": "CANCELLED", "changes": ["TIME", "ROOM"]},
            )
        ],
        [("LESSON", "added", {"operation": "CREATED", "previous_status": None, "changes": ["ADDED"]})],
        [],
        [],
    ]


async def test_a_complete_import_announces_lessons_that_are_gone(engine: AsyncEngine) -> None:
    row = await future_lesson(engine)
    made = lesson(row, source_id="other", school_id="elsewhere", id="a", external_id="a")
    await bring(engine, "other", made)
    log = FeedLog(engine)
    _, before = await log.bounds()
    await load(engine, Export("other", "other", complete=True, size=0), [], NOW)
    (entry,) = await log.after(before)
    assert (entry.record_id, entry.details["operation"]) == ("a", "REMOVED")


async def test_lessons_of_a_timetable_that_is_not_shown_are_not_announced(engine: AsyncEngine) -> None:
    row = await future_lesson(engine)
    hidden = {"source_id": "later", "id": "a", "external_id": "a"}
    await bring(engine, "later", lesson(row, **hidden))
    assert await bring(engine, "later", lesson(row, **hidden, status="CANCELLED")) == []


async def test_an_import_announces_new_messages_and_the_first_of_a_source_nothing(
    engine: AsyncEngine,
) -> None:
    def message(key: str) -> r.Message:
        return r.Message(
            id=key,
            external_id=key,
            source_id="mail",
            conversation_id="c",
            author_name="La direction",
            sent_at=datetime(2026, 11, 23, 8, int(key), tzinfo=UTC),
            body=key,
        )

    common: dict[str, Any] = {"source_id": "mail", "school_id": None}
    thread = r.Conversation(
        id="c", external_id="c", subject="Sortie", kind="MESSAGE", student_ids=["s"], **common
    )
    parts = [
        r.Participant(
            id=one,
            external_id=one,
            conversation_id="c",
            person_id=one,
            display_name=one,
            kind="GUARDIAN",
            **common,
        )
        for one in ("p2", "p1")
    ]
    assert await bring(engine, "mail", thread, *parts, message("1")) == []
    found = await bring(engine, "mail", message("3"), message("1"), message("2"))
    assert [(one.kind, one.record_id, one.topics, one.details) for one in found] == [
        ("MESSAGE", key, ("p1", "p2"), {"conversation_id": "c", "student_ids": ["s"]}) for key in ("2", "3")
    ]


async def test_an_import_that_fails_announces_nothing(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await future_lesson(engine)
    log = FeedLog(engine)
    before = await log.bounds()

    async def fail(_self: Loader) -> None:
        raise OSError("the power is gone")

    monkeypatch.setattr(Loader, "_count_families", fail)
    with pytest.raises(OSError, match="power"):
        await bring(engine, row["source_id"], lesson(row, status="CANCELLED"))
    assert await log.bounds() == before


async def test_a_change_of_rights_is_announced_before_what_is_seen_with_them(engine: AsyncEngine) -> None:
    table = r.Enrolment.table()
    async with engine.connect() as connection:
        row = (await connection.execute(select(table).order_by(table.c.id).limit(1))).mappings().one()
    enrolment = r.Enrolment(**{n: v for n, v in row.items() if n in r.Enrolment.model_fields})
    future = await future_lesson(engine)
    enrolment.class_id, enrolment.source_id = "another", future["source_id"]
    found = await bring(engine, future["source_id"], lesson(future, status="CANCELLED"), enrolment)
    assert [one.kind for one in found] == ["RIGHTS", "LESSON"]


@pytest.mark.parametrize("own_database", ["postgresql"], indirect=True)
async def test_a_message_leaves_rights_and_reference_data_in_memory(own_gateway: Gateway) -> None:
    me, query = own_gateway.people.guardian(1), "{ viewer { students { displayName } } }"
    (thread, *_) = await threads_of(own_gateway.engine, me.person_id)
    await own_gateway.data(query, me)
    await own_gateway.data(query, me)
    assert own_gateway.statements == []
    await send(own_gateway.engine, thread, "Bonjour")
    _, newest = await FeedLog(own_gateway.engine).bounds()
    async with asyncio.timeout(30):
        while own_gateway.app.state.feed.position < newest:  # until the bell was heard
            await asyncio.sleep(0.05)
    await own_gateway.data(query, me)
    assert own_gateway.statements == []
    await GatewayState(own_gateway.engine, lambda _of_messages: None).write(
        [revocation("somebody", datetime.now(UTC))]
    )
    async with asyncio.timeout(30):
        while own_gateway.statements == []:
            await asyncio.sleep(0.05)
            await own_gateway.data(query, me)
