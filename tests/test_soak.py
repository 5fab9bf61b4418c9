"""Nothing is lost while a worker is killed and PostgreSQL restarted: benchmarks/soak.py at a small size."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.listeners import Plan, soak
from benchmarks.soak import on

SMALL = Plan(subscriptions=60, persons=20, threads=10, partners=2, rate=10, seconds=9)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_everyone_gets_their_messages_once_in_order_over_a_killed_worker_and_a_restart(
    dialect: str, tmp_path: Path
) -> None:
    with on(dialect, tmp_path, workers=2) as (server, restart):
        found = asyncio.run(soak(server, SMALL, restart))
    assert (found.sent, found.expected) == (90, 58 * 9 + 2 * 90)
    assert (found.lost, found.strange, found.disordered) == (0, 0, 0)
    assert found.reconnected > 0
