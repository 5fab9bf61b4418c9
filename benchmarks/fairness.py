"""How long a dashboard takes beside the dearest requests that are allowed: `python -m benchmarks.fairness`.

One worker on SQLite; one client sends a dear request again and again, as a new document each time, another
asks for the dashboard of three children. Prints the median time of the dashboard, and how many times that is
of its time on an idle gateway.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import httpx
import typer

from adapters.native.database import open_database
from resolvers.viewer import ALL_READ, Caller
from tests.conftest import fill
from tests.listening import Server, serving
from tests.people import People, read_people
from tests.test_attacks import DASHBOARD, DEAREST, aliases

RATES = {"PASSERELLE_RATE_PER_VIEWER": "1000000000", "PASSERELLE_RATE_PER_ADDRESS": "10000000000"}
PAUSE = 0.02
"""Seconds between two dashboards."""


async def _people(server: Server) -> People:
    engine = open_database(server.settings.database_url)
    try:
        return await read_people(engine)
    finally:
        await engine.dispose()


def _request(server: Server, token: str, query: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    return {"url": f"http://{server.address}", "json": {"query": query}, "headers": headers, "timeout": 60}


async def ask(client: httpx.AsyncClient, server: Server, token: str, query: str) -> httpx.Response:
    """Send a query."""
    return await client.post(**_request(server, token, query))


def ask_again_and_again(request: dict[str, Any]) -> None:
    """Send a request until the process is ended, as another document each time."""
    query = request["json"]["query"]
    with httpx.Client() as client:
        for number in itertools.count():
            request["json"]["query"] = f"{query} #{number}"
            client.post(**request)


async def allowed(client: httpx.AsyncClient, server: Server, token: str, field: str) -> str | None:
    """Select a field as often as one request may; None where it may not even once."""
    for count in range(58, 0, -1):
        query = aliases(count, field)
        body = (await ask(client, server, token, query)).json()
        if body.get("errors", [{}])[0].get("extensions", {}).get("code") not in (
            "OPERATION_TOO_COSTLY",
            "OPERATION_TOO_LARGE",
        ):
            return query
    return None


async def dashboards(client: httpx.AsyncClient, server: Server, token: str, rounds: int) -> float:
    """Return the median time of a dashboard, in milliseconds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = await ask(client, server, token, DASHBOARD)
        times.append(1_000 * (time.perf_counter() - began))
        assert "errors" not in answer.json()
        await asyncio.sleep(PAUSE)
    return median(times)


async def beside(server: Server, dear: str, mine: str, yours: str, rounds: int) -> float:
    """Return the median time of my dashboard while you send a dear query without a pause."""

    # In another process: what its client does is no work of the gateway.
    attacker = get_context("spawn").Process(
        target=ask_again_and_again, args=(_request(server, yours, dear),), daemon=True
    )
    attacker.start()
    try:
        await asyncio.sleep(2)
        async with httpx.AsyncClient() as client:
            return await dashboards(client, server, mine, rounds)
    finally:
        attacker.kill()
        attacker.join()


async def measure(server: Server, rounds: int, say: Callable[[str], None]) -> None:
    """Measure the dashboard beside each of the dearest fields."""
    people = await _people(server)
    mine = server.token(people.guardian(3))
    viewers = {
        "a guardian of six": server.token(people.guardian(6)),
        "a partner": server.token(Caller("PARTNER", "tool", tuple(people.schools.values()), ALL_READ)),
    }
    async with httpx.AsyncClient() as client:
        await dashboards(client, server, mine, 10)
        for whose, yours in viewers.items():
            for name, field in DEAREST.items():
                dear = await allowed(client, server, yours, field)
                if dear is None:
                    say(f"{name} of {whose}: not allowed for all students at once")
                    continue
                calm = await dashboards(client, server, mine, rounds)
                found = await beside(server, dear, mine, yours, rounds)
                say(f"{name} of {whose}: {found:.1f} ms, {found / calm:.1f} times")


def main(
    rounds: Annotated[int, typer.Option(help="Dashboards for each measure.")] = 40,
) -> None:
    """Measure how fair the gateway is to others while one client asks for much."""
    with tempfile.TemporaryDirectory() as place:
        url = f"sqlite:///{Path(place) / 'fairness.db'}"
        fill(url)
        with serving(url, Path(place), 1, **RATES) as server:
            asyncio.run(measure(server, rounds, typer.echo))


if __name__ == "__main__":
    typer.run(main)
