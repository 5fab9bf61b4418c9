"""Who comes in: a verified token becomes a caller, a caller the context of one request or event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from adapters.native.gateway_state import GatewayState
from gateway.authentication import Authenticator, IdentityProviderDown, InvalidToken
from gateway.settings import Settings
from resolvers.catalogue import Catalogue
from resolvers.context import RequestContext
from resolvers.errors import SourceFailed
from resolvers.routing import Sources
from resolvers.turns import Turns
from resolvers.viewer import Caller, Scopes
from resolvers.work import Work

Clock = Callable[[], datetime]
BEARER = {"WWW-Authenticate": "Bearer"}


class Refusal(Exception):
    """The caller may not come in: an HTTP status, a stable code, what to do, and headers that say more."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class Entrance:
    """Checks tokens and finds scopes."""

    def __init__(
        self,
        authenticator: Authenticator,
        sources: Sources,
        catalogue: Catalogue,
        state: GatewayState,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._authenticator = authenticator
        self._sources = sources
        self._scopes = Scopes(sources)
        self._catalogue = catalogue
        self._state = state
        self._clock = clock
        self._max_records = settings.max_records
        self._max_answer = settings.max_answer
        self._turns = Turns(sources.are_immediate)

    async def caller(self, authorization: str | None) -> Caller:
        """Read an Authorization header. Raises Refusal."""
        try:
            return await self._authenticator.caller(authorization)
        except InvalidToken as error:
            raise Refusal(401, "UNAUTHENTICATED", str(error), BEARER) from error
        except IdentityProviderDown as error:
            raise Refusal(503, "IDENTITY_PROVIDER_UNAVAILABLE", str(error)) from error

    async def context(self, caller: Caller) -> RequestContext:
        """Find what the caller may see at this moment. Raises Refusal."""
        now = self._clock()
        try:
            scope = await self._scopes.load(caller, now)
        except SourceFailed as error:
            raise Refusal(503, "SOURCE_UNAVAILABLE", str(error)) from error
        if scope.has_revoked_token:
            raise Refusal(401, "TOKEN_REVOKED", "This session was closed; sign in again.", BEARER)
        turn = self._turns.of((caller.kind, caller.person_id))
        work = Work(turn, self._max_records, self._max_answer, self._sources.timeout)
        return RequestContext(scope, self._sources, self._catalogue, now, self._state, work)
