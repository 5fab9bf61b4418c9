"""Operations as they arrive: read from JSON, an address or a WebSocket message, executed, and answered.

https://graphql.github.io/graphql-over-http/draft/ says which parameters there are, and when there is `data`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLError, OperationType
from starlette.types import Receive
from strawberry.types.execution import PreExecutionError

from gateway.authentication import ANONYMOUS
from gateway.entrance import BEARER, Refusal
from gateway.errors import formatted
from gateway.execution.events import Event
from gateway.execution.planned_schema import PlannedSchema
from gateway.execution.planner import Asking, Prepared, Refused, Spent
from gateway.listening import Connection
from gateway.media_types import JSON
from gateway.rates import Key, Payer, Rates
from gateway.settings import Settings
from gateway.time_limit import AnswerTimeout, TimeLimit
from resolvers.context import RequestContext
from resolvers.errors import NotAuthenticated
from resolvers.viewer import Caller
from resolvers.work import LongText, TooManyRecords, too_many_bytes

BASE_COST = 10
BYTES_FOR_ONE = 20
"""What reading a message costs, beside what it asks for: something, and 1 for so many bytes."""
SHORT_DOCUMENT = 300
"""Characters of a document that is prepared at once: it takes a few milliseconds."""
PLACES_FOR_VIEWERS = 4
"""A viewer may have so small a part of the places of those that are answered at once."""
PLACES_FOR_STRANGERS = 8
"""Requests without a token from one address that are answered at once."""
EVENT_COST = 100
"""What an event costs, beside what is selected of it: rights are looked at, and the record is read."""
EVENTS_AT_ONCE = 8
"""Events of subscriptions that a worker reads at once: requests and other events get their turn between."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as a client sent it; its parameters have the right types."""

    query: str
    variables: dict[str, Any]
    name: str | None
    shows_cost: bool = False
    """Whether the answer tells what the operation cost: `"extensions": {"cost": true}`."""
    may_write: bool = True
    """False for what came in an address: a link or an image of another site could send a mutation so."""


class Message(NamedTuple):
    """What a client sent: its size in bytes, and what reads the operation in it, which raises Refusal."""

    size: int
    operation: Callable[[], Operation]


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, and the status that it has as `application/graphql-response+json`."""

    body: dict[str, Any]
    status: int = 200

    def status_as(self, media_type: str) -> int:
        """Return the status that it has in a media type.

        Clients that know only `application/json` take every status but 200 for a fault of the network.
        """
        return 200 if media_type == JSON and self.status == 400 else self.status


def operation_in_json(body: bytes) -> Operation:
    """Read an operation from the JSON body of a request. Raises Refusal."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"The body is not JSON in UTF-8 ({error}).") from error
    return operation_in(given)


def operation_in_address(parameters: Mapping[str, str]) -> Operation:
    """Read an operation from the parameters of an address. Raises Refusal."""
    given: dict[str, Any] = dict(parameters)
    for name in ("variables", "extensions"):
        try:
            given[name] = orjson.loads(given.get(name) or "null")
        except orjson.JSONDecodeError as error:
            raise bad_request(f"`{name}` in the address is not JSON ({error}).") from error
    return operation_in(given, may_write=False)


def operation_in(given: object, may_write: bool = True) -> Operation:
    """Check the parameters of an operation. Raises Refusal."""
    if not isinstance(given, dict):
        raise bad_request('Send one JSON object, such as {"query": "{ __typename }"}.')
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str):
        raise bad_request("`query` must be a text that holds the GraphQL document.")
    if not query.strip():
        raise bad_request("`query` is empty.")
    if not isinstance(variables, dict | None):
        raise bad_request("`variables` must be an object or null.")
    if not isinstance(name, str | None):
        raise bad_request("`operationName` must be a text or null.")
    extensions = given.get("extensions")
    if not isinstance(extensions, dict | None):
        raise bad_request("`extensions` must be an object or null.")
    shows_cost = (extensions or {}).get("cost")
    if not isinstance(shows_cost, bool | None):
        raise bad_request("`cost` in `extensions` must be true, false or null.")
    return Operation(query, variables or {}, name, bool(shows_cost), may_write)


def bad_request(message: str) -> Refusal:
    """Return the refusal of a request that is not an operation."""
    return Refusal(400, "BAD_REQUEST", message)


