"""Where the time of a dashboard goes: one process under the profiler, by the part of the program.

`python -m benchmarks.profiled DATABASE KEY` prints the shares as JSON; the report shows them. A profiler
makes calls dearer than they are: the shares say where the work is, not how long it takes.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import pstats
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

REQUESTS = 500
PARTS = (
    ("site-packages/starlette", "HTTP: Starlette, the endpoint, authentication"),
    ("gateway/execution", "plan: writing the answer, calling edges"),
    ("<string>", "generated functions: rows to objects, objects to the answer"),
    ("gateway/", "HTTP: Starlette, the endpoint, authentication"),
    ("resolvers/", "resolvers: rights, questions, connections"),
    ("adapters/", "native source: shapes, parameters, memory"),
    ("site-packages/cachetools", "native source: shapes, parameters, memory"),
    ("sqlalchemy", "native source: shapes, parameters, memory"),
    ("asyncio", "event loop: tasks and futures"),
)
OTHER = "anything else"


def part_of(function: tuple[str, int, str]) -> str:
    """Name the part of the program that a function belongs to; "" for one of the interpreter."""
    file, _, name = function
    if file == "~":
        if "sqlite3" in name:
            return "SQLite: running statements, fetching rows"
        return "orjson: writing bytes" if "orjson" in name else ""
    return next((part for path, part in PARTS if path in file), OTHER)


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """Add up the time of each part; what the interpreter does counts for whoever called it."""
    found: Counter[str] = Counter()
    stats: Any = pstats.Stats(profile)
    for function, (_, _, own, _, callers) in stats.stats.items():
        part = part_of(function)
        if part or not callers:
            found[part or OTHER] += own
            continue
        for caller, (_, _, spent, _) in callers.items():
            found[part_of(caller) or OTHER] += spent
    whole = sum(found.values())
    return {part: spent / whole for part, spent in found.most_common()}


async def _ask(app: Any, body: bytes, token: str) -> bytes:
    """Ask over ASGI, without a network."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"authorization", b"Bearer " + token.encode()),
    ]
    await app({**SCOPE, "headers": headers}, receive, send)
    return bytes(answers[1]["body"])


SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/graphql",
    "raw_path": b"/graphql",
    "query_string": b"",
    "root_path": "",
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
}


async def main(key: Path) -> None:
    """Profile the dashboard of four children."""
    from benchmarks.run import request_of  # noqa: PLC0415 - the settings are in the environment by now
    from benchmarks.servers.passerelle import app  # noqa: PLC0415
    from gateway.authentication import make_token  # noqa: PLC0415
    from gateway.settings import Settings  # noqa: PLC0415
    from resolvers.viewer import Caller  # noqa: PLC0415

    caller = Caller("GUARDIAN", "family4")
    token = make_token(caller, Settings(development_key=key), timedelta(hours=1), datetime.now(UTC))
    body = orjson.dumps(request_of("dashboard"))
    async with app.router.lifespan_context(app):
        for _ in range(50):
            assert b'"errors"' not in await _ask(app, body, token)
        profile = cProfile.Profile()
        profile.enable()
        for _ in range(REQUESTS):
            await _ask(app, body, token)
        profile.disable()
    sys.stdout.write(json.dumps(shares(profile)))


def profiled(url: str, key: Path) -> dict[str, float]:
    """Profile in a process of its own; returns the shares of the parts, the largest first."""
    command = [sys.executable, "-m", "benchmarks.profiled", url, str(key)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout)
    return found


if __name__ == "__main__":
    os.environ["BENCHMARK_DATABASE"], os.environ["BENCHMARK_PRIVATE_KEY"] = sys.argv[1:3]
    asyncio.run(main(Path(sys.argv[2])))
