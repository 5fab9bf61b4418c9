"""How the requests of several viewers share the event loop of a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest

from resolvers.turns import Turns


@pytest.fixture(autouse=True)
def ticks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock that goes on by 2 ms each time it is looked at: each step of a request takes so long."""
    moments = count()
    monkeypatch.setattr("resolvers.turns.perf_counter", lambda: next(moments) * 0.002)
    yield


async def work(turns: Turns, viewer: str, steps: int, done: list[str]) -> None:
    """Do the steps of one request."""
    with turns.of(viewer) as turn:
        for _ in range(steps):
            await turn.rest()
            done.append(viewer)


async def test_who_had_more_lets_the_other_finish_first(monkeypatch: pytest.MonkeyPatch) -> None:
    # Pauses take real time: on a slow machine some would be over before the other has finished.
    monkeypatch.setattr("resolvers.turns.MOST_PAUSES", 10_000)
    turns, done = Turns(), list[str]()
    await work(turns, "dear", 200, [])
    dear = asyncio.create_task(work(turns, "dear", 200, done))
    await asyncio.sleep(0)
    await work(turns, "dashboard", 30, done)
    assert done.count("dashboard") == 30 and done.count("dear") <= 12
    await dear
    assert done.count("dear") == 200


async def test_one_who_is_alone_or_new_is_not_held_up() -> None:
    turns, done = Turns(), list[str]()
    asked = asyncio.create_task(work(turns, "one", 3, done))
    await asyncio.sleep(0)
    # Three steps are a burst: all were done in the first turn of the event loop.
    assert done == ["one"] * 3
    await asked


async def test_where_the_database_makes_room_nobody_rests() -> None:
    turns, done = Turns(rests=False), list[str]()
    asked = asyncio.create_task(work(turns, "dear", 500, done))
    await asyncio.sleep(0)
    assert len(done) == 500
    await asked
