"""Where the time of a dashboard goes: one process, looked at every half millisecond of CPU.

`python -m benchmarks.profiled DATABASE KEYS SERVER` (`passerelle` or `limit`) prints microseconds by part as
JSON; the report shows them.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

REQUESTS = 4_000
EVERY = 0.0005
HTTP = "HTTP: Starlette, the endpoint, authentication"
SQLITE = "SQLite: running statements, fetching rows"
SOURCE = "native source: shapes, parameters, memory"
PARTS = (
    ("native/sqlite_reader", SQLITE),
    ("hand_written.py:__call__", SQLITE),
    ("benchmarks/", "hand-written: rows to the answer"),
    ("site-packages/starlette", HTTP),
    ("gateway/execution", "plan: calling edges, dealing out lists"),
    ("<string>", "generated functions: parameters, rows to the answer"),
    ("gateway/", HTTP),
    ("resolvers/", "resolvers: rights, questions, connections"),
    ("adapters/", SOURCE),
    ("sqlalchemy", SOURCE),
)
OTHER = "anything else"


def part_of(frame: FrameType) -> str:
    """Name the part of the program that runs; what is written in C counts for whoever called it."""
    place = f"{frame.f_code.co_filename}:{frame.f_code.co_name}"
    return next((part for path, part in PARTS if path in place), OTHER)


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


async def main(key: Path, server: str) -> None:
    """Look at a server that answers the dashboard of four children."""
    from benchmarks.run import requests_of  # noqa: PLC0415 - the settings are in the environment by now
    from gateway.authentication import make_token  # noqa: PLC0415
    from gateway.settings import Settings  # noqa: PLC0415
    from resolvers.viewer import Caller  # noqa: PLC0415

    caller = Caller("GUARDIAN", "family4")
    token = make_token(caller, Settings(development_key=key), timedelta(hours=1), datetime.now(UTC))
    body = requests_of("dashboard", [token])[0]["body"].encode()
    module = importlib.import_module(f"benchmarks.servers.{server}")
    app = module.app
    async with AsyncExitStack() as stack:
        if server == "limit":
            await module.read.start()
        else:
            await stack.enter_async_context(app.router.lifespan_context(app))
        for _ in range(50):
            assert b'"errors"' not in await _ask(app, body, token)
        seen: Counter[str] = Counter()
        signal.signal(signal.SIGPROF, lambda _number, frame: seen.update([part_of(frame)] if frame else []))
        begun = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        for _ in range(REQUESTS):
            await _ask(app, body, token)
        signal.setitimer(signal.ITIMER_PROF, 0)
        spent = (time.process_time() - begun) / REQUESTS * 1e6
    whole = sum(seen.values())
    sys.stdout.write(json.dumps({part: spent * count / whole for part, count in seen.most_common()}))


def profiled(url: str, folder: Path, server: str) -> dict[str, float]:
    """Look in a process of its own; returns the microseconds of each part, the largest first."""
    command = [sys.executable, "-m", "benchmarks.profiled", url, str(folder), server]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout)
    return found


if __name__ == "__main__":
    keys = Path(sys.argv[2])
    os.environ["BENCHMARK_DATABASE"] = sys.argv[1]
    os.environ["BENCHMARK_PRIVATE_KEY"], os.environ["BENCHMARK_KEY"] = (
        str(keys / "key.pem"),
        str(keys / "public.pem"),
    )
    asyncio.run(main(keys / "key.pem", sys.argv[3]))