class Place:
    """A place among those that are answered at once, held as a context."""

    __slots__ = ("_running", "_viewer")

    def __init__(self, running: Counter[Key], viewer: Key) -> None:
        self._running = running
        self._viewer = viewer

    def __enter__(self) -> None:
        """Take it."""
        self._running[()] += 1
        if self._viewer:
            self._running[self._viewer] += 1

    def __exit__(self, *_raised: object) -> None:
        """Leave it."""
        self._running[()] -= 1
        if self._viewer:
            self._running[self._viewer] -= 1
            if not self._running[self._viewer]:
                del self._running[self._viewer]


class Operations:
    """Prepares and executes operations within the limits of the settings."""

    def __init__(self, schema: PlannedSchema, rates: Rates, settings: Settings) -> None:
        self.schema = schema
        self._rates = rates
        self._max_cost = settings.max_cost
        self._max_answer = settings.max_answer
        self._answer_timeout = settings.answer_timeout
        self._max_requests = settings.max_requests
        self._running: Counter[Key] = Counter()
        """Requests that are answered now: all, under an empty key, and those of each viewer."""
        self._events = asyncio.Semaphore(EVENTS_AT_ONCE)
        self._preparing = asyncio.Lock()

    def place(self, payer: Payer) -> Place:
        """Offer one of the places of those that are answered at once. Raises Refusal where all are taken.

        One viewer has some of them only, so that others are answered too.
        """
        viewer = payer[0].key if payer else ()
        self._require_place(viewer)
        return Place(self._running, viewer)

    def _require_place(self, viewer: Key) -> None:
        again = {"Retry-After": "1"}
        if self._running[()] >= self._max_requests:
            message = (
                f"The gateway answers {self._max_requests} requests at once in each worker (the setting "
                "max_requests); ask again in a second."
            )
            raise Refusal(503, "TOO_BUSY", message, again)
        most = max(1, self._max_requests // PLACES_FOR_VIEWERS)
        whose = "one viewer at once in each worker (a quarter of the setting max_requests)"
        if viewer and viewer[1] == ANONYMOUS.kind:
            most = min(most, PLACES_FOR_STRANGERS)
            whose = "one address without a token at once in each worker"
        if viewer and self._running[viewer] >= most:
            message = f"The gateway answers {most} requests of {whose}; wait for an answer before you ask."
            raise Refusal(429, "TOO_MANY_REQUESTS", message, again)

    def admit(self, caller: Caller, address: str | None) -> Payer:
        """Refuse who has spent what it may spend in a minute, before any work. Raises Refusal."""
        return self._rates.admit(caller, address)

    async def charge_reading(self, payer: Payer, size: int) -> None:
        """Charge the bytes of a message, before they are read. Raises Refusal."""
        await self._rates.spend(payer, BASE_COST + size // BYTES_FOR_ONE, is_done=True)

    async def prepared(self, operation: Operation, context: RequestContext, payer: Payer) -> Prepared:
        """Prepare an operation, and charge it to who sent it. Raises Refusal and Refused."""
        viewer = Asking(context.caller.is_anonymous, len(context.scope.students))
        try:
            found = self.schema.planner.known(operation.query, operation.name, operation.variables, viewer)
            if found is None:
                async with self._turn_to_prepare(operation, payer):
                    found = await self._prepared(operation, viewer, payer)
        except NotAuthenticated as error:
            raise Refusal(401, error.code, str(error), BEARER) from error
        if found.plan.operation is OperationType.MUTATION and not operation.may_write:
            raise Refusal(405, "METHOD_NOT_ALLOWED", "Send mutations with POST.", {"Allow": "POST"})
        await self._rates.spend(payer, found.arguments.cost)
        return found

    @asynccontextmanager
    async def _turn_to_prepare(self, operation: Operation, payer: Payer) -> AsyncIterator[None]:
        """Wait until an operation may be prepared: long ones one by one, and of each viewer one at a time.

        Raises Refusal where that takes too long, or where the viewer has spent meanwhile what it had left.
        """
        if len(operation.query) <= SHORT_DOCUMENT:
            self._rates.require_some(payer)
            yield
            return
        async with AsyncExitStack() as turns:
            async with TimeLimit(self._answer_timeout, None):
                if payer:
                    await turns.enter_async_context(payer[0].preparing)
                await turns.enter_async_context(self._preparing)
            self._rates.require_some(payer)
            yield

    async def _prepared(self, operation: Operation, viewer: Asking, payer: Payer) -> Prepared:
        """Prepare an operation, and charge that; a long one in a thread, so that others go on meanwhile."""
        spent = Spent()
        given = (operation.query, operation.name, operation.variables, viewer, spent)
        try:
            if len(operation.query) <= SHORT_DOCUMENT:
                return self.schema.planner.prepare(*given)
            return await asyncio.to_thread(self.schema.planner.prepare, *given)
        finally:
            if spent.cost:
                await self._rates.spend(payer, spent.cost, is_done=True)

    async def answered(
        self,
        operation: Operation,
        prepared: Prepared,
        context: RequestContext,
        payer: Payer,
        receive: Receive | None,
    ) -> Answer:
        """Execute a query or a mutation. Raises Refusal, and ClientGone where nobody waits any more."""
        if prepared.plan.operation is OperationType.SUBSCRIPTION:
            message = "Send subscriptions over a WebSocket, or with the header Accept: text/event-stream."
            raise Refusal(406, "NOT_ACCEPTABLE", message)
        try:
            at_once = payer[0].executing if payer else nullcontext()
            async with TimeLimit(self._answer_timeout, receive), at_once:
                data, errors = await self.schema.answer(prepared, context)
        except TooManyRecords as error:
            raise Refusal(400, error.code, str(error)) from error
        except AnswerTimeout as error:
            if prepared.plan.operation is not OperationType.MUTATION:
                raise
            message = f"{error} What it was to write may be written in part: read it before you write again."
            raise Refusal(error.status, error.code, message) from error
        answer = _with_errors(data, errors) if errors else Answer({"data": data})
        if operation.shows_cost:
            cost = prepared.arguments.cost
            answer.body["extensions"] = {"cost": {"cost": cost, "limit": self._max_cost}}
        return answer

    def listen(
        self, prepared: Prepared, connection: Connection
    ) -> AsyncGenerator[Event | PreExecutionError, None]:
        """Answer a subscription: one result for each event."""
        return self.schema.listen(prepared, connection, self)

    async def charge_event(self, cost: int, connection: Connection) -> None:
        """Charge an event to who hears of it; it waits where the allowance of a minute is spent."""
        payer = self._rates.payer(connection.caller, connection.address)
        while True:
            try:
                return await self._rates.spend(payer, EVENT_COST + cost)
            except Refusal as error:
                await asyncio.sleep(float(error.headers["Retry-After"]))

    @asynccontextmanager
    async def event(self) -> AsyncIterator[None]:
        """Hold the place of an event that is read, for as long as an answer may take. Raises Refusal."""
        async with self._events, TimeLimit(self._answer_timeout, None):
            yield

    def written(self, answer: Answer) -> bytes:
        """Write an answer as JSON. Raises Refusal where it is too large."""
        try:
            return self.write(answer.body)
        except TooManyRecords as error:
            raise Refusal(400, error.code, str(error)) from error

    def write(self, body: dict[str, Any]) -> bytes:
        """Write an answer as JSON. Raises TooManyRecords where it is too large, before it is all written."""
        left = self._max_answer

        def text_of(one: object) -> str:
            nonlocal left
            if not isinstance(one, LongText):
                raise TypeError
            left -= one.size
            if left < 0:
                raise TooManyRecords(too_many_bytes(self._max_answer))
            return one.text

        try:
            written = orjson.dumps(body, text_of)
        except orjson.JSONEncodeError as error:
            if isinstance(error.__cause__, TooManyRecords):
                raise error.__cause__ from None
            raise
        if len(written) > self._max_answer:
            raise TooManyRecords(too_many_bytes(self._max_answer))
        return written


def refused_answer(refused: Refused) -> Answer:
    """Say why an operation was not executed: there is no `data`."""
    return Answer({"errors": [formatted(error, refused.code) for error in refused.errors]}, 400)


def _with_errors(data: Any, errors: list[GraphQLError]) -> Answer:
    """Put errors of fields into an answer."""
    shown = [formatted(error) for error in errors]
    return Answer({"data": data, "errors": shown})
