"""`passerelle check`: is everything in place, and what to do where it is not."""

from __future__ import annotations

import asyncio

from alembic.util import CommandError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from adapters.base import BadConfiguration
from adapters.native.database import check_migrations, migrate, open_database
from adapters.native.source import NativeSource
from gateway.adapters_installed import adapter_entry_points, open_sources
from gateway.pages import explorer_is_installed
from gateway.settings import Settings
from resolvers.registry import catalogue, strawberry_schema


def run_checks(settings: Settings, console: Console) -> bool:
    """Check everything and print one line each; tell whether all is well."""
    results = asyncio.run(_results(settings))
    for name, fault in results:
        console.print(f"[red]✗[/red] {name}: {fault}" if fault else f"[green]✓[/green] {name}")
    return all(fault is None for _, fault in results)


async def _results(settings: Settings) -> list[tuple[str, str | None]]:
    catalogue(strawberry_schema())  # raises when contract and resolvers differ
    pages = None if explorer_is_installed() else "install Node.js 20+ and run `make setup`"
    return [
        ("settings", None),
        ("contract and resolvers agree", None),
        (f"adapters: {', '.join(sorted(adapter_entry_points()))}", None),
        ("database", await _database(settings)),
        ("sources", await _sources(settings)),
        ("GraphiQL", pages),
    ]


async def _database(settings: Settings) -> str | None:
    engine = open_database(settings.database_url)
    try:
        await migrate(engine)
        await check_migrations(engine)
    except (SQLAlchemyError, OSError) as error:
        return f"cannot be opened: {error}. Check PASSERELLE_DATABASE_URL."
    except CommandError as error:
        return f"its tables are not those of this version: {error}"
    finally:
        await engine.dispose()
    return None


async def _sources(settings: Settings) -> str | None:
    native = NativeSource(open_database(settings.database_url))
    try:
        sources = open_sources(settings, native)
    except BadConfiguration as error:
        return str(error)
    await sources.close()
    return None
