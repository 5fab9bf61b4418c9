"""A subscription at work: entries of the feed become events, each executed by the plan of the operation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from graphql import GraphQLError
from strawberry.types.execution import PreExecutionError

from adapters.base import RetryLater
from adapters.native.feed import Noted
from gateway.entrance import Refusal
from gateway.errors import presented
from gateway.execution.executor import run
from gateway.execution.plan import OperationArguments, Plan
from gateway.listening import Connection
from gateway.time_limit import AnswerTimeout
from resolvers.context import RequestContext
from resolvers.errors import ClientError, NotAuthenticated, SourceFailed
from resolvers.fields import Arguments
from resolvers.subscriptions.feed import End, Ended, Subscriber
from resolvers.subscriptions.streams import STREAMS, Stream, cursor_at, position_of
from resolvers.work import TooManyRecords

PAUSES = (0.1, 0.2, 0.5, *[1.0] * 60)
"""Seconds before an event is read again while the database does not answer; then it is given with errors."""


@dataclass(frozen=True, slots=True)
class Event:
    """One answer of a subscription as JSON, and where to resume after it."""

    written: bytes
    cursor: str


class EventLimits(Protocol):
    """What bounds the work of events, as that of requests is bounded."""

    async def charge_event(self, cost: int, connection: Connection) -> None:
        """Charge an event to who hears of it; waits where the allowance of a minute is spent."""

    def event(self) -> AbstractAsyncContextManager[None]:
        """Hold the place of an event that is read, for as long as an answer may take. Raises Refusal."""

    def write(self, body: dict[str, Any]) -> bytes:
        """Write an answer as JSON. Raises TooManyRecords where it is too large to be sent."""


async def events(
    plan: Plan, arguments: OperationArguments, connection: Connection, limits: EventLimits
) -> AsyncGenerator[Event | PreExecutionError, None]:
    """Answer a subscription until it ends: first its errors, if any, then one result for each event.

    An event that takes too long or is too large comes as an error, with its cursor.
    Raises Ended when the client has to resume or sign in again; also where the database does not answer
    now, so that the client comes back of itself.
    """
    (field,) = plan.root.edges
    stream, of_field = STREAMS[field.name], arguments.edges[field.slot]
    listening = _Listening(plan, arguments, connection, limits, stream, of_field)
    try:
        subscriber = await listening.begin()
        with connection.subscribed(subscriber):
            charge = partial(limits.charge_event, connection=connection)
            async for entry in connection.feed.entries(subscriber, charge):
                # Until it is sent: a client that does not read lets one event wait, whatever it asked for.
                async with connection.turn:
                    event = await listening.event(subscriber, entry)
                    if event is not None:
                        yield event
    except (ClientError, Refusal, RetryLater, SourceFailed) as error:
        if isinstance(error, RetryLater | SourceFailed) or getattr(error, "status", None) == 503:
            connection.say_goodbye(End.AWAY)
            raise Ended(End.AWAY) from error
        wrapped = GraphQLError(str(error), field.nodes, path=[field.key], original_error=error)
        yield PreExecutionError(data=None, errors=[presented(wrapped)])


@dataclass(slots=True)
class _Listening:
    plan: Plan
    all_arguments: OperationArguments
    connection: Connection
    limits: EventLimits
    stream: Stream
    arguments: Arguments

    async def begin(self) -> Subscriber:
        """Check the rights and the cursor. Raises ClientError, Refusal and RetryLater."""
        context = await self.connection.context()
        context.require_charter("Subscription", self.plan.root.edges[0].name)
        if context.caller.is_anonymous:
            raise NotAuthenticated("Sign in: `Authorization: Bearer TOKEN` among the connection parameters.")
        cursor = self.connection.last_event_id or self.arguments.get("after_cursor")
        after = position_of(cursor) if cursor else None
        feed = self.connection.feed
        one = await feed.subscribe(context.caller.person_id, after, self.connection.say_goodbye)
        try:
            # Finding the topics takes as long as the viewer has students.
            await self.limits.charge_event(len(context.scope.students), self.connection)
            async with self.limits.event():
                feed.listen(one, await self.stream.topics(context, self.arguments))
        except BaseException:
            feed.unsubscribe(one)
            raise
        return one

    async def event(self, one: Subscriber, entry: Noted) -> Event | None:
        """Read what an entry is to the subscriber, patiently while the database does not answer."""
        await self.limits.charge_event(self.all_arguments.cost, self.connection)
        for pause in PAUSES:
            try:
                return await self._bounded(one, entry, is_patient=True)
            except SourceFailed:
                await asyncio.sleep(pause)
            except Refusal as error:
                if error.status == 401:
                    one.end(End.REVOKED)
                    raise Ended(End.REVOKED) from error
                await asyncio.sleep(pause)
        return await self._bounded(one, entry, is_patient=False)

    async def _bounded(self, one: Subscriber, entry: Noted, is_patient: bool) -> Event | None:
        """Read an entry within the limits of an answer; beyond them, an error is what is told of it."""
        try:
            async with self.limits.event():
                return await self._read(one, entry, is_patient)
        except (AnswerTimeout, TooManyRecords) as error:
            told = presented(GraphQLError(str(error), original_error=error))
            return self._told({"data": None, "errors": [told.formatted]}, entry)

    async def _read(self, one: Subscriber, entry: Noted, is_patient: bool) -> Event | None:
        context = await self.connection.context()
        if context.is_restricted:
            return None
        if entry.kind == "RIGHTS":
            self.connection.feed.listen(one, await self.stream.topics(context, self.arguments))
            return None
        event = await self.stream.event(context, self.arguments, entry)
        if event is None:
            return None
        context.root = context.plain("Subscription", {"event": event})
        data, errors = await run(self.plan, self.all_arguments.edges, context)
        if is_patient:
            _require_database(context, errors)
        body: dict[str, Any] = {"data": data}
        if errors:
            body["errors"] = [presented(one).formatted for one in errors]
        return self._told(body, entry)

    def _told(self, body: dict[str, Any], entry: Noted) -> Event:
        return Event(self.limits.write(body), cursor_at(entry.position))


def _require_database(context: RequestContext, errors: list[GraphQLError]) -> None:
    """Raise SourceFailed where the database, of all sources, left fields open: an event comes only once."""
    for error in errors:
        cause = error.original_error
        if isinstance(cause, SourceFailed) and cause.source == context.sources.native.name:
            raise cause
