"""Persons that may be one: shown to an administrator, who decides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.base import BadConfiguration
from adapters.native.announcements import ImportAnnouncements
from adapters.native.claims import Claims
from adapters.native.database import migrate, open_database
from adapters.native.doorbell import ring
from adapters.native.feed import announce
from adapters.native.joining import PERSONS, accept, settle_ties
from adapters.native.precedence import Precedence
from adapters.native.proposals import Proposals, open_proposals, set_decision
from adapters.native.record_store import RecordStore
from gateway.imports import believed
from gateway.settings import Settings


async def proposed(settings: Settings) -> list[dict[str, Any]]:
    """Return the open proposals."""
    engine = open_database(settings.database_url)
    try:
        await migrate(engine)
        async with engine.connect() as connection:
            return await open_proposals(connection)
    finally:
        await engine.dispose()


async def decide(settings: Settings, proposal: str, merge: bool) -> None:
    """Merge two persons, or note that they are two. Raises BadConfiguration for an unknown proposal."""
    engine, now = open_database(settings.database_url), datetime.now(UTC)
    try:
        await migrate(engine)
        async with engine.connect() as connection:
            await connection.execution_options(writes=True)
            found = await set_decision(connection, proposal, "MERGED" if merge else "APART")
            if found is None:
                raise BadConfiguration(
                    f"No open proposal is called {proposal!r}; `passerelle identities` lists."
                )
            store = RecordStore(connection, ImportAnnouncements(connection, "", now), now)
            claims = Claims(store, "", Precedence(believed(settings)))
            kind = next(one for one in PERSONS if one.table().name == found["kind"])
            proposals = Proposals(connection, now)
            if merge:
                await accept(claims, proposals, kind, found["first_id"], found["second_id"])
            else:
                await settle_ties(claims, proposals, found["first_id"])
            # Open subscriptions find out what their viewers may hear of now.
            store.announcements.note_rights()
            await ring(connection)
            await announce(connection, await store.announcements.all(), now)
            await connection.commit()
    finally:
        await engine.dispose()
