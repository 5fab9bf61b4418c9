"""`passerelle check`: is everything in place, and what to do where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from alembic.util import CommandError
from rich.console import Console
from rich.markup import escape

from adapters.base import BadConfiguration, Parent, Request, RetryLater, Source, SourceError
from adapters.native.database import UNREACHABLE, check_migrations, migrate, open_database, reason_of
from adapters.native.source import NativeSource
from gateway.adapters_installed import adapter_entry_points, open_sources
from gateway.imports import believed
from gateway.key_set import KeySetUnavailable, read_key_set
from gateway.national_numbers import read_secret
from gateway.pages import explorer_is_installed
from gateway.rates import Rates, StoreUnavailable
from gateway.settings import Settings
from resolvers.registry import catalogue, strawberry_schema

WELL, DOWN, WRONG = 0, 1, 2
"""Exit codes: everything is well, a part does not answer now, something must be set right."""
PATIENCE = 5.0
"""Seconds in which the database must answer."""
NOBODY = "passerelle-check"
"""An id that no source knows: what it answers does not matter, only that it does."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was looked at, and what is the matter with it."""

    name: str
    fault: str | None = None
    code: int = WRONG
    """The exit code where there is a fault."""


def run_checks(settings: Settings, console: Console) -> int:
    """Check everything and print one line each; returns the exit code, the highest of all faults."""
    return asyncio.run(_run(settings, console))


async def _run(settings: Settings, console: Console) -> int:
    worst = WELL
    async for one in _results(settings):
        if one.fault is None:
            console.print(f"[green]✓[/green] {escape(one.name)}")
        else:
            console.print(f"[red]✗[/red] {escape(f'{one.name}: {one.fault}')}")
            worst = max(worst, one.code)
    return worst


async def _results(settings: Settings) -> AsyncIterator[Result]:
    catalogue(strawberry_schema())  # raises when contract and resolvers differ
    yield _settings(settings)
    yield Result("contract and resolvers agree")
    yield Result(f"adapters: {', '.join(sorted(adapter_entry_points()))}")
    yield await _database(settings)
    async for one in _sources(settings):
        yield one
    if settings.jwks_url is not None:
        yield await _key_set(str(settings.jwks_url))
    if settings.rate_store is not None:
        yield await _rate_store(settings)
    yield Result("GraphiQL", None if explorer_is_installed() else "install Node.js 20+ and run `make setup`")


def _settings(settings: Settings) -> Result:
    """Look at what the settings name: files and formats."""
    try:
        believed(settings)
        if settings.national_id_key is not None:
            read_secret(settings.national_id_key)
    except BadConfiguration as error:
        return Result("settings", str(error))
    return Result("settings")


async def _database(settings: Settings) -> Result:
    engine = open_database(settings.database_url)
    try:
        async with asyncio.timeout(PATIENCE), engine.connect():
            pass
        await migrate(engine)
        await check_migrations(engine)
    except TimeoutError:
        return Result("database", _silent(PATIENCE, "database_url"), DOWN)
    except UNREACHABLE as error:
        return Result("database", f"cannot be opened: {reason_of(error)}. {_right('database_url')}", DOWN)
    except CommandError as error:
        return Result("database", f"its tables are not those of this version: {error}")
    finally:
        await engine.dispose()
    return Result("database")


async def _sources(settings: Settings) -> AsyncIterator[Result]:
    native = NativeSource(open_database(settings.database_url))
    try:
        sources = open_sources(settings, native)
    except BadConfiguration as error:
        yield Result("sources", str(error))
        return
    yield Result("sources")
    try:
        for name in settings.sources:
            yield await _source(name, sources.by_name[name], settings.source_timeout)
    finally:
        await sources.close()


async def _source(name: str, source: Source, patience: float) -> Result:
    """Ask a source about nobody; whatever it says, it answers."""
    title, setting = f"source {name}", f"sources.{name}"
    parent = Parent(NOBODY, NOBODY, NOBODY, NOBODY)
    request = Request(min(source.relations), (parent,), ("id",), datetime.now(UTC))
    try:
        async with asyncio.timeout(patience):
            await source.fetch(request)
    except TimeoutError:
        return Result(title, _silent(patience, setting), DOWN)
    except (RetryLater, OSError) as error:
        return Result(title, _away(error, setting), DOWN)
    except SourceError:
        pass
    except Exception as error:
        return Result(title, f"failed with {type(error).__name__}: this is a fault of its adapter.", DOWN)
    return Result(title)


async def _key_set(url: str) -> Result:
    name = "key set of the identity provider"
    try:
        found = await asyncio.to_thread(read_key_set, url)
    except KeySetUnavailable as error:
        return Result(name, f"does not come: {error} {_right('jwks_url')}", DOWN)
    return Result(name, None if found else f"has no key with an id (kid). {_right('jwks_url')}")


async def _rate_store(settings: Settings) -> Result:
    rates = Rates(settings)
    try:
        await rates.check()
    except StoreUnavailable as error:
        return Result("store of rates", _away(error, "rate_store"), DOWN)
    finally:
        await rates.close()
    return Result("store of rates")


def _silent(seconds: float, setting: str) -> str:
    return f"does not answer within {seconds:g} seconds. {_right(setting)}"


def _away(error: Exception, setting: str) -> str:
    return f"does not answer: {str(error).rstrip('.')}. {_right(setting)}"


def _right(setting: str) -> str:
    return f"Is it running, and is the setting {setting} right?"
