"""How requests share the event loop of a worker: the viewer who had less of it of late goes first."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from time import perf_counter
from typing import Self

BURST = 0.01
"""Seconds that a request has before it lets others go on: most never need more."""
ALLOWANCE = 0.25
"""Seconds that a viewer may have had of late before none of its requests has a burst any more."""
SLICE = 0.001
"""Seconds after which a request without a burst lets others go on."""
PAUSE = 0.001
"""Seconds for which it waits at a time while another viewer had less."""
MOST_PAUSES = 4
"""Pauses after each slice: however many others come, a request goes on."""
HALF_LIFE = 1.0
"""Seconds after which what a viewer had counts half."""
LONGEST_STEP = 0.05
"""Seconds that one step is taken to have had at the most; a longer one has waited for something."""
VIEWERS = 2_000
"""Viewers whose shares are kept; one more, and all begin anew."""


@dataclass(slots=True, eq=False)
class Share:
    """The seconds of the event loop that a viewer had of late, as of a moment."""

    seconds: float = 0.0
    moment: float = 0.0


class Turns:
    """The shares of a worker's viewers, and the requests under way.

    Without `rests` nobody makes room: requests that wait for PostgreSQL let others run anyway, and a pause
    would split statements that travel together.
    """

    def __init__(self, rests: bool = True) -> None:
        self.rests = rests
        self.running: set[Turn] = set()
        self.last: Turn | None = None
        """The request that was looked at last."""
        self._shares: dict[Hashable, Share] = {}

    def of(self, viewer: Hashable) -> Turn:
        """Return the turn of a request of a viewer."""
        share = self._shares.get(viewer)
        if share is None:
            if len(self._shares) >= VIEWERS:
                self._shares.clear()
            share = self._shares[viewer] = Share()
        return Turn(self, share)


class Turn:
    """One request's part in the turns of its worker; as a context, the time in which it is under way."""

    __slots__ = ("_looked", "_own", "_share", "_turns")

    def __init__(self, turns: Turns, share: Share) -> None:
        self._turns = turns
        self._share = share
        self._own = 0.0
        self._looked = 0.0

    def __enter__(self) -> Self:
        """Begin."""
        share, now = self._share, perf_counter()
        share.seconds *= 0.5 ** ((now - share.moment) / HALF_LIFE)
        share.moment = now
        self._turns.running.add(self)
        self._go_on(now)
        return self

    def __exit__(self, *_raised: object) -> None:
        """End, whatever became of the request."""
        self._count(perf_counter())
        self._turns.running.discard(self)

    async def rest(self) -> None:
        """Let other requests go on, if the viewer has had the event loop for long."""
        if not self._turns.rests:
            return
        now = perf_counter()
        if now - self._looked < SLICE:
            return
        self._count(now)
        if self._own < BURST and self._share.seconds < ALLOWANCE:
            return
        await asyncio.sleep(0)
        for _ in range(MOST_PAUSES):
            if not self._is_anothers_turn():
                break
            await asyncio.sleep(PAUSE)
        self._go_on(perf_counter())

    def _is_anothers_turn(self) -> bool:
        mine = self._share.seconds
        return any(one._share.seconds < mine for one in self._turns.running)

    def _go_on(self, now: float) -> None:
        self._looked, self._turns.last = now, self

    def _count(self, now: float) -> None:
        """Count what the request had since it was looked at last, unless others ran in between."""
        if self._turns.last is self:
            step = min(now - self._looked, LONGEST_STEP)
            self._own += step
            self._share.seconds += step
        self._go_on(now)
