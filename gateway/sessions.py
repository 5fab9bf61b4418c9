"""Sessions that an administrator ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.native.database import migrate, open_database
from adapters.native.gateway_state import GatewayState
from gateway.settings import Settings
from resolvers.writes.charter import revocation


async def revoke_sessions(settings: Settings, person: str) -> None:
    """Refuse every token of a person issued until now, and end what they subscribed to.

    A clock that is ahead of ours by what is forgiven (`jwt_leeway`) has issued tokens in our future.
    """
    until = datetime.now(UTC) + timedelta(seconds=settings.jwt_leeway)
    engine = open_database(settings.database_url)
    try:
        await migrate(engine)
        await GatewayState(engine, lambda _of_messages: None).write([revocation(person, until)])
    finally:
        await engine.dispose()
