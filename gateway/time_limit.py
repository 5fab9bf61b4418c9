"""The time that one request may take, and the end of its work when nobody waits for the answer any more."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.types import Receive

from gateway.entrance import Refusal

QUICK = 0.05
"""Seconds within which most requests are answered; only for those that take longer is anything set up."""


class ClientGone(Exception):
    """The client has hung up."""


class AnswerTimeout(Refusal):
    """The answer took too long."""

    def __init__(self, seconds: float) -> None:
        message = (
            f"The answer took longer than {seconds:g} seconds (the setting answer_timeout). "
            "Ask for less at once."
        )
        super().__init__(503, "ANSWER_TIMEOUT", message, {"Retry-After": "1"})


class TimeLimit:
    """Cancels what is done inside after some seconds, or as soon as the client hangs up.

    `receive` is that of the ASGI request, whose body must have been read; None where there is no request.
    Leaving it raises AnswerTimeout or ClientGone.
    """

    def __init__(self, seconds: float, receive: Receive | None) -> None:
        self._seconds = seconds
        self._receive = receive
        self._timeout = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None
        self._watching: asyncio.Task[None] | None = None
        self._is_gone = False

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        self._timer = asyncio.get_running_loop().call_later(min(QUICK, self._seconds), self._begin)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        self._timeout.reschedule(loop.time() + max(0.0, self._seconds - QUICK))
        if self._receive is not None:
            self._watching = loop.create_task(self._watch(self._receive))

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        if not self._timeout.expired():
            self._timeout.reschedule(asyncio.get_running_loop().time())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._timer is not None
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._is_gone:
                raise ClientGone from None
            raise AnswerTimeout(self._seconds) from None
